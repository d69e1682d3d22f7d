//! From the last prime to the raised chain: encapsulation, and ModRaise together with the first factor of
//! CoeffsToSlots.
//!
//! The raised polynomials are small integers, which primes other than `q_0` hold as well, so keys of one digit can switch from the ephemeral secret to the
//! preimages of the dense secret, for all rotations of the first factor. The keys hold the secret times `p_0` over
//! the primes of `Q p_0 p_1`. `p_0` keeps their noise down. `p_1` absorbs the scale of the factor's diagonals, so
//! that the factor uses no prime of Q. Each key serves one rotation of one digit. It is stored rotated and multiplied
//! by its diagonal, and the factor becomes one long sum of products.

use std::sync::Arc;

use ckks::{Ciphertext, Encoder, EvaluationKeys, Evaluator, Parameters, Scale};
use ckks::{KeyPurpose, galois_element};
use ckks_math::{AutomorphismTable, Basis, FoldedRotation, Ntt, PackedPair, Poly};

use crate::Error;
use crate::linear::{DiagonalMatrix, EncodedDiagonal};
use crate::raised::Raised;

/// The first factor, encoded over `Q p_0 p_1`.
#[derive(Clone, Debug)]
pub(crate) struct RaiseFactor {
    rotations: Vec<Rotation>,
    scale: Scale,
}

/// One rotation of the factor.
#[derive(Clone, Debug)]
struct Rotation {
    table: Arc<AutomorphismTable>,
    diagonal: EncodedDiagonal,
    /// The raising key, rotated and multiplied by the diagonal.
    key: PackedPair,
}

impl RaiseFactor {
    /// Encodes the factor for a result of scale `target`, with the raised message read as a fraction of `q_0`. The
    /// raising keys move out of the set and are kept here, combined with their diagonals. `encoder` and `keys` are of the raised chain.
    ///
    /// # Errors
    /// [`Error::Ckks`] if a key is missing or the factor does not fit its modulus; [`Error::KeyShapes`] if a key has
    /// another shape.
    pub(crate) fn encode(
        encoder: &Encoder,
        matrix: &DiagonalMatrix,
        (q0, target): (&Scale, &Scale),
        keys: &mut EvaluationKeys,
    ) -> Result<Self, Error> {
        let parameters = encoder.parameters();
        let (basis, top) = (raised_basis(parameters), parameters.max_level());
        let absorbed = Scale::prime(parameters.ring().p()[1].value());
        let scale = target.mul(&absorbed).div(q0);
        let encode = |(&steps, diagonal): (&usize, &Vec<_>)| -> Result<_, Error> {
            let g = galois_element(parameters.literal().log_n, steps as i64);
            let table = parameters.ring().automorphism(g);
            let diagonal = EncodedDiagonal::encode(encoder, diagonal, basis, &scale)?;
            let key = keys.take(KeyPurpose::Raise(g), top, "raise")?;
            match key.digits() {
                [digit] if digit.basis() == basis => {
                    let key = digit.folded(parameters.ring(), &table, diagonal.weight());
                    Ok(Rotation { table, diagonal, key })
                }
                _ => Err(Error::KeyShapes { expected: parameters.raise_shape(top), got: key.shape() }),
            }
        };
        Ok(Self {
            rotations: matrix.diagonals().iter().map(encode).collect::<Result<_, _>>()?,
            scale: target.clone(),
        })
    }

    /// Raises a ciphertext under the ephemeral secret and applies the factor. The result is under the dense secret,
    /// at the top level of the raised chain, whose evaluator this is.
    pub(crate) fn apply(&self, evaluator: &Evaluator, a: &Ciphertext) -> Result<Ciphertext, Error> {
        let parameters = evaluator.parameters();
        let basis = raised_basis(parameters);
        let raise = |c: &Poly<Ntt>| c.clone().into_coeff().raise(parameters.ring(), basis).into_ntt();
        let [mut c0, c1] = a.polys().each_ref().map(raise);
        c0.mul_scalar_assign(&gadget_residues(parameters, basis));
        let rotations = self.rotations.iter().map(|Rotation { table, diagonal, key }| FoldedRotation {
            key,
            weight: diagonal.weight(),
            table,
        });
        let c = Poly::folded_sum(basis, &c1, &c0, &rotations.collect::<Vec<_>>());
        Raised { key_id: a.key_id(), c, scale: self.scale.clone() }.mod_down(evaluator)
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
