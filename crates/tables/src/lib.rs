//! x
mod error;
#[allow(unused)]
mod kinds;
mod read;
mod table;
#[allow(unused)]
mod value;
mod wording;
pub use error::{Error, ErrorKind, Problem, Problems, Result};
pub use read::{Format, Input, ReadOptions, read, read_from};
pub use table::Table;
