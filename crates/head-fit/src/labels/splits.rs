//! Splits of samples that keep the proportions of their classes.

use fhe_head::{Error, Result, Samples};
use ndarray::Array1;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Indices of a training and a test part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Training samples.
    pub train: Vec<usize>,
    /// Test samples.
    pub test: Vec<usize>,
}

impl Split {
    /// The samples for which `is_test` holds, and the others.
    pub(crate) fn by(samples: usize, is_test: impl Fn(usize) -> bool) -> Self {
        let (test, train) = (0..samples).partition(|&sample| is_test(sample));
        Self { train, test }
    }
}

/// Shuffles alike on every machine.
pub(super) fn shuffle<T>(items: &mut [T], rng: &mut ChaCha20Rng) {
    for i in (1..items.len()).rev() {
        // the bias of the remainder is below 2^-40 for any data that fits into memory
        let j = (rng.next_u64() % (i as u64 + 1)) as usize;
        items.swap(i, j);
    }
}

/// The samples in the order in which a training with so many mini-batches takes them: shuffled if there are several.
pub fn shuffled(samples: Samples, batches: usize, random_state: u64) -> Samples {
    match shuffled_order(samples.len(), batches, random_state) {
        Some(order) => samples.select(&order),
        None => samples,
    }
}

/// The sample at each place of [`shuffled`] ones; `None` if they stay where they are.
pub fn shuffled_order(samples: usize, batches: usize, random_state: u64) -> Option<Vec<usize>> {
    (batches > 1).then(|| {
        let mut order: Vec<usize> = (0..samples).collect();
        shuffle(&mut order, &mut ChaCha20Rng::seed_from_u64(random_state));
        order
    })
}

/// The samples of each class, shuffled.
fn shuffled_classes(y: &Array1<f64>, rng: &mut ChaCha20Rng) -> Vec<Vec<usize>> {
    let classes = y.fold(1.0, |max: f64, y| max.max(*y)) as usize + 1;
    let members = |class: usize| {
        let mut members: Vec<usize> = (0..y.len()).filter(|&i| y[i] == class as f64).collect();
        shuffle(&mut members, rng);
        members
    };
    (0..classes).map(members).collect()
}

/// Splits off `ceil(test_size n)` samples, classes in proportion.
///
/// # Errors
/// [`Error::Parameter`] if the size is not within (0, 1) or leaves a class out of one part.
pub fn stratified_split(y: &Array1<f64>, test_size: f64, random_state: u64) -> Result<Split> {
    let refuse =
        |expected: String| Err(Error::Parameter { name: "test_size", got: test_size.to_string(), expected });
    if !(test_size > 0.0 && test_size < 1.0) {
        return refuse("a fraction between 0 and 1".into());
    }
    let mut rng = ChaCha20Rng::seed_from_u64(random_state);
    let classes = shuffled_classes(y, &mut rng);
    let counts = proportional(&classes, test_size);
    let mut split = Split { train: Vec::new(), test: Vec::new() };
    for (members, count) in classes.iter().zip(counts) {
        if count == 0 || count >= members.len() {
            return refuse(format!(
                "leaves none of a class of {} samples on one side; every class needs samples to train and to test on",
                members.len()
            ));
        }
        split.test.extend(&members[..count]);
        split.train.extend(&members[count..]);
    }
    shuffle(&mut split.train, &mut rng);
    shuffle(&mut split.test, &mut rng);
    Ok(split)
}

/// How many of each class make `ceil(share n)`: rounded down, the rest to the largest remainders.
fn proportional(classes: &[Vec<usize>], share: f64) -> Vec<usize> {
    let samples: usize = classes.iter().map(Vec::len).sum();
    let total = (share * samples as f64).ceil() as usize;
    let exact: Vec<f64> =
        classes.iter().map(|members| (total * members.len()) as f64 / samples as f64).collect();
    let mut counts: Vec<usize> = exact.iter().map(|exact| exact.floor() as usize).collect();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()));
    let missing = total.saturating_sub(counts.iter().sum());
    order.into_iter().take(missing).for_each(|class| counts[class] += 1);
    counts
}

/// `folds` splits whose test parts cover all samples once, classes in proportion.
pub fn stratified_folds(y: &Array1<f64>, folds: usize, random_state: u64) -> Vec<Split> {
    let mut rng = ChaCha20Rng::seed_from_u64(random_state);
    let dealt = shuffled_classes(y, &mut rng).concat();
    (0..folds)
        .map(|fold| {
            let (mut train, mut test) = (Vec::new(), Vec::new());
            for (position, &sample) in dealt.iter().enumerate() {
                if position % folds == fold { test.push(sample) } else { train.push(sample) }
            }
            Split { train, test }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn splits_keep_proportions_cover_everything_and_repeat() {
        let y = Array1::from_shape_fn(569, |i| f64::from(i % 8 < 3));
        let split = stratified_split(&y, 0.3, 0).unwrap();
        assert_eq!(split.test.len(), 171);
        let rate = |part: &[usize]| part.iter().map(|&i| y[i]).sum::<f64>() / part.len() as f64;
        assert!((rate(&split.test) - rate(&split.train)).abs() < 0.01);
        let mut all = [split.train.clone(), split.test.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..569).collect::<Vec<_>>());
        assert_eq!(split, stratified_split(&y, 0.3, 0).unwrap());
        assert_ne!(split, stratified_split(&y, 0.3, 1).unwrap());
        assert!(stratified_split(&y, 0.001, 0).is_err());
        assert!(stratified_split(&y, 1.0, 0).is_err());

        let three = Array1::from_shape_fn(100, |i| f64::from(i as u32 % 10).min(2.0));
        let split = stratified_split(&three, 0.2, 0).unwrap();
        let count = |class: f64| split.test.iter().filter(|&&i| three[i] == class).count();
        assert_eq!([0.0, 1.0, 2.0].map(count), [2, 2, 16]);

        let folds = stratified_folds(&y, 5, 3);
        let mut tested: Vec<usize> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
        tested.sort_unstable();
        assert_eq!(tested, (0..569).collect::<Vec<_>>());
        for fold in &folds {
            assert!((rate(&fold.test) - rate(&fold.train)).abs() < 0.02);
        }
    }
}
