//! Negacyclic transform: the passes of the wider vectors (`docs/notes/ntt.md`), each radix 16 cut in two of radix 4.
//!
//! 1. Across the rows of the limb, one column of vectors at a time (N >= 2^13).
//! 2. Down each row, in 4 to 16 parts.
//! 3. Down each block of 256 words, in 16 parts of four vectors.
//! 4. Inside blocks of 16 words, four blocks at a time, one a lane.
//!
//! The first pass reads words and leaves doubles in their place, the last one reads doubles and leaves words. Passes 3 and 4
//! work on a tile of 256 words, which waits between them in a buffer in the level-one cache.
//!
//! A step of radix 4 needs twelve registers of the sixteen there are. Between the two steps of a pass its sixteen values
//! lie on the stack: reading and writing them costs no more than a quarter of the arithmetic, and runs beside it.

mod forward;
mod inverse;
mod transpose;

use super::vector::{Factor, LANES, Prime, Root, V, centred, load, mul, splat};
use crate::{
    Modulus,
    kernels::tree,
    layout::{GROUP, Layout},
};

/// Words of a block of the last pass.
const BLOCK: usize = 16;
/// Roots of one block of the last pass: 1 + 2 + 4 + 8.
const LEAVES: usize = BLOCK - 1;
/// Vectors of four blocks, one a lane: half a group.
const HALF_GROUP_VECTORS: usize = BLOCK;
/// Vectors of a group.
const GROUP_VECTORS: usize = GROUP / LANES;
/// Vectors of what passes 3 and 4 work on together: 256 words.
const TILE_VECTORS: usize = 2 * GROUP_VECTORS;
/// Vectors of one of a tile's 16 parts.
const PART_VECTORS: usize = TILE_VECTORS / 16;

/// Powers of psi in the forms that the passes read. The inverse has none of its own: [`tree::mirror`] says why.
pub(crate) struct Twiddles {
    modulus: Modulus,
    layout: Layout,
    /// Roots of the passes before the last, in tree order: node m + i at index m + i.
    heads: Vec<Factor>,
    /// Roots of the last pass: for each half of a group its 15 vectors, layer by layer, one lane a block. Their quotients are
    /// computed on the way, which costs less than reading them.
    leaves: Vec<[[f64; LANES]; LEAVES]>,
}

impl Twiddles {
    pub(crate) fn new(modulus: &Modulus, layout: Layout, psi: u64) -> Self {
        let roots = tree::roots(modulus, layout, psi, 1);
        let blocks = layout.n() / BLOCK;
        let heads = roots[..blocks].iter().map(|&w| Factor::new(modulus, w)).collect();
        let leaves = (0..blocks / LANES)
            .map(|half_group| {
                let mut vectors = [[0.0; LANES]; LEAVES];
                for (heap, vector) in (1..BLOCK).zip(&mut vectors) {
                    for (lane, w) in vector.iter_mut().enumerate() {
                        let block = blocks + half_group * LANES + lane;
                        *w = centred(modulus, roots[tree::node_in_subtree(block, heap)]);
                    }
                }
                vectors
            })
            .collect();
        Self { modulus: *modulus, layout, heads, leaves }
    }

    /// Roots of the subtree under `node`, four layers of it.
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

/// Roots of one block of a pass before the last, layer by layer.
struct Roots<'a> {
    one: &'a [Factor; 1],
    two: &'a [Factor; 2],
    four: &'a [Factor; 4],
    eight: &'a [Factor; 8],
}

impl Roots<'_> {
    /// Root number `i` of the layer with `blocks` blocks.
    #[target_feature(enable = "avx2,fma")]
    #[inline]
    fn splat(&self, blocks: usize, i: usize) -> Root {
        match blocks {
            1 => self.one[i].splat(),
            2 => self.two[i].splat(),
            4 => self.four[i].splat(),
            _ => self.eight[i].splat(),
        }
    }
}

/// Four roots of the last pass and their quotients.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn leaf(p: &Prime, roots: &[f64; LANES]) -> Root {
    let w = load(roots);
    Root { w, quotient: mul(w, p.inverse) }
}

/// No vector yet.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn blank<const R: usize>() -> [V; R] {
    [splat(0.0); R]
}
