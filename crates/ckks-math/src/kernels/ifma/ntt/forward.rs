//! Coefficients to evaluations.

use super::{
    super::vector::{Factor, LANES, Prime, V, add, cut, load, madd_lo, splat, store, sub, vectors_mut},
    BLOCK, LEAVES, TILE, Twiddles, headroom, node_in_subtree,
    transpose::transpose,
};
use crate::layout::GROUP;

/// Vectors of a group.
const GROUP_VECTORS: usize = GROUP / LANES;
/// Vectors of a tile.
const TILE_VECTORS: usize = TILE / LANES;

impl Twiddles {
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    pub(crate) fn forward(&self, limb: &mut [u64]) {
        match headroom(&self.modulus) {
            4 => self.forward_within::<4>(limb),
            8 => self.forward_within::<8>(limb),
            16 => self.forward_within::<16>(limb),
            _ => self.forward_within::<64>(limb),
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    fn forward_within<const MAX: u64>(&self, limb: &mut [u64]) {
        assert_eq!(limb.len(), self.layout.limb_len());
        let data = vectors_mut(limb);
        let (rows, stride) = (self.layout.rows(), self.layout.row_stride() / LANES);
        let columns = self.layout.row_len() / LANES;
        match rows {
            4 => self.pass::<4, 1, MAX>(data, stride, columns, 1),
            8 => self.pass::<8, 1, MAX>(data, stride, columns, 1),
            16 => self.pass::<16, 1, MAX>(data, stride, columns, 1),
            _ => {}
        }
        for r in 0..rows {
            let row = &mut data[r * stride..][..columns];
            match (rows, columns / TILE_VECTORS) {
                (1, 4) => self.pass::<4, 1, MAX>(row, columns / 4, columns / 4, 1),
                (1, 8) => self.pass::<8, 1, MAX>(row, columns / 8, columns / 8, 1),
                (1, 16) => self.pass::<16, 1, MAX>(row, columns / 16, columns / 16, 1),
                (_, 8) => self.pass::<8, MAX, MAX>(row, columns / 8, columns / 8, rows + r),
                (_, 16) => self.pass::<16, MAX, MAX>(row, columns / 16, columns / 16, rows + r),
                (rows, parts) => unreachable!("{rows} rows of {parts} tiles"),
            }
            let tiles = columns / TILE_VECTORS;
            for (t, tile) in row.chunks_exact_mut(TILE_VECTORS).enumerate() {
                let number = r * tiles + t;
                self.pass::<16, MAX, MAX>(tile, 2, 2, rows * tiles + number);
                let (first, second) = tile.split_at_mut(GROUP_VECTORS);
                self.last_pass::<MAX>(first, &self.leaves[2 * number]);
                self.last_pass::<MAX>(second, &self.leaves[2 * number + 1]);
            }
        }
    }

    /// Radix R down each of `columns` columns of vectors, `stride` apart: the layers from `node` on. From values below `IN` p
    /// to values below `MAX` p.
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    fn pass<const R: usize, const IN: u64, const MAX: u64>(
        &self,
        data: &mut [[u64; LANES]],
        stride: usize,
        columns: usize,
        node: usize,
    ) {
        let mut roots = [Factor::default(); BLOCK];
        for (heap, root) in roots[..R].iter_mut().enumerate().skip(1) {
            *root = self.heads[node_in_subtree(node, heap)];
        }
        let p = Prime::new(&self.modulus);
        let value = self.modulus.value();
        assert!(data.len() >= (R - 1) * stride + columns);
        for c in 0..columns {
            let mut x = [p.zero; R];
            for i in 0..R {
                x[i] = load(&data[i * stride + c]);
            }
            let mut bound = IN;
            if R == 16 {
                bound = layer::<R, 8>(&p, value, &mut x, &roots, bound, MAX);
            }
            if R >= 8 {
                bound = layer::<R, 4>(&p, value, &mut x, &roots, bound, MAX);
            }
            bound = layer::<R, 2>(&p, value, &mut x, &roots, bound, MAX);
            layer::<R, 1>(&p, value, &mut x, &roots, bound, MAX);
            for i in 0..R {
                store(&mut data[i * stride + c], x[i]);
            }
        }
    }

    /// The last four layers of eight blocks, one a lane, to residues in memory order.
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    fn last_pass<const MAX: u64>(&self, group: &mut [[u64; LANES]], leaves: &[[u64; LANES]; LEAVES]) {
        let p = Prime::new(&self.modulus);
        let value = self.modulus.value();
        let group: &mut [[u64; LANES]; GROUP_VECTORS] = match group.try_into() {
            Ok(group) => group,
            Err(_) => unreachable!("a group has 16 vectors"),
        };
        let mut x = [p.zero; BLOCK];
        for half in 0..2 {
            let mut rows = [p.zero; LANES];
            for b in 0..LANES {
                rows[b] = load(&group[2 * b + half]);
            }
            x[half * LANES..][..LANES].copy_from_slice(&transpose(rows));
        }
        let mut bound = MAX;
        bound = leaf_layer::<8>(&p, value, &mut x, leaves, bound, MAX);
        bound = leaf_layer::<4>(&p, value, &mut x, leaves, bound, MAX);
        bound = leaf_layer::<2>(&p, value, &mut x, leaves, bound, MAX);
        let one = Factor::new(&self.modulus, 1);
        let one = (splat(one.w), splat(one.quotient));
        for i in 0..BLOCK / 2 {
            let (u, y) = (x[2 * i], x[2 * i + 1]);
            let (w, quotient) = leaf(&p, &leaves[BLOCK / 2 - 1 + i]);
            // Two cuts from 4p; from further up a product with 1 is cheaper.
            let u = if bound <= 4 { cut(cut(u, splat(2 * value)), p.p) } else { p.mul(u, one.0, one.1) };
            let t = p.mul(y, w, quotient);
            store(&mut group[2 * i], p.add(u, t));
            store(&mut group[2 * i + 1], p.sub(u, t));
        }
    }
}

/// One layer of butterflies (x, y) -> (x + w y, x - w y) between values `HALF` apart; `bound` as in [`butterfly`].
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
fn layer<const R: usize, const HALF: usize>(
    p: &Prime,
    value: u64,
    x: &mut [V; R],
    roots: &[Factor; BLOCK],
    bound: u64,
    max: u64,
) -> u64 {
    let blocks = R / (2 * HALF);
    for block in 0..blocks {
        let root = roots[blocks + block];
        let (w, quotient) = (splat(root.w), splat(root.quotient));
        for i in 0..HALF {
            let at = block * 2 * HALF + i;
            (x[at], x[at + HALF]) = butterfly(p, value, x[at], x[at + HALF], w, quotient, bound, max);
        }
    }
    next_bound(bound, max)
}

/// [`layer`] with a root for each lane.
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
fn leaf_layer<const HALF: usize>(
    p: &Prime,
    value: u64,
    x: &mut [V; BLOCK],
    leaves: &[[u64; LANES]; LEAVES],
    bound: u64,
    max: u64,
) -> u64 {
    let blocks = BLOCK / (2 * HALF);
    for block in 0..blocks {
        let (w, quotient) = leaf(p, &leaves[blocks - 1 + block]);
        for i in 0..HALF {
            let at = block * 2 * HALF + i;
            (x[at], x[at + HALF]) = butterfly(p, value, x[at], x[at + HALF], w, quotient, bound, max);
        }
    }
    next_bound(bound, max)
}

/// Eight roots and their quotients.
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
fn leaf(p: &Prime, words: &[u64; LANES]) -> (V, V) {
    let w = load(words);
    (w, madd_lo(p.zero, w, p.inverse))
}

/// `(x + w y, x - w y)`, both below [`next_bound`]`(bound, max)` p, for x and y below `bound` p <= `max` p <= 2^52.
///
/// The product is in (0, 2p), so both results are in (0, (b + 2) p) for x below b p. Where that would pass `max`, x is cut
/// to half its bound first.
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
#[allow(clippy::too_many_arguments)]
fn butterfly(p: &Prime, value: u64, x: V, y: V, w: V, quotient: V, bound: u64, max: u64) -> (V, V) {
    let x = if bound + 2 > max { cut(x, splat(bound.div_ceil(2) * value)) } else { x };
    let t = p.mul_lazy(y, w, quotient);
    (add(x, t), sub(add(x, splat(2 * value)), t))
}

const fn next_bound(bound: u64, max: u64) -> u64 {
    if bound + 2 > max { bound.div_ceil(2) + 2 } else { bound + 2 }
}
