//! Negacyclic transform in few passes over memory, each of radix 16 (the first of radix 4, 8 or 16).
//!
//! 1. Across the rows of the limb, one column of vectors at a time (N >= 2^13).
//! 2. Down each row, in 4 to 16 parts.
//! 3. Down each block of 256 words, in 16 parts of two vectors.
//! 4. Inside blocks of 16 words, eight blocks at a time, one per lane.
//!
//! The first pass reads words and leaves doubles in their place. The last one reads doubles and leaves words.
//!
//! A pass takes a block of up to 16 vectors through all its layers, one after the other. Eight butterflies side by
//! side hide each other's latency. `docs/notes/ntt.md` has the bounds.

mod forward;
mod inverse;

use super::{
    isa::Isa,
    prime::{Factor, Numbers, Prime, Root, centred},
};
use crate::{
    Modulus,
    kernels::{
        block::{BLOCK, LEAVES},
        lanes::LANES,
        tree,
    },
    layout::{GROUP, Layout},
};

/// Powers of psi in the forms that the passes read. The inverse uses the same ones; [`tree::mirror`] says why.
pub(crate) struct Twiddles {
    modulus: Modulus,
    prime: Numbers,
    layout: Layout,
    /// Roots of the passes before the last, in tree order: node m + i at index m + i.
    heads: Vec<Factor>,
    /// Roots of the last pass: 15 vectors for each group, layer by layer, one lane per block. Their quotients are
    /// computed on the fly, which costs less than reading them.
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
        Self { modulus: *modulus, prime: Numbers::new(modulus), layout, heads, leaves }
    }

    /// Roots of the subtree under `node`, down to four layers.
    #[inline(always)]
    fn roots(&self, node: usize) -> Roots<'_> {
        #[inline(always)]
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
    use crate::kernels::block::{BLOCK, place};
    use crate::{
        modulus::MAX_MODULUS_BITS,
        ring::{MAX_LOG_DEGREE, MIN_LOG_DEGREE},
    };

    /// The largest possible prime, since primes are 1 modulo 2N.
    const LARGEST: f64 = ((1u64 << MAX_MODULUS_BITS) - (2 << MIN_LOG_DEGREE) + 1) as f64;
    /// Bound 2^52 of the factors y of products. All bounds here are in units of the largest prime.
    const MAX: f64 = (1u64 << 52) as f64 / LARGEST;
    /// A few units, more than two roundings of quotients add to the errors.
    const UNITS: f64 = 4.0 / LARGEST;
    /// Bound of a reduced value.
    const REDUCED: f64 = 0.5 + UNITS;

    /// Bound of a product with a factor whose quotient has a relative error of `roundings` times 2^-53.
    fn product(y: f64, roundings: f64) -> f64 {
        assert!(y <= MAX, "{y} p is beyond what rounds to an integer");
        0.5 + y / 4.0 * roundings / MAX + UNITS
    }

    /// Bounds of the values of one block through the layers of butterflies.
    struct Block {
        bounds: [f64; BLOCK],
        radix: usize,
        roundings: f64,
    }

    impl Block {
        fn new(bound: f64, radix: usize, roundings: f64) -> Self {
            Self { bounds: [bound; BLOCK], radix, roundings }
        }

        fn largest(&self) -> f64 {
            self.bounds[..self.radix].iter().copied().fold(0.0, f64::max)
        }

        fn forward_layer(&mut self, half: usize) {
            for k in 0..self.radix / 2 {
                let at = place(k, half);
                let bound = self.bounds[at] + product(self.bounds[at + half], self.roundings);
                self.bounds[at] = bound;
                self.bounds[at + half] = bound;
            }
        }

        fn inverse_layer(&mut self, half: usize, reduced: bool) {
            for k in 0..self.radix / 2 {
                let at = place(k, half);
                let sum = self.bounds[at] + self.bounds[at + half];
                self.bounds[at] = if reduced { REDUCED } else { sum };
                self.bounds[at + half] = product(sum, self.roundings);
            }
        }
    }

    #[test]
    fn forward_bounds_hold() {
        for log_n in MIN_LOG_DEGREE..=MAX_LOG_DEGREE {
            let radices: &[usize] = match log_n {
                10 => &[4, 16],
                11 => &[8, 16],
                12 => &[16, 16],
                13 => &[4, 8, 16],
                14 => &[4, 16, 16],
                15 => &[8, 16, 16],
                _ => &[16, 16, 16],
            };
            let mut bound = 1.0;
            for (pass, &radix) in radices.iter().enumerate() {
                let mut block = Block::new(bound, radix, 1.0);
                if radix == 16 || radix == 8 && pass > 0 {
                    block.bounds[..4].fill(REDUCED);
                }
                (0..radix.ilog2()).rev().for_each(|layer| block.forward_layer(1 << layer));
                bound = block.largest();
            }
            let mut block = Block::new(bound, BLOCK, 2.0);
            block.bounds[..8].fill(REDUCED);
            [8, 4, 2].into_iter().for_each(|half| block.forward_layer(half));
            assert!(REDUCED + product(block.largest(), 2.0) < 2.0 - 1e-9, "2^{log_n}");
        }
    }

    #[test]
    fn inverse_bounds_hold() {
        for radices in [[16, 4], [16, 8], [16, 16], [16, 0]] {
            let mut block = Block::new(1.0, BLOCK, 2.0);
            [1, 2, 4, 8].into_iter().for_each(|half| block.inverse_layer(half, matches!(half, 2 | 8)));
            for radix in radices.into_iter().chain(radices).filter(|&radix| radix > 0) {
                block = Block::new(block.largest(), radix, 1.0);
                for layer in 0..radix.ilog2() - 1 {
                    block.inverse_layer(1 << layer, layer == 1);
                }
                // If this is the last pass, both are products.
                assert!(product(2.0 * block.largest(), 1.0) < 2.0 - 1e-9);
                block.inverse_layer(radix / 2, true);
            }
        }
    }
}
