//! Nothing is replaced or forgotten without being asked.

use crate::util::{Dir, FAST, copy_of_finished, table};

#[test]
fn an_output_that_exists_is_refused_before_any_work() {
    let dir = copy_of_finished();
    dir.ok("predict --head head --features table.csv --out predictions.csv");
    for (line, path) in [
        (format!("estimate --features table.csv --out plan.json {FAST}"), "plan.json"),
        ("encrypt --features table.csv --plan plan.json --keys keys --out data.enc".into(), "data.enc"),
        ("train --data data.enc --keys keys/eval --out head.enc".into(), "head.enc"),
        ("decrypt --head head.enc --plan plan.json --keys keys --out head".into(), "head"),
        ("predict --head head --features table.csv --out predictions.csv".into(), "predictions.csv"),
        ("bundle head.enc --out predictions.csv".into(), "predictions.csv"),
        ("tune --features table.csv --out plan.json".into(), "plan.json"),
    ] {
        let before = std::fs::metadata(dir.path(path)).unwrap().modified().unwrap();
        dir.refused(&line, 2, &[path, "--overwrite"]);
        assert_eq!(std::fs::metadata(dir.path(path)).unwrap().modified().unwrap(), before, "{line}");
    }
    // nor is anything begun that has no place to go to
    for line in [
        format!("estimate --features table.csv --out nowhere/plan.json {FAST}"),
        format!("run --features table.csv --out no/where {FAST}"),
        "keygen --plan plan.json --out no/where".into(),
        "predict --head head --features table.csv --out nowhere/predictions.csv".into(),
    ] {
        dir.refused(&line, 2, &["there is no folder no", "create it first"]);
    }
    // what a command reads is not overwritten, whatever is asked
    for line in [
        "bundle data.enc --out data.enc --overwrite",
        "predict --head head --features table.csv --out table.csv --overwrite",
        "predict --head head --features table.csv --out head/head.json --overwrite",
        "train --data data.enc --keys keys/eval --out data.enc --overwrite",
    ] {
        dir.refused(line, 2, &["the command reads this itself"]);
    }
    dir.ok("train --data data.enc --keys keys/eval --out head.enc --overwrite");
    dir.ok("decrypt --head head.enc --plan plan.json --keys keys --out head --overwrite");
}

#[test]
fn a_finished_run_and_a_strange_folder_are_left_alone() {
    let dir = Dir::new();
    dir.write("table.csv", table(80));
    let run = format!("run --features table.csv --out out {FAST}");
    dir.ok(&run);
    let key = dir.read("out/client/secret.key");
    dir.refused(&run, 2, &["the results of a run, with its secret key", "--overwrite"]);
    dir.refused(&format!("{run} --resume"), 2, &["the results of a run"]);
    assert_eq!(dir.read("out/client/secret.key"), key);
    dir.ok(&format!("{run} --overwrite"));
    assert_ne!(dir.read("out/client/secret.key"), key);

    std::fs::create_dir(dir.path("photos")).unwrap();
    dir.write("photos/holiday.jpg", "x");
    dir.refused(&run.replace("out out", "out photos"), 2, &["not empty", "--overwrite"]);
    dir.refused(&run.replace("out out", "out table.csv"), 2, &["that is a file"]);
}

/// The state of an interrupted training is worth hours.
#[test]
fn an_interrupted_training_is_not_forgotten() {
    const LONG: &str =
        "--preset n15-l18 --max-iter 3 --sigmoid-degree 3 --learning-rate 1 --sigmoid-interval 8";
    let dir = Dir::new();
    dir.write("table.csv", table(200));
    let run = format!("run --features table.csv --out out {LONG}");
    let mut running = dir.start(&run);
    assert!(
        running.wait_for_file(|name| name.ends_with(".checkpoint")),
        "it ended before there was a checkpoint"
    );
    drop(running);
    dir.refused(&run, 2, &["an interrupted run", "--resume continues it; --overwrite"]);
    let server = "out/.partial/server";
    let train = format!("train --data {server}/data.enc --keys {server}/eval --out {server}/head.enc");
    dir.refused(&train, 2, &["the state of an interrupted training", "--resume continues it"]);
    dir.ok(&format!("{run} --resume"));
}
