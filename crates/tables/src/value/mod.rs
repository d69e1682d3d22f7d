//! What a single cell may mean: nothing, a number, a truth value, a date.

pub(crate) mod boolean;
pub(crate) mod date;
pub(crate) mod missing;
pub(crate) mod number;
pub(crate) mod pattern;
pub(crate) mod unit;

/// The text of a level or a label, one for each meaning: without blanks around it, and whole numbers without decimals, so that
/// `1`, ` 1` and `1.0` are one level. Numbers with leading zeros are codes and stay.
pub(crate) fn canonical(cell: &str) -> &str {
    let text = number::trimmed(cell);
    let Some((whole, decimals)) = text.split_once('.') else { return text };
    let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let code = digits.len() > 1 && digits.starts_with('0');
    if number && !code && !decimals.is_empty() && decimals.bytes().all(|byte| byte == b'0') {
        whole
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn whole_numbers_are_one_level() {
        for (cell, level) in [
            (" 1.0", "1"),
            ("-2.00 ", "-2"),
            ("1.5", "1.5"),
            ("01.0", "01.0"),
            ("1.", "1."),
            ("C34.0", "C34.0"),
            ("a", "a"),
        ] {
            assert_eq!(canonical(cell), level);
        }
    }
}
