//! What a Parquet file will take in memory, by what its headers promise, before a page of it is unpacked. A few bytes can promise
//! gigabytes, and the reader allocates what they promise.

use parquet::basic::Type as Physical;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::ByteArrayType;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};

use super::refusals::{DAMAGED, unreadable};
use super::thrift::Thrift;
use crate::error::Result;
use crate::read::builder::Builder;
use crate::wording::quoted;

/// Bytes in memory for each byte of the footer, at most: a column chunk of some 25 bytes becomes a structure of some 500.
const OF_FOOTER: u64 = 64;
/// Bytes of an element of a dictionary or a list: a reference to its bytes, and its levels.
const OF_VALUE: u64 = 48;
/// Unpacked bytes are there twice at most: in their page, and in the cell that is being made of them.
const COPIES: u64 = 2;
/// Rows that are read at a time.
pub(super) const ROWS: usize = 64;

/// Refuses a footer that would take more than the budget.
///
/// # Errors
/// It is too large.
pub(super) fn expect_footer(bytes: &[u8], builder: &Builder) -> Result<()> {
    let Some((_, [a, b, c, d, _, _, _, _])) = bytes.split_last_chunk::<8>() else { return Ok(()) };
    let length = u64::from(u32::from_le_bytes([*a, *b, *c, *d])).min(bytes.len() as u64);
    builder.check_pending(to_usize(length * OF_FOOTER), 0)
}

/// Refuses pages that would take more than the budget, in any group of rows.
///
/// # Errors
/// They are too large; a header that cannot be read; an encoding whose size no header tells.
pub(super) fn expect_pages(
    bytes: &[u8],
    file: &SerializedFileReader<bytes::Bytes>,
    builder: &Builder,
) -> Result<()> {
    for (at, group) in file.metadata().row_groups().iter().enumerate() {
        let mut held = 0_u64;
        for column in group.columns() {
            held = held.saturating_add(held_by(bytes, column, builder)?);
        }
        builder.check_pending(to_usize(held), 0)?;
        let rows = file.get_row_group(at).map_err(|error| unreadable(builder, &error))?;
        for (at, column) in group.columns().iter().enumerate() {
            let words = column.column_type() == Physical::BYTE_ARRAY;
            if words && column.column_descr().max_rep_level() > 0 {
                expect_lists(&*rows, at, builder)?;
            }
        }
    }
    Ok(())
}

/// What a column of a group of rows holds at a time: its dictionary and its largest page, and of lists all elements.
fn held_by(bytes: &[u8], column: &ColumnChunkMetaData, builder: &Builder) -> Result<u64> {
    let damaged = || builder.malformed(None, DAMAGED, "write the file again, or as CSV");
    let start = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
    let part = |start: i64, length: i64| {
        let start = usize::try_from(start).ok()?;
        bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)
    };
    let mut rest = part(start, column.compressed_size()).ok_or_else(damaged)?;
    let (mut dictionaries, mut page, mut elements) = (0_u64, 0_u64, 0_u64);
    let lists = column.column_descr().max_rep_level() > 0;
    while !rest.is_empty() {
        let header = Header::read(rest).ok_or_else(damaged)?;
        rest = rest.get(header.end()..).ok_or_else(damaged)?;
        if matches!(header.encoding, Some(6 | 7)) {
            let name = quoted(&column.column_path().string());
            let what = format!(
                "column {name} is written in increments of text (DELTA_BYTE_ARRAY), which are not read"
            );
            return Err(builder.malformed(
                None,
                what,
                "write it with plain or dictionary encoding, or as CSV",
            ));
        }
        let unpacked = header.unpacked.saturating_mul(COPIES);
        if header.is_dictionary {
            let values = header.values.saturating_mul(OF_VALUE);
            dictionaries = dictionaries.saturating_add(unpacked.saturating_add(values));
        } else {
            page = page.max(unpacked);
            elements = elements.saturating_add(if lists { header.values } else { 0 });
        }
    }
    Ok(dictionaries.saturating_add(page).saturating_add(elements.saturating_mul(OF_VALUE)))
}

/// Refuses a row whose list of texts is larger than the budget: a dictionary has a long text once, a list as often as it likes.
fn expect_lists(group: &dyn RowGroupReader, column: usize, builder: &Builder) -> Result<()> {
    let failed = |error| unreadable(builder, &error);
    let reader = group.get_column_reader(column).map_err(failed)?;
    let mut reader = get_typed_column_reader::<ByteArrayType>(reader);
    loop {
        let (mut definition, mut repetition, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let (rows, _, _) = reader
            .read_records(1, Some(&mut definition), Some(&mut repetition), &mut values)
            .map_err(failed)?;
        if rows == 0 {
            return Ok(());
        }
        let text = values.iter().map(|value| value.len() as u64).fold(0, u64::saturating_add);
        builder.check_pending(to_usize(text.saturating_mul(COPIES)), 0)?;
    }
}

fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// The header of a page (`PageHeader` of the format's definition in Thrift).
#[derive(Default)]
struct Header {
    /// Bytes of the header itself.
    length: usize,
    /// Bytes of the page in the file.
    packed: u64,
    /// Bytes of the page in memory.
    unpacked: u64,
    values: u64,
    encoding: Option<i64>,
    is_dictionary: bool,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (mut found, mut thrift) = (Self::default(), Thrift::new(bytes));
        thrift.fields(|thrift, id, kind| {
            match id {
                2 => found.unpacked = count(thrift.integer()?)?,
                3 => found.packed = count(thrift.integer()?)?,
                // data pages of both versions, and dictionaries, with the number of the field that names their encoding
                5 => found.part(thrift, 2)?,
                7 => {
                    found.is_dictionary = true;
                    found.part(thrift, i64::MAX)?;
                }
                8 => found.part(thrift, 4)?,
                _ => thrift.skip(kind)?,
            }
            Some(())
        })?;
        found.length = thrift.position();
        Some(found)
    }

    fn part(&mut self, thrift: &mut Thrift<'_>, encoding: i64) -> Option<()> {
        thrift.fields(|thrift, id, kind| {
            match id {
                1 => self.values = count(thrift.integer()?)?,
                id if id == encoding => self.encoding = Some(thrift.integer()?),
                _ => thrift.skip(kind)?,
            }
            Some(())
        })
    }

    /// Where the next page starts.
    fn end(&self) -> usize {
        self.length.saturating_add(to_usize(self.packed))
    }
}

fn count(value: i64) -> Option<u64> {
    u64::try_from(value).ok()
}
