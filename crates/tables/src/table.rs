//! A table in memory: columns of text cells, as they came.

use crate::error::{Error, Result};
use crate::wording::near;

/// The cells of one column, one after the other in one string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cells {
    text: String,
    /// Where each cell ends in `text`.
    ends: Vec<usize>,
}

impl Cells {
    pub(crate) fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    fn cell(&self, row: usize) -> &str {
        let Some(&end) = self.ends.get(row) else { return "" };
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.text[start..end]
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes that the cells take.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<usize>()
    }
}

/// What the number of a row's place counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Places {
    /// Lines of a text file.
    Lines,
    /// Rows of a sheet, as Excel numbers them.
    SheetRows,
    /// Nothing: the file has no lines.
    None,
}

/// A table as it came: named columns of text.
///
/// Nothing is interpreted yet; [`Recipe::fit`](crate::Recipe::fit) finds out what the columns hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub(crate) input: String,
    pub(crate) names: Vec<String>,
    pub(crate) columns: Vec<Cells>,
    pub(crate) rows: usize,
    /// Line of each row, as `places` says; empty if the file has no lines.
    pub(crate) lines: Vec<u64>,
    pub(crate) places: Places,
    /// What was done to the table while it was read.
    pub(crate) notes: Vec<String>,
}

impl Table {
    /// A table of texts, row by row. `input` names it in messages.
    ///
    /// # Errors
    /// A row that is longer or shorter than `names`; a name that occurs twice.
    pub fn from_rows<S: AsRef<str>>(input: &str, names: &[&str], rows: &[Vec<S>]) -> Result<Self> {
        let malformed = |place: String, what: String| Error::Malformed {
            input: input.to_owned(),
            place,
            what,
            help: String::new(),
        };
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        if let Some(twice) = twice(&names) {
            return Err(malformed(String::new(), format!("two columns are named {twice:?}")));
        }
        let mut columns = vec![Cells::default(); names.len()];
        for (at, row) in rows.iter().enumerate() {
            if row.len() != columns.len() {
                let what = format!("{} cells, but {} columns", row.len(), columns.len());
                return Err(malformed(format!("row {}: ", at + 1), what));
            }
            for (cells, cell) in columns.iter_mut().zip(row) {
                cells.push(cell.as_ref());
            }
        }
        let rows = rows.len();
        let (lines, places, notes) = (Vec::new(), Places::None, Vec::new());
        Ok(Self { input: input.to_owned(), names, columns, rows, lines, places, notes })
    }

    /// Path of the file, or `standard input`.
    pub fn input(&self) -> &str {
        &self.input
    }

    /// Names of the columns. The first may be empty: pandas and R write row names so.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of rows, without the line of names.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// What was done to the table while it was read, one sentence each: columns left out because they are empty and
    /// have no name, for example.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The text of a cell as it came; empty beyond the table.
    pub fn cell(&self, row: usize, column: usize) -> &str {
        self.columns.get(column).map_or("", |cells| cells.cell(row))
    }

    /// All cells of a column, from the first row on.
    pub fn column(&self, column: usize) -> impl Iterator<Item = &str> + Clone + '_ {
        (0..self.rows).map(move |row| self.cell(row, column))
    }

    /// Whether any cell of a column contains a character.
    pub(crate) fn contains(&self, column: usize, character: char) -> bool {
        self.columns.get(column).is_some_and(|cells| cells.text.contains(character))
    }

    /// The place of a row, which counts from 0, for messages: `row 3 (line 4)`, where both count from 1.
    pub fn place(&self, row: usize) -> String {
        match (self.places, self.lines.get(row)) {
            (Places::Lines, Some(line)) => format!("row {} (line {line})", row + 1),
            (Places::SheetRows, Some(line)) => format!("row {} (row {line} of the sheet)", row + 1),
            _ => format!("row {}", row + 1),
        }
    }

    /// Position of the column with this name.
    ///
    /// # Errors
    /// No such column; the message lists the columns, and the help names one that is much like it.
    pub fn find(&self, name: &str) -> Result<usize> {
        self.find_for(name, "")
    }

    /// Like [`Table::find`], and the message says who asked: `why` is such as ` (asked for by --drop)`.
    pub(crate) fn find_for(&self, name: &str, why: &str) -> Result<usize> {
        self.names.iter().position(|known| known == name).ok_or_else(|| Error::UnknownColumn {
            input: self.input.clone(),
            name: name.to_owned(),
            why: why.to_owned(),
            columns: self.names.clone(),
            near: near(name, &self.names).cloned(),
        })
    }

    /// The columns with these names, in this order.
    ///
    /// # Errors
    /// No such column.
    pub fn select(&self, names: &[&str]) -> Result<Self> {
        let at = names.iter().map(|name| self.find(name)).collect::<Result<Vec<usize>>>()?;
        Ok(Self {
            names: at.iter().map(|&column| self.names[column].clone()).collect(),
            columns: at.iter().map(|&column| self.columns[column].clone()).collect(),
            ..self.without_columns()
        })
    }

    fn without_columns(&self) -> Self {
        Self {
            input: self.input.clone(),
            names: Vec::new(),
            columns: Vec::new(),
            rows: self.rows,
            lines: self.lines.clone(),
            places: self.places,
            notes: self.notes.clone(),
        }
    }

    /// Bytes of memory that the cells take.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(Cells::bytes).sum::<usize>() + self.lines.len() * size_of::<u64>()
    }
}

/// A name that occurs twice.
pub(crate) fn twice(names: &[String]) -> Option<&String> {
    let mut seen = std::collections::HashSet::new();
    names.iter().find(|name| !seen.insert(name.as_str()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn cells_and_columns_are_found() {
        let table = Table::from_rows("t", &["a", "b"], &[vec!["1", ""], vec!["", "xy"]]).unwrap();
        assert_eq!((table.cell(0, 0), table.cell(0, 1), table.cell(1, 1)), ("1", "", "xy"));
        assert_eq!(table.cell(2, 0), "");
        assert_eq!(table.cell(0, 2), "");
        assert_eq!(table.select(&["b"]).unwrap().column(0).collect::<Vec<_>>(), ["", "xy"]);
        let error = table.find("B").unwrap_err();
        assert!(error.to_string().contains("no column \"B\"; the columns are \"a\", \"b\""));
        assert_eq!(error.help().unwrap(), "did you mean \"b\"?");
    }

    #[test]
    fn crooked_rows_are_refused() {
        assert!(Table::from_rows("t", &["a", "a"], &[vec!["1", "2"]]).is_err());
        let error = Table::from_rows("t", &["a"], &[vec!["1", "2"]]).unwrap_err().to_string();
        assert_eq!(error, "t: row 1: 2 cells, but 1 columns");
    }
}
