//! Where outputs go: links, devices, pipes, files that are being written, and files of ours.
#![cfg(unix)]

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::process::{Command, Stdio};

use crate::util::{Dir, FAST, Said, copy_of_finished, table};

const PREDICT: &str = "predict --head head --features table.csv";

/// A private file is private from its first byte, and a link in the place of its partial file is not followed.
#[test]
fn planted_links_are_not_followed() {
    let dir = copy_of_finished();
    dir.write("victim", "kept");
    let mut command = dir.command();
    command.args(format!("{PREDICT} --out new.csv").split_whitespace()).stderr(Stdio::piped());
    // what the name of a partial file was before it had a random part
    let child = command.spawn().unwrap();
    let _ = symlink(dir.path("victim"), dir.path(&format!("new.csv.{}.partial", child.id())));
    assert!(child.wait_with_output().unwrap().status.success());
    assert_eq!(dir.read("victim"), b"kept");
    let mode = |name: &str| std::fs::metadata(dir.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("new.csv"), 0o600);
    symlink(dir.path("victim"), dir.path("link.csv")).unwrap();
    dir.refused(&format!("{PREDICT} --out link.csv"), 2, &["link.csv: the file exists already"]);
    dir.ok(&format!("{PREDICT} --out link.csv --overwrite"));
    assert_eq!(dir.read("victim"), b"kept");
}

/// By its name, another spelling, a link, or inside a folder that is read.
#[test]
fn what_is_read_or_of_another_kind_is_not_replaced() {
    let dir = copy_of_finished();
    let link = |from: &str, to: &str| std::fs::hard_link(dir.path(from), dir.path(to)).unwrap();
    link("table.csv", "hard.csv");
    link("data.enc", "hard.enc");
    link("keys/secret.key", "hard.key");
    symlink(dir.path("table.csv"), dir.path("soft.csv")).unwrap();
    symlink(dir.path("keys"), dir.path("other-keys")).unwrap();
    dir.ok("bundle data.enc --out bundle.tar");
    let evaluation_key = dir.list().into_iter().find(|name| name.contains("rotation")).unwrap();
    let encrypt = "encrypt --features table.csv --plan plan.json --keys keys --overwrite";
    let train = "train --data data.enc --keys keys/eval --overwrite";
    let predict = "predict --head head --features table.csv --overwrite";
    let read = "the command reads this itself";
    let kind = "this is a file of another kind";
    for (line, out, message) in [
        (encrypt, "keys/secret.key", read),
        (encrypt, "other-keys/secret.key", read),
        (encrypt, "hard.key", read),
        (encrypt, "keys/public.key", read),
        (encrypt, &*evaluation_key, read),
        (encrypt, "table.csv", read),
        (encrypt, "./keys/../table.csv", read),
        (encrypt, "hard.csv", read),
        (encrypt, "soft.csv", read),
        (encrypt, "plan.json", read),
        (encrypt, "head.enc", kind),
        (train, "data.enc", read),
        (train, "hard.enc", read),
        (train, &*evaluation_key, read),
        (train, "keys/secret.key", kind),
        (predict, "head/head.json", read),
        (predict, "data.enc", kind),
        (predict, "keys/secret.key", kind),
        ("bundle head.enc --overwrite", "data.enc", kind),
        ("unbundle bundle.tar", "bundle.tar", read),
        ("tune --features table.csv --overwrite", "keys/public.key", kind),
    ] {
        let before = std::fs::read(dir.path(out)).unwrap();
        dir.refused(&format!("{line} --out {out}"), 2, &[out, message, "help:"]);
        assert_eq!(std::fs::read(dir.path(out)).unwrap(), before, "{line} --out {out}");
    }
    dir.ok(&format!("{encrypt} --out data.enc"));
}

#[test]
fn devices_and_pipes_are_written_to() {
    let dir = copy_of_finished();
    dir.ok(&format!("{PREDICT} --out new.csv"));
    let expected = dir.read("new.csv");
    let said = dir.ok(&format!("{PREDICT} --out /dev/stdout --quiet"));
    assert_eq!(said.stdout.as_bytes(), expected);
    // the standard output as a file
    let mut command = dir.command();
    command.args(format!("{PREDICT} --out /dev/stdout --quiet").split_whitespace());
    let file = std::fs::File::create(dir.path("redirected")).unwrap();
    assert!(command.stdout(file).status().unwrap().success());
    assert_eq!(dir.read("redirected"), expected);

    assert!(Command::new("mkfifo").arg(dir.path("pipe")).status().unwrap().success());
    let reader = Command::new("cat").arg(dir.path("pipe")).stdout(Stdio::piped()).spawn().unwrap();
    dir.ok(&format!("{PREDICT} --out pipe"));
    assert_eq!(reader.wait_with_output().unwrap().stdout, expected);
    assert!(std::fs::symlink_metadata(dir.path("pipe")).unwrap().file_type().is_fifo());

    // only root can make a node
    let made =
        Command::new("mknod").arg(dir.path("node")).args(["c", "1", "3"]).stderr(Stdio::null()).status();
    if made.is_ok_and(|status| status.success()) && std::fs::write(dir.path("node"), "x").is_ok() {
        dir.ok(&format!("{PREDICT} --out node"));
        assert!(std::fs::symlink_metadata(dir.path("node")).unwrap().file_type().is_char_device());
    }
}

/// Four iterations, each of some tenths of a second.
const FOUR: &str = "--preset n15-l18 --max-iter 4 --sigmoid-degree 3 --learning-rate 1 --sigmoid-interval 8";

fn is_partial_head(name: &str) -> bool {
    name.starts_with("head.enc.") && name.ends_with(".partial") && !name.contains("checkpoint")
}

#[test]
fn two_trainings_into_one_output() {
    let dir = Dir::new();
    dir.write("data.csv", table(200));
    dir.ok(&format!("estimate --features data.csv --out plan.json {FOUR}"));
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    dir.ok("encrypt --features data.csv --plan plan.json --keys keys --out data.enc");
    let train = "train --data data.enc --keys keys/eval --out head.enc";
    let mut first = dir.start(train);
    assert!(first.wait_for_file(is_partial_head), "it ended before it was seen");
    let second = dir.run(train);
    assert_eq!(second.code, 2, "{}", second.stderr);
    assert!(second.stderr.contains("head.enc: another process is writing this file"), "{}", second.stderr);
    // the first is not disturbed, even where the second may overwrite
    assert_eq!(dir.run(&format!("{train} --overwrite")).code, 2);
    assert_eq!(first.end().code, 0);

    // a killed one leaves files, and the next removes them
    std::fs::remove_file(dir.path("head.enc")).unwrap();
    let mut killed = dir.start(train);
    assert!(killed.wait_for_file(is_partial_head), "it ended before it was killed");
    drop(killed);
    assert!(dir.list().iter().any(|name| is_partial_head(name)));
    dir.ok(&format!("{train} --overwrite"));
    let left: Vec<_> = dir.list().into_iter().filter(|name| name.contains("partial")).collect();
    assert_eq!(left, [""; 0]);
}

/// Runs the program with words in which `%` is a byte that is no text.
fn run_at(dir: &Dir, line: &str) -> Said {
    let word = |word: &str| -> OsString {
        let bytes: Vec<u8> = word.bytes().map(|byte| if byte == b'%' { 0xff } else { byte }).collect();
        OsStr::from_bytes(&bytes).to_owned()
    };
    let mut command = dir.command();
    command.args(line.split_whitespace().map(word));
    Said::of(command.output().unwrap())
}

/// Every command that writes something, with names that are not UTF-8.
#[test]
fn names_that_are_not_text() {
    let dir = copy_of_finished();
    for line in [
        &format!("estimate --features table.csv --out plan%.json {FAST} --scoring --preset n14-l8"),
        "keygen --plan plan%.json --out keys% --no-passphrase",
        "encrypt --features table.csv --plan plan%.json --keys keys% --out data%.enc",
        "train --data data%.enc --keys keys%/eval --out head%.enc",
        "decrypt --head head%.enc --plan plan%.json --keys keys% --out head%",
        "predict --head head% --features table.csv --out predictions%.csv",
        "eval --head head% --features table.csv",
        "encrypt --features table.csv --plan plan%.json --keys keys% --out samples%.enc --for-scoring",
        "score --head head%.enc --data samples%.enc --keys keys%/eval --out scores%.enc",
        "predict --scores scores%.enc --plan plan%.json --keys keys% --features table.csv --out scored%.csv",
        "keygen --plan plan%.json --keys keys% --out more%",
        "bundle keys%/eval --out bundle%.tar",
        "unbundle bundle%.tar --out unpacked%",
        "inspect keys%",
        "inspect data%.enc",
        "tune --features table.csv --preset n13-l3 --max-iter 1 --out job%.toml",
        "man man%",
        &format!("run --features table.csv --out out% {FAST}"),
    ] {
        let json = format!("{line} --json");
        let said = run_at(&dir, &json);
        assert_eq!(said.code, 0, "{line}\n{}", said.stderr);
        assert!(!said.stderr.contains("panicked"), "{line}\n{}", said.stderr);
        said.json();
    }
}
