//! Numbers that cannot be read, by name: with a unit, a comparison, or in another notation; and words among numbers.

use super::finding::{Column, Content, Finding};
use super::observed::{Distinct, Observed};
use crate::error::Problem;
use crate::value::number::Notation;
use crate::value::pattern::Pattern;
use crate::value::unit::around_number;
use crate::wording::{counted, quoted, shown};

/// What may be done about a column that is not of numbers throughout.
const ADVICE: &str =
    "--drop COL leaves the column out, --categorical COL takes its values as levels, or clean the cells";

/// The problem of a column with numbers that are written in a way that is not read.
pub(super) fn patterned(
    column: &Column<'_>,
    observed: &Observed<'_>,
    value: &Distinct<'_>,
    pattern: Pattern,
) -> Problem {
    let alike = observed.values.iter().filter(|value| Pattern::of(value.text) == Some(pattern));
    let count: usize = alike.map(|value| value.count).sum();
    // Names of rows are not repeated: they may lead to persons.
    let shown = if pattern.may_name_rows() && observed.all_different() {
        format!("a cell of {}", counted(value.text.chars().count(), "character"))
    } else {
        quoted(value.text)
    };
    let what = format!("{shown} is {}, as in {count} of {} cells", pattern.name(), observed.present);
    column.problem(Some(value.first), what, pattern.help())
}

/// The finding for a column of numbers with `others` among them, of which `other` is the first.
pub(super) fn refused(
    column: &Column<'_>,
    observed: &Observed<'_>,
    others: &[&Distinct<'_>],
    other: &Distinct<'_>,
) -> Finding {
    let content = Content::Numeric(Notation::Plain);
    let units: Vec<(&&Distinct<'_>, &str)> =
        others.iter().filter_map(|value| Some((value, around_number(value.text)?))).collect();
    let with_unit: usize = units.iter().map(|(value, _)| value.count).sum();
    let all_others: usize = others.iter().map(|value| value.count).sum();
    if let Some((value, around)) = units.first()
        && with_unit * 2 >= all_others
    {
        let comparison = around.starts_with(['<', '>', '≤', '≥', '~', '≈', '±']);
        let (name, help) = if comparison {
            (
                "a comparison",
                "replace it by a number, such as the limit; --categorical COL takes the values as levels, --drop COL leaves the column out",
            )
        } else {
            (
                "a unit",
                "write the number alone, in one unit; --categorical COL takes the values as levels, --drop COL leaves the column out",
            )
        };
        let what = format!(
            "{} is a number with {name} ({around:?}), as in {with_unit} of {} cells",
            quoted(value.text),
            observed.present
        );
        return Finding::refused(content, column.problem(Some(value.first), what, help));
    }
    if let Some(pattern) = Pattern::of(other.text) {
        return Finding::refused(content, patterned(column, observed, other, pattern));
    }
    let lower = other.text.to_lowercase();
    let infinite = ["inf", "infinity", "∞"].contains(&lower.trim_start_matches(['-', '+']));
    let what = if infinite {
        format!(
            "{} is not a finite number; {all_others} of {} cells are no numbers",
            other.text, observed.present
        )
    } else {
        format!(
            "{} is not a number, but most cells are; {all_others} of {} are no numbers",
            shown(other.text),
            observed.present
        )
    };
    Finding::refused(content, column.problem(Some(other.first), what, ADVICE))
}
