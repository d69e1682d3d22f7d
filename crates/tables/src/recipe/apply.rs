//! Applying a recipe to new rows.

use std::collections::HashMap;

use ndarray::{Array2, ArrayViewMut1, Axis, s};
use serde::Serialize;

use super::encode::{Groups, day, write_date};
use super::fitting::MAX_RARE;
use super::stored::{ColumnRecipe, Recipe, Treatment};
use crate::error::{Problem, Problems, Result};
use crate::table::Table;
use crate::value::boolean::truth;
use crate::value::canonical;
use crate::value::missing::{is_missing, is_missing_among_numbers};
use crate::value::number::LARGEST;
use crate::wording::{counted, near, short_number, shown};

/// Most new levels of a column that are kept by name.
const MOST_NEW_LEVELS: usize = 5;

/// Features, and what happened to the cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// Rows of the table by features, all finite.
    pub x: Array2<f64>,
    /// What is worth saying, for each column where there is something.
    pub columns: Vec<AppliedColumn>,
}

/// What happened to the cells of a column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AppliedColumn {
    /// Name of the column.
    pub name: String,
    /// Rows whose value was missing, with something in its stead now.
    pub imputed: usize,
    /// Rows with a level that the training rows did not have.
    pub new_level_rows: usize,
    /// The first few of these levels.
    pub new_levels: Vec<String>,
    /// What these levels count as.
    #[serde(skip)]
    pub new_levels_as: &'static str,
    /// Rows outside the range of the training rows.
    pub outside: usize,
    /// That range, as text.
    pub range: String,
    /// Rows in all.
    pub rows: usize,
    /// Whether the values are dates; new ones lie after those of the training rows as a rule.
    #[serde(skip)]
    pub dates: bool,
}

impl AppliedColumn {
    /// Whether every value that is not missing lies outside the range of the training rows. Dates, which do so as a rule, do not count.
    pub fn all_outside(&self) -> bool {
        self.outside > 1 && self.outside == self.rows - self.imputed.min(self.rows) && !self.dates
    }
}

impl Applied {
    /// One sentence for each thing worth saying.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for column in &self.columns {
            let AppliedColumn { name, rows, .. } = column;
            if column.imputed > 0 {
                notes.push(format!(
                    "column {name:?}: {} of {rows} values are missing and were imputed",
                    column.imputed
                ));
            }
            if column.new_level_rows > 0 {
                let shown: Vec<String> = column.new_levels.iter().map(|level| shown(level)).collect();
                let what = counted(column.new_level_rows, "row");
                notes.push(format!(
                    "column {name:?}: {what} with levels that the training rows did not have, such as {}; they count as {}",
                    shown.join(", "),
                    column.new_levels_as
                ));
            }
            if column.all_outside() {
                let present = column.outside;
                let what = format!(
                    "all {present} values lie outside the range of the training rows ({}): are they in another unit, or do they name rows?",
                    column.range
                );
                notes.push(format!("column {name:?}: {what}"));
            } else if column.outside > 0 {
                let what = format!(
                    "{} of {rows} values lie outside the range of the training rows ({})",
                    column.outside, column.range
                );
                notes.push(format!("column {name:?}: {what}"));
            }
        }
        notes
    }
}

impl Recipe {
    /// Features of new rows. Columns are found by name; others of the table do not matter.
    ///
    /// A level that the training rows did not have counts as `other` if the recipe has such a group; else all features of the column are 0,
    /// or a half where one tells two levels apart. Either way it is reported.
    ///
    /// # Errors
    /// All columns that are missing or hold a cell that cannot be read as in training, in one error with their places.
    pub fn apply(&self, table: &Table) -> Result<Applied> {
        let mut x = Array2::zeros((table.rows(), self.features()));
        let (mut columns, mut problems) = (Vec::new(), Vec::new());
        let mut at = 0;
        for column in self.stored.columns.iter().filter(|column| column.is_used()) {
            let width = column.width();
            let Some(found) = table.names().iter().position(|name| *name == column.name) else {
                problems.push(lacking(column, table));
                continue;
            };
            let mut target = x.slice_mut(s![.., at..at + width]);
            at += width;
            let mut said =
                AppliedColumn { name: column.name.clone(), rows: table.rows(), ..AppliedColumn::default() };
            let mut cells = Cells::new(column);
            let mut unread: Option<(usize, String, usize)> = None;
            for (row, out) in target.axis_iter_mut(Axis(0)).enumerate() {
                let Err(what) = cells.write(table.cell(row, found), out, &mut said) else { continue };
                unread.get_or_insert((row, what, 0)).2 += 1;
            }
            match unread {
                Some((row, what, count)) => problems.push(refused(column, table, row, &what, count)),
                None if said.imputed + said.new_level_rows + said.outside > 0 => columns.push(said),
                None => {}
            }
        }
        Problems(problems).into_result(table.input())?;
        Ok(Applied { x, columns })
    }
}

fn lacking(column: &ColumnRecipe, table: &Table) -> Problem {
    let help =
        near(&column.name, table.names()).map_or(String::new(), |near| format!("did you mean {near:?}?"));
    Problem {
        column: column.name.clone(),
        place: String::new(),
        what: "the table has no such column, and the model needs it".to_owned(),
        help,
    }
}

fn refused(column: &ColumnRecipe, table: &Table, row: usize, what: &str, count: usize) -> Problem {
    let more = if count > 1 { format!(", and {} more", counted(count - 1, "cell")) } else { String::new() };
    let help = match &column.treatment {
        Treatment::Numeric { notation, .. } => {
            format!("numbers must be written as in training, like {}", notation.example())
        }
        Treatment::Date { order, .. } => {
            format!("dates must be written as in training, like {}", order.example())
        }
        Treatment::Boolean { yes, no, .. } => format!("the values of the training rows are {yes} and {no}"),
        _ => String::new(),
    };
    let what = format!("{what}{more}");
    Problem { column: column.name.clone(), place: table.place(row), what, help }
}

/// Reads the cells of one column.
struct Cells<'a> {
    column: &'a ColumnRecipe,
    /// The group of each level, the rare ones included.
    groups: HashMap<&'a str, Option<usize>>,
    buffer: Vec<f64>,
}

impl<'a> Cells<'a> {
    fn new(column: &'a ColumnRecipe) -> Self {
        let mut groups = HashMap::new();
        if let Treatment::Category { levels, other, rare, .. } = &column.treatment {
            groups.extend(rare.iter().map(|level| (level.as_str(), other.then_some(levels.len()))));
            groups.extend(levels.iter().map(String::as_str).zip((0..).map(Some)));
        }
        Self { column, groups, buffer: vec![0.0; column.width()] }
    }

    /// Writes the features of a cell.
    ///
    /// # Errors
    /// Why the cell cannot be read.
    fn write(
        &mut self,
        cell: &str,
        mut out: ArrayViewMut1<'_, f64>,
        said: &mut AppliedColumn,
    ) -> std::result::Result<(), String> {
        let indicator = self.column.indicator;
        let values = self.buffer.len() - usize::from(indicator);
        let missing = self.values(cell, said)?;
        said.imputed += usize::from(missing);
        if indicator {
            self.buffer[values] = f64::from(u8::from(missing));
        }
        for (to, from) in out.iter_mut().zip(&self.buffer) {
            *to = *from;
        }
        Ok(())
    }

    /// Writes the features into the buffer, without the indicator. Returns whether the value was missing.
    fn values(&mut self, cell: &str, said: &mut AppliedColumn) -> std::result::Result<bool, String> {
        let indicator = self.column.indicator;
        let values = self.buffer.len() - usize::from(indicator);
        let out = &mut self.buffer[..values];
        let gap = || {
            "the value is missing; the training rows had none, or --impute refused to fill them in".to_owned()
        };
        match &self.column.treatment {
            Treatment::Numeric { notation, low, high, fill } => {
                let missing = is_missing_among_numbers(cell);
                let value = if missing { fill.ok_or_else(gap)? } else { number(notation.parse(cell), cell)? };
                if !missing && !(*low..=*high).contains(&value) {
                    said.outside += 1;
                    said.range = format!("{} to {}", short_number(*low), short_number(*high));
                }
                out[0] = value;
                Ok(missing)
            }
            Treatment::Date { order, first, last, fill, weekday, month } => {
                let missing = is_missing_among_numbers(cell);
                let days = if missing {
                    fill.ok_or_else(gap)?
                } else {
                    order.days(cell).ok_or_else(|| format!("{} is not a date", shown(cell)))?
                };
                if !missing && !(*first..=*last).contains(&days) {
                    said.outside += 1;
                    said.range = format!("{} to {}", day(*first), day(*last));
                    said.dates = true;
                }
                write_date(days, *first, *weekday, *month, out);
                Ok(missing)
            }
            Treatment::Boolean { yes, no, fill } => {
                let missing = is_missing(cell);
                let value = if missing {
                    fill.ok_or_else(gap)?
                } else {
                    truth(cell, (yes, no))
                        .ok_or_else(|| format!("{} is neither {yes} nor {no}", shown(cell)))?
                };
                out[0] = f64::from(u8::from(value));
                Ok(missing)
            }
            Treatment::Category { levels, other, rare, fill } => {
                let missing = is_missing(cell);
                let level = if missing { fill.as_deref().ok_or_else(gap)? } else { canonical(cell) };
                let groups = Groups::of(levels.len(), *other, !rare.is_empty());
                let group = match self.groups.get(level) {
                    Some(group) => *group,
                    // A recipe that could not keep all rare levels cannot tell which are new.
                    None if rare.len() == MAX_RARE => other.then_some(levels.len()),
                    None => {
                        said.new_level_rows += 1;
                        said.new_levels_as = match groups {
                            _ if *other => "`other`",
                            Groups::One(_) => "halfway between the two that they had",
                            _ => "none of those that they had",
                        };
                        if said.new_levels.len() < MOST_NEW_LEVELS
                            && !said.new_levels.iter().any(|known| known == level)
                        {
                            said.new_levels.push(level.to_owned());
                        }
                        other.then_some(levels.len())
                    }
                };
                groups.write(group, out);
                Ok(missing)
            }
            Treatment::LeftOut { .. } => Ok(false),
        }
    }
}

fn number(parsed: Option<f64>, cell: &str) -> std::result::Result<f64, String> {
    match parsed {
        Some(value) if value.abs() <= LARGEST => Ok(value),
        Some(_) => Err(format!("{} is larger than any measurement", shown(cell))),
        None => Err(format!("{} is not a number", shown(cell))),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
