//! Residues as bytes.

use ckks_math::{Basis, Modulus};

use crate::params::Parameters;

/// Bytes that a polynomial over `basis` takes in a file, without its record and checksums.
#[must_use]
pub fn file_bytes(parameters: &Parameters, basis: Basis) -> usize {
    let width = |i| bytes_per_residue(*parameters.ring().modulus(basis, i));
    parameters.degree() * (0..basis.limbs()).map(width).sum::<usize>()
}

/// Bytes of one residue modulo this prime.
pub(super) fn bytes_per_residue(modulus: Modulus) -> usize {
    modulus.bits().div_ceil(8) as usize
}

/// Appends the residues of a limb, each as `width` little-endian bytes.
pub(super) fn pack<'a>(residues: impl Iterator<Item = &'a u64>, width: usize, out: &mut Vec<u8>) {
    for residue in residues {
        out.extend_from_slice(&residue.to_le_bytes()[..width]);
    }
}

/// Reads residues of `width` bytes each. `None` if one is not below the prime.
pub(super) fn unpack<'a>(
    bytes: &[u8],
    width: usize,
    modulus: Modulus,
    residues: impl Iterator<Item = &'a mut u64>,
) -> Option<()> {
    let mut largest = 0;
    for (packed, residue) in bytes.chunks_exact(width).zip(residues) {
        let mut word = [0; 8];
        word[..width].copy_from_slice(packed);
        *residue = u64::from_le_bytes(word);
        largest = largest.max(*residue);
    }
    (largest < modulus.value()).then_some(())
}
