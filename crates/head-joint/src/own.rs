//! What a party checks of its own samples before it encrypts them.

use fhe_head::functions::logistic;
use fhe_head::packing::Sizes;
use fhe_head::{BuiltIn, Functions, Head as _, Job, Packing, Part, Plan, Samples, twins};
use head_fit::Data;
use ndarray::{Array1, Array2, s};

use crate::bound::{error_bound, quota};
use crate::error::{Error, Result};
use crate::terms::Terms;

/// Polynomials stand for functions at scores up to 1 in their unit. So many of a party's samples may be expected beyond,
const SHARE_BEYOND: f64 = 0.02;
/// and none beyond this, where a polynomial has the wrong sign.
const LARGEST_SCORE: f64 = 2.0;
/// Mean error of the polynomial for the logistic function at a party's scores: at most this of a label. A single score far outside the interval
/// can outweigh all others.
const MEAN_ERROR: f64 = 0.25;

/// Weights after each iteration.
type Course = Vec<Vec<Array1<f64>>>;

impl Terms {
    /// A party's samples in the space that is encrypted, if the terms hold for them.
    ///
    /// # Errors
    /// [`Error::Data`] if there are more than the party's blocks hold, if their scores are expected to leave the intervals of the terms, or if
    /// their part of the error is expected to exceed their part of the bound: the party refuses, rather than spoil everybody's head.
    pub fn samples(&self, party: usize, data: &Data<'_>) -> Result<Samples> {
        let most = self.most_samples(party)?;
        if data.len() > most {
            return Err(Error::Data(format!("{} samples, of at most {most}", data.len())));
        }
        let samples = self.mapped(data)?;
        let own = self.own_plan(party)?;
        let course = self.expected_with(party, &own, &samples)?;
        self.expect_scores(&own, &samples, &course)?;
        let part = self.part_of(party, own)?;
        let failed = |error| Error::Data(format!("a training on them is expected to fail: {error}"));
        let used = self.error_share(self.part(party)?, &part, &samples, &course).map_err(failed)?;
        if used > 1.0 {
            return Err(Error::Data(format!(
                "their part of the error is expected to be {used:.2} times as large as the terms hide"
            )));
        }
        Ok(samples)
    }

    /// The course of a joint training, as far as a party can tell: heads that are to the party's share its own, and for the rest those of
    /// the public samples.
    fn expected_with(&self, party: usize, own: &Plan, samples: &Samples) -> Result<Course> {
        let share = self.share(party)?;
        let iterates = twins::trajectory(own, samples, None, Functions::Exact)?;
        let mixed = |(own, others): (&Vec<Array1<f64>>, &Vec<Array1<f64>>)| {
            own.iter().zip(others).map(|(own, others)| own * share + others * (1.0 - share)).collect()
        };
        Ok(iterates.iter().zip(&self.agreed().expected).map(mixed).collect())
    }

    /// Refuses samples whose scores are expected to leave the intervals of the terms.
    fn expect_scores(&self, own: &Plan, samples: &Samples, course: &Course) -> Result<()> {
        let x = samples.features();
        let x = x.slice(s![.., ..x.ncols() - 1]);
        let unit = own.job.head().score_unit().value();
        // no iteration computes scores under the last weights
        for (iteration, weights) in (1..).zip(course.iter().take(course.len().saturating_sub(1))) {
            let far = |what: String| {
                let why = "features are far from those of the public samples";
                Error::Data(format!("after {iteration} iterations {what}: {why}"))
            };
            let scores = twins::score(&own.job, weights, &x, Functions::Exact)
                .map_err(|error| far(error.to_string()))?;
            let larger = |max: f64, x: &f64| if x.is_nan() { f64::INFINITY } else { max.max(x.abs()) };
            let largest = scores.iter().fold(0.0, larger) / unit;
            let beyond =
                scores.iter().filter(|score| score.abs() > unit).count() as f64 / scores.len() as f64;
            if largest > LARGEST_SCORE || beyond > SHARE_BEYOND {
                return Err(far(format!(
                    "{:.1} % of the scores lie outside the interval of the terms, and the largest is {largest:.2} times as wide",
                    100.0 * beyond
                )));
            }
            let error = polynomial_error(own.job.head(), &scores);
            if error > MEAN_ERROR {
                return Err(far(format!(
                    "the polynomial for the logistic function is wrong by {error:.2} of a label in the mean, and the largest score is \
                     {largest:.2} times as wide as the interval"
                )));
            }
        }
        Ok(())
    }

    /// What the error of the party's blocks uses of its part of the bound ([`quota`]): at most 1 if the terms hold for them. It is that around
    /// the heads that are expected: a training on these samples alone goes elsewhere where they are mostly of one class.
    fn error_share(
        &self,
        party: Part,
        part: &Plan,
        samples: &Samples,
        course: &Course,
    ) -> Result<f64, fhe_head::Error> {
        let variance = twins::variance_along(part, self.scheme(), samples, course)?;
        let most = quota(self.plan(), party) * self.agreed().decryption.error_bound;
        Ok(error_bound(self.plan(), self.scheme(), variance) / most)
    }

    /// The plan of a party's own training, with the rates that its blocks have in the whole: their gradients are then the party's part of
    /// everybody's.
    fn part_of(&self, party: usize, own: Plan) -> Result<Plan> {
        let mut spec = own.job.spec().clone();
        let share = self.share(party)?;
        spec.learning_rates.iter_mut().for_each(|rate| *rate *= share);
        Ok(Plan { job: Job::new(spec)?, ..own })
    }

    /// The share of all weight that a party's samples have.
    fn share(&self, party: usize) -> Result<f64> {
        Ok(self.part(party)?.weight / self.plan().job.packing().capacity() as f64)
    }

    /// The plan of the same training on one party's part alone.
    fn own_plan(&self, party: usize) -> Result<Plan> {
        let mut spec = self.plan().job.spec().clone();
        let blocks = self.part(party)?.count;
        spec.packing = Packing::new(Sizes { blocks, ..spec.packing.sizes() })?;
        Ok(Plan { job: Job::new(spec)?, ..self.plan().clone() })
    }
}

/// Mean error of the polynomial that stands for the logistic function at these scores; 0 for heads with other functions.
fn polynomial_error(head: &BuiltIn, scores: &Array2<f64>) -> f64 {
    let BuiltIn::Logistic(head) = head else { return 0.0 };
    let of = |score: f64| {
        let polynomial = head.sigmoid.centred(score / head.sigmoid.half_width());
        (polynomial - (logistic(score) - 0.5)).abs()
    };
    scores.iter().map(|&score| of(score)).sum::<f64>() / scores.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fhe_head::{Degree, Fit, Logistic, Sigmoid};

    use super::*;

    /// One score in a hundred far outside the interval, where a polynomial of degree 7 is far from everything.
    #[test]
    fn a_single_score_far_outside_counts() {
        let sigmoid = Sigmoid::new(Degree::Seven, 8.0, Fit::LeastSquares).unwrap();
        let head = BuiltIn::Logistic(Logistic::binary(sigmoid));
        let mut scores = Array2::from_shape_fn((100, 1), |(i, _)| (i as f64 - 50.0) / 8.0);
        assert!(polynomial_error(&head, &scores) < 0.05);
        scores[(7, 0)] = 8.0 * 1.9;
        assert!(polynomial_error(&head, &scores) > MEAN_ERROR);
    }
}
