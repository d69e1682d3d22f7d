//! The memory that each part of the work needs, compared with what there is before the work begins.

use std::path::Path;

use fhe_head::ckks::serial::{FileKind, file_bytes};
use fhe_head::ckks::{Parameters, SwitchingKey};
use fhe_head::files::DATA;
use fhe_head::{Job, Plan};
#[cfg(feature = "data-party")]
use head_fit::{Classifier, Targets};

use crate::exit::{Failure, Result, read_failure};
use crate::files::{evaluation_keys, keys, size};
use crate::progress;
use crate::resources::{self, Left};

/// Bytes of a program that holds no data.
const PROGRAM: u64 = 32 << 20;
/// What rehearsing a method takes whatever the data: how fast the machine is is measured on buffers larger than its cache.
const TO_REHEARSE: u64 = 192 << 20;
/// Copies of the samples while a method is chosen: the matrix as it was read, mapped; predictions.
const COPIES_TO_PLAN: u64 = 8;
/// Square matrices of the features: covariance, eigenvectors, their work space.
const SQUARES_TO_PLAN: u64 = 6;
/// Copies of the samples while they are encrypted, if they do not stay in their file: as they were read, with room for the reader's own.
const COPIES_TO_ENCRYPT: u64 = 2;
/// Numbers beside the features of each sample while they are encrypted: label, weight, place.
const NUMBERS_OF_A_SAMPLE: u64 = 12;
/// Copies of a block of samples while it is encrypted: in order, mapped.
const COPIES_OF_A_BLOCK: u64 = 3;
/// Polynomials at the level of the data that are in use at once in a training: tables of the transforms, digits of key switches, buffers of
/// all threads.
const POLYNOMIALS_TO_TRAIN: u64 = 40;
/// The same at the top level, where there are bootstraps.
const POLYNOMIALS_TO_BOOTSTRAP: u64 = 52;
/// Polynomials at the top level while keys are made, besides the keys themselves.
const POLYNOMIALS_TO_MAKE_KEYS: u64 = 6;
/// Keys that are there at once: one that is made, in both halves, and its file.
const KEYS_AT_ONCE: u64 = 3;
/// Polynomials at the level of the data while ciphertexts are made, besides the ciphertexts themselves.
const POLYNOMIALS_TO_ENCRYPT: u64 = 14;
/// Most ciphertexts that are encrypted at once ([`fhe_head::growing`]).
const CIPHERTEXTS_AT_ONCE: usize = 32;

/// Bytes of `count` numbers.
fn numbers(counts: [usize; 2], copies: u64) -> u64 {
    counts.iter().fold(copies.saturating_mul(8), |bytes, &count| bytes.saturating_mul(count as u64))
}

/// Bytes of so many polynomials of a level, special primes included.
fn polynomials(parameters: &Parameters, level: usize, count: u64) -> u64 {
    numbers([parameters.degree(), level + 1 + parameters.ring().p().len()], count)
}

/// The primes of the largest ciphertexts and keys: those of a bootstrap if there is one.
fn largest_chain(parameters: &Parameters, bootstraps: bool) -> &Parameters {
    parameters.raised().filter(|_| bootstraps).unwrap_or(parameters)
}

/// The highest level at which data are encrypted.
fn data_level(plan: &Plan) -> usize {
    let levels = plan.levels;
    levels.targets.max(levels.samples).max(levels.weights)
}

/// What a training needs besides data, keys and diagonals. The level is that of the data.
fn to_compute(parameters: &Parameters, level: usize, bootstraps: bool) -> u64 {
    PROGRAM
        + match bootstraps {
            true => {
                let chain = largest_chain(parameters, true);
                polynomials(chain, chain.max_level(), POLYNOMIALS_TO_BOOTSTRAP)
            }
            false => polynomials(parameters, level, POLYNOMIALS_TO_TRAIN),
        }
}

/// The memory of a training, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ToTrain {
    /// Keys, the bootstrap's diagonals, and room to work.
    fixed: u64,
    /// The blocks that are worked on at once.
    at_once: u64,
    /// All blocks.
    data: u64,
}

impl ToTrain {
    fn new(fixed: u64, data: u64, job: &Job) -> Self {
        let block = data / job.packing().blocks().max(1) as u64;
        Self { fixed, at_once: block.saturating_mul(job.blocks_at_once() as u64), data }
    }

    /// What a training needs that keeps all blocks in memory.
    pub(crate) fn whole(self) -> u64 {
        self.fixed.saturating_add(self.data)
    }

    /// What it needs if blocks stay in their file.
    pub(crate) fn least(self) -> u64 {
        self.fixed.saturating_add(self.at_once)
    }

    /// Refuses a training that needs more memory than there is for one of so many processes, or than `limit`. Returns the bytes of blocks
    /// that may be kept.
    ///
    /// # Errors
    /// [`Self::least`] is more than the system says is left, or than the limit.
    pub(crate) fn expect(self, limit: Option<u64>, processes: usize) -> Result<u64> {
        let share = |left: Left| Left { bytes: left.bytes / processes as u64, ..left };
        self.expect_within(limit, resources::memory_left().map(share))
    }

    fn expect_within(self, limit: Option<u64>, free: Option<Left>) -> Result<u64> {
        let asked = limit.map(|bytes| Left { bytes, limit: "allowed by --memory" });
        compare("the training", self.least(), asked)?;
        compare("the training", self.least(), free)?;
        // others need memory as well, and more later, unless it is all granted
        let free = match free.map(|left| left.bytes) {
            Some(bytes) if bytes < self.whole() => self.least().max(bytes - bytes / 8),
            bytes => bytes.unwrap_or(u64::MAX),
        };
        Ok(limit.unwrap_or(u64::MAX).min(free) - self.least())
    }
}

/// The memory of the training that a plan describes.
pub(crate) fn to_train(plan: &Plan, parameters: &Parameters) -> ToTrain {
    let work = to_compute(parameters, data_level(plan), plan.keys.refresh.is_some());
    let fixed = [plan.sizes.key_bytes, plan.sizes.diagonal_bytes];
    let fixed = fixed.iter().fold(work, |bytes, &size| bytes.saturating_add(size as u64));
    ToTrain::new(fixed, plan.sizes.data_bytes as u64, &plan.job)
}

/// Bytes to make the keys of a plan, one after the other.
pub(crate) fn to_make_keys(plan: &Plan, parameters: &Parameters) -> u64 {
    let keys = &plan.keys;
    let levels = keys.rotations.values().chain(&keys.relinearisation).chain(&keys.conjugation).copied();
    let chain = largest_chain(parameters, keys.refresh.is_some());
    let highest = levels.chain(keys.refresh.map(|_| chain.max_level())).max().unwrap_or(0);
    let largest = SwitchingKey::bytes_of(chain, chain.key_shape(highest)) as u64;
    PROGRAM + polynomials(chain, chain.max_level(), POLYNOMIALS_TO_MAKE_KEYS) + KEYS_AT_ONCE * largest
}

/// Bytes to encrypt this matrix of samples by features, to train on or to be scored, a block of samples and some of its ciphertexts at a
/// time. `stored`: whether the samples stay in their file.
pub(crate) fn to_encrypt(
    plan: &Plan,
    parameters: &Parameters,
    [samples, features]: [usize; 2],
    for_scoring: bool,
    stored: bool,
) -> u64 {
    let job = &plan.job;
    let (level, count) = match job.spec().score_level {
        Some(level) if for_scoring => (level, job.packing().diagonals()),
        _ => (data_level(plan), job.layout().items().len()),
    };
    let block = [samples.min(job.packing().block_samples()), features];
    let copies = if stored { 0 } else { COPIES_TO_ENCRYPT };
    // ciphertexts have no special primes
    let count = POLYNOMIALS_TO_ENCRYPT.saturating_add(count.min(CIPHERTEXTS_AT_ONCE) as u64);
    PROGRAM
        .saturating_add(numbers([parameters.degree(), level + 1], count))
        .saturating_add(numbers([samples, features], copies))
        .saturating_add(numbers(block, COPIES_OF_A_BLOCK))
        .saturating_add(numbers([samples, 1], NUMBERS_OF_A_SAMPLE))
}

/// Bytes to choose what the options leave open for this matrix of samples by features, and to rehearse it.
#[cfg(feature = "data-party")]
pub(crate) fn to_plan(options: &Classifier, targets: Targets, [samples, features]: [usize; 2]) -> u64 {
    let squares = numbers([features, features.min(samples)], SQUARES_TO_PLAN);
    let search = options.bytes_to_choose(targets, [samples, features]).saturating_add(squares);
    PROGRAM
        .saturating_add(numbers([samples, features], COPIES_TO_PLAN))
        .saturating_add(search.max(TO_REHEARSE))
}

/// The memory of a training on files: keys and data in memory hold both halves of each polynomial in whole words, where files hold one
/// half and a seed.
fn to_train_on(
    parameters: &Parameters,
    job: &Job,
    key_files: u64,
    (data_file, ciphertexts): (u64, u64),
) -> Result<ToTrain> {
    let top = parameters.max_level();
    let shape = parameters.key_shape(top);
    let ratio = |memory: usize, file: usize| memory as f64 / file.max(1) as f64;
    let of_keys = ratio(
        SwitchingKey::bytes_of(parameters, shape),
        shape.digits() * file_bytes(parameters, shape.basis()),
    );
    let in_file = file_bytes(parameters, parameters.basis(top));
    let of_data = ratio(2 * 8 * (top + 1) * parameters.degree(), in_file);
    // a file holds one half of each ciphertext, a residue of each prime
    let level = (data_file / ciphertexts.max(1)) as f64 * (top + 1) as f64 / in_file.max(1) as f64;
    let diagonals = match job.refreshed_message() {
        Some(message) => {
            let contract = message.plan(parameters)?.contract();
            (contract.memory_bytes - contract.key_bytes) as u64
        }
        None => 0,
    };
    let work = to_compute(parameters, (level as usize).min(top), job.refreshed_message().is_some());
    let fixed = (work + diagonals).saturating_add((of_keys * key_files as f64) as u64);
    Ok(ToTrain::new(fixed, (of_data * data_file as f64) as u64, job))
}

/// Refuses work that needs more memory than there is. `what` names it.
///
/// # Errors
/// `needed` is more than the system says is left.
pub(crate) fn expect(what: &str, needed: u64) -> Result<()> {
    compare(what, needed, resources::memory_left())
}

/// As [`ToTrain::expect`], for a training on these files by this number of processes that share the memory. Only the beginnings of files
/// are read.
///
/// # Errors
/// As [`ToTrain::expect`]; a file that is missing, damaged, or of another kind or parameter set.
pub(crate) fn expect_to_train(
    data: &Path,
    keys_folder: &Path,
    limit: Option<u64>,
    processes: usize,
) -> Result<u64> {
    let reader = keys::open(data, DATA)?;
    let parameters = keys::parameters_of(&reader)?;
    let job = fhe_head::files::read_job(&reader, &parameters)?;
    let listed = evaluation_keys::listed(keys_folder)?;
    if let Some(first) = listed.files.first() {
        let key = keys::open(first, FileKind::EVALUATION_KEY)?;
        reader.expect_parameters(&keys::parameters_of(&key)?).map_err(read_failure)?;
    }
    let key_files = listed.files.iter().map(|path| size(path)).sum::<Result<u64>>()?;
    let data = (size(data)?, reader.header().items);
    let need = to_train_on(&parameters, &job, key_files, data)?;
    let kept = need.expect(limit, processes)?;
    resources::limit_job(need.least().saturating_add(kept));
    Ok(kept)
}

/// Refuses a training of both parties in one process that needs more memory than there is: they keep all blocks.
///
/// # Errors
/// More than the system says is left.
pub(crate) fn expect_room_for_both(plan: &Plan, parameters: &Parameters) -> Result<()> {
    compare("the training", to_train(plan, parameters).whole(), resources::memory_left())
}

/// Refuses a training of both parties in one process whose keys and samples take so many bytes.
///
/// # Errors
/// More than the system says is left.
pub(crate) fn expect_room(bytes: u64) -> Result<()> {
    compare("the training", bytes, resources::memory_left())
}

fn compare(what: &str, needed: u64, left: Option<Left>) -> Result<()> {
    match left {
        Some(Left { bytes, limit }) if needed > bytes => Err(Failure::out_of_memory(format!(
            "{what} needs {} of memory, {} are {limit}",
            progress::bytes(needed),
            progress::bytes(bytes)
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::exit::Kind;

    #[test]
    fn what_does_not_fit_into_memory_is_not_started() {
        let left = |bytes| Some(Left { bytes, limit: "free on this machine" });
        assert!(compare("the training", 5 << 30, left(6 << 30)).is_ok());
        assert!(compare("the training", 5 << 30, None).is_ok());
        let failure = compare("the training", 5 << 30, left(1 << 30)).unwrap_err();
        assert_eq!(failure.kind(), Kind::Unexpected);
        let expected = "the training needs 5.0 GiB of memory, 1.0 GiB are free on this machine";
        assert_eq!(failure.to_string(), expected);
    }

    #[test]
    fn blocks_that_do_not_fit_are_not_kept() {
        let training = ToTrain { fixed: 1 << 30, at_once: 1 << 28, data: 8 << 30 };
        let free = |bytes| Some(Left { bytes, limit: "free" });
        assert_eq!(training.expect_within(None, None).unwrap(), u64::MAX - training.least());
        assert!(training.expect_within(None, free(16 << 30)).unwrap() >= training.data);
        // some of what is free is left to others
        assert_eq!(training.expect_within(None, free(4 << 30)).unwrap(), (7 << 29) - training.least());
        assert_eq!(
            training.expect_within(Some(2 << 30), free(16 << 30)).unwrap(),
            (2 << 30) - training.least()
        );
        assert_eq!(training.expect_within(None, free(training.least())).unwrap(), 0);
        let failure = training.expect_within(Some(1 << 30), free(16 << 30)).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "the training needs 1.2 GiB of memory, 1.0 GiB are allowed by --memory"
        );
        assert!(training.expect_within(None, free(1 << 30)).is_err());
    }

    #[cfg(feature = "data-party")]
    #[test]
    fn no_shape_overflows() {
        let options = Classifier::default();
        assert_eq!(to_plan(&options, Targets::Classes(2), [usize::MAX, usize::MAX]), u64::MAX);
    }
}
