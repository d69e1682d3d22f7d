//! The compute party: trains on ciphertexts and evaluation keys.
//!
//! This module cannot name a secret key: it compiles without the feature `client`, and then the encryption has no type for one.

use std::ops::ControlFlow;
use std::sync::Arc;

use ckks::{Ciphertext, EvaluationKeys, Scale};

use crate::engine::{Encrypted, Operations as _};
use crate::error::{Error, Result};
use crate::heads::{BuiltIn, Head, WeightVector};
use crate::job::Job;
use crate::packing::{Block, Blocks};
use crate::trainer::{Snapshot, State, Trainer, refresh_state, unobserved};

/// Packed, encrypted samples.
pub type EncryptedBlock = Block<Ciphertext>;

/// The encrypted state of a training.
pub type EncryptedState = State<Ciphertext>;

/// An encrypted head: each weight vector `w` divided by its unit `B`, tiled over the slots.
#[derive(Clone, Debug)]
pub struct EncryptedHead {
    /// Completed iterations.
    pub iteration: usize,
    /// The weight vectors, in the head's order.
    pub weights: Vec<Ciphertext>,
    /// Snapshots of the weights during the training.
    pub history: Vec<Snapshot<Ciphertext>>,
}

/// The engine for a job, with a bootstrap if the job has refreshes.
///
/// # Errors
/// [`Error::Parameter`] if the job needs a bootstrap and the parameters have none; [`Error::Boot`] if one of its keys is missing.
pub fn engine<H: Head>(keys: Arc<EvaluationKeys>, job: &Job<H>) -> Result<Encrypted> {
    match job.refreshed_message() {
        Some(message) => Encrypted::bootstrapping(keys, message),
        None => Ok(Encrypted::new(keys)),
    }
}

/// Trains on encrypted blocks from zero weights to the end, without an observer.
///
/// # Errors
/// [`Error::Shape`] if the blocks are not those that the job describes; [`Error::Ckks`] if a key is missing or belongs to another
/// secret; those of [`engine`].
pub fn train<H: Head>(
    keys: Arc<EvaluationKeys>,
    job: &Job<H>,
    blocks: &dyn Blocks<Ciphertext>,
) -> Result<EncryptedHead> {
    let ControlFlow::Continue(head) = resume(&engine(keys, job)?, job, blocks, State::default(), unobserved)?;
    Ok(head)
}

/// Trains from a state to the end: from the default state (zero weights), a warm start, or a state of an interrupted training.
///
/// `observe` gets the state after every iteration, for progress and checkpoints. It can end the training with an error of its own type,
/// or with a value ([`ControlFlow::Break`]), which is then returned in place of the head.
///
/// # Errors
/// Those of [`train`] and of `observe`.
pub fn resume<H: Head, B, X: From<Error>>(
    engine: &Encrypted,
    job: &Job<H>,
    blocks: &dyn Blocks<Ciphertext>,
    state: EncryptedState,
    observe: impl FnMut(&EncryptedState) -> Result<ControlFlow<B>, X>,
) -> Result<ControlFlow<B, EncryptedHead>, X> {
    Ok(match Trainer::new(engine, job, blocks)?.run(state, observe)? {
        ControlFlow::Continue(state) => ControlFlow::Continue(EncryptedHead::from_state(state)?),
        ControlFlow::Break(end) => ControlFlow::Break(end),
    })
}

impl EncryptedHead {
    /// The head of a training in this state, which may be before the last iteration.
    ///
    /// # Errors
    /// [`Error::Data`] before the first iteration.
    pub fn from_state(state: EncryptedState) -> Result<Self> {
        if state.iteration == 0 || state.weights.is_empty() {
            return Err(Error::Data("the training did not run a single iteration".into()));
        }
        let EncryptedState { iteration, weights, history, .. } = state;
        Ok(Self { iteration, weights, history })
    }
}

/// Scores encrypted samples with the weights of an encrypted head, or of a training in progress. The result has one ciphertext for each
/// score ([`Head::scores`]) of each block, complex if blocks are. Only the data party can read it
/// ([`crate::client::decrypt_scores`]).
///
/// Weights that lack the levels are refreshed first if the job has a bootstrap.
///
/// # Errors
/// [`Error::Parameter`] if the job leaves no levels for scoring; [`Error::Shape`] on weights or samples of another head.
pub fn score<H: Head>(
    engine: &Encrypted,
    job: &Job<H>,
    weights: &[Ciphertext],
    blocks: &[Vec<Ciphertext>],
) -> Result<Vec<Vec<Ciphertext>>> {
    let scorer = Scorer::new(engine, job, weights)?;
    blocks.iter().map(|samples| scorer.block(samples)).collect()
}

/// Scores samples block by block, as [`score`] does.
pub struct Scorer<'a, H: Head = BuiltIn> {
    engine: &'a Encrypted,
    job: &'a Job<H>,
    weights: Vec<Ciphertext>,
}

impl<'a, H: Head> Scorer<'a, H> {
    /// Brings the weights to the level of scoring.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the job leaves no levels for scoring; [`Error::Shape`] on weights of another head.
    pub fn new(engine: &'a Encrypted, job: &'a Job<H>, weights: &[Ciphertext]) -> Result<Self> {
        let Some(wanted) = job.spec().score_level else {
            return Err(Error::Parameter {
                name: "scoring",
                got: "a job that was planned without it".into(),
                expected: "a job whose request asks for scoring".into(),
            });
        };
        let expected = job.weights().len();
        if weights.len() != expected {
            return Err(Error::Shape { what: "weights of the head", expected, got: weights.len() });
        }
        let lacks_levels = weights.iter().any(|p| p.level() < wanted.min(job.spec().entry_level));
        let refreshed = if lacks_levels && job.refreshed_message().is_some() {
            Some(refresh_state(engine, job, &State::from_weights(weights.to_vec()))?.weights)
        } else {
            None
        };
        // keys for scoring only reach up to the level that was planned for it
        let lowered = refreshed
            .as_deref()
            .unwrap_or(weights)
            .iter()
            .map(|p| if p.level() > wanted { engine.drop_to(p, wanted) } else { Ok(p.clone()) });
        Ok(Self { engine, job, weights: lowered.collect::<Result<_>>()? })
    }

    /// The scores of a block of samples.
    ///
    /// # Errors
    /// [`Error::Shape`] on samples of another head.
    pub fn block(&self, samples: &[Ciphertext]) -> Result<Vec<Ciphertext>> {
        let Self { engine, job, weights } = self;
        let expected = job.packing().diagonals();
        if samples.len() != expected {
            return Err(Error::Shape { what: "slot vectors of a block", expected, got: samples.len() });
        }
        engine.awake(|| job.head().score(*engine, job.packing(), samples, weights))
    }
}

/// The state of a training that starts from the encrypted head of an earlier one, under the same key and for the same features. Weights
/// are converted to the job's units and scale, which takes a level if these differ.
///
/// # Errors
/// [`Error::Shape`] if the head has other weight vectors than the job; [`Error::Level`] or [`Error::NoBootstrapping`] if it lacks
/// levels and cannot be refreshed.
pub fn warm_start<H: Head>(
    engine: &Encrypted,
    job: &Job<H>,
    earlier: &Job<H>,
    head: &EncryptedHead,
) -> Result<EncryptedState> {
    let (ours, theirs) = (job.weights(), earlier.weights());
    let shape = |weights: &[WeightVector]| weights.iter().map(|p| p.period).collect::<Vec<_>>();
    if shape(&ours) != shape(&theirs) || ours.len() != head.weights.len() {
        return Err(Error::Shape {
            what: "weights of the earlier head",
            expected: ours.len(),
            got: head.weights.len(),
        });
    }
    let scale = Scale::power_of_two(job.spec().state_scale);
    let in_our_unit = |((ours, theirs), p): ((&WeightVector, &WeightVector), &Ciphertext)| {
        let factor = theirs.unit.value() / ours.unit.value();
        if factor == 1.0 && *p.scale() == scale { Ok(p.clone()) } else { engine.mul_const(p, factor, &scale) }
    };
    let weights = ours.iter().zip(&theirs).zip(&head.weights).map(in_our_unit).collect::<Result<_>>()?;
    let mut state = State::from_weights(weights);
    let entry = job.spec().entry_level;
    if job.continues() {
        // the trainer refreshes the state before the first iteration
        return match state.weights.iter().map(Ciphertext::level).min().filter(|&level| level < entry) {
            Some(level) => {
                Err(Error::Level { operation: "continue an earlier training", needed: entry, level })
            }
            None => Ok(state),
        };
    }
    if state.weights.iter().any(|p| p.level() < entry) {
        state = refresh_state(engine, job, &state)?;
    }
    let lowered = state.weights.iter().map(|p| engine.drop_to(p, entry)).collect::<Result<_>>()?;
    Ok(State::from_weights(lowered))
}
