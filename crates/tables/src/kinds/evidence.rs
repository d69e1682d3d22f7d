//! What the columns of a table show together about its decimal mark.

use crate::table::Table;
use crate::value::missing::is_missing_among_numbers;
use crate::value::number::{NOTATIONS, Notation, Notations};

/// Which decimal marks columns show without doubt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(super) comma: bool,
    pub(super) dot: bool,
}

impl Evidence {
    /// What the user says: `true` for a comma.
    pub(crate) fn asked(comma: bool) -> Self {
        Self { comma, dot: !comma }
    }

    /// What these columns show.
    pub(crate) fn of(table: &Table, columns: &[usize]) -> Self {
        let mut found = Self::default();
        // Without a comma in any cell, no column can be in doubt.
        if columns.iter().any(|&column| table.contains(column, ',')) {
            columns.iter().for_each(|&column| found.add(table.column(column)));
        }
        found
    }

    fn add<'a>(&mut self, cells: impl Iterator<Item = &'a str>) {
        let mut all = Notations::ALL;
        for cell in cells.filter(|cell| !is_missing_among_numbers(cell)) {
            all = all.and(Notations::of(cell));
            if all.is_empty() {
                return;
            }
        }
        let mut possible = NOTATIONS.into_iter().filter(|notation| all.contains(*notation));
        let is_comma = |notation: Notation| notation.has_decimal_comma();
        self.comma |= possible.clone().all(is_comma);
        self.dot |= !possible.any(is_comma);
    }
}
