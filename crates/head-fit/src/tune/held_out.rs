//! Measures on held-out samples: of probabilities at the temperature at which they fit best, or of numbers.

use fhe_head::Link;
use ndarray::{Array2, ArrayView1};

use crate::baseline::{HeldOut, HeldOutErrors};
use crate::calibrator::Calibrator;
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
    /// Measures of calibrated logits, a sample's outputs side by side.
    pub(super) fn measure(&self, link: Link, logits: &[f64], calibrator: &Calibrator) -> Measured {
        if link == Link::Identity {
            return Measured::Numbers(HeldOutErrors::of_standardised(&self.y.view(), logits, &self.share));
        }
        let mut scaled = vec![0.0; self.outputs];
        let (mut log_loss, mut accuracy) = (0.0, 0.0);
        for ((z, labels), share) in logits.chunks(self.outputs).zip(self.y.rows()).zip(&self.share) {
            scaled.copy_from_slice(z);
            calibrator.apply(&mut scaled);
            let (loss, right) = of_sample(link, &mut scaled, &labels);
            log_loss += share * loss;
            accuracy += share * right;
        }
        if log_loss.is_nan() {
            log_loss = f64::INFINITY;
        }
        Measured::Classes(HeldOut { log_loss, accuracy })
    }

    /// What the link makes of the calibrated logits of all samples, a sample's outputs side by side: those of one against the rest with
    /// sum 1.
    pub(super) fn predictions(&self, link: Link, logits: &[f64], calibrator: &Calibrator) -> Vec<f64> {
        let mut all = logits.to_vec();
        for p in all.chunks_mut(self.outputs) {
            calibrator.apply(p);
            LinkFunction::exact(link).apply(p);
            if link == Link::Logistic && p.len() > 1 {
                let sum: f64 = p.iter().sum();
                p.iter_mut().for_each(|p| *p /= sum);
            }
        }
        all
    }
}

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
        let measured = labels(&[1.0], 1).measure(Link::Cumulative, &[2.0, -1.0], &Calibrator::default());
        assert!((measured.loss() + (sigma(2.0) - sigma(-1.0)).ln()).abs() < 1e-12);
        let measured = labels(&[1.0, 1.0], 2).measure(Link::MultiLabel, &[2.0, -1.0], &Calibrator::default());
        assert!((measured.loss() + (sigma(2.0) * sigma(-1.0)).ln() / 2.0).abs() < 1e-12);
        let Measured::Classes(held_out) = measured else { panic!("{measured:?}") };
        assert_eq!(held_out.accuracy, 0.5);
        let measured = labels(&[1.0, 1.0, -1.0, 2.0], 2).measure(
            Link::Identity,
            &[0.5, 1.0, -1.0, 1.0],
            &Calibrator::default(),
        );
        assert!((measured.loss() - (0.25 + 1.0) / 4.0).abs() < 1e-12);
    }
}
