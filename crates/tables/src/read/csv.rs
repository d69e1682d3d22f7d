//! CSV by RFC 4180, strict about quotes.
//!
//! The crate csv reads a quote that is never closed as a cell that goes on to the end of the file: rows vanish without
//! a word. This reader refuses it, with the line where the quote opened.

use std::io::{BufRead, Read};

use super::builder::Builder;
use super::names::{names_are_values, sniffed};
use super::stream::{self, Text};
use crate::error::{Error, Result};
use crate::table::{Cells, Places, Table};
use crate::wording::quoted;

/// Reads CSV. The separator is found in the line of names if it is not given.
pub(super) fn read(text: Text<'_>, separator: Option<u8>, builder: Builder) -> Result<Table> {
    let (separator, skip) = match separator {
        Some(separator) => (separator, 0),
        None => sniffed(&text.prefix),
    };
    let mut rows = Rows { text, separator, line: 1, blank: 0, record: Record::default(), builder };
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
    /// Blank lines that were read one after the other.
    blank: u64,
    record: Record,
    builder: Builder,
}

impl Rows<'_> {
    /// Reads the next record. Returns false at the end.
    fn next(&mut self) -> Result<bool> {
        let any = self.record()?;
        self.blank = if any && self.record.is_blank() { self.blank + 1 } else { 0 };
        self.builder.check_blank(self.blank, self.record.line)?;
        Ok(any)
    }

    fn record(&mut self) -> Result<bool> {
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
            // one in a name or a cell is somebody's padding
            if used >= MANY_ZEROS && buffer.iter().all(|&byte| byte == 0) {
                return Err(self.builder.zero_bytes(self.line));
            }
            self.text.reader.consume(used);
            let pending = record.bytes.len() + record.ends.len() * size_of::<usize>();
            self.builder.check_row(pending, record.line)?;
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

    /// A cell that is not UTF-8: a name is shown as what it is in Windows-1252, the usual other encoding; of another cell, which may be a
    /// record of a person, the letters beyond ASCII alone.
    fn not_utf8(&self, at: usize) -> Error {
        let start = if at == 0 { 0 } else { self.record.ends[at - 1] };
        let bytes = &self.record.bytes[start..self.record.ends[at]];
        let name = self.builder.names().get(at);
        let column =
            name.map_or_else(|| format!("cell {}", at + 1), |name| format!("column {}", quoted(name)));
        let shown = bytes.iter().filter(|byte| name.is_none() || !byte.is_ascii()).take(60);
        let latin: String = shown.map(|&byte| char::from(byte)).collect();
        let part = if name.is_some() { "what is beyond ASCII in it" } else { "it" };
        let what = format!(
            "{column} is not UTF-8 text; {part} reads {} in Latin-1 (Windows-1252), the encoding of many exports",
            quoted(&latin)
        );
        let help = "save the file as UTF-8 (Excel: \"CSV UTF-8\"), or: iconv -f WINDOWS-1252 -t UTF-8";
        self.builder.malformed(Some(self.record.line), what, help)
    }
}

/// Zero bytes in a row that no text holds.
const MANY_ZEROS: usize = 4096;
const QUOTES: &str = "close the quote; a quote within a quoted cell is written twice";

fn failed(builder: &Builder, line: u64, source: std::io::Error) -> Error {
    if source.kind() == std::io::ErrorKind::InvalidData {
        return builder.malformed(Some(line), source.to_string(), "save the file as UTF-8");
    }
    stream::failed(&builder.input, source)
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
