//! Linear maps on ciphertexts.

use ckks::{Ciphertext, Encoder, Evaluator, Plaintext, Scale};
use ckks_math::{Basis, Poly};

use super::{BsgsPlan, DiagonalMatrix};
use crate::Error;
use crate::raised::Raised;

/// A matrix encoded for ciphertexts of one level, with the order in which its rotations are taken.
#[derive(Clone, Debug)]
pub struct LinearTransform {
    plan: BsgsPlan,
    /// Of each giant, of each of its terms: the diagonal, rotated back by the giant.
    diagonals: Vec<Vec<Plaintext>>,
    scale: Scale,
}

impl LinearTransform {
    /// Encodes the diagonals at `scale`, for ciphertexts of `level` and rotation keys with `special` special primes.
    ///
    /// # Errors
    /// [`Error::Ckks`] if the scale is too large for the modulus.
    pub fn encode(
        encoder: &Encoder,
        matrix: &DiagonalMatrix,
        plan: BsgsPlan,
        level: usize,
        special: usize,
        scale: &Scale,
    ) -> Result<Self, Error> {
        let basis = Basis { q: level + 1, p: special };
        let encode = |giant: usize, rotation: usize| {
            let diagonal = &matrix.diagonals()[&rotation];
            let period = diagonal.len();
            let back: Vec<_> = (0..period).map(|s| diagonal[(s + period - giant) % period]).collect();
            encoder.encode_complex_in(&back, basis, scale)
        };
        let diagonals = plan.giants().iter().map(|giant| {
            giant
                .terms
                .iter()
                .map(|&(_, rotation)| encode(giant.rotation, rotation))
                .collect::<Result<_, _>>()
        });
        Ok(Self { diagonals: diagonals.collect::<Result<_, _>>()?, plan, scale: scale.clone() })
    }

    /// The plan.
    pub fn plan(&self) -> &BsgsPlan {
        &self.plan
    }

    /// The scale of the diagonals, by which that of the result is larger.
    pub fn scale(&self) -> &Scale {
        &self.scale
    }

    /// The image of `a`, rescaled: one level less.
    ///
    /// # Errors
    /// [`Error::Ckks`] if a key is missing or no level is left; [`Error::KeyShapes`] if keys do not match.
    pub fn apply(&self, evaluator: &Evaluator, a: &Ciphertext) -> Result<Ciphertext, Error> {
        self.apply_raised(evaluator, a)?.mod_down_rescale(evaluator)
    }

    /// The image of `a` times `P`, to be rescaled.
    pub(crate) fn apply_raised(&self, evaluator: &Evaluator, a: &Ciphertext) -> Result<Raised, Error> {
        let babies = Raised::rotations(evaluator, a, self.plan.babies())?;
        let mut image: Option<Raised> = None;
        for (giant, diagonals) in self.plan.giants().iter().zip(&self.diagonals) {
            let terms = || {
                let babies = giant.terms.iter().map(|(baby, _)| &babies[self.baby_index(*baby)]);
                babies.zip(diagonals.iter().map(Plaintext::poly))
            };
            let half = |i: usize| Poly::dot(&terms().map(|(baby, d)| (&baby.c[i], d)).collect::<Vec<_>>());
            let inner =
                Raised { key_id: a.key_id(), c: [half(0), half(1)], scale: a.scale().mul(&self.scale) };
            let rotated = inner.rotate(evaluator, giant.rotation)?;
            match &mut image {
                Some(image) => image.add_assign(&rotated),
                none => *none = Some(rotated),
            }
        }
        let Some(image) = image else { panic!("a plan without giants") };
        Ok(image)
    }

    fn baby_index(&self, baby: usize) -> usize {
        self.plan.babies().partition_point(|&b| b < baby)
    }
}
