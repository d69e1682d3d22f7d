//! Encrypted predictions.

use crate::util::{Dir, FAST, table, table_of_three};

/// The columns of a table of predictions: predicted classes, and the last of the probabilities, behind which the secrecy stands.
fn predictions(dir: &Dir, name: &str) -> (Vec<String>, Vec<f64>) {
    let text = String::from_utf8(dir.read(name)).unwrap();
    let at = text.lines().next().unwrap().split(',').position(|column| column == "predicted").unwrap();
    text.lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            (fields[at].to_owned(), fields[fields.len() - 2].parse::<f64>().unwrap())
        })
        .unzip()
}

/// Trains on `data.csv` and predicts `new.csv` both ways.
fn predicts_the_same(data: &str, new: &str, flags: &str) -> Dir {
    let dir = Dir::new();
    dir.write("data.csv", data).write("new.csv", new);
    let plan =
        dir.ok(&format!("estimate --features data.csv --out plan.json --scoring --json {flags}")).json();
    assert_eq!(plan["scoring"].as_bool(), Some(true));
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    dir.ok("encrypt --features data.csv --plan plan.json --keys keys --out data.enc");
    dir.ok("train --data data.enc --keys keys/eval --out head.enc");
    dir.ok("encrypt --for-scoring --features new.csv --plan plan.json --keys keys --out new.enc");
    // the compute party has no more than this
    std::fs::create_dir(dir.path("server")).unwrap();
    for name in ["head.enc", "new.enc", "keys/eval"] {
        let to = dir.path("server").join(name.rsplit('/').next().unwrap());
        std::fs::rename(dir.path(name), to).unwrap();
    }
    dir.ok("score --head server/head.enc --data server/new.enc --keys server/eval --out scores.enc");
    dir.ok("predict --scores scores.enc --plan plan.json --keys keys --features new.csv --out encrypted.csv");
    dir.ok("decrypt --head server/head.enc --plan plan.json --keys keys --out head");
    dir.ok("predict --head head --features new.csv --out plain.csv");
    let ((classes, p), (expected, q)) = (predictions(&dir, "encrypted.csv"), predictions(&dir, "plain.csv"));
    assert_eq!(classes.len(), new.lines().count() - 1);
    assert_eq!(classes, expected);
    let error = p.iter().zip(&q).fold(0.0, |max: f64, (p, q)| max.max((p - q).abs()));
    assert!(error < 1e-3, "{error}");
    dir
}

#[test]
fn samples_unlike_those_of_the_training() {
    let far: String = table(60)
        .lines()
        .enumerate()
        .map(|(i, line)| if i == 7 { "300,0,-100,sick\n".to_owned() } else { format!("{line}\n") })
        .collect();
    let dir = Dir::new();
    dir.write("data.csv", table(80)).write("far.csv", far);
    dir.ok(&format!("estimate --features data.csv --out plan.json --scoring {FAST}"));
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    dir.ok("encrypt --features data.csv --plan plan.json --keys keys --out data.enc");
    dir.ok("train --data data.enc --keys keys/eval --out head.enc");
    dir.ok("encrypt --for-scoring --features far.csv --plan plan.json --keys keys --out far.enc");
    dir.ok("score --head head.enc --data far.enc --keys keys/eval --out scores.enc");
    let line = "predict --scores scores.enc --plan plan.json --keys keys --features far.csv --out p.csv";
    dir.refused(line, 6, &["scores of the head after 1 iteration are out of range", "unlike those"]);
}

#[test]
fn of_two_classes() {
    let unlabelled: String =
        table(60).lines().map(|line| format!("{}\n", &line[..line.rfind(',').unwrap()])).collect();
    let dir = predicts_the_same(&table(80), &unlabelled, FAST);
    let header = String::from_utf8(dir.read("encrypted.csv")).unwrap();
    assert!(header.starts_with("sample,predicted,probability,secrecy\n"));
    let json = dir.ok("inspect scores.enc --verify --json").json();
    assert_eq!(json["kind"].as_str(), Some("encrypted scores"));

    // data of another number of samples, of other features; a plan without scoring; another head
    dir.write("many.csv", table(3000));
    let scores = "predict --scores scores.enc --plan plan.json --keys keys --out p.csv";
    dir.refused(&format!("{scores} --features many.csv"), 3, &["holds scores of 1 to", "the data are 3000"]);
    dir.write("other.csv", table_of_three(60).replace("a,b,c", "a,b,d"));
    let encrypt = "encrypt --for-scoring --keys keys --out x.enc";
    dir.refused(
        &format!("{encrypt} --features other.csv --plan plan.json"),
        3,
        &["column \"c\": the table has no such column"],
    );
    dir.ok(&format!("estimate --features data.csv --out without.json {FAST}"));
    let line = format!("{encrypt} --features new.csv --plan without.json");
    dir.refused(&line, 5, &["leaves no levels for encrypted predictions", "estimate --scoring"]);
    let line = "predict --scores scores.enc --plan without.json --keys keys --features new.csv --out p.csv";
    dir.refused(line, 4, &["these scores came of another plan"]);
    dir.ok(&format!("estimate --features data.csv --out other.json --scoring {} --learning-rate 1", FAST));
    dir.ok("encrypt --for-scoring --features new.csv --plan other.json --keys keys --out other.enc");
    let line = "score --head server/head.enc --data other.enc --keys server/eval --out s.enc";
    dir.refused(line, 4, &["encrypted for another head"]);
    let line = "score --head server/new.enc --data server/new.enc --keys server/eval --out s.enc";
    dir.refused(line, 4, &["holds `samples to score` where `encrypted head` is expected"]);
}

#[test]
fn of_three_classes() {
    let flags = "--preset n14-l8 --max-iter 2";
    for head in ["ovr", "softmax"] {
        predicts_the_same(&table_of_three(90), &table_of_three(45), &format!("--head {head} {flags}"));
    }
}

#[test]
fn a_run_may_predict_encrypted_too() {
    let dir = Dir::new();
    dir.write("data.csv", table(120));
    let said = dir.ok(&format!("run --features data.csv --out out --scoring {FAST}"));
    assert!(said.stdout.contains("encrypted predictions"), "{}", said.stdout);
    let report = dir.json("out/report.json");
    assert_eq!(report["scoring"]["agreement"].as_f64(), Some(1.0), "{report}");
    assert!(dir.path("out/server/scores.enc").exists());
}

#[test]
fn a_head_or_scores() {
    let dir = Dir::new();
    for line in [
        "predict --features a.csv --out p.csv",
        "predict --scores s.enc --features a.csv --out p.csv",
        "predict --head h --scores s.enc --plan p --keys k --features a.csv --out p.csv",
        "predict --head h --plan p --features a.csv --out p.csv",
    ] {
        let said = dir.run(line);
        assert_eq!(said.code, 2, "{line}\n{}", said.stderr);
    }
}
