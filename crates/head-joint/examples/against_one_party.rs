//! Three parties beside one that has all the data: time and bytes of the same training, with the same iterations.
//!
//! ```sh
//! cargo run --release -p head-joint --example against_one_party                # 3 x 650 samples of 384 features
//! cargo run --release -p head-joint --example against_one_party -- 384 650 4   # 4 iterations
//! ```
//!
//! The one party uses the parameter set of three, with a secret of its own (seeds for half of keys and data), and then `n15-l18`. Times of
//! a step are those of one party on this machine; each of the three has a machine of its own, as a hospital has.

#[path = "../tests/common/mod.rs"]
mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use ckks_threshold::{
    CommonRandomness, Contribution, Ledger, Protocol, RelinearisationSum, SecretShare, Sum,
    relinearisation_key,
};
use fhe_head::ckks::serial::file_bytes;
use fhe_head::ckks::{EvaluationKeys, ParametersLiteral, PublicKey, SecretDistribution, SecretKey, presets};
use fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys_in_memory};
use fhe_head::{Scheme, server};
use head_fit::{Classifier, Data, Training};
use head_joint::{Choices, Finished, Terms, finish, first_share};
use ndarray::{Array1, Axis, concatenate};

type Result<T> = head_joint::Result<T>;

/// Repeats; the shortest time of a step counts.
const REPEATS: usize = 3;
const PARTIES: usize = 3;

/// Seconds of each step.
#[derive(Clone, Copy, Default)]
struct Steps {
    keys: Duration,
    encrypt: Duration,
    /// Adding up shares.
    add: Duration,
    train: Duration,
    decrypt: Duration,
}

impl Steps {
    fn all(&self) -> f64 {
        (self.keys + self.encrypt + self.add + self.train + self.decrypt).as_secs_f64()
    }

    fn shorter(self, other: Self) -> Self {
        Self {
            keys: self.keys.min(other.keys),
            encrypt: self.encrypt.min(other.encrypt),
            add: self.add.min(other.add),
            train: self.train.min(other.train),
            decrypt: self.decrypt.min(other.decrypt),
        }
    }

    fn say(&self, who: &str, bytes: usize) {
        println!(
            "{who}: keys {:.2}, encrypt {:.2}, add shares {:.2}, train {:.2}, decrypt {:.2}: {:.2} s; {} MB",
            self.keys.as_secs_f64(),
            self.encrypt.as_secs_f64(),
            self.add.as_secs_f64(),
            self.train.as_secs_f64(),
            self.decrypt.as_secs_f64(),
            self.all(),
            bytes / 1_000_000
        );
    }
}

fn timed<T>(into: &mut Duration, run: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let result = run();
    *into += begun.elapsed();
    result
}

/// The shares of all parties, of which the first one's time counts, added up.
fn added(
    steps: &mut Steps,
    mut sum: Sum,
    share: impl Fn(usize) -> Result<ckks_threshold::Share>,
) -> Result<Sum> {
    for party in 0..PARTIES {
        let mut of_others = Duration::ZERO;
        let share = timed(if party == 0 { &mut steps.keys } else { &mut of_others }, || share(party))?;
        timed(&mut steps.add, || sum.add(&share))?;
    }
    Ok(sum)
}

fn joint(terms: &Terms, data: &[Data<'_>]) -> Result<Steps> {
    let mut steps = Steps::default();
    let session = terms.session(&[0; 32], 0)?;
    let contributions = (0..PARTIES).map(|_| Ok(Contribution::generate()?)).collect::<Result<Vec<_>>>()?;
    let commitments: Vec<_> =
        contributions.iter().enumerate().map(|(party, one)| one.commitment(&session, party)).collect();
    let common = CommonRandomness::finish(&session, &commitments, &contributions)?;
    let secrets =
        (0..PARTIES).map(|party| Ok(SecretShare::generate(&session, party)?)).collect::<Result<Vec<_>>>()?;
    let mut keys = EvaluationKeys::new(terms.parameters(), common.key_id());
    let mut public: Option<PublicKey> = None;
    for protocol in terms.first_round() {
        let sum = Sum::new(&session, protocol)?;
        let sum = added(&mut steps, sum, |party| first_share(&secrets[party], &common, protocol))?;
        match timed(&mut steps.add, || finish(&session, &common, sum))? {
            Finished::Public(key) => public = Some(key),
            Finished::Evaluation(key) => keys.insert(key).map_err(fhe_head::Error::from)?,
            Finished::Relinearisation(first) => {
                let Some(second) = terms.second_round() else { continue };
                let sum = Sum::new(&session, second)?;
                let share = |party: usize| -> Result<_> {
                    let first: &RelinearisationSum = &first;
                    Ok(secrets[party].relinearisation_two(&common, first)?)
                };
                let sum = added(&mut steps, sum, share)?;
                let key = timed(&mut steps.add, || relinearisation_key(&session, &common, first, sum))?;
                keys.insert(key).map_err(fhe_head::Error::from)?;
            }
        }
    }
    let Some(public) = public else { return Err(head_joint::Error::Terms("no public key".into())) };
    let mut blocks = Vec::new();
    for (party, data) in data.iter().enumerate() {
        let samples = terms.samples(party, data)?;
        let encryptor = DataEncryptor::new(&public, terms.plan(), &samples).of_part(terms.part(party)?)?;
        let mut of_others = Duration::ZERO;
        let into = if party == 0 { &mut steps.encrypt } else { &mut of_others };
        blocks.extend(timed(into, || encryptor.blocks())?);
    }
    let head = timed(&mut steps.train, || server::train(Arc::new(keys), &terms.plan().job, &blocks))?;
    let set: Vec<usize> = (0..PARTIES).collect();
    timed(&mut steps.decrypt, || {
        let release = terms.release(&session, &set, &[0; 32], &head)?;
        let share = |secret: &SecretShare| secret.decryption_share(&release, &mut Ledger::default());
        let shares = secrets.iter().map(|secret| Ok(share(secret)?)).collect::<Result<Vec<_>>>()?;
        terms.open(&release, &shares)
    })?;
    Ok(steps)
}

fn alone(training: &Training) -> Result<Steps> {
    let (mut steps, plan) = (Steps::default(), &training.plan);
    let secret = SecretKey::generate(training.scheme.parameters()).map_err(fhe_head::Error::from)?;
    let keys = timed(&mut steps.keys, || evaluation_keys_in_memory(&secret, &plan.keys))?;
    let encryptor = DataEncryptor::new(&secret, plan, &training.samples);
    let blocks = timed(&mut steps.encrypt, || encryptor.blocks())?;
    let head = timed(&mut steps.train, || server::train(Arc::new(keys), &plan.job, &blocks))?;
    timed(&mut steps.decrypt, || decrypt_head(&secret, &plan.job, &head))?;
    Ok(steps)
}

fn repeated(run: impl Fn() -> Result<Steps>) -> Result<Steps> {
    (1..REPEATS).try_fold(run()?, |steps, _| Ok(steps.shorter(run()?)))
}

/// Bytes that one of the parties sends at most: shares of all keys, and its data.
fn of_a_party(terms: &Terms) -> Result<usize> {
    let parameters = terms.parameters();
    let share = |protocol: Protocol| protocol.polys() * file_bytes(parameters, protocol.basis(parameters));
    let shares: usize = terms.first_round().into_iter().chain(terms.second_round()).map(share).sum();
    let blocks = (0..terms.parties()).map(|party| Ok(terms.part(party)?.count));
    let most = blocks.collect::<Result<Vec<_>>>()?.into_iter().max().unwrap_or(0);
    Ok(shares + terms.plan().sizes.upload_bytes / terms.plan().job.packing().blocks() * most)
}

fn main() -> Result<()> {
    let mut numbers = std::env::args().skip(1).map(|word| {
        word.parse::<usize>().map_err(|_| head_joint::Error::Data(format!("{word:?} is no number")))
    });
    let features = numbers.next().unwrap_or(Ok(384))?;
    let samples = numbers.next().unwrap_or(Ok(650))?;
    let max_iter = Some(numbers.next().unwrap_or(Ok(3))?);
    let three = presets::joint(PARTIES as u32)?;
    let (public_x, public_y) = common::patients(1, 700, features, 0.4);
    let public = Data::new(public_x.view(), public_y.view())?;
    let options = Classifier { max_iter, ..Classifier::default() };
    let method = options.prepare_on(&Scheme::new(three.clone()), &public, None)?;
    let terms = Terms::new(&method, &[samples; PARTIES], Choices::default())?;

    let hospitals: Vec<_> =
        (0..3).map(|party| common::patients(10 + party, samples, features, 0.4)).collect();
    let data: Vec<_> =
        hospitals.iter().map(|(x, y)| Ok(Data::new(x.view(), y.view())?)).collect::<Result<_>>()?;
    println!("{PARTIES} x {samples} x {features}, {} iterations; seconds", terms.plan().job.iterations());
    let (ours, sent) = (repeated(|| joint(&terms, &data))?, of_a_party(&terms)?);
    ours.say(&format!("three parties, {}", three.name()), sent);

    let views: Vec<_> = hospitals.iter().map(|(x, _)| x.view()).collect();
    let x = concatenate(Axis(0), &views).map_err(|error| head_joint::Error::Data(error.to_string()))?;
    let y: Array1<f64> = hospitals.iter().flat_map(|(_, y)| y.iter().copied()).collect();
    let union = Data::new(x.view(), y.view())?;
    let own = ParametersLiteral {
        name: "the same set".into(),
        secret: SecretDistribution::Ternary,
        ..three.literal().clone()
    };
    let own = own.check().map_err(fhe_head::Error::from)?;
    for parameters in [own, presets::by_name("n15-l18").map_err(fhe_head::Error::from)?] {
        let training = match method.options.prepare_on(&Scheme::new(parameters.clone()), &union, None) {
            Ok(training) => training,
            Err(error) => {
                println!("one party, {}: {error}", parameters.name());
                continue;
            }
        };
        let steps = repeated(|| alone(&training))?;
        let bytes = training.plan.sizes.key_file_bytes + training.plan.sizes.upload_bytes;
        steps.say(&format!("one party, {}", parameters.name()), bytes);
        println!(
            "  three parties take {:.2} times as long to train, {:.2} times with keys, encryption and decryption; each sends {:.2} times as much",
            ours.train.as_secs_f64() / steps.train.as_secs_f64(),
            ours.all() / steps.all(),
            sent as f64 / bytes as f64
        );
    }
    Ok(())
}
