//! Labels that lie in a table of their own, found by the sample's id.

use std::collections::HashMap;

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::manifest::Entry;
use super::published::File;
use super::table;

/// Where the labels are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Join {
    /// The table of labels.
    pub(crate) file: File,
    /// Its column of ids.
    id: String,
    /// The samples' column of ids.
    sample: String,
    /// What of a sample's id comes before this is looked up; all by default.
    before: Option<char>,
}

/// Labels by id.
pub(super) struct Labels {
    by_id: HashMap<String, String>,
    /// The samples' column of ids.
    pub(super) sample: String,
    before: Option<char>,
}

impl Labels {
    /// Reads the table of labels.
    ///
    /// # Errors
    /// No such columns, a row that does not parse, an id with two labels, or another number of rows than the manifest says.
    pub(super) fn read(bytes: &[u8], entry: &Entry, join: &Join) -> anyhow::Result<Self> {
        let path = &join.file.path;
        let (mut reader, names) = table::open(bytes, entry)?;
        let (id, label) =
            (table::column(&names, &join.id, path)?, table::column(&names, &entry.label, path)?);
        let (mut by_id, mut rows) = (HashMap::new(), 0);
        for record in reader.records() {
            let record = record.with_context(|| path.clone())?;
            let value = record[label].trim().to_owned();
            let known = by_id.insert(record[id].trim().to_owned(), value.clone());
            ensure!(known.is_none_or(|known| known == value), "{path}: {} has two labels", &record[id]);
            rows += 1;
        }
        ensure!(rows == join.file.rows, "{path}: {rows} rows, {} expected", join.file.rows);
        Ok(Self { by_id, sample: join.sample.clone(), before: join.before })
    }

    /// The label of the sample with this id.
    pub(super) fn of(&self, sample: &str) -> Option<&String> {
        let id = self.before.and_then(|end| sample.split(end).next()).unwrap_or(sample);
        self.by_id.get(id.trim())
    }
}
