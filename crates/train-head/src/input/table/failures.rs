//! What can be wrong with a table, as failures that name the place.

use std::path::Path;

use crate::exit::{Failure, Kind};

/// A failure to read CSV.
pub(super) fn csv_failure(path: &Path, error: csv::Error) -> Failure {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            ragged(path, line, *expected_len as usize, *len as usize)
        }
        csv::ErrorKind::Utf8 { pos, err } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            let byte = pos.as_ref().map_or(0, csv::Position::byte);
            not_utf8(path, line, &format!("field {} of the row that starts at byte {byte}", err.field() + 1))
        }
        _ => match error.into_kind() {
            csv::ErrorKind::Io(error) => Failure::io("read", path, Kind::Data, error),
            other => Failure::data(format!("{}: not a table", path.display())).because(format!("{other:?}")),
        },
    }
}

/// A row with another number of columns than the first line.
pub(super) fn ragged(path: &Path, line: u64, expected: usize, found: usize) -> Failure {
    Failure::data(format!(
        "{}: line {line} has {found} columns, the first line has {expected}",
        path.display()
    ))
    .help("every row needs the same columns; texts with commas or line breaks need double quotes around them")
}

/// A line that is not UTF-8 at `place`.
pub(super) fn not_utf8(path: &Path, line: u64, place: &str) -> Failure {
    Failure::data(format!("{}: line {line} is not UTF-8 text ({place})", path.display()))
        .help("convert the file, for example with: iconv -f LATIN1 -t UTF-8")
}
