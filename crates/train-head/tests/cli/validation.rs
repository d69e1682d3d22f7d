//! Validation under encryption, and early stopping.

use serde_json::Value;

use crate::util::{Dir, OVERFIT, noise, table};

const TRAIN: &str =
    "train --data data.enc --keys keys/eval --out head.enc --validation val.enc --validation-dir talk";
const WATCH: &str = "watch --dir talk --features data.csv --plan plan.json --keys keys --once --json";

/// Everything for a training of four iterations with a quarter of the samples held out.
fn ready_to_train() -> Dir {
    ready_with(&table(160), "--learning-rate 1")
}

fn ready_with(data: &str, flags: &str) -> Dir {
    let dir = Dir::new();
    dir.write("data.csv", data);
    let flags = format!("--preset n15-l18 --max-iter 4 --sigmoid-degree 3 --sigmoid-interval 8 {flags}");
    let line = "estimate --features data.csv --out plan.json --validation-fraction 0.25 --json";
    let plan = dir.ok(&format!("{line} {flags}")).json();
    assert_eq!(plan["scoring"].as_bool(), Some(true));
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    let encrypt = "encrypt --features data.csv --plan plan.json --keys keys --out data.enc";
    dir.refused(encrypt, 2, &["--validation-out"]);
    let encrypted = dir.ok(&format!("{encrypt} --validation-out val.enc --json")).json();
    assert_eq!(encrypted["samples"], plan["samples"]);
    dir
}

fn lines(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_training_is_followed_and_stopped() {
    let dir = ready_to_train();
    dir.ok(TRAIN);
    let said = lines(&dir.ok(WATCH).stdout);
    let (result, points) = said.split_last().unwrap();
    assert_eq!(result["samples"].as_u64(), Some(40));
    assert_eq!(
        points.iter().map(|point| point["iteration"].as_u64().unwrap()).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    let losses: Vec<f64> = points.iter().map(|point| point["log_loss"].as_f64().unwrap()).collect();
    assert!(losses.windows(2).all(|pair| pair[1] < pair[0]) && losses[0] < 0.693, "{losses:?}");
    assert!(points.iter().all(|point| point["accuracy"].as_f64().unwrap() > 0.8), "{points:?}");
    assert_eq!(dir.read("talk/iteration-0004.head"), dir.read("head.enc"));
    let text = dir.ok(&WATCH.replace(" --json", "")).stdout;
    assert!(text.contains("iteration    4   accuracy") && text.contains("|====="), "{text}");

    // what is decrypted is what the head of that iteration gives
    dir.ok("decrypt --head talk/iteration-0002.head --plan plan.json --keys keys --out second");
    assert_eq!(dir.json("second/head.json")["training"]["iterations"].as_u64(), Some(2));

    // another training does not take the folder
    dir.refused(
        &format!("{TRAIN} --overwrite"),
        2,
        &["talk holds the validation of another training", "--resume"],
    );
    std::fs::remove_dir_all(dir.path("talk")).unwrap();

    // the answer comes before the training has come as far: it ends there
    std::fs::create_dir(dir.path("talk")).unwrap();
    dir.ok(&format!("{WATCH} --stop 2"));
    let trained = dir.ok(&format!("{TRAIN} --overwrite --validation-every 2 --json")).json();
    assert_eq!(trained["iterations"].as_u64(), Some(2), "{trained}");
    let names: Vec<String> = dir.list().into_iter().filter(|name| name.starts_with("talk/")).collect();
    assert_eq!(names, ["talk/iteration-0002.head", "talk/iteration-0002.scores", "talk/stop.json"]);
    assert_eq!(dir.read("talk/iteration-0002.head"), dir.read("head.enc"));
    assert!(!dir.list().iter().any(|name| name.contains("checkpoint")));
    dir.ok("decrypt --head head.enc --plan plan.json --keys keys --out head");
    assert_eq!(dir.read("head/head.json"), dir.read("second/head.json"));
}

#[test]
fn patience_stops_by_itself() {
    let dir = ready_with(&noise(), OVERFIT);
    dir.ok(&TRAIN.replace("talk", "whole"));
    std::fs::create_dir(dir.path("talk")).unwrap();
    let copy = |from: usize, to: usize| {
        let (from, to) =
            (format!("whole/iteration-000{from}.scores"), format!("talk/iteration-000{to}.scores"));
        std::fs::copy(dir.path(&from), dir.path(&to)).unwrap();
    };
    copy(1, 1);
    copy(2, 2);
    let said = lines(&dir.ok(&format!("{WATCH} --patience 2")).stdout);
    assert_eq!(said.last().unwrap()["stop"], Value::Null);
    assert_eq!(said.last().unwrap()["answers_sent"].as_u64(), Some(0));
    let said = lines(&dir.ok(&format!("{WATCH} --patience 1")).stdout);
    assert_eq!(said.last().unwrap()["stop"].as_u64(), Some(1));
    assert_eq!(said.last().unwrap()["answers_sent"].as_u64(), Some(1));
    assert_eq!(dir.json("talk/stop.json")["iteration"].as_u64(), Some(1));
    let text = dir.ok(&format!("{} --patience 1", WATCH.replace(" --json", ""))).stdout;
    assert!(text.contains("sent back: one answer"), "{text}");

    // the first scores once more, under the name of the third
    std::fs::remove_file(dir.path("talk/stop.json")).unwrap();
    copy(1, 3);
    let said = dir.run(&format!("{WATCH} --patience 2"));
    assert_eq!(said.code, 4, "{}", said.stderr);
    assert!(said.stderr.contains("holds the scores after 1 iteration"), "{}", said.stderr);
}

#[test]
fn an_answer_is_signed_and_of_this_run() {
    let dir = ready_to_train();
    let other = ready_to_train();
    std::fs::create_dir(other.path("talk")).unwrap();
    other.ok(&format!("{WATCH} --stop 2"));
    std::fs::create_dir(dir.path("talk")).unwrap();
    let watch = WATCH.replace(" --json", "");
    dir.refused(&format!("{watch} --stop 9"), 2, &["the plan has 4 iterations"]);
    dir.write("talk/stop.json", other.read("talk/stop.json"));
    let refused = |says: &str| {
        let said = dir.run(TRAIN);
        assert_eq!(said.code, 4, "{}", said.stderr);
        assert!(said.stderr.contains(says), "{}", said.stderr);
        assert!(!dir.path("head.enc").exists());
        for name in
            dir.list().iter().filter(|name| name.starts_with("talk/iteration") || name.contains("checkpoint"))
        {
            std::fs::remove_file(dir.path(name)).unwrap();
        }
    };
    refused("stop.json is for run");
    dir.ok(&format!("{WATCH} --stop 2"));
    let mut stop = dir.json("talk/stop.json");
    stop["iteration"] = 1.into();
    dir.write("talk/stop.json", stop.to_string());
    refused("stop.json: its signature does not fit");
}

#[test]
fn what_does_not_belong_together() {
    let dir = Dir::new();
    dir.write("data.csv", table(80));
    let line =
        "estimate --features data.csv --out plan.json --preset n13-l3 --max-iter 1 --validation-fraction";
    dir.refused(&format!("{line} 1.5"), 2, &["--validation-fraction 1.5"]);
    dir.ok(&line.replace(" --validation-fraction", ""));
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    let encrypt = "encrypt --features data.csv --plan plan.json --keys keys --out data.enc";
    dir.refused(&format!("{encrypt} --validation-out val.enc"), 2, &["holds no samples out"]);
    std::fs::create_dir(dir.path("talk")).unwrap();
    dir.refused(WATCH.trim_end_matches(" --json"), 5, &["estimate --validation-fraction"]);
    assert_eq!(dir.run("train --data d --keys k --out o --validation v").code, 2);
}

#[test]
fn a_run_shows_the_curve() {
    let dir = Dir::new();
    dir.write("data.csv", table(160)).write("test.csv", table(40));
    let flags = "--preset n15-l18 --max-iter 4 --sigmoid-degree 3 --learning-rate 1 --sigmoid-interval 8";
    let run = format!("run --features data.csv --test-features test.csv --out out {flags}");
    let said = dir.ok(&format!("{run} --validation-fraction 0.25 --validation-every 2"));
    assert!(said.stderr.contains("iteration    2   accuracy"), "{}", said.stderr);
    assert!(said.stdout.contains("on the validation samples lowest log loss"), "{}", said.stdout);
    let report = dir.json("out/report.json");
    assert_eq!((report["samples"].as_u64(), report["iterations"].as_u64()), (Some(120), Some(4)));
    let iterations: Vec<_> = report["validation"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point["iteration"].as_u64().unwrap())
        .collect();
    assert_eq!(iterations, [2, 4]);
    // encrypted predictions of the test samples were not asked for
    assert!(report["scoring"].is_null());
    assert!(dir.list().iter().any(|name| name == "out/server/validation/iteration-0002.scores"));
    let run = run.replace("--out out", "--out other");
    dir.refused(&format!("{run} --early-stopping"), 2, &["--validation-fraction"]);
    dir.refused(&format!("{run} --validation-fraction 1.5"), 2, &["--validation-fraction 1.5"]);
}

#[test]
fn a_run_without_progress_stops_early() {
    let dir = Dir::new();
    dir.write("data.csv", noise());
    let flags = format!("--preset n15-l18 --max-iter 4 --sigmoid-degree 3 --sigmoid-interval 8 {OVERFIT}");
    let run = format!("run --features data.csv --out out {flags} --validation-fraction 0.3");
    dir.ok(&format!("{run} --early-stopping --n-iter-no-change 1"));
    let report = dir.json("out/report.json");
    assert_eq!(report["iterations"].as_u64(), Some(1), "{}", report["validation"]);
    assert_eq!(report["validation"].as_array().map(Vec::len), Some(2));
    // the twins end where the training did
    assert!(report["max_weight_error_simulate"].as_f64().unwrap() < 1e-2, "{report}");
    assert_eq!(dir.json("out/head.json")["training"]["iterations"].as_u64(), Some(1));
}
