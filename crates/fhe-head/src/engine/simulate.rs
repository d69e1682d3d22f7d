//! Simulated twin: floating-point slots with the level, the exact scale and the noise that a ciphertext would have.
//!
//! It evaluates the polynomials of the encrypted twin, and fails where that does: on too few levels, unequal scales, missing keys,
//! values too large for the modulus. Noise is estimated by the variance formulas of [`ckks::noise`], not added.

use ckks::{Parameters, Scale, noise};

use super::operations::Operations;
use super::slots::{Slots, normalise_step};
use super::trace::{Meta, Record, Trace};
use crate::error::{Error, Result};

/// A simulated ciphertext or product.
#[derive(Clone, Debug)]
pub struct Simulated {
    meta: Meta,
    slots: Slots,
    /// Variance of a coefficient of the error polynomial.
    noise: f64,
}

impl Simulated {
    /// The slots.
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// The same noise around other slots.
    pub(crate) fn around(&self, slots: Slots) -> Self {
        Self { slots, ..self.clone() }
    }
}

/// Arithmetic on simulated ciphertexts.
#[derive(Debug)]
pub struct Simulate {
    trace: Trace,
}

impl Simulate {
    /// A simulation on top of a trace, which holds parameters, keys and the bootstrap's contract.
    pub fn new(trace: Trace) -> Self {
        Self { trace }
    }

    /// A fresh encryption.
    ///
    /// # Errors
    /// [`Error::Level`] above the top level; [`Error::Overflow`] if the modulus cannot hold the slots.
    pub fn encrypt(&self, slots: Slots, level: usize, scale: Scale) -> Result<Simulated> {
        let top = self.parameters().max_level();
        if level > top {
            return Err(Error::Level { operation: "encrypt", needed: level, level: top });
        }
        self.checked("encrypt", Meta::new(level, scale), slots, noise::fresh(self.parameters()))
    }

    /// Estimated standard deviation of the error of a slot, in the unit of the slots.
    pub fn error_std(&self, a: &Simulated) -> f64 {
        noise::slot_std(self.parameters(), a.noise, &a.meta.scale)
    }

    /// Estimated variance of a coefficient of the error, as an integer at the value's scale.
    pub fn variance(&self, a: &Simulated) -> f64 {
        a.noise
    }

    /// The operations so far.
    pub fn record(&self) -> Record {
        self.trace.record()
    }

    fn parameters(&self) -> &Parameters {
        self.trace.parameters()
    }

    /// A value, if the modulus of its level can hold it: coefficients do not exceed the largest slot.
    fn checked(&self, operation: &'static str, meta: Meta, slots: Slots, noise: f64) -> Result<Simulated> {
        let magnitude = slots.largest();
        let modulus_bits = self.parameters().log_q(meta.level);
        let fits = magnitude == 0.0 || magnitude.log2() + meta.scale.log2() < modulus_bits - 1.0;
        if !fits {
            return Err(Error::Overflow { operation, magnitude, scale: meta.scale, modulus_bits });
        }
        Ok(Simulated { meta, slots, noise })
    }

    /// Variance of the noise after a rescale at `level`.
    fn rescaled(&self, level: usize, variance: f64) -> f64 {
        noise::rescale(self.parameters(), level, variance)
    }

    fn key_switched(&self, level: usize, variance: f64) -> f64 {
        variance + noise::key_switch(self.parameters(), self.parameters().key_shape(level), level)
    }
}

/// A constant, rounded as the evaluator does at this scale.
fn rounded(c: f64, scale: &Scale) -> f64 {
    let scale = scale.to_f64();
    (c * scale).round() / scale
}

/// The value as a factor of a product.
fn factor(a: &Simulated) -> noise::Factor {
    let scale = a.meta.scale.to_f64();
    noise::Factor { mean_square: a.slots.mean_square() * scale * scale, variance: a.noise }
}

impl Operations for Simulate {
    type Value = Simulated;
    type Sum = Simulated;

    fn slots(&self) -> usize {
        self.trace.slots()
    }

    fn level(&self, a: &Simulated) -> usize {
        a.meta.level
    }

    fn scale(&self, a: &Simulated) -> Scale {
        a.meta.scale.clone()
    }

    fn rescale_factor(&self, level: usize) -> Scale {
        self.trace.rescale_factor(level)
    }

    fn add(&self, a: &Simulated, b: &Simulated) -> Result<Simulated> {
        let meta = self.trace.add(&a.meta, &b.meta)?;
        self.checked("add", meta, a.slots.plus(&b.slots), a.noise + b.noise)
    }

    fn sub(&self, a: &Simulated, b: &Simulated) -> Result<Simulated> {
        let meta = self.trace.sub(&a.meta, &b.meta)?;
        self.checked("subtract", meta, a.slots.minus(&b.slots), a.noise + b.noise)
    }

    fn neg(&self, a: &Simulated) -> Result<Simulated> {
        Ok(Simulated { meta: self.trace.neg(&a.meta)?, slots: a.slots.times(&[-1.0]), noise: a.noise })
    }

    fn add_const(&self, a: &Simulated, c: f64) -> Result<Simulated> {
        let meta = self.trace.add_const(&a.meta, c)?;
        let c = rounded(c, &a.meta.scale);
        self.checked("add a constant", meta, a.slots.plus_constant(c), a.noise)
    }

    fn mul_const(&self, a: &Simulated, c: f64, out: &Scale) -> Result<Simulated> {
        let meta = self.trace.mul_const(&a.meta, c, out)?;
        // the constant as the integer that multiplies the ciphertext
        let factor = out.mul(&self.rescale_factor(a.meta.level)).div(&a.meta.scale);
        let c = rounded(c, &factor);
        let encoded = c * factor.to_f64();
        let noise = self.rescaled(a.meta.level, a.noise * encoded * encoded);
        self.checked("multiply by a constant", meta, a.slots.times(&[c]), noise)
    }

    fn mul_vec(&self, a: &Simulated, v: &[f64], out: &Scale) -> Result<Simulated> {
        let meta = self.trace.mul_vec(&a.meta, v, out)?;
        let scale = out.mul(&self.rescale_factor(a.meta.level)).div(&a.meta.scale).to_f64();
        let mean_square = v.iter().map(|v| v * v).sum::<f64>() / v.len() as f64;
        // the encoder rounds coefficients
        let encoded = noise::Factor { mean_square: mean_square * scale * scale, variance: 1.0 / 12.0 };
        let noise = self.rescaled(a.meta.level, noise::tensor(self.parameters(), factor(a), encoded));
        self.checked("multiply by a vector", meta, a.slots.times(v), noise)
    }

    fn mul_i(&self, a: &Simulated) -> Result<Simulated> {
        Ok(Simulated { meta: self.trace.mul_i(&a.meta)?, slots: a.slots.times_i(), noise: a.noise })
    }

    fn parts(&self, a: &Simulated) -> Result<(Simulated, Simulated)> {
        let ((re, im), (real, imaginary)) = (self.trace.parts(&a.meta)?, a.slots.parts());
        Ok((self.part(a, re, real)?, self.part(a, im, imaginary)?))
    }

    fn real_part(&self, a: &Simulated) -> Result<Simulated> {
        self.part(a, self.trace.real_part(&a.meta)?, a.slots.parts().0)
    }

    fn accumulate(&self, sum: Option<Simulated>, terms: &[(&Simulated, &Simulated)]) -> Result<Simulated> {
        let (start, mut slots, mut noise) = match sum {
            Some(sum) => (Some(sum.meta), sum.slots, sum.noise),
            None => (None, Slots::zero(self.slots()), 0.0),
        };
        let metas: Vec<_> = terms.iter().map(|(a, b)| (&a.meta, &b.meta)).collect();
        let meta = self.trace.accumulate(start, &metas)?;
        let factors: Vec<_> = terms.iter().map(|(a, b)| (&a.slots, &b.slots)).collect();
        slots.add_products(&factors);
        for (a, b) in terms {
            noise += noise::tensor(self.parameters(), factor(a), factor(b));
        }
        self.checked("sum of products", meta, slots, noise)
    }

    fn finish(&self, sum: Simulated) -> Result<Simulated> {
        let level = sum.meta.level;
        let meta = self.trace.finish(sum.meta)?;
        let switch = noise::relinearise(self.parameters(), self.parameters().key_shape(level), level);
        let noise = self.rescaled(level, sum.noise + switch);
        self.checked("multiply", meta, sum.slots, noise)
    }

    fn rotate(&self, a: &Simulated, k: isize) -> Result<Simulated> {
        let meta = self.trace.rotate(&a.meta, k)?;
        Ok(self.rotated(a, k, meta))
    }

    fn rotate_many(&self, a: &Simulated, steps: &[isize]) -> Result<Vec<Simulated>> {
        let metas = self.trace.rotate_many(&a.meta, steps)?;
        Ok(steps.iter().zip(metas).map(|(&k, meta)| self.rotated(a, k, meta)).collect())
    }

    fn drop_to(&self, a: &Simulated, level: usize) -> Result<Simulated> {
        let meta = self.trace.drop_to(&a.meta, level)?;
        self.checked("drop to a level", meta, a.slots.clone(), a.noise)
    }

    fn refresh(
        &self,
        weights: &Simulated,
        momentum: Option<&Simulated>,
    ) -> Result<(Simulated, Option<Simulated>)> {
        let (meta, _) = self.trace.refresh(&weights.meta, momentum.map(|v| &v.meta))?;
        let refreshed = |value: &Simulated| self.refreshed(value, meta.clone(), value.slots.clone());
        Ok((refreshed(weights)?, momentum.map(refreshed).transpose()?))
    }

    fn refresh_parts(&self, a: &Simulated) -> Result<(Simulated, Simulated)> {
        let ((re, im), (real, imaginary)) = (self.trace.refresh_parts(&a.meta)?, a.slots.parts());
        Ok((self.refreshed(a, re, real)?, self.refreshed(a, im, imaginary)?))
    }

    fn refresh_level(&self) -> usize {
        self.trace.refresh_level()
    }

    fn refresh_unit(&self) -> Scale {
        self.trace.refresh_unit()
    }
}

impl Simulate {
    /// A refreshed value, or a refreshed part of one.
    fn refreshed(&self, a: &Simulated, meta: Meta, slots: Slots) -> Result<Simulated> {
        let Some(contract) = self.trace.contract() else {
            return Err(Error::NoBootstrapping { level: a.meta.level });
        };
        // at a larger scale than the unit's, values and the bootstrap's error are smaller in proportion
        let unit = contract.unit_scale.div(&meta.scale).to_f64();
        let error = contract.error_std * unit;
        let magnitude = slots.largest();
        // the bound of the bootstrap's modular reduction; the largest of slots with NaN is infinite
        if magnitude > unit {
            let modulus_bits = self.parameters().log_q(a.meta.level);
            return Err(Error::Overflow {
                operation: "bootstrap",
                magnitude,
                scale: meta.scale,
                modulus_bits,
            });
        }
        let one = noise::slot_std(self.parameters(), 1.0, &meta.scale);
        let noise = (self.error_std(a).powi(2) + error * error) / (one * one);
        Ok(Simulated { meta, slots, noise })
    }

    fn rotated(&self, a: &Simulated, k: isize, meta: Meta) -> Simulated {
        if normalise_step(k, self.slots()) == 0 {
            return a.clone();
        }
        Simulated { slots: a.slots.rotated(k), noise: self.key_switched(meta.level, a.noise), meta }
    }

    /// A value plus or minus its conjugate. The value's error and its conjugate add up in the part that is kept: twice the amplitude, at
    /// twice the scale.
    fn part(&self, a: &Simulated, meta: Meta, slots: Slots) -> Result<Simulated> {
        let noise = self.key_switched(meta.level, 4.0 * a.noise);
        self.checked("take a part", meta, slots, noise)
    }
}
