//! An uploaded table: its name, and what was found in it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::files;
use crate::id::Id;
use crate::place::Place;
use crate::problem::{Answer, Problem};

/// Endings of tables that the command line reads.
const ENDINGS: [&str; 10] = ["csv", "txt", "tsv", "tab", "jsonl", "ndjson", "json", "parquet", "pq", "xlsx"];
/// Most characters of a file's name that are kept to show it.
const LONGEST_NAME: usize = 120;

/// A table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) id: Id,
    /// The name of the file at the user's, to show.
    pub(crate) name: String,
    /// The name under which it is kept.
    kept: String,
    pub(crate) bytes: u64,
    /// When it came, in milliseconds since 1970.
    pub(crate) created: i64,
}

impl Table {
    /// A table of this name, which has not come yet. The name gives the format and is otherwise shown alone.
    ///
    /// # Errors
    /// The name has no ending of a table.
    pub(crate) fn announced(name: &str, created: i64) -> Answer<Self> {
        let id = Id::random()?;
        let bare: String = name.chars().filter(|sign| !sign.is_control()).take(LONGEST_NAME).collect();
        let kept = kept(name).ok_or_else(|| {
            Problem::malformed("this is no table that train-head reads").help(format!(
                "{}; each may be packed by gzip (.gz)",
                ENDINGS.map(|ending| format!(".{ending}")).join(", ")
            ))
        })?;
        Ok(Self { id, name: bare, kept, bytes: 0, created })
    }

    /// Reads what is known of a table.
    ///
    /// # Errors
    /// There is no such table.
    pub(crate) fn read(place: &Place, id: &Id) -> Answer<Self> {
        let about = files::read(&place.data(id).join("about.json"))?;
        about
            .filter(|table: &Self| table.id == *id && kept(&table.kept).as_ref() == Some(&table.kept))
            .ok_or_else(|| Problem::absent("table"))
    }

    /// The file's name in its folder.
    pub(crate) fn kept(&self) -> &str {
        &self.kept
    }

    /// The file.
    pub(crate) fn path(&self, place: &Place) -> PathBuf {
        place.data(&self.id).join(&self.kept)
    }

    /// What was found in it, if it was looked at.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub(crate) fn looked_at(&self, place: &Place) -> Answer<Option<Value>> {
        Ok(files::read(&place.data(&self.id).join("look.json"))?)
    }

    /// Names of its columns.
    ///
    /// # Errors
    /// It was not looked at.
    pub(crate) fn columns(&self, place: &Place) -> Answer<Vec<String>> {
        Ok(self.described(place)?.iter().filter_map(name).map(str::to_owned).collect())
    }

    /// Whether a column, as labels, holds amounts.
    ///
    /// # Errors
    /// It was not looked at.
    pub(crate) fn are_numbers(&self, place: &Place, label: &str) -> Answer<bool> {
        let columns = self.described(place)?;
        let found = columns.iter().find(|column| name(column) == Some(label));
        let kind = found.and_then(|column| column.pointer("/labels/kind")).and_then(Value::as_str);
        Ok(kind == Some("numbers"))
    }

    fn described(&self, place: &Place) -> Answer<Vec<Value>> {
        let look =
            self.looked_at(place)?.ok_or_else(|| Problem::conflict("the table was not looked at yet"))?;
        Ok(look.get("columns").and_then(Value::as_array).cloned().unwrap_or_default())
    }
}

/// The name of a column that was looked at.
fn name(column: &Value) -> Option<&str> {
    column.get("name").and_then(Value::as_str)
}

/// The name under which a table is kept: its ending, if it is one of a table.
fn kept(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let (plain, packed) = lower.strip_suffix(".gz").map_or((lower.as_str(), ""), |plain| (plain, ".gz"));
    let (_, ending) = plain.rsplit_once('.')?;
    ENDINGS.contains(&ending).then(|| format!("table.{ending}{packed}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_of_files_give_the_format_and_no_path() {
        for (name, expected) in [
            ("notes.csv", Some("table.csv")),
            ("../../etc/Ward 3.XLSX", Some("table.xlsx")),
            ("a.jsonl.gz", Some("table.jsonl.gz")),
            ("a.csv/../x", None),
            ("passwd", None),
            ("x.exe", None),
            ("csv", None),
            ("", None),
        ] {
            assert_eq!(kept(name).as_deref(), expected, "{name}");
        }
        assert_eq!(Table::announced("a\n\u{7}b.csv", 0).unwrap().name, "ab.csv");
    }
}
