//! Stored recipes are checked when they are read: nothing that no fit wrote gets through.

use std::collections::HashSet;

use super::fitting::{MAX_LEVEL_BYTES, MAX_RARE};
use super::stored::{ColumnRecipe, MAX_LEVELS, Recipe, Stored, Treatment};
use crate::error::{Error, Result};
use crate::value::boolean::is_pair;
use crate::value::number::LARGEST;
use crate::wording::quoted;

/// Most columns of a recipe.
const MAX_COLUMNS: usize = 1 << 20;
/// Most rows that a recipe may have been fitted on: more than any table in memory.
const MAX_ROWS: u64 = 1 << 40;
/// Most days before or after 1970-01-01; chrono's calendar ends a little later.
const MAX_DAYS: f64 = 90_000_000.0;

impl TryFrom<Stored> for Recipe {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let refused = |what: String| Err(Error::Recipe { what });
        if stored.columns.len() > MAX_COLUMNS {
            return refused(format!("{} columns", stored.columns.len()));
        }
        if stored.rows as u64 > MAX_ROWS {
            return refused(format!("it was fitted on {} rows", stored.rows));
        }
        let mut names = HashSet::new();
        for column in &stored.columns {
            if !names.insert(column.name.as_str()) {
                return refused(format!("two columns are named {}", quoted(&column.name)));
            }
            if let Err(what) = check(column, stored.rows) {
                return refused(format!("column {}: {what}", quoted(&column.name)));
            }
        }
        Ok(Self { stored })
    }
}

fn check(column: &ColumnRecipe, rows: usize) -> std::result::Result<(), String> {
    let wrong = |what: &str| Err(what.to_owned());
    if column.missing > rows || column.distinct > rows {
        return wrong("more values than rows");
    }
    let filled = match &column.treatment {
        Treatment::Numeric { low, high, fill, .. } => {
            check_range(*low, *high, *fill, LARGEST)?;
            fill.is_some()
        }
        Treatment::Date { first, last, fill, .. } => {
            check_range(*first, *last, *fill, MAX_DAYS)?;
            fill.is_some()
        }
        Treatment::Boolean { yes, no, fill } => {
            if !is_pair(yes, no) {
                return wrong("its words are no pair of truth values");
            }
            fill.is_some()
        }
        Treatment::Category { levels, rare, fill, .. } => {
            if levels.len() > MAX_LEVELS || rare.len() > MAX_RARE {
                return wrong("too many levels");
            }
            let mut seen = HashSet::new();
            if !levels.iter().chain(rare).all(|level| level.len() <= MAX_LEVEL_BYTES && seen.insert(level)) {
                return wrong("a level is too long or occurs twice");
            }
            if fill.as_ref().is_some_and(|fill| !levels.contains(fill)) {
                return wrong("the level for missing values is not one of the levels");
            }
            fill.is_some()
        }
        Treatment::LeftOut { .. } => false,
    };
    if column.indicator && !filled {
        return wrong("an indicator of missing values, but nothing that stands in for them");
    }
    Ok(())
}

fn check_range(low: f64, high: f64, fill: Option<f64>, most: f64) -> std::result::Result<(), String> {
    let fine = |value: f64| value.abs() <= most;
    if fine(low) && fine(high) && low <= high && fill.is_none_or(fine) {
        Ok(())
    } else {
        Err("its range is empty, or reaches beyond what is read".to_owned())
    }
}
