//! Formats of tables, as flags name them.

/// The format of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Values separated by commas, semicolons, tabs or bars, with a line of names
    Csv,
    /// Values separated by tabs, with a line of names
    Tsv,
    /// One JSON object per line
    Jsonl,
    /// Apache Parquet
    Parquet,
    /// A sheet of an Excel workbook
    Xlsx,
}

impl From<Format> for tables::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv,
            Format::Tsv => Self::Tsv,
            Format::Jsonl => Self::Jsonl,
            Format::Parquet => Self::Parquet,
            Format::Xlsx => Self::Xlsx,
        }
    }
}
