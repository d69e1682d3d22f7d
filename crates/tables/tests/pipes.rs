//! Tables through a named pipe, which cannot be read twice.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::process::Command;
use std::thread;

use tables::{Input, ReadOptions, Table, read};

/// Reads `content` through a pipe of this name.
fn through_pipe(name: &str, content: Vec<u8>) -> Table {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let end = path.clone();
    let writer = thread::spawn(move || std::fs::write(end, content).unwrap());
    let table = read(&Input::new(&path), &ReadOptions::default()).unwrap();
    writer.join().unwrap();
    table
}

#[test]
fn pipes_are_read_whatever_they_are_called() {
    let csv = format!("a;b\n{}", "1;x\n".repeat(100_000));
    for name in ["t.csv", "pipe"] {
        let table = through_pipe(name, csv.clone().into_bytes());
        assert_eq!((table.rows(), table.cell(99_999, 1)), (100_000, "x"), "{name}");
    }
    let table = through_pipe("pipe", b"{\"a\": 1}\n{\"a\": 2}\n".to_vec());
    assert_eq!(table.column(0).collect::<Vec<_>>(), ["1", "2"]);
}
