//! From the last prime to the whole chain: encapsulation, ModRaise, and the first CoeffsToSlots factor on the way.
//!
//! The raised polynomials are small integers, so that a key of one digit leads from the ephemeral secret to the preimage of the
//! dense one; the rotations that the first factor needs follow. The keys hold the secret times `p_0` over the primes of `Q p_0 p_1`:
//! `p_0` keeps their noise down, and `p_1` takes up the scale of the factor's diagonals, so that the factor costs no prime of Q.

use std::sync::Arc;

use ckks::keys::{KeyPurpose, galois_element};
use ckks::{Ciphertext, Encoder, Evaluator, Parameters, Scale};
use ckks_math::{AutomorphismTable, Basis, Ntt, Poly, Rotation, WeightedSum};

use crate::Error;
use crate::linear::{DiagonalMatrix, EncodedDiagonal};
use crate::raised::Raised;

/// Rotations of one sum: as many as stay in the cache.
const CHUNK: usize = 32;

/// The first factor, encoded over `Q p_0 p_1`.
#[derive(Clone, Debug)]
pub(crate) struct RaiseFactor {
    /// Galois element and diagonal.
    rotations: Vec<(usize, EncodedDiagonal)>,
    scale: Scale,
}

impl RaiseFactor {
    /// Encodes the factor so that its result has scale `target`, where the raised message is read as a fraction of `q_0`.
    pub(crate) fn encode(encoder: &Encoder, matrix: &DiagonalMatrix, target: &Scale) -> Result<Self, Error> {
        let parameters = encoder.parameters();
        let basis = raised_basis(parameters);
        let absorbed = Scale::prime(parameters.ring().p()[1].value());
        let scale = target.mul(&absorbed).div(&parameters.rescale_factor(0));
        let encode = |(&steps, diagonal): (&usize, &Vec<_>)| -> Result<_, Error> {
            let g = galois_element(parameters.literal().log_n, steps as i64);
            Ok((g, EncodedDiagonal::encode(encoder, diagonal, basis, &scale)?))
        };
        Ok(Self {
            rotations: matrix.diagonals().iter().map(encode).collect::<Result<_, _>>()?,
            scale: target.clone(),
        })
    }

    /// Raises a ciphertext under the ephemeral secret and applies the factor: a ciphertext of the top level under the dense secret.
    pub(crate) fn apply(&self, evaluator: &Evaluator, a: &Ciphertext) -> Result<Ciphertext, Error> {
        let parameters = evaluator.parameters();
        let basis = raised_basis(parameters);
        let raise = |c: &Poly<Ntt>| c.clone().into_coeff().raise(basis).into_ntt();
        let [mut c0, c1] = a.polys().each_ref().map(raise);
        c0.mul_scalar_assign(&gadget_residues(parameters, basis));

        let mut sum: Option<Raised> = None;
        for rotations in self.rotations.chunks(CHUNK) {
            let part = self.partial_sum(evaluator, a, &c0, &c1, rotations)?;
            match &mut sum {
                Some(sum) => sum.add_assign(&part),
                none => *none = Some(part),
            }
        }
        let Some(sum) = sum else { panic!("a factor without diagonals") };
        sum.mod_down(evaluator)
    }

    fn partial_sum(
        &self,
        evaluator: &Evaluator,
        a: &Ciphertext,
        c0: &Poly<Ntt>,
        c1: &Poly<Ntt>,
        rotations: &[(usize, EncodedDiagonal)],
    ) -> Result<Raised, Error> {
        let (ring, top) = (evaluator.parameters().ring(), evaluator.parameters().max_level());
        let tables: Vec<Arc<AutomorphismTable>> =
            rotations.iter().map(|(g, _)| ring.automorphism(*g)).collect();
        let turned = rotations.iter().zip(&tables).map(|((g, _), table)| {
            let key = evaluator.keys().find(KeyPurpose::Raise(*g), top, "raise")?;
            let (digits, key) = (std::slice::from_ref(c1), key.digits());
            Ok(Rotation { digits, key, plus: [Some(c0), None], table: Some(table) })
        });
        let turned = turned.collect::<Result<Vec<_>, Error>>()?;
        let sum: WeightedSum<'_> =
            rotations.iter().enumerate().map(|(i, (_, diagonal))| (i, diagonal.weight())).collect();
        let mut sums = Poly::rotation_sums(ring, raised_basis(evaluator.parameters()), &turned, &[sum]);
        Ok(Raised { key_id: a.key_id(), c: sums.remove(0), scale: self.scale.clone() })
    }
}

/// Switches a ciphertext of level 0 to the ephemeral secret.
pub(crate) fn encapsulate(evaluator: &Evaluator, a: &Ciphertext) -> Result<Ciphertext, Error> {
    let key = evaluator.keys().find(KeyPurpose::Encapsulation, 0, "encapsulate")?;
    let [c0, c1] = a.polys();
    let c = evaluator.switch_polynomial(c1, key, [Some(c0), None]);
    Ok(Ciphertext::from_parts(evaluator.parameters(), a.key_id(), c, a.scale().clone())?)
}

fn raised_basis(parameters: &Parameters) -> Basis {
    parameters.raise_shape(parameters.max_level()).basis()
}

/// `p_0` modulo every prime of the basis.
fn gadget_residues(parameters: &Parameters, basis: Basis) -> Vec<u64> {
    let ring = parameters.ring();
    let gadget = ring.p()[0].value();
    (0..basis.limbs()).map(|i| ring.modulus(basis, i).reduce(gadget)).collect()
}
