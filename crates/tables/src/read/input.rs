//! Where tables come from, and in which format.

use std::path::{Path, PathBuf};

/// Where a table comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file, a FIFO or a device.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

impl Input {
    /// Standard input for `-`, else a path.
    pub fn new(path: &Path) -> Self {
        if path == Path::new("-") { Self::Stdin } else { Self::Path(path.to_owned()) }
    }

    /// The path, or `standard input`.
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Stdin => "standard input".to_owned(),
        }
    }
}

/// The format of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Values separated by commas, semicolons, tabs or bars, with a line of names. The line of names shows which.
    Csv,
    /// Values separated by tabs, with a line of names.
    Tsv,
    /// One JSON object a line.
    Jsonl,
    /// Apache Parquet, of flat columns.
    Parquet,
    /// A sheet of an Excel workbook (.xlsx), whose first row holds the names.
    Xlsx,
}

impl Format {
    /// The format by a file's name. The ending `.gz` is skipped.
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        Some(match name.rsplit_once('.')?.1 {
            "csv" | "txt" => Self::Csv,
            "tsv" | "tab" => Self::Tsv,
            "jsonl" | "ndjson" | "json" => Self::Jsonl,
            "parquet" | "pq" => Self::Parquet,
            "xlsx" | "xlsm" => Self::Xlsx,
            _ => return None,
        })
    }
}

/// How a table is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The format, if the file's name does not give it.
    pub format: Option<Format>,
    /// The sheet of a workbook; the first if `None`.
    pub sheet: Option<String>,
    /// Most bytes of memory for the table; no limit if `None`.
    pub budget: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_by_name() {
        for (name, format) in [
            ("a.csv", Some(Format::Csv)),
            ("a.CSV.gz", Some(Format::Csv)),
            ("a.b.tsv", Some(Format::Tsv)),
            ("a.ndjson.gz", Some(Format::Jsonl)),
            ("a.parquet", Some(Format::Parquet)),
            ("a.xlsx", Some(Format::Xlsx)),
            ("a.xls", None),
            ("csv", None),
        ] {
            assert_eq!(Format::of(Path::new(name)), format, "{name}");
        }
    }
}
