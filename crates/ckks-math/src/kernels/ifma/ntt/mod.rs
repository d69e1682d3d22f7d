//! Negacyclic transform in few passes over memory, each of radix 16 (the first of radix 4, 8 or 16).
//!
//! 1. Across the rows of the limb, one column of vectors at a time (N >= 2^13).
//! 2. Down each row, in 4 to 16 parts.
//! 3. Down each block of 256 words, in 16 parts of two vectors.
//! 4. Inside blocks of 16 words, eight blocks at a time. A group of 128 words is transposed so that each lane holds a
//!    block, and stays transposed. This is the order of evaluations in memory (`layout`).
//!
//! Passes 3 and 4 alternate block by block, in the level-one cache. The inverse runs backwards.
//!
//! Values between butterflies are lazy: below `MAX` p, where `MAX` p <= 2^52 is what the multiplier can read. The
//! smaller the prime, the larger `MAX`, and the fewer values have to be cut ([`headroom`]). `docs/notes/ntt.md` has
//! the proofs.

mod forward;
mod inverse;

use super::vector::{Factor, LANES};
use crate::{
    Modulus,
    kernels::{
        block::{BLOCK, LEAVES},
        tree,
    },
    layout::{GROUP, Layout},
};

/// Powers of psi in the forms that the passes read. The inverse uses the same ones; [`tree::mirror`] says why.
pub(crate) struct Twiddles {
    modulus: Modulus,
    layout: Layout,
    /// Roots of the passes before the last, in tree order: node m + i at index m + i.
    heads: Vec<Factor>,
    /// Roots of the last pass: 15 vectors for each group, layer by layer, one lane per block. Their quotients are
    /// computed on the fly, which costs less than reading them.
    leaves: Vec<[[u64; LANES]; LEAVES]>,
}

impl Twiddles {
    pub(crate) fn new(modulus: &Modulus, layout: Layout, psi: u64) -> Self {
        let roots = tree::roots(modulus, layout, psi, modulus.two_52());
        let blocks = layout.n() / BLOCK;
        let heads = roots[..blocks].iter().map(|&w| Factor::from_montgomery(modulus, w)).collect();
        let leaves = (0..layout.n() / GROUP)
            .map(|group| {
                let mut vectors = [[0; LANES]; LEAVES];
                for (heap, vector) in (1..BLOCK).zip(&mut vectors) {
                    for (lane, w) in vector.iter_mut().enumerate() {
                        *w = roots[tree::node_in_subtree(blocks + group * LANES + lane, heap)];
                    }
                }
                vectors
            })
            .collect();
        Self { modulus: *modulus, layout, heads, leaves }
    }
}

/// Roots of one block of a pass before the last, layer by layer.
struct Roots<'a> {
    one: &'a [Factor; 1],
    two: &'a [Factor; 2],
    four: &'a [Factor; 4],
    eight: &'a [Factor; 8],
}

impl Twiddles {
    /// The roots of the subtree under `node`.
    fn roots(&self, node: usize) -> Roots<'_> {
        fn level<const K: usize>(heads: &[Factor], node: usize) -> &[Factor; K] {
            match heads[K * node..].first_chunk() {
                Some(roots) => roots,
                None => unreachable!("a head has four layers below it"),
            }
        }
        let heads = &self.heads;
        Roots {
            one: level(heads, node),
            two: level(heads, node),
            four: level(heads, node),
            eight: level(heads, node),
        }
    }
}

impl Roots<'_> {
    /// The roots of the layer with `blocks` blocks.
    #[inline(always)]
    fn level(&self, blocks: usize) -> &[Factor] {
        match blocks {
            1 => self.one,
            2 => self.two,
            4 => self.four,
            _ => self.eight,
        }
    }
}

/// The largest bound, in units of p, of values in a transform: `bound * p <= 2^52`. It is 4, 8, 16 or 32; the passes
/// are compiled for each.
fn headroom(modulus: &Modulus) -> u64 {
    match modulus.bits() {
        50.. => 4,
        49 => 8,
        48 => 16,
        _ => 32,
    }
}
