//! Public uniform polynomials from a seed. Only the seed needs to be stored or sent.

use std::sync::Arc;

use crate::{Basis, Ntt, Poly, Ring, poly::Work};

/// The seed of public uniform polynomials.
pub type Seed = [u8; 32];

/// Separates these streams from all other uses of BLAKE3.
const DOMAIN: &[u8] = b"ckks-math 1 uniform polynomial";

/// Words read from the stream at a time. Wide reads keep BLAKE3's vectors full.
const READ: usize = 1 << 11;

/// A polynomial uniform over `basis`, as evaluations, from a public seed and a label for its purpose.
///
/// Each prime has a stream of its own: BLAKE3 keyed with the seed, over the domain, the length of the label (8 bytes,
/// little-endian), the label and the prime (8 bytes), read as little-endian words. Of each word as many low bits are
/// kept as the prime has, and words that are not below the prime are skipped. The k-th remaining word is the k-th
/// evaluation in the ring's order. So a limb depends only on seed, label, prime and degree: a smaller basis has the
/// same limbs, and every backend gives the same words.
///
/// Not for secrets: the running time depends on the stream.
pub fn uniform(ring: &Arc<Ring>, basis: Basis, seed: &Seed, label: &[u8]) -> Poly<Ntt> {
    let mut out = Poly::stale(ring, basis);
    let (row_len, stride) = (ring.row_len(), ring.layout().row_stride());
    out.map_limbs(Work::Heavy, |_, m, limb| {
        let mut hasher = blake3::Hasher::new_keyed(seed);
        hasher.update(DOMAIN).update(&(label.len() as u64).to_le_bytes()).update(label);
        hasher.update(&m.value().to_le_bytes());
        let mut stream = Words::new(hasher.finalize_xof());
        let mask = (1 << m.bits()) - 1;
        for row in limb.chunks_exact_mut(stride) {
            stream.fill_below(&mut row[..row_len], mask, m.value());
        }
    });
    out
}

struct Words {
    reader: blake3::OutputReader,
    bytes: Box<[u8; READ * 8]>,
    next: usize,
}

impl Words {
    fn new(reader: blake3::OutputReader) -> Self {
        Self { reader, bytes: Box::new([0; READ * 8]), next: READ }
    }

    fn fill_below(&mut self, out: &mut [u64], mask: u64, bound: u64) {
        let mut filled = 0;
        while filled < out.len() {
            if self.next == READ {
                self.reader.fill(&mut self.bytes[..]);
                self.next = 0;
            }
            let words = &self.bytes.as_chunks::<8>().0[self.next..];
            let (kept, used) = keep_below(words, &mut out[filled..], mask, bound);
            filled += kept;
            self.next += used;
        }
    }
}

/// Keeps the low bits of words that are below `bound` until `out` is full or no word is left. Returns how many words are kept and how many
/// were looked at.
fn keep_below(words: &[[u8; 8]], out: &mut [u64], mask: u64, bound: u64) -> (usize, usize) {
    const AT_ONCE: usize = 8;
    let (mut kept, mut used) = (0, 0);
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes) & mask;
    // most primes lie close below a power of two, so mostly all words of a group are kept
    while let (Some(group), Some(places)) =
        (words[used..].first_chunk::<AT_ONCE>(), out[kept..].first_chunk_mut::<AT_ONCE>())
    {
        *places = group.map(|bytes| word(&bytes));
        // the top bit of the difference is set if a word is not below: all are below 2^63
        let beyond = places.iter().fold(0, |any, word| any | (bound - 1).wrapping_sub(*word)) >> 63;
        if beyond == 0 {
            kept += AT_ONCE;
        } else {
            for bytes in group {
                // written whether it is kept or not, which avoids a branch
                out[kept] = word(bytes);
                kept += usize::from(out[kept] < bound);
            }
        }
        used += AT_ONCE;
    }
    for bytes in &words[used..] {
        if kept == out.len() {
            break;
        }
        out[kept] = word(bytes);
        kept += usize::from(out[kept] < bound);
        used += 1;
    }
    (kept, used)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Backend, primes};

    fn ring(backend: Backend) -> Arc<Ring> {
        let q: Vec<u64> =
            [28, 36, 50].iter().map(|&b| primes::ntt_primes(12, b, 1, &[]).unwrap()[0]).collect();
        Ring::with_backend(11, &q, &primes::ntt_primes(12, 45, 1, &[]).unwrap(), backend).unwrap()
    }

    #[test]
    fn golden() {
        for backend in Backend::available() {
            let ring = ring(backend);
            let poly = uniform(&ring, ring.full_basis(), &[42; 32], b"test");
            let mut hasher = blake3::Hasher::new();
            for i in 0..4 {
                poly.rows(i).flatten().for_each(|w| {
                    hasher.update(&w.to_le_bytes());
                });
            }
            // Frozen: seeds in files stand for these words.
            assert_eq!(
                hasher.finalize().to_hex().as_str(),
                "4c734fd0970525b73655a35fb648f780d42ad704cd41234c9c16cc715ab27230"
            );
        }
    }

    #[test]
    fn limbs_stand_alone_and_labels_separate() {
        let ring = ring(Backend::Scalar);
        let seed = [1; 32];
        let whole = uniform(&ring, ring.full_basis(), &seed, b"a");
        let part = Basis { q: 2, p: 1 };
        assert!(uniform(&ring, part, &seed, b"a") == whole.truncated(part));
        assert!(uniform(&ring, part, &seed, b"b") != whole.truncated(part));
        assert!(uniform(&ring, part, &[2; 32], b"a") != whole.truncated(part));
    }

    #[test]
    fn words_are_uniform() {
        let ring = ring(Backend::Scalar);
        let poly = uniform(&ring, ring.full_basis(), &[3; 32], b"statistics");
        for i in 0..4 {
            let p = poly.modulus(i).value() as f64;
            let n = ring.degree() as f64;
            let mean = poly.rows(i).flatten().map(|&w| w as f64 / p).sum::<f64>() / n;
            let square = poly.rows(i).flatten().map(|&w| (w as f64 / p).powi(2)).sum::<f64>() / n;
            assert!((mean - 0.5).abs() < 5.0 * (1.0 / 12.0 / n).sqrt(), "limb {i}: mean {mean}");
            assert!(
                (square - 1.0 / 3.0).abs() < 5.0 * (4.0 / 45.0 / n).sqrt(),
                "limb {i}: mean square {square}"
            );
        }
    }
}
