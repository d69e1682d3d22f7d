//! Labels in a table of their own, joined to the samples by id.

use std::collections::HashMap;

use anyhow::ensure;

use super::manifest::{Entry, Join};
use super::table::Table;

/// Labels by id.
pub(super) struct Labels {
    by_id: HashMap<String, String>,
    /// Column of ids in the table of samples.
    pub(super) sample: String,
    before: Option<char>,
}

impl Labels {
    /// Reads the table of labels.
    ///
    /// # Errors
    /// A column is missing, a row cannot be parsed, an id has two labels, or the number of rows differs from the manifest.
    pub(super) fn read(bytes: &[u8], entry: &Entry, join: &Join) -> anyhow::Result<Self> {
        let path = &join.file.path;
        let mut table = Table::open(bytes, entry, path)?;
        let (id, label) = (table.column(&join.id)?, table.column(&entry.label)?);
        let (mut by_id, mut rows) = (HashMap::new(), 0);
        for record in table.records() {
            let record = record?;
            let value = record[label].trim().to_owned();
            let known = by_id.insert(record[id].trim().to_owned(), value.clone());
            ensure!(known.is_none_or(|known| known == value), "{path}: {} has two labels", &record[id]);
            rows += 1;
        }
        ensure!(rows == join.file.rows, "{path}: {rows} rows, {} expected", join.file.rows);
        Ok(Self { by_id, sample: join.sample.clone(), before: join.before })
    }

    /// The label of the sample with this id, if it has one.
    pub(super) fn of(&self, sample: &str) -> Option<&str> {
        let id = self.before.and_then(|end| sample.split(end).next()).unwrap_or(sample);
        self.by_id.get(id.trim()).map(String::as_str)
    }
}
