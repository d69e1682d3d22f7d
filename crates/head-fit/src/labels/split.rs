//! A split of samples with targets of any kind.

use fhe_head::{Error, Result};
use ndarray::{Array1, ArrayView2};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::groups::{group_split, split_of_strata};
use super::multi_label::{multi_label_folds, multi_label_split};
use super::splits::{Split, shuffle, stratified_folds, stratified_split};
use super::targets::Targets;

/// Splits off about `test_size n` samples: classes and labels in proportion, groups whole if there are any. `y` are samples by columns, as
/// `targets` says.
///
/// # Errors
/// [`Error::Parameter`] if the size is not within (0, 1) or leaves a class, a label or all samples out of one part; [`Error::Data`] on
/// fewer than two groups.
pub fn split_of_targets(
    targets: Targets,
    y: &ArrayView2<'_, f64>,
    groups: Option<&[usize]>,
    test_size: f64,
    random_state: u64,
) -> Result<Split> {
    match (targets, groups) {
        (Targets::Classes(_), None) => stratified_split(&y.column(0).to_owned(), test_size, random_state),
        (Targets::Classes(_), Some(groups)) => {
            group_split(&y.column(0).to_owned(), groups, test_size, random_state)
        }
        (Targets::Labels(_), None) => multi_label_split(y, test_size, random_state),
        (Targets::Labels(_), Some(groups)) => {
            expect_share(test_size)?;
            split_of_strata(y, groups, test_size, random_state)
        }
        (Targets::Numbers(_), None) => plain_split(y.nrows(), test_size, random_state),
        // all samples are of one stratum
        (Targets::Numbers(_), Some(groups)) => {
            group_split(&Array1::zeros(y.nrows()), groups, test_size, random_state)
        }
    }
}

/// `folds` splits whose test parts cover all samples once, classes and labels in proportion.
pub fn folds_of_targets(
    targets: Targets,
    y: &ArrayView2<'_, f64>,
    folds: usize,
    random_state: u64,
) -> Vec<Split> {
    match targets {
        Targets::Classes(_) => stratified_folds(&y.column(0).to_owned(), folds, random_state),
        Targets::Labels(_) => multi_label_folds(y, folds, random_state),
        Targets::Numbers(_) => stratified_folds(&Array1::zeros(y.nrows()), folds, random_state),
    }
}

/// Splits off `ceil(test_size n)` samples.
fn plain_split(samples: usize, test_size: f64, random_state: u64) -> Result<Split> {
    expect_share(test_size)?;
    let mut order: Vec<usize> = (0..samples).collect();
    shuffle(&mut order, &mut ChaCha20Rng::seed_from_u64(random_state));
    let count = (test_size * samples as f64).ceil() as usize;
    if count == 0 || count >= samples {
        let expected = format!("a fraction that leaves some of {samples} samples on both sides");
        return Err(Error::Parameter { name: "test_size", got: test_size.to_string(), expected });
    }
    let train = order.split_off(count);
    Ok(Split { train, test: order })
}

fn expect_share(test_size: f64) -> Result<()> {
    if test_size > 0.0 && test_size < 1.0 {
        return Ok(());
    }
    let expected = "a fraction between 0 and 1".into();
    Err(Error::Parameter { name: "test_size", got: test_size.to_string(), expected })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::Array2;

    #[test]
    fn numbers_are_split_and_groups_stay_whole() {
        let y = Array2::from_shape_fn((40, 1), |(i, _)| i as f64);
        let split = split_of_targets(Targets::Numbers(1), &y.view(), None, 0.25, 3).unwrap();
        assert_eq!((split.train.len(), split.test.len()), (30, 10));
        let mut all = [split.train, split.test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..40).collect::<Vec<_>>());
        let groups: Vec<usize> = (0..40).map(|i| i / 4).collect();
        let labels = Array2::from_shape_fn((40, 2), |(i, k)| f64::from(u8::from(i % (k + 2) == 0)));
        for (targets, y) in [(Targets::Numbers(1), &y), (Targets::Labels(2), &labels)] {
            let split = split_of_targets(targets, &y.view(), Some(&groups), 0.25, 3).unwrap();
            assert!(!split.test.is_empty());
            assert!(split.test.iter().all(|i| !split.train.iter().any(|j| groups[*i] == groups[*j])));
            assert!(split_of_targets(targets, &y.view(), Some(&groups), 1.0, 3).is_err());
        }
        assert!(split_of_targets(Targets::Numbers(1), &y.view(), None, 0.99, 3).is_err());
    }
}
