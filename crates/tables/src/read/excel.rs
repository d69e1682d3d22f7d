//! Sheets of Excel workbooks.

use std::io::{self, Cursor, Read};

use calamine::{
    CellErrorType, Data, DataRef, ExcelDateTime, Reader, Sheet, SheetType, SheetVisible, Xlsx, XlsxError,
};

use super::builder::Builder;
use crate::error::{Error, Result};
use crate::table::{Places, Table};
use crate::wording::{near, quoted};

/// Reads a sheet: the first that is visible, or the one with a name. The first row that is not empty holds the names; empty rows are
/// skipped. Dates become ISO text.
pub(super) fn read(bytes: Vec<u8>, sheet: Option<&str>, mut builder: Builder) -> Result<Table> {
    check_inflated(&bytes, &builder)?;
    let mut workbook: Xlsx<_> =
        Xlsx::new(Cursor::new(bytes)).map_err(|error| unreadable(&builder, &error))?;
    let (sheet, note) = chosen(workbook.sheets_metadata(), sheet, &builder)?;
    let mut cells = workbook.worksheet_cells_reader(&sheet).map_err(|error| unreadable(&builder, &error))?;
    // Cells arrive row by row, without the empty ones. The dense range that calamine also offers takes its size from the
    // cells' addresses, which a file can make as large as it likes.
    let mut row = Row::default();
    while let Some(cell) =
        cells.next_cell_with_formula_metadata().map_err(|error| unreadable(&builder, &error))?
    {
        let (number, column) = cell.pos;
        if number != row.number {
            row.close(&mut builder)?;
            row.number = number;
        }
        if cell.formula.is_some() && matches!(cell.value, DataRef::Empty) {
            return Err(without_result(&builder, number, column));
        }
        let text = text(&cell.value);
        if !text.is_empty() {
            builder.check_pending(row.cells.len() * size_of::<(u32, String)>(), u64::from(number) + 1)?;
            row.cells.push((column, text));
        }
    }
    row.close(&mut builder)?;
    if builder.names().is_empty() {
        return Err(builder.malformed(None, format!("the sheet {} is empty", quoted(&sheet)), ""));
    }
    let mut table = builder.finish()?;
    table.notes.extend(note);
    Ok(table)
}

/// The error for a formula that no program has computed: programs that write workbooks leave that to Excel.
fn without_result(builder: &Builder, row: u32, column: u32) -> Error {
    let name = builder.names().get(column as usize).filter(|name| !name.is_empty());
    let column =
        name.map_or_else(|| format!("column {}", column + 1), |name| format!("column {}", quoted(name)));
    let what = format!("{column} holds a formula without a result");
    builder.malformed(
        Some(u64::from(row) + 1),
        what,
        "open the file in Excel or LibreOffice and save it, which computes the formulas",
    )
}

/// The cells of a row that are not empty.
#[derive(Default)]
struct Row {
    /// From 0.
    number: u32,
    cells: Vec<(u32, String)>,
}

impl Row {
    /// Hands the row to the builder: as names first, then as cells.
    fn close(&mut self, builder: &mut Builder) -> Result<()> {
        let mut cells = std::mem::take(&mut self.cells);
        cells.sort_by_key(|(column, _)| *column);
        let Some((last, _)) = cells.last() else { return Ok(()) };
        let last = *last as usize;
        let line = u64::from(self.number) + 1;
        if builder.names().is_empty() {
            // Excel has 16384 columns at most.
            if last >= 16_384 {
                return Err(builder.malformed(Some(line), "a cell beyond the last column of Excel", ""));
            }
            let mut names = vec![String::new(); last + 1];
            for (column, text) in cells {
                names[column as usize] = text.trim().to_owned();
            }
            return builder.name_columns(names, Places::SheetRows);
        }
        let columns = builder.names().len();
        if last >= columns {
            let what = format!("a cell in column {}, which has no name in the first row", last + 1);
            let help = "give the column a name, or keep the table alone on its sheet";
            return Err(builder.malformed(Some(line), what, help));
        }
        let mut cells = cells.into_iter().peekable();
        for column in 0..columns {
            let cell = cells.next_if(|(at, _)| *at as usize == column);
            builder.push(column, cell.as_ref().map_or("", |(_, text)| text));
        }
        builder.end_row(line)
    }
}

/// The name of the sheet to read, with a note if hidden ones stand before it.
fn chosen(sheets: &[Sheet], asked: Option<&str>, builder: &Builder) -> Result<(String, Option<String>)> {
    let Some(asked) = asked else {
        let visible =
            |sheet: &&Sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible;
        let Some(found) = sheets.iter().find(visible).or(sheets.first()) else {
            return Err(builder.malformed(None, "the workbook has no sheet", ""));
        };
        let hidden: Vec<String> = sheets
            .iter()
            .take_while(|sheet| sheet.name != found.name)
            .filter(|sheet| sheet.visible != SheetVisible::Visible)
            .map(|sheet| sheet.name.clone())
            .collect();
        let note = (!hidden.is_empty()).then(|| {
            let hidden = crate::wording::listed(&hidden);
            format!("the sheet {} is read; hidden sheets before it are not: {hidden}", quoted(&found.name))
        });
        return Ok((found.name.clone(), note));
    };
    let sheets: &Vec<String> = &sheets.iter().map(|sheet| sheet.name.clone()).collect();
    sheets.iter().find(|sheet| *sheet == asked).map(|sheet| (sheet.clone(), None)).ok_or_else(|| {
        let near = near(asked, sheets).map_or(String::new(), |near| format!("did you mean {near:?}?"));
        let sheets = crate::wording::listed(sheets);
        builder.malformed(None, format!("no sheet {}; the sheets are {sheets}", quoted(asked)), &near)
    })
}

fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(value) => value.to_string(),
        DataRef::Float(value) => value.to_string(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(time) => date_text(time),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(CellErrorType::NA) => "#N/A".to_owned(),
        DataRef::Error(error) => Data::Error(error.clone()).to_string(),
        DataRef::Empty => String::new(),
    }
}

/// The last day that Excel has a date for, 9999-12-31.
const LAST_DAY: f64 = 2_958_466.0;

/// A date as ISO text; a duration as days. A number that Excel has no date for stays a number: it shows `####` for one below 0.
fn date_text(time: &ExcelDateTime) -> String {
    if time.is_duration() || !(0.0..LAST_DAY).contains(&time.as_f64()) {
        return time.as_f64().to_string();
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    match (hour, minute, second) {
        (0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"),
    }
}

fn unreadable(builder: &Builder, error: &XlsxError) -> Error {
    let help = "open the file in Excel or LibreOffice and save it again as .xlsx, or as CSV";
    builder.malformed(None, format!("the workbook cannot be read: {error}"), help)
}

/// Inflates what calamine will hold in memory, to count it: the sizes in the archive's headers may lie. A sheet is read as a stream, but a
/// single cell may be all of it.
fn check_inflated(bytes: &[u8], builder: &Builder) -> Result<()> {
    let unreadable = |error: &dyn std::fmt::Display| {
        builder.malformed(None, format!("the workbook cannot be read: {error}"), "save it again as .xlsx")
    };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
    let (mut held, mut largest_sheet) = (0_u64, 0_u64);
    for at in 0..archive.len() {
        let entry = archive.by_index(at).map_err(|error| unreadable(&error))?;
        let name = entry.name().map_err(|error| unreadable(&error))?;
        // pictures are not read
        if name.starts_with("xl/media/") {
            continue;
        }
        let sheet = name.starts_with("xl/worksheets/");
        let room = builder.budget_left().saturating_sub(held);
        let mut limited = entry.take(room.saturating_add(1));
        let inflated = io::copy(&mut limited, &mut io::sink()).map_err(|error| unreadable(&error))?;
        match sheet {
            true => largest_sheet = largest_sheet.max(inflated),
            false => held += inflated,
        }
        builder.check_pending(usize::try_from(held + largest_sheet).unwrap_or(usize::MAX), 0)?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "excel_tests.rs"]
mod tests;
