//! The kinds of columns, and what is found out about one.

use serde::{Deserialize, Serialize};

use super::observed::Observed;
use crate::error::Problem;
use crate::table::Table;
use crate::value::date::Order;
use crate::value::number::Notation;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Numbers, `0` and `1` included.
    Numeric,
    /// Words for true and false, such as `yes` and `no`.
    Boolean,
    /// Words that recur, or numbers that were declared to be levels.
    Category,
    /// Dates or moments.
    Date,
    /// A value of its own for nearly every row: names of rows, numbers of patients.
    Identifier,
    /// One value everywhere.
    Constant,
    /// Sentences.
    Text,
    /// Missing values only.
    Empty,
}

impl Kind {
    /// The kind in one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Numeric => "numeric",
            Self::Boolean => "boolean",
            Self::Category => "category",
            Self::Date => "date",
            Self::Identifier => "identifier",
            Self::Constant => "constant",
            Self::Text => "text",
            Self::Empty => "empty",
        }
    }
}

/// A kind with what is needed to read the cells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Numeric(Notation),
    Boolean {
        yes: &'static str,
        no: &'static str,
    },
    Category,
    Date(Order),
    /// Why the column is taken for one.
    Identifier(String),
    Constant,
    Text,
    Empty,
}

/// What was found out about a column.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) content: Content,
    /// Why the column cannot be used, if so.
    pub(crate) problem: Option<Problem>,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
}

impl Finding {
    pub(super) fn plain(content: Content) -> Self {
        Self { content, problem: None, notes: Vec::new() }
    }

    pub(super) fn refused(content: Content, problem: Problem) -> Self {
        Self { content, problem: Some(problem), notes: Vec::new() }
    }

    pub(super) fn with_note(mut self, note: String) -> Self {
        self.notes.push(note);
        self
    }
}

/// What the user says about a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    None,
    Numeric,
    Categorical,
}

/// A column that is being looked at.
pub(crate) struct Column<'a> {
    pub(crate) table: &'a Table,
    pub(crate) at: usize,
    pub(crate) observed: &'a Observed<'a>,
}

impl Column<'_> {
    pub(super) fn name(&self) -> &str {
        &self.table.names()[self.at]
    }

    pub(super) fn problem(&self, row: Option<usize>, what: String, help: &str) -> Problem {
        let place = row.map_or(String::new(), |row| self.table.place(row));
        let name = self.name();
        Problem { column: name.to_owned(), place, what, help: help.replace("COL", name) }
    }
}
