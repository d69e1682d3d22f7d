//! Negacyclic transform: few passes over memory, each of radix 16 (the first of radix 4, 8 or 16).
//!
//! 1. Across the rows of the limb, one column of vectors at a time (N >= 2^13).
//! 2. Down each row, in 4 to 16 parts.
//! 3. Down each block of 256 words, in 16 parts of two vectors.
//! 4. Inside blocks of 16 words, eight blocks at a time: a group of 128 words is transposed so that each lane holds a block,
//!    and stays so. That is the order of evaluations in memory (`layout`).
//!
//! Passes 3 and 4 alternate block by block, in the level-one cache. The inverse runs backwards.
//!
//! Values between butterflies are lazy: below `MAX` p, where `MAX` p <= 2^52 is what the multiplier reads. The smaller
//! the prime, the larger `MAX`, and the fewer values have to be cut back ([`headroom`]). `docs/notes/ntt.md` has the proofs.

mod forward;
mod inverse;
mod transpose;

use super::vector::{Factor, LANES};
use crate::{
    Modulus,
    layout::{GROUP, Layout, reverse_bits},
};

/// Words of a block of the last pass.
const BLOCK: usize = 16;
/// Words that passes 3 and 4 work on together.
const TILE: usize = 256;
/// Roots of one block of the last pass: 1 + 2 + 4 + 8.
const LEAVES: usize = BLOCK - 1;

/// Powers of psi in the forms that the passes read. The inverse has none of its own: `scalar::ntt` says why.
pub(crate) struct Twiddles {
    modulus: Modulus,
    layout: Layout,
    /// Roots of the passes before the last, in tree order: node m + i at index m + i.
    heads: Vec<Factor>,
    /// Roots of the last pass: for each group its 15 vectors, layer by layer, one lane a block. Their quotients are computed
    /// on the way, which costs less than reading them.
    leaves: Vec<[[u64; LANES]; LEAVES]>,
}

impl Twiddles {
    pub(crate) fn new(modulus: &Modulus, layout: Layout, psi: u64) -> Self {
        let mut roots = vec![0; layout.n()];
        let mut power = modulus.two_52();
        for exponent in 0..layout.n() {
            roots[reverse_bits(exponent, layout.log_n())] = power;
            power = modulus.mul(power, psi);
        }
        let blocks = layout.n() / BLOCK;
        let heads = roots[..blocks].iter().map(|&w| Factor::from_montgomery(modulus, w)).collect();
        let leaves = (0..layout.n() / GROUP)
            .map(|group| {
                let mut vectors = [[0; LANES]; LEAVES];
                for (heap, vector) in (1..BLOCK).zip(&mut vectors) {
                    for (lane, w) in vector.iter_mut().enumerate() {
                        *w = roots[node_in_subtree(blocks + group * LANES + lane, heap)];
                    }
                }
                vectors
            })
            .collect();
        Self { modulus: *modulus, layout, heads, leaves }
    }
}

/// The node of the whole tree at place `heap` (1: the root) of the subtree under `node`.
fn node_in_subtree(node: usize, heap: usize) -> usize {
    let depth = heap.ilog2();
    (node << depth) + heap - (1 << depth)
}

/// The largest bound, in units of p, that values in a transform may have: `bound * p <= 2^52`. One of 4, 8, 16 and 64, for
/// each of which the passes are compiled.
fn headroom(modulus: &Modulus) -> u64 {
    match modulus.bits() {
        50.. => 4,
        49 => 8,
        47 | 48 => 16,
        _ => 64,
    }
}
