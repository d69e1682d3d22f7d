//! A value with its interval.

use serde::{Deserialize, Serialize};

/// Two-sided 95 % quantile of the normal distribution.
pub(super) const Z95: f64 = 1.959_963_984_540_054;

/// A value with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Estimate {
    /// The share `hits / of` with Wilson's score interval (Wilson 1927). `None` if `of` is zero.
    pub fn proportion(hits: usize, of: usize) -> Option<Self> {
        if of == 0 {
            return None;
        }
        let (n, p) = (of as f64, hits as f64 / of as f64);
        let z2 = Z95 * Z95;
        let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z95 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        // rounding must not leave the value outside
        Some(Self { value: p, low: (centre - half).clamp(0.0, p), high: (centre + half).clamp(p, 1.0) })
    }

    /// A value within (0, 1) whose logit has this standard error: the interval is symmetric in logits and stays within (0, 1).
    pub(super) fn on_logits(value: f64, error_of_logit: f64) -> Self {
        let logit = logit(value);
        let at = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        Self { value, low: at(logit - Z95 * error_of_logit), high: at(logit + Z95 * error_of_logit) }
    }

    /// A value with a normal interval.
    pub(super) fn normal(value: f64, error: f64) -> Self {
        Self { value, low: value - Z95 * error, high: value + Z95 * error }
    }
}

/// The logit of a probability within (0, 1).
pub(super) fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Values of statsmodels 0.15.0, `proportion_confint(.., method="wilson")`.
    #[test]
    fn wilson() {
        for (hits, of, low, high) in WILSON {
            let p = Estimate::proportion(hits, of).unwrap();
            assert!((p.low - low).abs() < 1e-12 && (p.high - high).abs() < 1e-12, "{hits} of {of}: {p:?}");
        }
        assert_eq!(Estimate::proportion(0, 0), None);
    }

    const WILSON: [(usize, usize, f64, f64); 4] = [
        (8, 10, 0.490_162_471_536_641_83, 0.943_317_848_545_624_7),
        (0, 25, 0.0, 0.133_192_250_939_048_55),
        (120, 120, 0.968_980_833_581_296_6, 1.0),
        (450, 500, 0.870_578_090_368_059_9, 0.923_322_437_262_698_4),
    ];
}
