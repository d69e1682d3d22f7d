//! One iteration on random data, which `step`, `pass` and the bench `steps` repeat.

use std::sync::Arc;

use anyhow::ensure;
use ckks::{Ciphertext, SecretKey, presets};
use fhe_head::client::{DataEncryptor, evaluation_keys_in_memory};
use fhe_head::engine::Encrypted;
use fhe_head::functions::logistic;
use fhe_head::trainer::Trainer;
use fhe_head::{
    Block, BuiltIn, Fit, Logistic, Optimizer, Plan, Request, Samples, Scheme, Sigmoid, State, server,
};
use ndarray::{Array1, Array2};

use crate::random::Random;

/// The shape of the data, the head and the parameter set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape<'a> {
    pub(crate) samples: usize,
    /// Number of columns, including the constant one for the intercept.
    pub(crate) features: usize,
    pub(crate) classes: usize,
    /// Degree of the polynomial that approximates the sigmoid.
    pub(crate) degree: usize,
    /// Default: n15-boot-l6 with a refresh, n15-l18 without.
    pub(crate) preset: Option<&'a str>,
    /// Start the iteration with a bootstrap of the state, if the parameter set has one.
    pub(crate) refresh: bool,
}

/// Everything that an iteration needs, in memory.
pub(crate) struct Workload {
    pub(crate) scheme: Scheme,
    /// The plan of a training whose last iteration is the measured one.
    pub(crate) plan: Plan,
    pub(crate) key_bytes: usize,
    engine: Encrypted,
    blocks: Vec<Block<Ciphertext>>,
    state: State<Ciphertext>,
}

impl Workload {
    /// Makes keys, encrypts data and trains up to the measured iteration.
    ///
    /// # Errors
    /// The shape is too small, the parameter set is unknown, or the library refuses the work.
    pub(crate) fn new(shape: Shape<'_>) -> anyhow::Result<Self> {
        let Shape { samples: rows, features, classes, degree, preset, refresh } = shape;
        ensure!(
            features >= 2 && rows >= 2 && classes >= 2,
            "at least two samples, two columns and two classes are needed"
        );
        let default = if refresh { "n15-boot-l6" } else { "n15-l18" };
        let scheme = Scheme::new(presets::by_name(preset.unwrap_or(default))?);
        let scheme = if refresh { scheme } else { scheme.with_contract(None) };
        let samples = random_samples(rows, features - 1, classes)?;
        let sigmoid = Sigmoid::new(degree.try_into()?, 8.0, Fit::default())?;
        // The first iteration starts from zero weights and is cheaper, so a later one is measured.
        let head = BuiltIn::Logistic(match classes {
            2 => Logistic::binary(sigmoid),
            classes => Logistic::one_vs_rest(classes, sigmoid),
        });
        let request = |iterations| Request {
            optimizer: Optimizer::NesterovSchedule,
            ..Request::new(head.clone(), rows, features - 1, vec![1.0; iterations])
        };
        let plan_of = |iterations| Plan::new(&scheme, &request(iterations));
        // The second one without a refresh, otherwise the first one that refreshes.
        let most = if scheme.contract().is_some() { 8 } else { 2 };
        let measured = plan_of(most)?.job.spec().refresh_before.first().copied().unwrap_or(1);
        let plan = plan_of(measured + 1)?;
        let secret = SecretKey::generate(scheme.parameters())?;
        let keys = evaluation_keys_in_memory(&secret, &plan.keys)?;
        let key_bytes = keys.memory_bytes();
        let blocks = DataEncryptor::new(&secret, &plan, &samples).blocks()?;
        let engine = server::engine(Arc::new(keys), &plan.job)?;
        let trainer = Trainer::new(&engine, &plan.job, &blocks)?;
        let state = (0..measured).try_fold(State::default(), |state, _| trainer.iterate(state))?;
        Ok(Self { scheme, plan, key_bytes, engine, blocks, state })
    }

    /// Runs the measured iteration.
    ///
    /// # Errors
    /// The library refuses the work.
    pub(crate) fn iterate(&self) -> anyhow::Result<State<Ciphertext>> {
        let trainer = Trainer::new(&self.engine, &self.plan.job, &self.blocks)?;
        Ok(trainer.iterate(self.state.clone())?)
    }
}

/// Approximately normal features, and labels that depend on them.
fn random_samples(n: usize, features: usize, classes: usize) -> anyhow::Result<Samples> {
    let mut random = Random::new(1);
    let scale = 1.0 / (features as f64).sqrt();
    let x = Array2::from_shape_simple_fn((n, features), || scale * random.normal());
    // sums are approximately standard normal: the logistic function spreads them over the classes
    let class = |row: ndarray::ArrayView1<'_, f64>| (logistic(1.7 * row.sum()) * classes as f64).floor();
    let y: Array1<f64> = x.rows().into_iter().map(class).collect();
    Ok(Samples::new(&x.view(), &y.view(), &Array1::ones(n).view())?)
}
