//! A table that is being read: cells arrive row by row, memory is counted.

use crate::error::{Error, Result};
use crate::table::{Cells, Places, Table, twice};

/// Most bytes of a row. A longer one is the rest of a file whose line breaks are missing, or an input without an end.
const MOST_OF_A_ROW: usize = 1 << 27;
/// Most blank lines one after the other. They take no memory, so no budget ends them.
const MOST_BLANK: u64 = 1 << 20;

/// A table that is being read.
pub(super) struct Builder {
    pub(super) input: String,
    budget: usize,
    bytes: usize,
    names: Vec<String>,
    columns: Vec<Cells>,
    lines: Vec<u64>,
    places: Places,
}

impl Builder {
    pub(super) fn new(input: &str, budget: usize) -> Self {
        let (names, columns, lines) = (Vec::new(), Vec::new(), Vec::new());
        Self { input: input.to_owned(), budget, bytes: 0, names, columns, lines, places: Places::None }
    }

    /// Sets the names of the columns.
    ///
    /// # Errors
    /// No name at all; more names than fit into the budget.
    pub(super) fn name_columns(&mut self, names: Vec<String>, places: Places) -> Result<()> {
        if names.iter().all(String::is_empty) {
            return Err(self.malformed(None, "the first line does not name any column", ""));
        }
        self.bytes = names.iter().map(|name| name.len() + size_of::<Cells>()).sum();
        self.columns = vec![Cells::default(); names.len()];
        (self.names, self.places) = (names, places);
        self.check_budget(None)
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Appends a cell to a column; the row is closed by [`Builder::end_row`]. A column beyond the last is ignored: the
    /// caller counts cells and refuses.
    pub(super) fn push(&mut self, column: usize, cell: &str) {
        if let Some(cells) = self.columns.get_mut(column) {
            cells.push(cell);
            self.bytes += cell.len() + size_of::<usize>();
        }
    }

    /// Closes a row.
    ///
    /// # Errors
    /// The table exceeds its budget.
    pub(super) fn end_row(&mut self, line: u64) -> Result<()> {
        if self.places != Places::None {
            self.lines.push(line);
            self.bytes += size_of::<u64>();
        }
        self.check_budget(Some(line))
    }

    /// Checks the memory of what is stored and of `pending` bytes that will be.
    ///
    /// # Errors
    /// The table exceeds its budget.
    pub(super) fn check_pending(&self, pending: usize, line: u64) -> Result<()> {
        if self.bytes.saturating_add(pending) > self.budget {
            return Err(self.too_large(Some(line)));
        }
        Ok(())
    }

    /// Checks a row of which `pending` bytes are read.
    ///
    /// # Errors
    /// The table exceeds its budget; the row is longer than any that means something.
    pub(super) fn check_row(&self, pending: usize, line: u64) -> Result<()> {
        self.check_pending(pending, line)?;
        if pending > MOST_OF_A_ROW {
            let what = format!("a row of more than {} MiB", MOST_OF_A_ROW >> 20);
            return Err(self.malformed(Some(line), what, "is it a table, with a line for each row?"));
        }
        Ok(())
    }

    /// Checks the number of blank lines that follow each other, the last of which is `line`.
    ///
    /// # Errors
    /// There are more than any table has.
    pub(super) fn check_blank(&self, count: u64, line: u64) -> Result<()> {
        if count > MOST_BLANK {
            let what = format!("more than {MOST_BLANK} blank lines one after the other");
            return Err(self.malformed(Some(line), what, "is it a table, and whole?"));
        }
        Ok(())
    }

    /// The error for bytes that no text holds: the blocks of a device and what follows a crash are full of them.
    pub(super) fn zero_bytes(&self, line: u64) -> Error {
        self.malformed(Some(line), "zero bytes, which no text holds", "is it a table, and whole?")
    }

    /// Bytes that may still be stored.
    pub(super) fn budget_left(&self) -> u64 {
        self.budget.saturating_sub(self.bytes) as u64
    }

    fn check_budget(&self, line: Option<u64>) -> Result<()> {
        if self.bytes > self.budget { Err(self.too_large(line)) } else { Ok(()) }
    }

    fn too_large(&self, line: Option<u64>) -> Error {
        Error::TooLarge { input: self.input.clone(), place: place(self.places, line), budget: self.budget }
    }

    /// The error for content that breaks the rules of its format.
    pub(super) fn malformed(&self, line: Option<u64>, what: impl Into<String>, help: &str) -> Error {
        Error::Malformed {
            input: self.input.clone(),
            place: place(self.places_or_lines(), line),
            what: what.into(),
            help: help.to_owned(),
        }
    }

    /// Before the columns have names, a place is a line.
    fn places_or_lines(&self) -> Places {
        if self.columns.is_empty() { Places::Lines } else { self.places }
    }

    /// The table, without columns that have neither name nor content.
    ///
    /// # Errors
    /// Two columns of one name.
    pub(super) fn finish(mut self) -> Result<Table> {
        let mut notes = Vec::new();
        let rows = self.columns.first().map_or(0, Cells::len);
        let mut empty = 0;
        let (mut names, mut columns) = (Vec::new(), Vec::new());
        for (at, (name, cells)) in
            std::mem::take(&mut self.names).into_iter().zip(std::mem::take(&mut self.columns)).enumerate()
        {
            let has_content = cells.bytes() > cells.len() * size_of::<usize>();
            if !name.is_empty() {
                names.push(name);
            } else if !has_content {
                empty += 1;
                continue;
            } else if at == 0 {
                names.push(name);
            } else {
                names.push(format!("column {}", at + 1));
                notes.push(format!("column {} has no name; it is called \"column {}\" here", at + 1, at + 1));
            }
            columns.push(cells);
        }
        if empty > 0 {
            notes.push(format!("{empty} empty columns without a name are left out"));
        }
        if let Some(name) = twice(&names) {
            let what = format!("two columns are named {}", crate::wording::quoted(name));
            return Err(self.malformed(None, what, "rename or remove one of them"));
        }
        let (lines, places) = (self.lines, self.places);
        Ok(Table { input: self.input, names, columns, rows, lines, places, notes })
    }
}

fn place(places: Places, line: Option<u64>) -> String {
    match (places, line) {
        (Places::Lines, Some(line)) => format!("line {line}: "),
        (Places::SheetRows, Some(line)) => format!("row {line} of the sheet: "),
        (Places::None, Some(row)) => format!("row {row}: "),
        (_, None) => String::new(),
    }
}
