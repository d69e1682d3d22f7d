//! ROC and precision-recall curves that show no single record.
//!
//! A full curve has a step for each record: with the sizes of the classes one reads off the label of the record at each rank. Here
//! neighbouring points lie at least [`FEWEST_RECORDS`] records apart, equal scores together, and there are at most [`MOST_POINTS`] of
//! them between the ends. Points carry no thresholds.

use fhe_head::Result;
use serde::{Deserialize, Serialize};

use super::{FEWEST_RECORDS, descending, expect_pairs};

/// Most points of a curve between its ends.
const MOST_POINTS: usize = 50;

/// Points of both curves. Empty when a class is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// False positive rate and sensitivity, from (0, 0) to (1, 1).
    pub roc: Vec<(f64, f64)>,
    /// Recall and precision, by increasing recall.
    pub precision_recall: Vec<(f64, f64)>,
    /// Share of positives: the precision of chance.
    pub prevalence: f64,
}

impl Curves {
    /// The curves of scores against `labels` (0 or 1, one each).
    ///
    /// # Errors
    /// [`fhe_head::Error::Shape`] if there are not as many scores as labels; [`fhe_head::Error::Data`] on one that is not finite.
    pub fn new(labels: &[f64], scores: &[f64]) -> Result<Self> {
        expect_pairs(labels, scores)?;
        let n = labels.len();
        let positives = labels.iter().filter(|&&y| y > 0.5).count();
        let negatives = n - positives;
        if positives == 0 || negatives == 0 {
            return Ok(Self::default());
        }
        let apart = FEWEST_RECORDS.max(n.div_ceil(MOST_POINTS + 1));
        let (mut hits, mut above, mut last) = (0, 0, 0);
        let mut curves =
            Self { roc: vec![(0.0, 0.0)], prevalence: positives as f64 / n as f64, ..Self::default() };
        for ties in descending(scores).chunk_by(|&a, &b| scores[a] == scores[b]) {
            hits += ties.iter().filter(|&&i| labels[i] > 0.5).count();
            above += ties.len();
            let inside = above - last >= apart && n - above >= apart;
            if !inside && above != n {
                continue;
            }
            last = above;
            let recall = hits as f64 / positives as f64;
            curves.roc.push(((above - hits) as f64 / negatives as f64, recall));
            curves.precision_recall.push((recall, hits as f64 / above as f64));
        }
        Ok(curves)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn data(n: usize) -> (Vec<f64>, Vec<f64>) {
        let score = |i: usize| (i * 7919 % n) as f64 / n as f64;
        let label = |i: usize| f64::from(u8::from((i * 31 % 10) as f64 / 10.0 < score(i)));
        ((0..n).map(label).collect(), (0..n).map(score).collect())
    }

    #[test]
    fn neighbours_are_ten_records_apart_and_few() {
        for n in [12, 25, 99, 1000, 10_007] {
            let (y, p) = data(n);
            let curves = Curves::new(&y, &p).unwrap();
            let positives = y.iter().sum::<f64>();
            let records = |(false_rate, rate): (f64, f64)| {
                (rate * positives + false_rate * (n as f64 - positives)).round()
            };
            let steps: Vec<f64> =
                curves.roc.windows(2).map(|pair| records(pair[1]) - records(pair[0])).collect();
            assert!(steps.iter().all(|&step| step >= FEWEST_RECORDS as f64), "{n}: {steps:?}");
            assert!(curves.roc.len() <= MOST_POINTS + 2, "{n}: {}", curves.roc.len());
            assert_eq!(curves.roc.last(), Some(&(1.0, 1.0)));
            assert_eq!(curves.precision_recall.last(), Some(&(1.0, curves.prevalence)));
        }
    }

    #[test]
    fn points_lie_on_the_full_curve() {
        let (y, p) = data(100);
        let curves = Curves::new(&y, &p).unwrap();
        // the first point stands for the ten highest scores, which are all positive
        let positives = y.iter().sum::<f64>();
        assert_eq!(curves.roc[1], (0.0, 10.0 / positives));
        assert_eq!(curves.precision_recall[0], (10.0 / positives, 1.0));
    }

    #[test]
    fn equal_scores_make_one_step() {
        let y: Vec<f64> = (0..60).map(|i| f64::from(i % 2)).collect();
        assert_eq!(Curves::new(&y, &[0.5; 60]).unwrap().roc, [(0.0, 0.0), (1.0, 1.0)]);
        assert!(Curves::new(&[1.0; 30], &[0.5; 30]).unwrap().roc.is_empty());
    }
}
