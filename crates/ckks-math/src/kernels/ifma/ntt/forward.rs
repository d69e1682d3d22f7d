//! Coefficients to evaluations.

use std::hint::black_box;

use super::{
    super::vector::{Factor, LANES, Prime, V, add, cut, load, madd_hi, madd_lo, store, sub, vectors_mut},
    Twiddles, headroom,
};
use crate::kernels::{
    avx512::transposed,
    block::{BLOCK, GROUP_VECTORS, LEAVES, TILE_VECTORS, each_pair, place},
};

/// One layer of butterflies of radix R between values `HALF` apart, written out so that the compiler keeps all values
/// in registers. `$root` gives the root of a block and its quotient.
macro_rules! layer {
    ($p:ident, $x:ident, $bounds:ident, $radix:expr, $half:literal, |$block:ident| $root:expr) => {
        let (mut w, mut quotient) = ($p.zero, $p.zero);
        each_pair!(K => {
            if K < $radix / 2 {
                if K.is_multiple_of($half) {
                    let $block = K / $half;
                    (w, quotient) = $root;
                }
                let at = const { place(K, $half) };
                ($x[at], $x[at + $half]) = butterfly::<MAX>(&$p, $x[at], $x[at + $half], w, quotient, $bounds);
            }
        });
        $bounds = $bounds.after_layer(MAX);
    };
}

impl Twiddles {
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    pub(crate) fn forward(&self, limb: &mut [u64]) {
        match headroom(&self.modulus) {
            4 => self.forward_within::<4>(limb),
            8 => self.forward_within::<8>(limb),
            16 => self.forward_within::<16>(limb),
            _ => self.forward_within::<32>(limb),
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    fn forward_within<const MAX: u64>(&self, limb: &mut [u64]) {
        assert_eq!(limb.len(), self.layout.limb_len());
        let data = vectors_mut(limb);
        let (rows, stride) = (self.layout.rows(), self.layout.row_stride() / LANES);
        let columns = self.layout.row_len() / LANES;
        match rows {
            4 => self.pass::<4, FIRST, MAX>(data, stride, columns, 1),
            8 => self.pass::<8, FIRST, MAX>(data, stride, columns, 1),
            16 => self.pass::<16, FIRST, MAX>(data, stride, columns, 1),
            _ => {}
        }
        for r in 0..rows {
            let row = &mut data[r * stride..][..columns];
            match (rows, columns / TILE_VECTORS) {
                (1, 4) => self.pass::<4, FIRST, MAX>(row, columns / 4, columns / 4, 1),
                (1, 8) => self.pass::<8, FIRST, MAX>(row, columns / 8, columns / 8, 1),
                (1, 16) => self.pass::<16, FIRST, MAX>(row, columns / 16, columns / 16, 1),
                (_, 8) => self.pass::<8, 11, MAX>(row, columns / 8, columns / 8, rows + r),
                (_, 16) => self.pass::<16, 12, MAX>(row, columns / 16, columns / 16, rows + r),
                (rows, parts) => unreachable!("{rows} rows of {parts} tiles"),
            }
            let tiles = columns / TILE_VECTORS;
            for (t, tile) in row.chunks_exact_mut(TILE_VECTORS).enumerate() {
                let number = r * tiles + t;
                self.pass::<16, TILED, MAX>(tile, 2, 2, rows * tiles + number);
                let (first, second) = tile.split_at_mut(GROUP_VECTORS);
                self.last_pass::<MAX>(first, &self.leaves[2 * number]);
                self.last_pass::<MAX>(second, &self.leaves[2 * number + 1]);
            }
        }
    }

    /// The layers from `node` on, of radix R, down each of `columns` columns of vectors, `stride` apart, with `LEFT`
    /// layers still to go.
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    fn pass<const R: usize, const LEFT: u64, const MAX: u64>(
        &self,
        data: &mut [[u64; LANES]],
        stride: usize,
        columns: usize,
        node: usize,
    ) {
        let p = Prime::new(&self.modulus);
        let roots = self.roots(node);
        assert!(data.len() >= (R - 1) * stride + columns);
        for c in 0..columns {
            // For many columns the compiler broadcasts all roots ahead of the loop and spills them. With two columns
            // this does not pay. `black_box` makes it read the roots where they are needed.
            let roots = if LEFT == TILED { black_box(&roots) } else { &roots };
            let mut x = [p.zero; R];
            for (i, x) in x.iter_mut().enumerate() {
                // SAFETY: within the length asserted above.
                *x = load(unsafe { data.get_unchecked(i * stride + c) });
            }
            let mut bounds = Bounds::before_pass(LEFT, MAX);
            if R == 16 {
                layer!(p, x, bounds, R, 8, |block| roots.level(R / 16)[block].splat());
            }
            if R >= 8 {
                layer!(p, x, bounds, R, 4, |block| roots.level(R / 8)[block].splat());
            }
            layer!(p, x, bounds, R, 2, |block| roots.level(R / 4)[block].splat());
            layer!(p, x, bounds, R, 1, |block| roots.level(R / 2)[block].splat());
            let _ = bounds;
            for (i, &x) in x.iter().enumerate() {
                // SAFETY: within the length asserted above.
                store(unsafe { data.get_unchecked_mut(i * stride + c) }, x);
            }
        }
    }

    /// The last four layers of eight blocks, one per lane. Leaves residues in memory order.
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    fn last_pass<const MAX: u64>(&self, group: &mut [[u64; LANES]], leaves: &[[u64; LANES]; LEAVES]) {
        let p = Prime::new(&self.modulus);
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
            x[half * LANES..][..LANES].copy_from_slice(&transposed(rows));
        }
        let mut bounds = Bounds::before_pass(4, MAX);
        layer!(p, x, bounds, BLOCK, 8, |block| leaf(&p, &leaves[block]));
        layer!(p, x, bounds, BLOCK, 4, |block| leaf(&p, &leaves[1 + block]));
        layer!(p, x, bounds, BLOCK, 2, |block| leaf(&p, &leaves[3 + block]));
        let one = Factor::new(&self.modulus, 1).splat();
        for i in 0..BLOCK / 2 {
            let (u, y) = (x[2 * i], x[2 * i + 1]);
            let (w, quotient) = leaf(&p, &leaves[BLOCK / 2 - 1 + i]);
            // From 4p two cuts suffice. From larger bounds a product with 1 is cheaper.
            let u = if bounds.high <= 4 { cut(cut(u, p.times(2)), p.p) } else { p.mul(u, one.0, one.1) };
            let t = p.mul(y, w, quotient);
            store(&mut group[2 * i], p.add(u, t));
            store(&mut group[2 * i + 1], p.sub(u, t));
        }
    }
}

/// Eight roots and their quotients.
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
fn leaf(p: &Prime, words: &[u64; LANES]) -> (V, V) {
    let w = load(words);
    (w, madd_lo(p.zero, w, p.inverse))
}

/// `(x + w y, x - w y)` for x and y within `bounds`. Both results are within [`Bounds::after_layer`].
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
fn butterfly<const MAX: u64>(p: &Prime, x: V, y: V, w: V, quotient: V, bounds: Bounds) -> (V, V) {
    let (cut_to, bias) = bounds.of_x(MAX);
    let x = if cut_to < bounds.high { cut(x, p.times(cut_to)) } else { x };
    if MAX < 8 {
        // x cannot be moved up far enough for more than one layer, so the product is moved instead. If the next layer
        // cuts the second result, adding and subtracting 2p cancel.
        let t = p.mul_lazy(y, w, quotient);
        return (add(x, t), add(sub(x, t), p.times(2)));
    }
    let x = if bias > 0 { add(x, p.times(bias)) } else { x };
    // The upper half of the product is added to x as it forms. Then 2x - (x + t) = x - t.
    let q = madd_lo(p.zero, y, quotient);
    let sum = sub(madd_hi(x, y, w), madd_hi(p.zero, q, p.p));
    (sum, sub(add(x, x), sum))
}

/// Values from `low` p to below `high` p.
///
/// The multiplier reads values in [0, 2^52), and `MAX` p <= 2^52. A product t is in (-p, p), so each layer widens the
/// bounds of its first operands x by one at either end. The bounds of its second operands do not matter. Before `low`
/// or `high` leave [0, `MAX`], x is cut to half its bound and moved to the middle, which suffices for `MAX`/4 layers:
/// every layer for `MAX` = 4, every second one for 8, once per pass for 16. For `MAX` = 32, once at the beginning
/// suffices for the 15 layers before the last, which reduces anyway.
#[derive(Clone, Copy)]
struct Bounds {
    low: u64,
    high: u64,
}

/// Layers left before a first pass: all, whatever their number.
const FIRST: u64 = u64::MAX;
/// Layers left before the passes over a tile.
const TILED: u64 = 8;

impl Bounds {
    /// The bounds before a pass with `left` layers to go.
    const fn before_pass(left: u64, max: u64) -> Self {
        if left == FIRST {
            Self { low: 0, high: 1 }
        } else if max == 32 {
            // Residues are moved to [15, 16) first; later passes have wider bounds.
            Self { low: left - 1, high: max - left }
        } else {
            Self { low: 0, high: max }
        }
    }

    /// The bound that x is cut to, if that is less than its bound, and the amount that it is then moved up by, both
    /// in units of p.
    const fn of_x(self, max: u64) -> (u64, u64) {
        let half = self.high.div_ceil(2);
        if max < 8 {
            (if self.high + 2 > max { half } else { self.high }, 0)
        } else if self.low >= 1 && self.high < max {
            (self.high, 0)
        } else {
            (half, (max - half) / 2)
        }
    }

    /// The bounds of both results of a butterfly.
    const fn after_layer(self, max: u64) -> Self {
        let (cut_to, bias) = self.of_x(max);
        if max < 8 {
            Self { low: 0, high: cut_to + 2 }
        } else if bias > 0 {
            Self { low: bias - 1, high: cut_to + bias + 1 }
        } else {
            Self { low: self.low - 1, high: self.high + 1 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bounds that passes assume hold, and every layer leaves values that the multiplier can read.
    #[test]
    fn bounds_hold_through_every_transform() {
        for max in [4, 8, 16, 32] {
            for log_n in crate::ring::MIN_LOG_DEGREE..=crate::ring::MAX_LOG_DEGREE {
                let mut bounds = Bounds::before_pass(FIRST, max);
                for left in (1..=u64::from(log_n)).rev() {
                    if left < u64::from(log_n) && [12, 11, 8, 4].contains(&left) {
                        let assumed = Bounds::before_pass(left, max);
                        assert!(
                            assumed.low <= bounds.low && bounds.high <= assumed.high,
                            "{max}: {left} of {log_n} left"
                        );
                    }
                    assert!(bounds.high <= max, "{max}: {left} of {log_n} left");
                    // The last layer reduces x itself.
                    if left > 1 {
                        bounds = bounds.after_layer(max);
                    }
                }
            }
        }
    }
}
