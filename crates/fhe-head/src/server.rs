//! The compute party: trains from ciphertexts and evaluation keys alone.
//!
//! Nothing here can name a secret key: this module compiles without the feature `client`, and then the encryption
//! below has no type for one.

use std::sync::Arc;

use ckks::{Ciphertext, EvaluationKeys};

use crate::engine::Rows;
use crate::engine::encrypted::Encrypted;
use crate::error::{Error, Result};
use crate::head::Head;
use crate::job::Job;
use crate::trainer::{Block, State, Trainer};

/// Packed, encrypted samples.
pub type EncryptedBlock = Block<Ciphertext>;

/// Encrypted state of a training, also its result.
pub type EncryptedState = State<Ciphertext>;

/// An encrypted head: `w / B` of each of its parameters, tiled over the slots.
#[derive(Clone, Debug)]
pub struct EncryptedHead {
    /// The parameters, in the head's order.
    pub parameters: Vec<Ciphertext>,
}

/// A block from its ciphertexts in the order in which they travel: targets, row weights, then samples.
///
/// # Errors
/// [`Error::Shape`] on another number of ciphertexts.
pub fn block_from_ciphertexts<H: Head>(
    job: &Job<H>,
    mut ciphertexts: Vec<Ciphertext>,
) -> Result<EncryptedBlock> {
    let targets = job.head().targets();
    let expected = targets + 1 + job.packing().diagonals();
    if ciphertexts.len() != expected {
        let got = ciphertexts.len();
        return Err(Error::Shape { what: "ciphertexts of a block", expected, got });
    }
    let samples = ciphertexts.split_off(targets + 1);
    let weight = ciphertexts.remove(targets);
    Ok(Block { samples, rows: Rows { weight, targets: ciphertexts } })
}

/// Trains on encrypted blocks. `observe` sees the state after every iteration (for progress and checkpoints) and ends
/// the training by an error.
///
/// # Errors
/// [`Error::Shape`] if the data is not what the job describes; [`Error::Ckks`] with a key that is missing or belongs
/// to other ciphertexts; errors of `observe`.
pub fn train<H: Head>(
    keys: Arc<EvaluationKeys>,
    job: &Job<H>,
    blocks: &[EncryptedBlock],
    observe: impl FnMut(&EncryptedState) -> Result<()>,
) -> Result<EncryptedHead> {
    resume(keys, job, blocks, State::default(), observe)
}

/// Continues a training from a state that `observe` saw.
///
/// # Errors
/// As [`train`].
pub fn resume<H: Head>(
    keys: Arc<EvaluationKeys>,
    job: &Job<H>,
    blocks: &[EncryptedBlock],
    state: EncryptedState,
    observe: impl FnMut(&EncryptedState) -> Result<()>,
) -> Result<EncryptedHead> {
    resume_on(&Encrypted::for_job(keys, job)?, job, blocks, state, observe)
}

/// As [`resume`], on an engine for the job ([`Encrypted::for_job`]) that can be asked for its times afterwards.
///
/// # Errors
/// As [`train`].
pub fn resume_on<H: Head>(
    engine: &Encrypted,
    job: &Job<H>,
    blocks: &[EncryptedBlock],
    state: EncryptedState,
    observe: impl FnMut(&EncryptedState) -> Result<()>,
) -> Result<EncryptedHead> {
    let state = Trainer::new(engine, job, blocks)?.run(state, observe)?;
    if state.parameters.is_empty() {
        return Err(Error::Data("the training did not run a single iteration".into()));
    }
    Ok(EncryptedHead { parameters: state.parameters })
}
