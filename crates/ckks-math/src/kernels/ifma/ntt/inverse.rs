//! Evaluations to coefficients: the passes of `forward` in reverse, with the butterflies (x, y) -> (x + y, (x - y) /
//! w).
//!
//! No product reduces the sums, so bounds differ from value to value. [`Plan`] computes them at compile time. A value
//! is cut only where the next layer would otherwise read it beyond `MAX` p.

use std::{arch::x86_64::*, hint::black_box};

use super::{
    super::vector::{Factor, LANES, Prime, V, add, cut, load, madd_lo, store, sub, vectors, vectors_mut},
    Twiddles, headroom,
};
use crate::kernels::{
    avx512::transposed,
    block::{BLOCK, GROUP_VECTORS, LEAVES, TILE_VECTORS, each_pair, place},
    tree::mirror,
};

/// One layer of butterflies of radix R between values `HALF` apart, in a pass that starts below `IN` p. `$root` gives
/// the negative inverse of a block's root, and its quotient.
macro_rules! layer {
    ($p:ident, $x:ident, $radix:expr, $start:expr, $half:literal, |$block:ident| $root:expr) => {
        let (mut w, mut quotient) = ($p.zero, $p.zero);
        each_pair!(K => {
            if K < $radix / 2 {
                if K.is_multiple_of($half) {
                    let $block = K / $half;
                    (w, quotient) = $root;
                }
                let at = const { place(K, $half) };
                let pair = const { Plan::<{ $radix }>::new($start, MAX).pair(K, $half) };
                let (sum, difference) = sum_and_difference(&$p, $x[at], $x[at + $half], pair.x, pair.y);
                $x[at] = sum;
                $x[at + $half] = $p.mul_lazy(difference, w, quotient);
            }
        });
    };
}

impl Twiddles {
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    pub(crate) fn inverse(&self, source: Option<&[u64]>, limb: &mut [u64], scale: u64) {
        match headroom(&self.modulus) {
            4 => self.inverse_within::<4, 2>(source, limb, scale),
            8 => self.inverse_within::<8, 4>(source, limb, scale),
            16 => self.inverse_within::<16, 4>(source, limb, scale),
            _ => self.inverse_within::<32, 8>(source, limb, scale),
        }
    }

    /// `BETWEEN` bounds the values between passes.
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    fn inverse_within<const MAX: u64, const BETWEEN: u64>(
        &self,
        source: Option<&[u64]>,
        limb: &mut [u64],
        scale: u64,
    ) {
        assert_eq!(limb.len(), self.layout.limb_len());
        let (source, data) = (source.map(vectors), vectors_mut(limb));
        let (rows, stride) = (self.layout.rows(), self.layout.row_stride() / LANES);
        let columns = self.layout.row_len() / LANES;
        let scale = Scale::new(self, scale);
        for r in 0..rows {
            let row = &mut data[r * stride..][..columns];
            let tiles = columns / TILE_VECTORS;
            for (t, tile) in row.chunks_exact_mut(TILE_VECTORS).enumerate() {
                if let Some(source) = source {
                    tile.copy_from_slice(&source[r * stride + t * TILE_VECTORS..][..TILE_VECTORS]);
                }
                let number = r * tiles + t;
                let (first, second) = tile.split_at_mut(GROUP_VECTORS);
                let mirrored = self.leaves.len() - 1 - 2 * number;
                self.first_pass::<MAX, BETWEEN>(first, &self.leaves[mirrored]);
                self.first_pass::<MAX, BETWEEN>(second, &self.leaves[mirrored - 1]);
                self.inverse_pass::<16, true, MAX, BETWEEN>(tile, 2, 2, rows * tiles + number, None);
            }
            match (rows, columns / TILE_VECTORS) {
                (1, 4) => {
                    self.inverse_pass::<4, false, MAX, BETWEEN>(
                        row,
                        columns / 4,
                        columns / 4,
                        1,
                        Some(&scale),
                    );
                }
                (1, 8) => {
                    self.inverse_pass::<8, false, MAX, BETWEEN>(
                        row,
                        columns / 8,
                        columns / 8,
                        1,
                        Some(&scale),
                    );
                }
                (1, 16) => {
                    self.inverse_pass::<16, false, MAX, BETWEEN>(
                        row,
                        columns / 16,
                        columns / 16,
                        1,
                        Some(&scale),
                    );
                }
                (_, 8) => {
                    self.inverse_pass::<8, false, MAX, BETWEEN>(
                        row,
                        columns / 8,
                        columns / 8,
                        rows + r,
                        None,
                    );
                }
                (_, 16) => {
                    self.inverse_pass::<16, false, MAX, BETWEEN>(
                        row,
                        columns / 16,
                        columns / 16,
                        rows + r,
                        None,
                    );
                }
                (rows, parts) => unreachable!("{rows} rows of {parts} tiles"),
            }
        }
        match rows {
            4 => self.inverse_pass::<4, false, MAX, BETWEEN>(data, stride, columns, 1, Some(&scale)),
            8 => self.inverse_pass::<8, false, MAX, BETWEEN>(data, stride, columns, 1, Some(&scale)),
            16 => self.inverse_pass::<16, false, MAX, BETWEEN>(data, stride, columns, 1, Some(&scale)),
            _ => {}
        }
    }

    /// Undoes the forward pass of radix R up to a factor R, from and to values below `BETWEEN` p. `scale` is for the
    /// last pass, which leaves residues.
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    fn inverse_pass<const R: usize, const TILED: bool, const MAX: u64, const BETWEEN: u64>(
        &self,
        data: &mut [[u64; LANES]],
        stride: usize,
        columns: usize,
        node: usize,
        scale: Option<&Scale>,
    ) {
        let p = Prime::new(&self.modulus);
        let mirrored = self.roots(mirror(node));
        assert!(data.len() >= (R - 1) * stride + columns);
        for c in 0..columns {
            // As in the forward pass.
            let mirrored = if TILED { black_box(&mirrored) } else { &mirrored };
            let mut x = [p.zero; R];
            for (i, x) in x.iter_mut().enumerate() {
                // SAFETY: within the length asserted above.
                *x = load(unsafe { data.get_unchecked(i * stride + c) });
            }
            layer!(p, x, R, BETWEEN, 1, |block| mirrored.level(R / 2)[R / 2 - 1 - block].splat());
            if R >= 8 {
                layer!(p, x, R, BETWEEN, 2, |block| mirrored.level(R / 4)[R / 4 - 1 - block].splat());
            }
            if R >= 16 {
                layer!(p, x, R, BETWEEN, 4, |block| mirrored.level(R / 8)[R / 8 - 1 - block].splat());
            }
            if let Some(scale) = scale {
                last_layer::<R, BETWEEN, MAX>(&p, &mut x, scale);
            } else {
                match R {
                    16 => {
                        layer!(p, x, R, BETWEEN, 8, |_block| mirrored.one[0].splat());
                    }
                    8 => {
                        layer!(p, x, R, BETWEEN, 4, |_block| mirrored.one[0].splat());
                    }
                    _ => {
                        layer!(p, x, R, BETWEEN, 2, |_block| mirrored.one[0].splat());
                    }
                }
                settle::<R, BETWEEN, MAX, BETWEEN>(&p, &mut x);
            }
            for (i, &x) in x.iter().enumerate() {
                // SAFETY: within the length asserted above.
                store(unsafe { data.get_unchecked_mut(i * stride + c) }, x);
            }
        }
    }

    /// Undoes the last forward pass up to a factor 16, from residues in memory order to values below `BETWEEN` p.
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    fn first_pass<const MAX: u64, const BETWEEN: u64>(
        &self,
        group: &mut [[u64; LANES]],
        mirrored: &[[u64; LANES]; LEAVES],
    ) {
        let p = Prime::new(&self.modulus);
        let group: &mut [[u64; LANES]; GROUP_VECTORS] = match group.try_into() {
            Ok(group) => group,
            Err(_) => unreachable!("a group has 16 vectors"),
        };
        let mut x = [p.zero; BLOCK];
        for i in 0..BLOCK {
            x[i] = load(&group[i]);
        }
        layer!(p, x, BLOCK, 1, 1, |block| mirrored_leaf(&p, &mirrored[14 - block]));
        layer!(p, x, BLOCK, 1, 2, |block| mirrored_leaf(&p, &mirrored[6 - block]));
        layer!(p, x, BLOCK, 1, 4, |block| mirrored_leaf(&p, &mirrored[2 - block]));
        layer!(p, x, BLOCK, 1, 8, |block| mirrored_leaf(&p, &mirrored[block]));
        settle::<BLOCK, 1, MAX, BETWEEN>(&p, &mut x);
        for half in 0..2 {
            let mut columns = [p.zero; LANES];
            columns.copy_from_slice(&x[half * LANES..][..LANES]);
            let rows = transposed(columns);
            for b in 0..LANES {
                store(&mut group[2 * b + half], rows[b]);
            }
        }
    }
}

/// The factor of the whole transform, included in its last layer.
struct Scale {
    sum: (V, V),
    difference: (V, V),
}

impl Scale {
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    fn new(twiddles: &Twiddles, scale: u64) -> Self {
        let m = &twiddles.modulus;
        let sum = Factor::new(m, scale);
        // The root of the whole tree mirrors itself.
        let difference = Factor::from_montgomery(m, m.mul(twiddles.heads[1].w, scale));
        Self { sum: sum.splat(), difference: difference.splat() }
    }
}

/// The cuts of each value before each layer, in a pass of radix R.
struct Plan<const R: usize> {
    /// Cuts by layer and by place of the first operand.
    pairs: [[Pair; R]; 4],
    /// Bounds after the last layer.
    out: [u64; R],
}

/// The cuts of both operands of a butterfly.
#[derive(Clone, Copy)]
struct Pair {
    x: Cuts,
    y: Cuts,
}

/// How often a value below `bound` p is cut to half its bound.
#[derive(Clone, Copy)]
struct Cuts {
    bound: u64,
    times: u32,
}

impl Cuts {
    const fn none(bound: u64) -> Self {
        Self { bound, times: 0 }
    }

    const fn bound_after(self) -> u64 {
        let (mut bound, mut i) = (self.bound, 0);
        while i < self.times {
            bound = bound.div_ceil(2);
            i += 1;
        }
        bound
    }

    const fn once_more(self) -> Self {
        Self { bound: self.bound, times: self.times + 1 }
    }
}

impl<const R: usize> Plan<R> {
    /// The plan for values that start below `bound` p and must stay below `max` p. While the sum of two bounds, which
    /// also bounds the difference, exceeds `max`, the operand with the larger bound is cut.
    const fn new(bound: u64, max: u64) -> Self {
        let none = Cuts::none(0);
        let mut pairs = [[Pair { x: none, y: none }; R]; 4];
        let mut out = [bound; R];
        let mut layer = 0;
        while 1 << layer < R {
            let half = 1 << layer;
            let mut k = 0;
            while k < R / 2 {
                let at = place(k, half);
                let (mut x, mut y) = (Cuts::none(out[at]), Cuts::none(out[at + half]));
                while x.bound_after() + y.bound_after() > max {
                    if x.bound_after() >= y.bound_after() {
                        x = x.once_more();
                    } else {
                        y = y.once_more();
                    }
                }
                pairs[layer][at] = Pair { x, y };
                // A product is below 2p.
                (out[at], out[at + half]) = (x.bound_after() + y.bound_after(), 2);
                k += 1;
            }
            layer += 1;
        }
        Self { pairs, out }
    }

    /// The cuts for pair number `k`, if it exists, of the layer between values `half` apart.
    const fn pair(&self, k: usize, half: usize) -> Pair {
        self.pairs[half.ilog2() as usize][place(k, half) % R]
    }

    /// The cuts that finally bring values `2 k` and `2 k + 1`, if they exist, below `bound` p.
    const fn settled(&self, k: usize, bound: u64) -> (Cuts, Cuts) {
        let mut cuts = (Cuts::none(self.out[2 * k % R]), Cuts::none(self.out[(2 * k + 1) % R]));
        while cuts.0.bound_after() > bound {
            cuts.0 = cuts.0.once_more();
        }
        while cuts.1.bound_after() > bound {
            cuts.1 = cuts.1.once_more();
        }
        cuts
    }
}

/// The negative inverses of eight roots and their quotients. They are read from the mirrored group, whose lanes run
/// backwards.
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
fn mirrored_leaf(p: &Prime, words: &[u64; LANES]) -> (V, V) {
    let w = _mm512_permutexvar_epi64(_mm512_set_epi64(0, 1, 2, 3, 4, 5, 6, 7), load(words));
    (w, madd_lo(p.zero, w, p.inverse))
}

/// The last layer of the transform, scaled. Leaves residues.
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
fn last_layer<const R: usize, const IN: u64, const MAX: u64>(p: &Prime, x: &mut [V; R], scale: &Scale) {
    each_pair!(K => {
        if K < R / 2 {
            let pair = const { Plan::<R>::new(IN, MAX).pair(K, R / 2) };
            let (sum, difference) = sum_and_difference(p, x[K], x[K + R / 2], pair.x, pair.y);
            x[K] = p.mul(sum, scale.sum.0, scale.sum.1);
            x[K + R / 2] = p.mul(difference, scale.difference.0, scale.difference.1);
        }
    });
}

/// Cuts the results of a pass that started below `IN` p to below `OUT` p.
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
fn settle<const R: usize, const IN: u64, const MAX: u64, const OUT: u64>(p: &Prime, x: &mut [V; R]) {
    each_pair!(K => {
        if K < R / 2 {
            let (even, odd) = const { Plan::<R>::new(IN, MAX).settled(K, OUT) };
            x[2 * K] = halve(p, x[2 * K], even);
            x[2 * K + 1] = halve(p, x[2 * K + 1], odd);
        }
    });
}

/// The sum and difference of one butterfly after the cuts of its operands: (x + y, y - x + b p) with x below b p.
/// Both are below MAX p.
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
fn sum_and_difference(p: &Prime, x: V, y: V, x_cuts: Cuts, y_cuts: Cuts) -> (V, V) {
    let (x, y) = (halve(p, x, x_cuts), halve(p, y, y_cuts));
    (add(x, y), sub(add(y, p.times(x_cuts.bound_after())), x))
}

/// Cuts a value to half its bound as often as planned.
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
fn halve(p: &Prime, mut x: V, cuts: Cuts) -> V {
    // At most six times, since 2^6 is the largest bound of all.
    let mut bound = cuts.bound;
    for i in 0..6 {
        if i < cuts.times {
            bound = bound.div_ceil(2);
            x = cut(x, p.times(bound));
        }
    }
    x
}
