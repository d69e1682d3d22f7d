//! Fitting a recipe: kinds from all rows, figures from the training rows.

use super::fitting::treatment;
use super::overrides::Overrides;
use super::stored::{ColumnRecipe, Reason, Recipe, Stored, Treatment};
use crate::error::{Error, Problem, Problems, Result};
use crate::kinds::{Column, Content, Evidence, Hints, Kind, MIN_LEVEL_ROWS, Observed, Wish, find};
use crate::table::Table;

impl Recipe {
    /// Finds out what the columns hold and how they become features.
    ///
    /// `rows` are the training rows, from 0; all if `None`. Medians, levels, ranges and the choice of indicators come from these rows
    /// alone. How numbers and dates are written is taken from all rows, since it tells nothing about their values. `exclude` names columns
    /// that are no features: labels, weights, groups.
    ///
    /// # Errors
    /// Every column that cannot be used as it is, all in one error; an unknown name; a row beyond the table; no rows; no column that gives a feature.
    pub fn fit(
        table: &Table,
        rows: Option<&[usize]>,
        exclude: &[&str],
        overrides: &Overrides,
    ) -> Result<Self> {
        overrides.check(table)?;
        if let Some(row) = rows.and_then(|rows| rows.iter().find(|row| **row >= table.rows())) {
            let what = format!("training row {row}, but the table has {} rows", table.rows());
            return Err(Error::Wishes { what, help: "rows are counted from 0".to_owned() });
        }
        for name in exclude {
            table.find(name)?;
        }
        let (recipe, problems) = Self::looked_at(table, rows, exclude, overrides);
        problems.into_result(table.input())?;
        let malformed = |what: String, help: &str| Error::Malformed {
            input: table.input().to_owned(),
            place: String::new(),
            what,
            help: help.to_owned(),
        };
        if recipe.stored.rows == 0 {
            return Err(malformed("the table has no rows".to_owned(), ""));
        }
        if recipe.features() == 0 {
            let what = format!("no column is left for features:\n{}", recipe.describe());
            return Err(malformed(what, "--numeric or --categorical takes a column that is left out"));
        }
        Ok(recipe)
    }

    /// As [`Recipe::fit`], for a table that cannot be used as it is: the recipe for the columns that can be, to describe
    /// them, with the problems of the others.
    pub fn looked_at(
        table: &Table,
        rows: Option<&[usize]>,
        exclude: &[&str],
        overrides: &Overrides,
    ) -> (Self, Problems) {
        let wanted: Vec<usize> =
            (0..table.names().len()).filter(|&at| !exclude.contains(&table.names()[at].as_str())).collect();
        let evidence = match overrides.decimal_comma {
            Some(comma) => Evidence::asked(comma),
            None => {
                let kept = |at: &&usize| !overrides.drops(&table.names()[**at]);
                Evidence::of(table, &wanted.iter().filter(kept).copied().collect::<Vec<usize>>())
            }
        };
        let mut problems = Vec::new();
        let mut columns = Vec::new();
        for at in wanted {
            columns.push(column(table, at, rows, overrides, evidence, &mut problems));
        }
        let rows = rows.map_or(table.rows(), <[usize]>::len);
        (Self { stored: Stored { rows, columns } }, Problems(problems))
    }
}

fn column(
    table: &Table,
    at: usize,
    rows: Option<&[usize]>,
    overrides: &Overrides,
    evidence: Evidence,
    problems: &mut Vec<Problem>,
) -> ColumnRecipe {
    let name = table.names()[at].clone();
    let all = Observed::new(table, at, None);
    let hints = Hints { evidence, day_first: overrides.day_first };
    let wish = overrides.wish(&name);
    let mut finding = find(&Column { table, at, observed: &all }, wish, hints);
    let some = rows.map(|rows| Observed::new(table, at, Some(rows)));
    let training = some.as_ref().unwrap_or(&all);
    if overrides.drops(&name) {
        let kind = kind_of(&finding.content);
        let treatment = Treatment::LeftOut { kind, reason: Reason::Asked };
        let (missing, distinct) = (training.missing, training.values.len());
        return ColumnRecipe { name, missing, distinct, indicator: false, treatment, notes: Vec::new() };
    }
    if let (Content::Category, Wish::Categorical) = (&finding.content, wish) {
        // Levels that were asked for come without remarks.
        finding.notes.clear();
    }
    if let Some(problem) = finding.problem.take() {
        problems.push(problem);
        // What can be read of such a column says nothing about the whole.
        let treatment = Treatment::LeftOut { kind: kind_of(&finding.content), reason: Reason::Unusable };
        let (missing, distinct, notes) = (training.missing, training.values.len(), finding.notes);
        return ColumnRecipe { name, missing, distinct, indicator: false, treatment, notes };
    }
    let (recipe, problem) = treatment(name, finding, training, overrides);
    if let Some((row, what, help)) = problem {
        let place = row.map_or(String::new(), |row| table.place(row));
        problems.push(Problem { column: recipe.name.clone(), place, what, help });
    }
    if wish == Wish::Categorical && recipe.kind() == Kind::Category && !recipe.is_used() {
        let what = format!("no two groups of its {} levels have {MIN_LEVEL_ROWS} rows each", recipe.distinct);
        let help = format!("--drop {} leaves it out, or take it as it is", recipe.name);
        problems.push(Problem { column: recipe.name.clone(), place: String::new(), what, help });
    }
    recipe
}

fn kind_of(content: &Content) -> Kind {
    match content {
        Content::Numeric(_) => Kind::Numeric,
        Content::Boolean { .. } => Kind::Boolean,
        Content::Category => Kind::Category,
        Content::Date(_) => Kind::Date,
        Content::Identifier(_) => Kind::Identifier,
        Content::Constant => Kind::Constant,
        Content::Text => Kind::Text,
        Content::Empty => Kind::Empty,
    }
}
