//! Whether probabilities mean what they say: reliability, calibration in the large, slope.

use fhe_head::{Error, Result};
use serde::{Deserialize, Serialize};

use super::estimate::{Estimate, logit};
use super::{FEWEST_RECORDS, expect_pairs};

/// Most bins of a reliability curve.
const MOST_BINS: usize = 10;
/// Probabilities are kept this far from 0 and 1 where their logits are needed.
const EDGE: f64 = 1e-9;

/// Samples of similar probability. Never fewer than [`FEWEST_RECORDS`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Number of samples.
    pub samples: usize,
    /// Mean probability.
    pub predicted: f64,
    /// Share of positives, Wilson's interval.
    pub observed: Estimate,
}

/// Calibration of the probabilities of a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Bins of equally many samples, in the order of their probability; equal probabilities share a bin.
    pub bins: Vec<Bin>,
    /// Calibration in the large: intercept of a logistic regression with the logits as offset (0 is ideal, below 0 the probabilities
    /// are too high on the whole). `None` when a class is absent.
    pub intercept: Option<Estimate>,
    /// Slope of a logistic regression on the logits (1 is ideal, below 1 the probabilities are too extreme). `None` when a class is
    /// absent, or the classes are separated.
    pub slope: Option<Estimate>,
    /// Expected calibration error: mean distance of `predicted` and `observed` over the bins, by their samples. `None` without a bin.
    pub ece: Option<f64>,
    /// Mean squared error of the probabilities.
    pub brier: f64,
}

impl Calibration {
    /// Measures probabilities of the positive class against `labels` (0 or 1, one each).
    ///
    /// # Errors
    /// [`Error::Shape`] if there are not as many probabilities as labels; [`Error::Data`] without samples, or on a probability that is
    /// not finite.
    pub fn new(labels: &[f64], probabilities: &[f64]) -> Result<Self> {
        expect_pairs(labels, probabilities)?;
        if labels.is_empty() {
            return Err(Error::Data("there are no samples to measure calibration on".into()));
        }
        let n = labels.len() as f64;
        let bins = bins(labels, probabilities);
        let covered: usize = bins.iter().map(|bin| bin.samples).sum();
        let distance = |bin: &Bin| bin.samples as f64 * (bin.predicted - bin.observed.value).abs();
        let logits: Vec<f64> = probabilities.iter().map(|p| logit(p.clamp(EDGE, 1.0 - EDGE))).collect();
        Ok(Self {
            ece: (covered > 0).then(|| bins.iter().map(distance).sum::<f64>() / covered as f64),
            brier: labels.iter().zip(probabilities).map(|(y, p)| (p - y).powi(2)).sum::<f64>() / n,
            intercept: recalibrate(labels, &logits, false),
            slope: recalibrate(labels, &logits, true),
            bins,
        })
    }
}

/// Equally filled bins. Fewer than [`FEWEST_RECORDS`] samples have none.
fn bins(labels: &[f64], probabilities: &[f64]) -> Vec<Bin> {
    let mut pairs: Vec<(f64, f64)> = probabilities.iter().copied().zip(labels.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let count = (pairs.len() / FEWEST_RECORDS).min(MOST_BINS);
    let mut bins: Vec<&[(f64, f64)]> = Vec::new();
    let mut from = 0;
    for k in 1..=count {
        let mut to = k * pairs.len() / count;
        // equal probabilities stay together
        while to < pairs.len() && to > 0 && pairs[to].0 == pairs[to - 1].0 {
            to += 1;
        }
        let enough = to >= from + FEWEST_RECORDS && (to == pairs.len() || pairs.len() - to >= FEWEST_RECORDS);
        if enough {
            bins.push(&pairs[from..to]);
            from = to;
        }
    }
    let bin = |pairs: &&[(f64, f64)]| {
        let hits = pairs.iter().filter(|(_, y)| *y > 0.5).count();
        let predicted = pairs.iter().map(|(p, _)| p).sum::<f64>() / pairs.len() as f64;
        Some(Bin { samples: pairs.len(), predicted, observed: Estimate::proportion(hits, pairs.len())? })
    };
    bins.iter().filter_map(bin).collect()
}

/// Logistic recalibration `logit P(y) = a + b z` by Newton's method. With `sloped`, the slope `b`; else the intercept `a` at `b = 1`.
/// `None` if the likelihood has no maximum.
fn recalibrate(labels: &[f64], logits: &[f64], sloped: bool) -> Option<Estimate> {
    const MOST_ITERATIONS: usize = 100;
    const LARGEST_STEP: f64 = 2.0;
    // beyond, the likelihood rises for ever: the classes are separated
    const LARGEST_SLOPE: f64 = 1e3;
    // beyond, nothing was estimated
    const LARGEST_ERROR: f64 = 1e2;
    let positives = labels.iter().filter(|&&y| y > 0.5).count();
    if positives == 0 || positives == labels.len() {
        return None;
    }
    let (mut a, mut b) = (0.0, 1.0);
    for _ in 0..MOST_ITERATIONS {
        let (mut g, mut h) = ([0.0; 2], [0.0; 3]);
        for (y, z) in labels.iter().zip(logits) {
            let p = 1.0 / (1.0 + (-(a + b * z)).exp());
            let (residual, weight) = (y - p, p * (1.0 - p));
            g = [g[0] + residual, g[1] + residual * z];
            h = [h[0] + weight, h[1] + weight * z, h[2] + weight * z * z];
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        let (step, error) = match sloped {
            false => ([g[0] / h[0], 0.0], h[0].recip().sqrt()),
            true => (
                [(h[2] * g[0] - h[1] * g[1]) / determinant, (h[0] * g[1] - h[1] * g[0]) / determinant],
                (h[0] / determinant).sqrt(),
            ),
        };
        let length = step[0].abs().max(step[1].abs());
        let estimated = length.is_finite() && error <= LARGEST_ERROR && b.abs() <= LARGEST_SLOPE;
        if !estimated {
            return None;
        }
        if length < 1e-10 {
            return Some(Estimate::normal(if sloped { b } else { a }, error));
        }
        let shorter = (LARGEST_STEP / length).min(1.0);
        (a, b) = (a + shorter * step[0], b + shorter * step[1]);
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::measures::samples::{LABELS, SCORES, close};

    /// Values of statsmodels 0.15.0 (`GLM` of the binomial family, with an offset for the intercept) and scikit-learn 1.9.1
    /// (`brier_score_loss`).
    #[test]
    fn known_values() {
        let c = Calibration::new(&LABELS, &SCORES).unwrap();
        close(c.intercept.unwrap(), INTERCEPT);
        close(c.slope.unwrap(), SLOPE);
        assert!((c.brier - BRIER).abs() < 1e-12, "{}", c.brier);
    }

    #[test]
    fn no_bin_shows_few_records() {
        for n in [1, 9, 10, 19, 25, 57, 1000] {
            let p: Vec<f64> = (0..n).map(|i| (i % 7) as f64 / 10.0 + 0.1).collect();
            let y: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
            let c = Calibration::new(&y, &p).unwrap();
            assert!(c.bins.iter().all(|bin| bin.samples >= FEWEST_RECORDS), "{n}: {:?}", c.bins);
            assert!(c.bins.len() <= MOST_BINS && (n < FEWEST_RECORDS) == c.bins.is_empty());
            assert_eq!(
                c.bins.iter().map(|bin| bin.samples).sum::<usize>(),
                if n < FEWEST_RECORDS { 0 } else { n }
            );
        }
    }

    #[test]
    fn separated_classes_have_no_slope() {
        let c = Calibration::new(&[0.0, 0.0, 1.0, 1.0], &[0.1, 0.4, 0.6, 0.9]).unwrap();
        assert_eq!(c.slope, None);
        assert!(c.intercept.unwrap().value.abs() < 1e-9);
        assert_eq!(Calibration::new(&[1.0, 1.0], &[0.1, 0.4]).unwrap().intercept, None);
    }

    const INTERCEPT: [f64; 3] =
        [-0.362_562_620_614_615_75, -1.307_206_403_943_491_9, 0.582_081_162_714_260_2];
    const SLOPE: [f64; 3] = [1.707_615_454_848_444_8, 0.312_784_990_991_021_86, 3.102_445_918_705_867_7];
    const BRIER: f64 = 0.150_025;
}
