//! Numbers with something around them: `79 kg`, `<0.5`, `12 %`.

use super::number::trimmed;

/// Units that are recognised without a blank before them. With a blank, any short word counts.
const UNITS: [&str; 62] = [
    "%", "‰", "°", "°c", "°f", "€", "$", "£", "g", "kg", "mg", "µg", "μg", "ug", "ng", "pg", "t", "lb",
    "lbs", "oz", "m", "cm", "mm", "µm", "nm", "km", "ft", "in", "l", "dl", "ml", "µl", "cl", "s", "sec",
    "ms", "min", "h", "hr", "hrs", "d", "y", "yr", "yrs", "years", "jahre", "days", "tage", "bpm", "mmhg",
    "hpa", "kpa", "mmol", "mol", "iu", "ie", "u", "kcal", "kj", "w", "v", "hz",
];

/// Currencies that stand before an amount.
const CURRENCIES: [&str; 20] = [
    "USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK",
    "BRL", "ZAR", "KRW", "Rs", "Fr",
];

/// What stands around the number of a cell that is a number with a unit or a comparison, such as `kg` or `<`.
pub(crate) fn around_number(cell: &str) -> Option<&str> {
    let text = trimmed(cell);
    if let Some(first) = text.chars().next()
        && matches!(first, '<' | '>' | '≤' | '≥' | '~' | '≈' | '±')
    {
        let rest = &text[first.len_utf8()..];
        let (mark, rest) = match rest.strip_prefix('=') {
            Some(rest) => (&text[..first.len_utf8() + 1], rest),
            None => (&text[..first.len_utf8()], rest),
        };
        return rest.trim_start().starts_with(|digit: char| digit.is_ascii_digit()).then_some(mark);
    }
    if let Some(first) = text.chars().next()
        && matches!(first, '€' | '$' | '£')
    {
        let rest = text[first.len_utf8()..].trim_start();
        return rest.starts_with(|digit: char| digit.is_ascii_digit()).then_some(&text[..first.len_utf8()]);
    }
    // `USD 51`; any other word before a number may be a name, such as that of a ward.
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (word, rest) = text.split_at(letters);
    if CURRENCIES.contains(&word) {
        return rest.trim_start().starts_with(|digit: char| digit.is_ascii_digit()).then_some(word);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.starts_with(|digit: char| digit.is_ascii_digit()) {
        return None;
    }
    let end = unsigned.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '\'')))?;
    let rest = &unsigned[end..];
    let word = rest.trim_start();
    let known = || {
        let lower = word.to_lowercase();
        let per = lower.split(['/', '*', '^', '²', '³']).next().unwrap_or_default();
        UNITS.contains(&lower.as_str()) || (per != lower && UNITS.contains(&per))
    };
    let spaced = word.len() < rest.len()
        && word.chars().count() <= 10
        && !word.chars().any(char::is_whitespace)
        && word.chars().any(|c| c.is_alphabetic() || matches!(c, '%' | '°' | '€' | '$'));
    (spaced || known()).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::around_number;

    #[test]
    fn units_and_comparisons_are_seen() {
        for (cell, around) in [
            ("79 kg", "kg"),
            ("79kg", "kg"),
            ("5 mmol/l", "mmol/l"),
            ("5mmol/l", "mmol/l"),
            ("-1.5 °C", "°C"),
            ("12 %", "%"),
            ("12%", "%"),
            ("<0.5", "<"),
            (">= 60", ">="),
            ("≤5", "≤"),
            ("€ 12,50", "€"),
            ("1,200.50 USD", "USD"),
            ("USD 51", "USD"),
        ] {
            assert_eq!(around_number(cell), Some(around), "{cell}");
        }
        for cell in [
            "79",
            "1.5e3",
            "12 Main Street",
            "ward 5",
            "USD",
            "4a",
            "12B",
            "abc",
            "< 5a b".trim_start_matches('<'),
            "",
            "30-40",
            "2020-01-01",
        ] {
            assert_eq!(around_number(cell), None, "{cell}");
        }
    }
}
