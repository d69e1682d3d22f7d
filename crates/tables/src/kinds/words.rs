//! Columns of words: levels, names of rows, or sentences.

use super::finding::{Column, Content, Finding};
use super::identifiers::{Says, name_says};
use super::refusals::patterned;
use crate::error::Problem;
use crate::value::number::{Notation, Notations};
use crate::value::pattern::Pattern;
use crate::wording::{counted, quoted};

/// Fewest rows for words that are all different to be names of rows whatever the column is called.
const MIN_ROWS: usize = 20;

/// Most different values of grades such as `1/3`, `2/3`, which are levels.
const MOST_GRADES: usize = 10;

/// The finding for a column that holds neither numbers nor dates.
pub(super) fn find(column: &Column<'_>) -> Finding {
    let observed = column.observed;
    let distinct = observed.values.len();
    let words: usize = observed.values.iter().map(|value| value.text.split_whitespace().count()).sum();
    let words = words as f64 / distinct.max(1) as f64;
    let says = name_says(column.name(), column.at == 0);
    let mostly_different = distinct * 10 >= observed.present * 9;
    if matches!(says, Says::Surely | Says::Always) && distinct * 2 >= observed.present {
        return identifier("its name says so");
    }
    if words > 3.0 && distinct > 2 && distinct * 2 > observed.present {
        // The text itself may be a record of a person, and messages are passed on.
        let length = observed.values.iter().map(|value| value.text.chars().count()).max().unwrap_or(0);
        let what = format!(
            "free text ({words:.0} words a cell, {} different values in {}, up to {} long)",
            distinct,
            counted(observed.present, "row"),
            counted(length, "character")
        );
        let help = "--drop COL leaves it out; texts are given by --input and --text-column COL, to `run`, `predict` and `eval`, and to `embed`, which makes features of them";
        return Finding::refused(
            Content::Text,
            column.problem(observed.values.first().map(|value| value.first), what, help),
        );
    }
    if distinct > MOST_GRADES
        && let Some(value) = observed.values.iter().find(|value| holds_several_numbers(value.text))
    {
        let alike = observed.values.iter().filter(|value| holds_several_numbers(value.text));
        let count: usize = alike.map(|value| value.count).sum();
        if observed.share(count) > 0.5 {
            let what = format!(
                "{} holds several numbers, as {count} of {} cells do",
                quoted(value.text),
                observed.present
            );
            let help = "split the column into columns of one number each; --drop COL leaves it out";
            return Finding::refused(Content::Text, column.problem(Some(value.first), what, help));
        }
    }
    if says == Says::Perhaps && observed.all_different() && distinct >= 5 {
        return identifier("its name says so, and all values are different");
    }
    if let Some(problem) = written_unlike_numbers(column) {
        return Finding::refused(Content::Numeric(Notation::Plain), problem);
    }
    if mostly_different && observed.present >= MIN_ROWS {
        return identifier("nearly all values are different");
    }
    let mut finding = Finding::plain(Content::Category);
    if let Some((a, b)) = same_but_for_case(column) {
        finding = finding.with_note(format!("{} and {} are taken as two levels", quoted(a), quoted(b)));
    }
    if observed.nas > 0 && observed.values.iter().all(|value| is_short_code(value.text)) {
        let rows = counted(observed.nas, "row");
        finding = finding.with_note(format!(
            "\"NA\" in {rows} is taken as a missing value; give it another name if it is a code, such as that of Namibia"
        ));
    }
    if observed.nones > 0 {
        let rows = counted(observed.nones, "row");
        finding = finding.with_note(format!(
            "\"None\" in {rows} is taken as a missing value; give it another name if it is a level"
        ));
    }
    finding
}

/// The problem of a column that holds numbers in a pattern that is not read, and more of them than levels would be.
fn written_unlike_numbers(column: &Column<'_>) -> Option<Problem> {
    let observed = column.observed;
    if observed.values.len() <= MOST_GRADES {
        return None;
    }
    let (value, pattern) =
        observed.values.iter().find_map(|value| Some((value, Pattern::of(value.text)?)))?;
    let alike = |text: &str| Pattern::of(text) == Some(pattern) || !Notations::of(text).is_empty();
    let count: usize =
        observed.values.iter().filter(|value| alike(value.text)).map(|value| value.count).sum();
    (observed.share(count) > 0.5).then(|| patterned(column, observed, value, pattern))
}

/// Two or three numbers with a mark between them, such as a blood pressure `120/80` or a time `08:30`.
fn holds_several_numbers(text: &str) -> bool {
    let is_number = |part: &str| {
        let part = part.trim();
        (1..=5).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    ['/', ':', 'x', '×'].iter().any(|mark| {
        let parts = text.split(*mark);
        (2..=3).contains(&parts.clone().count()) && parts.into_iter().all(is_number)
    })
}

/// Two or three capital letters, such as a country or a code of a diagnosis.
fn is_short_code(text: &str) -> bool {
    (2..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn identifier(why: &str) -> Finding {
    Finding::plain(Content::Identifier(why.to_owned()))
}

/// Two levels that differ in case alone.
fn same_but_for_case<'a>(column: &Column<'a>) -> Option<(&'a str, &'a str)> {
    let mut seen = std::collections::HashMap::new();
    column.observed.values.iter().find_map(|value| {
        let before = seen.insert(value.text.to_lowercase(), value.text)?;
        Some((before, value.text))
    })
}
