//! Sample weights from a column of a table.

use std::path::Path;

use super::columns;
use super::table::{Format, Row, Table};
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
/// What [`Table`] refuses; an unknown column; a value that is negative or not a number; only zeros.
pub(crate) fn read_weights(path: &Path, format: Option<Format>, column: &str) -> Result<SampleWeights> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy")) {
        return Err(Failure::usage(format!("--sample-weight {column}: {} has no columns", path.display()))
            .help(
                "name a column of a table: of the texts, of the features, or of a table of labels (--labels)",
            ));
    }
    let mut table = Table::open(path, format)?;
    let at = columns::find(&table, column)?;
    let (mut row, mut values) = (Row::default(), Vec::new());
    while table.read(&mut row)? {
        let text = row.cell(at).trim();
        match text.parse::<f64>() {
            Ok(weight) if weight.is_finite() && weight >= 0.0 => values.push(weight),
            _ => {
                let what = format!("{text:?} is not a number of at least 0");
                return Err(columns::at(path, &row.place(), column, &what)
                    .help("a weight says how often its sample counts; 0 leaves it out"));
            }
        }
    }
    if values.iter().all(|weight| *weight == 0.0) {
        let what = format!("{}: every weight in column {column:?} is 0", path.display());
        return Err(Failure::data(what).help("some samples must count"));
    }
    Ok(SampleWeights { values, column: Some(column.to_owned()) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn weights_are_read_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read_weights(&path, None, "w").map_err(|failure| failure.to_string())
        };
        assert_eq!(read("a,w\n1,0\n2, 1.5\n").unwrap().values, [0.0, 1.5]);
        for (text, message) in [
            ("a,w\n1,1\n2,-1\n", "row 2 (line 3), column \"w\": \"-1\" is not a number of at least 0"),
            ("a,w\n1,nan\n", "\"nan\" is not a number of at least 0"),
            ("a,w\n1,inf\n", "\"inf\" is not"),
            ("a,w\n1,\n", "\"\" is not"),
            ("a,w\n1,0\n2,0\n", "every weight in column \"w\" is 0"),
            ("a,b\n1,0\n", "no column \"w\""),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.contains(message), "{refused}");
        }
        let refused = read_weights(Path::new("x.npy"), None, "w").unwrap_err().to_string();
        assert!(refused.contains("x.npy has no columns"), "{refused}");
    }
}
