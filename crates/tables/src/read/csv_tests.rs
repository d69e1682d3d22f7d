//! The CSV reader, through the public interface.

#![allow(clippy::unwrap_used)]

use super::super::{Format, ReadOptions, read_from};
use super::*;
use proptest::prelude::*;

fn rows(text: &[u8]) -> Result<Vec<Vec<String>>> {
    let table = read_from(text, "t.csv", Some(Format::Csv), &ReadOptions::default())?;
    let columns = table.names().len();
    let mut rows = vec![table.names().to_vec()];
    for row in 0..table.rows() {
        rows.push((0..columns).map(|column| table.cell(row, column).to_owned()).collect());
    }
    Ok(rows)
}

fn refusal(text: &[u8]) -> String {
    rows(text).unwrap_err().to_string()
}

#[test]
fn the_same_table_in_every_notation() {
    let expected = [["text", "label"], ["a, \"b\"\nc", "1"]];
    for text in [
        "text,label\n\"a, \"\"b\"\"\nc\",1\n",
        "\u{feff}text;label\r\n\"a, \"\"b\"\"\nc\";1\r\n",
        "text\tlabel\n\"a, \"\"b\"\"\nc\"\t1",
        "text|label\r\"a, \"\"b\"\"\nc\" |1\r\r",
        "sep=;\r\ntext;label\r\n\n\"a, \"\"b\"\"\nc\";1\r\n",
        "\"text\",\"label\"\n\"a, \"\"b\"\"\nc\",1\n\n\n",
    ] {
        assert_eq!(rows(text.as_bytes()).unwrap(), expected, "{text:?}");
    }
}

#[test]
fn separators_within_quotes_do_not_count() {
    assert_eq!(rows(b"\"a,b,c\";d\n1;2\n").unwrap()[0], ["a,b,c", "d"]);
    assert_eq!(rows("weight, kg;x;y\n1;2;3\n".as_bytes()).unwrap()[0], ["weight, kg", "x", "y"]);
    assert_eq!(rows(b"a;b, c\n1;2\n").unwrap()[0], ["a", "b, c"]);
}

#[test]
fn quotes_that_swallow_rows_are_refused() {
    let open = refusal(b"a,b\n1,2\n3,\"4\n5,6\n7,8\n");
    assert!(open.contains("line 3: a quote opens here and is never closed"), "{open}");
    let late = refusal(b"a,b\n1,\"2\n3,4\n5,\"6\"\n");
    assert!(
        late.contains("line 4: text follows a closing quote; the quoted cell starts in line 2"),
        "{late}"
    );
}

#[test]
fn a_quote_within_a_bare_cell_is_text() {
    assert_eq!(rows(b"a,b\n5\" pipe,x\n").unwrap()[1], ["5\" pipe", "x"]);
}

#[test]
fn bad_rows_are_refused_with_their_line() {
    assert!(refusal(b"a,b\n1,2\n3\n").contains("line 3: 1 cell here, but the line of names has 2"));
    assert!(refusal(b"a,b\n1,2,3\n").contains("write.table"));
    assert!(
        refusal(b"a,b\n1,2\n3,gr\xfcn\n")
            .contains("line 3: column \"b\" is not UTF-8 text; what is beyond ASCII in it reads \"ü\"")
    );
    assert!(refusal(b"a,a\n1,2\n").contains("two columns are named \"a\""));
    assert!(refusal(b"").contains("empty"));
    assert!(refusal(b"\n,,\n").contains("does not name any column"));
}

#[test]
fn blank_lines_matter_in_a_single_column_alone() {
    assert_eq!(rows(b"a\n1\n\n2\n\n\n").unwrap(), [["a"], ["1"], [""], ["2"]]);
    assert_eq!(rows(b"a,b\n1,2\n\n3,4\n").unwrap(), [["a", "b"], ["1", "2"], ["3", "4"]]);
}

#[test]
fn a_row_in_place_of_names_is_noticed() {
    let notes = |text: &str| {
        let table = read_from(text.as_bytes(), "t.csv", Some(Format::Csv), &ReadOptions::default());
        table.unwrap().notes().len()
    };
    assert_eq!(notes("5.1,3.5,1.4,setosa\n4.9,3.0,1.4,setosa\n"), 1);
    assert_eq!(notes("0,1,2,label\n4.9,3.0,1.4,setosa\n"), 0);
    assert_eq!(notes("400.5,401,label\n4.9,3.0,1\n"), 0);
}

#[test]
fn columns_without_names() {
    assert_eq!(rows(b",a,,\n0,1,,\n").unwrap(), [["", "a"], ["0", "1"]]);
    assert_eq!(rows(b"i,a,\n0,1,x\n").unwrap()[0], ["i", "a", "column 3"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn what_the_csv_crate_writes_is_read_back(
        cells in proptest::collection::vec("[ -~äß\n\"]{0,6}", 3..30),
        separator in proptest::sample::select(vec![b',', b';', b'\t', b'|']),
    ) {
        let mut writer = ::csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
        let rows: Vec<&[String]> = cells.chunks_exact(3).collect();
        writer.write_record(["x1", "x2", "x3"]).unwrap();
        for row in &rows {
            writer.write_record(*row).unwrap();
        }
        let found = self::rows(&writer.into_inner().unwrap()).unwrap();
        prop_assert_eq!(&found[1..], &rows[..]);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = rows(&bytes);
    }
}
