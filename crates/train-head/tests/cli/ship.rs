//! A passenger list with categories, gaps and identifiers (`data/ship`): as good as scikit-learn's pipeline of imputers, one-hot encoding
//! and scaling, and new rows need no preparation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::util::{Dir, FAST};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/ship").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(file(name)).unwrap()
}

#[test]
fn raw_rows_are_trained_on_and_predicted_like_by_scikit_learn() {
    let dir = Dir::new();
    dir.write("train.csv", text("train.csv")).write("test.csv", text("test.csv"));
    let run = "run --features train.csv --test-features test.csv --label-column survived --id-column passenger --out out";
    let said = dir.ok(run);
    for says in ["name      identifier", "deck      category", "one for the rare levels", "boarded   date"] {
        assert!(said.stderr.contains(says), "{says:?} is not in:\n{}", said.stderr);
    }
    let report = dir.json("out/report.json");
    let expected: serde_json::Value = serde_json::from_str(&text("expected.json")).unwrap();
    let (ours, theirs) =
        (report["encrypted"]["accuracy"].as_f64().unwrap(), expected["accuracy"].as_f64().unwrap());
    assert!(ours >= theirs - 0.01, "{ours} against {theirs}");

    // the head itself prepares new rows, in any order of columns, with labels or without
    let mut shuffled = String::new();
    for line in text("test.csv").lines() {
        let mut cells: Vec<&str> = line.split(',').collect();
        // "Last, First" stands in quotes
        let name = cells[1..cells.len() - 9].join(",");
        cells.splice(1..cells.len() - 9, [name.as_str()]);
        cells.pop();
        cells.rotate_left(3);
        shuffled += &(cells.join(",") + "\n");
    }
    dir.write("new.csv", shuffled);
    dir.ok("predict --head out --features new.csv --id-column passenger --out new-predictions.csv");
    let column = |name: &str, column: &str| -> Vec<String> {
        let text = String::from_utf8(dir.read(name)).unwrap();
        let at = text.lines().next().unwrap().split(',').position(|field| field == column).unwrap();
        text.lines().skip(1).map(|line| line.split(',').nth(at).unwrap().to_owned()).collect()
    };
    for name in ["passenger", "predicted", "probability"] {
        assert_eq!(column("new-predictions.csv", name), column("out/predictions.csv", name), "{name}");
    }

    // a level that was never seen and a gap where there was none are said, not refused
    let odd = text("test.csv").replacen("Southampton", "Lisbon", 1);
    dir.write("odd.csv", odd);
    let said = dir.ok("predict --head out --features odd.csv --out odd-predictions.csv");
    assert!(said.stderr.contains("\"Lisbon\""), "{}", said.stderr);
    let broken = text("test.csv").replacen(",0,", ",many,", 1);
    dir.write("broken.csv", broken);
    dir.refused(
        "predict --head out --features broken.csv --out p.csv",
        3,
        &["column", "\"many\"", "is not a number"],
    );
}

/// The features are those of the pipeline, before it scales them.
#[test]
fn features_are_those_of_the_pipeline() {
    let table =
        |name: &str| tables::read(&tables::Input::Path(file(name)), &tables::ReadOptions::default()).unwrap();
    let drop = ["passenger", "name", "boarded"].map(str::to_owned).to_vec();
    let overrides = tables::Overrides { drop, ..tables::Overrides::default() };
    let recipe = tables::Recipe::fit(&table("train.csv"), None, &["survived"], &overrides).unwrap();
    let ours = recipe.apply(&table("test.csv")).unwrap().x;
    let expected: serde_json::Value = serde_json::from_str(&text("expected.json")).unwrap();
    let numbers = |value: &serde_json::Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    };
    let rows: Vec<Vec<f64>> = expected["columns"].as_array().unwrap().iter().map(numbers).collect();
    assert_eq!(ours.ncols(), rows[0].len(), "{:?}", recipe.feature_names());
    // the order of columns is our own: compare them as a set
    let mut theirs: BTreeMap<String, usize> = BTreeMap::new();
    let key = |column: Vec<f64>| format!("{column:?}");
    for at in 0..ours.ncols() {
        *theirs.entry(key(rows.iter().map(|row| row[at]).collect())).or_default() += 1;
    }
    for (at, name) in recipe.feature_names().iter().enumerate() {
        let count = theirs.get_mut(&key(ours.column(at).iter().take(rows.len()).copied().collect()));
        assert!(
            count.is_some_and(|count| *count > 0 && {
                *count -= 1;
                true
            }),
            "{name} is no column of the pipeline"
        );
    }
    let mut sums: Vec<f64> = ours.columns().into_iter().map(|column| column.sum()).collect();
    sums.sort_by(f64::total_cmp);
    for (ours, theirs) in sums.iter().zip(numbers(&expected["sums"])) {
        assert!((ours - theirs).abs() < 1e-6, "{ours} against {theirs}");
    }
}

#[test]
fn groups_stay_on_one_side() {
    let dir = Dir::new();
    // three visits of each patient, all with the patient's label
    let mut visits = "patient,a,b,label\n".to_owned();
    for i in 0..120 {
        let patient = i / 3;
        let class = patient % 2;
        let noise = |j: usize| ((i * 37 + j * 101) as f64 * 0.71).sin();
        visits += &format!("p{patient},{:.4},{:.4},{class}\n", noise(0) + class as f64, noise(1));
    }
    dir.write("visits.csv", visits);
    dir.ok(&format!("run --features visits.csv --group-column patient --id-column patient --out out {FAST}"));
    let text = String::from_utf8(dir.read("out/predictions.csv")).unwrap();
    let mut tested: BTreeMap<String, usize> = BTreeMap::new();
    for line in text.lines().skip(1) {
        *tested.entry(line.split(',').nth(1).unwrap().to_owned()).or_default() += 1;
    }
    assert!(tested.len() >= 8 && tested.values().all(|count| *count == 3), "{tested:?}");
}

#[test]
#[cfg(unix)]
fn standard_input_and_workbooks_are_read() {
    use std::io::Write;
    use std::process::Stdio;
    let dir = Dir::new();
    let line = format!("estimate --features - --label-column survived --json {FAST}");
    let mut child = dir
        .command()
        .args(line.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text("train.csv").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["samples"].as_u64(), Some(900), "{json}");
    let columns = json["columns"].as_array().unwrap();
    assert!(columns.iter().any(|column| column["name"] == "passenger" && column["kind"] == "identifier"));
}
