//! Encrypted twin: ciphertexts and evaluation keys. It cannot name a secret key.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ckks::{Ciphertext, Encoder, EvaluationKeys, Evaluator, Parameters, Scale, Tensor, threads};
use ckks_boot::{RealBootstrapper, Values};

use super::exchange::Exchange;
use super::operations::{Operations, Sums};
use crate::collective::{Alone, Collective, Share};
use crate::error::{Error, Result};
use crate::scheme::RefreshedMessage;

/// Arithmetic on ciphertexts.
#[derive(Clone, Debug)]
pub struct Encrypted {
    evaluator: Evaluator,
    encoder: Encoder,
    bootstrapper: Option<Arc<RealBootstrapper>>,
    collective: Arc<dyn Collective>,
    /// Nanoseconds spent in refreshes, of all clones.
    refreshing: Arc<AtomicU64>,
}

impl Encrypted {
    /// An engine with these evaluation keys, which cannot bootstrap.
    pub fn new(keys: Arc<EvaluationKeys>) -> Self {
        Self::with(Evaluator::new(keys), None)
    }

    fn with(evaluator: Evaluator, bootstrapper: Option<RealBootstrapper>) -> Self {
        let encoder = Encoder::new(evaluator.parameters());
        Self {
            evaluator,
            encoder,
            bootstrapper: bootstrapper.map(Arc::new),
            collective: Arc::new(Alone),
            refreshing: Arc::default(),
        }
    }

    /// The engine of a process that trains together with others.
    #[must_use]
    pub fn with_others(mut self, collective: Arc<dyn Collective>) -> Self {
        self.collective = collective;
        self
    }

    fn exchange(&self) -> Exchange<'_> {
        Exchange { collective: &*self.collective, keys: self.keys() }
    }

    /// An engine that bootstraps messages of this shape. It converts the keys that only the bootstrap uses; if `keys` has no other
    /// owner, their memory is freed. [`Self::keys`] are the remaining ones.
    ///
    /// # Errors
    /// Those of [`RefreshedMessage::plan`]; [`Error::Boot`] if a key is missing.
    pub fn bootstrapping(keys: Arc<EvaluationKeys>, message: RefreshedMessage) -> Result<Self> {
        let bootstrapper = RealBootstrapper::new(message.plan(keys.parameters())?, keys)?;
        Ok(Self::with(bootstrapper.evaluator().clone(), Some(bootstrapper)))
    }

    /// The evaluation keys, without those that only the bootstrap uses.
    pub fn keys(&self) -> &EvaluationKeys {
        self.evaluator.keys()
    }

    /// The parameter set.
    pub fn parameters(&self) -> &Parameters {
        self.evaluator.parameters()
    }

    /// Whether a bootstrap takes two real vectors at once.
    fn refreshes_pairs(&self) -> bool {
        self.bootstrapper.as_ref().is_some_and(|it| it.plan().packing().values == Values::Pair)
    }

    /// Bootstraps a value. The results have its scale.
    fn bootstrap<const PARTS: usize>(
        &self,
        a: &Ciphertext,
        run: impl Fn(&RealBootstrapper, &Ciphertext) -> Result<[Ciphertext; PARTS]>,
    ) -> Result<[Ciphertext; PARTS]> {
        let Some(bootstrapper) = &self.bootstrapper else {
            return Err(Error::NoBootstrapping { level: a.level() });
        };
        let start = Instant::now();
        // small values at a larger scale fill the bootstrap's range when read at the unit's scale
        let parts = run(bootstrapper, &a.clone().with_scale(self.refresh_unit()))?;
        self.refreshing.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        Ok(parts.map(|part| part.with_scale(a.scale().clone())))
    }

    /// Time spent in refreshes so far, by all clones of the engine.
    pub fn refresh_time(&self) -> Duration {
        Duration::from_nanos(self.refreshing.load(Ordering::Relaxed))
    }
}

/// Half the value of a ciphertext, by doubling its scale.
fn halved(a: Ciphertext) -> Ciphertext {
    let scale = a.scale().mul_power_of_two(1);
    a.with_scale(scale)
}

impl Operations for Encrypted {
    type Value = Ciphertext;
    type Sum = Tensor;

    fn awake<R: Send>(&self, computation: impl FnOnce() -> R + Send) -> R {
        threads::awake(computation)
    }

    fn share(&self) -> Share {
        self.collective.share()
    }

    fn total(&self, part: Option<Sums<Self>>) -> Result<Sums<Self>> {
        if self.share() == Share::WHOLE {
            return part.ok_or_else(|| Error::Data("a batch without blocks".into()));
        }
        let (products, values) = part.map(|part| (part.products, part.values)).unzip();
        let exchange = self.exchange();
        Ok(Sums { products: exchange.sums(products)?, values: exchange.sums(values)? })
    }

    fn of_rank(&self, from: usize, values: Option<Vec<Ciphertext>>) -> Result<Vec<Ciphertext>> {
        self.exchange().broadcast(from, values)
    }

    fn slots(&self) -> usize {
        self.parameters().slots()
    }

    fn level(&self, a: &Ciphertext) -> usize {
        a.level()
    }

    fn scale(&self, a: &Ciphertext) -> Scale {
        a.scale().clone()
    }

    fn rescale_factor(&self, level: usize) -> Scale {
        self.parameters().rescale_factor(level)
    }

    fn add(&self, a: &Ciphertext, b: &Ciphertext) -> Result<Ciphertext> {
        Ok(self.evaluator.add(a, b)?)
    }

    fn sub(&self, a: &Ciphertext, b: &Ciphertext) -> Result<Ciphertext> {
        Ok(self.evaluator.sub(a, b)?)
    }

    fn neg(&self, a: &Ciphertext) -> Result<Ciphertext> {
        Ok(self.evaluator.neg(a))
    }

    fn add_const(&self, a: &Ciphertext, c: f64) -> Result<Ciphertext> {
        Ok(self.evaluator.add_const(a, c))
    }

    fn mul_const(&self, a: &Ciphertext, c: f64, out: &Scale) -> Result<Ciphertext> {
        Ok(self.evaluator.mul_const_to(a, c, out)?)
    }

    fn mul_vec(&self, a: &Ciphertext, v: &[f64], out: &Scale) -> Result<Ciphertext> {
        let factor = out.mul(&self.rescale_factor(a.level())).div(a.scale());
        let plaintext = self.encoder.encode(v, a.level(), &factor)?;
        Ok(self.evaluator.rescale(&self.evaluator.mul_plain(a, &plaintext)?)?)
    }

    fn mul_i(&self, a: &Ciphertext) -> Result<Ciphertext> {
        Ok(self.evaluator.mul_i(a))
    }

    fn parts(&self, a: &Ciphertext) -> Result<(Ciphertext, Ciphertext)> {
        let conjugate = self.evaluator.conjugate(a)?;
        // a - conj(a) is 2 i times the imaginary part
        let imaginary = self.evaluator.mul_i(&self.evaluator.sub(&conjugate, a)?);
        Ok((halved(self.evaluator.add(a, &conjugate)?), halved(imaginary)))
    }

    fn real_part(&self, a: &Ciphertext) -> Result<Ciphertext> {
        Ok(halved(self.evaluator.add(a, &self.evaluator.conjugate(a)?)?))
    }

    fn accumulate(&self, sum: Option<Tensor>, terms: &[(&Ciphertext, &Ciphertext)]) -> Result<Tensor> {
        let products = self.evaluator.tensor_sum(terms)?;
        match sum {
            None => Ok(products),
            Some(mut sum) => {
                self.evaluator.add_tensor_assign(&mut sum, &products)?;
                Ok(sum)
            }
        }
    }

    fn finish(&self, sum: Tensor) -> Result<Ciphertext> {
        Ok(self.evaluator.relinearise_rescale(&sum)?)
    }

    fn rotate(&self, a: &Ciphertext, k: isize) -> Result<Ciphertext> {
        Ok(self.evaluator.rotate(a, k as i64)?)
    }

    fn rotate_many(&self, a: &Ciphertext, steps: &[isize]) -> Result<Vec<Ciphertext>> {
        let steps: Vec<i64> = steps.iter().map(|&k| k as i64).collect();
        Ok(self.evaluator.rotate_many(a, &steps)?)
    }

    fn drop_to(&self, a: &Ciphertext, level: usize) -> Result<Ciphertext> {
        Ok(self.evaluator.drop_to(a, level)?)
    }

    fn refresh(
        &self,
        weights: &Ciphertext,
        momentum: Option<&Ciphertext>,
    ) -> Result<(Ciphertext, Option<Ciphertext>)> {
        match momentum {
            Some(momentum) => {
                let both = self.evaluator.add(weights, &self.evaluator.mul_i(momentum))?;
                let (weights, momentum) = self.refresh_parts(&both)?;
                Ok((weights, Some(momentum)))
            }
            None if self.refreshes_pairs() => Ok((self.refresh_parts(weights)?.0, None)),
            None => {
                let [weights] = self.bootstrap(weights, |bootstrapper, a| Ok([bootstrapper.refresh(a)?]))?;
                Ok((weights, None))
            }
        }
    }

    fn refresh_parts(&self, a: &Ciphertext) -> Result<(Ciphertext, Ciphertext)> {
        let [real, imaginary] =
            self.bootstrap(a, |bootstrapper, a| Ok(bootstrapper.refresh_parts(a)?.into()))?;
        Ok((real, imaginary))
    }

    fn refresh_level(&self) -> usize {
        self.bootstrapper.as_ref().map_or(0, |it| it.contract().level_before)
    }

    fn refresh_unit(&self) -> Scale {
        self.parameters().default_scale()
    }
}
