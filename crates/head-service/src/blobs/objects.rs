//! What a store of objects must do for us, which is what every one with the interface of S3 does. Whoever calls waits.

use std::fmt::Debug;
use std::io;

use axum::body::Bytes;

/// Objects by their names, which have `/` between their parts.
///
/// [`io::ErrorKind::HostUnreachable`] stands for a store that does not answer, or refuses us: another try may help.
pub(super) trait Objects: Debug + Send + Sync {
    /// Writes an object, or replaces it. It is durable then.
    fn put(&self, name: &str, content: Bytes) -> io::Result<()>;

    /// Reads an object; [`io::ErrorKind::NotFound`] if there is none.
    fn get(&self, name: &str) -> io::Result<Bytes>;

    /// Removes objects, whether they are there or not.
    fn remove(&self, names: Vec<String>) -> io::Result<()>;

    /// Gives the name of each object in a folder.
    fn list(&self, folder: &str, found: &mut dyn FnMut(&str)) -> io::Result<()>;
}
