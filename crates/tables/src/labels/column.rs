//! A column of labels: its kind, its values, and all that is wrong with it.

use super::classes::Classes;
use super::kind::{LabelKind, Separator};
use super::sets::{separator_of, split};
use crate::error::{Problem, Problems, Result};
use crate::table::Table;
use crate::value::missing::is_missing;
use crate::value::number::{NOTATIONS, Notation, Notations, trimmed};

/// How a column of labels is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LabelOptions {
    /// What the labels are; found out if `None`.
    pub kind: Option<LabelKind>,
}

/// Labels of all rows of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelColumn {
    /// What they are.
    pub kind: LabelKind,
    /// One text a row, the same for the same class: `1`, ` 1` and `1.0` are `1`. For sets, the classes joined by `;`.
    pub values: Vec<String>,
    /// One sorted set of classes a row; empty unless the kind is [`LabelKind::MultiLabel`].
    pub sets: Vec<Vec<String>>,
    /// One number a row; empty unless the kind is [`LabelKind::Numbers`].
    pub numbers: Vec<f64>,
    /// The different classes with their rows, the most frequent first. For numbers, the different numbers.
    pub counts: Vec<(String, usize)>,
    /// What the user should know: spellings that were taken for one class, numbers that may be classes or amounts.
    pub notes: Vec<String>,
}

/// Most different whole numbers that are taken for classes.
const MOST_CLASSES: usize = 20;

/// Reads a column of labels.
///
/// Without a kind in the options, cells that are all JSON lists are sets, and so are cells divided by `;` or `|` if the
/// parts recur; more than twenty different numbers that are not nearly all repeated are numbers; everything else are
/// classes.
///
/// # Errors
/// No such column; labels that are missing, not finite, `-0`, or beyond what numbers tell apart: all in one error.
pub fn labels(table: &Table, column: &str, options: LabelOptions) -> Result<LabelColumn> {
    let at = table.find(column)?;
    let kind = options.kind.unwrap_or_else(|| kind_of(table, at));
    match kind {
        LabelKind::Classes => classes(table, at),
        LabelKind::MultiLabel(separator) => sets(table, at, separator),
        LabelKind::Numbers => numbers(table, at),
    }
}

fn kind_of(table: &Table, at: usize) -> LabelKind {
    if let Some(separator) = separator_of(&table.column(at)) {
        return LabelKind::MultiLabel(separator);
    }
    let Some(notation) = notation(table, at) else { return LabelKind::Classes };
    let mut distinct = std::collections::HashSet::new();
    let mut fractions = false;
    for cell in table.column(at) {
        if let Some(value) = notation.parse(cell) {
            distinct.insert(value.to_bits());
            fractions |= value.fract() != 0.0;
        }
    }
    let many = distinct.len() > MOST_CLASSES && distinct.len() * 10 > table.rows();
    let some_fractions = fractions && distinct.len() > 10;
    if many || some_fractions { LabelKind::Numbers } else { LabelKind::Classes }
}

/// The notation if all labels that are there are numbers.
fn notation(table: &Table, at: usize) -> Option<Notation> {
    let mut notations = Notations::ALL;
    for cell in table.column(at).filter(|cell| !is_missing(cell)) {
        notations = notations.and(Notations::of(cell));
    }
    NOTATIONS.into_iter().find(|notation| notations.contains(*notation))
}

fn classes(table: &Table, at: usize) -> Result<LabelColumn> {
    let mut classes = Classes::default();
    let values = (0..table.rows()).map(|row| classes.add(row, table.cell(row, at))).collect();
    let name = &table.names()[at];
    Problems(classes.problems(table, name)).into_result(table.input())?;
    let (counts, notes) = (classes.counts(), classes.notes());
    Ok(LabelColumn { kind: LabelKind::Classes, values, sets: Vec::new(), numbers: Vec::new(), counts, notes })
}

fn sets(table: &Table, at: usize, separator: Separator) -> Result<LabelColumn> {
    let mut classes = Classes::default();
    let (mut values, mut sets) = (Vec::new(), Vec::new());
    let (mut empty, mut unread) = (0, Unread::default());
    for row in 0..table.rows() {
        let cell = table.cell(row, at);
        let Some(parts) = split(cell, separator) else {
            unread.add(row, cell);
            continue;
        };
        empty += usize::from(parts.is_empty());
        let mut set: Vec<String> = parts.iter().map(|part| classes.add(row, part)).collect();
        set.sort();
        set.dedup();
        values.push(set.join(";"));
        sets.push(set);
    }
    let name = &table.names()[at];
    let mut problems = classes.problems(table, name);
    let what = "is not a list of labels";
    let help = "write lists such as [\"fever\", \"cough\"], and [] for none";
    problems.extend(unread.problem(table, name, what, help));
    Problems(problems).into_result(table.input())?;
    let (counts, mut notes) = (classes.counts(), classes.notes());
    if empty > 0 {
        notes.push(format!("{} without any label", crate::wording::counted(empty, "row")));
    }
    Ok(LabelColumn {
        kind: LabelKind::MultiLabel(separator),
        values,
        sets,
        numbers: Vec::new(),
        counts,
        notes,
    })
}

fn numbers(table: &Table, at: usize) -> Result<LabelColumn> {
    let name = &table.names()[at];
    let numbers = number_cells(table, at, "fill it in, or leave the row out")?;
    let values: Vec<String> = table.column(at).map(|cell| trimmed(cell).to_owned()).collect();
    let mut counts = std::collections::BTreeMap::new();
    for value in &numbers {
        // Adding zero makes -0 the same number as 0.
        *counts.entry((value + 0.0).to_string()).or_insert(0) += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    let notes = vec![format!(
        "the labels in column {name:?} are {} different numbers, so they are taken as amounts, not as classes",
        counts.len()
    )];
    Ok(LabelColumn { kind: LabelKind::Numbers, values, sets: Vec::new(), numbers, counts, notes })
}

/// The numbers of a column without gaps, such as weights, in whichever notation fits all cells.
///
/// # Errors
/// No such column; a cell that is missing, no number, or not finite: the first, with the count of all.
pub fn numbers_of(table: &Table, column: &str) -> Result<Vec<f64>> {
    let at = table.find(column)?;
    number_cells(table, at, "every row needs a number here")
}

fn number_cells(table: &Table, at: usize, help: &str) -> Result<Vec<f64>> {
    let notation = notation(table, at).unwrap_or(Notation::Plain);
    let mut unread = Unread::default();
    let mut values = Vec::with_capacity(table.rows());
    for row in 0..table.rows() {
        let cell = table.cell(row, at);
        match notation.parse(cell).filter(|value| value.is_finite()) {
            Some(value) => values.push(value),
            None => unread.add(row, cell),
        }
    }
    let problem = unread.problem(table, &table.names()[at], "is not a finite number", help);
    Problems(problem.into_iter().collect()).into_result(table.input())?;
    Ok(values)
}

/// Cells that cannot be read: the first, and how many.
#[derive(Default)]
struct Unread {
    first: Option<(usize, String)>,
    count: usize,
}

impl Unread {
    fn add(&mut self, row: usize, cell: &str) {
        self.first.get_or_insert_with(|| (row, crate::wording::quoted(trimmed(cell))));
        self.count += 1;
    }

    fn problem(self, table: &Table, column: &str, what: &str, help: &str) -> Option<Problem> {
        let (row, cell) = self.first?;
        let more = if self.count > 1 { format!("; {} like it", self.count - 1) } else { String::new() };
        Some(Problem {
            column: column.to_owned(),
            place: table.place(row),
            what: format!("{cell} {what}{more}"),
            help: help.to_owned(),
        })
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
