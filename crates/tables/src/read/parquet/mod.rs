//! Apache Parquet files of flat columns.
//!
//! - this file: rows become cells;
//! - [`bounds`]: what a file will take in memory, before it is unpacked;
//! - [`thrift`]: the notation of its headers;
//! - [`refusals`]: what is said of files that cannot be read.

mod bounds;
mod refusals;
mod thrift;

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use chrono::{DateTime, NaiveDate};
use parquet::basic::{LogicalType, TimeUnit};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;

use refusals::{DAMAGED, unreadable};

use super::builder::Builder;
use crate::error::Result;
use crate::table::{Places, Table};
use crate::wording::quoted;

/// Reads a Parquet file. Dates become ISO text; lists become JSON; nested groups and maps are refused.
pub(super) fn read(bytes: Vec<u8>, builder: Builder) -> Result<Table> {
    let damaged = builder.malformed(None, DAMAGED, "write the file again, or as CSV");
    // The record interface of the crate panics on types that it does not know and on some damaged files.
    catch_unwind(AssertUnwindSafe(|| read_rows(bytes, builder))).unwrap_or(Err(damaged))
}

fn read_rows(bytes: Vec<u8>, mut builder: Builder) -> Result<Table> {
    bounds::expect_footer(&bytes, &builder)?;
    let bytes = Bytes::from(bytes);
    let file = SerializedFileReader::new(bytes.clone()).map_err(|error| unreadable(&builder, &error))?;
    let schema = file.metadata().file_metadata().schema_descr().root_schema();
    let mut names = Vec::new();
    let mut nanoseconds = Vec::new();
    for field in schema.get_fields() {
        names.push(field.name().to_owned());
        let logical = field.get_basic_info().logical_type_ref();
        nanoseconds
            .push(matches!(logical, Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::NANOS));
        if field.is_group() && logical != Some(&LogicalType::List) {
            let what =
                format!("column {} holds nested records; a cell holds one value", quoted(field.name()));
            return Err(builder.malformed(None, what, "write its fields as columns of their own"));
        }
    }
    if names.is_empty() {
        return Err(builder.malformed(None, "the file has no columns", ""));
    }
    builder.name_columns(names, Places::None)?;
    bounds::expect_pages(&bytes, &file, &builder)?;
    let rows = file.get_row_iter(None).map_err(|error| unreadable(&builder, &error))?;
    let rows = rows.with_batch_size(bounds::ROWS);
    for (number, row) in (1..).zip(rows) {
        let row = row.map_err(|error| unreadable(&builder, &error))?;
        for (column, (name, field)) in row.get_column_iter().enumerate() {
            let nanoseconds = nanoseconds.get(column).copied().unwrap_or(false);
            let text = text(field, nanoseconds).ok_or_else(|| {
                let what = format!("row {number}: column {} holds a value that is no text", quoted(name));
                builder.malformed(None, what, "leave the column out when writing the file")
            })?;
            builder.push(column, &text);
        }
        builder.end_row(number)?;
    }
    builder.finish()
}

/// The text of a value, or `None` if it has none.
fn text(field: &Field, nanoseconds: bool) -> Option<String> {
    Some(match field {
        Field::Null => String::new(),
        Field::Bool(value) => value.to_string(),
        Field::Byte(value) => value.to_string(),
        Field::Short(value) => value.to_string(),
        Field::Int(value) => value.to_string(),
        Field::Long(value) if nanoseconds => moment(DateTime::from_timestamp_nanos(*value)),
        Field::Long(value) => value.to_string(),
        Field::UByte(value) => value.to_string(),
        Field::UShort(value) => value.to_string(),
        Field::UInt(value) => value.to_string(),
        Field::ULong(value) => value.to_string(),
        Field::Float16(value) => value.to_f64().to_string(),
        // The number itself, not the shortest text that gives the same f32.
        Field::Float(value) => f64::from(*value).to_string(),
        Field::Double(value) => value.to_string(),
        Field::Str(text) => text.clone(),
        Field::Bytes(bytes) => bytes.as_utf8().ok()?.to_owned(),
        Field::Date(days) => NaiveDate::from_epoch_days(*days)?.to_string(),
        Field::TimestampMillis(value) => moment(DateTime::from_timestamp_millis(*value)?),
        Field::TimestampMicros(value) => moment(DateTime::from_timestamp_micros(*value)?),
        Field::Decimal(_) | Field::TimeMillis(_) | Field::TimeMicros(_) => field.to_string(),
        Field::ListInternal(list) => {
            let items: Option<Vec<Value>> = list.elements().iter().map(json).collect();
            Value::Array(items?).to_string()
        }
        Field::Group(_) | Field::MapInternal(_) => return None,
    })
}

/// An element of a list.
fn json(field: &Field) -> Option<Value> {
    Some(match field {
        Field::Null => Value::Null,
        Field::Str(text) => Value::String(text.clone()),
        other => {
            let text = text(other, false)?;
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
    })
}

fn moment(time: DateTime<chrono::Utc>) -> String {
    let time = time.naive_utc();
    let midnight = time.time() == chrono::NaiveTime::MIN;
    if midnight { time.date().to_string() } else { time.format("%Y-%m-%d %H:%M:%S%.f").to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Format, ReadOptions, read_from};
    use parquet::basic::{Compression, Encoding};
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
    use parquet::schema::parser::parse_message_type;
    use std::sync::Arc;

    /// Two rows: a double with a gap, a word, and a moment in nanoseconds.
    fn written() -> Vec<u8> {
        let schema = "message m { optional double a; required binary b (UTF8); required int64 t (TIMESTAMP(NANOS,false)); }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let mut bytes = Vec::new();
        let properties = Arc::new(WriterProperties::default());
        let mut file = SerializedFileWriter::new(&mut bytes, schema, properties).unwrap();
        let mut group = file.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(&[1.5], Some(&[1, 0]), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let words = [ByteArray::from("x"), ByteArray::from("ä")];
        column.typed::<ByteArrayType>().write_batch(&words, None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column
            .typed::<Int64Type>()
            .write_batch(&[0, 86_400_000_000_000 + 1_000_000_000], None, None)
            .unwrap();
        column.close().unwrap();
        group.close().unwrap();
        file.close().unwrap();
        bytes
    }

    #[test]
    fn values_become_text() {
        let table = read_from(&written()[..], "t.parquet", None, &ReadOptions::default()).unwrap();
        assert_eq!(table.names(), ["a", "b", "t"]);
        assert_eq!(table.column(0).collect::<Vec<_>>(), ["1.5", ""]);
        assert_eq!(table.column(1).collect::<Vec<_>>(), ["x", "ä"]);
        assert_eq!(table.column(2).collect::<Vec<_>>(), ["1970-01-01", "1970-01-02 00:00:01"]);
        assert_eq!(table.place(1), "row 2");
    }

    #[test]
    fn damaged_files_are_refused() {
        let whole = written();
        let options = ReadOptions::default();
        for end in [4, whole.len() / 2, whole.len() - 1] {
            assert!(read_from(&whole[..end], "t.parquet", Some(Format::Parquet), &options).is_err());
        }
        let mut turned = 0;
        for at in (4..whole.len()).step_by(7) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x5a;
            turned +=
                usize::from(read_from(&bytes[..], "t.parquet", Some(Format::Parquet), &options).is_err());
        }
        assert!(turned > 0);
    }

    /// A file of one column, written plainly or packed by zstd, in a page.
    fn one_column(schema: &str, packed: bool, write: impl Fn(&mut SerializedColumnWriter<'_>)) -> Vec<u8> {
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let compression =
            if packed { Compression::ZSTD(Default::default()) } else { Compression::UNCOMPRESSED };
        let properties = WriterProperties::builder().set_compression(compression).build();
        let mut bytes = Vec::new();
        let mut file = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties)).unwrap();
        let mut group = file.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        write(&mut column);
        column.close().unwrap();
        group.close().unwrap();
        file.close().unwrap();
        bytes
    }

    #[test]
    fn what_would_not_fit_is_refused_before_it_is_unpacked() {
        let words = "message m { required binary b (UTF8); }";
        let long = |column: &mut SerializedColumnWriter<'_>| {
            let text = "x".repeat(4 << 20);
            column
                .typed::<ByteArrayType>()
                .write_batch(&[ByteArray::from(text.as_str())], None, None)
                .unwrap();
        };
        let lists = "message m { optional group l (LIST) { repeated group list { required binary element (UTF8); } } }";
        // a text of a quarter of a megabyte, once in the dictionary and forty times in a list
        let often = |column: &mut SerializedColumnWriter<'_>| {
            let texts = vec![ByteArray::from("x".repeat(1 << 18).as_str()); 40];
            let mut starts = vec![1; 40];
            starts[0] = 0;
            column.typed::<ByteArrayType>().write_batch(&texts, Some(&[2; 40]), Some(&starts)).unwrap();
        };
        let many = |column: &mut SerializedColumnWriter<'_>| {
            let mut starts = vec![1; 400_000];
            starts[0] = 0;
            let texts = vec![ByteArray::from("x"); 400_000];
            column
                .typed::<ByteArrayType>()
                .write_batch(&texts, Some(&vec![2; 400_000]), Some(&starts))
                .unwrap();
        };
        for (what, file) in [
            ("a packed text", one_column(words, true, long)),
            ("a list of one text", one_column(lists, true, often)),
            ("a long list", one_column(lists, true, many)),
        ] {
            assert!(file.len() < 1 << 20, "{what}: {}", file.len());
            let options = |budget: usize| ReadOptions { budget: Some(budget), ..ReadOptions::default() };
            let read = |budget| read_from(&file[..], "t.parquet", Some(Format::Parquet), &options(budget));
            let refused = read(6 << 20).unwrap_err();
            assert!(matches!(refused, crate::Error::TooLarge { .. }), "{what}: {refused}");
            assert_eq!(read(1 << 30).unwrap().rows(), 1, "{what}");
        }
    }

    /// The unpacked size in the header of the page is the third field that is written, after the type and before the packed size.
    #[test]
    fn a_promise_is_refused_by_its_header() {
        let numbers = "message m { required int64 a; }";
        let values: Vec<i64> = (0..3000).collect();
        let file = one_column(numbers, true, |column| {
            column.typed::<Int64Type>().write_batch(&values, None, None).unwrap();
        });
        // 0x15 and a byte for the type, then 0x15 and the size
        let at = (4..file.len()).find(|&at| file[at] == 0x15 && file[at + 2] == 0x15).unwrap() + 3;
        let size = &file[at..at + 3];
        assert!(size[0] & size[1] & 0x80 != 0 && size[2] & 0x80 == 0, "{size:?} is no number of three bytes");
        // as much as three bytes can say: a megabyte
        let lied = [&file[..at], &[0xfe, 0xff, 0x7f], &file[at + 3..]].concat();
        let options = ReadOptions { budget: Some(400_000), ..ReadOptions::default() };
        assert_eq!(read_from(&file[..], "t.parquet", None, &options).unwrap().rows(), 3000);
        let refused = read_from(&lied[..], "t.parquet", None, &options).unwrap_err();
        assert!(matches!(refused, crate::Error::TooLarge { .. }), "{refused}");
    }

    #[test]
    fn text_in_increments_is_refused_by_name() {
        let schema = Arc::new(parse_message_type("message m { required binary b (UTF8); }").unwrap());
        let properties = WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_encoding(Encoding::DELTA_BYTE_ARRAY)
            .build();
        let mut bytes = Vec::new();
        let mut file = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties)).unwrap();
        let mut group = file.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&[ByteArray::from("x")], None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        file.close().unwrap();
        let refused = read_from(&bytes[..], "t.parquet", None, &ReadOptions::default()).unwrap_err();
        assert!(refused.to_string().contains("column \"b\" is written in increments"), "{refused}");
    }
}
