//! What is predicted: numbers, any number of labels, classes in an order; and labels that are refused or named.

use std::fmt::Write;

use crate::util::{Dir, table, table_of_three};

/// Two iterations of a linear head in the smallest ring that has the levels.
const FAST: &str = "--preset n14-l8 --max-iter 2 --sigmoid-degree 3";
/// The same for numbers, which need no polynomial.
const RIDGE: &str = "--head ridge --preset n14-l8 --max-iter 2";

fn noise(i: usize, j: usize) -> f64 {
    ((i * 37 + j * 101) as f64 * 0.71).sin()
}

/// Three features; two numbers, two columns of zeros and ones, the same labels in one cell, and a grade.
pub(crate) fn patients(rows: usize) -> String {
    let mut text = "a,b,c,cost,days,fever,cough,findings,grade\n".to_owned();
    for i in 0..rows {
        let [a, b, c] = [0, 1, 2].map(|j| noise(i, j));
        let (cost, days) = (250.0 + 80.0 * a - 30.0 * b + 5.0 * noise(i, 7), 4.0 + b + 0.2 * noise(i, 8));
        let (fever, cough) = (a + 0.3 * noise(i, 9) > 0.2, b - c + 0.3 * noise(i, 10) > 0.0);
        let found: Vec<&str> =
            [("fever", fever), ("cough", cough)].iter().filter(|f| f.1).map(|f| f.0).collect();
        let grade = match a + b + 0.2 * noise(i, 11) {
            low if low < -0.4 => "mild",
            middle if middle < 0.4 => "moderate",
            _ => "severe",
        };
        let (found, fever, cough) = (found.join(";"), u8::from(fever), u8::from(cough));
        writeln!(text, "{a:.4},{b:.4},{c:.4},{cost:.2},{days:.3},{fever},{cough},{found},{grade}").unwrap();
    }
    text
}

fn header(dir: &Dir, file: &str) -> String {
    String::from_utf8(dir.read(file)).unwrap().lines().next().unwrap().to_owned()
}

#[test]
fn a_number_is_predicted_by_ridge_regression() {
    let dir = Dir::new();
    dir.write("data.csv", patients(160)).write("new.csv", patients(40));
    let flags = "--label-column cost --drop days,fever,cough,findings,grade";
    let said = dir.ok(&format!("run --features data.csv {flags} --out out --scoring {RIDGE}"));
    for word in ["R2", "MAE", "RMSE", "the number \"cost\"", "with 95 % intervals"] {
        assert!(said.stdout.contains(word), "{word} is not in:\n{}", said.stdout);
    }
    let report = dir.json("out/report.json");
    assert_eq!(report["predicts"].as_str(), Some("numbers"));
    for classes in ["classes", "class_counts", "expected"] {
        assert!(report.get(classes).is_none(), "{classes}: {report}");
    }
    assert!(report["method"].get("sigmoid_interval").is_none(), "{report}");
    for twin in ["plain", "simulate", "encrypted", "ridge_regression"] {
        let m = &report[twin][0];
        assert!(m["r2"]["value"].as_f64().unwrap() > 0.9, "{twin}: {m}");
        assert!(
            m["mae"]["value"].as_f64().unwrap() < 25.0 && m["rmse"]["low"].as_f64().unwrap() > 0.0,
            "{twin}: {m}"
        );
    }
    assert!(report["prediction_agreement"].as_f64().unwrap() > 0.9, "{report}");
    assert!(report["scoring"]["agreement"].as_f64().unwrap() > 0.9, "{report}");
    let bins = report["encrypted"][0]["bins"].as_array().unwrap();
    assert!(!bins.is_empty() && bins.iter().all(|bin| bin["samples"].as_u64().unwrap() >= 10), "{bins:?}");
    let page = String::from_utf8(dir.read("out/report.html")).unwrap();
    for words in ["id=\"figure-predicted-0\"", "ridge regression", "mean absolute error", "the number cost"] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("sensitivity"));

    let head = dir.json("out/head.json");
    assert_eq!((head["link"].as_str(), &head["targets"]), (Some("identity"), &serde_json::json!(["cost"])));
    assert!(head.get("classes").is_none());
    assert_eq!(
        header(&dir, "out/predictions.csv"),
        "sample,cost,predicted cost,plain_predicted cost,secrecy"
    );
    let measured = dir.ok("eval --head out --features new.csv --label-column cost --json").json();
    assert!(measured["metrics"][0]["r2"]["value"].as_f64().unwrap() > 0.9, "{measured}");
    dir.ok("predict --head out --features new.csv --out predicted.csv");
    assert_eq!(header(&dir, "predicted.csv"), "sample,cost,predicted cost,secrecy");
}

#[test]
fn several_numbers_by_two_parties() {
    let dir = Dir::new();
    dir.write("data.csv", patients(120));
    let flags = "--label-column cost,days --drop fever,cough,findings,grade";
    let plan = dir
        .ok(&format!("estimate --features data.csv {flags} --out plan.json --scoring --json {RIDGE}"))
        .json();
    assert_eq!(plan["outputs"].as_u64(), Some(2));
    assert!(plan["expected"]["training"]["r2"].as_f64().unwrap() > 0.8, "{plan}");
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    dir.ok(&format!("encrypt --features data.csv {flags} --plan plan.json --keys keys --out data.enc"));
    dir.ok("train --data data.enc --keys keys/eval --out head.enc");
    let head = dir.ok("decrypt --head head.enc --plan plan.json --keys keys --out head --json").json();
    assert_eq!(head["targets"], serde_json::json!(["cost", "days"]));
    let line = "eval --head head --features data.csv --label-column cost --label-column days --json";
    let measured = dir.ok(line).json();
    for k in 0..2 {
        assert!(measured["metrics"][k]["r2"]["value"].as_f64().unwrap() > 0.8, "{measured}");
    }
    // encrypted predictions are in the unit of the numbers
    dir.ok("encrypt --for-scoring --features data.csv --plan plan.json --keys keys --out samples.enc");
    dir.ok("score --head head.enc --data samples.enc --keys keys/eval --out scores.enc");
    dir.ok("predict --features data.csv --scores scores.enc --plan plan.json --keys keys --out scored.csv");
    dir.ok("predict --features data.csv --head head --out decrypted.csv");
    let read = |file: &str| -> Vec<f64> {
        let text = String::from_utf8(dir.read(file)).unwrap();
        let line = text.lines().nth(3).unwrap().to_owned();
        line.split(',').skip(1).filter_map(|cell| cell.parse().ok()).collect()
    };
    let (scored, decrypted) = (read("scored.csv"), read("decrypted.csv"));
    assert!(
        (scored[0] - decrypted[0]).abs() < 2.0 && (scored[1] - decrypted[1]).abs() < 0.05,
        "{scored:?} {decrypted:?}"
    );
}

#[test]
fn columns_of_zeros_and_ones_make_a_head_of_labels() {
    let dir = Dir::new();
    dir.write("data.csv", patients(240));
    let flags = "--label-column fever --label-column cough --drop cost,days,findings,grade";
    let run = format!("run --features data.csv {flags} --validation-fraction 0.25 --out out {FAST}");
    let said = dir.ok(&format!("{run} --threshold sensitivity=0.9"));
    assert!(said.stderr.contains("a multi-label head"), "{}", said.stderr);
    assert!(said.stdout.contains("each label, called above its threshold"), "{}", said.stdout);
    // what was expected is what is measured
    assert!(said.stdout.contains("mean accuracy of the labels"), "{}", said.stdout);
    assert!(said.stdout.contains("means over the labels"), "{}", said.stdout);
    let report = dir.json("out/report.json");
    assert_eq!((report["predicts"].as_str(), report["labels"][0].as_str()), (Some("labels"), Some("cough")));
    for twin in ["plain", "simulate", "encrypted", "logistic_regression"] {
        assert!(report[twin]["mean"]["auroc"].as_f64().unwrap() > 0.85, "{twin}: {report}");
    }
    let clinical = report["clinical"]["encrypted"].as_array().unwrap();
    let head = dir.json("out/head.json");
    assert_eq!((head["link"].as_str(), head["multi_label"].as_bool()), (Some("multi-label"), Some(true)));
    let kept = head["thresholds"].as_array().unwrap();
    assert_eq!((clinical.len(), kept.len()), (2, 2));
    let page = String::from_utf8(dir.read("out/report.html")).unwrap();
    let predicted =
        dir.ok("predict --head out --features data.csv --out called.csv --label-column fever,cough");
    for (at, (one, chosen)) in clinical.iter().zip(kept).enumerate() {
        assert_eq!(one["threshold"], chosen["value"]);
        let (named, name) = (&report["thresholds"][at], report["labels"][at].as_str().unwrap());
        assert_eq!((&named["value"], named["label"].as_str()), (&chosen["value"], Some(name)));
        let value = chosen["value"].as_f64().unwrap();
        assert!(said.stdout.contains(&format!("  {name} {value}")), "{}", said.stdout);
        assert!(predicted.stdout.contains(&format!("{name:?} above {value}")), "{}", predicted.stdout);
        assert!(page.contains(&format!("<td class=\"n\">{value}</td>")), "{value}");
        assert_eq!(chosen["aim"].as_str(), Some("sensitivity=0.9"));
    }
    let wanted = "sample,labels,predicted,probability cough,probability fever,plain_predicted,secrecy";
    assert_eq!(header(&dir, "out/predictions.csv"), wanted);
    assert!(page.contains("one logistic regression for each label") && page.contains("id=\"figure-roc\""));
    let measured = dir.ok("eval --head out --features data.csv --label-column fever,cough --json").json();
    assert!(measured["metrics"]["mean"]["auroc"].as_f64().unwrap() > 0.85, "{measured}");
    assert_eq!(measured["clinical"][0]["threshold"], kept[0]["value"]);
}

#[test]
fn lists_in_a_cell_are_labels_too() {
    let dir = Dir::new();
    dir.write("data.csv", patients(160));
    let flags = "--label-column findings --drop cost,days,fever,cough,grade";
    let said = dir.ok(&format!("run --features data.csv {flags} --out out {FAST}"));
    assert!(said.stderr.contains("any number of 2 labels"), "{}", said.stderr);
    assert_eq!(dir.json("out/head.json")["classes"], serde_json::json!(["cough", "fever"]));
    // the same in JSON lines
    let mut lines = String::new();
    for row in patients(160).lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let set: Vec<String> =
            cells[7].split(';').filter(|l| !l.is_empty()).map(|l| format!("{l:?}")).collect();
        writeln!(
            lines,
            "{{\"a\":{},\"b\":{},\"c\":{},\"label\":[{}]}}",
            cells[0],
            cells[1],
            cells[2],
            set.join(",")
        )
        .unwrap();
    }
    dir.write("data.jsonl", lines);
    let measured = dir.ok("eval --head out --features data.jsonl --json").json();
    assert!(measured["metrics"]["mean"]["auroc"].as_f64().unwrap() > 0.85, "{measured}");
    let job = dir.ok(&format!("tune --features data.csv {flags} --out job.toml --json {FAST}")).json();
    assert_eq!(job["job"]["head"].as_str(), Some("logreg"));
    assert!(job["validation"]["simulate"]["mean"]["accuracy"].as_f64().unwrap() > 0.7, "{job}");
}

#[test]
fn classes_in_an_order() {
    let dir = Dir::new();
    dir.write("data.csv", patients(160));
    let flags = "--label-column grade --drop cost,days,fever,cough,findings --head ordinal";
    let said = dir
        .ok(&format!("run --features data.csv {flags} --class-order mild,moderate,severe --out out {FAST}"));
    assert!(said.stdout.contains("order       mild < moderate < severe"), "{}", said.stdout);
    assert!(!said.stderr.contains("alphabet"), "{}", said.stderr);
    let page = String::from_utf8(dir.read("out/report.html")).unwrap();
    for words in ["mild &lt; moderate &lt; severe", "order of the classes", "Quadratic weighted kappa"] {
        assert!(page.contains(words), "{words}");
    }
    let head = dir.json("out/head.json");
    assert_eq!(head["link"].as_str(), Some("ordinal"));
    assert_eq!(head["classes"], serde_json::json!(["mild", "moderate", "severe"]));
    let report = dir.json("out/report.json");
    assert!(report["encrypted"]["accuracy"].as_f64().unwrap() > 0.6, "{report}");
    let near = report["encrypted"]["within_one_step"].as_f64().unwrap();
    let kappa = report["encrypted"]["quadratic_weighted_kappa"].as_f64().unwrap();
    assert!(
        near >= report["encrypted"]["accuracy"].as_f64().unwrap() && kappa > 0.3 && kappa <= 1.0,
        "{report}"
    );
    let said = dir.ok("eval --head out --features data.csv --label-column grade");
    for words in ["mild < moderate < severe", "kappa, quadratic weighted", "at most one step off"] {
        assert!(said.stdout.contains(words), "{words} is not in:\n{}", said.stdout);
    }
    // words without an order are taken by the alphabet, which is said
    let said = dir.ok(&format!("estimate --features data.csv {flags} {FAST}"));
    assert!(said.stdout.contains("order       mild < moderate < severe"), "{}", said.stdout);
    assert!(
        said.stderr.contains("by the alphabet") && said.stderr.contains("--class-order"),
        "{}",
        said.stderr
    );
    let line = format!("run --features data.csv {flags} --class-order mild,severe --out other {FAST}");
    dir.refused(&line, 2, &["--class-order mild,severe", "each class once", "\"moderate\""]);
}

#[test]
fn numbers_are_asked_about_and_what_does_not_fit_is_named() {
    let dir = Dir::new();
    dir.write("data.csv", patients(80));
    let run = "run --features data.csv --out out";
    let line = format!("{run} --label-column cost");
    dir.refused(&line, 3, &["\"cost\" are 80 different numbers", "--head ridge", "softmax"]);
    let line = format!("{run} --label-column fever,cost");
    dir.refused(&line, 3, &["\"cost\" is one of several label columns", "neither 0 nor 1"]);
    let line = format!("{run} --label-column fever,cough --head softmax");
    dir.refused(&line, 2, &["classes come from one column", "\"cough\""]);
    dir.refused(&format!("{run} --label-column fever,fever"), 2, &["names \"fever\" twice"]);
    dir.refused(
        &format!("{run} --label-column grade --head ridge"),
        3,
        &["\"grade\"", "is not a finite number"],
    );
    let numbers = format!("{run} --label-column cost --head ridge --drop findings,grade");
    dir.refused(&format!("{numbers} --threshold 0.4"), 2, &["--threshold", "there are numbers to predict"]);
    dir.refused(&format!("{numbers} --validation-fraction 0.2"), 2, &["--validation-fraction", "regression"]);
    dir.refused(&format!("{numbers} --positive-label 1"), 2, &["--positive-label requires classes"]);
    dir.refused(&format!("{numbers} --class-weight balanced"), 2, &["--class-weight"]);
    let rare = patients(80).replace(",1,0,fever,", ",0,0,,").replace(",1,1,cough;fever,", ",0,1,cough,");
    let rare = rare.replace(",1,1,fever;cough,", ",0,1,cough,");
    dir.write("rare.csv", rare).write("test.csv", patients(40));
    let line = "run --features rare.csv --test-features test.csv --out out --label-column fever,cough --drop findings,grade";
    dir.refused(line, 3, &["label \"fever\": 0 training samples have it and 80 do not"]);
}

#[test]
fn rare_classes_and_features_named_like_the_label_are_named() {
    let dir = Dir::new();
    let mut rows: Vec<String> = table(140).lines().map(str::to_owned).collect();
    let mut sick = 0;
    rows.retain(|row| {
        sick += usize::from(row.ends_with("sick"));
        !row.ends_with("sick") || sick <= 4
    });
    // a feature that is named like the label
    let named: String = rows
        .iter()
        .enumerate()
        .map(|(i, row)| {
            format!("{row},{}\n", if i == 0 { "label_2".into() } else { format!("{:.3}", noise(i, 5)) })
        })
        .collect();
    dir.write("rare.csv", &named).write("test.csv", table(40));
    let line = "run --features rare.csv --test-size 0.4 --out out";
    dir.refused(
        line,
        3,
        &[
            "class \"sick\" has 2 training samples",
            "at least 8",
            "\"label_2\" is a feature and named like a label",
        ],
    );
    let mut enough = table(200);
    let mut kept = 0;
    enough = enough
        .lines()
        .filter(|row| {
            kept += usize::from(row.ends_with("sick"));
            !row.ends_with("sick") || kept <= 9
        })
        .map(|row| format!("{row}\n"))
        .collect();
    dir.write("imbalanced.csv", enough);
    let said = dir.ok("run --features imbalanced.csv --test-features test.csv --out out --preset n13-l3 --max-iter 1 --sigmoid-degree 3 --temperature 1");
    assert!(said.stderr.contains("rare: \"sick\" (9 of 109"), "{}", said.stderr);
    assert!(said.stderr.contains("--class-weight balanced"), "{}", said.stderr);
    // "well" is never called above this probability
    let said = dir.ok("eval --head out --features test.csv --threshold 0.9999999999");
    assert!(said.stderr.contains("predicts \"sick\" for all 40 samples"), "{}", said.stderr);
}

#[test]
fn spellings_of_a_class_are_one_and_said_so() {
    let dir = Dir::new();
    let rows: String = table_of_three(90)
        .lines()
        .enumerate()
        .map(|(i, row)| match i {
            0 => format!("{row}\n"),
            _ => format!(
                "{}\n",
                row.replace("unsure", ["1", "1.0", "\" 1\""][i / 3 % 3])
                    .replace("ill", "0")
                    .replace("well", "2")
            ),
        })
        .collect();
    dir.write("data.csv", rows);
    let said =
        dir.ok("estimate --features data.csv --preset n14-l8 --max-iter 2 --sigmoid-degree 3 --head auto");
    assert!(
        said.stderr.contains("\"1.0\"") && said.stderr.contains("are the class \"1\""),
        "{}",
        said.stderr
    );
    assert!(said.stdout.contains("90 samples of 3 features"), "{}", said.stdout);
}

#[test]
fn units_of_a_hidden_layer_may_be_left_out() {
    let dir = Dir::new();
    dir.write("data.csv", patients(120));
    let flags = "--label-column grade --drop findings";
    let plan = dir.ok(&format!("estimate --features data.csv {flags} --head mlp --max-iter 2 --json")).json();
    assert!(plan["hidden"]["hidden_layer_sizes"][0].as_u64().unwrap() >= 8, "{plan}");
}
