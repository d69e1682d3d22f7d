//! Embeddings that a run remembers, so that the next one into the same folder does not make them again. Private: they are as telling as the
//! texts. A file that is damaged, or of another encoder, is not used; nothing is lost by that but time.

use std::collections::HashMap;
use std::path::Path;

use ndarray::Array2;
use safetensors::tensor::{self, Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use text_encoder::EncoderInfo;

use super::{Access, read, write_bytes};
use crate::exit::{Failure, Result};

const FORMAT: &str = concat!("train-head embeddings 1, text-encoder ", env!("CARGO_PKG_VERSION"));
const ENTRY: &str = "train_head";
/// Bytes of what stands for a text.
pub(super) const DIGEST_BYTES: usize = 32;

/// What stands for a text.
pub(crate) type TextDigest = [u8; DIGEST_BYTES];

/// Embeddings by the digests of their texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remembered {
    rows: HashMap<TextDigest, Row>,
}

#[derive(Clone, Debug)]
struct Row {
    embedding: Vec<f32>,
    long: bool,
}

#[derive(Serialize, Deserialize)]
struct Metadata {
    format: String,
    encoder: EncoderInfo,
    /// Digest of the tensors.
    digest: String,
}

/// What stands for a text in files: equal texts have equal ones, and nothing else is seen of them.
pub(crate) fn digest(text: &str) -> TextDigest {
    blake3::derive_key("train-head 2026-11 text of an embedding", text.as_bytes())
}

/// Whether two encoders give the same embeddings to the last bits but few.
pub(crate) fn made_alike(a: &EncoderInfo, b: &EncoderInfo) -> bool {
    a.expect_same(b).is_ok() && a.dtype == b.dtype
}

impl Remembered {
    /// The embeddings in a file, if this encoder made them.
    pub(crate) fn read(path: &Path, encoder: &EncoderInfo) -> Option<Self> {
        let bytes = read(path).ok()?;
        let (_, header) = SafeTensors::read_metadata(&bytes).ok()?;
        let metadata: Metadata = serde_json::from_str(header.metadata().as_ref()?.get(ENTRY)?).ok()?;
        let tensors = SafeTensors::deserialize(&bytes).ok()?;
        let data = |name: &str| tensors.tensor(name).ok().map(|view| view.data().to_vec());
        let (texts, values, long) = (data("texts")?, data("embeddings")?, data("long")?);
        let whole = metadata.digest == content_digest(&texts, &values, &long);
        if metadata.format != FORMAT || !made_alike(&metadata.encoder, encoder) || !whole {
            return None;
        }
        let row_bytes = 4 * encoder.dimension;
        if texts.len() != DIGEST_BYTES * long.len() || values.len() != row_bytes * long.len() {
            return None;
        }
        let rows = texts.as_chunks().0.iter().zip(values.chunks_exact(row_bytes)).zip(&long);
        let row = |((text, values), long): ((&TextDigest, &[u8]), &u8)| {
            let embedding = values.as_chunks().0.iter().map(|&raw| f32::from_le_bytes(raw)).collect();
            (*text, Row { embedding, long: *long == 1 })
        };
        Some(Self { rows: rows.map(row).collect() })
    }

    /// Writes them, sorted by digest: the order of texts is not seen.
    ///
    /// # Errors
    /// A failed write.
    pub(crate) fn write(&self, path: &Path, encoder: &EncoderInfo) -> Result<()> {
        let mut rows: Vec<(&TextDigest, &Row)> = self.rows.iter().collect();
        rows.sort_by_key(|(text, _)| **text);
        let texts: Vec<u8> = rows.iter().flat_map(|(text, _)| **text).collect();
        let values: Vec<u8> =
            rows.iter().flat_map(|(_, row)| row.embedding.iter().flat_map(|x| x.to_le_bytes())).collect();
        let long: Vec<u8> = rows.iter().map(|(_, row)| u8::from(row.long)).collect();
        let digest = content_digest(&texts, &values, &long);
        let metadata = Metadata { format: FORMAT.to_owned(), encoder: encoder.clone(), digest };
        let broken = |what: String| Failure::unexpected("cannot write embeddings").because(what);
        let entry = serde_json::to_string(&metadata).map_err(|error| broken(error.to_string()))?;
        let count = rows.len();
        let of =
            |dtype, shape, data| TensorView::new(dtype, shape, data).map_err(|e| broken(format!("{e:?}")));
        let tensors = [
            ("texts", of(Dtype::U8, vec![count, DIGEST_BYTES], &texts)?),
            ("embeddings", of(Dtype::F32, vec![count, encoder.dimension], &values)?),
            ("long", of(Dtype::U8, vec![count], &long)?),
        ];
        let metadata = HashMap::from([(ENTRY.to_owned(), entry)]);
        let bytes = tensor::serialize(tensors, Some(metadata)).map_err(|e| broken(format!("{e:?}")))?;
        write_bytes(path, Access::Private, &bytes)
    }

    /// The embedding of a text, and whether it is longer than the encoder's window.
    pub(crate) fn get(&self, text: &TextDigest) -> Option<(&[f32], bool)> {
        self.rows.get(text).map(|row| (&row.embedding[..], row.long))
    }

    /// Remembers the embeddings of texts.
    pub(crate) fn add(&mut self, texts: &[TextDigest], embeddings: &Array2<f32>, long: &[bool]) {
        for ((text, row), &long) in texts.iter().zip(embeddings.rows()).zip(long) {
            self.insert(*text, row.to_vec(), long);
        }
    }

    /// Remembers the embedding of a text.
    pub(super) fn insert(&mut self, text: TextDigest, embedding: Vec<f32>, long: bool) {
        self.rows.insert(text, Row { embedding, long });
    }
}

fn content_digest(texts: &[u8], values: &[u8], long: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("train-head 2026-11 file of embeddings");
    for part in [texts, values, long] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    hasher.finalize().to_hex().to_string()
}
