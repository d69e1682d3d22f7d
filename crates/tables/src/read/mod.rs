//! Reading tables: CSV, TSV, JSON lines, Parquet and Excel, from files, pipes and standard input.

mod builder;
mod csv;
mod excel;
mod gzip;
mod input;
mod json_lines;
mod names;
mod open;
mod parquet;
mod stream;
mod utf16;

pub use input::{Format, Input, ReadOptions};
pub use open::{read, read_from};
