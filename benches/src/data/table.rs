//! Tables of delimited values.

use anyhow::Context;
use csv::{Reader, ReaderBuilder, StringRecord};

use super::manifest::Entry;

/// A table that is being read.
pub(super) struct Table<'a> {
    reader: Reader<&'a [u8]>,
    names: Vec<String>,
    /// Path of the file, for messages.
    path: &'a str,
}

impl<'a> Table<'a> {
    /// Opens the bytes of a file with the entry's delimiter and header. Without a row of names, columns are named by their indices,
    /// from 0.
    ///
    /// # Errors
    /// The delimiter is not an ASCII character, or the first row cannot be parsed.
    pub(super) fn open(bytes: &'a [u8], entry: &Entry, path: &'a str) -> anyhow::Result<Self> {
        let delimiter = u8::try_from(entry.delimiter).context("a delimiter is one byte")?;
        let mut reader =
            ReaderBuilder::new().delimiter(delimiter).has_headers(entry.header).from_reader(bytes);
        let first = reader.headers().with_context(|| path.to_owned())?;
        let names = match entry.header {
            true => first.iter().map(str::to_owned).collect(),
            false => (0..first.len()).map(|column| column.to_string()).collect(),
        };
        Ok(Self { reader, names, path })
    }

    /// Number of columns.
    pub(super) fn columns(&self) -> usize {
        self.names.len()
    }

    /// Index of the column with this name.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn column(&self, name: &str) -> anyhow::Result<usize> {
        let found = self.names.iter().position(|column| column == name);
        found.with_context(|| format!("{}: no column `{name}`", self.path))
    }

    /// The remaining rows.
    pub(super) fn records(&mut self) -> impl Iterator<Item = anyhow::Result<StringRecord>> {
        let path = self.path;
        self.reader.records().map(move |record| record.with_context(|| path.to_owned()))
    }
}
