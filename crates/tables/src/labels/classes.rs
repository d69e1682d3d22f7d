//! Classes by name: spellings that mean the same are one, and texts that are no class are named as what they are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::error::Problem;
use crate::table::Table;
use crate::value::canonical;
use crate::value::missing::is_missing;
use crate::value::number::{Notation, trimmed};
use crate::wording::quoted;

/// Whole numbers beyond this are not exact in doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Most bytes of a name of a class.
const MAX_BYTES: usize = 1000;

/// Classes that were seen.
#[derive(Default)]
pub(super) struct Classes {
    /// Rows of each class.
    rows: BTreeMap<String, usize>,
    /// The spellings of each class, without blanks around them.
    spellings: HashMap<String, BTreeSet<String>>,
    /// What is wrong, with the first row, the text there, and the number of rows.
    wrong: Vec<(&'static str, &'static str, usize, String, usize)>,
}

impl Classes {
    /// The class of a text in a row.
    pub(super) fn add(&mut self, row: usize, text: &str) -> String {
        let spelling = trimmed(text);
        if let Some((what, help)) = wrong(spelling) {
            match self.wrong.iter_mut().find(|known| known.0 == what) {
                Some(known) => known.4 += 1,
                None => self.wrong.push((what, help, row, quoted(spelling), 1)),
            }
            return String::new();
        }
        let class = canonical(spelling);
        match self.rows.get_mut(class) {
            Some(rows) => *rows += 1,
            None => {
                self.rows.insert(class.to_owned(), 1);
            }
        }
        if spelling != class {
            let spellings = self.spellings.entry(class.to_owned()).or_default();
            if !spellings.contains(spelling) {
                spellings.insert(spelling.to_owned());
            }
        }
        class.to_owned()
    }

    pub(super) fn problems(&self, table: &Table, column: &str) -> Vec<Problem> {
        let problem = |(what, help, row, text, count): &(&str, &str, usize, String, usize)| Problem {
            column: column.to_owned(),
            place: table.place(*row),
            what: format!(
                "the label {text} {what}{}",
                if *count > 1 { format!("; {} rows in all", count) } else { String::new() }
            ),
            help: (*help).to_owned(),
        };
        self.wrong.iter().map(problem).collect()
    }

    /// Classes with their rows, the most frequent first.
    pub(super) fn counts(&self) -> Vec<(String, usize)> {
        let mut counts: Vec<(String, usize)> =
            self.rows.iter().map(|(class, rows)| (class.clone(), *rows)).collect();
        counts.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        counts
    }

    /// Spellings that were taken for one class, and classes that may be meant as one.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let mut by_case: BTreeMap<String, &str> = BTreeMap::new();
        for class in self.rows.keys() {
            if let Some(spellings) = self.spellings.get(class) {
                let list: Vec<String> = spellings.iter().take(5).map(|spelling| quoted(spelling)).collect();
                notes.push(format!("the labels {} are the class {}", list.join(", "), quoted(class)));
            }
            if let Some(other) = by_case.insert(class.to_lowercase(), class) {
                notes.push(format!(
                    "the labels {} and {} are taken as two classes",
                    quoted(other),
                    quoted(class)
                ));
            }
        }
        notes
    }
}

/// Why a text is no class, and what to do.
fn wrong(text: &str) -> Option<(&'static str, &'static str)> {
    let lower = text.to_ascii_lowercase();
    let bare = lower.trim_start_matches(['-', '+']);
    if text.is_empty() {
        return Some(("is empty", "every row needs a label; remove the rows without one"));
    }
    if bare == "nan" {
        return Some((
            "is the mark of a missing number (not a number), no class",
            "remove the rows without a label",
        ));
    }
    if is_missing(text) {
        return Some((
            "stands for a missing value",
            "remove these rows; if it is a class, give it another name",
        ));
    }
    if bare == "inf" || bare == "infinity" {
        return Some(("is infinite, no class", "correct or remove these rows"));
    }
    if text.len() > MAX_BYTES {
        return Some(("is longer than any name of a class", "is this the column of the labels?"));
    }
    let number = Notation::Plain.parse(text)?;
    if number == 0.0 && text.starts_with('-') {
        return Some(("is a negative zero, which equals 0 as a number but is another text", "write 0"));
    }
    let digits = bare.bytes().all(|byte| byte.is_ascii_digit());
    if number.abs() >= EXACT && !digits {
        return Some((
            "is too large a number for a class",
            "give the classes names, or numbers such as 0 and 1",
        ));
    }
    if number.abs() >= EXACT {
        return Some((
            "is beyond 2^53, where programs that read numbers take neighbours for the same",
            "give the classes names, or numbers such as 0 and 1",
        ));
    }
    None
}
