//! ^C, sudden ends, and `--resume`.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::util::{Dir, table};

/// Three iterations in a ring of ordinary size: some seconds, time enough to be interrupted.
const RUN: &str = "run --features data.csv --out out --preset n15-l18 --max-iter 3 --sigmoid-degree 3 --learning-rate 1 \
                   --sigmoid-interval 8";

fn start(dir: &Dir, line: &str) -> Child {
    dir.command().args(line.split_whitespace()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Waits for a file whose name ends so.
fn wait_for(dir: &Dir, child: &mut Child, end: &str) {
    while !dir.list().iter().any(|name| name.ends_with(end)) {
        assert!(child.try_wait().unwrap().is_none(), "it ended before there was any {end}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn before_the_training_nothing_is_left() {
    let dir = Dir::new();
    dir.write("data.csv", table(200));
    let mut child = start(&dir, &RUN.replace("out out", "out a/b/out"));
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // the plan is made, and keys are about to be
    assert!(lines.any(|line| line.unwrap().starts_with("plan")));
    signal(&child, "-INT");
    let rest: Vec<String> = lines.map(|line| line.unwrap()).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("stopping")), "{rest:?}");
    assert!(rest.iter().any(|line| line == "error: interrupted"), "{rest:?}");
    assert_eq!(dir.list(), ["data.csv"]);
}

#[test]
fn a_training_continues_where_it_stopped_and_ends_the_same() {
    for (name, code) in [("-INT", Some(130)), ("-KILL", None)] {
        let dir = Dir::new();
        dir.write("data.csv", table(200));
        let mut child = start(&dir, RUN);
        wait_for(&dir, &mut child, ".checkpoint");
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), code, "{said}");
        assert_eq!(said.contains("the same command with --resume continues"), code.is_some(), "{said}");
        assert!(!dir.path("out/report.json").exists());

        // another training does not take it up
        let other = dir.run(&format!("{} --resume", RUN.replace("--learning-rate 1", "--learning-rate 0.5")));
        assert_eq!(other.code, 2, "{}", other.stderr);
        assert!(other.stderr.contains("the interrupted run was another one"), "{}", other.stderr);
        let said = dir.ok(&format!("{RUN} --resume"));
        assert!(said.stderr.contains("continuing after iteration"), "{}", said.stderr);
        assert!(!dir.list().iter().any(|name| name.contains("checkpoint") || name.contains(".partial")));

        dir.ok("train --data out/server/data.enc --keys out/server/eval --out whole.enc");
        assert_eq!(dir.read("whole.enc"), dir.read("out/server/head.enc"));
    }
}
