//! What a party has of a joint training: its head against one trained on the party's data alone, on samples that neither saw.

use serde::{Deserialize, Serialize};

/// Two heads on the same samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Number of samples.
    pub samples: usize,
    /// Share that the head of all gets right.
    pub joint: f64,
    /// Share that the head of the party's data alone gets right.
    pub alone: f64,
    /// Samples that the head of all alone gets right.
    pub gained: usize,
    /// Samples that the other alone gets right.
    pub lost: usize,
    /// A 95 % interval of the difference of the shares.
    pub interval: [f64; 2],
    /// Probability of a difference as large if neither head were better: McNemar's exact test.
    pub p_value: f64,
}

impl Comparison {
    /// Compares predictions with the labels.
    ///
    /// The interval is that of paired proportions with a pseudo-count (Bonett, Price, *Adjusted Wald intervals for paired binomial
    /// proportions*, Journal of Educational and Behavioral Statistics 37 (2012)).
    #[must_use]
    pub fn new(labels: &[usize], joint: &[usize], alone: &[usize]) -> Self {
        let samples = labels.len().min(joint.len()).min(alone.len());
        let right = |of: &[usize], i: usize| of[i] == labels[i];
        let count = |wanted: &dyn Fn(usize) -> bool| (0..samples).filter(|&i| wanted(i)).count();
        let gained = count(&|i| right(joint, i) && !right(alone, i));
        let lost = count(&|i| !right(joint, i) && right(alone, i));
        let both = count(&|i| right(joint, i) && right(alone, i));
        let n = samples.max(1) as f64;
        let (p, q) = ((gained as f64 + 1.0) / (n + 2.0), (lost as f64 + 1.0) / (n + 2.0));
        let spread = 1.96 * ((p + q - (p - q).powi(2)) / (n + 2.0)).max(0.0).sqrt();
        Self {
            samples,
            joint: (both + gained) as f64 / n,
            alone: (both + lost) as f64 / n,
            gained,
            lost,
            interval: [(p - q - spread).max(-1.0), (p - q + spread).min(1.0)],
            p_value: mcnemar(gained, lost),
        }
    }

    /// The difference of the shares.
    #[must_use]
    pub fn difference(&self) -> f64 {
        self.joint - self.alone
    }
}

/// Twice the probability that a fair coin tossed `a + b` times shows the rarer side at most as often as here; at most 1.
fn mcnemar(a: usize, b: usize) -> f64 {
    let (n, rarer) = (a + b, a.min(b));
    let log_factorial = |k: usize| (1..=k).map(|i| (i as f64).ln()).sum::<f64>();
    let log_all = log_factorial(n) - n as f64 * std::f64::consts::LN_2;
    let one = |k: usize| (log_all - log_factorial(k) - log_factorial(n - k)).exp();
    (2.0 * (0..=rarer).map(one).sum::<f64>()).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_test_is_that_of_a_fair_coin() {
        assert!((mcnemar(0, 0) - 1.0).abs() < 1e-12);
        assert!((mcnemar(5, 0) - 2.0 / 32.0).abs() < 1e-12);
        // 2 (1 + 10 + 45) / 2^10
        assert!((mcnemar(2, 8) - 112.0 / 1024.0).abs() < 1e-12);
        assert!((mcnemar(8, 2) - mcnemar(2, 8)).abs() < 1e-15);
        assert!(mcnemar(700, 500) < 1e-7);
    }

    #[test]
    fn gains_and_losses_are_counted_on_the_same_samples() {
        let labels = [0, 1, 1, 0, 1];
        let comparison = Comparison::new(&labels, &[0, 1, 1, 1, 0], &[0, 0, 0, 0, 0]);
        assert_eq!((comparison.gained, comparison.lost, comparison.samples), (2, 1, 5));
        assert!((comparison.joint - 0.6).abs() < 1e-12 && (comparison.alone - 0.4).abs() < 1e-12);
        let [low, high] = comparison.interval;
        assert!(low < comparison.difference() && comparison.difference() < high);
    }
}
