//! Files of embeddings: safetensors with the tensor `embeddings` (samples by components, f32) and the labels and encoder in the
//! metadata, or a NumPy array without labels and encoder.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;

use ndarray::{Array2, ArrayView2};
use safetensors::tensor::{self, Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use text_encoder::EncoderInfo;

use super::{Access, write_bytes, write_with};
use crate::exit::{Failure, Kind, Result};
use crate::input::npy::{self, Element};
use crate::input::{Numbers, StoredArray};
use crate::{progress, resources};

const TENSOR: &str = "embeddings";
/// The only metadata entry. With several entries their order in the file would be random.
const ENTRY: &str = "train_head";

/// The encoder that made the embeddings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct UsedEncoder {
    /// Identity and settings.
    #[serde(flatten)]
    pub(crate) info: EncoderInfo,
    /// Absolute folder, or hub id.
    pub(crate) source: String,
}

impl UsedEncoder {
    /// The encoder in a file that others get: a folder without the way to it.
    pub(crate) fn for_others(self) -> Self {
        let folder = Path::new(&self.source);
        let name = folder.file_name().filter(|_| folder.is_absolute());
        Self { source: name.map_or(self.source.clone(), |name| name.to_string_lossy().into_owned()), ..self }
    }
}

/// What a file of embeddings holds besides the numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Metadata {
    /// The encoder that made them.
    pub(crate) encoder: UsedEncoder,
    /// One label per sample, if the texts had labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) labels: Option<Vec<String>>,
    /// One weight per sample, if `--sample-weight` named a column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sample_weight: Option<Vec<f64>>,
    /// The name of each sample's group, if `--group-column` named a column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<Vec<String>>,
    /// Columns that go through to the predictions, if `--id-column` or `--keep-columns` named some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) columns: Vec<KeptColumn>,
}

/// A column that is kept beside the embeddings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptColumn {
    /// Its name.
    pub(crate) name: String,
    /// A cell for each sample.
    pub(crate) values: Vec<String>,
}

/// Embeddings read from a file.
#[derive(Debug)]
pub(crate) struct Embeddings {
    /// Samples by components.
    pub(crate) x: Array2<f64>,
    /// Encoder, labels and weights, if this program wrote the file.
    pub(crate) metadata: Option<Metadata>,
}

/// Tells whether a path ends in `.safetensors`.
pub(crate) fn is_safetensors(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("safetensors"))
}

/// Writes embeddings in the format that the file's name ends in.
///
/// # Errors
/// An unknown format; a failure of the operating system.
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

/// Refuses the name of an unknown format, so that nothing is computed in vain.
///
/// # Errors
/// The name ends neither in `.safetensors` nor in `.npy`.
pub(crate) fn expect_known_format(path: &Path) -> Result<()> {
    let known = is_safetensors(path)
        || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"));
    if known {
        return Ok(());
    }
    Err(Failure::usage(format!("{}: unknown format", path.display()))
        .help("name the file .safetensors (with labels and encoder) or .npy (only numbers)"))
}

/// Reads the embeddings of a safetensors file: the tensor `embeddings`, or the only tensor of a file from another program.
///
/// # Errors
/// The file does not exist, is damaged, holds no matrix of floating-point numbers, or a number that is not finite.
pub(crate) fn read(path: &Path) -> Result<Embeddings> {
    let bytes = read_promised(path)?;
    let bad = |what: String| Failure::data(format!("{}: {what}", path.display()));
    if bytes.is_empty() {
        return Err(bad("the file is empty".into()));
    }
    let damaged = |error| bad("not a safetensors file, or damaged".into()).because(format!("{error:?}"));
    let tensors = SafeTensors::deserialize(&bytes).map_err(damaged)?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
    let metadata = metadata_in(&header).map_err(|error| bad("malformed metadata".into()).because(error))?;
    let view = match (tensors.tensor(TENSOR), &tensors.tensors()[..]) {
        (Ok(view), _) => view,
        (Err(_), [(_, view)]) => view.clone(),
        (Err(_), several) => {
            return Err(bad(format!("no tensor `{TENSOR}` among {} tensors", several.len())));
        }
    };
    let &[rows, columns] = view.shape() else {
        return Err(bad(format!("a tensor of shape {:?}; samples by features are expected", view.shape())));
    };
    let values: Vec<f64> = match view.dtype() {
        Dtype::F32 => {
            view.data().as_chunks().0.iter().map(|&raw| f64::from(f32::from_le_bytes(raw))).collect()
        }
        Dtype::F64 => view.data().as_chunks().0.iter().map(|&raw| f64::from_le_bytes(raw)).collect(),
        other => return Err(bad(format!("numbers of type {other:?}; F32 and F64 are supported"))),
    };
    if values.is_empty() {
        return Err(bad(format!("an empty tensor, of shape {:?}", view.shape())));
    }
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        let (row, column) = (at / columns, at % columns);
        return Err(bad(format!("row {row}, column {column}: {} is not a finite number", values[at])));
    }
    expect_one_each(metadata.as_ref(), rows).map_err(&bad)?;
    let x = Array2::from_shape_vec((rows, columns), values)
        .map_err(|error| bad("malformed shape".into()).because(error))?;
    Ok(Embeddings { x, metadata })
}

/// Refuses metadata of another number of samples.
fn expect_one_each(metadata: Option<&Metadata>, rows: usize) -> Result<(), String> {
    if metadata.and_then(|known| known.labels.as_ref()).is_some_and(|labels| labels.len() != rows) {
        return Err("the number of labels differs from the number of embeddings".into());
    }
    if metadata.and_then(|known| known.group.as_ref()).is_some_and(|groups| groups.len() != rows) {
        return Err("the number of groups differs from the number of embeddings".into());
    }
    let kept = metadata.map(|known| &known.columns[..]).unwrap_or_default();
    if kept.iter().any(|column| column.values.len() != rows) {
        return Err("the number of values of a column differs from the number of embeddings".into());
    }
    if let Some(weights) = metadata.and_then(|known| known.sample_weight.as_ref()) {
        if weights.len() != rows {
            return Err("the number of sample weights differs from the number of embeddings".into());
        }
        if !weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0) {
            return Err("a sample weight is negative or not finite".into());
        }
    }
    Ok(())
}

/// What this program wrote beside the numbers, if it did.
fn metadata_in(header: &tensor::Metadata) -> Result<Option<Metadata>, serde_json::Error> {
    let entry = header.metadata().as_ref().and_then(|entries| entries.get(ENTRY));
    entry.map(|text| serde_json::from_str(text)).transpose()
}

/// Opens embeddings that stay in their file; `None` for what is no regular file or no matrix of numbers, which [`read`] reads or refuses.
///
/// # Errors
/// As [`read`]; numbers that are not finite are found when they are read.
pub(crate) fn open(path: &Path) -> Result<Option<(StoredArray, Option<Metadata>)>> {
    let failed = |error| Failure::io("read", path, Kind::Data, error);
    let file = File::open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    let mut length = [0; LENGTH];
    if !found.is_file() || found.len() <= LENGTH as u64 {
        return Ok(None);
    }
    file.read_exact_at(&mut length, 0).map_err(failed)?;
    let length = u64::from_le_bytes(length);
    if length > MOST_HEADER.min(found.len() - LENGTH as u64) {
        return Ok(None);
    }
    let mut header = vec![0; length as usize];
    file.read_exact_at(&mut header, LENGTH as u64).map_err(failed)?;
    let Ok(header) = serde_json::from_slice::<tensor::Metadata>(&header) else { return Ok(None) };
    let start = LENGTH as u64 + length;
    if (header.data_len() as u64).checked_add(start) != Some(found.len()) {
        return Ok(None);
    }
    let tensors = header.tensors();
    let only = if tensors.len() == 1 { tensors.values().next() } else { None };
    let Some(info) = tensors.get(TENSOR).or(only) else { return Ok(None) };
    let element = match info.dtype {
        Dtype::F32 => Element::of("<f4"),
        Dtype::F64 => Element::of("<f8"),
        _ => None,
    };
    let (Some(element), &[rows, columns]) = (element, &info.shape[..]) else { return Ok(None) };
    let (from, to) = info.data_offsets;
    let bytes = rows.checked_mul(columns).and_then(|count| count.checked_mul(element.size()));
    if rows == 0 || columns == 0 || to.checked_sub(from) != bytes || to > header.data_len() {
        return Ok(None);
    }
    let bad = |what: String| Failure::data(format!("{}: {what}", path.display()));
    let metadata = metadata_in(&header).map_err(|error| bad("malformed metadata".into()).because(error))?;
    expect_one_each(metadata.as_ref(), rows).map_err(bad)?;
    let numbers = Numbers { start: start + from as u64, element, columns_first: false };
    Ok(Some((StoredArray::new((file, path), numbers, (rows, columns))?, metadata)))
}

/// Bytes of the length of the header, with which the file starts.
const LENGTH: usize = size_of::<u64>();
/// Longest header that the format allows.
const MOST_HEADER: u64 = 100_000_000;

/// The file as far as its header promises, and a byte of what follows: the file may be a pipe without an end. What has no header is for
/// the parser to refuse.
fn read_promised(path: &Path) -> Result<Vec<u8>> {
    let failed = |error| Failure::io("read", path, Kind::Data, error);
    let mut file = File::open(path).map_err(failed)?;
    let there = file.metadata().map_err(failed)?.len();
    let mut bytes = Vec::new();
    (&mut file).take(LENGTH as u64).read_to_end(&mut bytes).map_err(failed)?;
    let Some(header) = bytes.first_chunk().map(|length| u64::from_le_bytes(*length)) else {
        return Ok(bytes);
    };
    if header > MOST_HEADER {
        return Ok(bytes);
    }
    (&mut file).take(header).read_to_end(&mut bytes).map_err(failed)?;
    let Ok(header) = serde_json::from_slice::<tensor::Metadata>(&bytes[LENGTH..]) else { return Ok(bytes) };
    let promised = header.data_len();
    if let Some(budget) = resources::budget_for_data().filter(|&budget| promised > budget) {
        let [promised, budget] = [promised, budget].map(|bytes| progress::bytes(bytes as u64));
        let message =
            format!("{}: {promised} of numbers; {budget} of memory are there for data", path.display());
        return Err(Failure::data(message).help("use fewer samples, or a machine with more memory"));
    }
    if promised as u64 <= there {
        bytes.reserve_exact(promised + 1);
    }
    file.take((promised as u64).saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
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
            group: Some(vec!["p1".into(), "p2".into()]),
            columns: vec![KeptColumn { name: "id".into(), values: vec!["7".into(), "8".into()] }],
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
        assert!(refusal().contains("the number of labels differs"));
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(refusal().contains("damaged"));
        std::fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
        assert!(refusal().contains("damaged"));
        let header =
            r#"{"embeddings":{"dtype":"F32","shape":[1048576,1048576],"data_offsets":[0,4398046511104]}}"#;
        std::fs::write(&path, [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat()).unwrap();
        if resources::budget_for_data().is_some() {
            assert!(refusal().contains("4.0 TiB of numbers"), "{}", refusal());
        }
        assert_eq!(expect_known_format(Path::new("x.bin")).unwrap_err().kind(), Kind::Usage);
    }
}
