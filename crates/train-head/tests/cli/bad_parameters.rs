//! Parameters that cannot be trained with: refused before anything is encrypted, with what to change.

use crate::util::{Dir, FAST, table, table_of_three};

/// `run` and `estimate` on a table refuse the flags alike.
#[track_caller]
fn refused(data: &str, flags: &str, code: i32, messages: &[&str]) {
    let dir = Dir::new();
    dir.write("data.csv", data);
    dir.refused(&format!("estimate --features data.csv --out plan.json {flags}"), code, messages);
    let help = dir.run(&format!("run --features data.csv --out out {flags}"));
    assert_eq!(help.code, code, "{}", help.stderr);
    for message in messages {
        assert!(help.stderr.contains(message), "{message:?} is not in:\n{}", help.stderr);
    }
    assert_eq!(dir.list(), ["data.csv"]);
}

#[test]
fn a_penalty_that_is_negative() {
    refused(&table(40), "--alpha=-1", 2, &["--alpha -1: a number between 0 and 1e6"]);
    refused(&table(40), "--C 0", 2, &["--C 0: a positive number"]);
}

#[test]
fn hidden_units_that_there_cannot_be() {
    for units in ["0", "12", "256", "32,16"] {
        let flags = format!("--head mlp --hidden-layer-sizes {units}");
        refused(&table(40), &flags, 2, &["--hidden-layer-sizes", "8, 16, 32, 64 or 128 units"]);
    }
    refused(&table(40), "--hidden-layer-sizes 8", 2, &["requires --head mlp"]);
    let messages =
        ["--hidden-layer-sizes 8: at most 4 units with the 3 directions in which the 3 features vary"];
    refused(&table(40), "--head mlp --hidden-layer-sizes 8", 2, &messages);
    let messages = ["--hidden-layer-sizes 8: at most 4 units with 3 features"];
    Dir::new().refused("estimate --samples 9 --dimension 3 --head mlp --hidden-layer-sizes 8", 2, &messages);
}

#[test]
fn a_batch_larger_than_the_data() {
    for (data, head) in [(table(40), "logreg"), (table_of_three(40), "softmax"), (table(40), "mlp")] {
        let messages = ["--batch-size 50", "at most the number of training samples"];
        let dir = Dir::new();
        dir.write("data.csv", data);
        let line = format!("estimate --features data.csv --out plan.json --batch-size 50 --head {head}");
        dir.refused(&line, 2, &messages);
    }
    let messages = ["--batch-size 50: at most the number of training samples, 40"];
    let dir = Dir::new();
    dir.refused("estimate --samples 40 --dimension 9 --batch-size 50", 2, &messages);
}

#[test]
fn a_class_that_is_absent() {
    let dir = Dir::new();
    dir.write("data.csv", table(80)).write("one.csv", table(80).replace("sick", "well"));
    dir.ok(&format!("estimate --features data.csv --out plan.json {FAST}"));
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    let line = "encrypt --features one.csv --plan plan.json --keys keys --out data.enc";
    dir.refused(line, 3, &["hold no sample of class \"sick\"", "train-head estimate"]);
}

#[test]
fn an_interval_that_is_too_small_for_the_data() {
    let messages = ["logits reach", "interval is [-0.5, 0.5]", "widen the interval", "--sigmoid-interval"];
    let flags = "--preset n14-l8 --max-iter 2 --sigmoid-interval 0.5 --learning-rate 20";
    refused(&table(60), flags, 6, &messages);
    for head in ["ovr", "softmax"] {
        refused(&table_of_three(60), &format!("--head {head} {flags}"), 6, &messages);
    }
    refused(
        &table(60),
        "--sigmoid-interval 0.1",
        2,
        &["--sigmoid-interval 0.1: a half-width between 0.5 and 100"],
    );
    let head = "--head mlp --hidden-layer-sizes 8 --preset n15-l18";
    refused(&wide(), &format!("{head} --max-iter 2 --sigmoid-interval 0.5 --learning-rate 20"), 6, &messages);
    let messages = ["--activation-interval 0.5: at least", "which arguments reach"];
    refused(
        &wide(),
        &format!("{head} --max-iter 1 --activation-interval 0.5 --activation tanh"),
        2,
        &messages,
    );
}

/// A table of nine features that tell nothing of its two classes.
fn wide() -> String {
    let row = |i: usize| {
        let values: String =
            (0..9).map(|j| format!("{},", ((i * i * 37 + i * j * 101 + j) as f64).sin())).collect();
        values + ["a\n", "b\n"][i % 2]
    };
    let names: String = (0..9).map(|j| format!("f{j},")).collect();
    format!("{names}label\n{}", (0..60).map(row).collect::<String>())
}

#[test]
fn a_preset_too_small_for_the_head() {
    let needs = ["this needs bootstrapping", "--max-iter", "a preset that bootstraps, such as n15-boot-l6"];
    refused(&table(40), "--preset n13-l3 --max-iter 2", 5, &needs);
    refused(&table_of_three(60), "--head softmax --preset n13-l3 --max-iter 2", 5, &needs);
    let wide = wide();
    let head = "--head mlp --hidden-layer-sizes 8 --max-iter 3";
    refused(&wide, &format!("{head} --preset n14-l8"), 5, &["n14-l8 has 8", "--max-iter"]);
    refused(&table(40), "--preset n17", 5, &["train-head presets"]);
}
