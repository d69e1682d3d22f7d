//! The permutations of a group of evaluations under automorphisms, sixteen vectors at a time.
//!
//! Word K = 8 H + L of a group lies in vector rev(H), four bits reversed, and lane rev(L), three bits reversed. It
//! comes from word g K + c modulo 128. With d = floor((g L + c) / 8), that word is in lane rev(g L + c mod 8), whatever
//! H is, and in vector rev(g H + d) modulo 16. So the lanes of all vectors are permuted alike. Each lane is then
//! rotated by its own d through the sixteen vectors in order of H, one power of two at a time. The factor g only
//! determines where a vector is stored.

use std::arch::x86_64::*;

use super::{load, store};
use crate::{
    kernels::lanes::LANES,
    layout::{GROUP, reverse_bits},
};

const VECTORS: usize = GROUP / LANES;
const LOG_VECTORS: u32 = VECTORS.trailing_zeros();
const LOG_LANES: u32 = LANES.trailing_zeros();

/// The permutations for X -> X^g, for every offset c.
pub(crate) struct Permutations {
    offsets: Vec<Offset>,
    /// Where the rotated vector H is stored.
    places: [usize; VECTORS],
}

#[derive(Clone, Copy)]
struct Offset {
    /// The source lane of each lane.
    lanes: [u64; LANES],
    /// The lanes that rotate by 1, 2, 4 and 8.
    turns: [u8; LOG_VECTORS as usize],
}

/// Bit-reversed numbers of vectors.
const REVERSED: [usize; VECTORS] = [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15];

impl Permutations {
    pub(crate) fn new(g: usize) -> Self {
        let offsets = (0..GROUP).map(|c| {
            let image = |lane: usize| g % GROUP * reverse_bits(lane, LOG_LANES) + c;
            let turns = |bit: u32| {
                let turned = |&lane: &usize| (image(lane) / LANES) & (1 << bit) != 0;
                (0..LANES).filter(turned).fold(0, |mask, lane| mask | 1 << lane)
            };
            Offset {
                lanes: std::array::from_fn(|lane| reverse_bits(image(lane) % LANES, LOG_LANES) as u64),
                turns: std::array::from_fn(|bit| turns(bit as u32)),
            }
        });
        let mut places = [0; VECTORS];
        for high in 0..VECTORS {
            places[high * g % VECTORS] = REVERSED[high];
        }
        Self { offsets: offsets.collect(), places }
    }

    #[target_feature(enable = "avx512f,avx512dq")]
    pub(crate) fn permute(&self, offset: usize, out: &mut [u64; GROUP], source: &[u64; GROUP]) {
        let Offset { lanes, turns } = &self.offsets[offset];
        let (source, out) = (source.as_chunks::<LANES>().0, out.as_chunks_mut::<LANES>().0);
        let lanes = load(lanes);
        let mut x = [lanes; VECTORS];
        for i in 0..VECTORS {
            x[i] = _mm512_permutexvar_epi64(lanes, load(&source[REVERSED[i]]));
        }
        let x = turn::<1>(x, turns[0]);
        let x = turn::<2>(x, turns[1]);
        let x = turn::<4>(x, turns[2]);
        let x = turn::<8>(x, turns[3]);
        for i in 0..VECTORS {
            store(&mut out[self.places[i] % VECTORS], x[i]);
        }
    }
}

/// Takes the lanes of the mask from the vector `BY` places further on.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn turn<const BY: usize>(x: [__m512i; VECTORS], mask: u8) -> [__m512i; VECTORS] {
    let mut out = x;
    for i in 0..VECTORS {
        out[i] = _mm512_mask_blend_epi64(mask, x[i], x[(i + BY) % VECTORS]);
    }
    out
}
