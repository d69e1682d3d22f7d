//! Residues of two polynomials, packed in as many bits as their prime has.
//!
//! Eight words of w bits take w bytes, lowest bits first. A vector starts on a byte, and its word j at bit j w. A
//! word extends at most to bit 7 + w <= 57 from the byte in which it starts, so a load of eight bytes, a shift and a
//! mask extract it.
//!
//! The two halves of a key alternate, vector by vector, and are read together from memory. Processors prefetch some
//! sixteen streams at once. With separate halves, six digits would need eighteen.

use super::lanes::LANES;
use crate::modulus::MAX_MODULUS_BITS;

/// Bytes that may be read from the start of a vector, whatever its width.
pub(crate) const WINDOW: usize = 64;

/// Part of a packed limb: whole vectors of both halves, and the following bytes up to a window.
#[derive(Clone, Copy)]
pub(crate) struct Packed<'a> {
    bytes: &'a [u8],
    bits: usize,
}

impl<'a> Packed<'a> {
    /// `words` words of each half, with `bits` bits each, from the start of `bytes`.
    pub(crate) fn new(bytes: &'a [u8], bits: usize, words: usize) -> Self {
        assert!((1..=MAX_MODULUS_BITS as usize).contains(&bits) && words.is_multiple_of(LANES));
        Self { bytes: &bytes[..packed_len(words, bits) + WINDOW], bits }
    }

    /// Bits per word.
    pub(crate) fn bits(self) -> usize {
        self.bits
    }

    /// Words of each half.
    pub(crate) fn words(self) -> usize {
        (self.bytes.len() - WINDOW) / (2 * self.bits) * LANES
    }

    /// The bytes from the start of a vector of each half.
    #[inline]
    pub(crate) fn windows(self, vector: usize) -> [&'a [u8; WINDOW]; 2] {
        [0, 1].map(|half| match self.bytes[(2 * vector + half) * self.bits..].first_chunk() {
            Some(window) => window,
            None => unreachable!("a window behind every vector"),
        })
    }

    /// The bytes from the start of a vector, with a window for each of `count` vectors of both halves.
    #[inline]
    pub(crate) fn stretch(self, vector: usize, count: usize) -> &'a [u8] {
        let start = 2 * vector * self.bits;
        &self.bytes[start..start + (2 * count - 1) * self.bits + WINDOW]
    }

    /// Word `i` of each half.
    #[inline]
    pub(crate) fn word(self, i: usize) -> [u64; 2] {
        let (byte, shift) = Self::place(self.bits, i % LANES);
        self.windows(i / LANES).map(|window| match window[byte..].first_chunk() {
            Some(bytes) => u64::from_le_bytes(*bytes) >> shift & mask(self.bits),
            None => unreachable!("byte 43 is the last one that a word starts in"),
        })
    }

    /// The byte of a vector in which word `lane` starts, and the bit in that byte.
    pub(crate) fn place(bits: usize, lane: usize) -> (usize, usize) {
        (bits * lane / 8, bits * lane % 8)
    }
}

/// Bytes for `words` words of each half.
pub(crate) fn packed_len(words: usize, bits: usize) -> usize {
    words / LANES * 2 * bits
}

/// The lowest `bits` bits.
pub(crate) fn mask(bits: usize) -> u64 {
    (1 << bits) - 1
}

/// Packs words below `2^bits` of two halves into exactly [`packed_len`] bytes.
pub(crate) fn pack(halves: [&[u64]; 2], bits: usize, out: &mut [u8]) {
    assert!(halves.iter().all(|words| packed_len(words.len(), bits) == out.len()));
    let vectors = halves[0].chunks_exact(LANES).zip(halves[1].chunks_exact(LANES)).flat_map(|(b, a)| [b, a]);
    for (words, out) in vectors.zip(out.chunks_exact_mut(bits)) {
        let mut window = [0u8; WINDOW];
        for (lane, word) in words.iter().enumerate() {
            let (byte, shift) = Packed::place(bits, lane);
            let Some(place) = window[byte..].first_chunk_mut() else { unreachable!("as in `word`") };
            *place = (u64::from_le_bytes(*place) | word << shift).to_le_bytes();
        }
        out.copy_from_slice(&window[..bits]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_every_width_come_back() {
        for bits in 1..=MAX_MODULUS_BITS as usize {
            let words: Vec<u64> =
                (0..64u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) & mask(bits)).collect();
            let b = [words.clone(), vec![mask(bits); 8]].concat();
            let a = [vec![mask(bits); 8], words].concat();
            let end = packed_len(b.len(), bits);
            let mut bytes = vec![0xa5; end + WINDOW];
            pack([&b, &a], bits, &mut bytes[..end]);
            let packed = Packed::new(&bytes, bits, b.len());
            assert_eq!(packed.words(), b.len());
            assert!((0..b.len()).all(|i| packed.word(i) == [b[i], a[i]]), "{bits} bits");
        }
    }
}
