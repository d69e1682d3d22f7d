//! Columns that tell the label alone.

mod columns;
mod rule;

pub use columns::{Leak, Source};
