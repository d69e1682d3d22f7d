//! Low-degree approximations of the softmax, symmetric in the classes.
//!
//! Each probability of a softmax of `K` logits, centred so that their sum is zero, is a function of its own logit and of symmetric
//! functions of all. With `t = z / B` and `P = sum_j t_j^2`, both forms below use the class's own logit and the spread `P` of all:
//!
//! - depth 2: `p_k = 1/K + t_k (c_0 + c_1 P) + d_0 (t_k^2 - P/K)`;
//! - depth 3: `p_k = 1/K + t_k (c_0 + c_1 P + c_2 P^2) + (t_k^2 - P/K) (d_0 + d_1 P)`.
//!
//! They sum to 1 for every input, so logits stay centred during training. `P` takes the role of the normaliser in
//! exponential-and-inverse constructions (HETAL, ICML 2023: more than ten levels): it measures how decided a sample is.
//! Over logits with one clear class at `B = 9`, `K = 7` the depth-2 form is off by 0.05 (root mean square), the depth-3 form by
//! 0.033, the best polynomial of degree 7 in the class's own logit alone by 0.058.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::least_squares::least_squares;
use crate::error::{Error, Result};
use crate::ranges;

/// The softmax of logits, in place.
pub fn softmax(logits: &mut [f64]) {
    let largest = logits.iter().fold(f64::NEG_INFINITY, |max: f64, z| max.max(*z));
    logits.iter_mut().for_each(|z| *z = (*z - largest).exp());
    let sum: f64 = logits.iter().sum();
    logits.iter_mut().for_each(|z| *z /= sum);
}

/// The depth of an approximation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SoftmaxDepth {
    /// Two levels, degree 3.
    Two,
    /// Three levels, degree 5.
    Three,
}

impl SoftmaxDepth {
    /// Both, the lower first.
    pub const ALL: [Self; 2] = [Self::Two, Self::Three];

    /// Levels from the logits to the residuals.
    pub fn levels(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Three => 3,
        }
    }
}

/// An approximation for logits in `[-B, B]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SoftmaxSpec", into = "SoftmaxSpec")]
pub struct Softmax {
    spec: SoftmaxSpec,
    /// Factors of `t_k`, `t_k P`, `t_k P^2`.
    pub(crate) own: [f64; 3],
    /// Factors of `t_k^2 - P/K`, `(t_k^2 - P/K) P`.
    pub(crate) square: [f64; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct SoftmaxSpec {
    classes: usize,
    depth: SoftmaxDepth,
    half_width: f64,
}

/// Samples of the fit.
const SAMPLES: usize = 4000;
/// Logits of the fit. Beyond 262 classes it has fewer samples, so that its memory does not grow with a number from a file.
const MOST_VALUES: usize = 1 << 20;
/// Standard deviation of the logits beside the strength of the outstanding one.
const NOISE: f64 = 0.15;

impl Softmax {
    /// Fits the form of this depth to logits in `[-half_width, half_width]`.
    ///
    /// The fit is by least squares over random logits in which one class stands out by between 0 and `B` and the others scatter, as
    /// training produces them whatever the data. The randomness is fixed.
    ///
    /// # Errors
    /// [`Error::Parameter`] below three classes, above [`ranges::MOST_OUTPUTS`], or for a half-width outside [0.5, 100].
    pub fn new(classes: usize, depth: SoftmaxDepth, half_width: f64) -> Result<Self> {
        if classes < 3 {
            return Err(Error::Parameter {
                name: "classes",
                got: classes.to_string(),
                expected: "three or more for a softmax; two classes are a binary logistic head".into(),
            });
        }
        ranges::outputs("classes", classes, 3)?;
        ranges::half_width("softmax_interval", Some(half_width))?;
        let spec = SoftmaxSpec { classes, depth, half_width };
        let draws = SAMPLES.min(MOST_VALUES / classes);
        let mut samples = Vec::with_capacity(draws * classes);
        let mut rng = ChaCha20Rng::seed_from_u64(0);
        for _ in 0..draws {
            let logits = typical_logits(classes, half_width, &mut rng);
            let mut p = logits.clone();
            softmax(&mut p);
            let t: Vec<f64> = logits.iter().map(|z| z / half_width).collect();
            let power: f64 = t.iter().map(|t| t * t).sum();
            samples.extend(t.iter().zip(&p).map(|(t, p)| {
                let square = t * t - power / classes as f64;
                ([*t, t * power, t * power * power, square, square * power], p - 1.0 / classes as f64)
            }));
        }
        let (own, square) = match depth {
            SoftmaxDepth::Two => {
                let few: Vec<_> = samples.iter().map(|(f, p)| ([f[0], f[1], f[3]], *p)).collect();
                let [c0, c1, d0] = least_squares(&few);
                ([c0, c1, 0.0], [d0, 0.0])
            }
            SoftmaxDepth::Three => {
                let [c0, c1, c2, d0, d1] = least_squares(&samples);
                ([c0, c1, c2], [d0, d1])
            }
        };
        Ok(Self { spec, own, square })
    }

    /// `K`.
    pub fn classes(&self) -> usize {
        self.spec.classes
    }

    /// Its depth.
    pub fn depth(&self) -> SoftmaxDepth {
        self.spec.depth
    }

    /// `B`: logits are within `[-B, B]`.
    pub fn half_width(&self) -> f64 {
        self.spec.half_width
    }

    /// The approximate probabilities of logits, in place.
    pub fn apply(&self, logits: &mut [f64]) {
        let classes = self.spec.classes as f64;
        logits.iter_mut().for_each(|z| *z /= self.spec.half_width);
        let power: f64 = logits.iter().map(|t| t * t).sum();
        let [c0, c1, c2] = self.own;
        let [d0, d1] = self.square;
        let (own, square) = (c0 + power * (c1 + power * c2), d0 + power * d1);
        for t in logits {
            *t = 1.0 / classes + *t * own + (*t * *t - power / classes) * square;
        }
    }
}

/// Centred logits with one class that stands out.
fn typical_logits(classes: usize, half_width: f64, rng: &mut ChaCha20Rng) -> Vec<f64> {
    let mut uniform = || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let strength = half_width * uniform();
    let winner = strength * (0.3 + 0.7 * uniform());
    // the sum of twelve uniform numbers is close to normal
    let mut normal = || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
    let mut logits: Vec<f64> = (0..classes).map(|_| NOISE * strength * normal()).collect();
    logits[0] += winner;
    let mean = logits.iter().sum::<f64>() / classes as f64;
    logits.iter_mut().for_each(|z| *z -= mean);
    let largest = logits.iter().fold(half_width, |max: f64, z| max.max(z.abs()));
    logits.iter_mut().for_each(|z| *z *= half_width / largest);
    logits
}

impl TryFrom<SoftmaxSpec> for Softmax {
    type Error = Error;

    fn try_from(spec: SoftmaxSpec) -> Result<Self> {
        Self::new(spec.classes, spec.depth, spec.half_width)
    }
}

impl From<Softmax> for SoftmaxSpec {
    fn from(softmax: Softmax) -> Self {
        softmax.spec
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rms_error(classes: usize, depth: SoftmaxDepth, half_width: f64) -> f64 {
        let approximation = Softmax::new(classes, depth, half_width).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mut sum = 0.0;
        for _ in 0..2000 {
            let mut exact = typical_logits(classes, half_width, &mut rng);
            let mut ours = exact.clone();
            softmax(&mut exact);
            approximation.apply(&mut ours);
            assert!((ours.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            sum += exact.iter().zip(&ours).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / classes as f64;
        }
        (sum / 2000.0).sqrt()
    }

    #[test]
    fn errors_are_those_that_the_documentation_states_and_fall_with_depth() {
        for classes in [3, 7, 12] {
            for half_width in [6.0, 9.0, 12.0] {
                let [two, three] = SoftmaxDepth::ALL.map(|depth| rms_error(classes, depth, half_width));
                assert!(three < 0.85 * two, "{classes} {half_width}: {two} {three}");
            }
        }
        assert!(
            rms_error(7, SoftmaxDepth::Two, 9.0) < 0.055 && rms_error(7, SoftmaxDepth::Three, 9.0) < 0.038
        );
    }

    #[test]
    fn the_largest_logit_keeps_the_largest_probability_up_to_the_middle_of_the_interval() {
        let approximation = Softmax::new(5, SoftmaxDepth::Three, 9.0).unwrap();
        for strength in [0.5, 2.0, 4.5] {
            let mut p = [strength, -0.1 * strength, -0.4 * strength, -0.3 * strength, -0.2 * strength];
            approximation.apply(&mut p);
            assert!(p[1..].iter().all(|q| p[0] > *q), "{p:?}");
        }
    }

    #[test]
    fn the_specification_alone_travels() {
        let softmax = Softmax::new(4, SoftmaxDepth::Two, 8.0).unwrap();
        let text = serde_json::to_string(&softmax).unwrap();
        assert_eq!(serde_json::from_str::<Softmax>(&text).unwrap(), softmax);
        assert!(serde_json::from_str::<Softmax>(&text.replace("4", "2")).is_err());
    }
}
