//! The columns of a table as counts, without their names.

use serde::Serialize;
use tables::{Kind, Recipe};

/// How many columns of each kind a table has, and what was missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ColumnCounts {
    /// Columns of numbers.
    pub(crate) numeric: usize,
    /// Columns of words for true and false.
    pub(crate) boolean: usize,
    /// Columns of categories.
    pub(crate) category: usize,
    /// Columns of dates.
    pub(crate) date: usize,
    /// Columns that were left out: identifiers, constants, those that were asked for.
    pub(crate) left_out: usize,
    /// Columns with missing values, which were filled in.
    pub(crate) with_gaps: usize,
    /// Training rows without a value in the column that lacks most.
    pub(crate) most_missing: usize,
}

impl ColumnCounts {
    /// The counts of a recipe.
    pub(crate) fn new(recipe: &Recipe) -> Self {
        let columns = recipe.describe().columns;
        let used =
            |kind: Kind| columns.iter().filter(|column| column.features > 0 && column.kind == kind).count();
        let gaps: Vec<usize> = columns
            .iter()
            .filter(|column| column.features > 0 && column.missing > 0)
            .map(|column| column.missing)
            .collect();
        Self {
            numeric: used(Kind::Numeric),
            boolean: used(Kind::Boolean),
            category: used(Kind::Category),
            date: used(Kind::Date),
            left_out: columns.iter().filter(|column| column.features == 0).count(),
            with_gaps: gaps.len(),
            most_missing: gaps.into_iter().max().unwrap_or(0),
        }
    }

    /// The counts in words: `4 columns of numbers, 1 of dates; 2 columns were left out`.
    pub(crate) fn words(&self) -> String {
        let kinds = [
            (self.numeric, "of numbers"),
            (self.boolean, "of yes or no"),
            (self.category, "of categories"),
            (self.date, "of dates"),
        ];
        let mut parts: Vec<String> = Vec::new();
        for (count, what) in kinds.into_iter().filter(|(count, _)| *count > 0) {
            let column = match (parts.is_empty(), count) {
                (true, 1) => " column",
                (true, _) => " columns",
                (false, _) => "",
            };
            parts.push(format!("{count}{column} {what}"));
        }
        let mut text = parts.join(", ");
        if self.left_out > 0 {
            text.push_str(&format!(
                "; {}",
                match self.left_out {
                    1 => "one was left out, since it names rows, never varies, or was dropped".to_owned(),
                    several =>
                        format!("{several} were left out, since they name rows, never vary, or were dropped"),
                }
            ));
        }
        if self.with_gaps > 0 {
            text.push_str(&format!(
                ". In {} values were missing (at most {} of the training rows in one column): the median or the most frequent level stands \
                 in for them, and where that is frequent a feature says so",
                if self.with_gaps == 1 { "one column".to_owned() } else { format!("{} columns", self.with_gaps) },
                self.most_missing
            ));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_words() {
        let counts = ColumnCounts {
            numeric: 4,
            boolean: 0,
            category: 1,
            date: 1,
            left_out: 2,
            with_gaps: 1,
            most_missing: 19,
        };
        let words = counts.words();
        assert!(
            words.starts_with("4 columns of numbers, 1 of categories, 1 of dates; 2 were left out"),
            "{words}"
        );
        assert!(words.contains("In one column values were missing (at most 19 of"), "{words}");
        let one = ColumnCounts { left_out: 1, ..counts }.words();
        assert!(one.contains("one was left out, since it names rows, never varies, or was dropped"), "{one}");
    }
}
