//! Coefficients to evaluations, with the butterflies (x, y) -> (x + w y, x - w y).

use super::{
    super::{
        isa::{Doubles, Isa, Words},
        prime::{Prime, Root},
    },
    BLOCK, GROUP_VECTORS, LEAVES, SIDE_BY_SIDE, TILE_VECTORS, Twiddles, leaf,
};
use crate::kernels::lanes::{LANES, vectors_mut};

impl Twiddles {
    pub(crate) fn forward<S: Isa>(&self, isa: S, limb: &mut [u64]) {
        assert_eq!(limb.len(), self.layout.limb_len());
        let data = vectors_mut(limb);
        let (rows, stride) = (self.layout.rows(), self.layout.row_stride() / LANES);
        let columns = self.layout.row_len() / LANES;
        match rows {
            4 => isa.call(
                #[inline(always)]
                || self.pass::<S, 4, true>(isa, data, stride, columns, 1),
            ),
            8 => isa.call(
                #[inline(always)]
                || self.pass::<S, 8, true>(isa, data, stride, columns, 1),
            ),
            16 => isa.call(
                #[inline(always)]
                || self.pass::<S, 16, true>(isa, data, stride, columns, 1),
            ),
            _ => {}
        }
        for r in 0..rows {
            let row = &mut data[r * stride..][..columns];
            match (rows, columns / TILE_VECTORS) {
                (1, 4) => isa.call(
                    #[inline(always)]
                    || self.pass::<S, 4, true>(isa, row, columns / 4, columns / 4, 1),
                ),
                (1, 8) => isa.call(
                    #[inline(always)]
                    || self.pass::<S, 8, true>(isa, row, columns / 8, columns / 8, 1),
                ),
                (1, 16) => isa.call(
                    #[inline(always)]
                    || self.pass::<S, 16, true>(isa, row, columns / 16, columns / 16, 1),
                ),
                (_, 8) => isa.call(
                    #[inline(always)]
                    || self.pass::<S, 8, false>(isa, row, columns / 8, columns / 8, rows + r),
                ),
                (_, 16) => isa.call(
                    #[inline(always)]
                    || self.pass::<S, 16, false>(isa, row, columns / 16, columns / 16, rows + r),
                ),
                (rows, parts) => unreachable!("{rows} rows of {parts} tiles"),
            }
            let tiles = columns / TILE_VECTORS;
            for (t, tile) in row.chunks_exact_mut(TILE_VECTORS).enumerate() {
                let number = r * tiles + t;
                isa.call(
                    #[inline(always)]
                    || self.pass::<S, 16, false>(isa, tile, 2, 2, rows * tiles + number),
                );
                let (first, second) = tile.split_at_mut(GROUP_VECTORS);
                isa.call(
                    #[inline(always)]
                    || self.last_pass(isa, first, &self.leaves[2 * number]),
                );
                isa.call(
                    #[inline(always)]
                    || self.last_pass(isa, second, &self.leaves[2 * number + 1]),
                );
            }
        }
    }

    /// Radix R down each of `columns` columns of vectors, `stride` apart: the layers from `node` on. The first pass
    /// reads words. Those of 16 values that no product reduces are reduced first.
    #[inline(always)]
    fn pass<S: Isa, const R: usize, const FIRST: bool>(
        &self,
        isa: S,
        data: &mut [[u64; LANES]],
        stride: usize,
        columns: usize,
        node: usize,
    ) {
        let p = Prime::new(isa, &self.modulus);
        let roots = self.roots(node);
        assert!(data.len() >= (R - 1) * stride + columns && columns.is_multiple_of(SIDE_BY_SIDE));
        macro_rules! at {
            ($row:expr, $column:ident) => {
                // SAFETY: within the length asserted above.
                unsafe { data.get_unchecked_mut(($row) * stride + $column) }
            };
        }
        macro_rules! read {
            ($row:expr, $column:ident, $is_words:expr) => {
                if $is_words {
                    isa.load_residues(at!($row, $column))
                } else {
                    isa.load_bits(at!($row, $column))
                }
            };
        }
        for start in (0..columns).step_by(SIDE_BY_SIDE) {
            for i in 0..4 {
                for c in start..start + SIDE_BY_SIDE {
                    if R == 16 {
                        let x = read!(i, c, FIRST);
                        let x = [
                            p.reduce(x),
                            read!(i + 4, c, FIRST),
                            read!(i + 8, c, FIRST),
                            read!(i + 12, c, FIRST),
                        ];
                        let lower = [roots.splat(isa, 2, 0), roots.splat(isa, 2, 1)];
                        for (k, x) in radix_4(&p, x, roots.splat(isa, 1, 0), lower).into_iter().enumerate() {
                            x.store_bits(at!(i + 4 * k, c));
                        }
                    } else if R == 8 {
                        let (x, y) = (read!(i, c, FIRST), read!(i + 4, c, FIRST));
                        let (x, y) = butterfly(&p, x, y, roots.splat(isa, 1, 0));
                        x.store_bits(at!(i, c));
                        y.store_bits(at!(i + 4, c));
                    }
                }
            }
            let is_words = FIRST && R == 4;
            for i in 0..R / 4 {
                for c in start..start + SIDE_BY_SIDE {
                    let (x0, x1) = (read!(4 * i, c, is_words), read!(4 * i + 1, c, is_words));
                    let (x2, x3) = (read!(4 * i + 2, c, is_words), read!(4 * i + 3, c, is_words));
                    let lower = [roots.splat(isa, R / 2, 2 * i), roots.splat(isa, R / 2, 2 * i + 1)];
                    let x = radix_4(&p, [x0, x1, x2, x3], roots.splat(isa, R / 4, i), lower);
                    for (k, x) in x.into_iter().enumerate() {
                        x.store_bits(at!(4 * i + k, c));
                    }
                }
            }
        }
    }

    /// The last four layers of eight blocks, one a lane, to residues in memory order.
    #[inline(always)]
    fn last_pass<S: Isa>(&self, isa: S, group: &mut [[u64; LANES]], leaves: &[[f64; LANES]; LEAVES]) {
        let p = Prime::new(isa, &self.modulus);
        let group: &mut [[u64; LANES]; GROUP_VECTORS] = match group.try_into() {
            Ok(group) => group,
            Err(_) => unreachable!("a group has 16 vectors"),
        };
        macro_rules! leaf {
            ($i:expr) => {
                leaf(&p, isa.load(&leaves[$i]))
            };
        }
        let mut x = [p.p; BLOCK];
        for half in 0..2 {
            let mut rows = [p.p; LANES];
            for (b, row) in rows.iter_mut().enumerate() {
                *row = isa.load_bits(&group[2 * b + half]);
            }
            x[half * LANES..][..LANES].copy_from_slice(&Doubles::transposed(rows));
        }
        for i in 0..4 {
            let column = [p.reduce(x[i]), x[4 + i], x[8 + i], x[12 + i]];
            let column = radix_4(&p, column, leaf!(0), [leaf!(1), leaf!(2)]);
            [x[i], x[4 + i], x[8 + i], x[12 + i]] = column;
        }
        for (i, x) in x.as_chunks::<4>().0.iter().enumerate() {
            let upper = leaf!(3 + i);
            let (x0, x2) = butterfly(&p, x[0], x[2], upper);
            let (x1, x3) = butterfly(&p, x[1], x[3], upper);
            let (x0, x1) = butterfly(&p, p.reduce(x0), x1, leaf!(7 + 2 * i));
            let (x2, x3) = butterfly(&p, p.reduce(x2), x3, leaf!(8 + 2 * i));
            for (k, x) in [x0, x1, x2, x3].into_iter().enumerate() {
                p.floor_words(x).store(&mut group[4 * i + k]);
            }
        }
    }
}

/// Two layers of four values: `upper` is the root of the first, `lower` are those of the second.
#[inline(always)]
fn radix_4<S: Isa>(
    p: &Prime<S>,
    [x0, x1, x2, x3]: [S::Doubles; 4],
    upper: Root<S>,
    lower: [Root<S>; 2],
) -> [S::Doubles; 4] {
    let (x0, x2) = butterfly(p, x0, x2, upper);
    let (x1, x3) = butterfly(p, x1, x3, upper);
    let (x0, x1) = butterfly(p, x0, x1, lower[0]);
    let (x2, x3) = butterfly(p, x2, x3, lower[1]);
    [x0, x1, x2, x3]
}

#[inline(always)]
fn butterfly<S: Isa>(p: &Prime<S>, x: S::Doubles, y: S::Doubles, root: Root<S>) -> (S::Doubles, S::Doubles) {
    let t = p.mul(y, root);
    (x + t, x - t)
}
