//! Operations on vectors of `S = N/2` slots, at the granularity of CKKS. Slots are real, except where two samples share one
//! ([`crate::packing`]).

use crate::collective::Share;
use crate::error::{Error, Result};
use ckks::Scale;

/// What a process sums over the blocks of a batch, and then all processes of a training together ([`Operations::total`]).
#[derive(Debug)]
pub struct Sums<E: Operations> {
    /// Sums of products before relinearisation.
    pub products: Vec<E::Sum>,
    /// Sums of values.
    pub values: Vec<E::Value>,
}

/// The operations of an engine.
///
/// Operands of a binary operation may be at different levels; the result is at the lower one, or one below for products. Scales are
/// exact, and sums require equal ones. Operations fail with [`Error::Level`] where levels are missing, with [`Error::Scale`] on unequal
/// scales, and without a key that they need; [`Plain`](super::Plain) has none of these limits.
pub trait Operations: Sync {
    /// A ciphertext, or its counterpart.
    type Value: Clone + Send + Sync + 'static;
    /// A sum of products before relinearisation.
    type Sum: Send + 'static;

    /// Runs a computation of many operations. An engine whose operations share threads keeps these awake meanwhile.
    fn awake<R: Send>(&self, computation: impl FnOnce() -> R + Send) -> R {
        computation()
    }

    /// Which share of the blocks is this process's. By default there is one process.
    fn share(&self) -> Share {
        Share::WHOLE
    }

    /// The sums of all processes, from this one's part; `None` if it has none. Every process calls this.
    ///
    /// # Errors
    /// A failed exchange; [`Error::Data`] if there is no part at all.
    fn total(&self, part: Option<Sums<Self>>) -> Result<Sums<Self>>
    where
        Self: Sized,
    {
        part.ok_or_else(|| Error::Data("a batch without blocks".into()))
    }

    /// The values that process `from` computed and gives here. Every process calls this.
    ///
    /// # Errors
    /// A failed exchange; [`Error::Data`] if there are none.
    fn of_rank(&self, from: usize, values: Option<Vec<Self::Value>>) -> Result<Vec<Self::Value>> {
        values.ok_or_else(|| Error::Data(format!("nothing from process {from}")))
    }

    /// `S`, the number of slots.
    fn slots(&self) -> usize;
    /// The level of a value: how many rescales it still allows.
    fn level(&self, a: &Self::Value) -> usize;
    /// Exact scale of the value.
    fn scale(&self, a: &Self::Value) -> Scale;
    /// The scale by which a rescale at `level` divides the scale of a value: the prime `q_level`.
    fn rescale_factor(&self, level: usize) -> Scale;

    /// `a + b`.
    fn add(&self, a: &Self::Value, b: &Self::Value) -> Result<Self::Value>;
    /// `a - b`.
    fn sub(&self, a: &Self::Value, b: &Self::Value) -> Result<Self::Value>;
    /// `-a`.
    fn neg(&self, a: &Self::Value) -> Result<Self::Value>;
    /// `a + c` in every slot.
    fn add_const(&self, a: &Self::Value, c: f64) -> Result<Self::Value>;
    /// `c a`, one level lower and at scale `out`: the constant is encoded at the scale that gives this.
    fn mul_const(&self, a: &Self::Value, c: f64, out: &Scale) -> Result<Self::Value>;
    /// `a` times a public vector repeated with its length as period, one level lower and at scale `out`.
    fn mul_vec(&self, a: &Self::Value, v: &[f64], out: &Scale) -> Result<Self::Value>;
    /// `i a`, exact. No level, the same scale.
    fn mul_i(&self, a: &Self::Value) -> Result<Self::Value>;
    /// Real and imaginary part of every slot, both real, from one conjugation. No level, twice the scale.
    fn parts(&self, a: &Self::Value) -> Result<(Self::Value, Self::Value)>;
    /// Real part of every slot, from one conjugation. No level, twice the scale.
    fn real_part(&self, a: &Self::Value) -> Result<Self::Value>;
    /// Adds the products of `terms` to `sum`, without relinearising. All products have the same scale.
    fn accumulate(&self, sum: Option<Self::Sum>, terms: &[(&Self::Value, &Self::Value)])
    -> Result<Self::Sum>;
    /// Relinearises and rescales a sum: one level lower, at its scale over the prime.
    fn finish(&self, sum: Self::Sum) -> Result<Self::Value>;
    /// `rot(a, k)[s] = a[s + k]`, indices modulo `S`.
    fn rotate(&self, a: &Self::Value, k: isize) -> Result<Self::Value>;
    /// Rotations of one value by several steps. They share the decomposition of the value (hoisting).
    fn rotate_many(&self, a: &Self::Value, steps: &[isize]) -> Result<Vec<Self::Value>>;
    /// The same value at `level`, which must not exceed its own. The same scale.
    fn drop_to(&self, a: &Self::Value, level: usize) -> Result<Self::Value>;

    /// Refreshes one or two real vectors of equal scale in one bootstrap. They keep the scale; the level is that of the bootstrap's
    /// output. The default has no bootstrap: [`Error::NoBootstrapping`].
    fn refresh(
        &self,
        a: &Self::Value,
        b: Option<&Self::Value>,
    ) -> Result<(Self::Value, Option<Self::Value>)> {
        let _ = b;
        Err(Error::NoBootstrapping { level: self.level(a) })
    }

    /// Real and imaginary part of every slot, both real, refreshed in one bootstrap. They have the scale of `a`.
    fn refresh_parts(&self, a: &Self::Value) -> Result<(Self::Value, Self::Value)> {
        Err(Error::NoBootstrapping { level: self.level(a) })
    }

    /// The lowest level at which a bootstrap accepts values.
    fn refresh_level(&self) -> usize {
        0
    }

    /// The scale at which a bootstrap accepts values of magnitude up to 1.
    fn refresh_unit(&self) -> Scale {
        Scale::one()
    }

    /// `a b`, relinearised and rescaled: one level lower, at the product of the scales over the prime.
    fn mul(&self, a: &Self::Value, b: &Self::Value) -> Result<Self::Value> {
        self.finish(self.accumulate(None, &[(a, b)])?)
    }

    /// Applies `f` to each slot of real values: from one number of each input to `outputs` numbers. Only the plain twin can, and only here
    /// the twins differ. Other engines return `None`, and the caller evaluates a polynomial.
    fn exact(
        &self,
        inputs: &[&Self::Value],
        outputs: usize,
        f: &(dyn Fn(&[f64], &mut [f64]) + Sync),
    ) -> Option<Vec<Self::Value>> {
        let _ = (inputs, outputs, f);
        None
    }
}

/// Checks that an operation of this depth leaves a level for the gradient.
///
/// # Errors
/// [`Error::Level`] unless `level` exceeds `depth`.
pub(crate) fn require_levels(operation: &'static str, level: usize, depth: usize) -> Result<()> {
    if level > depth {
        return Ok(());
    }
    Err(Error::Level { operation, needed: depth + 1, level })
}
