//! Encodes real and complex vectors as plaintexts, and decodes them.

use std::sync::Arc;

use ckks_math::{Basis, Coeff, Poly};
use zeroize::{Zeroize, Zeroizing};

use super::Complex64;
use super::fft::EmbeddingFft;
use crate::error::Error;
use crate::params::Parameters;
use crate::plaintext::Plaintext;
use crate::scale::Scale;

/// Encodes vectors of `n` slots, `n` a power of two up to `N/2`.
///
/// A vector shorter than `N/2` is repeated with period `n` over all slots, and its polynomial lies in the subring of
/// `X^{N/2n}`. Slot `j` is the value at `zeta^{5^j}`, `zeta = exp(2 pi i / 2N)`.
#[derive(Clone, Debug)]
pub struct Encoder {
    parameters: Parameters,
    fft: Arc<EmbeddingFft>,
    private: bool,
}

/// Coefficients up to this magnitude are exact in the `i64` path.
const I64_LIMIT: f64 = (1u64 << 62) as f64;
/// Larger coefficients do not fit an `i128`.
const I128_LIMIT: f64 = 8.0e37;

impl Encoder {
    /// An encoder for this parameter set.
    #[must_use]
    pub fn new(parameters: &Parameters) -> Self {
        let fft = Arc::new(EmbeddingFft::new(parameters.slots()));
        Self { parameters: parameters.clone(), fft, private: false }
    }

    /// The same encoder for messages that are secret: plaintexts are wiped when dropped, and whatever is needed on the way.
    #[must_use]
    pub fn private(self) -> Self {
        Self { private: true, ..self }
    }

    /// The parameter set.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Encodes real values at `level` with `scale`.
    ///
    /// # Errors
    /// [`Error::Encode`] if the length is not a power of two up to `N/2`, a value is not finite, or a scaled
    /// coefficient does not fit the modulus of that level.
    pub fn encode(&self, values: &[f64], level: usize, scale: &Scale) -> Result<Plaintext, Error> {
        let complex = values.iter().map(|&v| Complex64::new(v, 0.0)).collect();
        self.encode_in(complex, self.parameters.basis(level), scale)
    }

    /// Encodes complex values at `level` with `scale`.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_complex(
        &self,
        values: &[Complex64],
        level: usize,
        scale: &Scale,
    ) -> Result<Plaintext, Error> {
        self.encode_complex_in(values, self.parameters.basis(level), scale)
    }

    /// Encodes complex values over any basis, for instance one with special primes for a product before the division
    /// by them.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_complex_in(
        &self,
        values: &[Complex64],
        basis: Basis,
        scale: &Scale,
    ) -> Result<Plaintext, Error> {
        self.encode_in(values.to_vec(), basis, scale)
    }

    fn encode_in(&self, mut values: Vec<Complex64>, basis: Basis, scale: &Scale) -> Result<Plaintext, Error> {
        let poly = self.polynomial(&mut values, basis, scale);
        if self.private {
            wipe(&mut values);
        }
        Ok(Plaintext { poly: poly?.into_ntt(), scale: scale.clone() })
    }

    /// The scaled and rounded polynomial of a vector, in coefficient form.
    fn polynomial(
        &self,
        values: &mut [Complex64],
        basis: Basis,
        scale: &Scale,
    ) -> Result<Poly<Coeff>, Error> {
        let n = values.len();
        if n == 0 || !n.is_power_of_two() || n > self.parameters.slots() {
            let slots = self.parameters.slots();
            return Err(Error::Encode(format!(
                "{n} values: the number must be a power of two up to {slots}"
            )));
        }
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            return Err(Error::Encode(format!("value {at} is {}: not finite", values[at])));
        }
        self.fft.interpolate(values);
        let factor = scale.to_f64();
        let largest = values.iter().map(|v| v.re.abs().max(v.im.abs())).fold(0.0, f64::max) * factor;
        let half_modulus = self.log2_modulus(basis) - 1.0;
        if largest >= I128_LIMIT || (largest > 1.0 && largest.log2() >= half_modulus) {
            return Err(Error::Encode(format!(
                "a coefficient of 2^{:.1} does not fit a modulus of 2^{:.1}: lower the scale ({scale}) or the values",
                largest.log2(),
                half_modulus + 1.0
            )));
        }
        let (degree, gap) = (self.parameters.degree(), self.parameters.slots() / n);
        let ring = self.parameters.ring();
        Ok(if largest < I64_LIMIT {
            let coefficients = spread(values, degree, gap, |v| (v * factor).round() as i64);
            self.kept_private(coefficients, |coefficients| Poly::from_signed(ring, basis, coefficients))
        } else {
            let coefficients = spread(values, degree, gap, |v| (v * factor).round() as i128);
            self.kept_private(coefficients, |coefficients| Poly::from_i128(ring, basis, coefficients))
        })
    }

    /// The polynomial of these coefficients. If the message is secret, so is the polynomial, and the coefficients are wiped.
    fn kept_private<T: Zeroize>(
        &self,
        mut coefficients: Vec<T>,
        make: impl Fn(&[T]) -> Poly<Coeff>,
    ) -> Poly<Coeff> {
        let poly = make(&coefficients);
        if !self.private {
            return poly;
        }
        coefficients.zeroize();
        poly.into_secret()
    }

    /// Decodes the first `n` slots as complex values.
    ///
    /// # Errors
    /// [`Error::Encode`] if `n` is not a power of two up to `N/2`.
    pub fn decode_complex(&self, plaintext: &Plaintext, n: usize) -> Result<Vec<Complex64>, Error> {
        if n == 0 || !n.is_power_of_two() || n > self.parameters.slots() {
            return Err(Error::Encode(format!("cannot decode {n} slots: not a power of two up to N/2")));
        }
        let coefficients = Zeroizing::new(plaintext.poly.clone().into_coeff().to_centred_f64());
        let (slots, gap) = (self.parameters.slots(), self.parameters.slots() / n);
        let inverse = 1.0 / plaintext.scale.to_f64();
        // With period n only every gap-th coefficient belongs to the vector. The others are noise and are dropped.
        let mut values: Vec<_> = (0..n)
            .map(|k| Complex64::new(coefficients[k * gap], coefficients[k * gap + slots]) * inverse)
            .collect();
        self.fft.evaluate(&mut values);
        Ok(values)
    }

    /// Decodes the first `n` slots as real values, without their imaginary parts.
    ///
    /// # Errors
    /// As [`decode_complex`](Self::decode_complex).
    pub fn decode(&self, plaintext: &Plaintext, n: usize) -> Result<Vec<f64>, Error> {
        let mut values = self.decode_complex(plaintext, n)?;
        let real = values.iter().map(|v| v.re).collect();
        wipe(&mut values);
        Ok(real)
    }

    /// The slot values of a real polynomial given by its `N` coefficients: the canonical embedding, unscaled.
    #[must_use]
    pub fn embed(&self, coefficients: &[f64]) -> Vec<Complex64> {
        let slots = self.parameters.slots();
        assert_eq!(coefficients.len(), 2 * slots, "one coefficient for each power of X");
        let mut values: Vec<_> =
            (0..slots).map(|k| Complex64::new(coefficients[k], coefficients[k + slots])).collect();
        self.fft.evaluate(&mut values);
        values
    }

    fn log2_modulus(&self, basis: Basis) -> f64 {
        let ring = self.parameters.ring();
        ring.q()[..basis.q].iter().chain(&ring.p()[..basis.p]).map(|m| (m.value() as f64).log2()).sum()
    }
}

fn wipe(values: &mut [Complex64]) {
    for value in values {
        value.re.zeroize();
        value.im.zeroize();
    }
}

/// Places `n` complex coefficients at stride `gap`, real parts in the lower half, imaginary parts in the upper half.
fn spread<T: Copy + Default>(
    values: &[Complex64],
    degree: usize,
    gap: usize,
    round: impl Fn(f64) -> T,
) -> Vec<T> {
    let mut coefficients = vec![T::default(); degree];
    for (k, v) in values.iter().enumerate() {
        coefficients[k * gap] = round(v.re);
        coefficients[k * gap + degree / 2] = round(v.im);
    }
    coefficients
}
