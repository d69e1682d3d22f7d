//! `look`: what a table holds, before anything is chosen.

use crate::targets::patients;
use crate::util::Dir;

#[test]
fn classes_of_a_column_of_labels_are_counted() {
    let dir = Dir::new();
    dir.write("data.csv", patients(60));
    let said = dir.ok("look data.csv --label-column grade").stdout;
    assert!(said.contains("labels in column \"grade\": 3 classes"), "{said}");
    let counts: usize = ["mild", "moderate", "severe"]
        .iter()
        .map(|class| {
            let line = said.lines().find(|line| line.trim_start().starts_with(&format!("{class} "))).unwrap();
            line.split_whitespace().last().unwrap().parse::<usize>().unwrap()
        })
        .sum();
    assert_eq!(counts, 60, "{said}");
    // a column of labels is no feature
    assert!(!said.lines().any(|line| line.starts_with("grade ")), "{said}");
    let json = dir.ok("look data.csv --label-column grade --json").json();
    assert_eq!(json["label_columns"], serde_json::json!(["grade"]));
    dir.refused("look data.csv --label-column nothing", 3, &["no column \"nothing\"", "\"grade\""]);
}

#[test]
fn sets_of_labels_are_known_as_such() {
    let dir = Dir::new();
    dir.write("data.csv", patients(60));
    let said = dir.ok("look data.csv --label-column findings").stdout;
    assert!(said.contains("labels in column \"findings\": any number of 2 labels"), "{said}");
    assert!(said.contains("  cough") && said.contains("without any label"), "{said}");
    let said = dir.ok("look data.csv").stdout;
    assert!(said.contains("note on \"findings\": with --label-column any number of 2 labels"), "{said}");
    assert!(said.contains("--label-column NAME shows the classes of one"), "{said}");
    let said = dir.ok("look data.csv --label-column days").stdout;
    assert!(said.contains("60 different numbers"), "{said}");
}

#[test]
fn what_keeps_a_column_from_being_used_is_said() {
    let dir = Dir::new();
    let rows: String = (0..20).map(|row| format!("{row} %,{}\n", row % 2)).collect();
    dir.write("data.csv", format!("share,label\n{rows}"));
    let said = dir.ok("look data.csv");
    assert!(said.stdout.contains("problem of \"share\": "), "{}", said.stdout);
}

#[test]
fn five_short_levels_are_all_seen() {
    let dir = Dir::new();
    let wards = ["Neurology", "Cardiology", "Surgery", "Medicine", "Oncology"];
    let mut text = "a,ward,label\n".to_owned();
    for row in 0..100 {
        text += &format!("{row}.5,{},{}\n", wards[row % 5], row % 2);
    }
    dir.write("data.csv", text);
    let said = dir.ok("look data.csv").stdout;
    for ward in wards {
        assert!(said.contains(&format!("{ward:?}")), "{ward} is not in:\n{said}");
    }
    assert!(said.contains("labels in column \"label\": 2 classes"), "{said}");
}
