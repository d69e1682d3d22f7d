//! The encrypted twin against the simulated one, through files, and refusals.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)]

mod common;

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;

use ckks::serial::Reader;
use ckks::{Ciphertext, EvaluationKeys, Parameters, SecretKey};
use common::{BreastCancer, agreement};
use fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys_in_memory};
use fhe_head::files::{Origin, Tag};
use fhe_head::trainer::{Snapshot, unobserved};
use fhe_head::twins::train_simulated;
use fhe_head::{
    Blocks, Degree, Error, Fit, Job, Logistic, Optimizer, Plan, Request, Samples, Scheme, Sigmoid, State,
    files, server,
};
use ndarray::{Array1, Array2};

/// A planned training on the breast cancer table, with its keys.
struct Run {
    scheme: Scheme,
    plan: Plan<Logistic>,
    samples: Samples,
    secret: SecretKey,
    keys: Arc<EvaluationKeys>,
    x_test: Array2<f64>,
}

/// How the runs differ.
struct Options {
    degree: Degree,
    optimizer: Optimizer,
    learning_rates: Vec<f64>,
    alpha: f64,
    /// Whether both classes weigh the same in all.
    balanced: bool,
    /// Mini-batches.
    batches: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            degree: Degree::Three,
            optimizer: Optimizer::GradientDescent,
            learning_rates: vec![0.4; 4],
            alpha: 0.0,
            balanced: false,
            batches: 1,
        }
    }
}

fn prepare(options: Options, parameters: Parameters) -> Run {
    let BreastCancer { train: (x, y), test: (x_test, _) } = BreastCancer::read();
    let malignant = y.sum() / y.len() as f64;
    let weight = |&y: &f64| match options.balanced {
        true => 0.5 / if y == 1.0 { malignant } else { 1.0 - malignant },
        false => 1.0,
    };
    let samples = Samples::new(&x.view(), &y.view(), &y.iter().map(weight).collect::<Array1<_>>().view());
    let scheme = Scheme::new(parameters);
    let sigmoid = Sigmoid::new(options.degree, 8.0, Fit::LeastSquares).unwrap();
    let request = Request {
        optimizer: options.optimizer,
        alpha: options.alpha,
        batches: options.batches,
        ..Request::new(Logistic::binary(sigmoid), x.nrows(), x.ncols(), options.learning_rates)
    };
    let plan = Plan::new(&scheme, &request).unwrap();
    let secret = SecretKey::generate(scheme.parameters()).unwrap();
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &plan.keys).unwrap());
    Run { scheme, plan, samples: samples.unwrap(), secret, keys, x_test }
}

/// The default training in a ring of 2^11. **Insecure.**
fn small() -> Run {
    prepare(Options::default(), ckks::presets::insecure_for_tests(11, 17).unwrap())
}

impl Run {
    fn blocks(&self) -> Vec<server::EncryptedBlock> {
        DataEncryptor::new(&self.secret, &self.plan, &self.samples).blocks().unwrap()
    }

    fn train(&self) -> Array1<f64> {
        let job = &self.plan.job;
        let head = server::train(self.keys.clone(), job, &self.blocks()).unwrap();
        assert_eq!(head.weights[0].level(), self.plan.final_level);
        decrypt_head(&self.secret, job, &head).unwrap().remove(0)
    }

    /// Trains and holds the result against the simulation's, its noise estimate included.
    fn check(&self) {
        let simulated = train_simulated(&self.plan, &self.scheme, &self.samples, None).unwrap();
        let weights = self.train();
        let expected = &simulated.weights[0];
        let errors = &weights - expected;
        let rms = (errors.mapv(|e| e * e).sum() / errors.len() as f64).sqrt();
        let ratio = rms / simulated.error_std;
        println!("rms error {rms:.2e}, {ratio:.2} of the estimate");
        assert!((0.1..4.0).contains(&ratio), "rms error {rms:.2e}, {ratio:.2} of the estimate");

        let largest = expected.iter().fold(0.0, |max: f64, w| max.max(w.abs()));
        assert!(errors.iter().all(|e| e.abs() < largest / 512.0));
        assert_eq!(agreement(&self.x_test, &weights, expected), 1.0);
    }
}

#[test]
fn gradient_descent_follows_the_simulation_on_a_small_insecure_ring() {
    small().check();
}

#[test]
fn every_option_follows_the_simulation_on_a_small_insecure_ring() {
    for (degree, optimizer) in [
        (Degree::Three, Optimizer::Momentum(0.5)),
        (Degree::Five, Optimizer::Nesterov(0.9)),
        (Degree::Seven, Optimizer::GradientDescent),
    ] {
        let learning_rates = vec![0.2; 3];
        let options = Options { degree, optimizer, learning_rates, alpha: 0.05, balanced: true, batches: 1 };
        // the smallest ring: the samples take several blocks
        prepare(options, ckks::presets::insecure_for_tests(10, 14).unwrap()).check();
    }
}

#[test]
fn gradient_descent_follows_the_simulation_at_128_bits() {
    prepare(Options::default(), ckks::presets::by_name("n15-l18").unwrap()).check();
}

/// However many blocks are kept in memory, the head is the same, bit for bit; what happens to the file meanwhile ends the training.
#[test]
fn blocks_may_stay_in_their_file() {
    let run = prepare(
        Options { batches: 3, ..Options::default() },
        ckks::presets::insecure_for_tests(10, 17).unwrap(),
    );
    let (job, parameters) = (&run.plan.job, run.scheme.parameters());
    let file = tempfile::NamedTempFile::new().unwrap();
    let encryptor = DataEncryptor::new(&run.secret, &run.plan, &run.samples);
    let origin = Origin::default();
    let data = files::write_data(Vec::new(), "data", &encryptor, &origin, |_| Ok::<_, Error>(())).unwrap();
    std::fs::write(file.path(), &data).unwrap();
    let length = data.len() as u64;
    let open = |length: u64| -> fhe_head::Result<files::DataOnDisk<Logistic>> {
        files::open_data(std::fs::File::open(file.path()).unwrap(), length, "data", parameters)
    };

    let reader = Reader::new(std::io::Cursor::new(data), "data").unwrap();
    let (_, _, in_memory, _): files::Data<Logistic> = files::read_data(reader, parameters).unwrap();
    assert!(in_memory.len() > 1, "{} blocks", in_memory.len());
    let train = |blocks: &dyn Blocks<Ciphertext>| server::train(run.keys.clone(), job, blocks);
    let written =
        |head: &server::EncryptedHead| files::write_head(Vec::new(), "head", job, &origin, head).unwrap();
    let expected = written(&train(&in_memory).unwrap());

    let (found, _, mut blocks, start) = open(length).unwrap();
    assert_eq!(&found, job);
    assert!(start.weights.is_empty());
    assert_eq!(blocks.keep(u64::MAX), in_memory.len());
    assert_eq!(written(&train(&blocks).unwrap()), expected);
    let some = blocks.keep(length * 3 / 2);
    assert!((1..in_memory.len()).contains(&some), "{some} blocks");
    assert_eq!(written(&train(&blocks).unwrap()), expected);
    assert_eq!(blocks.keep(0), 0);
    assert_eq!(written(&train(&blocks).unwrap()), expected);

    assert!(open(length - 1).is_err());
    std::fs::File::options().write(true).open(file.path()).unwrap().set_len(length / 2).unwrap();
    assert!(matches!(train(&blocks), Err(Error::File(_))));
}

#[test]
fn files_carry_a_training_that_can_be_interrupted() {
    let run = small();
    let (plan, parameters) = (&run.plan, run.scheme.parameters());
    let encryptor = DataEncryptor::new(&run.secret, plan, &run.samples);
    let origin = Origin { run: Tag([7; 16]), ..Origin::default() };
    let data = files::write_data(Vec::new(), "data", &encryptor, &origin, |_| Ok::<_, Error>(())).unwrap();
    let open = |bytes: &[u8]| Reader::new(std::io::Cursor::new(bytes.to_vec()), "file").unwrap();
    let (job, from, blocks, start): (Job<Logistic>, _, _, _) =
        files::read_data(open(&data), parameters).unwrap();
    assert_eq!((&job, &from), (&plan.job, &origin));
    assert!(start.weights.is_empty());

    // stop after each iteration and continue from the file: bit for bit the same head
    let mut states = Vec::new();
    let engine = server::engine(run.keys.clone(), &job).unwrap();
    let ControlFlow::Continue(whole) = server::resume(&engine, &job, &blocks, start, |state| {
        states.push(files::write_state(Vec::new(), "state", &job, &from, state)?);
        Ok::<_, Error>(ControlFlow::<Infallible>::Continue(()))
    })
    .unwrap();
    assert_eq!(states.len(), job.iterations());
    let whole = files::write_head(Vec::new(), "head", &job, &from, &whole).unwrap();
    for state in &states {
        let (job, from, state): (Job<Logistic>, _, _) = files::read_state(open(state), parameters).unwrap();
        let ControlFlow::Continue(head) = server::resume(&engine, &job, &blocks, state, unobserved).unwrap();
        assert_eq!(files::write_head(Vec::new(), "head", &job, &from, &head).unwrap(), whole);
    }
    let (job, _, head): (Job<Logistic>, _, _) = files::read_head(open(&whole), parameters).unwrap();
    decrypt_head(&run.secret, &job, &head).unwrap();

    // and what is wrong is refused
    let read_head = |reader, parameters: &Parameters| -> fhe_head::Result<(Job<Logistic>, _, _)> {
        files::read_head(reader, parameters)
    };
    assert!(matches!(read_head(open(&data), parameters), Err(Error::File(_))));
    let other = ckks::presets::insecure_for_tests(11, 16).unwrap();
    assert!(matches!(read_head(open(&whole), &other), Err(Error::File(_))));
    let mut altered = whole.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    assert!(matches!(read_head(open(&altered), parameters), Err(Error::File(_))));
    assert!(matches!(read_head(open(&whole[..middle]), parameters), Err(Error::File(_))));
    let stranger = SecretKey::generate(parameters).unwrap();
    assert!(matches!(decrypt_head(&stranger, &job, &head), Err(Error::Ckks(_))));

    // iterations beyond the plan, snapshots of the future
    let write = |head: &server::EncryptedHead| {
        open(&files::write_head(Vec::new(), "head", &job, &origin, head).unwrap())
    };
    for (iteration, history) in [(1 << 63, Vec::new()), (job.iterations() + 1, Vec::new()), (1, vec![3])] {
        let history =
            history.into_iter().map(|iteration| Snapshot { iteration, weights: head.weights.clone() });
        let head =
            server::EncryptedHead { iteration, weights: head.weights.clone(), history: history.collect() };
        assert!(matches!(read_head(write(&head), parameters), Err(Error::File(_))), "{iteration}");
    }
    // a head that its maker chose, and one that decrypts to the key
    let [c0, c1] = head.weights[0].polys().clone();
    let zero = c0.sub(&c0);
    for polys in [[c0, zero.clone()], [zero, c1]] {
        let weight = &head.weights[0];
        let chosen = Ciphertext::from_parts(parameters, weight.key_id(), polys, weight.scale().clone());
        let head = server::EncryptedHead { weights: vec![chosen.unwrap()], ..head.clone() };
        assert!(matches!(decrypt_head(&run.secret, &job, &head), Err(Error::Transparent)));
    }
}

/// An observer may stop a training; the value that it gives comes back in place of the head.
#[test]
fn an_observer_stops_a_training() {
    let run = small();
    let engine = server::engine(run.keys.clone(), &run.plan.job).unwrap();
    let outcome = server::resume(&engine, &run.plan.job, &run.blocks(), State::default(), |state| {
        let stop = state.iteration == 2;
        Ok::<_, Error>(if stop { ControlFlow::Break(state.iteration) } else { ControlFlow::Continue(()) })
    });
    assert!(matches!(outcome, Ok(ControlFlow::Break(2))));
}

#[test]
fn a_training_that_diverges_gives_an_error_and_no_head() {
    let run = small();
    // the same data under a job with a learning rate far too large
    let mut spec = run.plan.job.spec().clone();
    spec.learning_rates.iter_mut().for_each(|rate| *rate *= 50.0);
    let job = Job::new(spec).unwrap();
    let head = server::train(run.keys.clone(), &job, &run.blocks()).unwrap();
    let error = decrypt_head(&run.secret, &job, &head).unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error}");
    assert!(error.to_string().contains("iteration"), "{error}");
}

#[test]
fn a_missing_key_is_named() {
    let run = small();
    let mut keys = run.plan.keys.clone();
    let missing = *keys.rotations.keys().next().unwrap();
    keys.rotations.remove(&missing);
    let keys = Arc::new(evaluation_keys_in_memory(&run.secret, &keys).unwrap());
    let error = server::train(keys, &run.plan.job, &run.blocks()).unwrap_err();
    assert!(error.to_string().contains("no "), "{error}");
}
