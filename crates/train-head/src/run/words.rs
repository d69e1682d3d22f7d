//! Figures in words, rounded as far as their intervals allow.

use head_fit::measures::{Estimate, FEWEST_RECORDS};

use crate::targets::Vocabulary;

/// A number of things, `1 iteration` or `2 iterations`.
pub(crate) fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// A value with its interval: `0.912 (0.880 to 0.936)`; a dash for what the samples leave undefined.
pub(crate) fn estimate(estimate: Option<Estimate>) -> String {
    match estimate {
        Some(Estimate { value, low, high }) => {
            format!("{} ({} to {})", rounded(value, 3), rounded(low, 3), rounded(high, 3))
        }
        None => "\u{2013}".into(),
    }
}

/// A share with its interval, in percent: `91.2 % (88.0 to 93.6)`.
pub(crate) fn percent(share: Option<Estimate>) -> String {
    match share {
        Some(Estimate { value, low, high }) => {
            let [value, low, high] = [value, low, high].map(|share| rounded(100.0 * share, 1));
            format!("{value} % ({low} to {high})")
        }
        None => "\u{2013}".into(),
    }
}

/// What the head tells apart, or predicts.
pub(crate) fn subject(vocabulary: &Vocabulary) -> String {
    match (vocabulary, vocabulary.names()) {
        (Vocabulary::Classes(_), [negative, positive]) => format!("{positive} against {negative}"),
        (Vocabulary::Classes(_), names) => format!("{} classes", names.len()),
        (Vocabulary::Labels(_), names) => {
            format!("{} labels, of which a sample may have any number", names.len())
        }
        (Vocabulary::Numbers(_), [only]) => format!("the number {only}"),
        (Vocabulary::Numbers(_), names) => format!("{} numbers", names.len()),
    }
}

/// A count, unless it is so small that it tells of few people.
pub(crate) fn few(count: usize) -> String {
    match count {
        0 => "none".to_owned(),
        count if count < FEWEST_RECORDS => format!("fewer than {FEWEST_RECORDS}"),
        count => count.to_string(),
    }
}

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
        None => "\u{2013}".into(),
    }
}

/// Decimals that leave three or four significant digits.
pub(crate) fn decimals(value: f64) -> usize {
    let size = value.abs().max(1e-9).log10().floor();
    (2.0 - size).clamp(0.0, 12.0) as usize
}

/// So many decimals, with a true minus.
pub(crate) fn rounded(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        // no minus before zero
        Some(digits) if digits.chars().all(|c| c == '0' || c == '.') => digits.to_owned(),
        Some(digits) => format!("\u{2212}{digits}"),
        None => text,
    }
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
    use super::*;

    #[test]
    fn figures_are_rounded() {
        let p = Estimate::proportion(9, 10);
        assert_eq!(percent(p), "90.0 % (59.6 to 98.2)");
        assert_eq!(estimate(p), "0.900 (0.596 to 0.982)");
        assert_eq!(
            [rounded(-0.0004, 3), rounded(-0.5, 1), percent(None)],
            ["0.000", "\u{2212}0.5", "\u{2013}"]
        );
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let days = [0, 951_782_400, 1_709_164_800, 1_767_225_599, 1_795_984_431].map(day);
        assert_eq!(days, ["1970-01-01", "2000-02-29", "2024-02-29", "2025-12-31", "2026-11-29"]);
    }
}
