//! Measures of predicted numbers.

use fhe_head::{Error, Result};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::estimate::Estimate;
use super::{FEWEST_RECORDS, expect_pairs};

/// Resamplings of the bootstrap.
const RESAMPLES: usize = 1000;
/// Most bins of predicted against true numbers.
const MOST_BINS: usize = 10;

/// Samples of similar prediction. Never fewer than [`FEWEST_RECORDS`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberBin {
    /// Number of samples.
    pub samples: usize,
    /// Mean prediction.
    pub predicted: f64,
    /// Mean of the true numbers, with the normal interval of a mean.
    pub observed: Estimate,
}

/// Measures of predictions, in the unit of the target, with percentile intervals of a bootstrap over the samples (fixed seed).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    /// Coefficient of determination: 1 minus the squared error relative to that of the mean. `None` for a constant target.
    pub r2: Option<Estimate>,
    /// Mean absolute error.
    pub mae: Estimate,
    /// Root of the mean squared error.
    pub rmse: Estimate,
    /// True numbers in bins of equally many samples, in the order of their prediction. Empty if there are few samples.
    pub bins: Vec<NumberBin>,
}

impl Regression {
    /// Measures predictions against targets, one each.
    ///
    /// # Errors
    /// [`Error::Shape`] if there are not as many predictions as targets; [`Error::Data`] without samples, or on a number that is not
    /// finite.
    pub fn new(targets: &[f64], predictions: &[f64]) -> Result<Self> {
        expect_pairs(targets, predictions)?;
        if targets.is_empty() {
            return Err(Error::Data("there are no samples to measure predictions on".into()));
        }
        if let Some(at) = targets.iter().position(|y| !y.is_finite()) {
            return Err(Error::Data(format!("the target of sample {at} is {}", targets[at])));
        }
        let n = targets.len();
        // about their mean, squares of large targets do not cancel
        let centre = targets.iter().sum::<f64>() / n as f64;
        let terms: Vec<[f64; 4]> = targets
            .iter()
            .zip(predictions)
            .map(|(y, p)| [y - centre, (y - centre).powi(2), (p - y).powi(2), (p - y).abs()])
            .collect();
        let [r2, mae, rmse] = measures((0..n).map(|i| terms[i]));
        let mut rng = ChaCha20Rng::seed_from_u64(0);
        let mut resampled = [const { Vec::new() }; 3];
        for _ in 0..RESAMPLES {
            // the bias of the remainder is below 2^-40 for any data that fits into memory
            let drawn = (0..n).map(|_| terms[(rng.next_u64() % n as u64) as usize]);
            for (values, value) in resampled.iter_mut().zip(measures(drawn)) {
                values.push(value);
            }
        }
        let [of_r2, of_mae, of_rmse] = resampled;
        let determined = r2.is_finite().then(|| percentiles(r2, of_r2));
        Ok(Self {
            r2: determined,
            mae: percentiles(mae, of_mae),
            rmse: percentiles(rmse, of_rmse),
            bins: bins(targets, predictions),
        })
    }

    /// The coefficient of determination alone, without an interval; NaN of a constant target.
    pub fn determined(targets: &[f64], predictions: &[f64]) -> f64 {
        let n = targets.len() as f64;
        let mean = targets.iter().sum::<f64>() / n;
        let term = |(y, p): (&f64, &f64)| [y - mean, (y - mean).powi(2), (p - y).powi(2), (p - y).abs()];
        let [r2, ..] = measures(targets.iter().zip(predictions).map(term));
        r2
    }
}

/// Equally filled bins. Fewer than [`FEWEST_RECORDS`] samples have none.
fn bins(targets: &[f64], predictions: &[f64]) -> Vec<NumberBin> {
    let mut pairs: Vec<(f64, f64)> = predictions.iter().copied().zip(targets.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let count = (pairs.len() / FEWEST_RECORDS).min(MOST_BINS);
    let bin = |k: usize| {
        let members = &pairs[k * pairs.len() / count..(k + 1) * pairs.len() / count];
        let n = members.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| members.iter().map(of).sum::<f64>() / n;
        let (predicted, value) = (mean(|pair| pair.0), mean(|pair| pair.1));
        let variance = members.iter().map(|pair| (pair.1 - value).powi(2)).sum::<f64>() / (n - 1.0);
        let half = 1.959_963_984_540_054 * (variance / n).sqrt();
        let observed = Estimate { value, low: value - half, high: value + half };
        NumberBin { samples: members.len(), predicted, observed }
    };
    (0..count).map(bin).collect()
}

/// R2, mean absolute and root mean squared error of samples: target, its square, squared and absolute error.
fn measures(samples: impl Iterator<Item = [f64; 4]>) -> [f64; 3] {
    let (mut n, mut sums) = (0.0, [0.0; 4]);
    for sample in samples {
        n += 1.0;
        sums.iter_mut().zip(sample).for_each(|(sum, term)| *sum += term);
    }
    let [target, square, squared_error, absolute_error] = sums;
    let total = square - target * target / n;
    let r2 = if total > 0.0 { 1.0 - squared_error / total } else { f64::NAN };
    [r2, absolute_error / n, (squared_error / n).sqrt()]
}

/// A value with the middle 95 % of its resampled values.
fn percentiles(value: f64, mut resampled: Vec<f64>) -> Estimate {
    resampled.retain(|value| value.is_finite());
    resampled.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (share * resampled.len().saturating_sub(1) as f64).round() as usize;
        resampled.get(place).copied().unwrap_or(value)
    };
    Estimate { value, low: at(0.025), high: at(0.975) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Values of scikit-learn 1.9.1 (`r2_score`, `mean_absolute_error`, `root_mean_squared_error`).
    #[test]
    fn known_values() {
        let m = Regression::new(&[3.0, -0.5, 2.0, 7.0, 4.2], &[2.5, 0.0, 2.1, 7.8, 3.0]).unwrap();
        for (found, expected) in [m.r2.unwrap(), m.mae, m.rmse].into_iter().zip(REGRESSION) {
            assert!((found.value - expected).abs() < 1e-12, "{found:?} {expected}");
            assert!(found.low <= found.value && found.value <= found.high);
        }
        assert_eq!(m, Regression::new(&[3.0, -0.5, 2.0, 7.0, 4.2], &[2.5, 0.0, 2.1, 7.8, 3.0]).unwrap());
    }

    /// The error of a mean of normal errors is known: the bootstrap's interval must be about as wide.
    #[test]
    fn intervals_are_as_wide_as_theory_says() {
        let n = 400;
        let y: Vec<f64> = (0..n).map(f64::from).collect();
        let p: Vec<f64> = (0..n).map(|i| f64::from(i) + f64::from(i % 2) * 2.0).collect();
        let m = Regression::new(&y, &p).unwrap();
        let half = 1.96 * (1.0 / f64::from(n)).sqrt();
        assert!((m.mae.value - 1.0).abs() < 1e-12);
        assert!(((m.mae.high - m.mae.low) / (2.0 * half) - 1.0).abs() < 0.15, "{m:?}");
    }

    #[test]
    fn no_bin_shows_a_single_record() {
        let y: Vec<f64> = (0..35).map(|i| f64::from(i % 7)).collect();
        let p: Vec<f64> = (0..35).map(|i| f64::from((i * 11) % 35)).collect();
        let m = Regression::new(&y, &p).unwrap();
        assert_eq!(m.bins.iter().map(|bin| bin.samples).collect::<Vec<_>>(), [11, 12, 12]);
        assert!(m.bins.iter().all(|bin| bin.observed.low < bin.observed.value));
        assert!(m.bins[0].predicted < m.bins[1].predicted);
        assert!((Regression::determined(&y, &p) - m.r2.unwrap().value).abs() < 1e-12);
        assert!(Regression::new(&y[..9], &p[..9]).unwrap().bins.is_empty());
    }

    #[test]
    fn a_constant_target_has_no_r2() {
        assert_eq!(Regression::new(&[2.0, 2.0], &[1.0, 3.0]).unwrap().r2, None);
        assert!(Regression::new(&[], &[]).is_err());
        assert!(Regression::new(&[f64::NAN], &[1.0]).is_err());
    }

    const REGRESSION: [f64; 3] = [0.915_337_343_096_234_4, 0.62, 0.719_722_168_617_863_3];
}
