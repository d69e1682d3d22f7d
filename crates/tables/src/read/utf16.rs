//! Text in UTF-16, as Excel's "Unicode text" and PowerShell write it.

use std::io::{self, Read};

/// The order of the two bytes of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

/// The byte order if `start` is UTF-16: by its mark, else because every other byte of mostly Latin text is zero.
pub(super) fn byte_order(start: &[u8]) -> Option<ByteOrder> {
    match start {
        [0xff, 0xfe, ..] => return Some(ByteOrder::Little),
        [0xfe, 0xff, ..] => return Some(ByteOrder::Big),
        _ => {}
    }
    let looked = &start[..start.len().min(512) & !1];
    let zeros = |offset: usize| looked.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, units) = (zeros(0), zeros(1), looked.len() / 2);
    if units < 2 {
        None
    } else if odd * 10 >= units * 6 && even == 0 {
        Some(ByteOrder::Little)
    } else if even * 10 >= units * 6 && odd == 0 {
        Some(ByteOrder::Big)
    } else {
        None
    }
}

/// The start of a text for a look at its first character.
pub(super) fn decoded_start(start: &[u8]) -> String {
    let start = &start[..start.len().min(512)];
    let Some(order) = byte_order(start) else { return String::from_utf8_lossy(start).into_owned() };
    let units = start.chunks_exact(2).map(|pair| unit([pair[0], pair[1]], order));
    char::decode_utf16(units).map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn unit(pair: [u8; 2], order: ByteOrder) -> u16 {
    match order {
        ByteOrder::Little => u16::from_le_bytes(pair),
        ByteOrder::Big => u16::from_be_bytes(pair),
    }
}

/// UTF-16 read as UTF-8. A byte order mark becomes that of UTF-8.
pub(super) struct Utf16<R> {
    inner: R,
    order: ByteOrder,
    /// UTF-8 that is not handed out yet, from `at` on.
    ready: Vec<u8>,
    at: usize,
    /// Bytes of a unit, or units of a character, that wait for the rest.
    waiting: Vec<u8>,
    ended: bool,
}

impl<R: Read> Utf16<R> {
    pub(super) fn new(inner: R, order: ByteOrder) -> Self {
        Self { inner, order, ready: Vec::new(), at: 0, waiting: Vec::new(), ended: false }
    }

    /// Decodes the next piece into `ready`.
    fn refill(&mut self) -> io::Result<()> {
        let mut piece = [0; 16 * 1024];
        let count = self.inner.read(&mut piece)?;
        self.ended = count == 0;
        self.waiting.extend_from_slice(&piece[..count]);
        let order = self.order;
        let units: Vec<u16> =
            self.waiting.chunks_exact(2).map(|pair| unit([pair[0], pair[1]], order)).collect();
        // The first half of a pair waits for the second.
        let split = units.last().is_some_and(|last| (0xd800..0xdc00).contains(last));
        let whole = units.len() - usize::from(split && !self.ended);
        let text: String = char::decode_utf16(units[..whole].iter().copied())
            .collect::<Result<_, _>>()
            .map_err(|_| invalid("the text looks like UTF-16, but is not valid UTF-16"))?;
        self.waiting.drain(..whole * 2);
        if self.ended && !self.waiting.is_empty() {
            return Err(invalid("the text looks like UTF-16, but ends in the middle of a character"));
        }
        (self.ready, self.at) = (text.into_bytes(), 0);
        Ok(())
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() {
            if self.ended {
                return Ok(0);
            }
            self.refill()?;
        }
        let count = out.len().min(self.ready.len() - self.at);
        out[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A reader that hands out one byte at a time, as a slow pipe does.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(1).min(out.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn pieces_may_split_characters() {
        let bytes: Vec<u8> = "a𝄞b".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let mut text = String::new();
        Utf16::new(Drops(&bytes), ByteOrder::Big).read_to_string(&mut text).unwrap();
        assert_eq!(text, "a𝄞b");
        let cut = Utf16::new(Drops(&bytes[..5]), ByteOrder::Big).read_to_string(&mut text);
        assert_eq!(cut.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn utf8_is_not_taken_for_utf16() {
        assert_eq!(byte_order(b"a,b\n1,2\n"), None);
        assert_eq!(byte_order("ä,ö\n".as_bytes()), None);
        assert_eq!(byte_order(b"\0\0\0\0"), None);
        assert_eq!(byte_order(b"a\0;\0b\0\n\0"), Some(ByteOrder::Little));
    }
}
