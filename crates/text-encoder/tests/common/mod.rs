//! Files of the tests.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use ndarray::Array2;
use std::path::{Path, PathBuf};
use text_encoder::{Dtype, EncoderOptions, Error, LongText, ModelSource, TextEncoder};

pub fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// The folder of all-MiniLM-L6-v2.
pub fn minilm() -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/all-MiniLM-L6-v2");
    let folder = std::env::var_os("TEXT_ENCODER_MODEL").map_or_else(default, PathBuf::from);
    assert!(
        folder.join("model.safetensors").is_file(),
        "{} is not the model all-MiniLM-L6-v2; run `cargo xtask fetch-model`",
        folder.display()
    );
    folder
}

pub fn load(folder: &Path) -> Result<TextEncoder, Error> {
    // what sentence-transformers does with long texts
    let options = EncoderOptions {
        long_text: LongText::Truncate,
        dtype: Some(Dtype::Float32),
        ..EncoderOptions::default()
    };
    TextEncoder::load(&ModelSource::Folder(folder.into()), &options)
}

/// The texts that make_golden.py encodes.
pub fn texts() -> Vec<String> {
    serde_json::from_slice(&std::fs::read(golden("texts.json")).unwrap()).unwrap()
}

/// What sentence-transformers gives for [`texts`].
pub fn expected(model: &str) -> Array2<f32> {
    let file = std::fs::read(golden(&format!("expected/{model}.safetensors"))).unwrap();
    let file = safetensors::SafeTensors::deserialize(&file).unwrap();
    let tensor = file.tensor("embeddings").unwrap();
    let data = tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
    Array2::from_shape_vec((tensor.shape()[0], tensor.shape()[1]), data.collect()).unwrap()
}

/// Cosine and quotient of lengths.
pub fn agreement<'a>(
    a: impl IntoIterator<Item = &'a f32>,
    b: impl IntoIterator<Item = &'a f32>,
) -> (f64, f64) {
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.into_iter().zip(b) {
        let (a, b) = (f64::from(*a), f64::from(*b));
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    (ab / (aa * bb).sqrt(), (aa / bb).sqrt())
}

/// A copy of a golden model to damage.
pub fn copy(model: &str) -> tempfile::TempDir {
    let target = tempfile::tempdir().unwrap();
    copy_into(&golden(model), target.path());
    target
}

pub fn copy_into(source: &Path, target: &Path) {
    std::fs::create_dir_all(target).unwrap();
    for entry in std::fs::read_dir(source).unwrap() {
        let entry = entry.unwrap();
        let to = target.join(entry.file_name());
        if entry.path().is_dir() {
            copy_into(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
