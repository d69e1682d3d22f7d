//! PyTorch checkpoints, by candle. Its parser believes what a pickle says, so a checkpoint is looked at before, and a panic on a damaged
//! one is a refusal.

use crate::error::{Error, Result};
use crate::folder::{LFS_POINTER, is_lfs_pointer};
use crate::guard::guarded;
use candle_core::Tensor;
use candle_core::pickle::PthTensors;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zip::ZipArchive;

/// Most bytes of a pickle, which names tensors and their shapes. That of a thousand tensors takes 200 kB.
const MOST_OF_PICKLE: u64 = 16 << 20;
/// The end of its name in the archive.
const PICKLE: &str = "data.pkl";

/// Opens a checkpoint: names and shapes of its tensors, at least one.
pub(super) fn open(path: &Path) -> Result<PthTensors> {
    let invalid = |found: String| Error::InvalidFile {
        file: path.to_owned(),
        expected: "a PyTorch checkpoint (zip archive with a state dict)".into(),
        found,
    };
    let failed = |source| Error::Io { operation: "read", path: path.to_owned(), source };
    let mut start = Vec::new();
    File::open(path).and_then(|file| file.take(64).read_to_end(&mut start)).map_err(failed)?;
    if is_lfs_pointer(&start) {
        return Err(invalid(LFS_POINTER.into()));
    }
    let mut archive = ZipArchive::new(std::io::BufReader::new(File::open(path).map_err(failed)?))
        .map_err(|error| invalid(error.to_string()))?;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| invalid(error.to_string()))?;
        let is_pickle = entry.name_raw().ends_with(PICKLE.as_bytes());
        if is_pickle && entry.size() > MOST_OF_PICKLE {
            return Err(invalid(format!(
                "{PICKLE} of {} bytes; at most {MOST_OF_PICKLE} are read",
                entry.size()
            )));
        }
    }
    drop(archive);
    let tensors = whole(|| PthTensors::new(path, None)).map_err(invalid)?;
    if tensors.tensor_infos().is_empty() {
        return Err(invalid("no tensors".into()));
    }
    Ok(tensors)
}

/// The tensor of a name, `None` if there is none.
pub(super) fn read(tensors: &PthTensors, path: &Path, name: &str) -> Result<Option<Tensor>> {
    let length = std::fs::metadata(path).map_or(0, |data| data.len());
    let damaged = |found: String| Error::InvalidFile {
        file: path.to_owned(),
        expected: "a complete PyTorch checkpoint".into(),
        found,
    };
    if let Some(info) = tensors.tensor_infos().get(name) {
        // numbers hardly pack, so a tensor is about as long as its part of the file
        let size = |bytes: u64, count: &usize| bytes.saturating_mul(*count as u64);
        let bytes = info.layout.dims().iter().fold(info.dtype.size_in_bytes() as u64, size);
        if bytes > length.saturating_mul(MOST_PACKED) {
            return Err(damaged(format!("tensor '{name}' of {bytes} bytes in a file of {length}")));
        }
    }
    whole(|| tensors.get(name)).map_err(damaged)
}

/// Bytes of a tensor for each byte of the file. PyTorch does not pack at all.
const MOST_PACKED: u64 = 16;

/// What candle reads, or why it does not.
fn whole<T>(read: impl FnOnce() -> candle_core::Result<T>) -> std::result::Result<T, String> {
    match guarded(read) {
        // candle's errors carry a backtrace after the first line
        Some(outcome) => {
            outcome.map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())
        }
        None => Err("a state dict that is damaged".into()),
    }
}
