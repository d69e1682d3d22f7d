//! Measures on held-out samples: of probabilities at the temperature at which they fit best, or of numbers.

use fhe_head::Link;
use ndarray::{Array2, ArrayView1};

use crate::baseline::{HeldOut, HeldOutErrors};
use crate::cleartext::{LinkFunction, logistic_loss};
use crate::model::class_probabilities;

/// Held-out samples of all folds.
pub(super) struct Labels {
    /// Samples by columns.
    pub(super) y: Array2<f64>,
    /// Weights with sum 1.
    pub(super) share: Vec<f64>,
    pub(super) outputs: usize,
}

/// How well a method does on samples that it has not seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Measured {
    /// Of classes or labels.
    Classes(HeldOut),
    /// Of numbers.
    Numbers(HeldOutErrors),
}

impl Measured {
    /// What is least for the best method.
    pub(crate) fn loss(&self) -> f64 {
        match self {
            Self::Classes(held_out) => held_out.log_loss,
            Self::Numbers(errors) => errors.mse,
        }
    }
}

impl Labels {
    /// Measures of logits, a sample's outputs side by side, divided by `temperature`.
    pub(super) fn measure(&self, link: Link, logits: &[f64], temperature: f64) -> Measured {
        if link == Link::Identity {
            return Measured::Numbers(HeldOutErrors::of_standardised(&self.y.view(), logits, &self.share));
        }
        let mut scaled = vec![0.0; self.outputs];
        let (mut log_loss, mut accuracy) = (0.0, 0.0);
        for ((z, labels), share) in logits.chunks(self.outputs).zip(self.y.rows()).zip(&self.share) {
            scaled.iter_mut().zip(z).for_each(|(scaled, z)| *scaled = z / temperature);
            let (loss, right) = of_sample(link, &mut scaled, &labels);
            log_loss += share * loss;
            accuracy += share * right;
        }
        if log_loss.is_nan() {
            log_loss = f64::INFINITY;
        }
        Measured::Classes(HeldOut { log_loss, accuracy })
    }

    /// What the link makes of the logits of all samples, a sample's outputs side by side: those of one against the rest with sum 1.
    pub(super) fn predictions(&self, link: Link, logits: &[f64], temperature: f64) -> Vec<f64> {
        let mut all: Vec<f64> = logits.iter().map(|z| z / temperature).collect();
        for p in all.chunks_mut(self.outputs) {
            LinkFunction::exact(link).apply(p);
            if link == Link::Logistic && p.len() > 1 {
                let sum: f64 = p.iter().sum();
                p.iter_mut().for_each(|p| *p /= sum);
            }
        }
        all
    }

    /// The temperature of least log loss (Guo et al. 2017: a single number that divides all logits), to two digits. Log loss is convex
    /// in its inverse. Numbers have none: 1.
    pub(super) fn temperature(&self, link: Link, logits: &[f64]) -> f64 {
        const GOLDEN: f64 = 0.618_033_988_749_894_8;
        // to a few percent, within which log loss hardly changes
        const STEPS: usize = 9;
        if link == Link::Identity {
            return 1.0;
        }
        let loss = |log: f64| self.measure(link, logits, log.exp()).loss();
        let (mut low, mut high) = TEMPERATURES;
        (low, high) = (low.ln(), high.ln());
        let (mut a, mut b) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
        let (mut at_a, mut at_b) = (loss(a), loss(b));
        for _ in 0..STEPS {
            if at_a <= at_b {
                (high, b, at_b) = (b, a, at_a);
                a = high - GOLDEN * (high - low);
                at_a = loss(a);
            } else {
                (low, a, at_a) = (a, b, at_b);
                b = low + GOLDEN * (high - low);
                at_b = loss(b);
            }
        }
        two_digits(f64::midpoint(low, high).exp())
    }
}

/// Bounds of the temperature: few iterations leave logits small, and none leaves them this much too large.
const TEMPERATURES: (f64, f64) = (0.1, 4.0);

/// Log loss of a sample's logits, and whether its class is predicted: of several labels the means.
fn of_sample(link: Link, z: &mut [f64], labels: &ArrayView1<'_, f64>) -> (f64, f64) {
    match (link, &mut *z) {
        (Link::Logistic, [z]) => of_label(*z, labels[0] == 1.0),
        (Link::MultiLabel, z) => {
            let each = z.iter().zip(labels).map(|(z, label)| of_label(*z, *label == 1.0));
            let (loss, right) = each.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            (loss / z.len() as f64, right / z.len() as f64)
        }
        (_, z) => {
            let class = labels[0] as usize;
            let p = class_probabilities(link, z);
            let best = (0..p.len()).all(|k| p[k] < p[class] || (p[k] == p[class] && k >= class));
            (-p[class].max(f64::EPSILON).ln(), f64::from(u8::from(best)))
        }
    }
}

/// Log loss of one logit, and whether its sign is right.
fn of_label(z: f64, positive: bool) -> (f64, f64) {
    let margin = if positive { z } else { -z };
    let right = margin > 0.0 || (margin == 0.0 && !positive);
    (logistic_loss(margin), f64::from(u8::from(right)))
}

/// Two significant digits: what is public or exported shall tell no more of the data than it must.
pub(super) fn two_digits(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits that are a multiple of the log odds of their labels: the temperature is that multiple.
    #[test]
    fn the_temperature_undoes_a_factor() {
        let (mut y, mut logits) = (Vec::new(), Vec::new());
        for (odds, positives) in [(0.25f64, 20), (1.0, 50), (9.0, 90)] {
            for i in 0..100 {
                y.push(f64::from(u8::from(i < positives)));
                logits.push(0.5 * odds.ln());
            }
        }
        let share = vec![1.0 / y.len() as f64; y.len()];
        let y = Array2::from_shape_fn((y.len(), 1), |(i, _)| y[i]);
        let labels = Labels { y, share, outputs: 1 };
        let temperature = labels.temperature(Link::Logistic, &logits);
        assert!((temperature - 0.5).abs() < 0.011, "{temperature}");
        let [before, after] = [1.0, temperature].map(|t| match labels.measure(Link::Logistic, &logits, t) {
            Measured::Classes(held_out) => held_out,
            Measured::Numbers(errors) => panic!("{errors:?}"),
        });
        assert!(after.log_loss < before.log_loss);
        assert_eq!(after.accuracy, before.accuracy);
    }

    /// By hand: probabilities of classes from those of steps, the mean of labels, and squared errors.
    #[test]
    fn other_links_have_losses_of_their_own() {
        let labels = |y: &[f64], columns: usize| Labels {
            y: Array2::from_shape_fn((y.len() / columns, columns), |(i, k)| y[i * columns + k]),
            share: vec![columns as f64 / y.len() as f64; y.len() / columns],
            outputs: 2,
        };
        let sigma = |z: f64| 1.0 / (1.0 + (-z).exp());
        // class 1 of 3 lies between the two steps
        let measured = labels(&[1.0], 1).measure(Link::Cumulative, &[2.0, -1.0], 1.0);
        assert!((measured.loss() + (sigma(2.0) - sigma(-1.0)).ln()).abs() < 1e-12);
        let measured = labels(&[1.0, 1.0], 2).measure(Link::MultiLabel, &[2.0, -1.0], 1.0);
        assert!((measured.loss() + (sigma(2.0) * sigma(-1.0)).ln() / 2.0).abs() < 1e-12);
        let Measured::Classes(held_out) = measured else { panic!("{measured:?}") };
        assert_eq!(held_out.accuracy, 0.5);
        let measured = labels(&[1.0, 1.0, -1.0, 2.0], 2).measure(Link::Identity, &[0.5, 1.0, -1.0, 1.0], 1.0);
        assert!((measured.loss() - (0.25 + 1.0) / 4.0).abs() < 1e-12);
    }
}
