//! Tables, as the formats are told apart and read, then typed, fitted and applied.

use std::path::Path;

use tables::{Format, Overrides, ReadOptions, Recipe, read_from};

use crate::{Target, sealed};

/// CSV and TSV, of any encoding and packing.
pub const CSV: Target = Target { name: "csv", read: |input| read(input, Format::Csv), seeds: csv_seeds };
/// JSON lines.
pub const JSONL: Target =
    Target { name: "jsonl", read: |input| read(input, Format::Jsonl), seeds: jsonl_seeds };
/// Parquet.
pub const PARQUET: Target =
    Target { name: "parquet", read: |input| read(input, Format::Parquet), seeds: parquet_seeds };
/// Excel workbooks, whose checksums are made right.
pub const XLSX: Target = Target {
    name: "xlsx",
    read: |input| read(&sealed::zip(input.to_vec()), Format::Xlsx),
    seeds: xlsx_seeds,
};

/// What the program gives a table, on a small machine.
const BUDGET: usize = 64 << 20;
/// Larger inputs of real exports are left out: mutations would seldom meet what matters.
const MOST: usize = 6_000;

fn read(input: &[u8], format: Format) -> Result<(), String> {
    let options = ReadOptions { format: Some(format), budget: Some(BUDGET), ..ReadOptions::default() };
    let table = read_from(input, "input", Some(format), &options).map_err(|error| error.to_string())?;
    // what cannot be used is refused after it was read, which is no reason to keep a seed out
    if let Ok(recipe) = Recipe::fit(&table, None, &[], &Overrides::default()) {
        let applied = recipe.apply(&table).map_err(|error| error.to_string())?;
        assert_eq!(applied.x.nrows(), table.rows());
        let _ = recipe.describe().to_string();
    }
    Ok(())
}

fn csv_seeds(_: &Path) -> Vec<Vec<u8>> {
    exports(&["csv", "tsv", "txt", "gz"], Format::Csv)
}

fn jsonl_seeds(_: &Path) -> Vec<Vec<u8>> {
    exports(&["jsonl"], Format::Jsonl)
}

fn parquet_seeds(_: &Path) -> Vec<Vec<u8>> {
    exports(&["parquet"], Format::Parquet)
}

/// A small workbook with its entries stored, so that mutations meet the text and not its compression.
fn xlsx_seeds(_: &Path) -> Vec<Vec<u8>> {
    const PARTS: [(&str, &str); 6] = [
        (
            "_rels/.rels",
            r#"<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
        ),
        (
            "xl/workbook.xml",
            r#"<workbook xmlns:r="r"><workbookPr date1904="0"/><sheets><sheet name="Ward" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
        ),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#,
        ),
        (
            "xl/sharedStrings.xml",
            "<sst><si><t>age</t></si><si><t>admitted</t></si><si><r><t>A</t></r></si></sst>",
        ),
        (
            "xl/styles.xml",
            r#"<styleSheet><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/></numFmts><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>"#,
        ),
        (
            "xl/worksheets/sheet1.xml",
            r#"<worksheet><dimension ref="A1:D4"/><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="inlineStr"><is><t>ward</t></is></c><c r="D1" t="str"><v>sick</v></c></row><row r="2"><c r="A2"><v>61.5</v></c><c r="B2" s="1"><v>45292</v></c><c r="C2" t="s"><v>2</v></c><c r="D2" t="b"><v>1</v></c></row><row r="3"><c r="A3"><v>7E1</v></c><c r="B3" s="1"><v>45293.5</v></c><c r="D3" t="b"><v>0</v></c></row><row r="4"><c r="A4" t="e"><v>#N/A</v></c></row></sheetData></worksheet>"#,
        ),
    ];
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let archive = || -> zip::result::ZipResult<Vec<u8>> {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, text) in PARTS {
            writer.start_file(name, stored)?;
            std::io::Write::write_all(&mut writer, text.as_bytes())?;
        }
        Ok(writer.finish()?.into_inner())
    };
    vec![archive().unwrap_or_else(|error| panic!("a workbook: {error}"))]
}

/// The exports of `data/nasty` that are accepted.
fn exports(endings: &[&str], format: Format) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/nasty");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known)));
    let files = paths.iter().filter_map(|path| std::fs::read(path).ok());
    files
        .filter(|bytes| bytes.len() < MOST || format == Format::Parquet)
        .filter(|bytes| read(bytes, format).is_ok())
        .collect()
}
