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

/// Workbooks with their entries stored, so that mutations meet the text and not its compression.
fn xlsx_seeds(_: &Path) -> Vec<Vec<u8>> {
    exports(&["xlsx"], Format::Xlsx).iter().map(|bytes| stored(bytes)).collect()
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
        .filter(|bytes| bytes.len() < MOST || matches!(format, Format::Xlsx | Format::Parquet))
        .filter(|bytes| read(bytes, format).is_ok())
        .collect()
}

fn stored(archive: &[u8]) -> Vec<u8> {
    let mut from =
        zip::ZipArchive::new(std::io::Cursor::new(archive)).unwrap_or_else(|error| panic!("{error}"));
    let mut to = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for i in 0..from.len() {
        let mut entry = from.by_index(i).unwrap_or_else(|error| panic!("{error}"));
        let name = entry.name().unwrap_or_else(|error| panic!("{error}")).into_owned();
        to.start_file(name, options).unwrap_or_else(|error| panic!("{error}"));
        std::io::copy(&mut entry, &mut to).unwrap_or_else(|error| panic!("{error}"));
    }
    to.finish().unwrap_or_else(|error| panic!("{error}")).into_inner()
}
