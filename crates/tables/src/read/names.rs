//! The start of a CSV file: which separator it shows, and whether its first line holds names.

/// How many records are looked at.
const LOOKED_AT: usize = 20;

/// What may separate cells. Of two that every record has equally often, the first: a comma is a decimal mark, or stands in a text.
const SEPARATORS: [u8; 4] = [b'\t', b';', b'|', b','];

/// The separator, and how many bytes a line `sep=;` before the names takes.
///
/// It is the candidate that the first records all have equally often, outside quotes; of several, the most frequent. If none is, it is
/// the most frequent in the line of names.
pub(super) fn sniffed(prefix: &[u8]) -> (u8, usize) {
    let end = prefix.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(prefix.len());
    if let [b's', b'e', b'p', b'=', separator, ending @ ..] = &prefix[..end]
        && ending.trim_ascii().is_empty()
    {
        let ends = if prefix[end..].starts_with(b"\r\n") { 2 } else { 1 };
        return (*separator, (end + ends).min(prefix.len()));
    }
    let records = counts(prefix);
    let Some((names, rows)) = records.split_first() else { return (b',', 0) };
    let mut best = (b',', (false, 0));
    for (at, candidate) in SEPARATORS.into_iter().enumerate() {
        let rank = (rows.iter().all(|row| row[at] == names[at]), names[at]);
        if names[at] > 0 && rank > best.1 {
            best = (candidate, rank);
        }
    }
    (best.0, 0)
}

/// How often each candidate occurs in the first records that are not blank, outside quotes. A quote opens at the start of a cell alone.
fn counts(prefix: &[u8]) -> Vec<[usize; 4]> {
    let (mut records, mut record) = (Vec::new(), [0; 4]);
    let (mut quoted, mut cell_starts, mut blank) = (false, true, true);
    for &byte in prefix {
        if quoted {
            quoted = byte != b'"';
            continue;
        }
        if matches!(byte, b'\n' | b'\r') {
            if !blank {
                records.push(record);
            }
            if records.len() == LOOKED_AT {
                return records;
            }
            (record, cell_starts, blank) = ([0; 4], true, true);
            continue;
        }
        quoted = byte == b'"' && cell_starts;
        blank &= byte == b' ';
        match SEPARATORS.iter().position(|candidate| *candidate == byte) {
            Some(at) => {
                record[at] += 1;
                cell_starts = true;
            }
            None => cell_starts = false,
        }
    }
    // The last record may go on beyond the prefix.
    if records.is_empty() {
        records.push(record);
    }
    records
}

/// Whether the line of names is probably a row: most are numbers, which neither count the columns nor rise, as those of spectra do.
pub(super) fn names_are_values(names: &[String]) -> bool {
    let numbers: Vec<f64> =
        names.iter().filter_map(|name| name.parse().ok()).filter(|n: &f64| n.is_finite()).collect();
    numbers.len() > 1 && numbers.len() * 2 > names.len() && !numbers.is_sorted_by(|a, b| a < b)
}

#[cfg(test)]
mod tests {
    use super::sniffed;

    #[test]
    fn separators_are_what_all_records_agree_on() {
        for (text, separator) in [
            ("g;x (mg, dl, total);label\n1;2,5;0\n2;3,5;1\n", b';'),
            ("x (mg, dl);label\n2,5;0\n", b';'),
            ("a,b;c\n1,2\n3,4\n", b','),
            ("a,\"b;c;d\"\n1,\"x\n;\"\n", b','),
            ("size (5\"),b\n1,2\n", b','),
            ("a\tb, c\n1\t2\n", b'\t'),
            ("\n\r\na|b\n1|2", b'|'),
            ("a\n1\n", b','),
            ("a;b;c,d\n1;2\n", b';'),
        ] {
            assert_eq!(sniffed(text.as_bytes()), (separator, 0), "{text:?}");
        }
        for ending in ["\n", "\r", "\r\n", " \r\n"] {
            let text = format!("sep=;{ending}a,b;c{ending}1;2{ending}");
            assert_eq!(sniffed(text.as_bytes()), (b';', 5 + ending.len()), "{ending:?}");
        }
    }
}
