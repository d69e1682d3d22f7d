//! Workbooks, written by hand.

#![allow(clippy::unwrap_used)]
use super::super::{Format, ReadOptions, read_from};
use std::io::{Cursor, Write};

/// A workbook with one sheet of this XML.
fn workbook(sheet: &str) -> Vec<u8> {
    workbook_of(sheet, "")
}

/// A workbook with this sheet, and hidden before it one that these attributes are for.
fn workbook_of(sheet: &str, before: &str) -> Vec<u8> {
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        (
            "_rels/.rels",
            format!(
                "{head}<Relationships xmlns=\"{package}\"><Relationship Id=\"a\" Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "{head}<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets>{before}<sheet name=\"Daten\" sheetId=\"1\" r:id=\"b\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "{head}<Relationships xmlns=\"{package}\"><Relationship Id=\"b\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"s\" Type=\"{office}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/styles.xml",
            format!(
                "{head}<styleSheet xmlns=\"{main}\"><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("{head}<worksheet xmlns=\"{main}\"><sheetData>{sheet}</sheetData></worksheet>"),
        ),
    ] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn read(bytes: &[u8], options: &ReadOptions) -> crate::Result<crate::Table> {
    read_from(bytes, "t.xlsx", Some(Format::Xlsx), options)
}

fn word(at: &str, text: &str) -> String {
    format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

#[test]
fn sparse_cells_are_put_in_place() {
    let names = format!("<row r=\"2\">{}{}</row>", word("A2", "a"), word("C2", "c"));
    let cells =
        "<row r=\"3\"><c r=\"C3\"><v>1.5</v></c></row><row r=\"5\"><c r=\"A5\" t=\"b\"><v>1</v></c></row>";
    let table = read(&workbook(&(names + cells)), &ReadOptions::default()).unwrap();
    assert_eq!(table.names(), ["a", "c"]);
    assert_eq!(table.column(0).collect::<Vec<_>>(), ["", "true"]);
    assert_eq!(table.column(1).collect::<Vec<_>>(), ["1.5", ""]);
    assert_eq!(table.place(1), "row 2 (row 5 of the sheet)");
}

#[test]
fn numbers_below_the_first_date_stay_numbers() {
    let cell = |at: &str, value: &str| format!("<row><c r=\"{at}\" s=\"1\"><v>{value}</v></c></row>");
    let cells = word("A1", "a") + "</row>" + &cell("A2", "-5") + &cell("A3", "-6.5") + &cell("A4", "45382");
    let table = read(&workbook(&format!("<row r=\"1\">{cells}")), &ReadOptions::default()).unwrap();
    assert_eq!(table.column(0).collect::<Vec<_>>(), ["-5", "-6.5", "2024-03-31"]);
}

#[test]
fn formulas_need_results() {
    let names = format!("<row r=\"1\">{}{}</row>", word("A1", "a"), word("B1", "b"));
    let row = |formula: &str| format!("{names}<row r=\"2\"><c r=\"A2\"><v>1</v></c>{formula}</row>");
    let read = |formula: &str| read(&workbook(&row(formula)), &ReadOptions::default());
    for none in [
        "<c r=\"B2\"><f>A2*2</f><v></v></c>",
        "<c r=\"B2\"><f>A2*2</f></c>",
        "<c r=\"B2\"><f>A2*2</f><v/></c>",
    ] {
        let error = read(none).unwrap_err();
        assert!(
            error.to_string().contains("row 2 of the sheet: column \"b\" holds a formula without a result"),
            "{error}"
        );
        assert!(error.help().unwrap().contains("open the file in Excel"));
    }
    assert_eq!(read("<c r=\"B2\"><f>A2*2</f><v>2</v></c>").unwrap().cell(0, 1), "2");
    assert_eq!(read("<c r=\"B2\" t=\"str\"><f>IF(A2,\"\",1)</f><v></v></c>").unwrap().cell(0, 1), "");
}

#[test]
fn hidden_sheets_are_passed_over() {
    let before = "<sheet name=\"codes\" sheetId=\"2\" state=\"hidden\" r:id=\"b\"/>";
    let bytes = workbook_of(&format!("<row r=\"1\">{}</row>", word("A1", "a")), before);
    let table = read(&bytes, &ReadOptions::default()).unwrap();
    assert_eq!(table.notes(), ["the sheet \"Daten\" is read; hidden sheets before it are not: \"codes\""]);
    let asked = ReadOptions { sheet: Some("codes".to_owned()), ..ReadOptions::default() };
    assert_eq!(read(&bytes, &asked).unwrap().notes(), [""; 0]);
}

#[test]
fn far_away_cells_take_no_memory() {
    let far =
        format!("<row r=\"1\">{}</row><row r=\"1048576\">{}</row>", word("A1", "a"), word("XFD1048576", "x"));
    let error = read(&workbook(&far), &ReadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("row 1048576 of the sheet: a cell in column 16384, which has no name"), "{error}");
}

#[test]
fn sheets_are_found_by_name() {
    let bytes = workbook(&format!("<row r=\"1\">{}</row>", word("A1", "a")));
    let sheet = |name: &str| ReadOptions { sheet: Some(name.to_owned()), ..ReadOptions::default() };
    assert_eq!(read(&bytes, &sheet("Daten")).unwrap().names(), ["a"]);
    let error = read(&bytes, &sheet("daten")).unwrap_err();
    assert!(error.to_string().contains("no sheet \"daten\"; the sheets are \"Daten\""), "{error}");
    assert!(error.help().unwrap().contains("did you mean"));
    assert!(read(b"PK\x03\x04rubbish", &sheet("Daten")).is_err());
}

/// A comment is no cell, but it is held in memory while it is read.
#[test]
fn a_packed_sheet_meets_the_budget() {
    let comment = format!("<!-- {} -->", "x".repeat(4 << 20));
    let bytes = workbook(&format!(
        "<row r=\"1\">{}</row>{comment}<row r=\"2\">{}</row>",
        word("A1", "a"),
        word("A2", "b")
    ));
    assert!(bytes.len() < 1 << 17, "{}", bytes.len());
    let budget = |budget| ReadOptions { budget: Some(budget), ..ReadOptions::default() };
    let refused = read(&bytes, &budget(1 << 20)).unwrap_err();
    assert!(matches!(refused, crate::Error::TooLarge { .. }), "{refused}");
    assert_eq!(read(&bytes, &budget(8 << 20)).unwrap().rows(), 1);
}
