//! Inputs without an end. None of them fills a table, so no budget of memory would stop their reading.

#![allow(clippy::unwrap_used)]

use std::io::{self, Read, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tables::{ErrorKind, Format, ReadOptions, read_from};

/// Far longer than any of these readings takes.
const LIMIT: Duration = Duration::from_secs(60);

/// What is said of `start`, followed by `endless` again and again.
fn refusal(start: &[u8], endless: &[u8], format: Option<Format>) -> String {
    let (start, endless) = (start.to_vec(), endless.to_vec());
    let (said, heard) = mpsc::channel();
    thread::spawn(move || {
        let input = io::Cursor::new(start).chain(Again { bytes: endless, at: 0 });
        let _ = said.send(read_from(input, "t", format, &ReadOptions::default()));
    });
    let error = heard.recv_timeout(LIMIT).expect("the reading did not end").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data, "{error}");
    error.to_string()
}

/// The same bytes without an end.
struct Again {
    bytes: Vec<u8>,
    at: usize,
}

impl Read for Again {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        for byte in out.iter_mut() {
            *byte = self.bytes[self.at];
            self.at = (self.at + 1) % self.bytes.len();
        }
        Ok(out.len())
    }
}

fn packed(text: &str) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn zeros_are_refused_where_they_begin() {
    for format in [None, Some(Format::Csv), Some(Format::Tsv), Some(Format::Jsonl)] {
        let said = refusal(b"", &[0], format);
        assert!(said.contains("line 1: zero bytes"), "{format:?}: {said}");
    }
    assert!(refusal(b"a,b\n1,2\n", &[0], None).contains("line 3: zero bytes"));
    assert!(refusal(b"{\"a\": 1}\n", &[0], None).contains("line 2: zero bytes"));
    // beyond the bytes that are looked at first
    let rows = [b"a,b\n".to_vec(), b"1,2\n".repeat(50_000)].concat();
    assert!(refusal(&rows, &[0], None).contains("line 50002: zero bytes"));
}

#[test]
fn rows_without_an_end_are_refused() {
    for (start, endless) in [
        (&b""[..], &b"x"[..]),
        (b"", b","),
        (b"a,b\n1,", b"x"),
        (b"a,b\n1,\"", b"x\n"),
        (b"{\"a\": 1}\n{\"a\": \"", b"x"),
        // UTF-16
        (b"\xff\xfea\0,\0b\0\n\0", b"x\0"),
    ] {
        let said = refusal(start, endless, None);
        assert!(said.contains("a row of more than 128 MiB"), "{start:?} {endless:?}: {said}");
    }
}

#[test]
fn blank_lines_without_an_end_are_refused() {
    for (start, endless) in
        [(&b""[..], &b"\n"[..]), (b"a,b\n1,2\n", b"\r\n"), (b"a\n1\n", b"\n"), (b"{\"a\": 1}\n", b" \n")]
    {
        let said = refusal(start, endless, None);
        assert!(said.contains("blank lines one after the other"), "{start:?} {endless:?}: {said}");
    }
}

#[test]
fn packed_data_without_an_end_are_refused() {
    let table = packed("a,b\n1,2\n");
    assert!(refusal(&table, &[0], None).contains("nothing but zeros follows"));
    assert!(refusal(&table, &packed(""), None).contains("nothing but empty parts"));
}
