//! Low-degree approximations of the softmax, symmetric in the classes.
//!
//! Each probability of a softmax of `K` logits, centred so that their sum is zero, is a function of its own logit and of symmetric
//! functions of all. With `t = z / B` and `P = sum_j t_j^2`, both forms below use the class's own logit and the spread `P` of all:
//!
//! - two levels: `p_k = 1/K + t_k (c_0 + c_1 P) + d_0 (t_k^2 - P/K)`;
//! - three levels: `p_k = 1/K + t_k (c_0 + c_1 P + c_2 P^2) + (t_k^2 - P/K) (d_0 + d_1 P)`;
//! - in a row: `p_k = 1/K + t_k (c_0 + c_1 P + e Q) + (t_k^2 - P/K) (d_0 + d_1 P)` with `Q = sum_j t_j^3`, in three levels too.
//!
//! They sum to 1 for every input, so logits stay centred during training. `P` takes the role of the normaliser in
//! exponential-and-inverse constructions (HETAL, ICML 2023: more than ten levels): it measures how decided a sample is.
//! Over logits with one clear class at `B = 9`, `K = 7` the form of two levels is off by 0.05 (root mean square), that of three by
//! 0.033, the best polynomial of degree 7 in the class's own logit alone by 0.058. Both are far off where two classes are ahead of the others:
//! `P` does not tell these logits from those of one class that stands out, `Q` does.

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

/// The form of an approximation, and the logits that it is fitted to. Files call it the depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SoftmaxForm {
    /// Two levels, degree 3, for logits of which one stands out.
    Two,
    /// Three levels, degree 5, for logits of which one stands out.
    Three,
    /// Three levels, degree 4. Half of the logits that it is fitted to are those of classes in a row, where neighbours of the likeliest class
    /// are likely too; of the other half one stands out.
    InARow,
}

impl SoftmaxForm {
    /// All of them, the lowest first.
    pub const ALL: [Self; 3] = [Self::Two, Self::Three, Self::InARow];

    /// Levels from the logits to the residuals.
    pub fn levels(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Three | Self::InARow => 3,
        }
    }

    /// Degree of the polynomial in all logits together.
    pub fn degree(self) -> usize {
        match self {
            Self::Two => 3,
            Self::Three => 5,
            Self::InARow => 4,
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
    /// Factor of `t_k Q`.
    pub(crate) skew: f64,
    /// Factors of `t_k^2 - P/K`, `(t_k^2 - P/K) P`.
    pub(crate) square: [f64; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct SoftmaxSpec {
    classes: usize,
    #[serde(rename = "depth")]
    form: SoftmaxForm,
    half_width: f64,
}

/// Samples of the fit.
const SAMPLES: usize = 4000;
/// Logits of the fit. Beyond 262 classes it has fewer samples, so that its memory does not grow with a number from a file.
const MOST_VALUES: usize = 1 << 20;
/// Standard deviation of the logits beside the strength of the outstanding one.
const NOISE: f64 = 0.15;
/// Places in a row of classes are from half a class before the first to half a class behind the last.
const FIRST_PLACE: f64 = -0.5;

impl Softmax {
    /// Fits this form to logits in `[-half_width, half_width]`.
    ///
    /// The fit is by least squares over random logits, in which one class stands out by between 0 and `B` and the others scatter, or which
    /// fall off with the square of a class's distance from a place in a row ([`SoftmaxForm`] says which). The randomness is fixed.
    ///
    /// # Errors
    /// [`Error::Parameter`] below three classes, above [`ranges::MOST_OUTPUTS`], or for a half-width outside [0.5, 100].
    pub fn new(classes: usize, form: SoftmaxForm, half_width: f64) -> Result<Self> {
        if classes < 3 {
            return Err(Error::Parameter {
                name: "classes",
                got: classes.to_string(),
                expected: "three or more for a softmax; two classes are a binary logistic head".into(),
            });
        }
        ranges::outputs("classes", classes, 3)?;
        ranges::half_width("softmax_interval", Some(half_width))?;
        let spec = SoftmaxSpec { classes, form, half_width };
        let draws = SAMPLES.min(MOST_VALUES / classes);
        let mut samples = Vec::with_capacity(draws * classes);
        let mut rng = ChaCha20Rng::seed_from_u64(0);
        for draw in 0..draws {
            let logits = match form {
                SoftmaxForm::InARow if draw % 2 == 1 => logits_in_a_row(classes, half_width, &mut rng),
                _ => typical_logits(classes, half_width, &mut rng),
            };
            let mut p = logits.clone();
            softmax(&mut p);
            let t: Vec<f64> = logits.iter().map(|z| z / half_width).collect();
            let Sums { power, skew } = Sums::of(&t);
            samples.extend(t.iter().zip(&p).map(|(t, p)| {
                let square = t * t - power / classes as f64;
                let terms = [*t, t * power, t * power * power, t * skew, square, square * power];
                (terms, p - 1.0 / classes as f64)
            }));
        }
        let fitted = |terms: [usize; 5]| least_squares(&chosen(&samples, terms));
        let (own, skew, square) = match form {
            SoftmaxForm::Two => {
                let [c0, c1, d0] = least_squares(&chosen(&samples, [0, 1, 4]));
                ([c0, c1, 0.0], 0.0, [d0, 0.0])
            }
            SoftmaxForm::Three => {
                let [c0, c1, c2, d0, d1] = fitted([0, 1, 2, 4, 5]);
                ([c0, c1, c2], 0.0, [d0, d1])
            }
            SoftmaxForm::InARow => {
                let [c0, c1, skew, d0, d1] = fitted([0, 1, 3, 4, 5]);
                ([c0, c1, 0.0], skew, [d0, d1])
            }
        };
        Ok(Self { spec, own, skew, square })
    }

    /// `K`.
    pub fn classes(&self) -> usize {
        self.spec.classes
    }

    /// Its form.
    pub fn form(&self) -> SoftmaxForm {
        self.spec.form
    }

    /// `B`: logits are within `[-B, B]`.
    pub fn half_width(&self) -> f64 {
        self.spec.half_width
    }

    /// The approximate probabilities of logits, in place.
    pub fn apply(&self, logits: &mut [f64]) {
        let classes = self.spec.classes as f64;
        logits.iter_mut().for_each(|z| *z /= self.spec.half_width);
        let Sums { power, skew } = Sums::of(logits);
        let [c0, c1, c2] = self.own;
        let [d0, d1] = self.square;
        let own = c0 + power * (c1 + power * c2) + self.skew * skew;
        let square = d0 + power * d1;
        for t in logits {
            *t = 1.0 / classes + *t * own + (*t * *t - power / classes) * square;
        }
    }
}

/// Sums over all classes.
struct Sums {
    /// `P`, of squares.
    power: f64,
    /// `Q`, of cubes.
    skew: f64,
}

impl Sums {
    fn of(t: &[f64]) -> Self {
        let (power, skew) = t.iter().fold((0.0, 0.0), |(p, q), t| (p + t * t, q + t * t * t));
        Self { power, skew }
    }
}

/// The samples with these of their terms.
fn chosen<const ALL: usize, const F: usize>(
    samples: &[([f64; ALL], f64)],
    terms: [usize; F],
) -> Vec<([f64; F], f64)> {
    samples.iter().map(|(all, p)| (terms.map(|term| all[term]), *p)).collect()
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

/// Centred logits of classes in a row, `-c (s - k)^2`, for a place `s` in the row. `c` is between 0 and what keeps the logits of every place
/// inside.
fn logits_in_a_row(classes: usize, half_width: f64, rng: &mut ChaCha20Rng) -> Vec<f64> {
    let mut uniform = || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let at = |place: f64| {
        let mut logits: Vec<f64> = (0..classes).map(|k| -(place - k as f64).powi(2)).collect();
        let mean = logits.iter().sum::<f64>() / classes as f64;
        logits.iter_mut().for_each(|z| *z -= mean);
        logits
    };
    // the first place reaches furthest
    let furthest = at(FIRST_PLACE).iter().fold(0.0, |max: f64, z| max.max(z.abs()));
    let strength = uniform() * half_width / furthest;
    let mut logits = at(FIRST_PLACE + classes as f64 * uniform());
    logits.iter_mut().for_each(|z| *z *= strength);
    logits
}

impl TryFrom<SoftmaxSpec> for Softmax {
    type Error = Error;

    fn try_from(spec: SoftmaxSpec) -> Result<Self> {
        Self::new(spec.classes, spec.form, spec.half_width)
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

    type Draw = fn(usize, f64, &mut ChaCha20Rng) -> Vec<f64>;

    fn rms_error(draw: Draw, classes: usize, form: SoftmaxForm, half_width: f64) -> f64 {
        let approximation = Softmax::new(classes, form, half_width).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mut sum = 0.0;
        for _ in 0..2000 {
            let mut exact = draw(classes, half_width, &mut rng);
            assert!(exact.iter().all(|z| z.abs() <= half_width * (1.0 + 1e-12)));
            let mut ours = exact.clone();
            softmax(&mut exact);
            approximation.apply(&mut ours);
            assert!((ours.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            sum += exact.iter().zip(&ours).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / classes as f64;
        }
        (sum / 2000.0).sqrt()
    }

    #[test]
    fn errors_where_one_class_stands_out_are_those_that_the_documentation_states_and_fall_with_depth() {
        for classes in [3, 7, 12] {
            for half_width in [6.0, 9.0, 12.0] {
                let [two, three] = [SoftmaxForm::Two, SoftmaxForm::Three]
                    .map(|form| rms_error(typical_logits, classes, form, half_width));
                assert!(three < 0.85 * two, "{classes} {half_width}: {two} {three}");
            }
        }
        let error = |form| rms_error(typical_logits, 7, form, 9.0);
        assert!(error(SoftmaxForm::Two) < 0.055 && error(SoftmaxForm::Three) < 0.038);
    }

    /// The form for classes in a row serves both kinds of logits; the others fail on those that they are not fitted to.
    #[test]
    fn errors_on_classes_in_a_row() {
        for (classes, half_width, in_a_row, one_stands_out) in
            [(3, 6.0, 0.035, 0.065), (3, 9.0, 0.07, 0.12), (5, 9.0, 0.06, 0.075), (10, 9.0, 0.04, 0.05)]
        {
            let error = |draw, form| rms_error(draw, classes, form, half_width);
            let ours = error(logits_in_a_row, SoftmaxForm::InARow);
            let other = error(logits_in_a_row, SoftmaxForm::Three);
            assert!(ours < in_a_row && other > 2.5 * ours, "{classes} {half_width}: {ours} {other}");
            let both = error(typical_logits, SoftmaxForm::InARow);
            assert!(both < one_stands_out, "{classes} {half_width}: {both}");
        }
    }

    #[test]
    fn the_largest_logit_keeps_the_largest_probability_up_to_the_middle_of_the_interval() {
        let approximation = Softmax::new(5, SoftmaxForm::Three, 9.0).unwrap();
        for strength in [0.5, 2.0, 4.5] {
            let mut p = [strength, -0.1 * strength, -0.4 * strength, -0.3 * strength, -0.2 * strength];
            approximation.apply(&mut p);
            assert!(p[1..].iter().all(|q| p[0] > *q), "{p:?}");
        }
    }

    #[test]
    fn the_specification_alone_travels() {
        for (form, name) in SoftmaxForm::ALL.into_iter().zip(["two", "three", "in-a-row"]) {
            let softmax = Softmax::new(4, form, 8.0).unwrap();
            let text = serde_json::to_string(&softmax).unwrap();
            assert_eq!(text, format!(r#"{{"classes":4,"depth":"{name}","half_width":8.0}}"#));
            assert_eq!(serde_json::from_str::<Softmax>(&text).unwrap(), softmax);
            assert!(serde_json::from_str::<Softmax>(&text.replace('4', "2")).is_err());
        }
    }
}
