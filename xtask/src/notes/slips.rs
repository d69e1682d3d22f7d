//! Typing habits of people in a hurry: abbreviations and misspellings.

use crate::rng::Rng;

/// Probabilities, in thousandths of the notes of a style.
#[derive(Clone, Copy)]
pub(super) struct Habits {
    pub(super) abbreviates: u32,
    pub(super) misspells: u32,
}

const ABBREVIATIONS: &[(&str, &str)] = &[
    ("patient", "pt"),
    ("history", "hx"),
    ("weeks", "wks"),
    ("months", "mths"),
    ("years", "yrs"),
    ("right", "R"),
    ("left", "L"),
    ("with", "w/"),
    ("without", "w/o"),
    ("examination", "exam"),
    ("doctor", "Dr"),
    ("appointment", "appt"),
    ("blood", "bld"),
    ("pressure", "press"),
    ("normal", "N"),
    ("abdomen", "abdo"),
    ("since", "snc"),
    ("before", "b4"),
    ("hypertension", "HTN"),
    ("type 2 diabetes", "T2DM"),
    ("atrial fibrillation", "AF"),
    ("and", "+"),
];

/// Shorter words are not misspelt, because they would turn into other words.
const SHORTEST_MISSPELT: usize = 6;

impl Habits {
    /// The text as a person with these habits would type it.
    pub(super) fn apply(self, text: &str, rng: &mut Rng) -> String {
        let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        if rng.chance(self.abbreviates) {
            for word in &mut words {
                let short = ABBREVIATIONS.iter().find(|(long, _)| long == word).map(|(_, short)| *short);
                if let Some(short) = short.filter(|_| rng.chance(600)) {
                    short.clone_into(word);
                }
            }
        }
        if rng.chance(self.misspells) {
            for _ in 0..rng.between(1, 3) {
                let at = rng.below(words.len());
                if let Some(wrong) = words.get(at).and_then(|word| misspelt(word, rng)) {
                    words[at] = wrong;
                }
            }
        }
        words.join(" ")
    }
}

/// The word with two letters swapped, one lost or one doubled; `None` for short words and anything but small letters.
fn misspelt(word: &str, rng: &mut Rng) -> Option<String> {
    if word.len() < SHORTEST_MISSPELT || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    let mut letters: Vec<char> = word.chars().collect();
    let at = rng.between(1, letters.len() - 3);
    match rng.below(3) {
        0 => letters.swap(at, at + 1),
        1 => drop(letters.remove(at)),
        _ => letters.insert(at, letters[at]),
    }
    Some(letters.into_iter().collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_careful_person_changes_nothing() {
        let text = "The patient has a history of headache.";
        assert_eq!(Habits { abbreviates: 0, misspells: 0 }.apply(text, &mut Rng::new(5)), text);
    }

    #[test]
    fn misspelling_spares_short_words_and_figures() {
        let mut rng = Rng::new(5);
        assert_eq!(misspelt("lump", &mut rng), None);
        assert_eq!(misspelt("CA-125,", &mut rng), None);
        assert!((0..50).all(|_| misspelt("examination", &mut rng).unwrap().len().abs_diff(11) <= 1));
    }
}
