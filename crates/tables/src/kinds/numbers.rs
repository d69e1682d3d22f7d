//! Columns of numbers: their notation, and what stands among them that is no number.

use super::evidence::Evidence;
use super::finding::{Column, Content, Finding};
use super::identifiers::{Says, counts_rows, may_number_rows, name_says};
use super::observed::{Distinct, Observed};
use super::refusals::refused;
use crate::value::number::{LARGEST, Notation, Notations};
use crate::value::unit::around_number;
use crate::wording::{counted, quoted, short_number};

/// Whole numbers beyond this are not exact in doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Fewest different values that a count of rows is recognised by.
const MIN_RUN: usize = 20;

/// The numbers of a column, and the rest.
struct Numbers<'a, 'b> {
    /// Rows with a number.
    count: usize,
    /// The notations in which all of them are numbers.
    notations: Notations,
    /// The first value that fits no notation of those before it.
    clash: Option<&'b Distinct<'a>>,
    /// Values that are no numbers.
    others: Vec<&'b Distinct<'a>>,
}

impl<'a, 'b> Numbers<'a, 'b> {
    fn of(observed: &'b Observed<'a>) -> Self {
        let mut found = Self { count: 0, notations: Notations::ALL, clash: None, others: Vec::new() };
        for value in &observed.values {
            let here = Notations::of(value.text);
            if here.is_empty() {
                found.others.push(value);
                continue;
            }
            found.count += value.count;
            let both = found.notations.and(here);
            if both.is_empty() && found.clash.is_none() {
                found.clash = Some(value);
            }
            found.notations = both;
        }
        found
    }
}

/// Whether all values are numbers, and some have decimals: measurements, whatever the column is called.
pub(super) fn have_decimals(column: &Column<'_>) -> bool {
    let observed = column.observed.without_dots();
    let numbers = Numbers::of(&observed);
    let notation = numbers.notations.simplest().filter(|_| numbers.others.is_empty());
    notation.is_some_and(|notation| {
        let number = |value: &Distinct<'_>| notation.parse(value.text);
        observed.values.iter().filter_map(number).any(|number| number.fract() != 0.0)
    })
}

/// The finding for a column that was declared to be of numbers.
pub(super) fn forced(column: &Column<'_>, evidence: Evidence) -> Finding {
    let observed = column.observed.without_dots();
    let numbers = Numbers::of(&observed);
    if let Some(other) = numbers.others.first() {
        return refused(column, &observed, &numbers.others, other);
    }
    with_notation(column, &observed, &numbers, evidence)
}

/// The finding for a column if most of it are numbers.
pub(super) fn find(column: &Column<'_>, evidence: Evidence) -> Option<Finding> {
    let observed = column.observed.without_dots();
    let numbers = Numbers::of(&observed);
    if observed.present == 0 {
        return None;
    }
    if let Some(other) = numbers.others.first() {
        let with_unit: usize = numbers
            .others
            .iter()
            .filter(|value| around_number(value.text).is_some())
            .map(|value| value.count)
            .sum();
        let comparisons_alone = numbers.count == 0
            && numbers.others.iter().all(|value| {
                around_number(value.text).is_none_or(|around| around.starts_with(['<', '>', '≤', '≥']))
            });
        let mostly = observed.share(numbers.count + with_unit) > 0.5 && !comparisons_alone;
        return mostly.then(|| refused(column, &observed, &numbers.others, other));
    }
    if are_codes(&observed) {
        return None;
    }
    if let Some(identifier) = identifier(column, &observed, numbers.notations) {
        return Some(identifier);
    }
    let finding = with_notation(column, &observed, &numbers, evidence);
    let Content::Numeric(notation) = finding.content else { return Some(finding) };
    let values: Vec<f64> = observed.values.iter().filter_map(|value| notation.parse(value.text)).collect();
    let run = observed.all_different() && values.len() >= MIN_RUN && may_number_rows(column.name(), &values);
    if run && finding.problem.is_none() {
        let note = format!(
            "the numbers are a run without gaps in mixed order, so they may name rows; --drop {} leaves them out",
            column.name()
        );
        return Some(finding.with_note(note));
    }
    Some(finding)
}

/// Digits of one width, some with zeros before them, such as postal codes: words, not numbers.
fn are_codes(observed: &Observed<'_>) -> bool {
    let width = observed.values.first().map_or(0, |value| value.text.len());
    width >= 4
        && observed.values.iter().any(|value| value.text.starts_with('0'))
        && observed
            .values
            .iter()
            .all(|value| value.text.len() == width && value.text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whole numbers that name rows.
fn identifier(column: &Column<'_>, observed: &Observed<'_>, notations: Notations) -> Option<Finding> {
    let says = name_says(column.name(), column.at == 0);
    let notation = notations.simplest()?;
    let values: Vec<f64> = observed.values.iter().filter_map(|value| notation.parse(value.text)).collect();
    if values.iter().any(|value| value.fract() != 0.0) {
        return None;
    }
    let different = observed.all_different();
    let distinct = observed.values.len();
    let named = matches!(says, Says::Surely | Says::Always);
    let why = if named && distinct * 2 >= observed.present {
        "its name says so, and most values are different"
    } else if named {
        let note = "its name says that the numbers are codes, so it is taken as a category; --numeric takes it as numbers";
        return Some(Finding::plain(Content::Category).with_note(note.to_owned()));
    } else if says == Says::Perhaps && different && distinct >= 5 {
        "its name says so, and all values are different"
    } else if different && observed.missing == 0 && distinct >= MIN_RUN && counts_rows(column.name(), &values)
    {
        "it counts the rows"
    } else if distinct * 10 >= observed.present * 9
        && distinct >= 5
        && values.iter().any(|value| value.abs() > EXACT)
    {
        "whole numbers beyond 2^53, nearly all different"
    } else {
        return None;
    };
    Some(Finding::plain(Content::Identifier(why.to_owned())))
}

/// The finding for a column of numbers alone.
fn with_notation(
    column: &Column<'_>,
    observed: &Observed<'_>,
    numbers: &Numbers<'_, '_>,
    evidence: Evidence,
) -> Finding {
    let Some(mut notation) = numbers.notations.simplest() else {
        let (row, text) =
            numbers.clash.map_or((None, String::new()), |value| (Some(value.first), quoted(value.text)));
        let what = format!("{text} has other decimal or thousands marks than the numbers before it");
        return Finding::refused(
            Content::Numeric(Notation::Plain),
            column.problem(row, what, "write all numbers of the column the same way, for example 1234.5"),
        );
    };
    let both = |a, b| numbers.notations.contains(a) && numbers.notations.contains(b);
    let mut notes = Vec::new();
    let ambiguous = if notation == Notation::DecimalComma && both(notation, Notation::CommaThousands) {
        if evidence.dot && !evidence.comma {
            notation = Notation::CommaThousands;
        }
        evidence.comma == evidence.dot
    } else if notation == Notation::Plain && both(notation, Notation::DotThousands) && has_dots(observed) {
        if evidence.comma && !evidence.dot {
            notation = Notation::DotThousands;
        }
        evidence.comma && evidence.dot
    } else {
        false
    };
    let content = Content::Numeric(notation);
    if ambiguous {
        let example = observed.values.iter().find(|value| value.text.contains([',', '.']));
        let text = example.map_or("", |value| value.text);
        let what = format!(
            "{} may be {} or {}: the mark may be a decimal or a thousands mark, and no cell tells",
            quoted(text),
            text.replacen(',', ".", 1),
            text.replace([',', '.'], "")
        );
        let help = "write the numbers without thousands marks, or say --decimal , or --decimal .; --drop COL leaves the column out";
        return Finding::refused(content, column.problem(example.map(|value| value.first), what, help));
    }
    if let Some(value) = observed
        .values
        .iter()
        .find(|value| notation.parse(value.text).is_none_or(|number| number.abs() > LARGEST))
    {
        let number = notation.parse(value.text).unwrap_or(f64::INFINITY);
        let what = if number.is_finite() {
            format!("{} is larger than any measurement ({LARGEST:e} at most)", quoted(value.text))
        } else {
            format!("{} is beyond the range of numbers", quoted(value.text))
        };
        let help = "make the cell empty if the value is unknown; --drop COL leaves the column out";
        return Finding::refused(content, column.problem(Some(value.first), what, help));
    }
    if notation != Notation::Plain {
        notes.push(format!("numbers are read as {}", notation.example()));
    }
    notes.extend(mark_for_missing(observed, notation));
    Finding { content, problem: None, notes }
}

/// Whether any number has a dot.
fn has_dots(observed: &Observed<'_>) -> bool {
    observed.values.iter().any(|value| value.text.contains('.'))
}

/// A warning about a number far from all others that usually stands for a missing value, such as -999.
fn mark_for_missing(observed: &Observed<'_>, notation: Notation) -> Option<String> {
    let mut values: Vec<(f64, usize)> =
        observed.values.iter().filter_map(|value| Some((notation.parse(value.text)?, value.count))).collect();
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (first, second) = (values.first()?, values.get(1)?);
    let (last, before) = (values.last()?, values.get(values.len().checked_sub(2)?)?);
    let marks = [9.0, 99.0, 999.0, 9999.0, 99999.0];
    let low = marks.contains(&-first.0) && second.0 >= 0.0;
    let high = marks[2..].contains(&last.0) && before.0 * 3.0 < last.0;
    let (mark, count) = if low {
        first
    } else if high {
        last
    } else {
        return None;
    };
    (*count >= 3).then(|| {
        format!(
            "{} in {} lies apart from all other values: if it marks missing values, make these cells empty",
            short_number(*mark),
            counted(*count, "row")
        )
    })
}
