//! Tables, read by the crate `tables`, within the memory that is free.

use std::path::Path;

use tables::{Input, ReadOptions, Table};

use super::format::Format;
use crate::exit::{Failure, Kind, Result};
use crate::resources;

/// How a table is read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TableOptions<'a> {
    /// The format, if the file's name does not give it.
    pub(crate) format: Option<Format>,
    /// The sheet of a workbook; the first by default.
    pub(crate) sheet: Option<&'a str>,
}

/// Reads a table; `-` is standard input.
///
/// # Errors
/// What [`tables::read`] refuses; no rows.
pub(crate) fn open(path: &Path, options: TableOptions<'_>) -> Result<Table> {
    let budget = resources::budget_for_data();
    let options = ReadOptions {
        format: options.format.map(Into::into),
        sheet: options.sheet.map(str::to_owned),
        budget,
    };
    let table = tables::read(&Input::new(path), &options).map_err(table_failure)?;
    if table.rows() == 0 {
        return Err(Failure::data(format!("{}: the file holds no rows", path.display())));
    }
    Ok(table)
}

/// Converts an error of the crate `tables`.
pub(crate) fn table_failure(error: tables::Error) -> Failure {
    let (help, message, kind) = (error.help(), error.to_string(), error.kind());
    let failure = match (kind, error) {
        (_, tables::Error::Io { input, source }) => {
            Failure::io("read", Path::new(&input), Kind::Data, source)
        }
        (_, tables::Error::Wishes { .. }) => Failure::usage(message),
        // a column that the table lacks is a matter of the table as much as of the flag
        _ => Failure::data(message),
    };
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}
