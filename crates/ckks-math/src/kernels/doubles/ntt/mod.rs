//! Negacyclic transform: the passes of the wider vectors (`docs/notes/ntt.md`), each radix 16 cut in two of radix 4.
//!
//! 1. Across the rows of the limb, one column of vectors at a time (N >= 2^13).
//! 2. Down each row, in 4 to 16 parts.
//! 3. Down each block of 256 words, in 16 parts of two vectors.
//! 4. Inside blocks of 16 words, eight blocks at a time, one a lane.
//!
//! The first pass reads words and leaves doubles in their place, the last one reads doubles and leaves words.
//!
//! A step of radix 4 on vectors of two registers is what sixteen registers hold, so a pass of radix 16 is two of them, in place.

mod forward;
mod inverse;

use super::{
    isa::Isa,
    prime::{Factor, Prime, Root, centred},
};
use crate::{
    Modulus,
    kernels::{lanes::LANES, tree},
    layout::{GROUP, Layout},
};

/// Words of a block of the last pass.
const BLOCK: usize = 16;
/// Roots of one block of the last pass: 1 + 2 + 4 + 8.
const LEAVES: usize = BLOCK - 1;
/// Vectors of a group.
const GROUP_VECTORS: usize = GROUP / LANES;
/// Vectors of what passes 3 and 4 work on together: 256 words.
const TILE_VECTORS: usize = 2 * GROUP_VECTORS;

/// Columns that a pass works on together: one's steps of radix 4 hide the other's latency.
const SIDE_BY_SIDE: usize = 2;

/// Powers of psi in the forms that the passes read. The inverse has none of its own: [`tree::mirror`] says why.
pub(crate) struct Twiddles {
    modulus: Modulus,
    layout: Layout,
    /// Roots of the passes before the last, in tree order: node m + i at index m + i.
    heads: Vec<Factor>,
    /// Roots of the last pass: for each group its 15 vectors, layer by layer, one lane a block. Their quotients are
    /// computed on the way, which costs less than reading them.
    leaves: Vec<[[f64; LANES]; LEAVES]>,
}

impl Twiddles {
    pub(crate) fn new(modulus: &Modulus, layout: Layout, psi: u64) -> Self {
        let roots = tree::roots(modulus, layout, psi, 1);
        let blocks = layout.n() / BLOCK;
        let heads = roots[..blocks].iter().map(|&w| Factor::new(modulus, w)).collect();
        let leaves = (0..layout.n() / GROUP)
            .map(|group| {
                let mut vectors = [[0.0; LANES]; LEAVES];
                for (heap, vector) in (1..BLOCK).zip(&mut vectors) {
                    for (lane, w) in vector.iter_mut().enumerate() {
                        let block = blocks + group * LANES + lane;
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
    #[inline(always)]
    fn splat<S: Isa>(&self, isa: S, blocks: usize, i: usize) -> Root<S> {
        match blocks {
            1 => self.one[i].splat(isa),
            2 => self.two[i].splat(isa),
            4 => self.four[i].splat(isa),
            _ => self.eight[i].splat(isa),
        }
    }
}

/// Eight roots of the last pass, and their quotients.
#[inline(always)]
fn leaf<S: Isa>(p: &Prime<S>, w: S::Doubles) -> Root<S> {
    Root { w, quotient: w * p.inverse }
}

#[cfg(test)]
mod tests {
    use crate::{MAX_LOG_DEGREE, MAX_MODULUS_BITS, MIN_LOG_DEGREE};

    /// Bounds in units of p, for the largest primes.
    const MAX: f64 = (1u64 << (53 - MAX_MODULUS_BITS)) as f64;
    /// Of a reduced value: half, and two units.
    const REDUCED: f64 = 0.5 + 1e-12;

    /// Of a product with a factor whose quotient is off by `roundings`, 2^-53 of itself each.
    fn product(y: f64, roundings: f64) -> f64 {
        assert!(y <= MAX, "{y} p is no exact double");
        0.5 + y / 2.0 * roundings / MAX + 1e-12
    }

    /// Largest result of a forward step of radix 4.
    fn forward_step(bound: f64, reduced: bool, roundings: f64) -> f64 {
        let t = product(bound, roundings);
        let out = if reduced { REDUCED } else { bound } + t + product(bound + t, roundings);
        assert!(out <= MAX);
        out
    }

    #[test]
    fn forward_bounds_hold() {
        for log_n in MIN_LOG_DEGREE..=MAX_LOG_DEGREE {
            let radices: &[u32] = match log_n {
                10 => &[4, 16],
                11 => &[8, 16],
                12 => &[16, 16],
                13 => &[4, 8, 16],
                14 => &[4, 16, 16],
                15 => &[8, 16, 16],
                _ => &[16, 16, 16],
            };
            let mut bound = 1.0;
            for radix in radices {
                bound = match radix {
                    16 => forward_step(bound, true, 2.0),
                    8 => bound + product(bound, 2.0),
                    _ => bound,
                };
                bound = forward_step(bound, false, 2.0);
            }
            bound = forward_step(bound, true, 3.0);
            let y = bound + product(bound, 3.0);
            assert!(REDUCED + product(y, 3.0) < 2.0 - 1e-9, "2^{log_n}");
        }
    }

    /// Largest result of an inverse step of radix 4, and whether the second value is reduced too.
    fn inverse_step(bound: f64, roundings: f64, second: bool) -> f64 {
        assert!(4.0 * bound <= MAX);
        let difference = product(2.0 * bound, roundings);
        let second = if second { REDUCED } else { 2.0 * difference };
        let third = product(4.0 * bound, roundings);
        REDUCED.max(second).max(third).max(product(2.0 * difference, roundings))
    }

    #[test]
    fn inverse_bounds_hold() {
        // The last pass: residues, the second values of its second step reduced.
        let mut bound = inverse_step(inverse_step(1.0, 3.0, false), 3.0, true);
        // Steps of radix 4, however many; a layer alone reduces its sums and widens no bound.
        for _ in 0..MAX_LOG_DEGREE {
            bound = inverse_step(bound, 2.0, false);
            assert!(product(4.0 * bound, 2.0) < 2.0 - 1e-9);
        }
    }
}
