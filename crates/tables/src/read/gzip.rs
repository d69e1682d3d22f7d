//! Gzip, one member after the other, as `gzip` and `cat` write them. Damage is told from a failed read.

use std::fmt;
use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// Zeros that may follow the packed data. The blocks of tapes and devices are smaller.
const MOST_PADDING: usize = 1 << 26;
/// Members without content that may follow each other.
const MOST_EMPTY: usize = 1 << 16;

/// The text of a file that gzip packed.
pub(super) struct Gzip<R> {
    state: State<R>,
    /// Members without content that were read one after the other.
    empty: usize,
}

enum State<R> {
    Member(Box<GzDecoder<R>>),
    End,
}

impl<R: BufRead> Gzip<R> {
    pub(super) fn new(packed: R) -> Self {
        Self { state: State::Member(Box::new(GzDecoder::new(packed))), empty: 0 }
    }

    /// What follows a member: another one, or the end of the file, which zeros may fill up as tapes and block devices need it.
    fn next_member(&mut self) -> io::Result<()> {
        let State::Member(member) = std::mem::replace(&mut self.state, State::End) else { return Ok(()) };
        let mut packed = member.into_inner();
        let mut padding = 0;
        loop {
            let buffer = packed.fill_buf()?;
            let Some(&first) = buffer.first() else { return Ok(()) };
            if first != 0 {
                break;
            }
            let zeros = buffer.iter().take_while(|byte| **byte == 0).count();
            packed.consume(zeros);
            padding += zeros;
            if padding > MOST_PADDING {
                return Err(damaged("nothing but zeros follows the packed data"));
            }
        }
        if padding > 0 || packed.fill_buf()?.first() != Some(&0x1f) {
            return Err(damaged("something that is not gzip follows the packed data"));
        }
        self.state = State::Member(Box::new(GzDecoder::new(packed)));
        Ok(())
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        while let State::Member(member) = &mut self.state {
            let count = member.read(out).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => damaged("the packed data end too early"),
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => damaged(&error.to_string()),
                _ => error,
            })?;
            if count > 0 {
                self.empty = 0;
                return Ok(count);
            }
            self.empty += 1;
            if self.empty > MOST_EMPTY {
                return Err(damaged("it holds nothing but empty parts"));
            }
            self.next_member()?;
        }
        Ok(0)
    }
}

/// What is wrong with a packed file.
#[derive(Debug)]
pub(super) struct Damaged(String);

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the gzip file is damaged: {}", self.0)
    }
}

impl std::error::Error for Damaged {}

fn damaged(what: &str) -> io::Error {
    io::Error::other(Damaged(what.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Format, ReadOptions, read_from};
    use crate::{ErrorKind, Result, Table};
    use std::io::Write;

    fn packed(text: &str) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Table> {
        read_from(bytes, "t.csv.gz", Some(Format::Csv), &ReadOptions::default())
    }

    #[test]
    fn damage_is_named() {
        // More than the bytes that are looked at first, so that damage at the end meets the reader of rows.
        let rows: String = (0..40_000).map(|i| format!("{},{}\n", i * 7919 % 65_537, i)).collect();
        for text in ["a,b\n1,2\n".to_owned(), format!("a,b\n{rows}")] {
            let whole = packed(&text);
            let mut wrong_sum = whole.clone();
            let at = wrong_sum.len() - 6;
            wrong_sum[at] ^= 1;
            for bytes in [&whole[..whole.len() - 12], &[&whole[..], b"rubbish"].concat(), &wrong_sum] {
                let error = read(bytes).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Data);
                assert!(error.to_string().contains("the gzip file is damaged"), "{error}");
                assert_eq!(error.help().unwrap(), "copy or download the file again");
            }
        }
    }

    #[test]
    fn members_and_zeros_may_follow() {
        let bytes = [packed("a,b\n1,2\n"), packed("3,4\n"), vec![0; 1000]].concat();
        let table = read(&bytes).unwrap();
        assert_eq!((table.rows(), table.cell(1, 1)), (2, "4"));
    }
}
