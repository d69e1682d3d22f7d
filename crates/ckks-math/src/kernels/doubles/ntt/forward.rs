//! Coefficients to evaluations, with the butterflies (x, y) -> (x + w y, x - w y).

use super::{
    super::{
        isa::{Doubles, Isa, Words},
        prime::{Prime, Root},
    },
    Twiddles, leaf,
};
use crate::kernels::{
    block::{BLOCK, GROUP_VECTORS, LEAVES, TILE_VECTORS, each_pair, place},
    lanes::{LANES, vectors_mut},
};

/// The butterflies of one layer of `$radix` values, `$half` apart.
macro_rules! layer {
    ($p:ident, $x:ident, $radix:expr, $half:literal, |$block:ident| $root:expr) => {
        each_pair!(K => {
            if K < $radix / 2 {
                let at = const { place(K, $half) };
                let $block = K / $half;
                ($x[at], $x[at + $half]) = butterfly(&$p, $x[at], $x[at + $half], $root);
            }
        });
    };
}

impl Twiddles {
    pub(crate) fn forward<S: Isa>(&self, isa: S, limb: &mut [u64]) {
        assert_eq!(limb.len(), self.layout.limb_len());
        let data = vectors_mut(limb);
        let (rows, stride) = (self.layout.rows(), self.layout.row_stride() / LANES);
        let columns = self.layout.row_len() / LANES;
        match rows {
            4 => self.pass::<S, 4, true>(isa, data, stride, columns, 1),
            8 => self.pass::<S, 8, true>(isa, data, stride, columns, 1),
            16 => self.pass::<S, 16, true>(isa, data, stride, columns, 1),
            _ => {}
        }
        for r in 0..rows {
            let row = &mut data[r * stride..][..columns];
            let parts = columns / TILE_VECTORS;
            let (part, node) = (columns / parts, rows + r);
            match (rows, parts) {
                (1, 4) => self.pass::<S, 4, true>(isa, row, part, part, node),
                (1, 8) => self.pass::<S, 8, true>(isa, row, part, part, node),
                (1, 16) => self.pass::<S, 16, true>(isa, row, part, part, node),
                (_, 8) => self.pass::<S, 8, false>(isa, row, part, part, node),
                (_, 16) => self.pass::<S, 16, false>(isa, row, part, part, node),
                (rows, parts) => unreachable!("{rows} rows of {parts} tiles"),
            }
            isa.call(
                #[inline(always)]
                || self.tiles(isa, row, r),
            );
        }
    }

    /// Passes 3 and 4 of row `r`.
    #[inline(always)]
    fn tiles<S: Isa>(&self, isa: S, row: &mut [[u64; LANES]], r: usize) {
        let (rows, tiles) = (self.layout.rows(), row.len() / TILE_VECTORS);
        for (t, tile) in row.chunks_exact_mut(TILE_VECTORS).enumerate() {
            let number = r * tiles + t;
            self.columns::<S, 16, false>(isa, tile, 2, 2, rows * tiles + number);
            for (group, leaves) in tile.chunks_exact_mut(GROUP_VECTORS).zip(&self.leaves[2 * number..]) {
                self.last_pass(isa, group, leaves);
            }
        }
    }

    fn pass<S: Isa, const R: usize, const FIRST: bool>(
        &self,
        isa: S,
        data: &mut [[u64; LANES]],
        stride: usize,
        columns: usize,
        node: usize,
    ) {
        isa.call(
            #[inline(always)]
            || self.columns::<S, R, FIRST>(isa, data, stride, columns, node),
        );
    }

    /// The layers from `node` on, of radix R, down each of `columns` columns of vectors, `stride` apart. The first
    /// pass reads words.
    #[inline(always)]
    fn columns<S: Isa, const R: usize, const FIRST: bool>(
        &self,
        isa: S,
        data: &mut [[u64; LANES]],
        stride: usize,
        columns: usize,
        node: usize,
    ) {
        let p = self.prime.splat(isa);
        let roots = self.roots(node);
        assert!(data.len() >= (R - 1) * stride + columns);
        macro_rules! at {
            ($row:expr, $column:ident) => {
                // SAFETY: within the length asserted above.
                unsafe { data.get_unchecked_mut(($row) * stride + $column) }
            };
        }
        macro_rules! read {
            ($row:expr, $column:ident) => {
                if FIRST { isa.load_residues(at!($row, $column)) } else { isa.load_bits(at!($row, $column)) }
            };
        }
        // The first values of a pass are part of no product for one or two layers. They are reduced first where the
        // bounds require it.
        let reduced = R == 16 || (R == 8 && !FIRST);
        for column in 0..columns {
            let mut x = [p.p; BLOCK];
            each_pair!(K => {
                if K < R / 2 {
                    let (y, z) = (read!(K, column), read!(K + R / 2, column));
                    let y = if reduced && K < 4 { p.reduce(y) } else { y };
                    (x[K], x[K + R / 2]) = butterfly(&p, y, z, roots.splat(isa, 1, 0));
                }
            });
            if R == 16 {
                layer!(p, x, R, 4, |block| roots.splat(isa, 2, block));
            }
            if R >= 8 {
                layer!(p, x, R, 2, |block| roots.splat(isa, R / 4, block));
            }
            each_pair!(K => {
                if K < R / 2 {
                    let (y, z) = butterfly(&p, x[2 * K], x[2 * K + 1], roots.splat(isa, R / 2, K));
                    y.store_bits(at!(2 * K, column));
                    z.store_bits(at!(2 * K + 1, column));
                }
            });
        }
    }

    /// The last four layers of eight blocks, one per lane. Leaves residues in memory order.
    #[inline(always)]
    fn last_pass<S: Isa>(&self, isa: S, group: &mut [[u64; LANES]], leaves: &[[f64; LANES]; LEAVES]) {
        let p = self.prime.splat(isa);
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
            for b in 0..LANES {
                rows[b] = isa.load_bits(&group[2 * b + half]);
            }
            x[half * LANES..][..LANES].copy_from_slice(&Doubles::transposed(rows));
        }
        each_pair!(K => {
            (x[K], x[K + 8]) = butterfly(&p, p.reduce(x[K]), x[K + 8], leaf!(0));
        });
        layer!(p, x, BLOCK, 4, |block| leaf!(1 + block));
        layer!(p, x, BLOCK, 2, |block| leaf!(3 + block));
        each_pair!(K => {
            let (y, z) = butterfly(&p, p.reduce(x[2 * K]), x[2 * K + 1], leaf!(7 + K));
            p.floor_words(y).store(&mut group[2 * K]);
            p.floor_words(z).store(&mut group[2 * K + 1]);
        });
    }
}

#[inline(always)]
fn butterfly<S: Isa>(p: &Prime<S>, x: S::Doubles, y: S::Doubles, root: Root<S>) -> (S::Doubles, S::Doubles) {
    let t = p.mul(y, root);
    (x + t, x - t)
}
