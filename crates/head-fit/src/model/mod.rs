//! Decrypted heads, for features as they came.

mod head;
mod layer;
mod probabilities;

pub use head::Model;
pub use layer::LinearLayer;
pub(crate) use probabilities::class_probabilities;
pub use probabilities::probabilities;
