//! CSV by RFC 4180, strict about quotes.
//!
//! The crate csv reads a quote that is never closed as a cell that goes on to the end of the file: rows vanish without
//! a word. This reader refuses it, with the line where the quote opened.

use std::io::{BufRead, Read};

use super::builder::Builder;
use super::stream::Text;
use crate::error::{Error, Result};
use crate::table::{Cells, Places, Table};
use crate::wording::quoted;

/// Reads CSV. The separator is found in the line of names if it is not given.
pub(super) fn read(text: Text<'_>, separator: Option<u8>, builder: Builder) -> Result<Table> {
    let (separator, skip) = match separator {
        Some(separator) => (separator, 0),
        None => sniffed(&text.prefix),
    };
    let mut rows = Rows { text, separator, line: 1, record: Record::default(), builder };
    if skip > 0 {
        let mut directive = (&mut rows.text.reader).take(skip as u64);
        std::io::copy(&mut directive, &mut std::io::sink())
            .map_err(|error| failed(&rows.builder, 1, error))?;
        rows.line = 2;
    }
    loop {
        if !rows.next()? {
            return Err(rows.builder.malformed(None, "the file is empty", ""));
        }
        if !rows.record.is_blank() {
            break;
        }
    }
    let count = rows.record.ends.len();
    rows.builder.check_pending(count * (size_of::<String>() + size_of::<Cells>()), rows.record.line)?;
    let mut names = Vec::with_capacity(count);
    for at in 0..rows.record.ends.len() {
        names.push(rows.cell(at)?.trim().to_owned());
    }
    rows.builder.name_columns(names, Places::Lines)?;
    let columns = rows.builder.names().len();
    let mut blank = Vec::new();
    while rows.next()? {
        let line = rows.record.line;
        if rows.record.is_blank() {
            // A blank line at the end is none, so it waits for a row to follow.
            if columns == 1 {
                blank.push(line);
                rows.builder.check_pending(blank.len() * size_of::<u64>(), line)?;
            }
            continue;
        }
        for line in blank.drain(..) {
            rows.builder.push(0, "");
            rows.builder.end_row(line)?;
        }
        if rows.record.ends.len() != columns {
            return Err(rows.ragged(columns));
        }
        for at in 0..columns {
            // The borrow of the record ends before the builder takes the cell.
            let cell = cell(&rows.record, at).ok_or_else(|| rows.not_utf8(at))?;
            rows.builder.push(at, cell);
        }
        rows.builder.end_row(line)?;
    }
    let mut table = rows.builder.finish()?;
    if names_are_values(table.names()) {
        table.notes.push("most names of columns are numbers: does the file lack a line of names?".to_owned());
    }
    Ok(table)
}

/// Whether the line of names is probably a row: most are numbers, which neither count the columns nor rise, as those of spectra do.
fn names_are_values(names: &[String]) -> bool {
    let numbers: Vec<f64> =
        names.iter().filter_map(|name| name.parse().ok()).filter(|n: &f64| n.is_finite()).collect();
    numbers.len() > 1 && numbers.len() * 2 > names.len() && !numbers.is_sorted_by(|a, b| a < b)
}

/// One record, reused for the next.
#[derive(Default)]
struct Record {
    bytes: Vec<u8>,
    /// Where each cell ends in `bytes`.
    ends: Vec<usize>,
    /// Line where the record starts.
    line: u64,
    /// Whether any cell stood in quotes.
    quotes: bool,
}

impl Record {
    /// A line with nothing in it. A cell `""` is something.
    fn is_blank(&self) -> bool {
        self.ends.len() == 1 && self.bytes.is_empty() && !self.quotes
    }
}

fn cell(record: &Record, at: usize) -> Option<&str> {
    let start = if at == 0 { 0 } else { record.ends[at - 1] };
    std::str::from_utf8(&record.bytes[start..record.ends[at]]).ok()
}

/// Where the reader stands within a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Bare,
    Quoted,
    /// After a quote within quotes: either it ended the cell, or a second one follows and stands for one.
    AfterQuote,
}

struct Rows<'a> {
    text: Text<'a>,
    separator: u8,
    /// Line of the next byte.
    line: u64,
    record: Record,
    builder: Builder,
}

impl Rows<'_> {
    /// Reads the next record. Returns false at the end.
    fn next(&mut self) -> Result<bool> {
        let record = &mut self.record;
        record.bytes.clear();
        record.ends.clear();
        (record.line, record.quotes) = (self.line, false);
        let (mut state, mut opened, mut any) = (State::Start, self.line, false);
        let mut carriage_return = false;
        loop {
            let buffer = match self.text.reader.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) => return Err(failed(&self.builder, self.line, error)),
            };
            if buffer.is_empty() {
                if state == State::Quoted {
                    return Err(self.unclosed(opened));
                }
                if any {
                    record.ends.push(record.bytes.len());
                }
                return Ok(any);
            }
            let mut used = 0;
            let mut done = false;
            for &byte in buffer {
                if carriage_return {
                    // The line break was a carriage return; a line feed after it belongs to it.
                    done = true;
                    used += usize::from(byte == b'\n');
                    break;
                }
                used += 1;
                any = true;
                match (state, byte) {
                    (State::Quoted, b'"') => state = State::AfterQuote,
                    (State::Quoted, _) => {
                        self.line += u64::from(byte == b'\n');
                        record.bytes.push(byte);
                    }
                    (State::AfterQuote, b'"') => {
                        record.bytes.push(b'"');
                        state = State::Quoted;
                    }
                    (_, b'\n') => {
                        self.line += 1;
                        done = true;
                        break;
                    }
                    (_, b'\r') => {
                        self.line += 1;
                        carriage_return = true;
                    }
                    (_, byte) if byte == self.separator => {
                        record.ends.push(record.bytes.len());
                        state = State::Start;
                    }
                    // Blanks between the closing quote and the separator are harmless.
                    (State::AfterQuote, b' ') => {}
                    (State::AfterQuote, _) => {
                        let what = format!(
                            "text follows a closing quote; the quoted cell starts in line {opened}, and probably lacks its closing quote there"
                        );
                        return Err(self.builder.malformed(Some(self.line), what, QUOTES));
                    }
                    (State::Start, b'"') => {
                        (state, opened, record.quotes) = (State::Quoted, self.line, true);
                    }
                    _ => {
                        state = State::Bare;
                        record.bytes.push(byte);
                    }
                }
            }
            self.text.reader.consume(used);
            self.builder
                .check_pending(record.bytes.len() + record.ends.len() * size_of::<usize>(), record.line)?;
            if done {
                record.ends.push(record.bytes.len());
                return Ok(true);
            }
        }
    }

    fn cell(&self, at: usize) -> Result<&str> {
        cell(&self.record, at).ok_or_else(|| self.not_utf8(at))
    }

    fn unclosed(&self, opened: u64) -> Error {
        let what = "a quote opens here and is never closed; the rest of the file would be one cell";
        self.builder.malformed(Some(opened), what, QUOTES)
    }

    fn ragged(&self, columns: usize) -> Error {
        let found = self.record.ends.len();
        let what = format!(
            "{} here, but the line of names has {columns}{}",
            crate::wording::counted(found, "cell"),
            if found == columns + 1 {
                "; row names without a name above them, as R's write.table writes them?"
            } else {
                ""
            }
        );
        let help = if found == columns + 1 {
            "write the table with write.csv or col.names = NA; a cell with a separator in it needs double quotes around it"
        } else {
            "every row needs the same cells; a cell with separators or line breaks in it needs double quotes around it"
        };
        self.builder.malformed(Some(self.record.line), what, help)
    }

    /// A cell that is not UTF-8: shown as what it is in Windows-1252, the usual other encoding.
    fn not_utf8(&self, at: usize) -> Error {
        let start = if at == 0 { 0 } else { self.record.ends[at - 1] };
        let bytes = &self.record.bytes[start..self.record.ends[at]];
        let latin: String = bytes.iter().take(60).map(|&byte| char::from(byte)).collect();
        let column = match self.builder.names().get(at) {
            Some(name) => format!("column {}", quoted(name)),
            None => format!("cell {}", at + 1),
        };
        let what = format!(
            "{column} is not UTF-8 text; it reads {} in Latin-1 (Windows-1252), the encoding of many exports",
            quoted(&latin)
        );
        let help = "save the file as UTF-8 (Excel: \"CSV UTF-8\"), or: iconv -f WINDOWS-1252 -t UTF-8";
        self.builder.malformed(Some(self.record.line), what, help)
    }
}

const QUOTES: &str = "close the quote; a quote within a quoted cell is written twice";

fn failed(builder: &Builder, line: u64, source: std::io::Error) -> Error {
    if source.kind() == std::io::ErrorKind::InvalidData {
        return builder.malformed(Some(line), source.to_string(), "save the file as UTF-8");
    }
    Error::Io { input: builder.input.clone(), source }
}

/// The separator, and how many bytes a line `sep=;` before the names takes.
///
/// It is the candidate that occurs most often in the line of names, outside quotes; of two that occur equally often, the
/// one that the next line has as often.
fn sniffed(prefix: &[u8]) -> (u8, usize) {
    let mut lines = prefix.split_inclusive(|byte| *byte == b'\n');
    let Some(mut names) = lines.next() else { return (b',', 0) };
    while names.trim_ascii().is_empty() {
        match lines.next() {
            Some(next) => names = next,
            None => return (b',', 0),
        }
    }
    if let [b's', b'e', b'p', b'=', separator, ending @ ..] = names
        && ending.trim_ascii().is_empty()
    {
        return (*separator, names.len());
    }
    let next = lines.next().unwrap_or_default();
    let mut best = (b',', (0, false));
    for candidate in [b',', b';', b'\t', b'|'] {
        let count = outside_quotes(names, candidate);
        let rank = (count, outside_quotes(next, candidate) == count);
        if count > 0 && rank > best.1 {
            best = (candidate, rank);
        }
    }
    (best.0, 0)
}

fn outside_quotes(line: &[u8], byte: u8) -> usize {
    let mut quoted = false;
    let mut count = 0;
    for &found in line {
        quoted ^= found == b'"';
        count += usize::from(found == byte && !quoted);
    }
    count
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Format, ReadOptions, read_from};
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &[u8]) -> Result<Vec<Vec<String>>> {
        let table = read_from(text, "t.csv", Some(Format::Csv), &ReadOptions::default())?;
        let columns = table.names().len();
        let mut rows = vec![table.names().to_vec()];
        for row in 0..table.rows() {
            rows.push((0..columns).map(|column| table.cell(row, column).to_owned()).collect());
        }
        Ok(rows)
    }

    fn refusal(text: &[u8]) -> String {
        rows(text).unwrap_err().to_string()
    }

    #[test]
    fn the_same_table_in_every_notation() {
        let expected = [["text", "label"], ["a, \"b\"\nc", "1"]];
        for text in [
            "text,label\n\"a, \"\"b\"\"\nc\",1\n",
            "\u{feff}text;label\r\n\"a, \"\"b\"\"\nc\";1\r\n",
            "text\tlabel\n\"a, \"\"b\"\"\nc\"\t1",
            "text|label\r\"a, \"\"b\"\"\nc\" |1\r\r",
            "sep=;\r\ntext;label\r\n\n\"a, \"\"b\"\"\nc\";1\r\n",
            "\"text\",\"label\"\n\"a, \"\"b\"\"\nc\",1\n\n\n",
        ] {
            assert_eq!(rows(text.as_bytes()).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn separators_within_quotes_do_not_count() {
        assert_eq!(rows(b"\"a,b,c\";d\n1;2\n").unwrap()[0], ["a,b,c", "d"]);
        assert_eq!(rows("weight, kg;x;y\n1;2;3\n".as_bytes()).unwrap()[0], ["weight, kg", "x", "y"]);
        assert_eq!(rows(b"a;b, c\n1;2\n").unwrap()[0], ["a", "b, c"]);
    }

    #[test]
    fn quotes_that_swallow_rows_are_refused() {
        let open = refusal(b"a,b\n1,2\n3,\"4\n5,6\n7,8\n");
        assert!(open.contains("line 3: a quote opens here and is never closed"), "{open}");
        let late = refusal(b"a,b\n1,\"2\n3,4\n5,\"6\"\n");
        assert!(
            late.contains("line 4: text follows a closing quote; the quoted cell starts in line 2"),
            "{late}"
        );
    }

    #[test]
    fn a_quote_within_a_bare_cell_is_text() {
        assert_eq!(rows(b"a,b\n5\" pipe,x\n").unwrap()[1], ["5\" pipe", "x"]);
    }

    #[test]
    fn bad_rows_are_refused_with_their_line() {
        assert!(refusal(b"a,b\n1,2\n3\n").contains("line 3: 1 cell here, but the line of names has 2"));
        assert!(refusal(b"a,b\n1,2,3\n").contains("write.table"));
        assert!(
            refusal(b"a,b\n1,2\n3,gr\xfcn\n")
                .contains("line 3: column \"b\" is not UTF-8 text; it reads \"grün\"")
        );
        assert!(refusal(b"a,a\n1,2\n").contains("two columns are named \"a\""));
        assert!(refusal(b"").contains("empty"));
        assert!(refusal(b"\n,,\n").contains("does not name any column"));
    }

    #[test]
    fn blank_lines_matter_in_a_single_column_alone() {
        assert_eq!(rows(b"a\n1\n\n2\n\n\n").unwrap(), [["a"], ["1"], [""], ["2"]]);
        assert_eq!(rows(b"a,b\n1,2\n\n3,4\n").unwrap(), [["a", "b"], ["1", "2"], ["3", "4"]]);
    }

    #[test]
    fn a_row_in_place_of_names_is_noticed() {
        let notes = |text: &str| {
            let table = read_from(text.as_bytes(), "t.csv", Some(Format::Csv), &ReadOptions::default());
            table.unwrap().notes().len()
        };
        assert_eq!(notes("5.1,3.5,1.4,setosa\n4.9,3.0,1.4,setosa\n"), 1);
        assert_eq!(notes("0,1,2,label\n4.9,3.0,1.4,setosa\n"), 0);
        assert_eq!(notes("400.5,401,label\n4.9,3.0,1\n"), 0);
    }

    #[test]
    fn columns_without_names() {
        assert_eq!(rows(b",a,,\n0,1,,\n").unwrap(), [["", "a"], ["0", "1"]]);
        assert_eq!(rows(b"i,a,\n0,1,x\n").unwrap()[0], ["i", "a", "column 3"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn what_the_csv_crate_writes_is_read_back(
            cells in proptest::collection::vec("[ -~äß\n\"]{0,6}", 3..30),
            separator in proptest::sample::select(vec![b',', b';', b'\t', b'|']),
        ) {
            let mut writer = ::csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
            let rows: Vec<&[String]> = cells.chunks_exact(3).collect();
            writer.write_record(["x1", "x2", "x3"]).unwrap();
            for row in &rows {
                writer.write_record(*row).unwrap();
            }
            let found = super::tests::rows(&writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(&found[1..], &rows[..]);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = super::tests::rows(&bytes);
        }
    }
}
