//! Statistical significance: bootstrap intervals and McNemar's test.

use head_fit::Metrics;
use rayon::prelude::*;
use serde::Serialize;

use super::measures::{Predictions, accuracy};
use crate::random::Random;

/// Number of resamples.
const RESAMPLES: usize = 1000;

/// Bounds of the central 95 %.
pub(crate) type Interval = [f64; 2];

/// Percentile intervals, by bootstrap over the test samples.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Intervals {
    pub(crate) accuracy: Interval,
    pub(crate) macro_f1: Interval,
    pub(crate) auroc: Interval,
}

/// Intervals of the predictions' measures.
pub(crate) fn intervals(y: &[usize], predictions: &Predictions, seed: u64) -> Intervals {
    let draws: Vec<Metrics> = resamples(y.len(), seed, |rows| {
        let labels: Vec<usize> = rows.iter().map(|&row| y[row]).collect();
        let drawn = Predictions { probabilities: predictions.probabilities.select(ndarray::Axis(0), rows) };
        drawn.metrics(&labels)
    });
    Intervals {
        accuracy: central(draws.iter().map(|draw| draw.accuracy)),
        macro_f1: central(draws.iter().map(|draw| draw.macro_f1)),
        auroc: central(draws.iter().map(|draw| draw.auroc)),
    }
}

/// A comparison of two heads on the same samples.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Paired {
    /// Accuracy of the second head minus that of the first.
    pub(crate) difference: f64,
    /// 95 % interval of the difference; both heads are resampled together.
    pub(crate) interval: Interval,
    /// Share of samples for which both predict the same class.
    pub(crate) agreement: f64,
    /// Number of samples that only the first predicts correctly.
    pub(crate) first_alone: usize,
    /// Number of samples that only the second predicts correctly.
    pub(crate) second_alone: usize,
    /// p-value of McNemar's exact two-sided test.
    pub(crate) mcnemar_p: f64,
}

/// Compares the classes that two heads predict with the true classes `y`.
pub(crate) fn paired(y: &[usize], first: &[usize], second: &[usize], seed: u64) -> Paired {
    let gain = |i: usize| f64::from(i8::from(second[i] == y[i])) - f64::from(i8::from(first[i] == y[i]));
    let n = y.len() as f64;
    let interval = central(
        resamples(y.len(), seed, |rows| rows.iter().map(|&row| gain(row)).sum::<f64>() / n).into_iter(),
    );
    let count = |sign: f64| (0..y.len()).filter(|&i| gain(i) == sign).count();
    let (first_alone, second_alone) = (count(-1.0), count(1.0));
    Paired {
        difference: accuracy(y, second) - accuracy(y, first),
        interval,
        agreement: accuracy(first, second),
        first_alone,
        second_alone,
        mcnemar_p: mcnemar(first_alone, second_alone),
    }
}

/// Twice the smaller tail of the binomial distribution for `b + c` fair tosses, at most 1.
fn mcnemar(b: usize, c: usize) -> f64 {
    let n = b + c;
    // ln of binomial(n, k) / 2^n, term by term
    let mut term = -(n as f64) * std::f64::consts::LN_2;
    let mut tail = term.exp();
    for k in 1..=b.min(c) {
        term += ((n - k + 1) as f64 / k as f64).ln();
        tail += term.exp();
    }
    (2.0 * tail).min(1.0)
}

/// The statistic on each resample, drawn with replacement by a generator of its own.
fn resamples<T: Send>(n: usize, seed: u64, statistic: impl Fn(&[usize]) -> T + Sync) -> Vec<T> {
    (0..RESAMPLES as u64)
        .into_par_iter()
        .map(|draw| {
            let mut random = Random::new(seed.wrapping_mul(0x1_0000_0001).wrapping_add(draw));
            let rows: Vec<usize> = (0..n).map(|_| random.below(n)).collect();
            statistic(&rows)
        })
        .collect()
}

fn central(values: impl Iterator<Item = f64>) -> Interval {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let last = values.len().saturating_sub(1) as f64;
        values.get((share * last).round() as usize).copied().unwrap_or(f64::NAN)
    };
    [at(0.025), at(0.975)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reference: scipy's `binomtest(min(b, c), b + c).pvalue`.
    #[test]
    fn mcnemar_is_the_binomial_test() {
        for (b, c, p) in [
            (0, 0, 1.0),
            (1, 0, 1.0),
            (5, 0, 0.0625),
            (10, 3, 0.092_285_156_25),
            (40, 60, 0.056_887_933_640_980_75),
        ] {
            assert!((mcnemar(b, c) - p).abs() < 1e-9, "{b} {c}: {}", mcnemar(b, c));
            assert_eq!(mcnemar(b, c), mcnemar(c, b));
        }
    }

    #[test]
    fn intervals_cover_the_value_and_shrink_with_samples() {
        let width = |n: usize| {
            let y: Vec<usize> = (0..n).map(|i| i % 2).collect();
            let scores: Vec<f64> =
                (0..n).map(|i| if i % 5 == 0 { 0.5 } else { 0.2 + 0.6 * (i % 2) as f64 }).collect();
            let predictions = Predictions::binary(&scores);
            let [low, high] = intervals(&y, &predictions, 1).accuracy;
            let value = predictions.measures(&y).metrics.accuracy;
            assert!(low <= value && value <= high, "{low} {value} {high}");
            high - low
        };
        assert!(width(400) < 0.6 * width(100));
    }

    #[test]
    fn paired_heads_are_compared_sample_by_sample() {
        let y = [0, 1, 1, 0, 1, 0];
        let paired = paired(&y, &[0, 1, 0, 0, 0, 1], &[0, 1, 1, 1, 1, 1], 0);
        assert_eq!((paired.first_alone, paired.second_alone), (1, 2));
        assert!((paired.difference - 1.0 / 6.0).abs() < 1e-12);
        assert_eq!((paired.agreement, paired.mcnemar_p), (0.5, 1.0));
    }
}
