//! Too little memory, inputs without an end, and commands that are asked to stop.
#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::util::{Dir, Said, table};

/// Runs the program with a limit on its address space, in MB.
fn run_under(dir: &Dir, megabytes: u64, line: &str) -> Said {
    limited(dir, &format!("ulimit -v {}", megabytes * 1000), line)
}

/// Runs the program behind a limit of the shell.
fn limited(dir: &Dir, limit: &str, line: &str) -> Said {
    let program = dir.command();
    let script = format!("{limit}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).arg(program.get_program()).args(line.split_whitespace());
    command.current_dir(dir.path("")).stdin(Stdio::null());
    Said::of(command.output().unwrap())
}

/// Ends of every command at any limit: success, or exit code 1 with a reason and nothing left.
fn ends_in_order(dir: &Dir, megabytes: u64, line: &str) -> bool {
    let before = dir.list();
    let said = run_under(dir, megabytes, line);
    assert!(matches!(said.code, 0 | 1), "{megabytes} MB: {line}: {}\n{}", said.code, said.stderr);
    if said.code == 1 {
        assert!(
            said.stderr.contains("memory") || said.stderr.contains("threads"),
            "{megabytes} MB: {line}\n{}",
            said.stderr
        );
        assert!(!said.stderr.contains("panicked"), "{megabytes} MB: {line}\n{}", said.stderr);
        assert_eq!(dir.list(), before, "{megabytes} MB: {line}: something was left");
    }
    said.code == 0
}

const FLAGS: &str = "--preset n15-l18 --max-iter 1 --sigmoid-degree 3 --learning-rate 1 --sigmoid-interval 8";

#[test]
fn no_limit_of_memory_aborts() {
    let dir = Dir::new();
    dir.write("data.csv", table(200));
    dir.ok(&format!("estimate --features data.csv --out plan.json {FLAGS}"));
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    dir.ok("encrypt --features data.csv --plan plan.json --keys keys --out data.enc");
    dir.ok("train --data data.enc --keys keys/eval --out head.enc");
    let estimate = format!("estimate --features data.csv --out new.json {FLAGS}");
    let lines = [
        ("new.json", &*estimate),
        ("new", "keygen --plan plan.json --out new --no-passphrase"),
        ("new.enc", "encrypt --features data.csv --plan plan.json --keys keys --out new.enc"),
        ("new.enc", "train --data data.enc --keys keys/eval --out new.enc"),
        ("new", "decrypt --head head.enc --plan plan.json --keys keys --out new"),
    ];
    for (out, line) in lines {
        let mut succeeded = false;
        // up to what all of them need
        for step in 0..18 {
            let megabytes = 200 + 100 * step;
            if ends_in_order(&dir, megabytes, line) {
                succeeded = true;
                for name in dir.list().into_iter().filter(|name| *name == out || *name == "new.safetensors") {
                    let path = dir.path(&name);
                    if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }
                        .unwrap();
                }
            }
        }
        assert!(succeeded, "{line}: never");
    }
}

#[test]
fn a_limit_of_file_sizes_is_a_full_disk() {
    let dir = Dir::new();
    dir.write("data.csv", table(200));
    dir.ok(&format!("estimate --features data.csv --out plan.json {FLAGS}"));
    let before = dir.list();
    for line in [
        "keygen --plan plan.json --out keys --no-passphrase".to_owned(),
        format!("run --features data.csv --out out {FLAGS}"),
    ] {
        let said = limited(&dir, "ulimit -f 200", &line);
        assert_eq!(said.code, 1, "{line}: {}", said.stderr);
        assert!(said.stderr.contains("error: "), "{line}: {}", said.stderr);
        assert_eq!(dir.list(), before, "{line}: something was left");
    }
}

#[test]
fn a_hundred_thousand_threads_are_not_started() {
    let dir = Dir::new();
    dir.write("data.csv", table(200));
    let began = Instant::now();
    dir.ok("look data.csv --threads 100000");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn inputs_without_an_end() {
    let dir = Dir::new();
    for line in [
        "estimate --features /dev/zero",
        "estimate --features /dev/zero --format csv",
        "inspect /dev/zero",
        "run --features /dev/zero --out out",
    ] {
        let said = run_under(&dir, 2000, line);
        assert!((1..=4).contains(&said.code), "{line}: {}\n{}", said.code, said.stderr);
        assert!(said.stderr.contains("error: "), "{line}\n{}", said.stderr);
        assert!(!said.stderr.contains("panicked"), "{line}\n{}", said.stderr);
    }
    // without a limit, what is no table is refused by what it is, long before the machine's memory is full
    let began = Instant::now();
    for (line, message) in [
        ("estimate --features /dev/zero", "line 1: zero bytes"),
        ("estimate --features /dev/zero --format jsonl", "line 1: zero bytes"),
        ("run --features /dev/zero --out out", "line 1: zero bytes"),
    ] {
        dir.refused(line, 3, &[message]);
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    // a pipe whose writer never ends
    for (name, text) in
        [("pipe.csv", "1,2,3"), ("blank.csv", ""), ("pipe.npy", "x"), ("pipe.safetensors", "x")]
    {
        assert!(Command::new("mkfifo").arg(dir.path(name)).status().unwrap().success());
        let mut writer = Command::new("sh");
        writer.args(["-c", "exec yes \"$0\" > \"$1\"", text]).arg(dir.path(name)).stderr(Stdio::null());
        let mut writer = writer.spawn().unwrap();
        let said = run_under(&dir, 1000, &format!("estimate --features {name}"));
        assert!(matches!(said.code, 1 | 3), "{name}: {}\n{}", said.code, said.stderr);
        assert!(
            said.stderr.contains("error: ") && !said.stderr.contains("panicked"),
            "{name}\n{}",
            said.stderr
        );
        writer.wait().unwrap();
    }
}

/// A table of 400 rows and 2000 columns, with which planning takes minutes.
fn wide() -> String {
    let mut text: String = (0..2000).map(|column| format!("c{column},")).collect();
    text.push_str("label\n");
    for row in 0..400 {
        let cells =
            (0..2000).map(|column| format!("{:.3},", ((row * 37 + column * 101) as f64 * 0.71).sin()));
        text.push_str(&cells.collect::<String>());
        text.push_str(if row % 2 == 0 { "well\n" } else { "sick\n" });
    }
    text
}

#[test]
fn a_command_that_is_asked_to_stop_ends_soon() {
    let dir = Dir::new();
    dir.write("wide.csv", wide());
    for signal in ["-TERM", "-INT"] {
        let running = dir.start("estimate --features wide.csv --out plan.json");
        std::thread::sleep(Duration::from_secs(4));
        running.signal(signal);
        let asked = Instant::now();
        let said = running.end();
        assert_eq!(said.code, 130, "{}", said.stderr);
        // two seconds, and some for a busy machine
        assert!(asked.elapsed() < Duration::from_secs(4), "{signal}: {:?}", asked.elapsed());
        assert_eq!(dir.list(), ["wide.csv"]);
    }
}
