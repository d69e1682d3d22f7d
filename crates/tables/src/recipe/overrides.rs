//! What the user says about columns, over what was found out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::kinds::Wish;
use crate::table::Table;

/// What stands in for a missing value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Impute {
    /// The median of numbers and dates, the most frequent truth value or level.
    #[default]
    Auto,
    /// The median of numbers and dates; as [`Impute::Auto`] for the other kinds.
    Median,
    /// The mean of numbers and dates; as [`Impute::Auto`] for the other kinds.
    Mean,
    /// The most frequent value.
    MostFrequent,
    /// Nothing: missing values are a problem, in training and later.
    Refuse,
}

/// What the user says about columns. Names must be columns of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Columns to leave out.
    pub drop: Vec<String>,
    /// Columns to take as numbers, identifiers included. Cells that are none are a problem.
    pub numeric: Vec<String>,
    /// Columns to take as categories.
    pub categorical: Vec<String>,
    /// What stands in for missing values.
    pub impute: Impute,
    /// What stands in for missing values of single columns.
    pub impute_columns: BTreeMap<String, Impute>,
    /// Whether dates also give the day of the week, as seven features.
    pub weekday: bool,
    /// Whether dates also give the month, as twelve features.
    pub month: bool,
    /// Whether `01/02/2024` is the first of February, where no cell tells.
    pub day_first: Option<bool>,
    /// Whether `1,234` is less than two, where no cell tells.
    pub decimal_comma: Option<bool>,
}

impl Overrides {
    /// The wish for a column.
    pub(super) fn wish(&self, name: &str) -> Wish {
        if self.numeric.iter().any(|column| column == name) {
            Wish::Numeric
        } else if self.categorical.iter().any(|column| column == name) {
            Wish::Categorical
        } else {
            Wish::None
        }
    }

    pub(super) fn drops(&self, name: &str) -> bool {
        self.drop.iter().any(|column| column == name)
    }

    pub(super) fn impute_for(&self, name: &str) -> Impute {
        self.impute_columns.get(name).copied().unwrap_or(self.impute)
    }

    /// Checks that all names are columns, and that no column is named for two things.
    ///
    /// # Errors
    /// An unknown name; a contradiction.
    pub(super) fn check(&self, table: &Table) -> Result<()> {
        let lists =
            [("--drop", &self.drop), ("--numeric", &self.numeric), ("--categorical", &self.categorical)];
        for (flag, names) in lists {
            for name in names {
                table.find_for(name, &format!(" (asked for by {flag})"))?;
                let other = lists.iter().find(|(other, names)| *other != flag && names.contains(name));
                if let Some((other, _)) = other {
                    return Err(Error::Wishes {
                        what: format!("column {name:?} is named by both {flag} and {other}"),
                        help: "name it once".to_owned(),
                    });
                }
            }
        }
        for name in self.impute_columns.keys() {
            table.find_for(name, " (asked for by --impute)")?;
        }
        Ok(())
    }
}
