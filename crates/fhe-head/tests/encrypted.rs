//! The encrypted twin against the simulated one, through files, and refusals.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use ckks::serial::Reader;
use ckks::{EvaluationKeys, Parameters, SecretKey};
use fhe_head::Error;
use fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys_in_memory};
use fhe_head::estimator::{LogisticRegression, Prepared};
use fhe_head::files;
use fhe_head::job::Job;
use fhe_head::labels::stratified_split;
use fhe_head::metrics::agreement;
use fhe_head::model::Head;
use fhe_head::server;
use fhe_head::twins::train_simulated;
use ndarray::{Array1, Array2};

struct Run {
    parameters: Parameters,
    prepared: Prepared,
    secret: SecretKey,
    keys: Arc<EvaluationKeys>,
    x_test: Array2<f64>,
}

fn prepare(options: LogisticRegression, parameters: Parameters) -> Run {
    let (x, y) = common::breast_cancer();
    let parts = common::split(&x, &y, &stratified_split(&y, 0.3, 0).unwrap());
    let (x_train, y_train) = &parts.train;
    let prepared =
        options.check().unwrap().prepare(&x_train.view(), &y_train.view(), &parameters, None).unwrap();
    let secret = SecretKey::generate(&parameters).unwrap();
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &prepared.plan.keys).unwrap());
    Run { parameters, prepared, secret, keys, x_test: parts.test.0 }
}

impl Run {
    fn train(&self) -> Array1<f64> {
        let job = &self.prepared.plan.job;
        let blocks =
            DataEncryptor::new(&self.secret, &self.prepared.plan, &self.prepared.samples).blocks().unwrap();
        let head = server::train(self.keys.clone(), job, &blocks, |_| Ok(())).unwrap();
        assert_eq!(head.parameters[0].level(), self.prepared.plan.final_level);
        decrypt_head(&self.secret, job, &head).unwrap().remove(0)
    }

    /// Trains and holds the result against the simulation's, its noise estimate included.
    fn check(&self) {
        let simulated =
            train_simulated(&self.prepared.plan, &self.parameters, None, &self.prepared.samples, None)
                .unwrap();
        let weights = self.train();
        let expected = &simulated.parameters[0];
        let errors = &weights - expected;
        let rms = (errors.mapv(|e| e * e).sum() / errors.len() as f64).sqrt();
        let ratio = rms / simulated.error_std;
        println!("rms error {rms:.2e}, {ratio:.2} of the estimate");
        assert!((0.1..4.0).contains(&ratio), "rms error {rms:.2e}, {ratio:.2} of the estimate");

        let largest = expected.iter().fold(0.0, |max: f64, w| max.max(w.abs()));
        assert!(errors.iter().all(|e| e.abs() < largest / 512.0));
        let probabilities = |weights: &Array1<f64>| {
            let head: Head = self.prepared.head(weights).unwrap();
            head.predict_proba(&self.x_test.view()).unwrap().to_vec()
        };
        assert_eq!(agreement(&probabilities(&weights), &probabilities(expected)), 1.0);
    }
}

#[test]
fn defaults_follow_the_simulation_on_a_small_insecure_ring() {
    prepare(LogisticRegression::default(), ckks::presets::insecure_for_tests(11, 17).unwrap()).check();
}

#[test]
fn every_option_follows_the_simulation_on_a_small_insecure_ring() {
    use fhe_head::features::Preprocessing;
    use fhe_head::labels::ClassWeight;
    use fhe_head::optimizer::Optimizer;
    use fhe_head::sigmoid::Degree;
    let options = |degree, optimizer| LogisticRegression {
        sigmoid_degree: Some(degree),
        optimizer: Some(optimizer),
        learning_rate: Some(0.2),
        max_iter: Some(3),
        alpha: 0.05,
        class_weight: ClassWeight::Balanced,
        preprocessing: Some(Preprocessing::Standardize),
        ..Default::default()
    };
    for (degree, optimizer) in [
        (Degree::Three, Optimizer::Momentum(0.5)),
        (Degree::Five, Optimizer::Nesterov(0.9)),
        (Degree::Seven, Optimizer::GradientDescent),
    ] {
        // the smallest ring: the samples take several blocks
        prepare(options(degree, optimizer), ckks::presets::insecure_for_tests(10, 14).unwrap()).check();
    }
}

#[test]
fn defaults_follow_the_simulation_at_128_bits() {
    prepare(LogisticRegression::default(), ckks::presets::by_name("n15-l18").unwrap()).check();
}

#[test]
fn files_carry_a_training_that_can_be_interrupted() {
    let run = prepare(LogisticRegression::default(), ckks::presets::insecure_for_tests(11, 17).unwrap());
    let plan = &run.prepared.plan;
    let encryptor = DataEncryptor::new(&run.secret, plan, &run.prepared.samples);
    let data = files::write_data(Vec::new(), "data", &encryptor, |_| Ok(())).unwrap();
    let open = |bytes: &[u8]| Reader::new(std::io::Cursor::new(bytes.to_vec()), "file").unwrap();
    let (job, blocks, start): (Job, _, _) = files::read_data(open(&data), &run.parameters).unwrap();
    assert_eq!(job, plan.job);
    assert!(start.parameters.is_empty());

    // stop after each iteration and continue from the file: bit for bit the same head
    let mut states = Vec::new();
    let whole = server::train(run.keys.clone(), &job, &blocks, |state| {
        states.push(files::write_state(Vec::new(), "state", &job, state)?);
        Ok(())
    })
    .unwrap();
    let whole = files::write_head(Vec::new(), "head", &job, &whole).unwrap();
    for state in &states {
        let (job, state): (Job, _) = files::read_state(open(state), &run.parameters).unwrap();
        let head = server::resume(run.keys.clone(), &job, &blocks, state, |_| Ok(())).unwrap();
        assert_eq!(files::write_head(Vec::new(), "head", &job, &head).unwrap(), whole);
    }
    let (job, head): (Job, _) = files::read_head(open(&whole), &run.parameters).unwrap();
    decrypt_head(&run.secret, &job, &head).unwrap();

    // and what is wrong is refused
    let read_head =
        |reader, parameters| -> fhe_head::Result<(Job, _)> { files::read_head(reader, parameters) };
    assert!(matches!(read_head(open(&data), &run.parameters), Err(Error::File(_))));
    let other = ckks::presets::insecure_for_tests(11, 16).unwrap();
    assert!(matches!(read_head(open(&whole), &other), Err(Error::File(_))));
    let mut altered = whole.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    assert!(matches!(read_head(open(&altered), &run.parameters), Err(Error::File(_))));
    assert!(matches!(read_head(open(&whole[..middle]), &run.parameters), Err(Error::File(_))));
    let stranger = SecretKey::generate(&run.parameters).unwrap();
    assert!(matches!(decrypt_head(&stranger, &job, &head), Err(Error::Ckks(_))));
}

#[test]
fn a_training_that_diverges_gives_an_error_and_no_head() {
    let run = prepare(LogisticRegression::default(), ckks::presets::insecure_for_tests(11, 17).unwrap());
    // the same data under a job with a learning rate far too large
    let mut spec = run.prepared.plan.job.spec().clone();
    spec.learning_rates.iter_mut().for_each(|rate| *rate *= 50.0);
    let job = Job::new(spec).unwrap();
    let blocks = DataEncryptor::new(&run.secret, &run.prepared.plan, &run.prepared.samples).blocks().unwrap();
    let head = server::train(run.keys.clone(), &job, &blocks, |_| Ok(())).unwrap();
    let error = decrypt_head(&run.secret, &job, &head).unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error}");
    assert!(error.to_string().contains("iteration"), "{error}");
}

#[test]
fn a_missing_key_is_named() {
    let run = prepare(LogisticRegression::default(), ckks::presets::insecure_for_tests(11, 17).unwrap());
    let plan = &run.prepared.plan;
    let mut keys = plan.keys.clone();
    let missing = *keys.rotations.keys().next().unwrap();
    keys.rotations.remove(&missing);
    let keys = Arc::new(evaluation_keys_in_memory(&run.secret, &keys).unwrap());
    let blocks = DataEncryptor::new(&run.secret, plan, &run.prepared.samples).blocks().unwrap();
    let error = server::train(keys, &plan.job, &blocks, |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("no "), "{error}");
}
