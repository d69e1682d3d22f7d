//! Truth values.

use super::number::trimmed;

/// Words for true and for false. `0` and `1` are numbers.
const PAIRS: [(&str, &str); 10] = [
    ("true", "false"),
    ("yes", "no"),
    ("y", "n"),
    ("t", "f"),
    ("ja", "nein"),
    ("j", "n"),
    ("wahr", "falsch"),
    ("oui", "non"),
    ("vrai", "faux"),
    ("si", "no"),
];

/// The pair of words that all cells belong to, in any case; both words must occur.
pub(crate) fn pair<'a>(
    cells: &(impl Iterator<Item = &'a str> + Clone),
) -> Option<(&'static str, &'static str)> {
    PAIRS.into_iter().find(|&(yes, no)| {
        let (mut any_yes, mut any_no) = (false, false);
        for cell in cells.clone() {
            match truth(cell, (yes, no)) {
                Some(true) => any_yes = true,
                Some(false) => any_no = true,
                None => return false,
            }
        }
        any_yes && any_no
    })
}

/// Whether two words are one of the pairs.
pub(crate) fn is_pair(yes: &str, no: &str) -> bool {
    PAIRS.contains(&(yes, no))
}

/// The truth value of a cell in words of this pair.
pub(crate) fn truth(cell: &str, (yes, no): (&str, &str)) -> Option<bool> {
    let word = trimmed(cell);
    if same(word, yes) {
        Some(true)
    } else if same(word, no) {
        Some(false)
    } else {
        None
    }
}

/// All words are ASCII, except that `sí` may have its accent.
fn same(word: &str, known: &str) -> bool {
    word.eq_ignore_ascii_case(known) || (known == "si" && word.to_lowercase() == "sí")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_found_in_any_case() {
        let find = |cells: &[&str]| pair(&cells.iter().copied());
        assert_eq!(find(&["True", "FALSE", " true"]), Some(("true", "false")));
        assert_eq!(find(&["J", "N"]), Some(("j", "n")));
        assert_eq!(find(&["Sí", "no"]), Some(("si", "no")));
        assert_eq!(find(&["yes", "false"]), None);
        assert_eq!(find(&["m", "f"]), None);
        assert_eq!(find(&["t", "t"]), None);
    }
}
