//! Ciphertexts over `Q P`, where sums of rotations wait for one common division by `P`.

use ckks::keys::{KeyPurpose, SwitchingKey, conjugation_element, galois_element};
use ckks::{Ciphertext, Evaluator, KeyId, Scale};
use ckks_math::{Basis, Ntt, Poly};

use crate::Error;

/// `P` times a ciphertext, over the primes of Q up to its level and some special primes, `P` their product.
#[derive(Clone)]
pub(crate) struct Raised {
    pub(crate) key_id: KeyId,
    pub(crate) c: [Poly<Ntt>; 2],
    pub(crate) scale: Scale,
}

impl Raised {
    /// A ciphertext times the product of the first `special` special primes.
    pub(crate) fn new(a: &Ciphertext, special: usize) -> Self {
        let c = a.polys().each_ref().map(|c| c.times_special(special));
        Self { key_id: a.key_id(), c, scale: a.scale().clone() }
    }

    pub(crate) fn basis(&self) -> Basis {
        self.c[0].basis()
    }

    pub(crate) fn level(&self) -> usize {
        self.basis().q - 1
    }

    pub(crate) fn add_assign(&mut self, other: &Self) {
        self.c.iter_mut().zip(&other.c).for_each(|(a, b)| a.add_assign(b));
    }

    pub(crate) fn sub_assign(&mut self, other: &Self) {
        self.c.iter_mut().zip(&other.c).for_each(|(a, b)| a.sub_assign(b));
    }

    /// Every slot times `i`.
    pub(crate) fn mul_i_assign(&mut self) {
        self.c.iter_mut().for_each(Poly::mul_i_assign);
    }

    /// Divides by `P`.
    pub(crate) fn mod_down(self, evaluator: &Evaluator) -> Result<Ciphertext, Error> {
        let c = self.c.map(|half| half.mod_down());
        Ok(Ciphertext::from_parts(evaluator.parameters(), self.key_id, c, self.scale)?)
    }

    /// Divides by `P` and the last prime of Q, with one rounding.
    pub(crate) fn mod_down_rescale(self, evaluator: &Evaluator) -> Result<Ciphertext, Error> {
        let scale = self.scale.div(&evaluator.parameters().rescale_factor(self.level()));
        let c = self.c.map(|half| half.mod_down_rescale());
        Ok(Ciphertext::from_parts(evaluator.parameters(), self.key_id, c, scale)?)
    }

    /// Rotates the slots; the noise of the switch stays over `Q P` with the rest.
    pub(crate) fn rotate(&self, evaluator: &Evaluator, steps: usize) -> Result<Self, Error> {
        self.automorphism(evaluator, galois_element(evaluator.parameters().literal().log_n, steps as i64))
    }

    /// Conjugates the slots.
    pub(crate) fn conjugate(&self, evaluator: &Evaluator) -> Result<Self, Error> {
        self.automorphism(evaluator, conjugation_element(evaluator.parameters().literal().log_n))
    }

    fn automorphism(&self, evaluator: &Evaluator, g: usize) -> Result<Self, Error> {
        if g == 1 {
            return Ok(self.clone());
        }
        let key = evaluator.keys().find(KeyPurpose::Galois(g), self.level(), "linear transform")?;
        let (special, shape) = (self.basis().p, key.shape());
        if shape.special != special {
            return Err(Error::KeyShapes { expected: ckks::KeyShape { special, ..shape }, got: shape });
        }
        let digits = evaluator.decompose(&self.c[1].mod_down(), shape);
        Ok(self.switched(evaluator, g, key, &digits, &self.c[0]))
    }

    /// The image under `X -> X^g` of `c0 + <digits, key>`; `c0` is already times `P`.
    fn switched(
        &self,
        evaluator: &Evaluator,
        g: usize,
        key: &SwitchingKey,
        digits: &[Poly<Ntt>],
        c0: &Poly<Ntt>,
    ) -> Self {
        let mut c = evaluator.switch_raised(digits, key);
        c[0].add_assign(c0);
        let table = evaluator.parameters().ring().automorphism(g);
        Self { key_id: self.key_id, c: c.map(|half| half.automorphism(&table)), scale: self.scale.clone() }
    }

    /// Rotations of one ciphertext, which share its decomposition.
    pub(crate) fn rotations(
        evaluator: &Evaluator,
        a: &Ciphertext,
        steps: &[usize],
    ) -> Result<Vec<Self>, Error> {
        let log_n = evaluator.parameters().literal().log_n;
        let keys = steps.iter().map(|&step| {
            let g = galois_element(log_n, step as i64);
            let find = || evaluator.keys().find(KeyPurpose::Galois(g), a.level(), "linear transform");
            (g != 1).then(find).transpose().map(|key| (g, key))
        });
        let keys: Vec<_> = keys.collect::<Result<_, _>>()?;
        let first = keys.iter().find_map(|(_, key)| *key);
        let shape = first.map_or(evaluator.parameters().key_shape(a.level()), SwitchingKey::shape);
        let digits = if first.is_some() { evaluator.decompose(&a.polys()[1], shape) } else { Vec::new() };
        let identity = Self::new(a, shape.special);
        let rotation = |(g, key): (usize, Option<&SwitchingKey>)| match key {
            None => Ok(identity.clone()),
            Some(key)
                if (key.shape().special, key.shape().digit_limbs) != (shape.special, shape.digit_limbs) =>
            {
                Err(Error::KeyShapes { expected: shape, got: key.shape() })
            }
            Some(key) => Ok(identity.switched(evaluator, g, key, &digits, &identity.c[0])),
        };
        keys.into_iter().map(rotation).collect()
    }
}
