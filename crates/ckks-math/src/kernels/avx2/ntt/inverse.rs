//! Evaluations to coefficients: the passes of `forward` backwards, with the butterflies (x, y) -> (x + y, (x - y) / w).
//!
//! A sum is not reduced by any product. Of each four values one is the sum of all four at the end of a step of radix
//! 4, and is reduced there.

use super::{
    super::vector::{
        Factor, LANES, Prime, Root, V, add, load, load_bits, load_residues, reversed, splat, store_bits,
        store_words, sub, transpose, vectors_mut,
    },
    BLOCK, GROUP_VECTORS, LEAVES, SIDE_BY_SIDE, TILE_VECTORS, Twiddles, leaf,
};
use crate::kernels::tree::mirror;

impl Twiddles {
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn inverse(&self, limb: &mut [u64], scale: u64) {
        assert_eq!(limb.len(), self.layout.limb_len());
        let data = vectors_mut(limb);
        let (rows, stride) = (self.layout.rows(), self.layout.row_stride() / LANES);
        let columns = self.layout.row_len() / LANES;
        for r in 0..rows {
            let row = &mut data[r * stride..][..columns];
            let tiles = columns / TILE_VECTORS;
            for (t, tile) in row.chunks_exact_mut(TILE_VECTORS).enumerate() {
                let number = r * tiles + t;
                let (first, second) = tile.split_at_mut(GROUP_VECTORS);
                let mirrored = self.leaves.len() - 1 - 2 * number;
                self.first_pass(first, &self.leaves[mirrored]);
                self.first_pass(second, &self.leaves[mirrored - 1]);
                self.inverse_pass::<16, false>(tile, 2, 2, rows * tiles + number, 1);
            }
            match (rows, columns / TILE_VECTORS) {
                (1, 4) => self.inverse_pass::<4, true>(row, columns / 4, columns / 4, 1, scale),
                (1, 8) => self.inverse_pass::<8, true>(row, columns / 8, columns / 8, 1, scale),
                (1, 16) => self.inverse_pass::<16, true>(row, columns / 16, columns / 16, 1, scale),
                (_, 8) => self.inverse_pass::<8, false>(row, columns / 8, columns / 8, rows + r, 1),
                (_, 16) => self.inverse_pass::<16, false>(row, columns / 16, columns / 16, rows + r, 1),
                (rows, parts) => unreachable!("{rows} rows of {parts} tiles"),
            }
        }
        match rows {
            4 => self.inverse_pass::<4, true>(data, stride, columns, 1, scale),
            8 => self.inverse_pass::<8, true>(data, stride, columns, 1, scale),
            16 => self.inverse_pass::<16, true>(data, stride, columns, 1, scale),
            _ => {}
        }
    }

    /// Undoes a forward pass but for a factor R. The last one multiplies by `scale` R, to residues.
    #[target_feature(enable = "avx2,fma")]
    fn inverse_pass<const R: usize, const LAST: bool>(
        &self,
        data: &mut [[u64; LANES]],
        stride: usize,
        columns: usize,
        node: usize,
        scale: u64,
    ) {
        let m = &self.modulus;
        let p = Prime::new(m);
        let mirrored = self.roots(mirror(node));
        let end = if LAST {
            // The root of the whole tree is its own mirror image.
            let root = m.reduce_i64(mirrored.one[0].w as i64);
            let difference = Factor::new(m, m.mul(root, scale)).splat();
            End { difference, sum: Some(Factor::new(m, scale).splat()) }
        } else {
            End { difference: mirrored.splat(1, 0), sum: None }
        };
        assert!(data.len() >= (R - 1) * stride + columns && columns.is_multiple_of(SIDE_BY_SIDE));
        macro_rules! at {
            ($row:expr, $column:ident) => {
                // SAFETY: within the length asserted above.
                unsafe { data.get_unchecked_mut(($row) * stride + $column) }
            };
        }
        macro_rules! write {
            ($row:expr, $column:ident, $x:expr, $is_words:expr) => {
                if $is_words {
                    store_words(at!($row, $column), p.floor_words($x));
                } else {
                    store_bits(at!($row, $column), $x);
                }
            };
        }
        for start in (0..columns).step_by(SIDE_BY_SIDE) {
            for i in 0..R / 4 {
                for c in start..start + SIDE_BY_SIDE {
                    let (x0, x1) = (load_bits(at!(4 * i, c)), load_bits(at!(4 * i + 1, c)));
                    let (x2, x3) = (load_bits(at!(4 * i + 2, c)), load_bits(at!(4 * i + 3, c)));
                    let blocks = (R / 2 - 1 - 2 * i, R / 2 - 2 - 2 * i);
                    let lower = [mirrored.splat(R / 2, blocks.0), mirrored.splat(R / 2, blocks.1)];
                    let upper = End { difference: mirrored.splat(R / 4, R / 4 - 1 - i), sum: None };
                    let x = radix_4(&p, [x0, x1, x2, x3], lower, if R == 4 { end } else { upper });
                    for (k, x) in x.into_iter().enumerate() {
                        write!(4 * i + k, c, x, LAST && R == 4);
                    }
                }
            }
            for i in 0..4 {
                for c in start..start + SIDE_BY_SIDE {
                    if R == 16 {
                        let (x0, x1) = (load_bits(at!(i, c)), load_bits(at!(i + 4, c)));
                        let (x2, x3) = (load_bits(at!(i + 8, c)), load_bits(at!(i + 12, c)));
                        let lower = [mirrored.splat(2, 1), mirrored.splat(2, 0)];
                        for (k, x) in radix_4(&p, [x0, x1, x2, x3], lower, end).into_iter().enumerate() {
                            write!(i + 4 * k, c, x, LAST);
                        }
                    } else if R == 8 {
                        let (x, y) = (load_bits(at!(i, c)), load_bits(at!(i + 4, c)));
                        let (x, y) = end.butterfly(&p, x, y, true);
                        write!(i, c, x, LAST);
                        write!(i + 4, c, y, LAST);
                    }
                }
            }
        }
    }

    /// Undoes the last forward pass but for a factor 16, from residues in memory order.
    #[target_feature(enable = "avx2,fma")]
    fn first_pass(&self, group: &mut [[u64; LANES]], mirrored: &[[f64; LANES]; LEAVES]) {
        let p = Prime::new(&self.modulus);
        let group: &mut [[u64; LANES]; GROUP_VECTORS] = match group.try_into() {
            Ok(group) => group,
            Err(_) => unreachable!("a group has 16 vectors"),
        };
        // Minus the inverses of roots: the lanes of the mirrored group run backwards.
        let root = |i: usize| leaf(&p, reversed(load(&mirrored[i])));
        let mut x = [splat(0.0); BLOCK];
        for i in 0..4 {
            let end = End { difference: root(6 - i), sum: None };
            let (x0, x1) = (load_residues(&group[4 * i]), load_residues(&group[4 * i + 1]));
            let (x2, x3) = (load_residues(&group[4 * i + 2]), load_residues(&group[4 * i + 3]));
            let column = radix_4(&p, [x0, x1, x2, x3], [root(14 - 2 * i), root(13 - 2 * i)], end);
            [x[4 * i], x[4 * i + 1], x[4 * i + 2], x[4 * i + 3]] = column;
        }
        for i in 0..4 {
            let end = End { difference: root(0), sum: None };
            let column = radix_4(&p, [x[i], x[4 + i], x[8 + i], x[12 + i]], [root(2), root(1)], end);
            // Quotients of leaves are less exact: unless reduced, these could take sums of the next step beyond 8p.
            [x[i], x[4 + i], x[8 + i], x[12 + i]] = [column[0], p.reduce(column[1]), column[2], column[3]];
        }
        for (half, columns) in x.as_chunks().0.iter().enumerate() {
            for (b, row) in transpose(*columns).into_iter().enumerate() {
                store_bits(&mut group[2 * b + half], row);
            }
        }
    }
}

/// How the last layer of a step ends: the factor of differences, and that of sums, some of which are reduced if there is
/// none.
#[derive(Clone, Copy)]
struct End {
    difference: Root,
    sum: Option<Root>,
}

impl End {
    #[target_feature(enable = "avx2,fma")]
    #[inline]
    fn butterfly(&self, p: &Prime, x: V, y: V, reduced: bool) -> (V, V) {
        let sum = add(x, y);
        let sum = match self.sum {
            Some(factor) => p.mul(sum, factor),
            None if reduced => p.reduce(sum),
            None => sum,
        };
        (sum, p.mul(sub(y, x), self.difference))
    }
}

/// Two layers of four values: `lower` are the roots of the first.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn radix_4(p: &Prime, [x0, x1, x2, x3]: [V; 4], lower: [Root; 2], end: End) -> [V; 4] {
    let (x0, x1) = butterfly(p, x0, x1, lower[0]);
    let (x2, x3) = butterfly(p, x2, x3, lower[1]);
    let (x0, x2) = end.butterfly(p, x0, x2, true);
    let (x1, x3) = end.butterfly(p, x1, x3, false);
    [x0, x1, x2, x3]
}

/// `(x + y, (x - y) / w)`; `mirrored` is -1/w.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn butterfly(p: &Prime, x: V, y: V, mirrored: Root) -> (V, V) {
    (add(x, y), p.mul(sub(y, x), mirrored))
}
