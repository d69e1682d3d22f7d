//! A training of insecure parameters, small enough to be read some thousand times a second.

use std::sync::{Arc, OnceLock};

use fhe_head::ckks::{EvaluationKeys, Parameters, SecretKey, presets};
use fhe_head::client::{DataEncryptor, evaluation_keys_in_memory};
use fhe_head::server::{EncryptedBlock, EncryptedHead, EncryptedState};
use fhe_head::{
    BuiltIn, Degree, Fit, Logistic, Optimizer, Plan, Request, Samples, Scheme, Sigmoid, Softmax, SoftmaxForm,
};
use fhe_head::{Head as _, server};
use ndarray::{Array1, Array2};

/// Samples, features and iterations.
const SHAPE: (usize, usize, usize) = (40, 3, 2);

/// Both parties' things.
pub(super) struct Small {
    pub(super) parameters: Parameters,
    pub(super) plan: Plan,
    pub(super) samples: Samples,
    pub(super) x: Array2<f64>,
    pub(super) secret: SecretKey,
    pub(super) keys: Arc<EvaluationKeys>,
}

/// A training's results.
pub(super) struct Trained {
    pub(super) state: EncryptedState,
    pub(super) head: EncryptedHead,
}

impl Small {
    /// The one of this process.
    ///
    /// # Panics
    /// Never in practice: nothing of it comes from an input.
    pub(super) fn get() -> &'static Self {
        static SMALL: OnceLock<Small> = OnceLock::new();
        SMALL.get_or_init(|| Self::new().unwrap_or_else(|error| panic!("a small training: {error}")))
    }

    fn new() -> fhe_head::Result<Self> {
        let scheme = Scheme::new(presets::insecure_for_tests(10, 12)?);
        let plan = plan(&scheme, BuiltIn::Logistic(Logistic::binary(sigmoid()?)))?;
        let (rows, columns, _) = SHAPE;
        let x = Array2::from_shape_fn((rows, columns), |(i, j)| {
            ((i * (j + 3) * 37 + j) % 11) as f64 / 11.0 - 0.5
        });
        let y = Array1::from_shape_fn(rows, |i| (i % 2) as f64);
        let samples = Samples::new(&x.view(), &y.view(), &Array1::ones(rows).view())?;
        let parameters = scheme.parameters().clone();
        let secret = SecretKey::generate(&parameters)?;
        let keys = Arc::new(evaluation_keys_in_memory(&secret, &plan.keys)?);
        Ok(Self { parameters, plan, samples, x, secret, keys })
    }

    pub(super) fn encryptor(&self) -> DataEncryptor<'_, BuiltIn> {
        DataEncryptor::new(&self.secret, &self.plan, &self.samples)
    }

    /// Trains on the samples.
    ///
    /// # Errors
    /// None in practice.
    pub(super) fn train(&self) -> fhe_head::Result<Trained> {
        let blocks: Vec<EncryptedBlock> = self.encryptor().blocks()?;
        let engine = server::engine(self.keys.clone(), &self.plan.job)?;
        let mut kept = EncryptedState::default();
        let observe = |state: &EncryptedState| {
            if state.iteration == 1 {
                kept = state.clone();
            }
            Ok::<_, fhe_head::Error>(std::ops::ControlFlow::<()>::Continue(()))
        };
        let start = EncryptedState::default();
        match server::resume(&engine, &self.plan.job, &blocks, start, observe)? {
            std::ops::ControlFlow::Continue(head) => Ok(Trained { state: kept, head }),
            std::ops::ControlFlow::Break(()) => unreachable!("nobody stops it"),
        }
    }
}

/// Plans of each kind of head.
///
/// # Errors
/// None in practice.
pub(super) fn plans() -> fhe_head::Result<Vec<Plan>> {
    let scheme = Scheme::new(presets::insecure_for_tests(10, 24)?);
    let heads = [
        BuiltIn::Logistic(Logistic::binary(sigmoid()?)),
        BuiltIn::Logistic(Logistic::one_vs_rest(3, sigmoid()?)),
        BuiltIn::Logistic(Logistic::multi_label(2, sigmoid()?)),
        BuiltIn::Softmax(fhe_head::Multinomial::new(Softmax::new(3, SoftmaxForm::Two, 4.0)?)),
    ];
    heads.into_iter().map(|head| plan(&scheme, head)).collect()
}

fn plan(scheme: &Scheme, head: BuiltIn) -> fhe_head::Result<Plan> {
    let (samples, features, iterations) = SHAPE;
    head.check()?;
    let request = Request {
        optimizer: Optimizer::Nesterov(0.9),
        scoring: true,
        ..Request::new(head, samples, features, vec![1.0; iterations])
    };
    Plan::new(scheme, &request)
}

fn sigmoid() -> fhe_head::Result<Sigmoid> {
    Sigmoid::new(Degree::Three, 8.0, Fit::LeastSquares)
}
