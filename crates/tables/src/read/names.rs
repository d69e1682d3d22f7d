//! The line of names of a CSV file: which separator it shows, and whether it holds names.

/// The separator, and how many bytes a line `sep=;` before the names takes.
///
/// It is the candidate that occurs most often in the line of names, outside quotes; of two that occur equally often, the
/// one that the next line has as often.
pub(super) fn sniffed(prefix: &[u8]) -> (u8, usize) {
    let mut lines = prefix.split_inclusive(|byte| *byte == b'\n');
    let Some(mut names) = lines.next() else { return (b',', 0) };
    while names.trim_ascii().is_empty() {
        match lines.next() {
            Some(next) => names = next,
            None => return (b',', 0),
        }
    }
    if let [b's', b'e', b'p', b'=', separator, ending @ ..] = names
        && ending.trim_ascii().is_empty()
    {
        return (*separator, names.len());
    }
    let next = lines.next().unwrap_or_default();
    let mut best = (b',', (0, false));
    for candidate in [b',', b';', b'\t', b'|'] {
        let count = outside_quotes(names, candidate);
        let rank = (count, outside_quotes(next, candidate) == count);
        if count > 0 && rank > best.1 {
            best = (candidate, rank);
        }
    }
    (best.0, 0)
}

fn outside_quotes(line: &[u8], byte: u8) -> usize {
    let mut quoted = false;
    let mut count = 0;
    for &found in line {
        quoted ^= found == b'"';
        count += usize::from(found == byte && !quoted);
    }
    count
}

/// Whether the line of names is probably a row: most are numbers, which neither count the columns nor rise, as those of spectra do.
pub(super) fn names_are_values(names: &[String]) -> bool {
    let numbers: Vec<f64> =
        names.iter().filter_map(|name| name.parse().ok()).filter(|n: &f64| n.is_finite()).collect();
    numbers.len() > 1 && numbers.len() * 2 > names.len() && !numbers.is_sorted_by(|a, b| a < b)
}
