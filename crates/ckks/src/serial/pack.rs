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
pub(super) fn pack<'a>(rows: impl Iterator<Item = &'a [u64]>, width: usize, out: &mut Vec<u8>) {
    for row in rows {
        // each word is written whole, and its end overwritten by the next
        let from = out.len();
        out.resize(from + row.len() * width + SPILL, 0);
        for (residue, at) in row.iter().zip((from..).step_by(width)) {
            out[at..at + WORD].copy_from_slice(&residue.to_le_bytes());
        }
        out.truncate(from + row.len() * width);
    }
}

/// Reads residues of `width` bytes each. `None` if one is not below the prime.
pub(super) fn unpack<'a>(
    bytes: &[u8],
    width: usize,
    modulus: Modulus,
    rows: impl Iterator<Item = &'a mut [u64]>,
) -> Option<()> {
    let mask = u64::MAX >> (64 - 8 * width);
    let mut largest = 0;
    let mut rest = bytes;
    for row in rows {
        let (own, after) = rest.split_at(row.len() * width);
        // each word is read whole, with the beginning of the next ones; the last ones of a limb have too few bytes behind them
        let with_spill = &rest[..rest.len().min(own.len() + SPILL)];
        let whole = (with_spill.len() + width).saturating_sub(WORD) / width;
        let (words, ends) = row.split_at_mut(whole.min(row.len()));
        for (residue, at) in words.iter_mut().zip((0..).step_by(width)) {
            *residue = word(&with_spill[at..]) & mask;
            largest = largest.max(*residue);
        }
        let done = words.len() * width;
        for (residue, packed) in ends.iter_mut().zip(own[done..].chunks_exact(width)) {
            let mut bytes = [0; WORD];
            bytes[..width].copy_from_slice(packed);
            *residue = u64::from_le_bytes(bytes);
            largest = largest.max(*residue);
        }
        rest = after;
    }
    (largest < modulus.value()).then_some(())
}

const WORD: usize = size_of::<u64>();
/// Bytes of a word that may lie beyond a residue.
const SPILL: usize = WORD - 1;

fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |word| u64::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn residues_come_back_from_any_width() {
        for bits in [28, 31, 36, 41, 48, 50] {
            let prime = ckks_math::primes::ntt_primes(12, bits, 1, &[]).unwrap()[0];
            let modulus = Modulus::new(prime).unwrap();
            let width = bytes_per_residue(modulus);
            let residues: Vec<u64> = (0..96).map(|i| prime - 1 - i * (prime / 97)).collect();
            let mut packed = Vec::new();
            pack(residues.chunks(32), width, &mut packed);
            assert_eq!(packed.len(), residues.len() * width);
            for (residue, bytes) in residues.iter().zip(packed.chunks(width)) {
                assert_eq!(residue.to_le_bytes()[..width], *bytes);
            }
            let mut read = vec![0; residues.len()];
            unpack(&packed, width, modulus, read.chunks_mut(32)).unwrap();
            assert_eq!(read, residues);
            // one residue too large, wherever it stands
            for at in [0, 31, 32, 94, 95] {
                let mut damaged = packed.clone();
                damaged[at * width..(at + 1) * width].copy_from_slice(&prime.to_le_bytes()[..width]);
                assert!(unpack(&damaged, width, modulus, read.chunks_mut(32)).is_none());
            }
        }
    }
}
