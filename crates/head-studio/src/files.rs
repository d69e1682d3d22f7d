//! Small files of JSON, which are whole or absent.

use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Largest file that is read as JSON.
const LARGEST: u64 = 64 << 20;

/// Reads a file; `None` if there is none.
///
/// # Errors
/// It cannot be read, or holds something else.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
        Ok(found) if found.len() > LARGEST => {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{}: too large", path.display())));
        }
        Ok(_) => {}
    }
    let named = |error: serde_json::Error| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
    };
    serde_json::from_slice(&fs::read(path)?).map(Some).map_err(named)
}

/// Writes a file.
///
/// # Errors
/// A failure of the operating system.
pub(crate) fn write(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let arriving = path.with_extension("arriving");
    fs::write(&arriving, serde_json::to_vec(value)?)?;
    fs::rename(arriving, path)
}
