//! Trainings that start from an earlier head: in the clear, or encrypted.

use crate::util::{Dir, table, table_of_three};

/// Gradient descent remembers nothing: two and two iterations are four.
const FIXED: &str = "--sigmoid-degree 3 --preprocess whiten --ridge 1 --solver gd --learning-rate 2 --sigmoid-interval 8 \
     --temperature 1";

/// Probabilities of the samples of `data.csv` by the head in a folder.
fn probabilities(dir: &Dir, head: &str) -> Vec<f64> {
    dir.ok(&format!("predict --head {head} --features data.csv --out p.csv --overwrite"));
    let text = String::from_utf8(dir.read("p.csv")).unwrap();
    text.lines().skip(1).map(|line| line.rsplit(',').nth(1).unwrap().parse().unwrap()).collect()
}

#[track_caller]
fn assert_same(dir: &Dir, a: &str, b: &str, other: &str, tolerance: f64) {
    let [a, b, other] = [a, b, other].map(|head| probabilities(dir, head));
    let distance =
        |b: &[f64]| a.iter().zip(b).fold(0.0, |max: f64, (a, b): (&f64, &f64)| max.max((a - b).abs()));
    assert!(distance(&b) < tolerance, "{}", distance(&b));
    assert!(distance(&other) > 5e-3, "more iterations change nothing: {}", distance(&other));
}

#[test]
fn a_head_in_the_clear_is_a_start() {
    let dir = Dir::new();
    dir.write("data.csv", table(80));
    let run = format!("run --features data.csv --test-features data.csv {FIXED} --preset");
    dir.ok(&format!("{run} n14-l8 --max-iter 2 --out first"));
    dir.ok(&format!("{run} n14-l8 --max-iter 2 --out second --warm-start first"));
    dir.ok(&format!("{run} n15-l18 --max-iter 4 --out whole"));
    // but for the polynomial, which is fitted to where the logits of each training lie
    assert_same(&dir, "second", "whole", "first", 1e-2);
    let report = dir.json("second/report.json");
    assert!(report["max_weight_error_simulate"].as_f64().unwrap() < 1e-2, "{report}");

    // as two parties: the plan holds the start, and it travels with the data
    let flags = format!("{FIXED} --preset n14-l8 --max-iter 2");
    let plan =
        dir.ok(&format!("estimate --features data.csv --warm-start first --out plan.json --json {flags}"));
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    let encrypted = dir.ok("encrypt --features data.csv --plan plan.json --keys keys --out data.enc --json");
    assert_eq!(encrypted.json()["ciphertexts"], plan.json()["ciphertexts"]);
    dir.ok("train --data data.enc --keys keys/eval --out head.enc");
    dir.ok("decrypt --head head.enc --plan plan.json --keys keys --out head");
    assert_same(&dir, "head", "second", "first", 1e-4);

    // a start takes the levels of a whole iteration
    let line =
        format!("estimate --features data.csv --warm-start first {FIXED} --preset n14-l8 --max-iter 3");
    dir.refused(&line, 5, &["this needs bootstrapping"]);
}

#[test]
fn heads_of_several_classes_and_hidden_layers_are_starts() {
    let dir = Dir::new();
    dir.write("data.csv", table_of_three(90));
    let run = "run --features data.csv --test-features data.csv --preprocess whiten --ridge 1 --solver gd \
         --learning-rate 1 --sigmoid-interval 8 --sigmoid-degree 3 --temperature 1 --head softmax --preset";
    dir.ok(&format!("{run} n14-l8 --max-iter 2 --out first"));
    dir.ok(&format!("{run} n14-l8 --max-iter 2 --out second --warm-start first"));
    dir.ok(&format!("{run} n15-l18 --max-iter 4 --out whole"));
    assert_same(&dir, "second", "whole", "first", 1e-3);
    // the head says what it is
    let plan = "estimate --features data.csv --warm-start first --preset n15-l18 --max-iter 2";
    assert_eq!(dir.ok(&format!("{plan} --json")).json()["outputs"].as_u64(), Some(3));
    dir.refused(&format!("{plan} --head ovr"), 2, &["--warm-start a softmax head: a logistic one"]);

    dir.write("data.csv", crate::hidden_layer::corners(90, 2));
    let run = "run --features data.csv --test-features data.csv --head mlp --hidden-layer-sizes 8 --solver gd \
         --activation square --activation-interval 6 --sigmoid-interval 8 --learning-rate 0.3 --preset n15-l18 --max-iter";
    dir.ok(&format!("{run} 1 --out first --overwrite"));
    dir.ok(&format!("{run} 1 --out second --overwrite --warm-start first"));
    dir.ok(&format!("{run} 2 --out whole --overwrite").replace("--preset n15-l18", "--preset n16-l36"));
    assert_same(&dir, "second", "whole", "first", 1e-3);
    let report = dir.json("second/report.json");
    assert!(report["max_weight_error_simulate"].as_f64().unwrap() < 1e-3, "{report}");
    dir.refused(&format!("{run} 1 --out x --warm-start first --hidden-layer-sizes 16"), 2, &["--warm-start"]);
}

#[test]
fn an_encrypted_head_is_a_start_where_there_are_bootstraps() {
    let dir = Dir::new();
    dir.write("data.csv", table_of_three(80));
    let flags = format!("{FIXED} --head ovr --sigmoid-fit least-squares --preset n15-boot-l6");
    let steps = |plan: &str, keys: &str| {
        dir.ok(&format!(
            "encrypt --features data.csv --plan {plan} --keys keys --out {plan}.enc --overwrite"
        ));
        let start = if keys == "keys" { "" } else { "--warm-start plan.json.head" };
        dir.ok(&format!("train --data {plan}.enc --keys {keys}/eval --out {plan}.head {start}"));
    };
    dir.ok(&format!("estimate --features data.csv --out plan.json --max-iter 2 {flags}"));
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    steps("plan.json", "keys");
    let line = "estimate --features data.csv --continue-from plan.json --out more.json";
    dir.refused(&format!("{line} --head ovr"), 2, &["--head cannot be used with --continue-from"]);
    let more = dir.ok(&format!("{line} --json")).json();
    assert_eq!(
        (more["iterations"].as_u64(), &more["bootstraps_before"][0]),
        (Some(2), &serde_json::json!(1))
    );
    dir.ok("keygen --plan more.json --keys keys --out more");
    assert!(!dir.list().iter().any(|name| name == "more/secret.key"));
    dir.ok("encrypt --features data.csv --plan more.json --keys keys --out more.json.enc");
    let train = "train --data more.json.enc --keys more/eval --out x.head";
    dir.refused(train, 2, &["goes on from an earlier head", "--warm-start"]);
    let line = "train --data plan.json.enc --keys keys/eval --out x.head --warm-start plan.json.head";
    dir.refused(line, 2, &["are not for a training that goes on from a head", "--continue-from"]);
    steps("more.json", "more");
    dir.ok("decrypt --head plan.json.head --plan plan.json --keys keys --out first");
    dir.ok("decrypt --head more.json.head --plan more.json --keys keys --out second");

    // the head of another plan, of another key: one iteration needs no bootstrap, and few keys
    let flags = flags.replace("--sigmoid-interval 8", "--sigmoid-interval 6");
    dir.ok(&format!("estimate --features data.csv --out wide.json --max-iter 1 {flags}"));
    for (keygen, keys, head, message) in [
        ("--keys keys --out wide", "keys", "wide", "other intervals"),
        ("--no-passphrase --out others", "others", "others", "key"),
    ] {
        dir.ok(&format!("keygen --plan wide.json {keygen}"));
        dir.ok(&format!(
            "encrypt --features data.csv --plan wide.json --keys {keys} --out wide.enc --overwrite"
        ));
        dir.ok(&format!("train --data wide.enc --keys {head}/eval --out {head}.head"));
        dir.refused(&format!("{train} --warm-start {head}.head"), 4, &[message]);
    }

    dir.ok(&format!(
        "run --features data.csv --test-features data.csv {FIXED} --head ovr --sigmoid-fit least-squares --preset n15-l18 \
         --max-iter 4 --out whole"
    ));
    assert_same(&dir, "second", "whole", "first", 1e-3);
}

#[test]
fn heads_that_do_not_fit() {
    let dir = Dir::new();
    dir.write("data.csv", table(80)).write("other.csv", table(80).replace("a,b,c", "a,b,d"));
    let run = "run --features data.csv --test-features data.csv --preset n13-l3 --max-iter 1 --sigmoid-degree 3 --out first";
    dir.ok(run);
    let line = "estimate --warm-start first --features";
    dir.refused(&format!("{line} other.csv"), 3, &["column \"c\": the table has no such column"]);
    dir.write("three.csv", table_of_three(80));
    dir.refused(&format!("{line} three.csv"), 3, &["labels that the training does not know"]);
    dir.write("sick.csv", table(80).replace("well", "sick"));
    dir.refused(
        &format!("{line} sick.csv"),
        3,
        &["class \"well\" has 0 training samples", "at least 8 of each"],
    );
    dir.refused("estimate --warm-start nowhere --features data.csv", 4, &["nowhere"]);
    dir.ok("estimate --features data.csv --preset n13-l3 --max-iter 1 --out plan.json");
    dir.refused("estimate --features data.csv --continue-from plan.json", 5, &["one that bootstraps"]);
}
