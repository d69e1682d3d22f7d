//! Reading a table: the format is found, and its reader is called.

use std::io::Read;

use super::builder::Builder;
use super::input::{Format, Input, ReadOptions};
use super::stream::{self, Guess};
use super::{csv, excel, json_lines, parquet};
use crate::error::{Error, Result};
use crate::table::Table;

/// Reads a table.
///
/// Gzip is recognised by its first bytes, and so is UTF-16, with a byte order mark or without; other text must be UTF-8.
/// The input is read once from front to back, so pipes are fine. Without a format in the options or the name, the first
/// bytes decide: a Parquet file, a workbook, and for standard input and pipes also an object in braces (JSON lines), else CSV.
///
/// - CSV: RFC 4180 with any of the four separators; a first line `sep=;` is obeyed. Quotes are taken strictly: text
///   after a closing quote and a quote that is never closed are refused, because they swallow rows. Blank lines are
///   skipped; in a table of one column, a blank line between rows is an empty cell.
/// - JSON lines: the first object names the columns. A key that a later object lacks is an empty cell; a key that the
///   first object lacks is refused. Lists stay JSON text; nested objects are refused.
/// - Columns without a name are left out if they are empty, otherwise named `column 7`. The first keeps its empty name:
///   pandas and R write the names of rows so.
///
/// # Errors
/// No such file; a failed read; another format than was promised; text in another encoding; what breaks the rules above;
/// two columns of one name; no column; more bytes than the budget. Sizes that a file promises are not trusted.
pub fn read(input: &Input, options: &ReadOptions) -> Result<Table> {
    let name = input.name();
    let Input::Path(path) = input else {
        return read_from(std::io::stdin().lock(), &name, options.format, options);
    };
    let format = options.format.or_else(|| Format::of(path));
    let failed = |source| Error::Io { input: input.name(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    if found.is_dir() {
        return Err(Error::Format {
            input: name,
            what: "this is a folder, not a table".to_owned(),
            help: "name a file in it".to_owned(),
        });
    }
    // A pipe has no name that could tell; a file should have one.
    let guess = if found.is_file() { Guess::Binary } else { Guess::Any };
    read_opened(file, &name, format, guess, options)
}

/// Like [`read`], from an open reader; `input` names it in messages. Without a format here or in the options, the first bytes decide.
///
/// # Errors
/// As [`read`].
pub fn read_from(
    reader: impl Read,
    input: &str,
    format: Option<Format>,
    options: &ReadOptions,
) -> Result<Table> {
    read_opened(reader, input, format.or(options.format), Guess::Any, options)
}

fn read_opened(
    reader: impl Read,
    input: &str,
    format: Option<Format>,
    guess: Guess,
    options: &ReadOptions,
) -> Result<Table> {
    let budget = options.budget.unwrap_or(usize::MAX);
    let opened = stream::open(reader, input)?;
    let format = stream::agreed(&opened, format, guess, input)?;
    let builder = Builder::new(input, budget);
    match format {
        Format::Csv => csv::read(stream::text(opened, input)?, None, builder),
        Format::Tsv => csv::read(stream::text(opened, input)?, Some(b'\t'), builder),
        Format::Jsonl => json_lines::read(stream::text(opened, input)?, builder),
        Format::Parquet => parquet::read(stream::bytes(opened, input, budget)?, builder),
        Format::Xlsx => excel::read(stream::bytes(opened, input, budget)?, options.sheet.as_deref(), builder),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::path::Path;

    #[test]
    fn missing_files_and_folders_are_told_apart() {
        let options = ReadOptions::default();
        let missing = read(&Input::new(Path::new("/nowhere/t.csv")), &options).unwrap_err();
        assert_eq!(missing.kind(), crate::ErrorKind::Missing);
        let folder = tempfile::tempdir().unwrap();
        let refused = read(&Input::new(folder.path()), &options).unwrap_err();
        assert!(refused.to_string().contains("a folder"), "{refused}");
    }

    #[test]
    fn the_budget_holds() {
        let text = format!("a,b\n{}", "1,2\n".repeat(1000));
        let options = ReadOptions { budget: Some(10_000), ..ReadOptions::default() };
        let error = read_from(text.as_bytes(), "t", Some(Format::Csv), &options).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }) && error.to_string().contains("line "), "{error}");
    }

    #[test]
    fn packed_bombs_meet_the_budget() {
        use std::io::Write;
        let packed = |start: &str, filling: u8| {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(start.as_bytes()).unwrap();
            gzip.write_all(&vec![filling; 4 << 20]).unwrap();
            gzip.finish().unwrap()
        };
        let options = ReadOptions { budget: Some(1 << 20), ..ReadOptions::default() };
        for (start, filling, format) in [
            ("a,b\n1,", b'x', Format::Csv),
            ("a,b\n1,\"", b',', Format::Csv),
            ("a,", b',', Format::Csv),
            ("a\n1\n", b'\n', Format::Csv),
            ("{\"a\": \"", b'x', Format::Jsonl),
            ("PAR1", 0, Format::Parquet),
        ] {
            let bomb = packed(start, filling);
            assert!(bomb.len() < 1 << 17);
            let error = read_from(&bomb[..], "t", Some(format), &options).unwrap_err();
            assert!(matches!(error, Error::TooLarge { .. }), "{start:?}: {error}");
        }
    }

    #[test]
    fn standard_input_is_recognised_by_its_content() {
        let options = ReadOptions::default();
        for text in ["a;b\n1;2\n", "{\"a\": 1, \"b\": 2}\n"] {
            let table = read_from(text.as_bytes(), "standard input", None, &options).unwrap();
            assert_eq!((table.names(), table.cell(0, 1)), (&["a".to_owned(), "b".to_owned()][..], "2"));
        }
    }
}
