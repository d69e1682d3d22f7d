//! Tables as JSON lines: one object a line.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use csv::StringRecord;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::failures::{not_utf8, ragged};
use crate::exit::{Failure, Kind, Result};

/// The lines of a table.
#[derive(Debug)]
pub(super) struct JsonLines {
    lines: BufReader<File>,
    /// Number of the last line that was read.
    line: u64,
    buffer: Vec<u8>,
    /// The first object, which named the columns, until it is read as a row.
    first: Option<Object>,
}

impl JsonLines {
    /// Reads the first object, whose keys name the columns.
    ///
    /// # Errors
    /// An empty file; a first line that is not a JSON object; a failed read.
    pub(super) fn open(path: &Path, file: File) -> Result<(Vec<String>, Self)> {
        let mut opened = Self { lines: BufReader::new(file), line: 0, buffer: Vec::new(), first: None };
        let Some(first) = opened.next_object(path)? else {
            return Err(Failure::data(format!("{}: the file is empty", path.display())));
        };
        let columns = first.0.iter().map(|(key, _)| key.clone()).collect();
        opened.first = Some(first);
        Ok((columns, opened))
    }

    /// Number of the last line that was read, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Appends the values of the next object to `cells`, in the order of the columns. Returns false at the end.
    ///
    /// # Errors
    /// An object with other keys; text that is not UTF-8; a line that is not a JSON object; a failed read.
    pub(super) fn read(&mut self, path: &Path, columns: &[String], cells: &mut StringRecord) -> Result<bool> {
        let object = match self.first.take() {
            Some(object) => object,
            None => match self.next_object(path)? {
                Some(object) => object,
                None => return Ok(false),
            },
        };
        let line = self.line;
        if object.0.len() != columns.len() {
            return Err(ragged(path, line, columns.len(), object.0.len()));
        }
        for name in columns {
            let Some((_, value)) = object.0.iter().find(|(key, _)| key == name) else {
                return Err(Failure::data(format!(
                    "{}: line {line} has no value {name:?}, which the first line has",
                    path.display()
                )));
            };
            cells.push_field(&cell(value));
        }
        Ok(true)
    }

    /// The object on the next line that is not blank.
    fn next_object(&mut self, path: &Path) -> Result<Option<Object>> {
        let failed = |error| Failure::io("read", path, Kind::Data, error);
        loop {
            self.buffer.clear();
            if self.lines.read_until(b'\n', &mut self.buffer).map_err(failed)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            let line = self.line;
            let text = std::str::from_utf8(&self.buffer).map_err(|error| {
                not_utf8(path, line, &format!("byte {} of the line", error.valid_up_to() + 1))
            })?;
            let text = text.trim_start_matches('\u{feff}').trim();
            if !text.is_empty() {
                return serde_json::from_str(text).map(Some).map_err(|error| {
                    Failure::data(format!("{}: line {line}: not a JSON object", path.display()))
                        .because(error)
                        .help("each line must hold one JSON object, such as {\"text\": \"..\", \"label\": 1}")
                });
            }
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
