//! Numbers that promise more than there is. Counts stand as decimal digits in headers and metadata; libFuzzer changes bytes, which seldom
//! makes another number of them, and almost never `2^62`.

/// One of so many mutations is of a number.
const EVERY: u32 = 4;

/// What a hostile party would write: around the limits of words, of memory, and of doubles.
const HOSTILE: [&str; 16] = [
    "0",
    "1",
    "-1",
    "255",
    "65536",
    "4294967295",
    "68719476736",
    "1099511627776",
    "2305843009213693952",
    "4611686018427387904",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "1e308",
    "1e-300",
    "NaN",
];

/// Replaces a number of `data[..size]` by a hostile one. Gives the new size; `None` if another mutation shall be done, because it is its turn
/// or because there is no number or no room.
pub fn number(data: &mut [u8], size: usize, seed: u32) -> Option<usize> {
    if !seed.is_multiple_of(EVERY) {
        return None;
    }
    let mut choice = (seed / EVERY) as usize;
    let mut choose = |among: usize| {
        let chosen = choice % among;
        choice /= among;
        chosen
    };
    let hostile = HOSTILE[choose(HOSTILE.len())].as_bytes();
    let (from, to) = next_number(&data[..size], choose(size.max(1)))?;
    let grown = size - (to - from) + hostile.len();
    if grown > data.len() {
        return None;
    }
    data.copy_within(to..size, from + hostile.len());
    data[from..from + hostile.len()].copy_from_slice(hostile);
    Some(grown)
}

/// Where the next number behind the place `start` stands, digits with a fraction; at the end the search goes on at the beginning. Numbers
/// are not listed first: the coverage of a loop over all bytes would be taken for the reader's, and cost as much.
fn next_number(text: &[u8], start: usize) -> Option<(usize, usize)> {
    let digits =
        |at: usize| text[at..].iter().take_while(|&&byte| byte.is_ascii_digit() || byte == b'.').count();
    let digit_from = |at: usize| Some(at + text[at..].iter().position(u8::is_ascii_digit)?);
    let from = digit_from(start + digits(start)).or_else(|| digit_from(0))?;
    Some((from, from + digits(from)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_meets_every_hostile_one() {
        let text = br#"{"a":1,"b":[2.5,30]}"#;
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..4096 {
            let mut data = text.to_vec();
            data.resize(64, 0);
            match number(&mut data, text.len(), seed) {
                Some(size) => drop(seen.insert(String::from_utf8_lossy(&data[..size]).into_owned())),
                None => assert_ne!(seed % EVERY, 0),
            }
        }
        // one of them writes a 1 where there is one
        assert_eq!(seen.len(), 3 * HOSTILE.len());
        assert!(seen.contains(r#"{"a":4611686018427387904,"b":[2.5,30]}"#));
        assert!(seen.contains(r#"{"a":1,"b":[2.5,NaN]}"#));
    }

    #[test]
    fn without_numbers_or_room_nothing_is_done() {
        assert_eq!(number(&mut b"none".to_owned(), 4, 0), None);
        let mut full = b"1".to_owned();
        assert_eq!(number(&mut full, 1, 8 * EVERY), None);
        assert_eq!(&full, b"1");
    }
}
