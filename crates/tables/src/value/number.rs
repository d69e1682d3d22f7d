//! Numbers as people and programs write them.

use serde::{Deserialize, Serialize};

/// Larger numbers cannot be meant; sums of their squares would overflow.
pub(crate) const LARGEST: f64 = 1e150;

/// How the numbers of a column are written. Only one notation holds for a whole column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notation {
    /// `1234.5`
    Plain,
    /// `1234,5`
    DecimalComma,
    /// `1,234.5`
    CommaThousands,
    /// `1.234,5`
    DotThousands,
    /// `1 234.5`
    SpaceThousands,
    /// `1 234,5`
    SpaceThousandsDecimalComma,
    /// `1'234.5`
    ApostropheThousands,
    /// `1'234,5`
    ApostropheThousandsDecimalComma,
}

/// All notations, the simplest first.
pub(crate) const NOTATIONS: [Notation; 8] = [
    Notation::Plain,
    Notation::DecimalComma,
    Notation::CommaThousands,
    Notation::DotThousands,
    Notation::SpaceThousands,
    Notation::SpaceThousandsDecimalComma,
    Notation::ApostropheThousands,
    Notation::ApostropheThousandsDecimalComma,
];

impl Notation {
    /// The decimal mark, and the marks that may stand between thousands.
    fn marks(self) -> (char, &'static [char]) {
        const SPACES: &[char] = &[' ', '\u{a0}', '\u{202f}', '\u{2009}'];
        const APOSTROPHES: &[char] = &['\'', '’'];
        match self {
            Self::Plain => ('.', &[]),
            Self::DecimalComma => (',', &[]),
            Self::CommaThousands => ('.', &[',']),
            Self::DotThousands => (',', &['.']),
            Self::SpaceThousands => ('.', SPACES),
            Self::SpaceThousandsDecimalComma => (',', SPACES),
            Self::ApostropheThousands => ('.', APOSTROPHES),
            Self::ApostropheThousandsDecimalComma => (',', APOSTROPHES),
        }
    }

    /// Whether the comma is the decimal mark.
    pub(crate) fn has_decimal_comma(self) -> bool {
        self.marks().0 == ','
    }

    /// An example, for messages.
    pub(crate) fn example(self) -> &'static str {
        match self {
            Self::Plain => "1234.5",
            Self::DecimalComma => "1234,5",
            Self::CommaThousands => "1,234.5",
            Self::DotThousands => "1.234,5",
            Self::SpaceThousands => "1 234.5",
            Self::SpaceThousandsDecimalComma => "1 234,5",
            Self::ApostropheThousands => "1'234.5",
            Self::ApostropheThousandsDecimalComma => "1'234,5",
        }
    }

    /// The number that a cell holds in this notation; infinite beyond the range of doubles. Words such as `nan` and `inf` are none.
    pub(crate) fn parse(self, cell: &str) -> Option<f64> {
        let text = trimmed(cell);
        if self == Self::Plain {
            return parse_plain(text);
        }
        let (sign, unsigned) = match text.strip_prefix(['-', '\u{2212}']) {
            Some(rest) => ("-", rest),
            None => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => unsigned.split_at(at),
            None => (unsigned, ""),
        };
        let (decimal, thousands) = self.marks();
        let (whole, decimals) = mantissa.split_once(decimal).unwrap_or((mantissa, ""));
        if !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut groups = whole.split(thousands);
        let first = groups.next().unwrap_or_default();
        let rest: Vec<&str> = groups.collect();
        let in_groups = !rest.is_empty();
        if in_groups && (first.is_empty() || first.len() > 3 || first.starts_with('0')) {
            return None;
        }
        if rest.iter().any(|group| group.len() != 3) {
            return None;
        }
        parse_plain(&format!("{sign}{first}{}.{decimals}{exponent}", rest.concat()))
    }
}

/// Without blanks around it, those that do not break included.
pub(crate) fn trimmed(cell: &str) -> &str {
    cell.trim_matches(|character: char| character.is_whitespace() || character == '\u{feff}')
}

fn parse_plain(text: &str) -> Option<f64> {
    let numeric = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    if text.bytes().all(numeric) {
        return text.parse().ok();
    }
    // A typographic minus, as spreadsheets and statistics programs write it.
    let rest = text.strip_prefix('\u{2212}')?;
    if rest.starts_with(['-', '+']) { None } else { parse_plain(rest).map(|value| -value) }
}

/// A set of notations: bit `i` stands for `NOTATIONS[i]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Notations(u8);

impl Notations {
    pub(crate) const ALL: Self = Self(u8::MAX);

    /// The notations in which a cell is a number.
    pub(crate) fn of(cell: &str) -> Self {
        let text = trimmed(cell);
        // Digits alone mean the same in every notation.
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::ALL;
        }
        // Most cells without a digit are words.
        if !text.bytes().any(|byte| byte.is_ascii_digit()) {
            return Self(0);
        }
        // Without a separator but dots, notations differ by their decimal mark alone, except for thousands marked by dots.
        if parse_plain(text).is_some() {
            let dots = text.contains('.');
            return Self::that(|notation| match notation {
                Notation::DotThousands => notation.parse(text).is_some(),
                _ => !dots || !notation.has_decimal_comma(),
            });
        }
        Self::that(|notation| notation.parse(text).is_some())
    }

    fn that(holds: impl Fn(Notation) -> bool) -> Self {
        let bits = NOTATIONS.iter().enumerate().map(|(bit, notation)| u8::from(holds(*notation)) << bit);
        Self(bits.fold(0, |found, bit| found | bit))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn contains(self, notation: Notation) -> bool {
        NOTATIONS.iter().position(|known| *known == notation).is_some_and(|bit| self.0 & (1 << bit) != 0)
    }

    /// The simplest notation of the set.
    pub(crate) fn simplest(self) -> Option<Notation> {
        NOTATIONS.iter().copied().find(|notation| self.contains(*notation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_in_every_notation() {
        for notation in NOTATIONS {
            assert_eq!(notation.parse(notation.example()), Some(1234.5), "{notation:?}");
            assert_eq!(notation.parse(" -7 "), Some(-7.0), "{notation:?}");
            assert_eq!(notation.parse("\u{2212}7"), Some(-7.0), "{notation:?}");
            assert_eq!(notation.parse("2e3"), Some(2000.0), "{notation:?}");
            for none in ["", "-", ".", ",", "nan", "inf", "infinity", "1e", "a1", "--1", "1-", "0x1"] {
                assert_eq!(notation.parse(none), None, "{notation:?} {none:?}");
            }
        }
        assert_eq!(Notation::Plain.parse("1e999"), Some(f64::INFINITY));
        assert_eq!(Notation::SpaceThousands.parse("1\u{a0}234\u{202f}567"), Some(1_234_567.0));
    }

    #[test]
    fn groups_have_three_digits() {
        for bad in ["12,34", "1,2345", "0,123", ",123", "1234,567", "1,,234"] {
            assert_eq!(Notation::CommaThousands.parse(bad), None, "{bad}");
        }
        assert_eq!(Notation::CommaThousands.parse("12,345,678"), Some(12_345_678.0));
    }

    proptest::proptest! {
        #[test]
        fn short_cuts_find_what_parsing_finds(text in "[-+]?[0-9.,' ]{0,9}(e-?[0-9]{1,2})?") {
            let found = Notations::of(&text);
            for notation in NOTATIONS {
                proptest::prop_assert_eq!(found.contains(notation), notation.parse(&text).is_some(), "{:?}", notation);
            }
        }
    }

    #[test]
    fn evidence_narrows_the_notations() {
        let of = |cells: &[&str]| {
            cells.iter().map(|cell| Notations::of(cell)).fold(Notations::ALL, Notations::and)
        };
        assert_eq!(of(&["1", "79,0"]).simplest(), Some(Notation::DecimalComma));
        let open = of(&["1,234", "5"]);
        assert!(open.contains(Notation::DecimalComma) && open.contains(Notation::CommaThousands));
        assert!(!of(&["1,234", "1,5"]).contains(Notation::CommaThousands));
        assert!(!of(&["1,234", "1,234.5"]).contains(Notation::DecimalComma));
        assert!(of(&["1.5", "1,5"]).is_empty());
        assert!(of(&["1.234", "12.345"]).contains(Notation::DotThousands));
        assert!(of(&["abc"]).is_empty());
    }
}
