//! Evaluations to coefficients: the passes of `forward` backwards, with the butterflies (x, y) -> (x + y, (x - y) / w).
//!
//! A sum is not reduced by any product. Of each four values one is the sum of all four at the end of a step of radix
//! 4, and is reduced there.

use super::{
    super::{
        isa::{Doubles, Isa, Words},
        prime::{Factor, Prime, Root},
    },
    BLOCK, GROUP_VECTORS, LEAVES, SIDE_BY_SIDE, TILE_VECTORS, Twiddles, leaf,
};
use crate::kernels::{
    lanes::{LANES, vectors, vectors_mut},
    tree::mirror,
};

impl Twiddles {
    /// Of the evaluations in `source` if there are some, else of those in `limb`.
    pub(crate) fn inverse<S: Isa>(&self, isa: S, source: Option<&[u64]>, limb: &mut [u64], scale: u64) {
        assert_eq!(limb.len(), self.layout.limb_len());
        let (source, data) = (source.map(vectors), vectors_mut(limb));
        let (rows, stride) = (self.layout.rows(), self.layout.row_stride() / LANES);
        let columns = self.layout.row_len() / LANES;
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
                isa.call(
                    #[inline(always)]
                    || self.first_pass(isa, first, &self.leaves[mirrored]),
                );
                isa.call(
                    #[inline(always)]
                    || self.first_pass(isa, second, &self.leaves[mirrored - 1]),
                );
                isa.call(
                    #[inline(always)]
                    || self.inverse_pass::<S, 16, false>(isa, tile, 2, 2, rows * tiles + number, 1),
                );
            }
            match (rows, columns / TILE_VECTORS) {
                (1, 4) => isa.call(
                    #[inline(always)]
                    || self.inverse_pass::<S, 4, true>(isa, row, columns / 4, columns / 4, 1, scale),
                ),
                (1, 8) => isa.call(
                    #[inline(always)]
                    || self.inverse_pass::<S, 8, true>(isa, row, columns / 8, columns / 8, 1, scale),
                ),
                (1, 16) => isa.call(
                    #[inline(always)]
                    || self.inverse_pass::<S, 16, true>(isa, row, columns / 16, columns / 16, 1, scale),
                ),
                (_, 8) => isa.call(
                    #[inline(always)]
                    || self.inverse_pass::<S, 8, false>(isa, row, columns / 8, columns / 8, rows + r, 1),
                ),
                (_, 16) => isa.call(
                    #[inline(always)]
                    || self.inverse_pass::<S, 16, false>(isa, row, columns / 16, columns / 16, rows + r, 1),
                ),
                (rows, parts) => unreachable!("{rows} rows of {parts} tiles"),
            }
        }
        match rows {
            4 => isa.call(
                #[inline(always)]
                || self.inverse_pass::<S, 4, true>(isa, data, stride, columns, 1, scale),
            ),
            8 => isa.call(
                #[inline(always)]
                || self.inverse_pass::<S, 8, true>(isa, data, stride, columns, 1, scale),
            ),
            16 => isa.call(
                #[inline(always)]
                || self.inverse_pass::<S, 16, true>(isa, data, stride, columns, 1, scale),
            ),
            _ => {}
        }
    }

    /// Undoes a forward pass but for a factor R. The last one multiplies by `scale` R, to residues.
    #[inline(always)]
    fn inverse_pass<S: Isa, const R: usize, const LAST: bool>(
        &self,
        isa: S,
        data: &mut [[u64; LANES]],
        stride: usize,
        columns: usize,
        node: usize,
        scale: u64,
    ) {
        let m = &self.modulus;
        let p = Prime::new(isa, m);
        let mirrored = self.roots(mirror(node));
        let end = if LAST {
            // The root of the whole tree is its own mirror image.
            let root = m.reduce_i64(mirrored.one[0].w as i64);
            let difference = Factor::new(m, m.mul(root, scale)).splat(isa);
            End { difference, sum: Some(Factor::new(m, scale).splat(isa)) }
        } else {
            End { difference: mirrored.splat(isa, 1, 0), sum: None }
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
                    p.floor_words($x).store(at!($row, $column));
                } else {
                    $x.store_bits(at!($row, $column));
                }
            };
        }
        for start in (0..columns).step_by(SIDE_BY_SIDE) {
            for i in 0..R / 4 {
                for c in start..start + SIDE_BY_SIDE {
                    let (x0, x1) = (isa.load_bits(at!(4 * i, c)), isa.load_bits(at!(4 * i + 1, c)));
                    let (x2, x3) = (isa.load_bits(at!(4 * i + 2, c)), isa.load_bits(at!(4 * i + 3, c)));
                    let blocks = (R / 2 - 1 - 2 * i, R / 2 - 2 - 2 * i);
                    let lower = [mirrored.splat(isa, R / 2, blocks.0), mirrored.splat(isa, R / 2, blocks.1)];
                    let upper = End { difference: mirrored.splat(isa, R / 4, R / 4 - 1 - i), sum: None };
                    let x = radix_4(&p, [x0, x1, x2, x3], lower, if R == 4 { end } else { upper });
                    for (k, x) in x.into_iter().enumerate() {
                        write!(4 * i + k, c, x, LAST && R == 4);
                    }
                }
            }
            for i in 0..4 {
                for c in start..start + SIDE_BY_SIDE {
                    if R == 16 {
                        let (x0, x1) = (isa.load_bits(at!(i, c)), isa.load_bits(at!(i + 4, c)));
                        let (x2, x3) = (isa.load_bits(at!(i + 8, c)), isa.load_bits(at!(i + 12, c)));
                        let lower = [mirrored.splat(isa, 2, 1), mirrored.splat(isa, 2, 0)];
                        for (k, x) in radix_4(&p, [x0, x1, x2, x3], lower, end).into_iter().enumerate() {
                            write!(i + 4 * k, c, x, LAST);
                        }
                    } else if R == 8 {
                        let (x, y) = (isa.load_bits(at!(i, c)), isa.load_bits(at!(i + 4, c)));
                        let (x, y) = end.butterfly(&p, x, y, true);
                        write!(i, c, x, LAST);
                        write!(i + 4, c, y, LAST);
                    }
                }
            }
        }
    }

    /// Undoes the last forward pass but for a factor 16, from residues in memory order.
    #[inline(always)]
    fn first_pass<S: Isa>(&self, isa: S, group: &mut [[u64; LANES]], mirrored: &[[f64; LANES]; LEAVES]) {
        let p = Prime::new(isa, &self.modulus);
        let group: &mut [[u64; LANES]; GROUP_VECTORS] = match group.try_into() {
            Ok(group) => group,
            Err(_) => unreachable!("a group has 16 vectors"),
        };
        // Minus the inverses of roots: the lanes of the mirrored group run backwards.
        macro_rules! root {
            ($i:expr) => {
                leaf(&p, isa.load(&mirrored[$i]).reversed())
            };
        }
        let mut x = [p.p; BLOCK];
        for i in 0..4 {
            let end = End { difference: root!(6 - i), sum: None };
            let (x0, x1) = (isa.load_residues(&group[4 * i]), isa.load_residues(&group[4 * i + 1]));
            let (x2, x3) = (isa.load_residues(&group[4 * i + 2]), isa.load_residues(&group[4 * i + 3]));
            let column = radix_4(&p, [x0, x1, x2, x3], [root!(14 - 2 * i), root!(13 - 2 * i)], end);
            [x[4 * i], x[4 * i + 1], x[4 * i + 2], x[4 * i + 3]] = column;
        }
        for i in 0..4 {
            let end = End { difference: root!(0), sum: None };
            let column = radix_4(&p, [x[i], x[4 + i], x[8 + i], x[12 + i]], [root!(2), root!(1)], end);
            // Quotients of leaves are less exact: unless reduced, these could take sums of the next step beyond 8p.
            [x[i], x[4 + i], x[8 + i], x[12 + i]] = [column[0], p.reduce(column[1]), column[2], column[3]];
        }
        for (half, columns) in x.as_chunks().0.iter().enumerate() {
            for (b, row) in Doubles::transposed(*columns).into_iter().enumerate() {
                row.store_bits(&mut group[2 * b + half]);
            }
        }
    }
}

/// How the last layer of a step ends: the factor of differences, and that of sums, some of which are reduced if there is
/// none.
#[derive(Clone, Copy)]
struct End<S: Isa> {
    difference: Root<S>,
    sum: Option<Root<S>>,
}

impl<S: Isa> End<S> {
    #[inline(always)]
    fn butterfly(
        &self,
        p: &Prime<S>,
        x: S::Doubles,
        y: S::Doubles,
        reduced: bool,
    ) -> (S::Doubles, S::Doubles) {
        let sum = x + y;
        let sum = match self.sum {
            Some(factor) => p.mul(sum, factor),
            None if reduced => p.reduce(sum),
            None => sum,
        };
        (sum, p.mul(y - x, self.difference))
    }
}

/// Two layers of four values: `lower` are the roots of the first.
#[inline(always)]
fn radix_4<S: Isa>(
    p: &Prime<S>,
    [x0, x1, x2, x3]: [S::Doubles; 4],
    lower: [Root<S>; 2],
    end: End<S>,
) -> [S::Doubles; 4] {
    let (x0, x1) = butterfly(p, x0, x1, lower[0]);
    let (x2, x3) = butterfly(p, x2, x3, lower[1]);
    let (x0, x2) = end.butterfly(p, x0, x2, true);
    let (x1, x3) = end.butterfly(p, x1, x3, false);
    [x0, x1, x2, x3]
}

/// `(x + y, (x - y) / w)`; `mirrored` is -1/w.
#[inline(always)]
fn butterfly<S: Isa>(
    p: &Prime<S>,
    x: S::Doubles,
    y: S::Doubles,
    mirrored: Root<S>,
) -> (S::Doubles, S::Doubles) {
    (x + y, p.mul(y - x, mirrored))
}
