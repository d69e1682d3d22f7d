//! Ciphertexts over `Q P`, in which sums of rotations share one division by `P`.

use std::sync::Arc;

use ckks::KeyPurpose;
use ckks::{Ciphertext, Evaluator, KeyId, KeyShape, Scale, SwitchingKey};
use ckks_math::{AutomorphismTable, Basis, Ntt, Poly, Rotation, Weight, WeightedSum};

use crate::Error;

/// `P` times a ciphertext, over the primes of Q up to its level and some special primes with product `P`.
#[derive(Clone)]
pub(crate) struct Raised {
    pub(crate) key_id: KeyId,
    pub(crate) c: [Poly<Ntt>; 2],
    pub(crate) scale: Scale,
}

/// A raised ciphertext whose second polynomial is also decomposed, for all its rotations.
pub(crate) struct Hoisted {
    raised: Raised,
    digits: Vec<Poly<Ntt>>,
}

/// An automorphism with its key. The identity has none.
pub(crate) struct Turn<'a>(Option<(&'a SwitchingKey, Arc<AutomorphismTable>)>);

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

    /// A sum of rotations of ciphertexts with the primes and key of `like`.
    pub(crate) fn sum(like: &Hoisted, rotations: &[Rotation<'_>]) -> Self {
        let Self { key_id, c, scale } = &like.raised;
        let all: WeightedSum<'_> = (0..rotations.len()).map(|i| (i, Weight::One)).collect();
        let mut sums = Poly::rotation_sums(c[0].ring(), like.raised.basis(), rotations, &[all]);
        Self { key_id: *key_id, c: sums.remove(0), scale: scale.clone() }
    }

    /// Divides by `P`.
    pub(crate) fn mod_down(self, evaluator: &Evaluator) -> Result<Ciphertext, Error> {
        let c = Poly::mod_down_all(self.c.each_ref());
        Ok(Ciphertext::from_parts(evaluator.parameters(), self.key_id, c, self.scale)?)
    }

    /// Divides by `P` and the last prime of Q with one rounding.
    pub(crate) fn mod_down_rescale(self, evaluator: &Evaluator) -> Result<Ciphertext, Error> {
        let scale = self.scale.div(&evaluator.parameters().rescale_factor(self.level()));
        let c = Poly::mod_down_rescale_all(self.c.each_ref());
        Ok(Ciphertext::from_parts(evaluator.parameters(), self.key_id, c, scale)?)
    }
}

impl Hoisted {
    /// Raises and decomposes a ciphertext for these automorphisms.
    pub(crate) fn of(evaluator: &Evaluator, a: &Ciphertext, turns: &[Turn<'_>]) -> Result<Self, Error> {
        evaluator.require_own("linear transform", a)?;
        let shape = Turn::common_shape(turns)?;
        let special = shape.unwrap_or(evaluator.parameters().key_shape(a.level())).special;
        let digits = shape.map(|shape| evaluator.decompose(&a.polys()[1], shape));
        Ok(Self { raised: Raised::new(a, special), digits: digits.unwrap_or_default() })
    }

    /// Decomposes a raised ciphertext for these automorphisms. Their keys must have as many special primes as the
    /// ciphertext.
    pub(crate) fn of_raised(
        evaluator: &Evaluator,
        raised: Raised,
        turns: &[Turn<'_>],
    ) -> Result<Self, Error> {
        let shape = Turn::common_shape(turns)?;
        let special = raised.basis().p;
        if let Some(got) = shape.filter(|shape| shape.special != special) {
            return Err(Error::KeyShapes { expected: KeyShape { special, ..got }, got });
        }
        let digits = shape.map(|shape| evaluator.decompose(&raised.c[1].mod_down(), shape));
        Ok(Self { raised, digits: digits.unwrap_or_default() })
    }

    pub(crate) fn raised(&self) -> &Raised {
        &self.raised
    }

    /// The image of the ciphertext under one automorphism.
    pub(crate) fn turned<'a>(&'a self, turn: &'a Turn<'_>) -> Rotation<'a> {
        let [c0, c1] = &self.raised.c;
        match &turn.0 {
            None => Rotation { digits: &[], key: &[], plus: [Some(c0), Some(c1)], table: None },
            Some((key, table)) => Rotation {
                digits: &self.digits,
                key: key.digits(),
                plus: [Some(c0), None],
                table: Some(table),
            },
        }
    }

    /// The sum of the ciphertext's images under all automorphisms.
    pub(crate) fn sum(&self, turns: &[Turn<'_>]) -> Raised {
        Raised::sum(self, &turns.iter().map(|turn| self.turned(turn)).collect::<Vec<_>>())
    }
}

impl<'a> Turn<'a> {
    /// The automorphism `X -> X^g` of ciphertexts at this level.
    pub(crate) fn find(evaluator: &'a Evaluator, g: usize, level: usize) -> Result<Self, Error> {
        if g == 1 {
            return Ok(Self(None));
        }
        let key = evaluator.keys().find(KeyPurpose::Galois(g), level, "linear transform")?;
        Ok(Self(Some((key, evaluator.parameters().ring().automorphism(g)))))
    }

    /// The common shape of the keys, or `None` if no automorphism needs a key.
    fn common_shape(turns: &[Self]) -> Result<Option<KeyShape>, Error> {
        let mut shapes = turns.iter().filter_map(|turn| turn.0.as_ref()).map(|(key, _)| key.shape());
        let Some(expected) = shapes.next() else { return Ok(None) };
        match shapes.find(|shape| !shape.shares_digits(&expected)) {
            Some(got) => Err(Error::KeyShapes { expected, got }),
            None => Ok(Some(expected)),
        }
    }
}
