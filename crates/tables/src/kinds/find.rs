//! The kind of a column: the first that all of its cells agree on.

use super::evidence::Evidence;
use super::finding::{Column, Content, Finding, Wish};
use super::identifiers::{Says, name_says};
use super::observed::MIN_LEVEL_ROWS;
use super::{dates, numbers, words};
use crate::value::boolean;

/// What may be known before a column is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hints {
    pub(crate) evidence: Evidence,
    /// Whether days stand before months, if the user says.
    pub(crate) day_first: Option<bool>,
}

/// Most different values of a column called `id` that may be groups, such as cases and controls.
const FEW_IDS: usize = 5;

/// Finds out what a column holds.
pub(crate) fn find(column: &Column<'_>, wish: Wish, hints: Hints) -> Finding {
    let observed = column.observed;
    if observed.present == 0 {
        return Finding::plain(Content::Empty);
    }
    if wish == Wish::Categorical {
        return Finding::plain(Content::Category);
    }
    if let [only] = &observed.values[..] {
        // Marked or empty: whether the value is missing is the information.
        let informative = observed.missing_pays() && only.count >= MIN_LEVEL_ROWS;
        let constant = if informative { Content::Category } else { Content::Constant };
        return Finding::plain(constant);
    }
    if wish == Wish::Numeric {
        return numbers::forced(column, hints.evidence);
    }
    match name_says(column.name(), column.at == 0) {
        Says::Index => return Finding::plain(Content::Identifier("the index of a data frame".to_owned())),
        Says::Always
            if (observed.values.len() > FEW_IDS || observed.all_different())
                && !numbers::have_decimals(column) =>
        {
            return Finding::plain(Content::Identifier("its name says so".to_owned()));
        }
        _ => {}
    }
    if observed.values.iter().all(|value| is_telephone(value.text)) {
        return Finding::plain(Content::Identifier("telephone numbers".to_owned()));
    }
    if let Some((yes, no)) = boolean::pair(&observed.values.iter().map(|value| value.text)) {
        return Finding::plain(Content::Boolean { yes, no });
    }
    dates::find(column, hints.day_first)
        .or_else(|| numbers::find(column, hints.evidence))
        .unwrap_or_else(|| words::find(column))
}

/// `+49 30 1234567`: an international number of ten digits or more.
fn is_telephone(text: &str) -> bool {
    text.starts_with('+')
        && text.bytes().filter(u8::is_ascii_digit).count() >= 10
        && text[1..]
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '/' | '(' | ')' | '\u{a0}'))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
