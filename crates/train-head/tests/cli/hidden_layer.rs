//! Heads with a hidden layer, mini-batches and schedules.

use std::fmt::Write;

use crate::util::Dir;

/// A table of 9 features whose classes lie in opposite corners: no line separates them.
pub(crate) fn corners(rows: usize, classes: usize) -> String {
    let mut text = (0..9).map(|j| format!("f{j},")).collect::<String>() + "label\n";
    for i in 0..rows {
        let noise = |j: usize| ((i * 37 + j * 101) as f64 * 0.71).sin();
        let class = i % classes;
        let (a, b) = if (i / classes).is_multiple_of(2) { (1.5, 1.5) } else { (-1.5, -1.5) };
        let (a, b) = [(a, b), (a, -b), (0.0, 0.0)][class];
        write!(text, "{:.4},{:.4}", a + 0.5 * noise(0), b + 0.5 * noise(1)).unwrap();
        (2..9).for_each(|j| write!(text, ",{:.4}", noise(j)).unwrap());
        writeln!(text, ",{}", ["near", "odd", "off"][class]).unwrap();
    }
    text
}

/// Two iterations of the smallest hidden layer.
const FAST: &str = "--head mlp --hidden-layer-sizes 8 --max-iter 2 --preset n15-l18";

#[test]
fn a_run() {
    let dir = Dir::new();
    dir.write("data.csv", corners(90, 3));
    dir.ok(&format!("run --features data.csv --out out {FAST} --activation square"));
    let report = dir.json("out/report.json");
    assert_eq!(report["method"]["hidden"]["hidden_layer_sizes"], serde_json::json!([8]));
    assert!(report["max_weight_error_simulate"].as_f64().unwrap() < 1e-2, "{report}");
    assert_eq!(report["encrypted"]["confusion"].as_array().map(Vec::len), Some(3));

    // the exported head, in scikit-learn's shapes
    let bytes = dir.read("out/head.safetensors");
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    for (name, shape) in [
        ("coefs.0", serde_json::json!([9, 8])),
        ("intercepts.0", serde_json::json!([8])),
        ("coefs.1", serde_json::json!([8, 3])),
        ("intercepts.1", serde_json::json!([3])),
    ] {
        assert_eq!(header[name]["shape"], shape, "{name}");
    }
    let head = dir.json("out/head.json");
    assert_eq!(head["hidden"]["polynomial"], serde_json::json!([0.0, 0.0, 1.0]));
    let measured = dir.ok("eval --head out --features data.csv --json").json();
    assert!(measured["metrics"]["log_loss"].as_f64().unwrap() < 1.2, "{measured}");
}

/// Everything for a training on `data.csv` by two parties; the plan.
fn ready_to_train(dir: &Dir, flags: &str) -> serde_json::Value {
    let plan = dir.ok(&format!("estimate --features data.csv --out plan.json --json {flags}")).json();
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    let line = "encrypt --features data.csv --plan plan.json --keys keys --out data.enc --json";
    // the initial weights travel with the data
    assert_eq!(dir.ok(line).json()["ciphertexts"], plan["ciphertexts"]);
    plan
}

const TRAIN: &str = "train --data data.enc --keys keys/eval --out";

#[test]
fn a_training_on_mini_batches_that_is_killed_and_resumed() {
    let dir = Dir::new();
    dir.write("data.csv", corners(80, 2));
    let flags = "--batch-size 30 --learning-rate-init 0.4 --learning-rate-schedule invscaling";
    let plan = ready_to_train(&dir, &format!("{FAST} {flags}"));
    assert_eq!((plan["batches"].as_u64(), plan["iterations"].as_u64()), (Some(3), Some(2)), "{plan}");
    let rates: Vec<f64> =
        plan["learning_rates"].as_array().unwrap().iter().filter_map(|r| r.as_f64()).collect();
    assert!((rates[0] - 0.4).abs() < 1e-9 && (rates[1] - 0.4 / 2f64.sqrt()).abs() < 1e-9, "{rates:?}");
    dir.ok(&format!("{TRAIN} whole.enc"));
    let words = format!("{TRAIN} head.enc");
    let killed = dir.start(&words).wait_for_file(|name| name.ends_with(".checkpoint"));
    assert!(killed, "it ended before it was killed");
    assert_eq!(dir.ok(&format!("{words} --resume --json")).json()["resumed_after"].as_u64(), Some(1));
    assert_eq!(dir.read("head.enc"), dir.read("whole.enc"));
    dir.ok("decrypt --head head.enc --plan plan.json --keys keys --out head");
}

#[test]
fn two_parties_train_what_a_run_trains_and_predict_encrypted() {
    let dir = Dir::new();
    dir.write("data.csv", corners(80, 2)).write("test.csv", corners(20, 2));
    let flags = "--head mlp --hidden-layer-sizes 8 --activation square --max-iter 1 --preset n15-l18 --batch-size 30 \
         --random-state 3";
    ready_to_train(&dir, &format!("{flags} --scoring"));
    dir.ok(&format!("{TRAIN} head.enc"));
    dir.ok("decrypt --head head.enc --plan plan.json --keys keys --out head");
    dir.ok("predict --head head --features data.csv --out plain.csv");
    dir.ok("encrypt --for-scoring --features data.csv --plan plan.json --keys keys --out new.enc");
    dir.ok("score --head head.enc --data new.enc --keys keys/eval --out scores.enc");
    dir.ok(
        "predict --scores scores.enc --plan plan.json --keys keys --features data.csv --out encrypted.csv",
    );
    let predicted = |name: &str| -> Vec<String> {
        let text = String::from_utf8(dir.read(name)).unwrap();
        text.lines().map(|line| line.split(',').nth(2).unwrap().to_owned()).collect()
    };
    assert_eq!(predicted("encrypted.csv"), predicted("plain.csv"));

    dir.ok(&format!("run --features data.csv --test-features test.csv --out out {flags}"));
    let report = dir.json("out/report.json");
    assert!(report["max_weight_error_simulate"].as_f64().unwrap() < 1e-2, "{report}");
    dir.ok("predict --head out --features data.csv --out run.csv");
    let probabilities = |name: &str| -> Vec<f64> {
        let text = String::from_utf8(dir.read(name)).unwrap();
        text.lines().skip(1).map(|line| line.split(',').nth(3).unwrap().parse().unwrap()).collect()
    };
    let (ours, theirs) = (probabilities("plain.csv"), probabilities("run.csv"));
    let difference = ours.iter().zip(&theirs).fold(0.0, |max: f64, (a, b)| max.max((a - b).abs()));
    assert!(ours.len() == 80 && difference < 1e-3, "{difference}");
    // another seed starts elsewhere and deals other mini-batches
    dir.ok(&format!(
        "run --features data.csv --test-features test.csv --out other {}",
        flags.replace("state 3", "state 4")
    ));
    dir.ok("predict --head other --features data.csv --out other.csv");
    let difference =
        ours.iter().zip(&probabilities("other.csv")).fold(0.0, |max: f64, (a, b)| max.max((a - b).abs()));
    assert!(difference > 1e-2, "{difference}");
}

#[test]
fn an_estimate_before_there_are_data() {
    let dir = Dir::new();
    let line = "estimate --samples 2000 --dimension 128 --classes 5 --json --head";
    let plan = dir.ok(&format!("{line} mlp --hidden-layer-sizes 32 --max-iter 20")).json();
    assert_eq!((plan["preset"].as_str(), plan["outputs"].as_u64()), (Some("n15-boot-l6"), Some(5)), "{plan}");
    assert_eq!(plan["bootstrapped_activations"], serde_json::json!(["arguments", "residuals"]));
    assert!(plan["activation_bootstraps"].as_u64().unwrap() >= 2 * 20, "{plan}");
    assert!(plan["bootstraps"].as_u64().unwrap() > 0, "{plan}");
    // the larger set has the levels for bootstraps of the weights alone, which cost less for few units
    for (preset, inside) in [("n15-boot-l6", true), ("n16-boot-l15", false)] {
        let line = "estimate --samples 2000 --dimension 127 --head mlp --max-iter 10 --hidden-layer-sizes 8";
        let text = dir.ok(&format!("{line} --preset {preset}")).stdout;
        assert_eq!(text.contains("inside iterations"), inside, "{text}");
    }
    assert_eq!(dir.ok(&format!("{line} softmax")).json()["preset"].as_str(), Some("n15-l18"));
    dir.refused("estimate --samples 99 --dimension 9 --classes 3 --head logreg", 2, &["--classes says 3"]);
}

#[test]
fn mini_batches_of_a_linear_head() {
    let dir = Dir::new();
    dir.write("data.csv", crate::util::table(100));
    let flags =
        "--preset n14-l8 --max-iter 2 --sigmoid-degree 3 --batch-size 40 --learning-rate-schedule cosine";
    dir.ok(&format!("run --features data.csv --out out {flags}"));
    let report = dir.json("out/report.json");
    assert_eq!(report["method"]["batches"].as_u64(), Some(2));
    assert!(report["max_weight_error_simulate"].as_f64().unwrap() < 1e-2, "{report}");
    assert!(report["encrypted"]["accuracy"].as_f64().unwrap() > 0.85, "{report}");
}

#[test]
fn a_tuned_job_repeats_the_choice() {
    let dir = Dir::new();
    dir.write("data.csv", corners(80, 2));
    let flags =
        format!("{FAST} --batch-size 40 --learning-rate-schedule invscaling --power-t 0.25 --random-state 2");
    dir.ok(&format!("tune --features data.csv --out job.toml {flags}"));
    let job = String::from_utf8(dir.read("job.toml")).unwrap();
    for line in [
        "head = \"mlp\"",
        "hidden_layer_sizes = 8",
        "activation = \"gelu\"",
        "batch_size = 40",
        "power_t = 0.25",
    ] {
        assert!(job.contains(line), "{line} is not in:\n{job}");
    }
    repeats(&dir, &flags);
}

/// Whether `job.toml` gives the plan that the flags give, feature map included.
fn repeats(dir: &Dir, flags: &str) {
    for (name, flags) in [("a.json", flags), ("b.json", "--job job.toml")] {
        dir.ok(&format!("estimate --features data.csv --out {name} --overwrite {flags}"));
    }
    assert_eq!(dir.plan("a.json"), dir.plan("b.json"));
}

#[test]
fn a_tuned_job_is_validated_in_simulation() {
    let dir = Dir::new();
    dir.write("data.csv", crate::util::table_of_three(120));
    for head in ["ovr", "softmax"] {
        let flags = format!("--head {head} --preset n14-l8 --max-iter 2 --preprocess whiten --ridge 1");
        let tuned =
            dir.ok(&format!("tune --features data.csv --out job.toml --overwrite --json {flags}")).json();
        let validation = &tuned["validation"];
        assert_eq!(validation["folds"].as_u64(), Some(3), "{tuned}");
        for twin in ["plain", "simulate"] {
            assert!(validation[twin]["accuracy"].as_f64().unwrap() > 0.9, "{tuned}");
            assert!(validation[twin]["log_loss"].as_f64().unwrap() < 0.6, "{tuned}");
        }
        // exact functions and polynomials differ, and noise is small
        assert_ne!(validation["plain"]["log_loss"], validation["simulate"]["log_loss"]);
        let noise = validation["noise"].as_f64().unwrap();
        assert!(noise > 0.0 && noise < 1e-2, "{tuned}");
        assert!(String::from_utf8(dir.read("job.toml")).unwrap().contains("# on held-out samples (3 folds)"));
        repeats(&dir, &flags);
    }
}
