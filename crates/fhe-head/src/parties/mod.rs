//! The two parties of a training, and the files between them.

#[cfg(feature = "client")]
pub mod client;
pub mod files;
#[cfg(feature = "client")]
pub mod growing;
mod manifest;
mod origin;
mod part;
pub mod server;
mod start;
mod stored;
pub mod twins;

pub use part::Part;
pub use stored::StoredBlocks;
