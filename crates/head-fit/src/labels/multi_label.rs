//! Splits of samples with any number of labels that keep the share of each label: iterative stratification (Sechidis, Tsoumakas and
//! Vlahavas, *On the stratification of multi-label data*, ECML PKDD 2011).

use fhe_head::{Error, Result};
use ndarray::ArrayView2;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::splits::{Split, shuffle};

/// `folds` splits whose test parts cover all samples once. `y` holds a row of zeros and ones for each sample.
pub fn multi_label_folds(y: &ArrayView2<'_, f64>, folds: usize, random_state: u64) -> Vec<Split> {
    let parts = dealt(y, &vec![1.0 / folds as f64; folds], random_state);
    (0..folds).map(|fold| Split::by(y.nrows(), |sample| parts[sample] == fold)).collect()
}

/// Splits off about `test_size n` samples, with the same share of each label.
///
/// # Errors
/// [`Error::Parameter`] if the size is not within (0, 1) or leaves a label without a sample on one side.
pub fn multi_label_split(y: &ArrayView2<'_, f64>, test_size: f64, random_state: u64) -> Result<Split> {
    let refuse =
        |expected: String| Err(Error::Parameter { name: "test_size", got: test_size.to_string(), expected });
    if !(test_size > 0.0 && test_size < 1.0) {
        return refuse("a fraction between 0 and 1".into());
    }
    let parts = dealt(y, &[1.0 - test_size, test_size], random_state);
    let split = Split::by(y.nrows(), |sample| parts[sample] == 1);
    for (label, column) in y.columns().into_iter().enumerate() {
        let has = |part: &[usize]| part.iter().any(|&i| column[i] == 1.0);
        if !(has(&split.train) && has(&split.test)) {
            let count = column.iter().filter(|&&y| y == 1.0).count();
            return refuse(format!(
                "a fraction that leaves samples of every label on both sides (label {label} has {count})"
            ));
        }
    }
    Ok(split)
}

/// The part of each sample. Parts get these shares of the samples of each label, the rarest label first.
fn dealt(y: &ArrayView2<'_, f64>, shares: &[f64], random_state: u64) -> Vec<usize> {
    let mut rng = ChaCha20Rng::seed_from_u64(random_state);
    let mut order: Vec<usize> = (0..y.nrows()).collect();
    shuffle(&mut order, &mut rng);
    let mut waiting: Vec<Vec<usize>> = (0..y.ncols())
        .map(|label| order.iter().copied().filter(|&i| y[(i, label)] == 1.0).collect())
        .collect();
    // how many samples each part still wants: of each label, and in all
    let wanted = |count: usize| shares.iter().map(|share| share * count as f64).collect::<Vec<_>>();
    let mut of_label: Vec<Vec<f64>> = waiting.iter().map(|samples| wanted(samples.len())).collect();
    let mut in_all = wanted(y.nrows());
    let mut parts: Vec<Option<usize>> = vec![None; y.nrows()];
    let mut give = |sample: usize, part: usize, of_label: &mut [Vec<f64>], in_all: &mut [f64]| {
        for (label, wanted) in of_label.iter_mut().enumerate() {
            wanted[part] -= y[(sample, label)];
        }
        in_all[part] -= 1.0;
        parts[sample] = Some(part);
    };
    loop {
        let rarest = (0..waiting.len()).filter(|&label| !waiting[label].is_empty());
        let Some(label) = rarest.min_by_key(|&label| waiting[label].len()) else { break };
        for sample in waiting[label].clone() {
            let part = hungriest(&of_label[label], &in_all);
            give(sample, part, &mut of_label, &mut in_all);
        }
        let done: Vec<bool> = y.column(label).iter().map(|&y| y == 1.0).collect();
        waiting.iter_mut().for_each(|samples| samples.retain(|&sample| !done[sample]));
    }
    let without = order.into_iter().filter(|&i| y.row(i).iter().all(|&y| y != 1.0));
    for sample in without {
        let part = hungriest(&in_all, &in_all);
        give(sample, part, &mut of_label, &mut in_all);
    }
    parts.into_iter().map(Option::unwrap_or_default).collect()
}

/// The part that wants most, and of several such the one that wants most samples in all.
fn hungriest(wanted: &[f64], in_all: &[f64]) -> usize {
    let by = |a: &usize, b: &usize| {
        wanted[*a].total_cmp(&wanted[*b]).then(in_all[*a].total_cmp(&in_all[*b])).then(b.cmp(a))
    };
    (0..wanted.len()).max_by(by).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::Array2;

    /// Labels of 10, 60 and 150 of 300 samples, which overlap.
    fn labels() -> Array2<f64> {
        let is = [|i: usize| i % 30 == 7, |i: usize| i % 5 == 2, |i: usize| i.is_multiple_of(2)];
        Array2::from_shape_fn((300, 3), |(i, k)| f64::from(u8::from(is[k](i))))
    }

    #[test]
    fn folds_share_every_label() {
        let y = labels();
        let folds = multi_label_folds(&y.view(), 5, 3);
        let mut tested: Vec<usize> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
        tested.sort_unstable();
        assert_eq!(tested, (0..300).collect::<Vec<_>>());
        for fold in &folds {
            assert_eq!(fold.train.len() + fold.test.len(), 300);
            for (label, expected) in [2.0, 12.0, 30.0].into_iter().enumerate() {
                let count: f64 = fold.test.iter().map(|&i| y[(i, label)]).sum();
                assert!((count - expected).abs() <= 1.0, "label {label}: {count}");
            }
        }
        assert_eq!(folds, multi_label_folds(&y.view(), 5, 3));
        assert_ne!(folds, multi_label_folds(&y.view(), 5, 4));
    }

    #[test]
    fn a_split_needs_samples_of_every_label_on_both_sides() {
        let mut y = labels();
        let split = multi_label_split(&y.view(), 0.2, 0).unwrap();
        let count = |label: usize| split.test.iter().map(|&i| y[(i, label)]).sum::<f64>();
        assert_eq!([0, 1, 2].map(count), [2.0, 12.0, 30.0]);
        assert!(split.test.len().abs_diff(60) <= 1, "{}", split.test.len());
        y.column_mut(0).fill(0.0);
        y[(4, 0)] = 1.0;
        let refused = multi_label_split(&y.view(), 0.2, 0).unwrap_err().to_string();
        assert!(refused.contains("label 0 has 1"), "{refused}");
        assert!(multi_label_split(&y.view(), 1.0, 0).is_err());
    }
}
