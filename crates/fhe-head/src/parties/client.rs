//! The data party: makes keys, encrypts samples, decrypts heads and scores.

use std::collections::BTreeSet;
use std::ops::Range;

use ckks::serial::FileKind;
use ckks::{
    Ciphertext, Complex64, Decryptor, Encoder, EvaluationKeys, FreshCiphertext, KeyGenerator, KeyId,
    KeyPurpose, Parameters, PublicEncryptor, PublicKey, Scale, SecretEncryptor, SecretKey, SecureRng,
    SwitchingKey,
};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::growing::{BlockParts, BlockSource};
use super::manifest;
use super::origin::Origin;
use super::part::Part;
use super::server::{EncryptedBlock, EncryptedHead, EncryptedState};
use super::start::starting_state;
use crate::engine::{KeyLevels, Slots};
use crate::error::{Error, Result};
use crate::heads::{BuiltIn, Head, WeightVector};
use crate::job::Job;
use crate::packing::{Item, Packing, untile};
use crate::plan::Plan;
use crate::samples::{Features, PackedBlock, SampleView};
use crate::trainer::State;

/// Makes the evaluation keys of a plan one at a time. `sink` gets each and may write and drop it, so memory holds one key.
///
/// # Errors
/// [`Error::Ckks`] if a key would lie outside the security table; errors of `sink`.
pub fn evaluation_keys<X: From<Error>>(
    secret: &SecretKey,
    keys: &KeyLevels,
    mut sink: impl FnMut(SwitchingKey) -> Result<(), X>,
) -> Result<(), X> {
    let parameters = secret.parameters();
    let mut generator = KeyGenerator::new(secret).map_err(Error::from)?;
    let bootstrap = match keys.refresh {
        Some(message) => message.plan(parameters)?.keys(),
        None => BTreeSet::new(),
    };
    // A key of the bootstrap at the same level serves the training too. The reverse fails: the bootstrap needs its own key shape.
    let own = || bootstrap.iter().filter(|key| !key.raised);
    let shared = |purpose, level| own().any(|key| key.purpose == purpose && key.shape.level == level);
    for (purpose, shape) in keys.shapes(parameters) {
        if !shared(purpose, shape.level) {
            let key = match purpose {
                KeyPurpose::Galois(g) => generator.galois_key(g, shape),
                _ => generator.relinearisation_key(shape),
            };
            sink(key.map_err(Error::from)?)?;
        }
    }
    if !bootstrap.is_empty() {
        let mut rng = SecureRng::from_os().map_err(ckks::Error::from).map_err(Error::from)?;
        let sink = |key| sink(key).map_err(OfSink);
        ckks_boot::generate_keys(&bootstrap, secret, &mut generator, &mut rng, sink)
            .map_err(|OfSink(error)| error)?;
    }
    Ok(())
}

/// An error of the caller's sink. Key generation for the bootstrap converts its own errors to it.
struct OfSink<X>(X);

impl<X: From<Error>> From<ckks_boot::Error> for OfSink<X> {
    fn from(error: ckks_boot::Error) -> Self {
        Self(Error::from(error).into())
    }
}

/// Makes the evaluation keys of a plan in memory.
///
/// # Errors
/// Those of [`evaluation_keys`].
pub fn evaluation_keys_in_memory(secret: &SecretKey, keys: &KeyLevels) -> Result<EvaluationKeys> {
    let mut set = EvaluationKeys::new(secret.parameters(), secret.key_id());
    evaluation_keys(secret, keys, |key| Ok::<_, Error>(set.insert(key)?))?;
    Ok(set)
}

/// What data are encrypted with.
#[derive(Clone, Copy)]
pub enum EncryptionKey<'a> {
    /// The secret key of the only data party.
    Secret(&'a SecretKey),
    /// The public key of several data parties, none of whom holds the secret.
    Public(&'a PublicKey),
}

impl<'a> From<&'a SecretKey> for EncryptionKey<'a> {
    fn from(key: &'a SecretKey) -> Self {
        Self::Secret(key)
    }
}

impl<'a> From<&'a PublicKey> for EncryptionKey<'a> {
    fn from(key: &'a PublicKey) -> Self {
        Self::Public(key)
    }
}

impl EncryptionKey<'_> {
    fn parameters(&self) -> &Parameters {
        match self {
            Self::Secret(key) => key.parameters(),
            Self::Public(key) => key.parameters(),
        }
    }

    fn key_id(&self) -> KeyId {
        match self {
            Self::Secret(key) => key.key_id(),
            Self::Public(key) => key.key_id(),
        }
    }

    /// Encrypts the slot vector at `place`: what it is for, and which one of these it is.
    fn encrypt(
        &self,
        encoder: &Encoder,
        (kind, position): (&str, usize),
        slots: &Slots,
        level: usize,
        scale: &Scale,
    ) -> Result<FreshCiphertext> {
        let plaintext = match slots.imaginary() {
            None => encoder.encode(slots.real(), level, scale)?,
            Some(imaginary) => {
                let numbers = slots.real().iter().zip(imaginary).map(|(&re, &im)| Complex64::new(re, im));
                encoder.encode_complex(&numbers.collect::<Vec<_>>(), level, scale)?
            }
        };
        let mut rng = SecureRng::from_os().map_err(ckks::Error::from)?;
        Ok(match self {
            Self::Secret(key) => {
                let encryptor = SecretEncryptor::new(key).labelled(kind, position as u64);
                FreshCiphertext::Seeded(encryptor.encrypt(&plaintext, &mut rng)?)
            }
            Self::Public(key) => {
                FreshCiphertext::Full(PublicEncryptor::new(key).encrypt(&plaintext, &mut rng)?)
            }
        })
    }
}

/// Encrypts samples for a plan.
pub struct DataEncryptor<'a, H: Head = BuiltIn> {
    key: EncryptionKey<'a>,
    encoder: Encoder,
    plan: &'a Plan<H>,
    samples: SampleView<'a>,
    part: Option<Part>,
    start: Option<&'a [Array1<f64>]>,
}

impl<'a, H: Head> DataEncryptor<'a, H> {
    /// An encryptor of `samples`.
    pub fn new(
        key: impl Into<EncryptionKey<'a>>,
        plan: &'a Plan<H>,
        samples: impl Into<SampleView<'a>>,
    ) -> Self {
        let (key, samples) = (key.into(), samples.into());
        let encoder = Encoder::new(key.parameters()).private();
        Self { key, encoder, plan, samples, part: None, start: None }
    }

    /// The same encryptor for one party's part of the data. `samples` are those of the party.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the job has no such blocks, or deals its samples into batches.
    pub fn of_part(self, part: Part) -> Result<Self> {
        part.check(self.plan.job.packing())?;
        Ok(Self { part: Some(part), ..self })
    }

    /// The part of the data that the samples are; `None` if they are all.
    pub fn part(&self) -> Option<Part> {
        self.part
    }

    /// The blocks that are encrypted.
    fn blocks_of_part(&self) -> Range<usize> {
        match self.part {
            Some(part) => part.blocks(),
            None => 0..self.plan.job.packing().blocks(),
        }
    }

    /// The same encryptor, with initial weights to encrypt beside the data ([`crate::files::write_data`]). For their form see
    /// [`Self::initial_state`].
    #[must_use]
    pub fn with_start(self, start: Option<&'a [Array1<f64>]>) -> Self {
        Self { start, ..self }
    }

    /// The job that the data are for.
    pub fn job(&self) -> &Job<H> {
        &self.plan.job
    }

    /// The parameter set.
    pub fn parameters(&self) -> &Parameters {
        self.key.parameters()
    }

    /// Id of the secret key.
    pub fn key_id(&self) -> KeyId {
        self.key.key_id()
    }

    /// The samples of one block.
    ///
    /// # Errors
    /// [`Error::Shape`] if the plan is for data of another shape; errors of [`crate::Features::rows`].
    pub fn packed(&self, block: usize) -> Result<PackedBlock<'a>> {
        let packing = self.plan.job.packing();
        match self.part {
            Some(part) => part.block(packing, self.samples, block),
            None => self.samples.block(packing, block),
        }
    }

    /// Encrypts some items of block `block` ([`Job::layout`] lists all), each at the level and scale of the plan ([`Plan::encoding`]).
    ///
    /// # Errors
    /// [`Error::Ckks`] on values that do not fit the modulus.
    pub fn ciphertexts(
        &self,
        block: usize,
        packed: &PackedBlock<'_>,
        items: &[Item],
    ) -> Result<Vec<FreshCiphertext>> {
        let encrypt = |&item: &Item| {
            let (level, scale) = self.plan.encoding(item);
            let slots = packed.slots(self.plan.job.head(), item);
            let place = (&*format!("data, {item:?}"), block);
            self.key.encrypt(&self.encoder, place, &slots, level, &scale)
        };
        items.par_iter().map(encrypt).collect()
    }

    /// Encrypts all blocks, or those of the part, in memory, in the form in which the compute party has them after loading.
    ///
    /// # Errors
    /// Those of [`Self::packed`] and [`Self::ciphertexts`].
    pub fn blocks(&self) -> Result<Vec<EncryptedBlock>> {
        let layout = self.plan.job.layout();
        self.blocks_of_part()
            .map(|block| {
                let fresh = self.ciphertexts(block, &self.packed(block)?, &layout.items())?;
                layout.assemble(fresh.into_par_iter().map(FreshCiphertext::expand).collect())
            })
            .collect()
    }

    /// The encrypted state of a training that starts from these weights ([`Job::to_vectors`]). They may come from an earlier training, be random ([`Head::initial`]), or be the result of a first iteration in the clear, which saves the
    /// compute party a pass and two levels.
    ///
    /// # Errors
    /// [`Error::Shape`] if they are not those of the head; [`Error::OutsideInterval`] if one exceeds eight times its unit.
    pub fn initial_state(&self, weights: &[Array1<f64>]) -> Result<EncryptedState> {
        let State { weights, .. } = self.fresh_state(Some(weights))?;
        Ok(State::from_weights(weights.into_par_iter().map(FreshCiphertext::expand).collect()))
    }

    /// The encrypted initial weights ([`Self::with_start`]); empty if the training starts from zero.
    ///
    /// # Errors
    /// Those of [`Self::initial_state`].
    pub fn start(&self) -> Result<Vec<FreshCiphertext>> {
        Ok(self.fresh_state(self.start)?.weights)
    }

    fn fresh_state(&self, weights: Option<&[Array1<f64>]>) -> Result<State<FreshCiphertext>> {
        starting_state(&self.plan.job, weights, |slots, level, scale| {
            self.key.encrypt(&self.encoder, ("start", 0), &slots, level, &scale)
        })
    }
}

impl<H: Head> BlockSource for DataEncryptor<'_, H> {
    fn kind(&self) -> FileKind {
        manifest::DATA
    }

    fn parameters(&self) -> &Parameters {
        self.key.parameters()
    }

    fn key_id(&self) -> KeyId {
        self.key.key_id()
    }

    fn blocks(&self) -> Range<usize> {
        self.blocks_of_part()
    }

    fn block_length(&self) -> usize {
        self.plan.job.layout().count()
    }

    fn block(&self, block: usize) -> Result<BlockParts<'_>> {
        let (packed, items) = (self.packed(block)?, self.plan.job.layout().items());
        Ok(Box::new(move |part| {
            let got = part.end;
            let items = items.get(part).ok_or(Error::Shape {
                what: "ciphertexts of a block",
                expected: items.len(),
                got,
            })?;
            self.ciphertexts(block, &packed, items)
        }))
    }

    fn behind(&self) -> Result<Vec<FreshCiphertext>> {
        self.start()
    }

    fn metadata(&self, origin: &Origin, behind: bool, name: &str) -> Result<Vec<u8>> {
        manifest::data_metadata(&self.plan.job, self.part(), origin, behind, name)
    }
}

/// Weights in their units stay below this, as far as the planner leaves room for them. Larger ones come from a training that left its
/// interval.
const LARGEST_WEIGHT: f64 = 8.0;
/// Largest difference between the tiles of a weight. Noise is far smaller.
const TILE_TOLERANCE: f64 = 1.0 / 64.0;

/// Decrypts the weights of a head, in its order: for each output of a layer the weights of the features, those of padding too, then the
/// intercept; one period of each other vector.
///
/// # Errors
/// [`Error::Diverged`] if the training left the interval of its approximations so far that the head is garbage; [`Error::Shape`] if
/// the head has another number of vectors; [`Error::Transparent`] if a vector is not encrypted; [`Error::Ckks`] under another key.
pub fn decrypt_head<H: Head>(
    secret: &SecretKey,
    job: &Job<H>,
    head: &EncryptedHead,
) -> Result<Vec<Array1<f64>>> {
    let vectors = vectors_of(job, head)?;
    let (decryptor, encoder) = (Decryptor::new(secret), Encoder::new(secret.parameters()));
    let read = |(vector, ciphertext): (&WeightVector, &Ciphertext)| -> Result<Decrypted> {
        expect_hidden(ciphertext)?;
        let slots = encoder.decode(&decryptor.decrypt(ciphertext)?, job.packing().slots())?;
        let weights = untile(&slots, vector.period);
        let larger = |max: f64, x: f64| if x.is_nan() { f64::INFINITY } else { max.max(x.abs()) };
        let largest = slots.iter().fold(0.0, |max, slot| larger(max, *slot));
        let differences = slots.iter().zip(weights.iter().cycle()).map(|(slot, mean)| slot - mean);
        let spread = differences.fold(0.0, larger);
        Ok(Decrypted { weights: Array1::from_vec(weights) * vector.unit.value(), largest, spread })
    };
    let decrypted = vectors.iter().zip(&head.weights).map(read).collect::<Result<Vec<_>>>()?;
    let Some((bad, vector)) = decrypted.iter().zip(&vectors).find(|(one, _)| one.is_garbage()) else {
        return Ok(job.from_vectors(&decrypted.into_iter().map(|one| one.weights).collect::<Vec<_>>()));
    };
    let (mut good, mut first_bad) = (0, head.iteration);
    for snapshot in &head.history {
        let decrypted = vectors.iter().zip(&snapshot.weights).map(read).collect::<Result<Vec<_>>>()?;
        if decrypted.iter().any(Decrypted::is_garbage) {
            first_bad = snapshot.iteration;
            break;
        }
        good = snapshot.iteration;
    }
    let when = match first_bad - good {
        0 | 1 => format!("in iteration {first_bad}"),
        _ => format!("between iterations {} and {first_bad}", good + 1),
    };
    Err(Error::Diverged { when, largest: bad.largest * vector.unit.value().abs(), spread: bad.spread })
}

/// The vectors of a head, if it has as many as its job.
fn vectors_of<H: Head>(job: &Job<H>, head: &EncryptedHead) -> Result<Vec<WeightVector>> {
    let vectors = job.weights();
    if vectors.len() == head.weights.len() {
        return Ok(vectors);
    }
    Err(Error::Shape { what: "weights of the head", expected: vectors.len(), got: head.weights.len() })
}

/// What is decrypted of a head by several parties: its vectors, each with its period.
///
/// # Errors
/// [`Error::Shape`] if the head has another number of vectors; [`Error::Transparent`] if a vector is not encrypted.
pub fn joint_release<H: Head>(job: &Job<H>, head: &EncryptedHead) -> Result<Vec<(Ciphertext, usize)>> {
    let vectors = vectors_of(job, head)?;
    head.weights.iter().try_for_each(expect_hidden)?;
    Ok(head.weights.iter().cloned().zip(vectors.iter().map(|vector| vector.period)).collect())
}

/// The weights of a head that several parties decrypted, from one period of each vector, in the form that [`decrypt_head`] gives.
///
/// # Errors
/// [`Error::Shape`] on other vectors; [`Error::Diverged`] if the weights cannot come from a training inside its intervals.
pub fn joint_weights<H: Head>(job: &Job<H>, decrypted: &[Vec<Complex64>]) -> Result<Vec<Array1<f64>>> {
    let vectors = job.weights();
    let expected: usize = vectors.iter().map(|vector| vector.period).sum();
    let got = decrypted.iter().map(Vec::len).sum();
    let fits = |(vector, slots): (&WeightVector, &Vec<Complex64>)| vector.period == slots.len();
    if vectors.len() != decrypted.len() || !vectors.iter().zip(decrypted).all(fits) {
        return Err(Error::Shape { what: "decrypted weights", expected, got });
    }
    let larger = |max: f64, x: &Complex64| if x.re.is_nan() { f64::INFINITY } else { max.max(x.re.abs()) };
    for (vector, slots) in vectors.iter().zip(decrypted) {
        let largest = slots.iter().fold(0.0, larger);
        if largest >= LARGEST_WEIGHT {
            let largest = largest * vector.unit.value().abs();
            return Err(Error::Diverged { when: "during the training".into(), largest, spread: 0.0 });
        }
    }
    let weights = vectors.iter().zip(decrypted).map(|(vector, slots)| {
        slots.iter().map(|slot| slot.re * vector.unit.value()).collect::<Array1<f64>>()
    });
    Ok(job.from_vectors(&weights.collect::<Vec<_>>()))
}

/// Refuses a ciphertext with a constant polynomial, such as 0. No computation on fresh ciphertexts gives one: without a second
/// polynomial its message is in the clear, chosen by whoever made it, and `(0, 1)` decrypts to the key. (One who makes ciphertexts can
/// hide such a thing, so this stops accidents alone.)
fn expect_hidden(ciphertext: &Ciphertext) -> Result<()> {
    let constant = ciphertext.polys().iter().any(|poly| {
        (0..poly.basis().limbs()).all(|limb| {
            // the transform of a constant is that constant everywhere
            let mut words = poly.rows(limb).flatten();
            let first = words.next();
            words.all(|word| Some(word) == first)
        })
    });
    if constant { Err(Error::Transparent) } else { Ok(()) }
}

/// A decrypted weight vector.
struct Decrypted {
    weights: Array1<f64>,
    /// Largest absolute weight, in its unit.
    largest: f64,
    /// Largest difference between a copy of a weight and the mean of all copies.
    spread: f64,
}

impl Decrypted {
    /// Whether the weights cannot come from a training inside its intervals.
    fn is_garbage(&self) -> bool {
        self.largest >= LARGEST_WEIGHT || self.spread > TILE_TOLERANCE
    }
}

/// Encrypts samples for scoring, block by block.
pub struct SampleEncryptor<'a, H: Head = BuiltIn> {
    secret: &'a SecretKey,
    encoder: Encoder,
    job: &'a Job<H>,
    samples: &'a dyn Features,
    packing: Packing,
    level: usize,
}

impl<'a, H: Head> SampleEncryptor<'a, H> {
    /// An encryptor of samples in the feature space of the training.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the job leaves no levels for scoring; [`Error::Shape`] if the samples have more features than the job.
    pub fn new(secret: &'a SecretKey, job: &'a Job<H>, samples: &'a dyn Features) -> Result<Self> {
        let most = job.packing().most_features();
        let Some(level) = job.spec().score_level else {
            return Err(Error::Parameter {
                name: "scoring",
                got: "a job that was planned without it".into(),
                expected: "a job whose request asks for scoring".into(),
            });
        };
        if samples.columns() > most {
            return Err(Error::Shape { what: "features", expected: most, got: samples.columns() });
        }
        let packing = job.packing().for_samples(samples.samples());
        let encoder = Encoder::new(secret.parameters()).private();
        Ok(Self { secret, encoder, job, samples, packing, level })
    }
}

impl<H: Head> BlockSource for SampleEncryptor<'_, H> {
    fn kind(&self) -> FileKind {
        manifest::SAMPLES
    }

    fn parameters(&self) -> &Parameters {
        self.secret.parameters()
    }

    fn key_id(&self) -> KeyId {
        self.secret.key_id()
    }

    fn blocks(&self) -> Range<usize> {
        0..self.packing.blocks()
    }

    fn block_length(&self) -> usize {
        self.packing.diagonals()
    }

    fn block(&self, block: usize) -> Result<BlockParts<'_>> {
        let (length, all) = (self.packing.block_samples(), self.samples.samples());
        let [start, end] = [block, block + 1].map(|block| (block * length).min(all));
        let rows = self.samples.rows(start..end)?;
        let scale = Scale::power_of_two(self.job.spec().data_scale);
        let encrypt = move |i| {
            let place = ("samples to score", block * self.packing.diagonals() + i);
            let slots = self.packing.diagonal_slots(&rows.view(), i);
            EncryptionKey::Secret(self.secret).encrypt(&self.encoder, place, &slots, self.level, &scale)
        };
        Ok(Box::new(move |diagonals| diagonals.into_par_iter().map(&encrypt).collect()))
    }

    fn behind(&self) -> Result<Vec<FreshCiphertext>> {
        Ok(Vec::new())
    }

    fn metadata(&self, origin: &Origin, _: bool, name: &str) -> Result<Vec<u8>> {
        manifest::sample_metadata(self.job, origin, name)
    }
}

/// Encrypts samples for scoring in memory: the slot vectors of each block. The rows of `x` are in the feature space of the training,
/// without the constant feature.
///
/// # Errors
/// Those of [`SampleEncryptor`].
pub fn encrypt_for_scoring<H: Head>(
    secret: &SecretKey,
    job: &Job<H>,
    x: &ArrayView2<'_, f64>,
) -> Result<Vec<Vec<FreshCiphertext>>> {
    let source = SampleEncryptor::new(secret, job, x)?;
    source.blocks().map(|block| source.block(block)?(0..source.block_length())).collect()
}

/// Decrypts the scores of `samples` samples: samples by scores (the logits of a classifier).
///
/// # Errors
/// [`Error::Shape`] on another number of ciphertexts; [`Error::ScoresDiverged`] if the scores are garbage, or belong to samples far from
/// those of the training; [`Error::Transparent`] if a score is not encrypted; [`Error::Ckks`] under another key.
pub fn decrypt_scores<H: Head>(
    secret: &SecretKey,
    job: &Job<H>,
    samples: usize,
    scores: &[Vec<Ciphertext>],
) -> Result<Array2<f64>> {
    let (packing, unit) = (job.packing(), job.head().score_unit().value());
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
            expect_hidden(ciphertext)?;
            let slots = encoder.decode_complex(&decryptor.decrypt(ciphertext)?, packing.slots())?;
            let rows = slots.iter().step_by(packing.columns());
            // samples of the second half are in the imaginary parts
            let numbers = rows.clone().map(|slot| slot.re).chain(rows.map(|slot| slot.im));
            for (score, number) in column.iter_mut().zip(numbers) {
                *score = unit * number;
            }
        }
    }
    expect_scores(&result, unit)?;
    Ok(result)
}

/// Rejects scores too large for a training inside its intervals. The bound is that of the weights.
fn expect_scores(scores: &Array2<f64>, half_width: f64) -> Result<()> {
    let larger = |max: f64, x: &f64| if x.is_nan() { f64::INFINITY } else { max.max(x.abs()) };
    let largest = scores.iter().fold(0.0, larger);
    if largest < LARGEST_WEIGHT * half_width.abs() {
        return Ok(());
    }
    Err(Error::ScoresDiverged { largest, half_width })
}
