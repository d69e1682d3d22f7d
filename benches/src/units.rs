//! Figures as text.

/// A dash, where there is no figure.
pub(crate) const NONE: &str = "\u{2013}";

/// Bytes in a suitable unit.
pub(crate) fn bytes(value: f64) -> String {
    match value {
        value if !value.is_finite() => NONE.into(),
        value if value >= 1e9 => format!("{:.2} GB", value / 1e9),
        value if value >= 1e6 => format!("{:.1} MB", value / 1e6),
        value => format!("{:.0} kB", value / 1e3),
    }
}

/// Seconds in a suitable unit.
pub(crate) fn seconds(value: f64) -> String {
    match value {
        value if !value.is_finite() => NONE.into(),
        value if value >= 100.0 => format!("{value:.0} s"),
        value if value >= 1.0 => format!("{value:.2} s"),
        value if value >= 0.1 => format!("{:.0} ms", 1e3 * value),
        value if value >= 1e-3 => format!("{:.2} ms", 1e3 * value),
        value if value <= 0.0 => "0".into(),
        value => format!("{:.1} us", 1e6 * value),
    }
}

/// A share between 0 and 1 with four decimal places.
pub(crate) fn share(value: f64) -> String {
    if value.is_finite() { format!("{value:.4}") } else { NONE.into() }
}
