//! `run`, all in one.

use crate::util::{Dir, FAST, Said, table};

#[test]
fn everything_in_one_go() {
    let dir = Dir::new();
    dir.write("data.csv", table(200));
    let Said { stdout, stderr, .. } = dir.ok(&format!(
        "run --features data.csv --label-column label --test-size 0.3 --random-state 0 --out out {FAST}"
    ));
    for word in ["accuracy", "encrypted", "plain twin", "128 bits", "out/report.json", "UNENCRYPTED"] {
        assert!(stdout.contains(word), "{word} is not in:\n{stdout}");
    }
    assert!(stderr.contains("keygen") && stderr.contains("train"), "{stderr}");

    let report = dir.json("out/report.json");
    for (key, value) in
        [("ring_degree", 8192), ("security_bits", 128), ("samples", 140), ("test_samples", 60)]
    {
        assert_eq!(report[key].as_u64(), Some(value), "{key}");
    }
    for (key, value) in [("features", 3), ("classes", 2), ("iterations", 1), ("bootstraps", 0)] {
        assert_eq!(report[key].as_u64(), Some(value), "{key}");
    }
    assert_eq!(report["preset"].as_str(), Some("n13-l3"));
    assert!(report["log_qp"].as_f64().unwrap() <= 214.0);
    for twin in ["plain", "simulate", "encrypted", "logistic_regression"] {
        for measure in ["accuracy", "macro_f1", "auroc"] {
            let value = report[twin][measure].as_f64().unwrap();
            assert!((0.8..=1.0).contains(&value), "{twin} {measure} {value}");
        }
    }
    assert!(report["max_weight_error"].as_f64().unwrap() < 0.2, "{report}");
    assert!(report["max_weight_error_simulate"].as_f64().unwrap() < 1e-2, "{report}");
    assert!(report["prediction_agreement"].as_f64().unwrap() > 0.98);
    for phase in ["embed", "plan", "keygen", "encrypt", "load", "train", "decrypt", "evaluate", "total"] {
        assert!(report["seconds"][phase].as_f64().unwrap() >= 0.0, "{phase}");
    }
    assert_eq!(report["bytes"]["data"].as_u64(), Some(dir.read("out/server/data.enc").len() as u64));
    assert_eq!(report["bytes"]["head"].as_u64(), Some(dir.read("out/server/head.enc").len() as u64));
    assert!(report["peak_rss_bytes"].as_u64().unwrap() > 1 << 20);

    let predictions = String::from_utf8(dir.read("out/predictions.csv")).unwrap();
    assert_eq!(predictions.lines().count(), 61);
    assert!(predictions.starts_with("sample,label,predicted,probability,plain_probability,secrecy\n"));

    // what was exported works on its own, and gives the same predictions
    let measured = dir.ok("eval --head out --features data.csv --json").json();
    assert!(measured["metrics"]["accuracy"].as_f64().unwrap() > 0.85);
    // the compute party's folder holds no secret, and trains again by itself
    let names = dir.list();
    assert!(!names.iter().any(|name| name.starts_with("out/server") && name.contains("secret")));
    assert!(!names.iter().any(|name| name.contains(".partial")), "{names:?}");
    std::fs::rename(dir.path("out/client"), dir.path("hidden")).unwrap();
    let identity = "--identity out/server/identity.key";
    dir.ok(&format!("train --data out/server/data.enc --keys out/server/eval --out again.enc {identity}"));
    assert_eq!(dir.read("again.enc"), dir.read("out/server/head.enc"));
}

#[test]
fn the_same_seed_holds_out_the_same_samples() {
    let dir = Dir::new();
    dir.write("data.csv", table(120));
    let held_out = |flags: &str| -> Vec<String> {
        dir.ok(&format!("run --features data.csv --out out --overwrite {FAST} {flags}"));
        let text = String::from_utf8(dir.read("out/predictions.csv")).unwrap();
        text.lines().map(|line| line.split(',').next().unwrap().to_owned()).collect()
    };
    let first = held_out("--random-state 3");
    assert_eq!(first.len(), 31);
    assert_eq!(held_out("--seed 3 --class-weight balanced"), first);
    assert_ne!(held_out("--seed 4"), first);
}

#[test]
fn a_file_to_test_on() {
    let dir = Dir::new();
    dir.write("train.csv", table(80)).write("test.csv", table(120));
    let said = dir.ok(&format!("run --features train.csv --test-features test.csv --out out --json {FAST}"));
    let report = said.json();
    assert_eq!((report["samples"].as_u64(), report["test_samples"].as_u64()), (Some(80), Some(120)));
    assert_eq!(report["encrypted"]["accuracy"], dir.json("out/report.json")["encrypted"]["accuracy"]);
}

#[test]
fn a_positive_label_of_choice() {
    let dir = Dir::new();
    dir.write("data.csv", table(80));
    dir.ok(&format!("run --features data.csv --positive-label sick --out out {FAST}"));
    assert_eq!(dir.json("out/head.json")["classes"], serde_json::json!(["well", "sick"]));
}

#[test]
fn a_passphrase_protects_the_key_of_a_run() {
    let dir = Dir::new();
    dir.write("data.csv", table(80)).write("passphrase", "open sesame");
    let said = dir.ok(&format!("run --features data.csv --out out --passphrase-file passphrase {FAST}"));
    assert!(said.stdout.contains("encrypted with the passphrase") && !said.stdout.contains("UNENCRYPTED"));
    assert!(dir.read("out/client/secret.key").starts_with(b"age-encryption.org/v1\n"));
}

#[test]
fn other_files_in_the_output_folder_stay() {
    let dir = Dir::new();
    std::fs::create_dir(dir.path("out")).unwrap();
    dir.write("out/data.csv", table(80));
    for _ in 0..2 {
        dir.ok(&format!("run --features out/data.csv --out out --overwrite {FAST}"));
        assert_eq!(dir.read("out/data.csv"), table(80).into_bytes());
    }
    dir.write("file", "");
    dir.refused("run --features out/data.csv --out file", 2, &["--out file: that is a file"]);
}

#[test]
fn a_training_that_leaves_its_interval_is_refused() {
    let dir = Dir::new();
    dir.write("data.csv", table(120));
    let line = "run --features data.csv --out out --preset n14-l8 --max-iter 2 --learning-rate 1000 --sigmoid-interval 4";
    let said = dir.run(line);
    assert!([3, 6].contains(&said.code), "{}\n{}", said.code, said.stderr);
    assert!(said.stderr.contains("interval"), "{}", said.stderr);
    assert_eq!(dir.list(), ["data.csv"]);
}
