//! Splits that keep groups whole: samples of one patient, say, which would tell about each other.

use std::collections::BTreeMap;

use fhe_head::{Error, Result};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::splits::{Split, shuffle};

/// Splits off about `test_size n` samples, with every group on one side and classes in proportion as well as groups allow.
///
/// # Errors
/// [`Error::Shape`] on another number of groups than labels; [`Error::Data`] on fewer than two groups; [`Error::Parameter`] if the size is
/// not within (0, 1), or if a class would be missing on one side.
pub fn group_split(y: &Array1<f64>, groups: &[usize], test_size: f64, random_state: u64) -> Result<Split> {
    let refuse =
        |expected: String| Err(Error::Parameter { name: "test_size", got: test_size.to_string(), expected });
    if !(test_size > 0.0 && test_size < 1.0) {
        return refuse("a fraction between 0 and 1".into());
    }
    split_of_strata(&of_classes(y).view(), groups, test_size, random_state)
}

/// As [`group_split`], for samples that belong to any number of strata: a row of zeros and ones for each sample.
pub(super) fn split_of_strata(
    strata: &ArrayView2<'_, f64>,
    groups: &[usize],
    test_size: f64,
    random_state: u64,
) -> Result<Split> {
    let refuse =
        |expected: String| Err(Error::Parameter { name: "test_size", got: test_size.to_string(), expected });
    let parts = dealt(strata, groups, &[1.0 - test_size, test_size], random_state)?;
    let split = Split::by(groups.len(), |sample| parts[sample] == 1);
    for (class, column) in strata.columns().into_iter().enumerate() {
        let has = |part: &[usize]| part.iter().any(|&i| column[i] == 1.0);
        if column.sum() > 0.0 && !(has(&split.train) && has(&split.test)) {
            return refuse(format!(
                "a fraction that leaves members of every class on both sides; whole groups leave none of class {class} on one"
            ));
        }
    }
    Ok(split)
}

/// `folds` splits whose test parts cover all samples once, with every group on one side and strata in proportion as well as groups allow
/// (the rule of scikit-learn's `StratifiedGroupKFold`). A sample belongs to any number of strata: its row has zeros and ones.
///
/// # Errors
/// [`Error::Shape`] on another number of groups than samples; [`Error::Data`] on fewer different groups than folds.
pub(crate) fn folds_of_strata(
    strata: &ArrayView2<'_, f64>,
    groups: &[usize],
    folds: usize,
    random_state: u64,
) -> Result<Vec<Split>> {
    let parts = dealt(strata, groups, &vec![1.0 / folds as f64; folds], random_state)?;
    Ok((0..folds).map(|fold| Split::by(groups.len(), |sample| parts[sample] == fold)).collect())
}

/// Number of different groups.
pub(crate) fn count(groups: &[usize]) -> usize {
    groups.iter().collect::<std::collections::BTreeSet<_>>().len()
}

/// A stratum for each class.
fn of_classes(y: &Array1<f64>) -> Array2<f64> {
    let classes = y.fold(1.0, |max: f64, y| max.max(*y)) as usize + 1;
    Array2::from_shape_fn((y.len(), classes), |(i, class)| f64::from(u8::from(y[i] == class as f64)))
}

/// The part of each sample. Groups are dealt one after the other, those whose strata are least alike first. Each goes to the part that
/// leaves the shares of the strata most even between parts; among equal ones, to the part with the fewest samples for its share.
fn dealt(
    strata: &ArrayView2<'_, f64>,
    groups: &[usize],
    shares: &[f64],
    random_state: u64,
) -> Result<Vec<usize>> {
    if groups.len() != strata.nrows() {
        return Err(Error::Shape { what: "groups", expected: strata.nrows(), got: groups.len() });
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (sample, group) in groups.iter().enumerate() {
        members.entry(*group).or_default().push(sample);
    }
    if members.len() < shares.len() {
        return Err(Error::Data(format!(
            "there are {} groups of samples: {} parts of whole groups need at least as many",
            members.len(),
            shares.len()
        )));
    }
    let mut order: Vec<Vec<usize>> = members.into_values().collect();
    let mut rng = ChaCha20Rng::seed_from_u64(random_state);
    shuffle(&mut order, &mut rng);
    let counts = |members: &Vec<usize>| strata.select(Axis(0), members).sum_axis(Axis(0));
    let mut order: Vec<_> = order.into_iter().map(|members| (counts(&members), members)).collect();
    order.sort_by(|(a, _), (b, _)| b.std(0.0).total_cmp(&a.std(0.0)));

    let totals = strata.sum_axis(Axis(0)).mapv(|total| total.max(1.0));
    let mut filled = vec![Array1::<f64>::zeros(strata.ncols()); shares.len()];
    let mut sizes = vec![0.0; shares.len()];
    let mut parts = vec![0; groups.len()];
    let groups_left = order.len();
    for (position, (counts, members)) in order.into_iter().enumerate() {
        let unevenness = |part: usize| {
            let share = |k: usize| {
                let own = &filled[k] + &(&counts * f64::from(u8::from(k == part)));
                own / (&totals * shares[k])
            };
            let shares: Vec<Array1<f64>> = (0..shares.len()).map(share).collect();
            let spread = |stratum: usize| {
                let of_parts: Array1<f64> = shares.iter().map(|share| share[stratum]).collect();
                of_parts.std(0.0)
            };
            (0..totals.len()).map(spread).sum::<f64>()
        };
        // no part stays empty: the last groups fill those that are
        let empty = sizes.iter().filter(|size| **size == 0.0).count();
        let must_fill = groups_left - position <= empty;
        let candidates = (0..shares.len()).filter(|&part| !must_fill || sizes[part] == 0.0);
        let scored = candidates.map(|part| (unevenness(part), (sizes[part]) / shares[part], part));
        let best = scored.min_by(|a, b| {
            let near = (a.0 - b.0).abs() < 1e-12;
            if near { a.1.total_cmp(&b.1) } else { a.0.total_cmp(&b.0) }
        });
        let part = best.map_or(0, |(_, _, part)| part);
        filled[part] += &counts;
        sizes[part] += members.len() as f64;
        members.iter().for_each(|&sample| parts[sample] = part);
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn group_folds(y: &Array1<f64>, groups: &[usize], folds: usize, random_state: u64) -> Result<Vec<Split>> {
        folds_of_strata(&of_classes(y).view(), groups, folds, random_state)
    }

    /// Forty groups of one to nine samples; a quarter of the samples are of class 1.
    fn data() -> (Array1<f64>, Vec<usize>) {
        let groups: Vec<usize> = (0..40).flat_map(|group| vec![3 * group + 5; 1 + group * 7 % 9]).collect();
        let y = (0..groups.len()).map(|i| f64::from(u8::from(i * 5 % 8 < 2))).collect();
        (y, groups)
    }

    fn whole(split: &Split, groups: &[usize]) {
        for group in split.test.iter().map(|&i| groups[i]) {
            assert!(split.train.iter().all(|&i| groups[i] != group), "group {group} is on both sides");
        }
    }

    #[test]
    fn folds_keep_groups_whole_and_classes_in_proportion() {
        let (y, groups) = data();
        let rate = |part: &[usize]| part.iter().map(|&i| y[i]).sum::<f64>() / part.len() as f64;
        let all: Vec<usize> = (0..y.len()).collect();
        let folds = group_folds(&y, &groups, 5, 1).unwrap();
        let mut tested: Vec<usize> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
        tested.sort_unstable();
        assert_eq!(tested, all);
        for fold in &folds {
            whole(fold, &groups);
            assert!((rate(&fold.test) - rate(&all)).abs() < 0.05, "{}", rate(&fold.test));
            assert!(fold.test.len().abs_diff(y.len() / 5) < 8, "{}", fold.test.len());
        }
        assert_eq!(folds, group_folds(&y, &groups, 5, 1).unwrap());
        assert_ne!(folds, group_folds(&y, &groups, 5, 2).unwrap());
    }

    #[test]
    fn a_split_has_about_the_size_that_is_asked_for() {
        let (y, groups) = data();
        for test_size in [0.1, 0.3, 0.5] {
            let split = group_split(&y, &groups, test_size, 0).unwrap();
            whole(&split, &groups);
            let share = split.test.len() as f64 / y.len() as f64;
            assert!((share - test_size).abs() < 0.04, "{share} for {test_size}");
        }
    }

    #[test]
    fn too_few_groups_are_refused() {
        let (y, groups) = data();
        let error = group_folds(&y, &groups, 41, 0).unwrap_err().to_string();
        assert!(error.contains("40 groups"), "{error}");
        assert!(group_split(&y, &vec![7; y.len()], 0.3, 0).is_err());
        assert!(group_split(&y, &groups[1..], 0.3, 0).is_err());
        assert!(group_split(&y, &groups, 0.0, 0).is_err());
        // one group holds all of class 1
        let own: Vec<usize> = y.iter().enumerate().map(|(i, y)| if *y == 1.0 { 999 } else { i }).collect();
        let error = group_split(&y, &own, 0.3, 0).unwrap_err().to_string();
        assert!(error.contains("class"), "{error}");
        // as many groups as folds: one each
        let few: Vec<usize> = (0..y.len()).map(|i| i % 5).collect();
        let folds = group_folds(&y, &few, 5, 0).unwrap();
        assert!(folds.iter().all(|fold| !fold.test.is_empty()));
    }
}
