//! Data that cannot be trained on: exit code 3, a message with the place, and no output.

use crate::util::{Dir, table, table_of_three};

/// Runs `run` on a table and expects a refusal.
#[track_caller]
fn refused(contents: impl AsRef<[u8]>, flags: &str, messages: &[&str]) {
    let dir = Dir::new();
    dir.write("data.csv", contents);
    dir.refused(&format!("run --features data.csv --out out {flags}"), 3, messages);
}

#[test]
fn an_empty_file() {
    refused("", "", &["data.csv: the file is empty"]);
}

#[test]
fn a_header_alone() {
    refused("a,b,label\n", "", &["data.csv: the file holds no rows"]);
}

#[test]
fn a_missing_file() {
    let dir = Dir::new();
    dir.refused(
        "run --features nowhere.csv --out out",
        3,
        &["cannot read nowhere.csv", "caused by: No such file"],
    );
}

#[test]
fn a_value_that_is_not_a_number() {
    let place = "column \"b\", row 41 (line 42)";
    refused(table(40) + "1,inf,2,sick\n", "", &["data.csv", place, "inf is not a finite number"]);
    refused(table(40) + "1,high,2,sick\n", "", &["data.csv", place, "\"high\" is not a number"]);
    // what is missing is filled in, unless somebody minds
    for value in ["", "NaN"] {
        let data = table(40) + &format!("1,{value},2,sick\n");
        let dir = Dir::new();
        dir.write("data.csv", &data);
        let said = dir.ok("estimate --features data.csv");
        assert!(said.stderr.contains("missing as"), "{}", said.stderr);
        refused(data, "--impute refuse", &["column \"b\"", "missing"]);
    }
}

#[test]
fn labels_of_one_class() {
    let data = table(40).replace("well", "sick");
    refused(data, "", &["error: the labels cannot be trained on", "every label is \"sick\""]);
}

#[test]
fn a_class_with_a_single_sample() {
    let dir = Dir::new();
    dir.write("data.csv", table(40) + "1,2,3,maybe\n").write("test.csv", table(20));
    let line = "run --features data.csv --out out";
    dir.refused(line, 3, &["class \"maybe\" has 1 sample: a split needs one on each side"]);
    let message = "class \"maybe\" has 1 training sample: training needs at least 3 of each";
    dir.refused(&format!("{line} --test-features test.csv"), 3, &[message]);
}

#[test]
fn a_head_for_another_number_of_classes() {
    let dir = Dir::new();
    dir.write("two.csv", table(40)).write("three.csv", table_of_three(60));
    let line = "run --features three.csv --out out --head logreg";
    dir.refused(line, 2, &["--head logreg: two classes are needed, the labels have 3", "--head ovr"]);
    dir.refused("run --features two.csv --out out --head ovr", 2, &["--head logreg is the same as ovr"]);
    let line = "run --features three.csv --out out --positive-label ill";
    dir.refused(line, 2, &["--positive-label ill requires two classes"]);
}

#[test]
fn a_label_that_is_empty() {
    refused(table(40) + "1,2,3,\n", "", &["column \"label\", row 41 (line 42): the label \"\" is empty"]);
}

#[test]
fn too_few_samples_of_a_class() {
    let data: String = table(40)
        .lines()
        .enumerate()
        .filter(|(i, line)| *i < 12 || line.contains("well"))
        .map(|(_, line)| format!("{line}\n"))
        .collect();
    refused(data, "", &["at least 8 of each"]);
}

#[test]
fn an_unknown_label_column() {
    refused(
        table(40),
        "--label-column outcome",
        &["no column \"outcome\"; the columns are \"a\", \"b\", \"c\", \"label\""],
    );
    refused(table(40), "--label-column Label", &["did you mean \"label\"?"]);
    refused(table(40).replace("label", "outcome"), "", &["which column holds the labels?", "--label-column"]);
}

#[test]
fn an_unknown_positive_label() {
    refused(table(40), "--positive-label ill", &["no label is \"ill\"", "\"sick\"", "\"well\""]);
}

#[test]
fn two_columns_of_one_name() {
    refused(table(40).replace("a,b,c", "a,b,a"), "", &["two columns are named \"a\""]);
}

#[test]
fn a_row_of_another_length() {
    refused(table(40) + "1,2,3\n", "", &["line 42: 3 cells here, but the line of names has 4"]);
}

#[test]
fn text_that_is_not_utf8() {
    refused(
        [table(40).as_bytes(), b"1,2,3,s\xefck\n"].concat(),
        "",
        &["line 42: column \"label\" is not UTF-8", "iconv"],
    );
}

#[test]
fn a_split_that_leaves_nothing_to_test() {
    let dir = Dir::new();
    dir.write("data.csv", table(40));
    let line = "run --features data.csv --out out --test-size 0.001";
    dir.refused(line, 2, &["--test-size 0.001: leaves none of a class of 20 samples on one side"]);
}

#[test]
fn test_data_with_other_columns_or_labels() {
    let dir = Dir::new();
    dir.write("data.csv", table(40)).write("test.csv", table(20).replace("a,b,c", "a,b,d"));
    let line = "run --features data.csv --test-features test.csv --out out";
    dir.refused(line, 3, &["test.csv: column \"c\": the table has no such column"]);
    dir.write("test.csv", table(20).replace("sick", "ill"));
    dir.refused(line, 3, &["test.csv: labels that the training does not know", "\"ill\""]);
}

#[test]
fn arrays_and_labels_that_do_not_fit() {
    let dir = Dir::new();
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 1), }\n";
    let mut npy =
        [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes()].concat();
    for value in [0.5f64, f64::NAN, 1.5] {
        npy.extend(value.to_le_bytes());
    }
    dir.write("x.npy", &npy).write("y.csv", "label\n1\n0\n");
    dir.refused("run --features x.npy --labels y.csv --out out", 3, &["x.npy: row 1, column 0: NaN"]);
    npy.truncate(npy.len() - 4);
    dir.write("x.npy", &npy);
    dir.refused("run --features x.npy --labels y.csv --out out", 3, &["x.npy: not an array", "20 bytes"]);
    dir.write("data.csv", table(40));
    dir.refused("run --features data.csv --labels y.csv --out out", 3, &["40 samples, but 2 labels"]);
}

#[test]
fn errors_come_as_json_too() {
    let dir = Dir::new();
    dir.write("data.csv", "");
    let said = dir.run("run --features data.csv --out out --json");
    assert_eq!(said.code, 3);
    let error = &said.json()["error"];
    assert_eq!((error["code"].as_u64(), error["kind"].as_str()), (Some(3), Some("data")));
    assert!(error["message"].as_str().unwrap().contains("empty"));
    assert!(said.stderr.starts_with("error: "));
}
