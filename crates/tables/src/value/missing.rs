//! Cells that stand for a missing value.

use super::number::trimmed;

/// The marks that pandas' `read_csv` takes for missing by default, and those of SQL dumps (`\N`) and of the UCI
/// repository (`?`). Case counts.
const MARKS: [&str; 21] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
    "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "\\N", "?", "NaT",
];

/// Marks that are missing values among numbers and dates only: SPSS and SAS write `.`, people write dashes.
const AMONG_NUMBERS: [&str; 5] = [".", "-", "--", "–", "—"];

/// Whether a cell stands for a missing value in a column of any kind: blank, or one of the marks.
pub fn is_missing(cell: &str) -> bool {
    let text = trimmed(cell);
    text.is_empty() || MARKS.contains(&text)
}

/// Whether a cell stands for a missing value in a column of numbers or dates.
pub(crate) fn is_missing_among_numbers(cell: &str) -> bool {
    is_missing(cell) || is_dot_or_dash(cell)
}

/// A dot or a dash, which is a missing value only if the rest of the column are numbers or dates.
pub(crate) fn is_dot_or_dash(cell: &str) -> bool {
    AMONG_NUMBERS.contains(&trimmed(cell))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_known() {
        for cell in ["", "  ", "NA", " nan", "NULL", "\\N", "?", "#N/A", "<NA>"] {
            assert!(is_missing(cell), "{cell}");
        }
        for cell in ["0", "na", "none", "-", ".", "no", "unknown"] {
            assert!(!is_missing(cell), "{cell}");
        }
        assert!(is_missing_among_numbers(".") && is_missing_among_numbers("–"));
    }
}
