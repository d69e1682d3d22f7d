//! Tables in CSV or JSON lines, read row by row.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::path::{Path, PathBuf};

use csv::StringRecord;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::exit::{Failure, Kind, Result};

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
    Jsonl { lines: BufReader<File>, line: u64, buffer: Vec<u8>, first: Option<Object> },
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
            Format::Jsonl => open_jsonl(path, file)?,
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
        match rows {
            Rows::Csv(reader) => {
                let more = reader.read_record(&mut row.cells).map_err(|error| csv_failure(path, error))?;
                row.line = row.cells.position().map_or(0, csv::Position::line);
                row.number += u64::from(more);
                Ok(more)
            }
            Rows::Jsonl { lines, line, buffer, first } => {
                let object = match first.take() {
                    Some(object) => object,
                    None => match next_object(path, lines, line, buffer)? {
                        Some(object) => object,
                        None => return Ok(false),
                    },
                };
                row.number += 1;
                row.line = *line;
                row.cells.clear();
                if object.0.len() != columns.len() {
                    return Err(ragged(path, *line, columns.len(), object.0.len()));
                }
                for name in columns {
                    let Some((_, value)) = object.0.iter().find(|(key, _)| key == name) else {
                        return Err(Failure::data(format!(
                            "{}: line {line} has no value {name:?}, which the first line has",
                            path.display()
                        )));
                    };
                    row.cells.push_field(&cell(value));
                }
                Ok(true)
            }
        }
    }
}

/// A JSON object with its keys in the order of the file.
#[derive(Debug)]
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Object(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
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

fn open_jsonl(path: &Path, file: File) -> Result<(Vec<String>, Rows)> {
    let (mut lines, mut line, mut buffer) = (BufReader::new(file), 0, Vec::new());
    let Some(first) = next_object(path, &mut lines, &mut line, &mut buffer)? else {
        return Err(Failure::data(format!("{}: the file is empty", path.display())));
    };
    let columns = first.0.iter().map(|(key, _)| key.clone()).collect();
    Ok((columns, Rows::Jsonl { lines, line, buffer, first: Some(first) }))
}

/// The separator of the first line: a comma if there is one.
fn delimiter(file: &mut File) -> std::io::Result<u8> {
    let mut line = Vec::new();
    BufReader::new(&mut *file).read_until(b'\n', &mut line)?;
    file.rewind()?;
    let found = [b',', b';', b'\t'].into_iter().find(|separator| line.contains(separator));
    Ok(found.unwrap_or(b','))
}

/// The object on the next line that is not blank.
fn next_object(
    path: &Path,
    lines: &mut BufReader<File>,
    line: &mut u64,
    buffer: &mut Vec<u8>,
) -> Result<Option<Object>> {
    loop {
        buffer.clear();
        if lines.read_until(b'\n', buffer).map_err(|error| Failure::io("read", path, Kind::Data, error))? == 0
        {
            return Ok(None);
        }
        *line += 1;
        let at = |what: &str| Failure::data(format!("{}: line {line}: {what}", path.display()));
        let text = match std::str::from_utf8(buffer) {
            Ok(text) => text.trim_start_matches('\u{feff}').trim(),
            Err(error) => {
                return Err(not_utf8(path, *line, &format!("byte {} of the line", error.valid_up_to() + 1)));
            }
        };
        if !text.is_empty() {
            return serde_json::from_str(text).map(Some).map_err(|error| {
                at("not a JSON object")
                    .because(error)
                    .help("each line must hold one JSON object, such as {\"text\": \"..\", \"label\": 1}")
            });
        }
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn csv_failure(path: &Path, error: csv::Error) -> Failure {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            ragged(path, line, *expected_len as usize, *len as usize)
        }
        csv::ErrorKind::Utf8 { pos, err } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            let byte = pos.as_ref().map_or(0, csv::Position::byte);
            not_utf8(path, line, &format!("field {} of the row that starts at byte {byte}", err.field() + 1))
        }
        _ => match error.into_kind() {
            csv::ErrorKind::Io(error) => Failure::io("read", path, Kind::Data, error),
            other => Failure::data(format!("{}: not a table", path.display())).because(format!("{other:?}")),
        },
    }
}

fn ragged(path: &Path, line: u64, expected: usize, found: usize) -> Failure {
    Failure::data(format!(
        "{}: line {line} has {found} columns, the first line has {expected}",
        path.display()
    ))
    .help("every row needs the same columns; texts with commas or line breaks need double quotes around them")
}

fn not_utf8(path: &Path, line: u64, place: &str) -> Failure {
    Failure::data(format!("{}: line {line} is not UTF-8 text ({place})", path.display()))
        .help("convert the file, for example with: iconv -f LATIN1 -t UTF-8")
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
