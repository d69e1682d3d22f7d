//! Sample weights from a column of a table.

use tables::{Table, numbers_of};

use super::table::table_failure;
use crate::exit::{Failure, Result};

/// Sample weights.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SampleWeights {
    /// One non-negative number per sample.
    pub(crate) values: Vec<f64>,
    /// The column that they come from; `None` if they come from a file of embeddings.
    pub(crate) column: Option<String>,
}

/// Reads sample weights from a column of a table.
///
/// # Errors
/// An unknown column; a value that is negative or not a number; only zeros.
pub(crate) fn column_weights(table: &Table, column: &str) -> Result<SampleWeights> {
    let values = numbers_of(table, column).map_err(table_failure)?;
    let refuse =
        |what: String, help: &str| Err(Failure::data(format!("{}: {what}", table.input())).help(help));
    if let Some(row) = values.iter().position(|weight| *weight < 0.0) {
        return refuse(
            format!("{}, column {column:?}: {} is not a number of at least 0", table.place(row), values[row]),
            "a weight says how often its sample counts; 0 leaves it out",
        );
    }
    if values.iter().all(|weight| *weight == 0.0) {
        return refuse(format!("every weight in column {column:?} is 0"), "some samples must count");
    }
    Ok(SampleWeights { values, column: Some(column.to_owned()) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn weights_are_read_and_checked() {
        let read = |text: &str| {
            let table =
                tables::read_from(text.as_bytes(), "t", None, &tables::ReadOptions::default()).unwrap();
            column_weights(&table, "w").map_err(|failure| failure.to_string())
        };
        assert_eq!(read("a,w\n1,0\n2, 1.5\n").unwrap().values, [0.0, 1.5]);
        for (text, message) in [
            ("a,w\n1,1\n2,-1\n", "row 2 (line 3), column \"w\": -1 is not a number of at least 0"),
            ("a,w\n1,nan\n", "\"nan\" is not a finite number"),
            ("a,w\n1,inf\n", "\"inf\" is not"),
            ("a,w\n1,\n", "\"\" is not"),
            ("a,w\n1,0\n2,0\n", "every weight in column \"w\" is 0"),
            ("a,b\n1,0\n", "no column \"w\""),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.contains(message), "{refused}");
        }
    }
}
