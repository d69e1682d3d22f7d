//! The compute party: trains from ciphertexts and evaluation keys alone.
//!
//! Nothing here can name a secret key: this module compiles without the feature `client`, and then the encryption
//! below has no type for one.

use std::sync::Arc;

use ckks::{Ciphertext, EvaluationKeys};

use crate::engine::Rows;
use crate::engine::encrypted::Encrypted;
use crate::error::{Error, Result};
use crate::job::Job;
use crate::trainer::{Block, State, Trainer};

/// Packed, encrypted samples.
pub type EncryptedBlock = Block<Ciphertext>;

/// Encrypted state of a training, also its result.
pub type EncryptedState = State<Ciphertext>;

/// An encrypted head: `w / B`, tiled over the slots, of the padded features with the constant one's last.
#[derive(Clone, Debug)]
pub struct EncryptedHead {
    /// The weights.
    pub weights: Ciphertext,
}

/// A block from its ciphertexts in the order in which they travel: labels, weights, then samples.
///
/// # Errors
/// [`Error::Shape`] on another number of ciphertexts.
pub fn block_from_ciphertexts(job: &Job, ciphertexts: Vec<Ciphertext>) -> Result<EncryptedBlock> {
    let expected = job.packing().diagonals() + 2;
    let got = ciphertexts.len();
    let mut rest = ciphertexts.into_iter();
    match (rest.next(), rest.next(), rest.len() + 2 == expected) {
        (Some(label), Some(weight), true) => {
            Ok(Block { samples: rest.collect(), rows: Rows { weight, label } })
        }
        _ => Err(Error::Shape { what: "ciphertexts of a block", expected, got }),
    }
}

/// Trains on encrypted blocks. `observe` sees the state after every iteration (for progress and checkpoints) and ends
/// the training by an error.
///
/// # Errors
/// [`Error::Shape`] if the data is not what the job describes; [`Error::Ckks`] with a key that is missing or belongs
/// to other ciphertexts; errors of `observe`.
pub fn train(
    keys: Arc<EvaluationKeys>,
    job: &Job,
    blocks: &[EncryptedBlock],
    observe: impl FnMut(&EncryptedState) -> Result<()>,
) -> Result<EncryptedHead> {
    resume(keys, job, blocks, State::default(), observe)
}

/// Continues a training from a state that `observe` saw.
///
/// # Errors
/// As [`train`].
pub fn resume(
    keys: Arc<EvaluationKeys>,
    job: &Job,
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
pub fn resume_on(
    engine: &Encrypted,
    job: &Job,
    blocks: &[EncryptedBlock],
    state: EncryptedState,
    observe: impl FnMut(&EncryptedState) -> Result<()>,
) -> Result<EncryptedHead> {
    let state = Trainer::new(engine, job, blocks)?.run(state, observe)?;
    match state.weights {
        Some(weights) => Ok(EncryptedHead { weights }),
        None => Err(Error::Data("the training did not run a single iteration".into())),
    }
}
