//! Linear maps on ciphertexts.

use ckks::galois_element;
use ckks::{Ciphertext, Encoder, Evaluator, Scale};
use ckks_math::{Basis, Poly, WeightedSum};

use super::{BsgsPlan, DiagonalMatrix, EncodedDiagonal};
use crate::Error;
use crate::raised::{Hoisted, Raised, Turn};

/// Number of giants whose digits are held at the same time.
const GIANTS_AT_ONCE: usize = 4;

/// A matrix encoded for ciphertexts of one level, and the order of its rotations.
#[derive(Clone, Debug)]
pub struct LinearTransform {
    plan: BsgsPlan,
    /// For each giant and each of its terms: the diagonal, rotated back by the giant.
    diagonals: Vec<Vec<EncodedDiagonal>>,
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
            EncodedDiagonal::encode(encoder, &back, basis, scale)
        };
        let diagonals = plan.giants().iter().map(|giant| {
            giant.terms.iter().map(|term| encode(giant.rotation, term.diagonal)).collect::<Result<_, Error>>()
        });
        Ok(Self { diagonals: diagonals.collect::<Result<_, _>>()?, plan, scale: scale.clone() })
    }

    /// The plan.
    pub fn plan(&self) -> &BsgsPlan {
        &self.plan
    }

    /// The scale of the diagonals. It multiplies the scale of the argument, before rescaling.
    pub fn scale(&self) -> &Scale {
        &self.scale
    }

    /// The image of `a`, rescaled: one level lower.
    ///
    /// # Errors
    /// [`Error::Ckks`] if a key is missing or `a` has no level left; [`Error::KeyShapes`] if the keys differ in
    /// shape.
    pub fn apply(&self, evaluator: &Evaluator, a: &Ciphertext) -> Result<Ciphertext, Error> {
        self.apply_raised(evaluator, a)?.mod_down_rescale(evaluator)
    }

    /// The image of `a` times `P`, before rescaling.
    pub(crate) fn apply_raised(&self, evaluator: &Evaluator, a: &Ciphertext) -> Result<Raised, Error> {
        let (level, scale) = (a.level(), a.scale().mul(&self.scale));
        let turns = self.turns(evaluator, self.plan.babies().iter().copied(), level)?;
        let hoisted = Hoisted::of(evaluator, a, &turns)?;
        let babies: Vec<_> = turns.iter().map(|turn| hoisted.turned(turn)).collect();
        let inner = self.plan.giants().iter().zip(&self.diagonals).map(|(giant, diagonals)| {
            let babies = giant.terms.iter().map(|term| self.baby_index(term.baby));
            babies.zip(diagonals.iter().map(EncodedDiagonal::weight)).collect()
        });
        let inner: Vec<WeightedSum<'_>> = inner.collect();
        let ring = evaluator.parameters().ring();
        let inner = Poly::rotation_sums(ring, hoisted.raised().basis(), &babies, &inner);
        drop(babies);
        drop(hoisted);

        let giants = self.plan.giants().iter().map(|giant| giant.rotation);
        let giants = self.turns(evaluator, giants, level)?;
        let mut image: Option<Raised> = None;
        let mut inner = inner.into_iter();
        for turns in giants.chunks(GIANTS_AT_ONCE) {
            let hoisted = turns.iter().zip(inner.by_ref()).map(|(turn, c)| {
                let raised = Raised { key_id: a.key_id(), c, scale: scale.clone() };
                Hoisted::of_raised(evaluator, raised, std::slice::from_ref(turn))
            });
            let hoisted = hoisted.collect::<Result<Vec<_>, _>>()?;
            let rotated: Vec<_> = hoisted.iter().zip(turns).map(|(inner, turn)| inner.turned(turn)).collect();
            let part = Raised::sum(&hoisted[0], &rotated);
            match &mut image {
                Some(image) => image.add_assign(&part),
                none => *none = Some(part),
            }
        }
        let Some(image) = image else { panic!("a plan without giants") };
        Ok(image)
    }

    fn turns<'a>(
        &self,
        evaluator: &'a Evaluator,
        rotations: impl Iterator<Item = usize>,
        level: usize,
    ) -> Result<Vec<Turn<'a>>, Error> {
        let log_n = evaluator.parameters().literal().log_n;
        rotations.map(|steps| Turn::find(evaluator, galois_element(log_n, steps as i64), level)).collect()
    }

    fn baby_index(&self, baby: usize) -> usize {
        self.plan.babies().partition_point(|&b| b < baby)
    }
}
