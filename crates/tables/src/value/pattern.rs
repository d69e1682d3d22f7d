//! Cells that hold numbers in a way that no column of numbers is read: hexadecimal, ranges, a sign behind the number.

use super::number::trimmed;

/// A way of writing numbers that is recognised, but not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// `1,23,456`
    IndianGroups,
    /// `12-134`
    Range,
    /// `0x1F`
    Hexadecimal,
    /// `2024-W12`
    Week,
    /// `2h52`
    Duration,
    /// `12-`
    TrailingMinus,
    /// `(5)`
    Parentheses,
    /// `٤٢`
    OtherDigits,
}

impl Pattern {
    /// The pattern of a cell, if it has one.
    pub(crate) fn of(cell: &str) -> Option<Self> {
        let text = trimmed(cell);
        if !text.is_ascii() {
            let numeric = |c: char| is_other_digit(c) || matches!(c, '.' | ',' | '-' | '+' | ' ' | '٫' | '٬');
            return (text.chars().any(is_other_digit) && text.chars().all(numeric))
                .then_some(Self::OtherDigits);
        }
        if let Some(hexadecimal) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            let digits = !hexadecimal.is_empty() && hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit());
            return digits.then_some(Self::Hexadecimal);
        }
        if let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
            return is_number(inner).then_some(Self::Parentheses);
        }
        if let Some(number) = text.strip_suffix('-') {
            return is_number(number).then_some(Self::TrailingMinus);
        }
        if let Some((year, week)) = text.split_once("-W") {
            let fine = year.len() == 4 && digits(year) && (1..=2).contains(&week.len()) && digits(week);
            return fine.then_some(Self::Week);
        }
        if let Some((hours, minutes)) = text.split_once('h') {
            let minutes = minutes.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim();
            return (digits(hours.trim_end()) && digits(minutes)).then_some(Self::Duration);
        }
        if let Some((low, high)) = text.split_once('-').filter(|(low, _)| !low.is_empty()) {
            return (is_number(low.trim_end()) && is_number(high.trim_start())).then_some(Self::Range);
        }
        has_indian_groups(text).then_some(Self::IndianGroups)
    }

    /// What such a cell is, for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::IndianGroups => "a number with digits grouped by lakh and crore",
            Self::Range => "a range of numbers, or two numbers",
            Self::Hexadecimal => "a hexadecimal number",
            Self::Week => "a week of a year",
            Self::Duration => "a duration of hours and minutes",
            Self::TrailingMinus => "a number with its sign behind it",
            Self::Parentheses => "a number in parentheses, as accountants write one below zero",
            Self::OtherDigits => "a number in other digits than 0 to 9",
        }
    }

    /// Whether such cells may as well name rows: `12-134` may be a specimen.
    pub(crate) fn may_name_rows(self) -> bool {
        matches!(self, Self::Range | Self::Hexadecimal)
    }

    /// What to do about it.
    pub(crate) fn help(self) -> &'static str {
        match self {
            Self::IndianGroups => "write the numbers without marks between digits, for example 123456",
            Self::Range => {
                "write one number, such as the middle, or two columns of one number each; for names of rows, --drop COL"
            }
            Self::Hexadecimal => "write the numbers in decimal digits; for names of rows, --drop COL",
            Self::Week => "write the first day of the week as a date, for example 2024-03-18",
            Self::Duration => "write the durations in minutes, as one number",
            Self::TrailingMinus | Self::Parentheses => "write numbers below zero as -5",
            Self::OtherDigits => "write the numbers in the digits 0 to 9",
        }
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits, with marks of decimals or thousands among them.
fn is_number(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
}

/// Two digits a group before the last three.
fn has_indian_groups(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, decimals) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let groups: Vec<&str> = whole.split(',').collect();
    let [first, middle @ .., last] = &groups[..] else { return false };
    digits(decimals)
        && (1..=2).contains(&first.len())
        && !middle.is_empty()
        && middle.iter().all(|group| group.len() == 2)
        && last.len() == 3
        && groups.iter().all(|group| digits(group))
}

/// Digits of Arabic, Persian, Devanagari and Bengali, and those of full width.
fn is_other_digit(character: char) -> bool {
    matches!(character, '٠'..='٩' | '۰'..='۹' | '०'..='९' | '০'..='৯' | '０'..='９')
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn patterns_are_told_apart() {
        for (cell, pattern) in [
            ("1,23,456", Pattern::IndianGroups),
            ("-12,34,567.50", Pattern::IndianGroups),
            ("12-134", Pattern::Range),
            ("1.5 - 2.5", Pattern::Range),
            ("0x1F", Pattern::Hexadecimal),
            ("2024-W12", Pattern::Week),
            ("2h52", Pattern::Duration),
            ("1 h 05 min", Pattern::Duration),
            ("12-", Pattern::TrailingMinus),
            ("(1,234.5)", Pattern::Parentheses),
            ("٤٢", Pattern::OtherDigits),
            ("１２.５", Pattern::OtherDigits),
        ] {
            assert_eq!(Pattern::of(cell), Some(pattern), "{cell}");
        }
        for cell in [
            "",
            "12",
            "-5",
            "1,234",
            "1,234,567",
            "a-b",
            "C34-1",
            "4h",
            "h2",
            "-",
            "0x",
            "()",
            "(a)",
            "12-345-6789",
            "é1",
        ] {
            assert_eq!(Pattern::of(cell), None, "{cell}");
        }
    }
}
