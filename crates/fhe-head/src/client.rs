//! The data party: makes keys, encrypts samples, decrypts the head.

use std::collections::BTreeSet;

use ckks::keys::{KeyPurpose, conjugation_element, galois_element};
use ckks::{Complex64, KeyId, Parameters, Scale, SeededCiphertext};
use ckks::{Decryptor, Encoder, EvaluationKeys, KeyGenerator, SecretEncryptor, SecretKey, SecureRng};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;

use crate::engine::Slots;
use crate::engine::trace::KeyLevels;
use crate::error::{Error, Result};
use crate::features::with_intercept;
use crate::head::{Head, Parameter};
use crate::heads::BuiltIn;
use crate::job::Job;
use crate::packing::untile;
use crate::plan::Plan;
use crate::samples::{PackedBlock, Samples};
use crate::server::{EncryptedBlock, EncryptedHead, EncryptedState, block_from_ciphertexts};
use crate::trainer::State;
use crate::twins;

/// What a ciphertext of the data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// `Y_i` of a block.
    Samples(usize),
    /// Row weights of a half of a block.
    Weights {
        /// 0, or 1 for the samples in the imaginary parts.
        half: usize,
    },
    /// Targets of a half of a block.
    Targets {
        /// 0, or 1 for the samples in the imaginary parts.
        half: usize,
        /// Which of the head's targets.
        target: usize,
    },
}

/// The keys that a plan asks for, made one at a time: `sink` may write each and let it go.
///
/// # Errors
/// [`Error::Ckks`] if a key would lie outside the security table; errors of `sink`.
pub fn evaluation_keys(
    secret: &SecretKey,
    keys: &KeyLevels,
    mut sink: impl FnMut(ckks::SwitchingKey) -> Result<()>,
) -> Result<()> {
    let parameters = secret.parameters();
    let mut generator = KeyGenerator::new(secret)?;
    let bootstrap = match keys.refresh {
        Some(message) => message.plan(parameters)?.keys(),
        None => BTreeSet::new(),
    };
    // A key that the bootstrap has at the same level serves the training too; the bootstrap depends on its shape.
    let shared =
        |purpose, level| bootstrap.iter().any(|key| key.purpose == purpose && key.shape.level == level);
    if let Some(level) = keys.relinearisation
        && !shared(KeyPurpose::Relinearisation, level)
    {
        sink(generator.relinearisation_key(parameters.key_shape(level))?)?;
    }
    let log_n = parameters.literal().log_n;
    let rotations = keys.rotations.iter().map(|(&step, &level)| (galois_element(log_n, step as i64), level));
    let conjugation = keys.conjugation.map(|level| (conjugation_element(log_n), level));
    for (g, level) in rotations.chain(conjugation) {
        if !shared(KeyPurpose::Galois(g), level) {
            sink(generator.galois_key(g, parameters.key_shape(level))?)?;
        }
    }
    if !bootstrap.is_empty() {
        let mut rng = SecureRng::from_os().map_err(ckks::Error::from)?;
        ckks_boot::bootstrap::generate_keys(&bootstrap, secret, &mut generator, &mut rng, sink)?;
    }
    Ok(())
}

/// The keys that a plan asks for, in memory.
///
/// # Errors
/// As [`evaluation_keys`].
pub fn evaluation_keys_in_memory(secret: &SecretKey, keys: &KeyLevels) -> Result<EvaluationKeys> {
    let mut set = EvaluationKeys::new(secret.parameters(), secret.key_id());
    evaluation_keys(secret, keys, |key| Ok(set.insert(key)?))?;
    Ok(set)
}

/// Encrypts samples for a plan.
pub struct DataEncryptor<'a, H: Head = BuiltIn> {
    secret: &'a SecretKey,
    encoder: Encoder,
    plan: &'a Plan<H>,
    samples: &'a Samples,
    start: Option<&'a [Array1<f64>]>,
}

impl<'a, H: Head> DataEncryptor<'a, H> {
    /// An encryptor of `samples` under `secret`.
    pub fn new(secret: &'a SecretKey, plan: &'a Plan<H>, samples: &'a Samples) -> Self {
        Self { secret, encoder: Encoder::new(secret.parameters()), plan, samples, start: None }
    }

    /// The same with parameters that the training starts from, which travel with the data
    /// ([`crate::files::write_data`]): see [`Self::initial_state`].
    #[must_use]
    pub fn with_start(self, start: Option<&'a [Array1<f64>]>) -> Self {
        Self { start, ..self }
    }

    /// The job that the data is for.
    pub fn job(&self) -> &Job<H> {
        &self.plan.job
    }

    /// The parameter set.
    pub fn parameters(&self) -> &Parameters {
        self.secret.parameters()
    }

    /// Id of the secret key.
    pub fn key_id(&self) -> KeyId {
        self.secret.key_id()
    }

    /// The ciphertexts of one block, in the order of [`Item`]s of [`Self::items`].
    ///
    /// # Errors
    /// [`Error::Shape`] if the plan is for other data; [`Error::Ckks`] on values that do not fit.
    pub fn block(&self, block: usize) -> Result<Vec<SeededCiphertext>> {
        self.ciphertexts(block, &self.items())
    }

    /// Some of the ciphertexts of one block.
    ///
    /// # Errors
    /// As [`Self::block`].
    pub fn ciphertexts(&self, block: usize, items: &[Item]) -> Result<Vec<SeededCiphertext>> {
        let packed = self.samples.block(self.plan.job.packing(), block)?;
        items.par_iter().map(|&item| self.encrypt(&packed, item)).collect()
    }

    /// What the ciphertexts of a block are: targets and row weights of each half, then the samples' slot vectors.
    pub fn items(&self) -> Vec<Item> {
        let job = &self.plan.job;
        let targets = |half| (0..job.head().targets()).map(move |target| Item::Targets { half, target });
        let rows = (0..job.packing().halves()).flat_map(|half| targets(half).chain([Item::Weights { half }]));
        rows.chain((0..job.packing().diagonals()).map(Item::Samples)).collect()
    }

    /// All blocks in memory, as the compute party has them after loading.
    ///
    /// # Errors
    /// As [`Self::block`].
    pub fn blocks(&self) -> Result<Vec<EncryptedBlock>> {
        (0..self.plan.job.packing().blocks())
            .map(|block| {
                let expanded = self.block(block)?.into_par_iter().map(SeededCiphertext::expand).collect();
                block_from_ciphertexts(&self.plan.job, expanded)
            })
            .collect()
    }

    /// The encrypted state of a training that starts from these parameters: one period of each, in the head's order. Those of an
    /// earlier training; random ones ([`Head::initial`]); or those after a first iteration that the data party did in the
    /// clear, which spares the compute party a pass and two levels.
    ///
    /// # Errors
    /// [`Error::Shape`] on other parameters; [`Error::OutsideInterval`] if one exceeds its unit.
    pub fn initial_state(&self, parameters: &[Array1<f64>]) -> Result<EncryptedState> {
        let State { parameters, .. } = self.seeded_state(Some(parameters))?;
        Ok(State::from_parameters(parameters.into_par_iter().map(SeededCiphertext::expand).collect()))
    }

    /// The vectors of the state to start from ([`Self::with_start`]); none if it starts from zero.
    ///
    /// # Errors
    /// As [`Self::initial_state`].
    pub fn start(&self) -> Result<Vec<SeededCiphertext>> {
        Ok(self.seeded_state(self.start)?.parameters)
    }

    fn seeded_state(&self, parameters: Option<&[Array1<f64>]>) -> Result<State<SeededCiphertext>> {
        twins::state(self.plan, parameters, |slots, level, scale| self.encrypt_slots(&slots, level, &scale))
    }

    fn encrypt(&self, packed: &PackedBlock<'_>, item: Item) -> Result<SeededCiphertext> {
        let (spec, levels) = (self.plan.job.spec(), self.plan.levels);
        let (slots, level, scale) = match item {
            Item::Samples(i) => (packed.diagonal(i), levels.samples, spec.data_scale),
            Item::Weights { half } => (packed.weights(half), levels.weights, spec.row_scale),
            Item::Targets { half, target } => {
                (packed.targets(&spec.head, half, target), levels.targets, spec.row_scale)
            }
        };
        self.encrypt_slots(&slots, level, &Scale::power_of_two(scale))
    }

    fn encrypt_slots(&self, slots: &Slots, level: usize, scale: &Scale) -> Result<SeededCiphertext> {
        encrypt(self.secret, &self.encoder, slots, level, scale)
    }
}

fn encrypt(
    secret: &SecretKey,
    encoder: &Encoder,
    slots: &Slots,
    level: usize,
    scale: &Scale,
) -> Result<SeededCiphertext> {
    let plaintext = match slots.imaginary() {
        None => encoder.encode(slots.real(), level, scale)?,
        Some(imaginary) => {
            let numbers = slots.real().iter().zip(imaginary).map(|(&re, &im)| Complex64::new(re, im));
            encoder.encode_complex(&numbers.collect::<Vec<_>>(), level, scale)?
        }
    };
    let mut rng = SecureRng::from_os().map_err(ckks::Error::from)?;
    Ok(SecretEncryptor::new(secret).encrypt(&plaintext, &mut rng)?)
}

/// Weights beyond this (in their units) come from a training that left its interval: the planner leaves room for less
/// than this.
const LARGEST_WEIGHT: f64 = 8.0;
/// Tiles of one weight agree up to noise, which is far below this.
const TILE_TOLERANCE: f64 = 1.0 / 64.0;

/// Decrypts the parameters of a head, one period of each. Those over the features have the constant one's last.
///
/// # Errors
/// [`Error::Diverged`] if the training left the interval of its approximations so far that the head is garbage;
/// [`Error::Ckks`] under another key.
pub fn decrypt_head<H: Head>(
    secret: &SecretKey,
    job: &Job<H>,
    head: &EncryptedHead,
) -> Result<Vec<Array1<f64>>> {
    let parameters = job.head().parameters(job.packing());
    if parameters.len() != head.parameters.len() {
        let (expected, got) = (parameters.len(), head.parameters.len());
        return Err(Error::Shape { what: "parameters of the head", expected, got });
    }
    let (decryptor, encoder) = (Decryptor::new(secret), Encoder::new(secret.parameters()));
    let read = |(parameter, ciphertext): (&Parameter, &ckks::Ciphertext)| -> Result<Vector> {
        let slots = encoder.decode(&decryptor.decrypt(ciphertext)?, job.packing().slots())?;
        let weights = untile(&slots, parameter.period);
        let larger = |max: f64, x: f64| if x.is_nan() { f64::INFINITY } else { max.max(x.abs()) };
        let largest = slots.iter().fold(0.0, |max, slot| larger(max, *slot));
        let differences = slots.iter().zip(weights.iter().cycle()).map(|(slot, mean)| slot - mean);
        let spread = differences.fold(0.0, larger);
        Ok(Vector { weights: Array1::from_vec(weights) * parameter.unit, largest, spread })
    };
    let vectors = parameters.iter().zip(&head.parameters).map(read).collect::<Result<Vec<_>>>()?;
    let Some((bad, parameter)) = vectors.iter().zip(&parameters).find(|(vector, _)| vector.is_garbage())
    else {
        return Ok(vectors.into_iter().map(|vector| vector.weights).collect());
    };
    let (mut good, mut first_bad) = (0, head.iteration);
    for snapshot in &head.history {
        let vectors = parameters.iter().zip(&snapshot.parameters).map(read).collect::<Result<Vec<_>>>()?;
        if vectors.iter().any(Vector::is_garbage) {
            first_bad = snapshot.iteration;
            break;
        }
        good = snapshot.iteration;
    }
    let when = match first_bad - good {
        1 => format!("in iteration {first_bad}"),
        _ => format!("between iterations {} and {first_bad}", good + 1),
    };
    Err(Error::Diverged { when, largest: bad.largest * parameter.unit.abs(), spread: bad.spread })
}

/// A decrypted parameter.
struct Vector {
    weights: Array1<f64>,
    /// In its unit.
    largest: f64,
    /// Largest difference between the copies of one weight.
    spread: f64,
}

impl Vector {
    /// Whether no training within its intervals leaves this.
    fn is_garbage(&self) -> bool {
        self.largest >= LARGEST_WEIGHT || self.spread > TILE_TOLERANCE
    }
}

/// Encrypts samples (rows, in the feature space of the training, without the constant feature) for scoring: the slot vectors of
/// each block.
///
/// # Errors
/// [`Error::Parameter`] if the job leaves no levels for scoring; [`Error::Shape`] on more features than it has.
pub fn encrypt_for_scoring<H: Head>(
    secret: &SecretKey,
    job: &Job<H>,
    x: &ArrayView2<'_, f64>,
) -> Result<Vec<Vec<SeededCiphertext>>> {
    let (spec, features) = (job.spec(), job.packing().features());
    let Some(level) = spec.score_level else {
        return Err(Error::Parameter {
            name: "scoring",
            got: "a job that was planned without it".into(),
            expected: "a job whose request asks for scoring".into(),
        });
    };
    if x.ncols() >= features {
        return Err(Error::Shape { what: "features", expected: features - 1, got: x.ncols() });
    }
    let packing = job.packing().for_samples(x.nrows());
    let (encoder, padded) = (Encoder::new(secret.parameters()), with_intercept(x, features));
    let scale = Scale::power_of_two(spec.data_scale);
    padded
        .axis_chunks_iter(Axis(0), packing.block_samples())
        .map(|rows| {
            let diagonals = (0..packing.diagonals()).into_par_iter();
            let encrypt = |i| encrypt(secret, &encoder, &packing.diagonal_slots(&rows, i), level, &scale);
            diagonals.map(encrypt).collect()
        })
        .collect()
}

/// Decrypts the scores of the first `samples` samples: samples by scores (logits of a classifier).
///
/// # Errors
/// [`Error::Shape`] on other numbers of ciphertexts; [`Error::ScoresDiverged`] if they are garbage, or of samples far from those of
/// the training; [`Error::Ckks`] under another key.
pub fn decrypt_scores<H: Head>(
    secret: &SecretKey,
    job: &Job<H>,
    samples: usize,
    scores: &[Vec<ckks::Ciphertext>],
) -> Result<Array2<f64>> {
    let (packing, unit) = (job.packing(), job.head().score_unit());
    let outputs = job.head().scores();
    let blocks = ("blocks of scores", samples.div_ceil(packing.block_samples()), scores.len());
    for (what, expected, got) in
        [blocks].into_iter().chain(scores.iter().map(|block| ("scores of a block", outputs, block.len())))
    {
        if expected != got {
            return Err(Error::Shape { what, expected, got });
        }
    }
    let (decryptor, encoder) = (Decryptor::new(secret), Encoder::new(secret.parameters()));
    let mut result = Array2::zeros((samples, outputs));
    for (mut part, block) in result.axis_chunks_iter_mut(Axis(0), packing.block_samples()).zip(scores) {
        for (mut column, ciphertext) in part.columns_mut().into_iter().zip(block) {
            let slots = encoder.decode_complex(&decryptor.decrypt(ciphertext)?, packing.slots())?;
            let rows = slots.iter().step_by(packing.columns());
            // samples beyond the rows are in the imaginary parts
            let numbers = rows.clone().map(|slot| slot.re).chain(rows.map(|slot| slot.im));
            for (score, number) in column.iter_mut().zip(numbers) {
                *score = unit * number;
            }
        }
    }
    expect_scores(&result, unit)?;
    Ok(result)
}

/// Refuses scores beyond anything that a training within its intervals leaves: as far out as its weights may lie.
fn expect_scores(scores: &Array2<f64>, half_width: f64) -> Result<()> {
    let larger = |max: f64, x: &f64| if x.is_nan() { f64::INFINITY } else { max.max(x.abs()) };
    let largest = scores.iter().fold(0.0, larger);
    if largest < LARGEST_WEIGHT * half_width.abs() {
        return Ok(());
    }
    Err(Error::ScoresDiverged { largest, half_width })
}
