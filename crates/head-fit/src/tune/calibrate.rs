//! The calibrator that fits held-out logits best.

use fhe_head::Link;
use fhe_head::functions::{logistic, softmax};
use nalgebra::{Cholesky, DMatrix, DVector};
use ndarray::ArrayView1;

use super::held_out::{Labels, two_digits};
use crate::calibrator::Calibrator;
use crate::cleartext::logistic_loss;

/// Bounds of the temperature: few iterations leave logits small, and none leaves them this much too large.
const TEMPERATURES: [f64; 2] = [0.02, 4.0];
/// Standard deviations of the logarithm of the temperature and of the shifts, as their prior has it. It takes them back where few samples
/// tell little: where a plane separates all of them, nothing else keeps the head from being far too certain.
const LOG_TEMPERATURE: f64 = 1.0;
const SHIFT: f64 = 2.0;
const MOST_STEPS: usize = 12;
/// A step that promises less than this ends the search: log loss hardly changes any more.
const LEAST_GAIN: f64 = 1e-6;

impl Labels {
    /// The calibrator of most posterior likelihood for the logits of all samples, a sample's outputs side by side, to two digits. Numbers
    /// have none. The steps are Newton's with the expected curvature (Fisher scoring), from `start` on: that of the iteration before, say.
    pub(super) fn calibrator(&self, link: Link, logits: &[f64], start: &Calibrator) -> Calibrator {
        if link == Link::Identity {
            return Calibrator::default();
        }
        let fit = Fit { labels: self, link, logits };
        let shifts = DVector::from_fn(self.outputs, |k, _| start.shifts.get(k).copied().unwrap_or(0.0));
        let mut point = Point { scale: start.temperature.recip(), shifts };
        let mut here = fit.around(&point);
        for _ in 0..MOST_STEPS {
            let Some((step, gain)) = here.step(&point) else { break };
            if gain < LEAST_GAIN {
                break;
            }
            let mut length = 1.0;
            let better = loop {
                let next = point.after(&step, length);
                let there = fit.around(&next);
                if there.loss <= here.loss - 1e-4 * length * gain {
                    break Some((next, there));
                }
                length /= 2.0;
                if length < 1e-3 {
                    break None;
                }
            };
            let Some(better) = better else { break };
            (point, here) = better;
        }
        Calibrator {
            temperature: two_digits(point.scale.recip()),
            shifts: point.shifts.iter().map(|shift| two_digits(*shift)).collect(),
        }
    }
}

struct Fit<'a> {
    labels: &'a Labels,
    link: Link,
    logits: &'a [f64],
}

/// The inverse of the temperature, in which the loss of most links is convex, and the shifts.
struct Point {
    scale: f64,
    shifts: DVector<f64>,
}

impl Point {
    fn after(&self, step: &DVector<f64>, length: f64) -> Self {
        let [low, high] = TEMPERATURES;
        let scale = (self.scale - length * step[0]).clamp(high.recip(), low.recip());
        Self { scale, shifts: &self.shifts - step.rows(1, self.shifts.len()) * length }
    }
}

/// The loss about a point, to second order.
struct Around {
    loss: f64,
    gradient: DVector<f64>,
    curvature: DMatrix<f64>,
}

impl Around {
    /// What to subtract, and twice what it would gain.
    fn step(&self, point: &Point) -> Option<(DVector<f64>, f64)> {
        let (mut gradient, mut curvature) = (self.gradient.clone(), self.curvature.clone());
        let [low, high] = TEMPERATURES;
        let held = (point.scale >= low.recip() && gradient[0] < 0.0)
            || (point.scale <= high.recip() && gradient[0] > 0.0);
        if held {
            gradient[0] = 0.0;
            curvature.row_mut(0).fill(0.0);
            curvature.column_mut(0).fill(0.0);
            curvature[(0, 0)] = 1.0;
        }
        let step = Cholesky::new(curvature)?.solve(&gradient);
        let gain = step.dot(&gradient);
        Some((step, gain))
    }
}

impl Fit<'_> {
    fn around(&self, point: &Point) -> Around {
        let Labels { y, share, outputs } = self.labels;
        let outputs = *outputs;
        let (mut of_scale, mut mixed, mut of_shifts) = (0.0, vec![0.0; outputs], Curvature::new(outputs));
        let mut gradient = DVector::zeros(1 + outputs);
        let (mut z, mut along, mut one) = (vec![0.0; outputs], vec![0.0; outputs], Curvature::new(outputs));
        let mut loss = 0.0;
        for ((raw, labels), &share) in self.logits.chunks(outputs).zip(y.rows()).zip(share) {
            for ((z, raw), shift) in z.iter_mut().zip(raw).zip(point.shifts.iter()) {
                *z = point.scale * raw + shift;
            }
            loss += share * to_slopes(self.link, &mut z, &labels, &mut one);
            one.times(raw, &mut along);
            of_shifts.add(share, &one);
            for (j, ((slope, raw), along)) in z.iter().zip(raw).zip(&along).enumerate() {
                gradient[0] += share * slope * raw;
                gradient[1 + j] += share * slope;
                of_scale += share * along * raw;
                mixed[j] += share * along;
            }
        }
        let prior = |deviation: f64| 1.0 / (deviation * deviation * share.len() as f64);
        let (scale_prior, shift_prior) = (prior(LOG_TEMPERATURE), prior(SHIFT));
        let log = point.scale.ln();
        loss += scale_prior / 2.0 * log * log + shift_prior / 2.0 * point.shifts.norm_squared();
        gradient[0] += scale_prior * log / point.scale;
        for (k, shift) in point.shifts.iter().enumerate() {
            gradient[1 + k] += shift_prior * shift;
        }
        let curvature = DMatrix::from_fn(1 + outputs, 1 + outputs, |j, k| match (j, k) {
            (0, 0) => of_scale + scale_prior / (point.scale * point.scale),
            (0, k) | (k, 0) => mixed[k - 1],
            (j, k) => of_shifts.at(j - 1, k - 1) + if j == k { shift_prior } else { 0.0 },
        });
        Around { loss, gradient, curvature }
    }
}

/// A symmetric matrix over the logits of a sample: the lower half, row after row.
struct Curvature {
    outputs: usize,
    half: Vec<f64>,
}

impl Curvature {
    fn new(outputs: usize) -> Self {
        Self { outputs, half: vec![0.0; outputs * (outputs + 1) / 2] }
    }

    fn at(&self, j: usize, k: usize) -> f64 {
        let (low, high) = if j < k { (j, k) } else { (k, j) };
        self.half[high * (high + 1) / 2 + low]
    }

    /// Row by row, up to the diagonal.
    fn fill(&mut self, entry: impl Fn(usize, usize) -> f64) {
        let mut entries = self.half.iter_mut();
        for j in 0..self.outputs {
            for (k, to) in entries.by_ref().take(j + 1).enumerate() {
                *to = entry(j, k);
            }
        }
    }

    /// What probabilities of classes with sum 1 have, whose logits move them by these factors.
    fn fill_of_classes(&mut self, p: &[f64], moves: impl Fn(f64) -> f64) {
        let mut rest = &mut self.half[..];
        for (j, &of_j) in p.iter().enumerate() {
            let moved = moves(of_j);
            let (row, after) = rest.split_at_mut(j + 1);
            for (to, &of_k) in row.iter_mut().zip(p) {
                *to = -moved * of_j * moves(of_k) * of_k;
            }
            row[j] += moved * moved * of_j;
            rest = after;
        }
    }

    fn add(&mut self, share: f64, other: &Self) {
        self.half.iter_mut().zip(&other.half).for_each(|(sum, entry)| *sum += share * entry);
    }

    fn times(&self, vector: &[f64], product: &mut [f64]) {
        let mut rest = &self.half[..];
        for j in 0..self.outputs {
            let (row, after) = rest.split_at(j + 1);
            let (mut sum, of_j) = (row[j] * vector[j], vector[j]);
            for ((entry, of_k), product) in row[..j].iter().zip(vector).zip(&mut *product) {
                sum += entry * of_k;
                *product += entry * of_j;
            }
            product[j] = sum;
            rest = after;
        }
    }
}

/// The log loss of a sample's logits; in their place come its slopes, in `curvature` what its second derivatives are expected to be.
fn to_slopes(link: Link, z: &mut [f64], labels: &ArrayView1<'_, f64>, curvature: &mut Curvature) -> f64 {
    match (link, &mut *z) {
        (Link::MultiLabel, z) => of_labels(z, labels, curvature),
        (Link::Logistic, z) if z.len() == 1 => of_labels(z, labels, curvature),
        (Link::Cumulative, z) => of_steps(z, labels[0] as usize, curvature),
        (link, z) => of_classes(link, z, labels[0] as usize, curvature),
    }
}

/// The mean over labels.
fn of_labels(z: &mut [f64], labels: &ArrayView1<'_, f64>, curvature: &mut Curvature) -> f64 {
    let share = (z.len() as f64).recip();
    let losses = z.iter().zip(labels).map(|(z, label)| logistic_loss(if *label == 1.0 { *z } else { -z }));
    let loss: f64 = losses.sum();
    z.iter_mut().for_each(|z| *z = logistic(*z));
    curvature.fill(|j, k| if j == k { share * z[j] * (1.0 - z[j]) } else { 0.0 });
    z.iter_mut().zip(labels).for_each(|(p, label)| *p = share * (*p - f64::from(u8::from(*label == 1.0))));
    share * loss
}

/// Of a softmax, or of one class against the rest, scaled to sum 1.
fn of_classes(link: Link, z: &mut [f64], class: usize, curvature: &mut Curvature) -> f64 {
    if link == Link::Softmax {
        softmax(z);
        curvature.fill_of_classes(z, |_| 1.0);
        let loss = -z[class].max(f64::EPSILON).ln();
        z[class] -= 1.0;
        return loss;
    }
    // a logit moves the logarithm of its class by as much before the scaling as its logistic lacks to 1
    z.iter_mut().for_each(|z| *z = logistic(*z));
    let sum: f64 = z.iter().sum();
    let scale = sum.recip();
    z.iter_mut().for_each(|p| *p *= scale);
    let moves = |p: f64| 1.0 - p * sum;
    curvature.fill_of_classes(z, moves);
    let loss = -z[class].max(f64::EPSILON).ln();
    for (k, slope) in z.iter_mut().enumerate() {
        *slope = moves(*slope) * (*slope - f64::from(u8::from(k == class)));
    }
    loss
}

/// Classes in an order: the probability of one is the difference of those of the steps on its two sides.
fn of_steps(z: &mut [f64], class: usize, curvature: &mut Curvature) -> f64 {
    let steps = z.len();
    z.iter_mut().for_each(|z| *z = logistic(*z));
    let between = |above: usize| {
        let lower = if above == 0 { 1.0 } else { z[above - 1] };
        (lower - z.get(above).copied().unwrap_or(0.0)).max(f64::EPSILON)
    };
    let p: Vec<f64> = (0..=steps).map(between).collect();
    let slope = |k: usize| z[k] * (1.0 - z[k]);
    curvature.fill(|j, k| match j - k {
        0 => slope(j) * slope(j) * (1.0 / p[j] + 1.0 / p[j + 1]),
        1 => -slope(k) * slope(j) / p[j],
        _ => 0.0,
    });
    let sides = [class.checked_sub(1), Some(class).filter(|k| *k < steps)];
    let [lower, upper] = sides.map(|k| k.map_or(0.0, slope));
    z.fill(0.0);
    for (side, value) in sides.into_iter().zip([-lower, upper]) {
        if let Some(k) = side {
            z[k] = value / p[class];
        }
    }
    -p[class].ln()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::tune::held_out::Measured;

    fn labels(y: &[f64], outputs: usize) -> Labels {
        let share = vec![1.0 / y.len() as f64; y.len()];
        Labels { y: Array2::from_shape_fn((y.len(), 1), |(i, _)| y[i]), share, outputs }
    }

    fn loss(labels: &Labels, link: Link, logits: &[f64], calibrator: &Calibrator) -> f64 {
        match labels.measure(link, logits, calibrator) {
            Measured::Classes(held_out) => held_out.log_loss,
            Measured::Numbers(errors) => panic!("{errors:?}"),
        }
    }

    /// Logits that are half of the log odds of their labels, and moved: the calibration undoes both.
    #[test]
    fn a_factor_and_a_shift_are_undone() {
        let (mut y, mut logits) = (Vec::new(), Vec::new());
        for (odds, positives) in [(0.25f64, 20), (1.0, 50), (9.0, 90)] {
            for i in 0..100 {
                y.push(f64::from(u8::from(i < positives)));
                logits.push(0.5 * odds.ln() - 0.3);
            }
        }
        let labels = labels(&y, 1);
        let found = labels.calibrator(Link::Logistic, &logits, &Calibrator::default());
        assert!((found.temperature - 0.5).abs() < 0.011, "{found:?}");
        assert!((found.shifts[0] - 0.6).abs() < 0.021, "{found:?}");
        let of = |calibrator| loss(&labels, Link::Logistic, &logits, calibrator);
        assert!(of(&found) < of(&Calibrator::default()) - 0.01);
    }

    /// The class in the middle of a row, whose logits are too low beside the others': no temperature mends that.
    #[test]
    fn a_class_that_is_always_too_low_is_lifted() {
        let place = |i: usize| (i % 90) as f64 / 30.0;
        let y: Vec<f64> = (0..900).map(|i| place(i).floor()).collect();
        let logits: Vec<f64> =
            (0..900).flat_map(|i| (0..3).map(move |k| (k as f64 - 1.0) * (place(i) - 1.5))).collect();
        let labels = labels(&y, 3);
        let found = labels.calibrator(Link::Softmax, &logits, &Calibrator::default());
        assert!(found.shifts[1] > 1.0 + found.shifts[0].max(found.shifts[2]), "{found:?}");
        let of = |calibrator| loss(&labels, Link::Softmax, &logits, calibrator);
        let tempered = Calibrator::temperature(found.temperature);
        assert!(of(&found) < 0.5 * of(&tempered), "{} {}", of(&found), of(&tempered));
    }

    /// Slopes are those of the loss, by differences.
    #[test]
    fn slopes_are_derivatives() {
        const STEP: f64 = 1e-6;
        let cases = [
            (Link::Logistic, vec![0.7], array![1.0]),
            (Link::Logistic, vec![0.7, -1.2, 0.1], array![1.0]),
            (Link::Softmax, vec![0.7, -1.2, 0.1], array![2.0]),
            (Link::MultiLabel, vec![0.7, -1.2], array![1.0, 0.0]),
            (Link::Cumulative, vec![1.7, 0.4, -0.9], array![0.0]),
            (Link::Cumulative, vec![1.7, 0.4, -0.9], array![2.0]),
            (Link::Cumulative, vec![1.7, 0.4, -0.9], array![3.0]),
        ];
        for (link, z, label) in cases {
            let mut curvature = Curvature::new(z.len());
            let mut slopes = z.clone();
            to_slopes(link, &mut slopes, &label.view(), &mut curvature);
            for k in 0..z.len() {
                let mut at = |step: f64| {
                    let mut moved = z.clone();
                    moved[k] += step;
                    to_slopes(link, &mut moved, &label.view(), &mut curvature)
                };
                let difference = (at(STEP) - at(-STEP)) / (2.0 * STEP);
                assert!((difference - slopes[k]).abs() < 1e-8, "{link:?} {label} {k}");
            }
        }
    }

    /// Whatever separates all samples has no likeliest temperature: the more samples, the lower it may be.
    #[test]
    fn certainty_needs_samples() {
        let of = |samples: usize| {
            let y: Vec<f64> = (0..samples).map(|i| (i % 2) as f64).collect();
            let logits: Vec<f64> = y.iter().map(|y| y - 0.5).collect();
            let found = labels(&y, 1).calibrator(Link::Logistic, &logits, &Calibrator::default());
            assert!(found.shifts[0].abs() < 0.1, "{found:?}");
            found.temperature
        };
        let [few, many] = [of(40), of(4000)];
        assert!(few > 0.07 && many < 0.6 * few, "{few} {many}");
    }

    /// Curvatures are the mean squares of the slopes, over the classes that the probabilities expect.
    #[test]
    fn curvatures_are_those_that_are_expected() {
        let logistics = |z: &[f64]| z.iter().map(|z| logistic(*z)).collect::<Vec<_>>();
        let ovr = logistics(&[0.7, -1.2, 0.1]);
        let steps = logistics(&[1.7, 0.4, -0.9]);
        let mut of_softmax = vec![0.7, -1.2, 0.1];
        softmax(&mut of_softmax);
        let cases = [
            (Link::Softmax, vec![0.7, -1.2, 0.1], of_softmax),
            (Link::Logistic, vec![0.7, -1.2, 0.1], ovr.iter().map(|p| p / ovr.iter().sum::<f64>()).collect()),
            (Link::Logistic, vec![0.7], vec![1.0 - ovr[0], ovr[0]]),
            (
                Link::Cumulative,
                vec![1.7, 0.4, -0.9],
                vec![1.0 - steps[0], steps[0] - steps[1], steps[1] - steps[2], steps[2]],
            ),
        ];
        for (link, z, p) in cases {
            let mut curvature = Curvature::new(z.len());
            let mut expected = Array2::<f64>::zeros((z.len(), z.len()));
            for (class, p) in p.iter().enumerate() {
                let mut slopes = z.clone();
                to_slopes(link, &mut slopes, &array![class as f64].view(), &mut curvature);
                for (j, a) in slopes.iter().enumerate() {
                    for (k, b) in slopes.iter().enumerate() {
                        expected[(j, k)] += p * a * b;
                    }
                }
            }
            for ((j, k), expected) in expected.indexed_iter() {
                assert!((curvature.at(j, k) - expected).abs() < 1e-12, "{link:?} {j} {k}");
            }
        }
    }
}
