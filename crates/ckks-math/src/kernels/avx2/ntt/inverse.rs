//! Evaluations to coefficients: the passes of `forward` backwards, with the butterflies (x, y) -> (x + y, (x - y) / w).
//!
//! A sum is not reduced by any product. Of each four values one is the sum of all four at the end of a step of radix
//! 4, and is reduced there.

use std::arch::x86_64::*;

use super::{
    super::vector::{
        Factor, LANES, Prime, Root, V, add, load, load_bits, load_residues, mul, store_bits, store_words,
        sub, vectors_mut,
    },
    BLOCK, GROUP_VECTORS, HALF_GROUP_VECTORS, LEAVES, PART_VECTORS, Roots, TILE_VECTORS, Twiddles, blank,
    transpose::transpose,
};
use crate::kernels::tree::mirror;

impl Twiddles {
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn inverse(&self, limb: &mut [u64], scale: u64) {
        assert_eq!(limb.len(), self.layout.limb_len());
        let data = vectors_mut(limb);
        let (rows, stride) = (self.layout.rows(), self.layout.row_stride() / LANES);
        let columns = self.layout.row_len() / LANES;
        let tiles = columns / TILE_VECTORS;
        for r in 0..rows {
            let row = &mut data[r * stride..][..columns];
            for (t, tile) in row.as_chunks_mut::<TILE_VECTORS>().0.iter_mut().enumerate() {
                self.first_passes(tile, r * tiles + t);
            }
            let part = columns / tiles;
            match (rows, tiles) {
                (1, 4) => self.scaled_pass::<4>(row, part, part, scale),
                (1, 8) => self.scaled_pass::<8>(row, part, part, scale),
                (1, 16) => self.scaled_pass::<16>(row, part, part, scale),
                (_, 8) => self.inverse_pass::<8>(row, part, part, rows + r),
                (_, 16) => self.inverse_pass::<16>(row, part, part, rows + r),
                (rows, parts) => unreachable!("{rows} rows of {parts} tiles"),
            }
        }
        match rows {
            4 => self.scaled_pass::<4>(data, stride, columns, scale),
            8 => self.scaled_pass::<8>(data, stride, columns, scale),
            16 => self.scaled_pass::<16>(data, stride, columns, scale),
            _ => {}
        }
    }

    /// Undoes four forward layers of each block of a tile, then the four before them, but for a factor 2^8.
    #[target_feature(enable = "avx2,fma")]
    fn first_passes(&self, tile: &mut [[u64; LANES]; TILE_VECTORS], number: usize) {
        let p = Prime::new(&self.modulus);
        let roots = self.roots(mirror(self.layout.n() / (TILE_VECTORS * LANES) + number));
        let mut between = blank::<TILE_VECTORS>();
        for g in 0..2 {
            for half in 0..2 {
                let blocks =
                    &mut between[g * GROUP_VECTORS + half * HALF_GROUP_VECTORS..][..HALF_GROUP_VECTORS];
                let mirrored = &self.leaves[self.leaves.len() - 1 - ((2 * number + g) * 2 + half)];
                first_pass(&p, &tile[g * GROUP_VECTORS..][..GROUP_VECTORS], half, mirrored, blocks);
            }
        }
        let end = End { difference: roots.splat(1, 0), sum: None };
        for c in 0..PART_VECTORS {
            let mut x = blank::<16>();
            for (i, x) in x.iter_mut().enumerate() {
                *x = between[i * PART_VECTORS + c];
            }
            layers(&p, &mut x, &roots, end);
            for (i, &x) in x.iter().enumerate() {
                store_bits(&mut tile[i * PART_VECTORS + c], x);
            }
        }
    }

    /// Undoes a forward pass but for a factor R.
    #[target_feature(enable = "avx2,fma")]
    fn inverse_pass<const R: usize>(
        &self,
        data: &mut [[u64; LANES]],
        stride: usize,
        columns: usize,
        node: usize,
    ) {
        let p = Prime::new(&self.modulus);
        let roots = self.roots(mirror(node));
        let end = End { difference: roots.splat(1, 0), sum: None };
        assert!(data.len() >= (R - 1) * stride + columns);
        for c in 0..columns {
            let mut x = blank::<R>();
            for (i, x) in x.iter_mut().enumerate() {
                // SAFETY: within the length asserted above.
                *x = load_bits(unsafe { data.get_unchecked(i * stride + c) });
            }
            layers(&p, &mut x, &roots, end);
            for (i, &x) in x.iter().enumerate() {
                // SAFETY: within the length asserted above.
                store_bits(unsafe { data.get_unchecked_mut(i * stride + c) }, x);
            }
        }
    }

    /// The last pass: undoes the first forward pass and multiplies by `scale` R, to residues.
    #[target_feature(enable = "avx2,fma")]
    fn scaled_pass<const R: usize>(
        &self,
        data: &mut [[u64; LANES]],
        stride: usize,
        columns: usize,
        scale: u64,
    ) {
        let m = &self.modulus;
        let p = Prime::new(m);
        // The root of the whole tree is its own mirror image.
        let roots = self.roots(1);
        let difference = Factor::new(m, m.mul(m.reduce_i64(roots.one[0].w as i64), scale));
        let end = End { difference: difference.splat(), sum: Some(Factor::new(m, scale).splat()) };
        assert!(data.len() >= (R - 1) * stride + columns);
        for c in 0..columns {
            let mut x = blank::<R>();
            for (i, x) in x.iter_mut().enumerate() {
                // SAFETY: within the length asserted above.
                *x = load_bits(unsafe { data.get_unchecked(i * stride + c) });
            }
            layers(&p, &mut x, &roots, end);
            for (i, &x) in x.iter().enumerate() {
                // SAFETY: within the length asserted above.
                store_words(unsafe { data.get_unchecked_mut(i * stride + c) }, p.floor_words(x));
            }
        }
    }
}

/// Undoes the last forward pass on half a group but for a factor 16.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn first_pass(
    p: &Prime,
    group: &[[u64; LANES]],
    half: usize,
    mirrored: &[[f64; LANES]; LEAVES],
    blocks: &mut [V],
) {
    let mut x = blank::<BLOCK>();
    for i in 0..4 {
        for (k, x) in x.iter_mut().enumerate().skip(4 * i).take(4) {
            *x = load_residues(&group[2 * k + half]);
        }
        let lower = [mirrored_leaf(p, &mirrored[14 - 2 * i]), mirrored_leaf(p, &mirrored[13 - 2 * i])];
        let end = End { difference: mirrored_leaf(p, &mirrored[6 - i]), sum: None };
        radix_4(p, &mut x, 4 * i, 1, lower, end);
    }
    for i in 0..4 {
        let lower = [mirrored_leaf(p, &mirrored[2]), mirrored_leaf(p, &mirrored[1])];
        let end = End { difference: mirrored_leaf(p, &mirrored[0]), sum: None };
        radix_4(p, &mut x, i, 4, lower, end);
        // Quotients of leaves are less exact: without this, sums of the next step could pass 8p.
        x[4 + i] = p.reduce(x[4 + i]);
    }
    for i in 0..4 {
        let rows = transpose([x[4 * i], x[4 * i + 1], x[4 * i + 2], x[4 * i + 3]]);
        for b in 0..4 {
            blocks[4 * b + i] = rows[b];
        }
    }
}

/// How the last layer of a step or a pass ends: the factor of differences, and that of sums, which are reduced if there
/// is none.
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

/// All layers of a pass of radix R, with the roots of the mirrored node.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn layers<const R: usize>(p: &Prime, x: &mut [V; R], mirrored: &Roots<'_>, end: End) {
    for i in 0..R / 4 {
        let lower = [mirrored.splat(R / 2, R / 2 - 1 - 2 * i), mirrored.splat(R / 2, R / 2 - 2 - 2 * i)];
        let upper = End { difference: mirrored.splat(R / 4, R / 4 - 1 - i), sum: None };
        radix_4(p, x, 4 * i, 1, lower, if R == 4 { end } else { upper });
    }
    if R == 8 {
        for i in 0..4 {
            (x[i], x[4 + i]) = end.butterfly(p, x[i], x[4 + i], true);
        }
    }
    if R == 16 {
        for i in 0..4 {
            radix_4(p, x, i, 4, [mirrored.splat(2, 1), mirrored.splat(2, 0)], end);
        }
    }
}

/// Two layers of the values at `first`, `first + step` and so on: `lower` are the roots of the first.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn radix_4<const R: usize>(p: &Prime, x: &mut [V; R], first: usize, step: usize, lower: [Root; 2], end: End) {
    let (x0, x1) = butterfly(p, x[first], x[first + step], lower[0]);
    let (x2, x3) = butterfly(p, x[first + 2 * step], x[first + 3 * step], lower[1]);
    (x[first], x[first + 2 * step]) = end.butterfly(p, x0, x2, true);
    (x[first + step], x[first + 3 * step]) = end.butterfly(p, x1, x3, false);
}

/// `(x + y, (x - y) / w)`; `mirrored` is -1/w.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn butterfly(p: &Prime, x: V, y: V, mirrored: Root) -> (V, V) {
    (add(x, y), p.mul(sub(y, x), mirrored))
}

/// Minus the inverses of four roots, read from the mirrored half of a group, whose lanes run backwards.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn mirrored_leaf(p: &Prime, roots: &[f64; LANES]) -> Root {
    let w = _mm256_permute4x64_pd::<0x1b>(load(roots));
    Root { w, quotient: mul(w, p.inverse) }
}
