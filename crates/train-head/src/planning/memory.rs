//! The memory that each part of the work needs, compared with what there is before the work begins.

use std::path::Path;

use fhe_head::ckks::serial::{FileKind, file_bytes};
use fhe_head::ckks::{Parameters, SwitchingKey};
use fhe_head::files::DATA;
use fhe_head::{Job, Plan};

use crate::exit::{Failure, Result, read_failure};
use crate::files::{evaluation_keys, keys, size};
use crate::progress;
use crate::resources::{self, Left};

/// Bytes of a program that holds no data.
const PROGRAM: u64 = 32 << 20;
/// Polynomials of the top level that are in use at once: tables of the transforms, digits of key switches, buffers of all threads.
const WORKING_POLYNOMIALS: u64 = 40;
/// Copies of the samples while a method is chosen: the matrix as it was read, mapped, and cut into folds; predictions.
const COPIES_TO_PLAN: u64 = 8;
/// Square matrices of the features: covariance, eigenvectors, their work space.
const SQUARES_TO_PLAN: u64 = 6;
/// Copies of the samples while they are encrypted: as read, mapped, as samples of a training.
const COPIES_TO_ENCRYPT: u64 = 4;
/// Ciphertexts that are encrypted at once, with their slots and plaintexts.
const CIPHERTEXTS_AT_ONCE: u64 = 3 * 32;

/// Bytes of `count` numbers.
fn numbers(counts: [usize; 2], copies: u64) -> u64 {
    counts.iter().fold(copies.saturating_mul(8), |bytes, &count| bytes.saturating_mul(count as u64))
}

/// Bytes of a polynomial of the top level, special primes included.
fn polynomial(parameters: &Parameters) -> u64 {
    let limbs = parameters.ring().q().len() + parameters.ring().p().len();
    numbers([parameters.degree(), limbs], 1)
}

/// What every computation with ciphertexts of a parameter set needs.
fn working(parameters: &Parameters) -> u64 {
    PROGRAM + WORKING_POLYNOMIALS * polynomial(parameters)
}

/// Bytes that the compute party needs: data, keys, the bootstrap's diagonals, and room to work.
pub(crate) fn to_train(plan: &Plan, parameters: &Parameters) -> u64 {
    let sizes = [plan.sizes.data_bytes, plan.sizes.key_bytes, plan.sizes.diagonal_bytes];
    sizes.iter().fold(working(parameters), |bytes, &size| bytes.saturating_add(size as u64))
}

/// Bytes to make the keys of a plan, one after the other.
pub(crate) fn to_make_keys(parameters: &Parameters) -> u64 {
    let largest = SwitchingKey::bytes_of(parameters, parameters.key_shape(parameters.max_level()));
    working(parameters) + 3 * largest as u64
}

/// Bytes to encrypt this matrix of samples by features, a few ciphertexts at a time.
pub(crate) fn to_encrypt(parameters: &Parameters, shape: [usize; 2]) -> u64 {
    let at_once = CIPHERTEXTS_AT_ONCE * polynomial(parameters);
    (working(parameters) + at_once).saturating_add(numbers(shape, COPIES_TO_ENCRYPT))
}

/// Bytes to choose a method for this matrix of samples by features.
pub(crate) fn to_plan([samples, features]: [usize; 2]) -> u64 {
    let squares = numbers([features, features.min(samples)], SQUARES_TO_PLAN);
    PROGRAM.saturating_add(numbers([samples, features], COPIES_TO_PLAN)).saturating_add(squares)
}

/// Bytes to train on files: keys and data in memory, which hold both halves of each polynomial in whole words, where files hold one half
/// and a seed.
fn to_train_on(parameters: &Parameters, job: &Job, key_files: u64, data_file: u64) -> Result<u64> {
    let top = parameters.max_level();
    let shape = parameters.key_shape(top);
    let ratio = |memory: usize, file: usize| memory as f64 / file.max(1) as f64;
    let of_keys = ratio(
        SwitchingKey::bytes_of(parameters, shape),
        shape.digits() * file_bytes(parameters, shape.basis()),
    );
    let of_data =
        ratio(2 * 8 * (top + 1) * parameters.degree(), file_bytes(parameters, parameters.basis(top)));
    let diagonals = match job.refreshed_message() {
        Some(message) => {
            let contract = message.plan(parameters)?.contract();
            (contract.memory_bytes - contract.key_bytes) as u64
        }
        None => 0,
    };
    let files = of_keys * key_files as f64 + of_data * data_file as f64;
    Ok((working(parameters) + diagonals).saturating_add(files as u64))
}

/// Refuses work that needs more memory than there is. `what` names it.
///
/// # Errors
/// `needed` is more than the system says is left.
pub(crate) fn expect(what: &str, needed: u64) -> Result<()> {
    compare(what, needed, resources::memory_left())
}

/// As [`expect`], for a training on these files. Only their beginnings are read.
///
/// # Errors
/// As [`expect`]; a file that is missing, damaged, or of another kind or parameter set.
pub(crate) fn expect_to_train(data: &Path, keys_folder: &Path) -> Result<()> {
    let reader = keys::open(data, DATA)?;
    let parameters = keys::parameters_of(&reader)?;
    let job = fhe_head::files::read_job(&reader, &parameters)?;
    let listed = evaluation_keys::listed(keys_folder)?;
    if let Some(first) = listed.files.first() {
        let key = keys::open(first, FileKind::EVALUATION_KEY)?;
        reader.expect_parameters(&keys::parameters_of(&key)?).map_err(read_failure)?;
    }
    let key_files = listed.files.iter().map(|path| size(path)).sum::<Result<u64>>()?;
    expect("the training", to_train_on(&parameters, &job, key_files, size(data)?)?)
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
    fn no_shape_overflows() {
        assert_eq!(to_plan([usize::MAX, usize::MAX]), u64::MAX);
    }
}
