//! Coefficients to evaluations, with the butterflies (x, y) -> (x + w y, x - w y).

use super::{
    super::vector::{
        LANES, Prime, Root, V, add, load_bits, load_residues, store_bits, store_words, sub, vectors_mut,
    },
    BLOCK, GROUP_VECTORS, HALF_GROUP_VECTORS, LEAVES, PART_VECTORS, Roots, TILE_VECTORS, Twiddles, blank,
    leaf,
    transpose::transpose,
};

impl Twiddles {
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn forward(&self, limb: &mut [u64]) {
        assert_eq!(limb.len(), self.layout.limb_len());
        let data = vectors_mut(limb);
        let (rows, stride) = (self.layout.rows(), self.layout.row_stride() / LANES);
        let columns = self.layout.row_len() / LANES;
        let tiles = columns / TILE_VECTORS;
        match rows {
            4 => self.pass::<4, true>(data, stride, columns, 1),
            8 => self.pass::<8, true>(data, stride, columns, 1),
            16 => self.pass::<16, true>(data, stride, columns, 1),
            _ => {}
        }
        for r in 0..rows {
            let row = &mut data[r * stride..][..columns];
            let part = columns / tiles;
            match (rows, tiles) {
                (1, 4) => self.pass::<4, true>(row, part, part, 1),
                (1, 8) => self.pass::<8, true>(row, part, part, 1),
                (1, 16) => self.pass::<16, true>(row, part, part, 1),
                (_, 8) => self.pass::<8, false>(row, part, part, rows + r),
                (_, 16) => self.pass::<16, false>(row, part, part, rows + r),
                (rows, parts) => unreachable!("{rows} rows of {parts} tiles"),
            }
            for (t, tile) in row.as_chunks_mut::<TILE_VECTORS>().0.iter_mut().enumerate() {
                self.last_passes(tile, r * tiles + t);
            }
        }
    }

    /// Radix R down each of `columns` columns of vectors, `stride` apart: the layers from `node` on. The first pass
    /// reads words.
    #[target_feature(enable = "avx2,fma")]
    fn pass<const R: usize, const FIRST: bool>(
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
            let mut x = blank::<R>();
            for (i, x) in x.iter_mut().enumerate() {
                // SAFETY: within the length asserted above.
                let words = unsafe { data.get_unchecked(i * stride + c) };
                *x = if FIRST { load_residues(words) } else { load_bits(words) };
            }
            layers(&p, &mut x, &roots);
            for (i, &x) in x.iter().enumerate() {
                // SAFETY: within the length asserted above.
                store_bits(unsafe { data.get_unchecked_mut(i * stride + c) }, x);
            }
        }
    }

    /// The last eight layers of a tile, to residues in memory order.
    #[target_feature(enable = "avx2,fma")]
    fn last_passes(&self, tile: &mut [[u64; LANES]; TILE_VECTORS], number: usize) {
        let p = Prime::new(&self.modulus);
        let roots = self.roots(self.layout.n() / (TILE_VECTORS * LANES) + number);
        let mut between = blank::<TILE_VECTORS>();
        for c in 0..PART_VECTORS {
            let mut x = blank::<16>();
            for (i, x) in x.iter_mut().enumerate() {
                *x = load_bits(&tile[i * PART_VECTORS + c]);
            }
            layers(&p, &mut x, &roots);
            for (i, &x) in x.iter().enumerate() {
                between[i * PART_VECTORS + c] = x;
            }
        }
        for g in 0..2 {
            for half in 0..2 {
                let blocks = &between[g * GROUP_VECTORS + half * HALF_GROUP_VECTORS..][..HALF_GROUP_VECTORS];
                let leaves = &self.leaves[(2 * number + g) * 2 + half];
                last_pass(&p, blocks, leaves, &mut tile[g * GROUP_VECTORS..][..GROUP_VECTORS], half);
            }
        }
    }
}

/// The last four layers of four blocks, one a lane, to residues in every second vector of their group.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn last_pass(
    p: &Prime,
    blocks: &[V],
    leaves: &[[f64; LANES]; LEAVES],
    group: &mut [[u64; LANES]],
    half: usize,
) {
    let mut x = blank::<BLOCK>();
    for i in 0..4 {
        x[4 * i..][..4].copy_from_slice(&transpose([
            blocks[i],
            blocks[4 + i],
            blocks[8 + i],
            blocks[12 + i],
        ]));
    }
    for i in 0..4 {
        x[i] = p.reduce(x[i]);
        let lower = [leaf(p, &leaves[1]), leaf(p, &leaves[2])];
        radix_4(p, &mut x, i, 4, leaf(p, &leaves[0]), lower);
    }
    for i in 0..4 {
        let upper = leaf(p, &leaves[3 + i]);
        let (x0, x2) = butterfly(p, x[4 * i], x[4 * i + 2], upper);
        let (x1, x3) = butterfly(p, x[4 * i + 1], x[4 * i + 3], upper);
        for (k, (x, y)) in [(x0, x1), (x2, x3)].into_iter().enumerate() {
            let (x, y) = butterfly(p, p.reduce(x), y, leaf(p, &leaves[7 + 2 * i + k]));
            store_words(&mut group[2 * (4 * i + 2 * k) + half], p.floor_words(x));
            store_words(&mut group[2 * (4 * i + 2 * k + 1) + half], p.floor_words(y));
        }
    }
}

/// All layers of a pass of radix R. Of 16 values those that no product will have reduced are reduced first.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn layers<const R: usize>(p: &Prime, x: &mut [V; R], roots: &Roots<'_>) {
    for i in 0..R / 4 {
        match R {
            16 => {
                x[i] = p.reduce(x[i]);
                let lower = [roots.splat(2, 0), roots.splat(2, 1)];
                radix_4(p, x, i, 4, roots.splat(1, 0), lower);
            }
            8 => {
                (x[i], x[i + 4]) = butterfly(p, x[i], x[i + 4], roots.splat(1, 0));
                (x[i + 2], x[i + 6]) = butterfly(p, x[i + 2], x[i + 6], roots.splat(1, 0));
            }
            _ => {}
        }
    }
    for i in 0..R / 4 {
        let lower = [roots.splat(R / 2, 2 * i), roots.splat(R / 2, 2 * i + 1)];
        radix_4(p, x, 4 * i, 1, roots.splat(R / 4, i), lower);
    }
}

/// Two layers of the values at `first`, `first + step` and so on: `upper` is the root of the first, `lower` are those of the
/// second.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn radix_4<const R: usize>(
    p: &Prime,
    x: &mut [V; R],
    first: usize,
    step: usize,
    upper: Root,
    lower: [Root; 2],
) {
    let (x0, x2) = butterfly(p, x[first], x[first + 2 * step], upper);
    let (x1, x3) = butterfly(p, x[first + step], x[first + 3 * step], upper);
    (x[first], x[first + step]) = butterfly(p, x0, x1, lower[0]);
    (x[first + 2 * step], x[first + 3 * step]) = butterfly(p, x2, x3, lower[1]);
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn butterfly(p: &Prime, x: V, y: V, root: Root) -> (V, V) {
    let t = p.mul(y, root);
    (add(x, t), sub(x, t))
}
