//! Safetensors files, read tensor by tensor so that a model is never in memory twice.

use crate::error::{Error, Result};
use crate::folder::LFS_POINTER;
use candle_core::{DType, Device, Tensor};
use safetensors::tensor::Metadata;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Largest header that the format allows.
const MAX_HEADER: u64 = 100_000_000;

/// A file whose header has been read and whose length fits it.
pub(super) struct SafetensorsFile {
    path: PathBuf,
    metadata: Metadata,
    /// Where the tensors' bytes start in the file.
    data: u64,
}

impl SafetensorsFile {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = |source| Error::Io { operation: "read", path: path.to_owned(), source };
        let invalid = |expected: &str, found: String| Error::InvalidFile {
            file: path.to_owned(),
            expected: expected.into(),
            found,
        };
        let mut file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut prefix = Vec::new();
        (&mut file).take(8).read_to_end(&mut prefix).map_err(failed)?;
        if prefix == b"version " {
            return Err(invalid("safetensors", LFS_POINTER.into()));
        }
        let header = prefix.try_into().map(u64::from_le_bytes).unwrap_or(u64::MAX);
        if header > MAX_HEADER || 8 + header > length {
            return Err(invalid("a safetensors header", format!("a file of {length} bytes without one")));
        }
        let mut json = Vec::new();
        file.take(header).read_to_end(&mut json).map_err(failed)?;
        let metadata: Metadata = serde_json::from_slice(&json)
            .map_err(|error| invalid("a safetensors header", error.to_string()))?;
        let data = 8 + header;
        let expected = data + metadata.data_len() as u64;
        if length != expected {
            return Err(invalid(
                &format!("{expected} bytes"),
                format!("{length} bytes (truncated or altered)"),
            ));
        }
        Ok(Self { path: path.to_owned(), metadata, data })
    }

    pub(super) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.metadata.info(name).map(|info| info.shape.clone())
    }

    /// The tensor in the file's own type, or `None` if there is none of that name.
    pub(super) fn read(&self, name: &str) -> Result<Option<Tensor>> {
        let Some(info) = self.metadata.info(name) else { return Ok(None) };
        let failed = |source| Error::Io { operation: "read", path: self.path.clone(), source };
        let (start, end) = info.data_offsets;
        let mut bytes = vec![0; end - start];
        let mut file = File::open(&self.path).map_err(failed)?;
        file.seek(SeekFrom::Start(self.data + start as u64)).map_err(failed)?;
        file.read_exact(&mut bytes).map_err(failed)?;
        let dtype = DType::try_from(info.dtype).map_err(|_| Error::Tensor {
            file: self.path.clone(),
            tensor: name.into(),
            expected: "floating-point elements".into(),
            found: format!("{:?}", info.dtype),
        })?;
        Ok(Some(Tensor::from_raw_buffer(&bytes, dtype, &info.shape, &Device::Cpu)?))
    }
}
