//! Evaluations to coefficients: the passes of `forward` in reverse, with the butterflies (x, y) -> (x + y, (x - y) /
//! w).
//!
//! No product reduces the sums, so those of every second layer are reduced explicitly.

use super::{
    super::{
        isa::{Doubles, Isa, Words},
        prime::{Factor, Prime, Root},
    },
    Twiddles, leaf,
};
use crate::kernels::{
    block::{BLOCK, GROUP_VECTORS, LEAVES, TILE_VECTORS, each_pair, place},
    lanes::{LANES, vectors, vectors_mut},
    tree::mirror,
};

/// The butterflies of one layer of `$radix` values, `$half` apart, with or without reduction of the sums.
macro_rules! layer {
    ($p:ident, $x:ident, $radix:expr, $half:literal, $reduced:literal, |$block:ident| $root:expr) => {
        each_pair!(K => {
            if K < $radix / 2 {
                let at = const { place(K, $half) };
                let $block = K / $half;
                let (sum, difference) = butterfly(&$p, $x[at], $x[at + $half], $root);
                $x[at] = if $reduced { $p.reduce(sum) } else { sum };
                $x[at + $half] = difference;
            }
        });
    };
}

impl Twiddles {
    /// The inverse transform of the evaluations in `source`, or of those in `limb` if there is no source.
    pub(crate) fn inverse<S: Isa>(&self, isa: S, source: Option<&[u64]>, limb: &mut [u64], scale: u64) {
        assert_eq!(limb.len(), self.layout.limb_len());
        let (source, data) = (source.map(vectors), vectors_mut(limb));
        let (rows, stride) = (self.layout.rows(), self.layout.row_stride() / LANES);
        let columns = self.layout.row_len() / LANES;
        let scale = Scale::new(self, scale);
        for r in 0..rows {
            let row = &mut data[r * stride..][..columns];
            let source = source.map(|source| &source[r * stride..][..columns]);
            isa.call(
                #[inline(always)]
                || self.inverse_tiles(isa, source, row, r),
            );
            let parts = columns / TILE_VECTORS;
            let (part, node) = (columns / parts, rows + r);
            match (rows, parts) {
                (1, 4) => self.inverse_pass::<S, 4, true>(isa, row, part, part, node, &scale),
                (1, 8) => self.inverse_pass::<S, 8, true>(isa, row, part, part, node, &scale),
                (1, 16) => self.inverse_pass::<S, 16, true>(isa, row, part, part, node, &scale),
                (_, 8) => self.inverse_pass::<S, 8, false>(isa, row, part, part, node, &scale),
                (_, 16) => self.inverse_pass::<S, 16, false>(isa, row, part, part, node, &scale),
                (rows, parts) => unreachable!("{rows} rows of {parts} tiles"),
            }
        }
        match rows {
            4 => self.inverse_pass::<S, 4, true>(isa, data, stride, columns, 1, &scale),
            8 => self.inverse_pass::<S, 8, true>(isa, data, stride, columns, 1, &scale),
            16 => self.inverse_pass::<S, 16, true>(isa, data, stride, columns, 1, &scale),
            _ => {}
        }
    }

    /// Undoes passes 4 and 3 of row `r`.
    #[inline(always)]
    fn inverse_tiles<S: Isa>(
        &self,
        isa: S,
        source: Option<&[[u64; LANES]]>,
        row: &mut [[u64; LANES]],
        r: usize,
    ) {
        let (rows, tiles) = (self.layout.rows(), row.len() / TILE_VECTORS);
        let scale = Scale::default();
        for (t, tile) in row.chunks_exact_mut(TILE_VECTORS).enumerate() {
            let mut source = source.map(|source| &source[t * TILE_VECTORS..][..TILE_VECTORS]);
            // Where registers are few, the pass is faster in place than from one place to another.
            if let Some(source) = source.take_if(|_| !S::ROOMY) {
                tile.copy_from_slice(source);
            }
            let number = r * tiles + t;
            for (g, group) in tile.chunks_exact_mut(GROUP_VECTORS).enumerate() {
                let mirrored = self.leaves.len() - 1 - (2 * number + g);
                let source = source.map(|source| &source[g * GROUP_VECTORS..]);
                self.first_pass(isa, source, group, &self.leaves[mirrored]);
            }
            self.inverse_columns::<S, 16, false>(isa, tile, 2, 2, rows * tiles + number, &scale);
        }
    }

    fn inverse_pass<S: Isa, const R: usize, const LAST: bool>(
        &self,
        isa: S,
        data: &mut [[u64; LANES]],
        stride: usize,
        columns: usize,
        node: usize,
        scale: &Scale,
    ) {
        isa.call(
            #[inline(always)]
            || self.inverse_columns::<S, R, LAST>(isa, data, stride, columns, node, scale),
        );
    }

    /// Undoes a forward pass up to a factor R. The last pass multiplies by `scale` R and leaves residues.
    #[inline(always)]
    fn inverse_columns<S: Isa, const R: usize, const LAST: bool>(
        &self,
        isa: S,
        data: &mut [[u64; LANES]],
        stride: usize,
        columns: usize,
        node: usize,
        scale: &Scale,
    ) {
        let p = self.prime.splat(isa);
        let mirrored = self.roots(mirror(node));
        assert!(data.len() >= (R - 1) * stride + columns);
        macro_rules! at {
            ($row:expr, $column:ident) => {
                // SAFETY: within the length asserted above.
                unsafe { data.get_unchecked_mut(($row) * stride + $column) }
            };
        }
        for column in 0..columns {
            let mut x = [p.p; BLOCK];
            each_pair!(K => {
                if K < R / 2 {
                    let (y, z) = (isa.load_bits(at!(2 * K, column)), isa.load_bits(at!(2 * K + 1, column)));
                    let root = mirrored.splat(isa, R / 2, R / 2 - 1 - K);
                    (x[2 * K], x[2 * K + 1]) = butterfly(&p, y, z, root);
                }
            });
            if R >= 8 {
                layer!(p, x, R, 2, true, |block| mirrored.splat(isa, R / 4, R / 4 - 1 - block));
            }
            if R == 16 {
                layer!(p, x, R, 4, false, |block| mirrored.splat(isa, 2, 1 - block));
            }
            each_pair!(K => {
                if K < R / 2 {
                    let (y, z) = (x[K], x[K + R / 2]);
                    if LAST {
                        let sum = p.mul(y + z, scale.sum.splat(isa));
                        let difference = p.mul(z - y, scale.difference.splat(isa));
                        p.floor_words(sum).store(at!(K, column));
                        p.floor_words(difference).store(at!(K + R / 2, column));
                    } else {
                        let (sum, difference) = butterfly(&p, y, z, mirrored.splat(isa, 1, 0));
                        p.reduce(sum).store_bits(at!(K, column));
                        difference.store_bits(at!(K + R / 2, column));
                    }
                }
            });
        }
    }

    /// Undoes the last forward pass up to a factor 16, from residues in memory order: the first words of `source`, or
    /// those of the group.
    #[inline(always)]
    fn first_pass<S: Isa>(
        &self,
        isa: S,
        source: Option<&[[u64; LANES]]>,
        group: &mut [[u64; LANES]],
        mirrored: &[[f64; LANES]; LEAVES],
    ) {
        let p = self.prime.splat(isa);
        let Some(group) = group.first_chunk_mut::<BLOCK>() else { unreachable!("a group has 16 vectors") };
        let Some(residues) = source.unwrap_or(group).first_chunk::<BLOCK>() else { unreachable!("as many") };
        // Negative inverses of roots. The lanes of the mirrored group run backwards.
        macro_rules! root {
            ($i:expr) => {
                leaf(&p, isa.load(&mirrored[$i]).reversed())
            };
        }
        let mut x = [p.p; BLOCK];
        each_pair!(K => {
            let (y, z) = (isa.load_residues(&residues[2 * K]), isa.load_residues(&residues[2 * K + 1]));
            (x[2 * K], x[2 * K + 1]) = butterfly(&p, y, z, root!(14 - K));
        });
        layer!(p, x, BLOCK, 2, true, |block| root!(6 - block));
        layer!(p, x, BLOCK, 4, false, |block| root!(2 - block));
        layer!(p, x, BLOCK, 8, true, |_block| root!(0));
        for (half, columns) in x.as_chunks().0.iter().enumerate() {
            let rows = Doubles::transposed(*columns);
            for b in 0..LANES {
                rows[b].store_bits(&mut group[2 * b + half]);
            }
        }
    }
}

/// The factor of the whole transform, included in its last layer.
#[derive(Default)]
struct Scale {
    sum: Factor,
    difference: Factor,
}

impl Scale {
    fn new(twiddles: &Twiddles, scale: u64) -> Self {
        let m = &twiddles.modulus;
        // The root of the whole tree mirrors itself.
        let root = m.reduce_i64(twiddles.heads[1].w as i64);
        Self { sum: Factor::new(m, scale), difference: Factor::new(m, m.mul(root, scale)) }
    }
}

/// `(x + y, (x - y) / w)`, with `mirrored` = -1/w.
#[inline(always)]
fn butterfly<S: Isa>(
    p: &Prime<S>,
    x: S::Doubles,
    y: S::Doubles,
    mirrored: Root<S>,
) -> (S::Doubles, S::Doubles) {
    (x + y, p.mul(y - x, mirrored))
}
