//! Residues in as many bits as their prime has.
//!
//! Eight words of w bits lie in w bytes, lowest bits first: a vector starts on a byte, and word j of it at bit j w. From the byte
//! in which a word starts, it reaches no further than bit 7 + w <= 57: a load of eight bytes, a shift and a mask take it out.

use super::lanes::LANES;
use crate::MAX_MODULUS_BITS;

/// Bytes that may be read from the start of a vector on, whatever its width.
pub(crate) const WINDOW: usize = 64;

/// Part of a packed limb: whole vectors, and what lies behind them up to a window.
#[derive(Clone, Copy)]
pub(crate) struct Packed<'a> {
    bytes: &'a [u8],
    bits: usize,
}

impl<'a> Packed<'a> {
    /// `words` words, packed with `bits` bits each, from the start of `bytes`.
    pub(crate) fn new(bytes: &'a [u8], bits: usize, words: usize) -> Self {
        assert!((1..=MAX_MODULUS_BITS as usize).contains(&bits) && words.is_multiple_of(LANES));
        Self { bytes: &bytes[..packed_len(words, bits) + WINDOW], bits }
    }

    /// Bits of a word.
    pub(crate) fn bits(self) -> usize {
        self.bits
    }

    /// Words of all vectors.
    pub(crate) fn words(self) -> usize {
        (self.bytes.len() - WINDOW) / self.bits * LANES
    }

    /// The bytes from the start of a vector on.
    #[inline]
    pub(crate) fn window(self, vector: usize) -> &'a [u8; WINDOW] {
        match self.bytes[vector * self.bits..].first_chunk() {
            Some(window) => window,
            None => unreachable!("a window behind every vector"),
        }
    }

    /// The bytes from the start of a vector on, with a window for each of `count` vectors.
    #[inline]
    pub(crate) fn windows(self, vector: usize, count: usize) -> &'a [u8] {
        let start = vector * self.bits;
        &self.bytes[start..start + (count - 1) * self.bits + WINDOW]
    }

    /// Word `i`.
    #[inline]
    pub(crate) fn word(self, i: usize) -> u64 {
        let window = self.window(i / LANES);
        let (byte, shift) = Self::place(self.bits, i % LANES);
        match window[byte..].first_chunk() {
            Some(bytes) => u64::from_le_bytes(*bytes) >> shift & mask(self.bits),
            None => unreachable!("byte 43 is the last one that a word starts in"),
        }
    }

    /// The byte of a vector in which word `lane` starts, and the bit of that byte.
    pub(crate) fn place(bits: usize, lane: usize) -> (usize, usize) {
        (bits * lane / 8, bits * lane % 8)
    }
}

/// Bytes of so many words.
pub(crate) fn packed_len(words: usize, bits: usize) -> usize {
    words / LANES * bits
}

/// The lowest `bits` bits.
pub(crate) fn mask(bits: usize) -> u64 {
    (1 << bits) - 1
}

/// Packs words below `2^bits` into exactly as many bytes as they take.
pub(crate) fn pack(words: &[u64], bits: usize, out: &mut [u8]) {
    assert_eq!(out.len(), packed_len(words.len(), bits));
    for (words, out) in words.chunks_exact(LANES).zip(out.chunks_exact_mut(bits)) {
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
            let words = [words, vec![mask(bits); 8]].concat();
            let mut bytes = vec![0xa5; packed_len(words.len(), bits) + WINDOW];
            let end = packed_len(words.len(), bits);
            pack(&words, bits, &mut bytes[..end]);
            let packed = Packed::new(&bytes, bits, words.len());
            assert_eq!(packed.words(), words.len());
            assert!(words.iter().enumerate().all(|(i, &word)| packed.word(i) == word), "{bits} bits");
        }
    }
}
