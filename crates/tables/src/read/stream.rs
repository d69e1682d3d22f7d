//! Bytes that are read once from front to back: gzip, encodings and formats are recognised by the first of them.

use std::io::{self, BufReader, Chain, Cursor, Read};

use super::gzip::{Damaged, Gzip};
use super::input::Format;
use super::utf16::{self, Utf16};
use crate::error::{Error, Result};

/// How many bytes are looked at.
const PREFIX: usize = 64 * 1024;

type Source<'a> = Box<dyn Read + 'a>;

/// An input, decompressed, with its first bytes.
pub(super) struct Opened<'a> {
    prefix: Vec<u8>,
    rest: Source<'a>,
}

/// Text in UTF-8 without a byte order mark (unless the input lies about being UTF-8), with its first bytes to look at.
pub(super) struct Text<'a> {
    pub(super) prefix: Vec<u8>,
    pub(super) reader: BufReader<Chain<Cursor<Vec<u8>>, Source<'a>>>,
}

/// Looks at the first bytes, through gzip.
///
/// # Errors
/// A failed read; an empty input.
pub(super) fn open<'a>(reader: impl Read + 'a, input: &str) -> Result<Opened<'a>> {
    let failed = |source| failed(input, source);
    let mut rest: Source<'a> = Box::new(reader);
    let mut prefix = peek(&mut rest).map_err(failed)?;
    if prefix.starts_with(&[0x1f, 0x8b]) {
        let packed = Cursor::new(prefix).chain(rest);
        rest = Box::new(Gzip::new(BufReader::new(packed)));
        prefix = peek(&mut rest).map_err(failed)?;
    }
    if prefix.is_empty() {
        return Err(Error::Malformed {
            input: input.to_owned(),
            place: String::new(),
            what: "the file is empty".to_owned(),
            help: String::new(),
        });
    }
    Ok(Opened { prefix, rest })
}

/// The error for a read that failed, or that met damage in a packed file.
pub(super) fn failed(input: &str, source: io::Error) -> Error {
    if source.get_ref().is_some_and(|inner| inner.is::<Damaged>()) {
        return Error::Malformed {
            input: input.to_owned(),
            place: String::new(),
            what: source.to_string(),
            help: "copy or download the file again".to_owned(),
        };
    }
    Error::Io { input: input.to_owned(), source }
}

fn peek(reader: &mut Source<'_>) -> io::Result<Vec<u8>> {
    let mut prefix = Vec::new();
    reader.take(PREFIX as u64).read_to_end(&mut prefix)?;
    Ok(prefix)
}

/// Which formats the content may show if none was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    /// Those with a mark of their own at the start.
    Binary,
    /// Text, too.
    Any,
}

/// The format that was promised, if the content agrees; else the one that the content shows.
///
/// # Errors
/// A promise that the content breaks; a format that is not read.
pub(super) fn agreed(
    opened: &Opened<'_>,
    promised: Option<Format>,
    guess: Guess,
    input: &str,
) -> Result<Format> {
    let refused = |what: &str, help: &str| {
        Err(Error::Format { input: input.to_owned(), what: what.to_owned(), help: help.to_owned() })
    };
    let start = &opened.prefix[..];
    let found = if start.starts_with(b"PAR1") {
        Some(Format::Parquet)
    } else if start.starts_with(b"PK\x03\x04") {
        Some(Format::Xlsx)
    } else if start.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return refused("this is a workbook of Excel before 2007 (.xls)", "save it as .xlsx or as CSV");
    } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || start.starts_with(b"BZh") {
        return refused("this file is compressed by zstd or bzip2", "unpack it, or compress it with gzip");
    } else {
        None
    };
    if found.is_none() && !matches!(promised, Some(Format::Parquet | Format::Xlsx)) {
        let first =
            utf16::decoded_start(start).trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
        if first.starts_with("<!doctype html") || first.starts_with("<html") {
            return refused(
                "this is a web page, not a table",
                "download the file itself, not the page that shows it",
            );
        }
        if first.starts_with("version https://git-lfs") {
            return refused("this is a pointer of Git LFS, not the file", "fetch the file by: git lfs pull");
        }
    }
    match (promised, found) {
        (Some(Format::Parquet), None) => refused("this is not a Parquet file", "give the right --format"),
        (Some(Format::Xlsx), None) => refused("this is not a workbook (.xlsx)", "give the right --format"),
        (Some(promised), Some(found)) if promised != found => {
            let (what, ending) = match found {
                Format::Parquet => ("a Parquet file", "parquet"),
                _ => ("an Excel workbook or another zip archive", "xlsx"),
            };
            refused(
                &format!("this is {what}, not what its name or --format says"),
                &format!("name it .{ending}, or give --format {ending}"),
            )
        }
        (Some(promised), _) => Ok(promised),
        (None, Some(found)) => Ok(found),
        (None, None) if guess == Guess::Binary => {
            refused("unknown format", "name the file .csv, .tsv, .jsonl, .parquet or .xlsx, or give --format")
        }
        (None, None) => {
            let shown = utf16::decoded_start(start);
            let first = shown.trim_start_matches('\u{feff}').trim_start().chars().next();
            Ok(if first == Some('{') { Format::Jsonl } else { Format::Csv })
        }
    }
}

/// The input as UTF-8 text.
///
/// # Errors
/// A failed read; an input with nothing but a byte order mark.
pub(super) fn text<'a>(opened: Opened<'a>, input: &str) -> Result<Text<'a>> {
    let Opened { mut prefix, rest } = opened;
    let mut rest = rest;
    if let Some(order) = utf16::byte_order(&prefix) {
        rest = Box::new(Utf16::new(Cursor::new(prefix).chain(rest), order));
        prefix = peek(&mut rest).map_err(|source| match source.kind() {
            io::ErrorKind::InvalidData => Error::Malformed {
                input: input.to_owned(),
                place: String::new(),
                what: source.to_string(),
                help: "save it as UTF-8".to_owned(),
            },
            _ => failed(input, source),
        })?;
    }
    if prefix.starts_with(b"\xef\xbb\xbf") {
        prefix.drain(..3);
    }
    let reader = BufReader::with_capacity(PREFIX, Cursor::new(prefix.clone()).chain(rest));
    Ok(Text { prefix, reader })
}

/// The whole input, for formats that are read from their end.
///
/// # Errors
/// A failed read; more bytes than the budget.
pub(super) fn bytes(opened: Opened<'_>, input: &str, budget: usize) -> Result<Vec<u8>> {
    let Opened { prefix, rest } = opened;
    let mut bytes = prefix;
    let most = (budget as u64).saturating_add(1);
    rest.take(most).read_to_end(&mut bytes).map_err(|source| failed(input, source))?;
    if bytes.len() > budget {
        return Err(Error::TooLarge { input: input.to_owned(), place: String::new(), budget });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write;

    fn text_of(bytes: &[u8]) -> String {
        let mut found = String::new();
        let opened = open(bytes, "t").unwrap();
        text(opened, "t").unwrap().reader.read_to_string(&mut found).unwrap();
        found
    }

    #[test]
    fn one_text_in_every_wrapping() {
        let plain = "a;ä\n1;𝄞\n";
        let utf16 = |big: bool| -> Vec<u8> {
            let units = std::iter::once(0xfeff).chain(plain.encode_utf16());
            units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&utf16(false)).unwrap();
        let marked = format!("\u{feff}{plain}");
        let bare = utf16(false)[2..].to_vec();
        for bytes in
            [plain.as_bytes(), marked.as_bytes(), &utf16(true), &utf16(false), &bare, &gzip.finish().unwrap()]
        {
            assert_eq!(text_of(bytes), plain);
        }
    }

    #[test]
    fn promises_are_checked() {
        let agreed = |bytes: &'static [u8], promised| {
            agreed(&open(bytes, "t.bin").unwrap(), promised, Guess::Binary, "t.bin")
                .map_err(|error| error.to_string())
        };
        assert!(agreed(b"PK\x03\x04..", Some(Format::Csv)).unwrap_err().contains("Excel workbook"));
        assert!(agreed(b"a,b", Some(Format::Parquet)).unwrap_err().contains("not a Parquet file"));
        assert!(agreed(b"\xd0\xcf\x11\xe0", Some(Format::Xlsx)).unwrap_err().contains("before 2007"));
        assert!(agreed(b"a,b", None).unwrap_err().contains("unknown format"));
        assert_eq!(agreed(b"PAR1", None), Ok(Format::Parquet));
        assert!(agreed(b"\n<!DOCTYPE HTML><p>", Some(Format::Csv)).unwrap_err().contains("a web page"));
        assert!(
            agreed(b"version https://git-lfs.github.com", Some(Format::Csv)).unwrap_err().contains("Git LFS")
        );
    }
}
