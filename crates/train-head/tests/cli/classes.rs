//! More than two classes.

use crate::util::{Dir, table_of_three};

/// Two iterations in the smallest ring that has the levels.
const FAST: &str = "--preset n14-l8 --max-iter 2 --sigmoid-degree 3";

#[test]
fn three_classes_in_one_go() {
    let dir = Dir::new();
    dir.write("data.csv", table_of_three(150));
    let said = dir.ok(&format!("run --features data.csv --test-size 0.2 --out out {FAST}"));
    assert!(said.stdout.contains("3 classes"), "{}", said.stdout);
    let report = dir.json("out/report.json");
    assert_eq!(report["classes"].as_u64(), Some(3));
    assert_eq!(report["labels"], serde_json::json!(["ill", "unsure", "well"]));
    for twin in ["plain", "simulate", "encrypted", "logistic_regression"] {
        assert!(report[twin]["accuracy"].as_f64().unwrap() > 0.9, "{twin}: {report}");
        assert_eq!(report[twin]["confusion"].as_array().map(Vec::len), Some(3));
    }
    assert!(report["max_weight_error_simulate"].as_f64().unwrap() < 1e-2, "{report}");
    assert!(report["prediction_agreement"].as_f64().unwrap() > 0.95, "{report}");
    let predictions = String::from_utf8(dir.read("out/predictions.csv")).unwrap();
    let header =
        "sample,label,predicted,probability ill,probability unsure,probability well,plain_predicted,secrecy";
    assert_eq!(predictions.lines().next(), Some(header));
    assert_eq!(predictions.lines().count(), 31);

    // the exported head, in scikit-learn's shapes
    let bytes = dir.read("out/head.safetensors");
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    assert_eq!(header["coef"]["shape"], serde_json::json!([3, 3]));
    assert_eq!(header["intercept"]["shape"], serde_json::json!([3]));
    let head = dir.json("out/head.json");
    assert_eq!((&head["link"], &head["classes"][1]), (&"one-vs-rest".into(), &"unsure".into()));
    let measured = dir.ok("eval --head out --features data.csv");
    assert!(measured.stdout.contains("\n  unsure "), "{}", measured.stdout);
    dir.ok("predict --head out --features data.csv --out predicted.csv");
}

#[test]
fn three_classes_by_two_parties() {
    let dir = Dir::new();
    dir.write("data.csv", table_of_three(90));
    let plan = dir
        .ok(&format!(
            "estimate --features data.csv --head ovr --class-weight balanced --out plan.json {FAST} --json"
        ))
        .json();
    assert_eq!(plan["outputs"].as_u64(), Some(3));
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    dir.ok("encrypt --features data.csv --plan plan.json --keys keys --out data.enc");
    dir.ok("train --data data.enc --keys keys/eval --out head.enc");
    dir.ok("inspect head.enc --verify");
    let head = dir.ok("decrypt --head head.enc --plan plan.json --keys keys --out head --json").json();
    assert_eq!(head["classes"], serde_json::json!(["ill", "unsure", "well"]));
    let measured = dir.ok("eval --head head --features data.csv --json").json();
    assert!(measured["metrics"]["accuracy"].as_f64().unwrap() > 0.9, "{measured}");
    dir.write("other.csv", table_of_three(90).replace("unsure", "maybe"));
    let line = "encrypt --features other.csv --plan plan.json --keys keys --out new.enc";
    dir.refused(line, 3, &["labels that the training does not know", "\"maybe\" of sample 1 is none of"]);
}

#[test]
fn a_plan_for_classes_from_sizes_alone() {
    let dir = Dir::new();
    let plan = dir.ok("estimate --samples 13000 --dimension 384 --classes 7 --json").json();
    assert_eq!(plan["outputs"].as_u64(), Some(7));
    dir.refused("estimate --samples 13000 --dimension 384 --classes 1", 2, &["--classes 1"]);
}

#[test]
fn a_softmax_of_three_classes() {
    let dir = Dir::new();
    dir.write("data.csv", table_of_three(150));
    let fast = "--preset n14-l8 --max-iter 2 --head softmax";
    dir.ok(&format!("run --features data.csv --test-size 0.2 --out out {fast}"));
    let report = dir.json("out/report.json");
    assert!(report["encrypted"]["accuracy"].as_f64().unwrap() > 0.9, "{report}");
    assert!(report["max_weight_error_simulate"].as_f64().unwrap() < 1e-2, "{report}");
    assert_eq!(dir.json("out/head.json")["link"].as_str(), Some("softmax"));
    dir.ok("eval --head out --features data.csv");
}
