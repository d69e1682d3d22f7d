//! ^C, sudden ends, and `--resume`.
#![cfg(unix)]

use crate::util::{Dir, table};

/// Three iterations in a ring of ordinary size: some seconds, time enough to be interrupted.
const RUN: &str = "run --features data.csv --out out --preset n15-l18 --max-iter 3 --sigmoid-degree 3 --learning-rate 1 \
                   --sigmoid-interval 8";

fn is_checkpoint(name: &str) -> bool {
    name.ends_with(".checkpoint")
}

fn is_being_written(name: &str) -> bool {
    name.contains(".checkpoint.") && name.ends_with(".partial")
}

fn leftovers(dir: &Dir) -> Vec<String> {
    dir.list().into_iter().filter(|name| name.contains("checkpoint") || name.contains(".partial")).collect()
}

#[test]
fn before_the_training_nothing_is_left() {
    let dir = Dir::new();
    dir.write("data.csv", table(200));
    let mut running = dir.start(RUN);
    // the plan is made, and keys are about to be
    running.wait_for_line("plan");
    running.signal("-INT");
    let said = running.end();
    assert_eq!(said.code, 130, "{}", said.stderr);
    assert!(said.stderr.contains("stopping"), "{}", said.stderr);
    assert!(said.stderr.lines().any(|line| line == "error: interrupted"), "{}", said.stderr);
    assert_eq!(dir.list(), ["data.csv"]);
}

#[test]
fn a_run_continues_where_it_stopped_and_ends_the_same() {
    for (name, code) in [("-INT", 130), ("-KILL", -1)] {
        let dir = Dir::new();
        dir.write("data.csv", table(200));
        let mut running = dir.start(RUN);
        assert!(running.wait_for_file(is_checkpoint), "it ended before there was a checkpoint");
        running.signal(name);
        let said = running.end();
        assert_eq!(said.code, code, "{}", said.stderr);
        let hint = said.stderr.contains("the same command with --resume continues");
        assert_eq!(hint, code == 130, "{}", said.stderr);
        assert!(!dir.path("out/report.json").exists());

        // another training does not take it up
        let other = dir.run(&format!("{} --resume", RUN.replace("--learning-rate 1", "--learning-rate 0.5")));
        assert_eq!(other.code, 2, "{}", other.stderr);
        assert!(other.stderr.contains("the interrupted run was another one"), "{}", other.stderr);
        let said = dir.ok(&format!("{RUN} --resume"));
        assert!(said.stderr.contains("continuing after iteration"), "{}", said.stderr);
        assert_eq!(leftovers(&dir), [""; 0]);

        let identity = "--identity out/server/identity.key";
        dir.ok(&format!(
            "train --data out/server/data.enc --keys out/server/eval --out whole.enc {identity}"
        ));
        assert_eq!(dir.read("whole.enc"), dir.read("out/server/head.enc"));
    }
}

#[test]
fn a_run_that_was_killed_before_its_data_were_encrypted_starts_anew() {
    let dir = Dir::new();
    dir.write("data.csv", table(200));
    kill_at(&dir, RUN, |name| name.contains("eval/rotation") && name.ends_with(".key"));
    assert!(!leftovers(&dir).is_empty());
    let said = dir.ok(&format!("{RUN} --resume"));
    assert!(!said.stderr.contains("continuing"), "{}", said.stderr);
    assert_eq!(leftovers(&dir), [""; 0]);
}

const TRAIN: &str = "train --data data.enc --keys keys/eval --out head.enc";

/// Everything for a training of `flags`, and its head in `whole.enc`, trained without an interruption.
fn ready_to_train(flags: &str) -> Dir {
    let dir = Dir::new();
    dir.write("data.csv", table(200));
    dir.ok(&format!("estimate --features data.csv --out plan.json {flags}"));
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    dir.ok("encrypt --features data.csv --plan plan.json --keys keys --out data.enc");
    dir.ok(&TRAIN.replace("head.enc", "whole.enc"));
    dir
}

/// Starts the program and kills it when a file appears.
fn kill_at(dir: &Dir, line: &str, wanted: fn(&str) -> bool) {
    assert!(dir.start(line).wait_for_file(wanted), "{line}: it ended before it was killed");
}

/// Kills a training while it writes a checkpoint. Such a file is there for some milliseconds, which a busy machine may miss.
fn kill_at_writing(dir: &Dir, line: &str) {
    const ATTEMPTS: usize = 50;
    for _ in 0..ATTEMPTS {
        if dir.start(line).wait_for_file(is_being_written) {
            return;
        }
        std::fs::remove_file(dir.path("head.enc")).unwrap();
    }
    panic!("{line}: it was never seen to write a checkpoint");
}

/// Resumes the training, which must end with the head of an uninterrupted one.
fn resume(dir: &Dir) {
    dir.ok(&format!("{TRAIN} --resume"));
    assert_eq!(dir.read("head.enc"), dir.read("whole.enc"));
    assert_eq!(leftovers(dir), [""; 0]);
    std::fs::remove_file(dir.path("head.enc")).unwrap();
}

/// The checkpoint that a training leaves when it is killed after an iteration: its name.
fn checkpoint(dir: &Dir) -> String {
    kill_at(dir, TRAIN, is_checkpoint);
    dir.list().into_iter().find(|name| is_checkpoint(name)).unwrap()
}

/// Four iterations, each of some tenths of a second.
const FOUR: &str = "--preset n15-l18 --max-iter 4 --sigmoid-degree 3 --solver nesterov --learning-rate 1 --sigmoid-interval 8";

#[test]
fn a_training_may_be_killed_at_any_moment() {
    let dir = ready_to_train(FOUR);
    // at once, and between keys and data
    drop(dir.start(TRAIN));
    resume(&dir);
    dir.start(TRAIN).wait_for_line("load keys");
    resume(&dir);
    // after a checkpoint, and while one is written
    kill_at(&dir, TRAIN, is_checkpoint);
    resume(&dir);
    kill_at_writing(&dir, TRAIN);
    resume(&dir);
    // twice, the second time while a checkpoint replaces another
    kill_at(&dir, TRAIN, is_checkpoint);
    for partial in dir.list().into_iter().filter(|name| name.ends_with(".partial")) {
        std::fs::remove_file(dir.path(&partial)).unwrap();
    }
    kill_at_writing(&dir, &format!("{TRAIN} --resume"));
    resume(&dir);
}

#[test]
fn bootstraps_repeat_bit_for_bit() {
    let dir = ready_to_train(
        "--preset n15-boot-l6 --max-iter 3 --sigmoid-degree 7 --solver nesterov --preprocess standardize \
         --learning-rate 0.1 --sigmoid-interval 8",
    );
    // a bootstrap stands before each iteration but the first
    kill_at(&dir, TRAIN, is_checkpoint);
    let trained = dir.ok(&format!("{TRAIN} --resume --json")).json();
    assert_eq!(dir.read("head.enc"), dir.read("whole.enc"));
    assert_eq!(trained["bootstraps"].as_u64(), Some(2));
    assert!(trained["bootstrap_seconds"].as_f64().unwrap() > 0.0, "{trained}");
}

#[test]
fn checkpoints_are_as_rare_as_they_were_asked_to_be() {
    let dir = ready_to_train(
        "--preset n14-l8 --max-iter 2 --sigmoid-degree 3 --sigmoid-interval 8 --learning-rate 1",
    );
    let mut running = dir.start(&format!("{TRAIN} --checkpoint-every 2"));
    assert!(!running.wait_for_file(is_checkpoint), "a checkpoint after the first iteration");
    assert_eq!(dir.read("head.enc"), dir.read("whole.enc"));
}

#[test]
fn checkpoints_that_are_damaged_or_of_another_training_are_refused() {
    let dir = ready_to_train(FOUR);
    let name = checkpoint(&dir);
    let good = dir.read(&name);
    let line = format!("{TRAIN} --resume");
    dir.write(&name, &good[..good.len() / 2]);
    dir.refused(&line, 4, &[&name, "help:"]);
    let mut damaged = good.clone();
    damaged[good.len() / 2] ^= 4;
    dir.write(&name, damaged);
    dir.refused(&line, 4, &[&name, "its signature does not fit"]);
    dir.write(&name, dir.read("whole.enc"));
    dir.refused(&line, 4, &[&name, "holds `encrypted head` where `encrypted state` is expected"]);

    // one of the same job under another key: it has another name, and is refused under this one
    let other = ready_to_train(FOUR);
    let others = checkpoint(&other);
    assert_ne!(others, name);

    // it stays: a training of other data takes another name, or is told to remove it
    dir.write("other.enc", other.read("data.enc"));
    let of_others = TRAIN.replace("data.enc", "other.enc");
    for again in [of_others.clone(), format!("{of_others} --resume")] {
        dir.refused(&again, 2, &[&name, "a training of other data that was interrupted", "--overwrite"]);
    }
    dir.write(&name, other.read(&others));
    dir.refused(&line, 4, &[&name, "belongs to key"]);

    // one of another job under the same key
    dir.ok(&format!("estimate --features data.csv --out longer.json {}", FOUR.replace("rate 1", "rate 2")));
    dir.ok("encrypt --features data.csv --plan longer.json --keys keys --out longer.enc");
    dir.ok("keygen --plan longer.json --keys keys --out more");
    kill_at(&dir, "train --data longer.enc --keys more/eval --out longer.head", is_of_longer);
    let others = dir.list().into_iter().find(|name| is_of_longer(name)).unwrap();
    dir.write(&name, dir.read(&others));
    dir.refused(&line, 4, &[&name, "a checkpoint of another training", "help:"]);

    dir.write(&name, good);
    std::fs::remove_file(dir.path(&others)).unwrap();
    // what the killed training left: the next one with this output would clear it
    for name in leftovers(&dir).iter().filter(|name| name.starts_with("longer.head.")) {
        std::fs::remove_file(dir.path(name)).unwrap();
    }
    resume(&dir);
}

fn is_of_longer(name: &str) -> bool {
    is_checkpoint(name) && name.starts_with("longer")
}
