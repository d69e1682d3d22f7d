//! Measures of predictions of classes in an order: how far off they are.

use serde::{Deserialize, Serialize};

/// How far predictions of classes in an order are off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrdinalMetrics {
    /// Cohen's kappa with quadratic weights, scikit-learn's `cohen_kappa_score(weights="quadratic", labels=...)` with all classes as
    /// labels: 1 if all predictions are right, 0 if they agree with the labels as often as by chance. A prediction two steps off counts
    /// as four that are one step off. NaN if all labels and predictions are the same class.
    pub quadratic_weighted_kappa: f64,
    /// Share of samples whose predicted class is theirs or a neighbour of it.
    pub within_one_step: f64,
}

impl OrdinalMetrics {
    /// Measures counts by true class, then predicted class, both in the order of the classes.
    pub fn of_confusion(confusion: &[Vec<usize>]) -> Self {
        let classes = confusion.len();
        let labelled: Vec<f64> = confusion.iter().map(|row| row.iter().sum::<usize>() as f64).collect();
        let predicted: Vec<f64> = (0..classes)
            .map(|class| confusion.iter().filter_map(|row| row.get(class)).sum::<usize>() as f64)
            .collect();
        let n: f64 = labelled.iter().sum();
        let (mut found, mut by_chance, mut near) = (0.0, 0.0, 0.0);
        for (label, row) in confusion.iter().enumerate() {
            for (called, &count) in row.iter().enumerate() {
                let steps = label.abs_diff(called) as f64;
                found += steps * steps * count as f64;
                by_chance += steps * steps * labelled[label] * predicted[called] / n;
                near += if steps <= 1.0 { count as f64 } else { 0.0 };
            }
        }
        Self { quadratic_weighted_kappa: 1.0 - found / by_chance, within_one_step: near / n }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kappa_weighs_the_square_of_the_distance() {
        // found: 1 + 4 = 5; by chance, from the sums (3, 3, 4) and (3, 4, 3): (3*4 + 3*3 + 3*3 + 4*4 + 4*(3*3 + 4*3)) / 10 = 13
        let m = OrdinalMetrics::of_confusion(&[vec![2, 1, 0], vec![0, 3, 0], vec![1, 0, 3]]);
        assert!((m.quadratic_weighted_kappa - (1.0 - 5.0 / 13.0)).abs() < 1e-12, "{m:?}");
        assert_eq!(m.within_one_step, 0.9);
        let right = OrdinalMetrics::of_confusion(&[vec![4, 0], vec![0, 2]]);
        assert_eq!((right.quadratic_weighted_kappa, right.within_one_step), (1.0, 1.0));
        let same_class = OrdinalMetrics::of_confusion(&[vec![4, 0], vec![0, 0]]);
        assert!(same_class.quadratic_weighted_kappa.is_nan());
    }
}
