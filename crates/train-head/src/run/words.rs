//! Figures in words, rounded as far as their intervals allow.

use head_fit::measures::Estimate;

use crate::targets::Vocabulary;
use crate::wording::counted;

/// What stands for a measure that the samples leave undefined.
pub(crate) const DASH: &str = "\u{2013}";

/// A value with its interval: `0.912 (0.880 to 0.936)`; a dash for what the samples leave undefined.
pub(crate) fn estimate(estimate: Option<Estimate>) -> String {
    match estimate {
        Some(Estimate { value, low, high }) => {
            format!("{} ({} to {})", rounded(value, 3), rounded(low, 3), rounded(high, 3))
        }
        None => DASH.into(),
    }
}

/// A share with its interval, in percent: `91.2 % (88.0 to 93.6)`.
pub(crate) fn percent(share: Option<Estimate>) -> String {
    match share {
        Some(Estimate { value, low, high }) => {
            let [value, low, high] = [value, low, high].map(|share| rounded(100.0 * share, 1));
            format!("{value} % ({low} to {high})")
        }
        None => DASH.into(),
    }
}

/// What the head tells apart, or predicts: the column of the labels with its classes or their number. `columns` are those of the labels, if
/// they come from a table.
pub(crate) fn subject(vocabulary: &Vocabulary, columns: &[String]) -> String {
    let of_column = |what: String| match columns {
        [column] => format!("{column} ({what})"),
        _ => what,
    };
    match (vocabulary, vocabulary.names()) {
        (Vocabulary::Classes(_), [negative, positive]) => of_column(format!("{positive} against {negative}")),
        (Vocabulary::Classes(_), names) => of_column(one_of(names)),
        (Vocabulary::Labels(_), names) => {
            of_column(format!("{}, of which a sample may have any number", counted(names.len(), "label")))
        }
        (Vocabulary::Numbers(_), [only]) => format!("the number {only}"),
        (Vocabulary::Numbers(_), names) => counted(names.len(), "number"),
    }
}

/// A few short names of classes, or how many there are.
fn one_of(names: &[String]) -> String {
    const MOST_CHARACTERS: usize = 48;
    match names {
        [first @ .., last]
            if names.iter().map(|name| name.chars().count()).sum::<usize>() <= MOST_CHARACTERS =>
        {
            format!("{} or {last}", first.join(", "))
        }
        _ => counted(names.len(), "class"),
    }
}

/// Why a measure is a dash, for a terminal and for a page.
pub(crate) const UNDEFINED: &str = "\u{2013} stands for a measure that these samples leave undefined: a share of no samples, or an area or a slope of a \
     class where it, or all others together, has fewer than ten samples";

/// What two predictions of a sample have in common that agree, after "give".
pub(crate) fn the_same(vocabulary: &Vocabulary) -> &'static str {
    match vocabulary {
        Vocabulary::Classes(_) => "the same class",
        Vocabulary::Labels(_) => "the same labels",
        Vocabulary::Numbers(_) => "numbers within a hundredth of their standard deviation",
    }
}

/// A figure of any size with its interval, to so many significant digits as matter.
pub(crate) fn figure(estimate: Option<Estimate>) -> String {
    match estimate {
        Some(Estimate { value, low, high }) => {
            let decimals = decimals(value);
            let [value, low, high] = [value, low, high].map(|value| rounded(value, decimals));
            format!("{value} ({low} to {high})")
        }
        None => DASH.into(),
    }
}

/// Decimals that leave three or four significant digits.
pub(crate) fn decimals(value: f64) -> usize {
    let size = value.abs().max(1e-9).log10().floor();
    (2.0 - size).clamp(0.0, 12.0) as usize
}

/// So many decimals, with a true minus; a dash for what is undefined.
pub(crate) fn rounded(value: f64, decimals: usize) -> String {
    if value.is_nan() {
        return DASH.into();
    }
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        // no minus before zero
        Some(digits) if digits.chars().all(|c| c == '0' || c == '.') => digits.to_owned(),
        Some(digits) => format!("\u{2212}{digits}"),
        None => text,
    }
}

/// A difference of two shares in points, with its sign.
pub(crate) fn points(difference: f64) -> String {
    let points = rounded(100.0 * difference, 1);
    let sign = if points.starts_with(|c: char| c.is_ascii_digit()) && points != "0.0" { "+" } else { "" };
    format!("{sign}{points} points")
}

/// The day of a time in seconds since 1970, as `2026-11-29` (UTC).
pub(crate) fn day(unix_time: u64) -> String {
    // days since 0000-03-01, so that leap days end a year (Hinnant, "chrono-compatible low-level date algorithms")
    let days = unix_time / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + u64::from(month < 3))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::targets::{Choice, Labels};

    #[test]
    fn figures_are_rounded() {
        let p = Estimate::proportion(9, 10);
        assert_eq!(percent(p), "90.0 % (59.6 to 98.2)");
        assert_eq!(estimate(p), "0.900 (0.596 to 0.982)");
        assert_eq!(
            [rounded(-0.0004, 3), rounded(-0.5, 1), percent(None)],
            ["0.000", "\u{2212}0.5", "\u{2013}"]
        );
        assert_eq!(
            [rounded(f64::NAN, 3), points(0.0123), points(-0.01)],
            ["\u{2013}", "+1.2 points", "\u{2212}1.0 points"]
        );
    }

    #[test]
    fn the_subject_names_the_column_and_its_classes() {
        let classes = |names: &[&str]| {
            let labels = Labels::Classes(names.iter().map(|&name| name.to_owned()).collect());
            Vocabulary::fit(&labels, Choice::default()).unwrap()
        };
        let column = ["severity".to_owned()];
        assert_eq!(subject(&classes(&["b", "a", "c"]), &column), "severity (a, b or c)");
        assert_eq!(subject(&classes(&["b", "a"]), &column), "severity (b against a)");
        assert_eq!(subject(&classes(&["b", "a"]), &[]), "b against a");
        let long = ["a".repeat(20), "b".repeat(20), "c".repeat(20)];
        let long: Vec<&str> = long.iter().map(String::as_str).collect();
        assert_eq!(subject(&classes(&long), &column), "severity (3 classes)");
        let numbers = Vocabulary::Numbers(vec!["days".into()]);
        assert_eq!(subject(&numbers, &["days".into()]), "the number days");
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let days = [0, 951_782_400, 1_709_164_800, 1_767_225_599, 1_795_984_431].map(day);
        assert_eq!(days, ["1970-01-01", "2000-02-29", "2024-02-29", "2025-12-31", "2026-11-29"]);
    }
}
