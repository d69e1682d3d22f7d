//! Embeddings on disk: `embeddings` (samples by components, f32) in a safetensors file, with the labels and the encoder
//! they come from in its metadata; or a NumPy array, without them.

use std::collections::HashMap;
use std::path::Path;

use ndarray::{Array2, ArrayView2};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use text_encoder::EncoderInfo;

use super::{Access, write_bytes, write_with};
use crate::exit::{Failure, Kind, Result};
use crate::input::npy;

const TENSOR: &str = "embeddings";
/// The one entry of the metadata: with several, their order would be left to chance.
const ENTRY: &str = "train_head";

/// The encoder that embeddings come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct UsedEncoder {
    /// Its identity and settings.
    #[serde(flatten)]
    pub(crate) info: EncoderInfo,
    /// Folder or hub id, as it was asked for.
    pub(crate) source: String,
}

/// What else is known of embeddings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Metadata {
    /// The encoder.
    pub(crate) encoder: UsedEncoder,
    /// One label each, if the texts had any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) labels: Option<Vec<String>>,
    /// One weight each, if they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sample_weight: Option<Vec<f64>>,
}

/// Embeddings as read.
#[derive(Debug)]
pub(crate) struct Embeddings {
    /// Samples by components.
    pub(crate) x: Array2<f64>,
    /// What else is known, if the file says.
    pub(crate) metadata: Option<Metadata>,
}

/// Whether a path names a safetensors file.
pub(crate) fn is_safetensors(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("safetensors"))
}

/// Writes embeddings, in the format that the name tells.
///
/// # Errors
/// A name of neither format; those of the operating system.
pub(crate) fn write(path: &Path, access: Access, x: &ArrayView2<'_, f32>, metadata: &Metadata) -> Result<()> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy")) {
        return write_with(path, access, |file| {
            npy::write(file, x).map_err(|error| Failure::io("write", path, Kind::Unexpected, error))
        });
    }
    expect_known_format(path)?;
    let data: Vec<u8> = x.iter().flat_map(|value| value.to_le_bytes()).collect();
    let failed =
        |error| Failure::unexpected(format!("cannot write {}", path.display())).because(format!("{error:?}"));
    let view = TensorView::new(Dtype::F32, vec![x.nrows(), x.ncols()], &data).map_err(failed)?;
    let text = serde_json::to_string(metadata)
        .map_err(|error| Failure::unexpected("cannot write the metadata as JSON").because(error))?;
    let bytes = safetensors::serialize([(TENSOR, view)], Some(HashMap::from([(ENTRY.to_owned(), text)])))
        .map_err(failed)?;
    write_bytes(path, access, &bytes)
}

/// Refuses a name of neither format: before anything is computed.
///
/// # Errors
/// It ends neither in `.safetensors` nor in `.npy`.
pub(crate) fn expect_known_format(path: &Path) -> Result<()> {
    let known = is_safetensors(path)
        || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"));
    if known {
        return Ok(());
    }
    Err(Failure::usage(format!("{}: the name does not tell the format", path.display()))
        .help("name it .safetensors (with labels and encoder) or .npy (numbers alone)"))
}

/// Reads embeddings of this program, or the only matrix of another safetensors file.
///
/// # Errors
/// A file that is not there or damaged, without a matrix of floating-point numbers, or with a number that is not finite.
pub(crate) fn read(path: &Path) -> Result<Embeddings> {
    let bytes = std::fs::read(path).map_err(|error| Failure::io("read", path, Kind::Data, error))?;
    let bad = |what: String| Failure::data(format!("{}: {what}", path.display()));
    if bytes.is_empty() {
        return Err(bad("the file is empty".into()));
    }
    let damaged = |error| bad("not a safetensors file, or damaged".into()).because(format!("{error:?}"));
    let tensors = SafeTensors::deserialize(&bytes).map_err(damaged)?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
    let metadata = match header.metadata().as_ref().and_then(|entries| entries.get(ENTRY)) {
        Some(text) => {
            let parsed: Metadata =
                serde_json::from_str(text).map_err(|error| bad("strange metadata".into()).because(error))?;
            Some(parsed)
        }
        None => None,
    };
    let view = match (tensors.tensor(TENSOR), &tensors.tensors()[..]) {
        (Ok(view), _) => view,
        (Err(_), [(_, view)]) => view.clone(),
        (Err(_), several) => {
            return Err(bad(format!("holds no tensor `{TENSOR}` among its {} tensors", several.len())));
        }
    };
    let &[rows, columns] = view.shape() else {
        return Err(bad(format!(
            "a tensor of shape {:?} where samples by features are expected",
            view.shape()
        )));
    };
    let values: Vec<f64> = match view.dtype() {
        Dtype::F32 => {
            view.data().as_chunks().0.iter().map(|&raw| f64::from(f32::from_le_bytes(raw))).collect()
        }
        Dtype::F64 => view.data().as_chunks().0.iter().map(|&raw| f64::from_le_bytes(raw)).collect(),
        other => return Err(bad(format!("numbers of type {other:?}; F32 and F64 are read"))),
    };
    if values.is_empty() {
        return Err(bad(format!("an empty tensor, of shape {:?}", view.shape())));
    }
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        let (row, column) = (at / columns, at % columns);
        return Err(bad(format!("row {row}, column {column}: {} is not a finite number", values[at])));
    }
    if metadata.as_ref().and_then(|known| known.labels.as_ref()).is_some_and(|labels| labels.len() != rows) {
        return Err(bad("another number of labels than of embeddings".into()));
    }
    if let Some(weights) = metadata.as_ref().and_then(|known| known.sample_weight.as_ref()) {
        if weights.len() != rows {
            return Err(bad("another number of sample weights than of embeddings".into()));
        }
        if !weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0) {
            return Err(bad("a sample weight that is no number of at least 0".into()));
        }
    }
    let x = Array2::from_shape_vec((rows, columns), values)
        .map_err(|error| bad("strange shape".into()).because(error))?;
    Ok(Embeddings { x, metadata })
}

/// What went wrong with an encoder.
#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
pub(crate) fn encoder_failure(error: text_encoder::Error) -> Failure {
    use text_encoder::Error;
    let message = error.to_string();
    match error {
        Error::NoModel { .. } => Failure::data(message).help(
            "--model-id takes the folder of a sentence-transformers model, or its id on the Hugging Face hub",
        ),
        Error::Option { .. } => Failure::usage(message),
        Error::OtherEncoder { .. } => Failure::data(message)
            .help("a head works with the encoder it was trained on, with the same prompt and options"),
        Error::MissingFile { .. }
        | Error::InvalidFile { .. }
        | Error::Unsupported { .. }
        | Error::Tensor { .. } => {
            Failure::data(message).help("is the model's folder complete? Download it again if it is damaged")
        }
        Error::Tokenize { .. } | Error::NotFinite { .. } => Failure::data(message),
        _ => Failure::unexpected(message),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::array;

    fn metadata() -> Metadata {
        let encoder = serde_json::json!({
            "model": "m", "revision": null, "architecture": "bert", "weights_sha256": "w", "tokenizer_sha256": "t",
            "dimension": 2, "max_seq_length": 8, "pooling": ["mean"], "include_prompt": true, "modules": [],
            "normalize": true, "prompt": "", "source": "models/m",
        });
        Metadata {
            encoder: serde_json::from_value(encoder).unwrap(),
            labels: Some(vec!["a".into(), "b".into()]),
            sample_weight: Some(vec![0.0, 2.5]),
        }
    }

    #[test]
    fn embeddings_survive_a_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        let x = array![[0.5f32, -1.25], [3.0, 0.1]];
        write(&path, Access::Shared, &x.view(), &metadata()).unwrap();
        let read = read(&path).unwrap();
        assert_eq!(read.x, x.mapv(f64::from));
        assert_eq!(read.metadata, Some(metadata()));
    }

    #[test]
    fn bad_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        let refusal = || read(&path).unwrap_err().to_string();
        std::fs::write(&path, "").unwrap();
        assert!(refusal().contains("empty"));
        std::fs::write(&path, "nonsense that is long enough").unwrap();
        assert!(refusal().contains("not a safetensors file"));
        write(&path, Access::Shared, &array![[0.5f32, f32::NAN], [3.0, 0.1]].view(), &metadata()).unwrap();
        assert!(refusal().contains("row 0, column 1: NaN"));
        write(&path, Access::Shared, &array![[0.5f32, 1.0]].view(), &metadata()).unwrap();
        assert!(refusal().contains("another number of labels"));
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(refusal().contains("damaged"));
        assert_eq!(expect_known_format(Path::new("x.bin")).unwrap_err().kind(), Kind::Usage);
    }
}
