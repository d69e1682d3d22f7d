//! What a recipe does with each column, as a table to print and as JSON.

use std::fmt;

use serde::Serialize;

use super::encode::day;
use super::stored::{ColumnRecipe, Reason, Recipe, Treatment};
use crate::kinds::Kind;
use crate::wording::{quoted, short_number};

/// Most levels that a line shows.
const MOST_LEVELS: usize = 6;

/// Most characters of levels in a line: five short ones are all seen.
const MOST_CHARACTERS: usize = 64;

/// Most characters of a column's values in a table to print: levels, how many more there are, and how many rare ones.
const WIDEST_VALUES: usize = MOST_CHARACTERS + 24;

/// What a recipe does with each column. Displayed as a table, serialised as a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Description {
    /// One for each column.
    pub columns: Vec<ColumnSummary>,
}

/// What becomes of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnSummary {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Training rows without a value.
    pub missing: usize,
    /// Different values in the training rows.
    pub distinct: usize,
    /// Range or levels of the training rows.
    pub values: String,
    /// Number of features.
    pub features: usize,
    /// What becomes of it, in words.
    pub becomes: String,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Recipe {
    /// What the recipe does with each column.
    pub fn describe(&self) -> Description {
        Description { columns: self.stored.columns.iter().map(summary).collect() }
    }

    /// Columns that were taken for identifiers and left out.
    pub fn identifiers(&self) -> Vec<&str> {
        let identifier = |column: &&ColumnRecipe| {
            matches!(column.treatment, Treatment::LeftOut { reason: Reason::Identifier(_), .. })
        };
        self.stored.columns.iter().filter(identifier).map(|column| column.name.as_str()).collect()
    }
}

fn summary(column: &ColumnRecipe) -> ColumnSummary {
    let imputed = |fill: Option<String>| match (column.missing, fill) {
        (0, _) | (_, None) => String::new(),
        (_, Some(fill)) if column.indicator => format!(", missing as {fill} with an indicator"),
        (_, Some(fill)) => format!(", missing as {fill}"),
    };
    let width = column.width() - usize::from(column.indicator);
    let (values, becomes) = match &column.treatment {
        Treatment::Numeric { low, high, fill, .. } => (
            format!("{} to {}", short_number(*low), short_number(*high)),
            format!("number{}", imputed(fill.map(short_number))),
        ),
        Treatment::Boolean { yes, no, fill } => (
            format!("{no}, {yes}"),
            format!("1 for {yes}{}", imputed(fill.map(|fill| if fill { yes.clone() } else { no.clone() }))),
        ),
        Treatment::Date { first, last, fill, weekday, month, .. } => {
            let parts = match (weekday, month) {
                (false, false) => "",
                (true, false) => ", weekday",
                (false, true) => ", month",
                (true, true) => ", weekday, month",
            };
            let becomes = format!("days since the first{parts}{}", imputed(fill.map(day)));
            (format!("{} to {}", day(*first), day(*last)), becomes)
        }
        Treatment::Category { levels, other, fill, rare } => {
            let mut shown = first_levels(levels);
            if levels.len() > shown.len() {
                shown.push(format!("and {} more", levels.len() - shown.len()));
            }
            if *other || !rare.is_empty() {
                shown.push(format!("{} rare", column.distinct.saturating_sub(levels.len())));
            }
            let columns = match width {
                0 => "nothing but its gaps".to_owned(),
                1 => "one column".to_owned(),
                _ => format!("{width} columns{}", if *other { ", one for the rare levels" } else { "" }),
            };
            (shown.join(", "), format!("{columns}{}", imputed(fill.as_deref().map(quoted))))
        }
        Treatment::LeftOut { reason, .. } => (format!("{} different", column.distinct), left_out(reason)),
    };
    ColumnSummary {
        name: column.name.clone(),
        kind: column.kind(),
        missing: column.missing,
        distinct: column.distinct,
        values,
        features: column.width(),
        becomes,
        notes: column.notes.clone(),
    }
}

/// The levels that fit into a line, whole.
fn first_levels(levels: &[String]) -> Vec<String> {
    let mut used = 0;
    let fits = |level: &String| {
        let first = used == 0;
        used += level.chars().count() + 2;
        first || used <= MOST_CHARACTERS
    };
    levels.iter().take(MOST_LEVELS).map(|level| quoted(level)).take_while(fits).collect()
}

fn left_out(reason: &Reason) -> String {
    match reason {
        Reason::Asked => "left out, as asked".to_owned(),
        Reason::Identifier(why) => format!("left out: names rows ({why})"),
        Reason::Constant => "left out: one value".to_owned(),
        Reason::Empty => "left out: no value".to_owned(),
        Reason::RareLevels => "left out: no two levels with ten rows".to_owned(),
        Reason::Unusable => "cannot be used as it is".to_owned(),
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["column", "kind", "missing", "values", "becomes"].map(str::to_owned);
        let mut lines = vec![head];
        for column in &self.columns {
            let name = if column.name.is_empty() { "(no name)" } else { &column.name };
            lines.push([
                shortened(name, 30),
                column.kind.name().to_owned(),
                column.missing.to_string(),
                shortened(&column.values, WIDEST_VALUES),
                column.becomes.clone(),
            ]);
        }
        let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0);
        let widths = [width(0), width(1), width(2), width(3)];
        for [name, kind, missing, values, becomes] in &lines {
            let [a, b, c, d] = widths;
            writeln!(f, "{name:a$}  {kind:b$}  {missing:>c$}  {values:d$}  {becomes}")?;
        }
        for column in &self.columns {
            for note in &column.notes {
                writeln!(f, "note on {}: {note}", quoted(&column.name))?;
            }
        }
        Ok(())
    }
}

fn shortened(text: &str, most: usize) -> String {
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if one_line.chars().count() <= most {
        return one_line;
    }
    one_line.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_shown_whole() {
        let levels =
            |names: &[&str]| first_levels(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(levels(&["Neurology", "Cardiology", "Surgery", "Medicine", "Oncology"]).len(), 5);
        assert_eq!(levels(&["a"; 9]).len(), 6);
        let long = "l".repeat(60);
        assert_eq!(levels(&[&long, &long]).len(), 1);
    }
}
