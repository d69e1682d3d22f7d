//! The compute party: trains from ciphertexts and evaluation keys alone.
//!
//! Nothing here can name a secret key: this module compiles without the feature `client`, and then the encryption
//! below has no type for one.

use std::sync::Arc;

use ckks::{Ciphertext, EvaluationKeys, Scale};

use crate::engine::encrypted::Encrypted;
use crate::engine::{Engine, Rows};
use crate::error::{Error, Result};
use crate::head::{Head, Parameter};
use crate::job::Job;
use crate::refresh::{self, RefreshedMessage};
use crate::trainer::{Block, Snapshot, State, Trainer};

/// Packed, encrypted samples.
pub type EncryptedBlock = Block<Ciphertext>;

/// Encrypted state of a training, also its result.
pub type EncryptedState = State<Ciphertext>;

/// An encrypted head: `w / B` of each of its parameters, tiled over the slots.
#[derive(Clone, Debug)]
pub struct EncryptedHead {
    /// Iterations that it was trained for.
    pub iteration: usize,
    /// The parameters, in the head's order.
    pub parameters: Vec<Ciphertext>,
    /// What the training kept of its course.
    pub history: Vec<Snapshot<Ciphertext>>,
}

/// A block from its ciphertexts in the order in which they travel: targets and row weights of each half, then samples.
///
/// # Errors
/// [`Error::Shape`] on another number of ciphertexts.
pub fn block_from_ciphertexts<H: Head>(job: &Job<H>, ciphertexts: Vec<Ciphertext>) -> Result<EncryptedBlock> {
    let (targets, halves) = (job.head().targets(), job.packing().halves());
    let expected = block_ciphertexts(job);
    if ciphertexts.len() != expected {
        let got = ciphertexts.len();
        return Err(Error::Shape { what: "ciphertexts of a block", expected, got });
    }
    let mut rows: Vec<Rows<Ciphertext>> = Vec::with_capacity(halves);
    let mut ciphertexts = ciphertexts.into_iter();
    while rows.len() < halves {
        let targets: Vec<_> = ciphertexts.by_ref().take(targets).collect();
        rows.extend(ciphertexts.next().map(|weight| Rows { weight, targets }));
    }
    Ok(Block { samples: ciphertexts.collect(), rows })
}

/// How many ciphertexts a block of the job has.
pub(crate) fn block_ciphertexts<H: Head>(job: &Job<H>) -> usize {
    job.packing().halves() * (job.head().targets() + 1) + job.packing().diagonals()
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
    EncryptedHead::from_state(state)
}

impl EncryptedHead {
    /// The head that a training has come to: also one that ends before its last iteration.
    ///
    /// # Errors
    /// [`Error::Data`] without a single iteration.
    pub fn from_state(state: EncryptedState) -> Result<Self> {
        if state.iteration == 0 || state.parameters.is_empty() {
            return Err(Error::Data("the training did not run a single iteration".into()));
        }
        let EncryptedState { iteration, parameters, history, .. } = state;
        Ok(Self { iteration, parameters, history })
    }
}

/// Scores encrypted samples with an encrypted head, or with the state of a training that is under way: for each block the scores
/// of its samples, one ciphertext for each ([`Head::scores`]), complex if blocks are. What they are, only the data party can read
/// ([`crate::client::decrypt_scores`]).
///
/// Parameters that lack the levels are refreshed first where the job has a bootstrap.
///
/// # Errors
/// [`Error::Parameter`] if the job leaves no levels for scoring; [`Error::Shape`] on other parameters or samples.
pub fn score<H: Head>(
    engine: &Encrypted,
    job: &Job<H>,
    parameters: &[Ciphertext],
    blocks: &[Vec<Ciphertext>],
) -> Result<Vec<Vec<Ciphertext>>> {
    let Some(wanted) = job.spec().score_level else {
        return Err(Error::Parameter {
            name: "scoring",
            got: "a job that was planned without it".into(),
            expected: "a job whose request asks for scoring".into(),
        });
    };
    let expected = job.head().parameters(job.packing()).len();
    if parameters.len() != expected {
        return Err(Error::Shape { what: "parameters of the head", expected, got: parameters.len() });
    }
    let lacks_levels = parameters.iter().any(|p| p.level() < wanted.min(job.spec().entry_level));
    let refreshed = if lacks_levels && RefreshedMessage::of_job(job).is_some() {
        Some(refresh::state(engine, job, &State::from_parameters(parameters.to_vec()))?.parameters)
    } else {
        None
    };
    let parameters = refreshed.as_deref().unwrap_or(parameters);
    // keys for scoring reach up to the level that was planned for it
    let lowered: Vec<_> = parameters
        .iter()
        .map(|p| if p.level() > wanted { engine.drop_to(p, wanted) } else { Ok(p.clone()) })
        .collect::<Result<_>>()?;
    let parameters = &lowered;
    let one = |samples: &Vec<Ciphertext>| {
        let expected = job.packing().diagonals();
        if samples.len() != expected {
            return Err(Error::Shape { what: "slot vectors of a block", expected, got: samples.len() });
        }
        job.head().score(engine, job.packing(), samples, parameters)
    };
    engine.awake(|| blocks.iter().map(one).collect())
}

/// The state of a training that starts from the encrypted head of an earlier one, under the same key and for the same features.
///
/// # Errors
/// [`Error::Shape`] if the head is not one of the job's kind; [`Error::Level`] if it lacks levels and the job has no bootstrap.
pub fn warm_start<H: Head>(
    engine: &Encrypted,
    job: &Job<H>,
    earlier: &Job<H>,
    head: &EncryptedHead,
) -> Result<EncryptedState> {
    let (ours, theirs) = (job.head().parameters(job.packing()), earlier.head().parameters(earlier.packing()));
    let shape = |parameters: &[Parameter]| parameters.iter().map(|p| p.period).collect::<Vec<_>>();
    if shape(&ours) != shape(&theirs) || ours.len() != head.parameters.len() {
        return Err(Error::Shape {
            what: "parameters of the earlier head",
            expected: ours.len(),
            got: head.parameters.len(),
        });
    }
    let scale = Scale::power_of_two(job.spec().state_scale);
    let in_our_unit = |((ours, theirs), p): ((&Parameter, &Parameter), &Ciphertext)| {
        let factor = theirs.unit / ours.unit;
        if factor == 1.0 && *p.scale() == scale { Ok(p.clone()) } else { engine.mul_const(p, factor, &scale) }
    };
    let parameters =
        ours.iter().zip(&theirs).zip(&head.parameters).map(in_our_unit).collect::<Result<_>>()?;
    let mut state = State::from_parameters(parameters);
    let entry = job.spec().entry_level;
    if job.continues() {
        // the trainer refreshes it
        return match state.parameters.iter().map(Ciphertext::level).min().filter(|&level| level < entry) {
            Some(level) => {
                Err(Error::Level { operation: "continue an earlier training", needed: entry, level })
            }
            None => Ok(state),
        };
    }
    if state.parameters.iter().any(|p| p.level() < entry) {
        state = refresh::state(engine, job, &state)?;
    }
    let lowered = state.parameters.iter().map(|p| engine.drop_to(p, entry)).collect::<Result<_>>()?;
    Ok(State::from_parameters(lowered))
}
