//! A folder of a text encoder: configurations, tokenizer, weights. The folder is loaded, and embeds a text if it can be.

use std::path::Path;

use text_encoder::{EncoderOptions, ModelSource, TextEncoder};

use crate::{Target, folder, parcel};

/// A folder of a text encoder.
pub const ENCODER: Target = Target { name: "encoder", read, seeds };

const FILES: [&str; 6] = [
    "modules.json",
    "config.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
    "tokenizer.json",
    "model.safetensors",
];

fn read(input: &[u8]) -> Result<(), String> {
    let files: [&[u8]; FILES.len()] = parcel::unpack(input);
    folder::with(|folder| {
        let _ = std::fs::create_dir(folder.join("1_Pooling"));
        for (name, bytes) in FILES.iter().zip(files) {
            // an empty file stands for one that is not there
            if !bytes.is_empty() {
                let _ = std::fs::write(folder.join(name), bytes);
            }
        }
        let source = ModelSource::Folder(folder.to_owned());
        let encoder =
            TextEncoder::load(&source, &EncoderOptions::default()).map_err(|error| error.to_string())?;
        encoder.encode(&["one two"], |_| {}).map(drop).map_err(|error| error.to_string())
    })
}

fn seeds(_: &Path) -> Vec<Vec<u8>> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/text-encoder/tests/golden/tiny-tokens");
    let files = FILES.map(|name| std::fs::read(folder.join(name)).unwrap_or_default());
    vec![parcel::pack(files.each_ref().map(Vec::as_slice))]
}
