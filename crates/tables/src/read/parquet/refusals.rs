//! What is said of files that cannot be read.

use parquet::errors::ParquetError;

use crate::error::Error;
use crate::read::builder::Builder;

pub(super) const DAMAGED: &str = "the Parquet file is damaged, or has columns of a type that cannot be read";

/// The error for what the crate refuses.
pub(super) fn unreadable(builder: &Builder, error: &ParquetError) -> Error {
    builder.malformed(
        None,
        format!("the Parquet file cannot be read: {error}"),
        "write the file again, or as CSV",
    )
}
