//! Measures on held-out samples: log loss and accuracy of logits, at the temperature at which they fit best.

use crate::baseline::HeldOut;
use crate::cleartext::Link;

/// Held-out samples of all folds.
pub(super) struct Labels {
    pub(super) y: Vec<usize>,
    /// Weights with sum 1.
    pub(super) share: Vec<f64>,
    pub(super) outputs: usize,
}

impl Labels {
    /// Measures of logits, a sample's outputs side by side, divided by `temperature`.
    pub(super) fn measure(&self, link: Link<'static>, logits: &[f64], temperature: f64) -> HeldOut {
        let mut p = vec![0.0; self.outputs];
        let (mut log_loss, mut accuracy) = (0.0, 0.0);
        for ((z, &class), share) in logits.chunks(self.outputs).zip(&self.y).zip(&self.share) {
            let right = if let [z] = z {
                let scaled = z / temperature;
                let margin = if class == 1 { scaled } else { -scaled };
                log_loss += share * ((-margin.abs()).exp().ln_1p() + (-margin).max(0.0));
                margin > 0.0 || (margin == 0.0 && class == 0)
            } else {
                probabilities(link, z, temperature, &mut p);
                log_loss -= share * p[class].max(f64::EPSILON).ln();
                (0..z.len()).all(|k| z[k] < z[class] || (z[k] == z[class] && k >= class))
            };
            accuracy += if right { *share } else { 0.0 };
        }
        if log_loss.is_nan() {
            log_loss = f64::INFINITY;
        }
        HeldOut { log_loss, accuracy }
    }

    /// Probabilities of all samples: of class 1, or of all classes side by side where there are several outputs.
    pub(super) fn probabilities(&self, link: Link<'static>, logits: &[f64], temperature: f64) -> Vec<f64> {
        let mut all = vec![0.0; logits.len()];
        for (z, p) in logits.chunks(self.outputs).zip(all.chunks_mut(self.outputs)) {
            probabilities(link, z, temperature, p);
        }
        all
    }

    /// The temperature of least log loss (Guo et al. 2017: a single number that divides all logits), to two digits. Log loss is convex
    /// in its inverse.
    pub(super) fn temperature(&self, link: Link<'static>, logits: &[f64]) -> f64 {
        const GOLDEN: f64 = 0.618_033_988_749_894_8;
        // to a few percent, within which log loss hardly changes
        const STEPS: usize = 9;
        let loss = |log: f64| self.measure(link, logits, log.exp()).log_loss;
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

fn probabilities(link: Link<'static>, z: &[f64], temperature: f64, p: &mut [f64]) {
    for (p, z) in p.iter_mut().zip(z) {
        *p = z / temperature;
    }
    link.apply(p);
    if p.len() > 1 {
        let sum: f64 = p.iter().sum();
        p.iter_mut().for_each(|p| *p /= sum);
    }
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
                y.push(usize::from(i < positives));
                logits.push(0.5 * odds.ln());
            }
        }
        let share = vec![1.0 / y.len() as f64; y.len()];
        let labels = Labels { y, share, outputs: 1 };
        let temperature = labels.temperature(Link::Logistic(None), &logits);
        assert!((temperature - 0.5).abs() < 0.011, "{temperature}");
        let [before, after] = [1.0, temperature].map(|t| labels.measure(Link::Logistic(None), &logits, t));
        assert!(after.log_loss < before.log_loss);
        assert_eq!(after.accuracy, before.accuracy);
    }
}
