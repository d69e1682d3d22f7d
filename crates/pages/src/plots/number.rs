//! Numbers on axes and beside bars.

/// A number with few digits.
pub fn plain(value: f64) -> String {
    let text = match value.abs() {
        nothing if nothing < 1e-12 => "0".into(),
        large if large >= 100.0 => format!("{value:.0}"),
        medium if medium >= 10.0 => trimmed(&format!("{value:.1}")),
        one if one >= 0.1 => trimmed(&format!("{value:.2}")),
        small if small >= 0.001 => trimmed(&format!("{value:.4}")),
        _ => format!("{value:.1e}"),
    };
    signed(&text)
}

/// A number with so many decimals.
pub(super) fn with_decimals(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    // no minus before zero
    let zero = text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.');
    signed(if zero { text.trim_start_matches('-') } else { &text })
}

/// A count, in units of 1024 where it is a multiple of them.
pub(super) fn count(value: f64) -> String {
    match value >= 1024.0 && value % 1024.0 == 0.0 {
        true => format!("{:.0}k", value / 1024.0),
        false => plain(value),
    }
}

fn signed(text: &str) -> String {
    text.replacen('-', if text.starts_with('-') { "\u{2212}" } else { "-" }, 1)
}

fn trimmed(text: &str) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_digits() {
        let shown = [0.0, 1234.5, 12.34, 0.5, 0.0123, 1e-5, -0.25].map(plain);
        assert_eq!(shown, ["0", "1234", "12.3", "0.5", "0.0123", "1.0e-5", "\u{2212}0.25"]);
        assert_eq!([count(2048.0), count(1000.0), with_decimals(-0.001, 2)], ["2k", "1000", "0.00"]);
    }
}
