//! Tables as JSON lines: one object a line, keys are columns.

use std::collections::HashMap;
use std::fmt;
use std::io::{BufRead, Read};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::builder::Builder;
use super::stream::{self, Text};
use crate::error::Result;
use crate::table::{Places, Table};
use crate::wording::quoted;

/// Reads JSON lines. The first object names the columns.
pub(super) fn read(text: Text<'_>, mut builder: Builder) -> Result<Table> {
    let mut lines = Lines { text, line: 0, buffer: Vec::new() };
    let Some(first) = lines.next_object(&builder)? else {
        return Err(builder.malformed(None, "the file is empty", ""));
    };
    let names: Vec<String> = first.0.iter().map(|(key, _)| key.clone()).collect();
    if names.is_empty() {
        return Err(builder.malformed(Some(lines.line), "the first object has no keys", OBJECT));
    }
    let known: HashMap<String, usize> = names.iter().cloned().zip(0..).collect();
    if known.len() < names.len() {
        let twice = names.iter().enumerate().find(|(at, name)| known[*name] != *at).map(|(_, name)| name);
        let name = quoted(twice.map_or("", String::as_str));
        return Err(builder.malformed(
            Some(lines.line),
            format!("two columns are named {name}"),
            "rename one of them",
        ));
    }
    builder.name_columns(names, Places::Lines)?;
    let mut object = Some(first);
    let mut cells = vec![None; known.len()];
    while let Some(row) = object {
        for (key, value) in row.0 {
            let line = Some(lines.line);
            let Some(&column) = known.get(&key) else {
                let what = format!("the key {} is new; the first object does not have it", quoted(&key));
                return Err(builder.malformed(
                    line,
                    what,
                    "give the first object every key, with null for a missing value",
                ));
            };
            if cells[column].is_some() {
                return Err(builder.malformed(line, format!("the key {} occurs twice", quoted(&key)), ""));
            }
            if value.get().starts_with('{') {
                let what =
                    format!("the value of {} is a nested object; a cell holds one value", quoted(&key));
                return Err(builder.malformed(line, what, "write its fields as keys of their own"));
            }
            let text = cell(&value).map_err(|error| {
                let what = format!("the value of {} cannot be read: {error}", quoted(&key));
                builder.malformed(line, what, OBJECT)
            })?;
            cells[column] = Some(text);
        }
        for (column, cell) in cells.iter_mut().enumerate() {
            builder.push(column, cell.take().as_deref().unwrap_or_default());
        }
        builder.end_row(lines.line)?;
        object = lines.next_object(&builder)?;
    }
    builder.finish()
}

const LIST: &str = "a JSON list is not read; write one object a line, for example by: jq -c '.[]'";
const OBJECT: &str = "each line must hold one JSON object, such as {\"age\": 61, \"label\": 1}";

struct Lines<'a> {
    text: Text<'a>,
    /// Number of the last line that was read.
    line: u64,
    buffer: Vec<u8>,
}

impl Lines<'_> {
    /// The object on the next line that is not blank.
    fn next_object(&mut self, builder: &Builder) -> Result<Option<Object>> {
        let mut blank = 0;
        loop {
            self.buffer.clear();
            loop {
                // A line arrives in pieces, so that one without an end meets a limit first.
                let before = self.buffer.len();
                let mut piece = (&mut self.text.reader).take(1 << 20);
                let count =
                    piece.read_until(b'\n', &mut self.buffer).map_err(|source| match source.kind() {
                        std::io::ErrorKind::InvalidData => builder.malformed(
                            Some(self.line + 1),
                            source.to_string(),
                            "save the file as UTF-8",
                        ),
                        _ => stream::failed(&builder.input, source),
                    })?;
                if self.buffer[before..].contains(&0) {
                    return Err(builder.zero_bytes(self.line + 1));
                }
                builder.check_row(self.buffer.len(), self.line + 1)?;
                if count == 0 || self.buffer.ends_with(b"\n") {
                    break;
                }
            }
            if self.buffer.is_empty() {
                return Ok(None);
            }
            self.line += 1;
            let text = std::str::from_utf8(&self.buffer).map_err(|error| {
                let what = format!("not UTF-8 text (byte {} of the line)", error.valid_up_to() + 1);
                builder.malformed(
                    Some(self.line),
                    what,
                    "save the file as UTF-8, for example by: iconv -f WINDOWS-1252 -t UTF-8",
                )
            })?;
            let text = text.trim();
            if text.is_empty() {
                blank += 1;
                builder.check_blank(blank, self.line)?;
            } else {
                return serde_json::from_str(text).map(Some).map_err(|error| {
                    // The message of serde ends in a place within the line, which it takes for the first.
                    let reason = error.to_string();
                    let reason = reason.split(" at line ").next().unwrap_or_default();
                    let what = match (text.starts_with('{'), error.column()) {
                        (true, at) if at > 0 => {
                            format!("not a JSON object: {reason} at character {at} of the line")
                        }
                        // The line itself may be a record of a person.
                        _ => {
                            let found = if text.starts_with('[') { "a list" } else { "something else" };
                            let length = crate::wording::counted(text.chars().count(), "character");
                            format!("not a JSON object, but {found} ({length})")
                        }
                    };
                    let help = if text.starts_with('[') { LIST } else { OBJECT };
                    builder.malformed(Some(self.line), what, help)
                });
            }
        }
    }
}

/// The text of a value. Lists stay JSON, for labels with several classes. Numbers keep the digits of the file, since a whole number
/// beyond 2^64 would become another one.
fn cell(value: &RawValue) -> serde_json::Result<String> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str(text),
        Some(b'[') => Ok(serde_json::from_str::<Value>(text)?.to_string()),
        Some(b'n') => Ok(String::new()),
        _ => Ok(text.to_owned()),
    }
}

/// A JSON object with its keys in the order of the file.
#[derive(Debug)]
struct Object(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Object, A::Error> {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Format, ReadOptions, read_from};
    use super::*;

    fn read(text: &[u8]) -> Result<Table> {
        read_from(text, "t.jsonl", Some(Format::Jsonl), &ReadOptions::default())
    }

    #[test]
    fn rows_may_change_order_and_lack_keys() {
        let table =
            read(b"{\"b\": 2, \"a\": true}\r\n\n{\"a\": null, \"b\": 0.5}\n{\"b\": [\"x\", \"y\"]}").unwrap();
        assert_eq!(table.names(), ["b", "a"]);
        assert_eq!(table.column(0).collect::<Vec<_>>(), ["2", "0.5", "[\"x\",\"y\"]"]);
        assert_eq!(table.column(1).collect::<Vec<_>>(), ["true", "", ""]);
        assert_eq!(table.place(1), "row 2 (line 3)");
    }

    #[test]
    fn numbers_keep_their_digits() {
        let table =
            read(b"{\"nr\": 100000000000000000001}\n{\"nr\": 100000000000000000002}\n{\"nr\": -1.50}")
                .unwrap();
        let cells: Vec<&str> = table.column(0).collect();
        assert_eq!(cells, ["100000000000000000001", "100000000000000000002", "-1.50"]);
        let escaped = read(b"{\"a\": \"\\u00e4\\n\"}").unwrap();
        assert_eq!(escaped.cell(0, 0), "\u{e4}\n");
        let half = read(b"{\"a\": \"\\ud800\"}").unwrap_err().to_string();
        assert!(half.contains("line 1: the value of \"a\" cannot be read"), "{half}");
    }

    #[test]
    fn a_json_list_gets_advice() {
        assert!(read(b"[{\"a\": 1}]").unwrap_err().help().unwrap().contains("jq"));
    }

    #[test]
    fn bad_lines_are_refused_without_advice_for_csv() {
        for (text, what) in [
            ("{\"a\": 1}\n{\"b\": 1}", "line 2: the key \"b\" is new"),
            ("{\"a\": 1}\n[1]", "line 2: not a JSON object, but a list (3 characters)"),
            ("{\"a\": 1}\n{\"a\": }", "line 2: not a JSON object: expected value at character 7"),
            ("{\"a\": {\"x\": 1}}", "line 1: the value of \"a\" is a nested object"),
            ("{\"a\": 1, \"a\": 2}", "two columns are named \"a\""),
            ("{\"a\": 1}\n{\"a\": 1, \"a\": 2}", "line 2: the key \"a\" occurs twice"),
            ("{}", "no keys"),
            (" \n", "empty"),
        ] {
            let error = read(text.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(what), "{text}: {error}");
            assert!(!error.help().unwrap_or_default().contains("quotes"), "{text}");
        }
        assert!(
            read(b"{\"a\": 1}\n{\"a\": \"\xff\"}").unwrap_err().to_string().contains("line 2: not UTF-8")
        );
    }
}
