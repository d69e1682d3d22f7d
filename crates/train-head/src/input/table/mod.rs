//! Tables in CSV or JSON lines, read row by row.

mod failures;
mod json_lines;

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::path::{Path, PathBuf};

use csv::StringRecord;

use crate::exit::{Failure, Kind, Result};
use failures::csv_failure;
use json_lines::JsonLines;

/// The format of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated values (semicolons or tabs if the first line has no comma), with a line of names
    Csv,
    /// Tab-separated values, with a line of names
    Tsv,
    /// One JSON object per line
    Jsonl,
}

impl Format {
    /// The format by a file's name.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" | "txt" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            "jsonl" | "ndjson" | "json" => Some(Self::Jsonl),
            _ => None,
        }
    }
}

/// A table to read from.
#[derive(Debug)]
pub(crate) struct Table {
    path: PathBuf,
    columns: Vec<String>,
    rows: Rows,
}

#[derive(Debug)]
enum Rows {
    Csv(Box<csv::Reader<File>>),
    Jsonl(JsonLines),
}

/// One row.
#[derive(Debug, Default)]
pub(crate) struct Row {
    cells: StringRecord,
    /// Number of the row, from 1, without the line of names.
    number: u64,
    /// Line of the file where the row starts.
    line: u64,
}

impl Row {
    /// The text in a column; empty if the value is missing.
    pub(crate) fn cell(&self, column: usize) -> &str {
        self.cells.get(column).unwrap_or_default()
    }

    /// The place of the row in the file, for messages.
    pub(crate) fn place(&self) -> String {
        format!("row {} (line {})", self.number, self.line)
    }
}

impl Table {
    /// Opens a table and reads the names of its columns.
    ///
    /// # Errors
    /// A file that does not exist, is empty, not UTF-8 or of unknown format, or names a column twice.
    pub(crate) fn open(path: &Path, format: Option<Format>) -> Result<Self> {
        let Some(format) = format.or_else(|| Format::of(path)) else {
            return Err(Failure::data(format!("{}: unknown format", path.display()))
                .help("name the file .csv, .tsv or .jsonl, or give --format"));
        };
        let failed = |error| Failure::io("read", path, Kind::Data, error);
        let mut file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?;
        if length.is_dir() {
            return Err(Failure::data(format!("{} is a folder, not a table", path.display())));
        }
        if length.is_file() && length.len() == 0 {
            return Err(Failure::data(format!("{}: the file is empty", path.display())));
        }
        let (columns, rows) = match format {
            Format::Csv | Format::Tsv => {
                let delimiter =
                    if format == Format::Tsv { b'\t' } else { delimiter(&mut file).map_err(failed)? };
                open_csv(path, file, delimiter)?
            }
            Format::Jsonl => {
                let (columns, lines) = JsonLines::open(path, file)?;
                (columns, Rows::Jsonl(lines))
            }
        };
        let mut seen = HashSet::new();
        if let Some(twice) = columns.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(Failure::data(format!("{}: two columns are named {twice:?}", path.display()))
                .help("rename or remove one of them"));
        }
        Ok(Self { path: path.to_owned(), columns, rows })
    }

    /// Path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Names of the columns.
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Reads the next row into `row`. Returns false at the end.
    ///
    /// # Errors
    /// A row of another length; text that is not UTF-8; a line that is not a JSON object; a failed read.
    pub(crate) fn read(&mut self, row: &mut Row) -> Result<bool> {
        let Self { path, columns, rows } = self;
        let more = match rows {
            Rows::Csv(reader) => {
                let more = reader.read_record(&mut row.cells).map_err(|error| csv_failure(path, error))?;
                row.line = row.cells.position().map_or(0, csv::Position::line);
                more
            }
            Rows::Jsonl(lines) => {
                row.cells.clear();
                let more = lines.read(path, columns, &mut row.cells)?;
                row.line = lines.line();
                more
            }
        };
        row.number += u64::from(more);
        Ok(more)
    }
}

fn open_csv(path: &Path, file: File, delimiter: u8) -> Result<(Vec<String>, Rows)> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(file);
    let header = reader.headers().map_err(|error| csv_failure(path, error))?;
    let columns: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    if columns.iter().all(String::is_empty) {
        return Err(Failure::data(format!("{}: the first line does not name any column", path.display())));
    }
    Ok((columns, Rows::Csv(Box::new(reader))))
}

/// The separator of the first line: a comma if there is one.
fn delimiter(file: &mut File) -> std::io::Result<u8> {
    let mut line = Vec::new();
    BufReader::new(&mut *file).read_until(b'\n', &mut line)?;
    file.rewind()?;
    let found = [b',', b';', b'\t'].into_iter().find(|separator| line.contains(separator));
    Ok(found.unwrap_or(b','))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(name: &str, bytes: &[u8]) -> Result<(Vec<String>, Vec<Vec<String>>)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut table = Table::open(&path, None)?;
        let (mut row, mut rows) = (Row::default(), Vec::new());
        while table.read(&mut row)? {
            rows.push(row.cells.iter().map(str::to_owned).collect());
        }
        Ok((table.columns().to_vec(), rows))
    }

    fn refusal(name: &str, bytes: &[u8]) -> String {
        read(name, bytes).unwrap_err().to_string()
    }

    #[test]
    fn the_same_table_in_every_notation() {
        let expected =
            (vec!["text".to_owned(), "label".into()], vec![vec!["a, \"b\"\nc".to_owned(), "1".into()]]);
        for (name, bytes) in [
            ("t.csv", "text,label\n\"a, \"\"b\"\"\nc\",1\n"),
            ("t.csv", "\u{feff}text;label\r\n\"a, \"\"b\"\"\nc\";1\r\n"),
            ("t.csv", "text\tlabel\n\"a, \"\"b\"\"\nc\"\t1\n"),
            ("t.tsv", "text\tlabel\n\"a, \"\"b\"\"\nc\"\t1"),
            ("t.jsonl", "\n{\"text\": \"a, \\\"b\\\"\\nc\", \"label\": 1}\n"),
        ] {
            assert_eq!(read(name, bytes.as_bytes()).unwrap(), expected, "{name} {bytes:?}");
        }
    }

    #[test]
    fn json_rows_may_change_order_but_not_names() {
        let (columns, rows) = read("t.jsonl", b"{\"b\": 2, \"a\": true}\n{\"a\": null, \"b\": 0.5}").unwrap();
        assert_eq!(columns, ["b", "a"]);
        assert_eq!(rows, [["2", "true"], ["0.5", ""]]);
        assert!(refusal("t.jsonl", b"{\"a\": 1}\n{\"b\": 1}").contains("line 2 has no value \"a\""));
        assert!(refusal("t.jsonl", b"{\"a\": 1}\n[1]").contains("line 2: not a JSON object"));
    }

    #[test]
    fn bad_tables_are_refused_with_their_place() {
        assert!(refusal("t.csv", b"").contains("empty"));
        assert!(refusal("t.jsonl", b"\n \n").contains("empty"));
        assert!(refusal("t.csv", b"a,b\n1,2\n3\n").contains("line 3 has 1 columns, the first line has 2"));
        assert!(refusal("t.csv", b"a,b\n1,2\n3,\xff\n").contains("line 3 is not UTF-8"));
        assert!(refusal("t.jsonl", b"{\"a\": 1}\n{\"a\": \"\xff\"}").contains("line 2 is not UTF-8"));
        assert!(refusal("t.csv", b"a,a\n1,2\n").contains("two columns are named \"a\""));
        assert!(refusal("t.jsonl", b"{\"a\": 1, \"a\": 2}").contains("two columns are named \"a\""));
        assert!(refusal("t.bin", b"a\n1\n").contains("unknown format"));
        assert!(
            Table::open(Path::new("/nowhere/t.csv"), None).unwrap_err().to_string().contains("cannot read")
        );
    }
}
