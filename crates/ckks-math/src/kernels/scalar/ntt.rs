//! Negacyclic transform with 64-bit words: Harvey's butterflies, Shoup's constants.
//!
//! It walks the [`tree`] layer by layer, down for the transform and up for its inverse.

use crate::{
    Modulus,
    kernels::tree::{self, mirror},
    layout::{GROUP, Layout, permute_in_group},
};

/// Roots in tree order with their Shoup constants.
pub(crate) struct Twiddles {
    modulus: Modulus,
    layout: Layout,
    roots: Vec<Root>,
}

#[derive(Clone, Copy)]
struct Root {
    w: u64,
    shoup: u64,
}

/// Words of a column strip. Sixteen rows of it fit the level-one cache.
const STRIP: usize = 64;
/// Words of the blocks of the last four layers.
const BLOCK: usize = 16;

impl Twiddles {
    pub(crate) fn new(modulus: &Modulus, layout: Layout, psi: u64) -> Self {
        let roots = tree::roots(modulus, layout, psi, 1);
        let roots = roots.into_iter().map(|w| Root { w, shoup: modulus.shoup(w) }).collect();
        Self { modulus: *modulus, layout, roots }
    }

    pub(crate) fn forward(&self, limb: &mut [u64]) {
        assert_eq!(limb.len(), self.layout.limb_len());
        let (rows, stride) = (self.layout.rows(), self.layout.row_stride());
        for column in (0..self.layout.row_len()).step_by(STRIP) {
            for layer in 0..self.layout.log_rows() {
                self.strips(limb, column, layer, |x, y, node| self.forward_strip(x, y, self.roots[node]));
            }
        }
        for (r, row) in limb.chunks_exact_mut(stride).enumerate() {
            let row = &mut row[..self.layout.row_len()];
            let mut per_row = 1;
            while row.len() / per_row > BLOCK {
                let first = (rows + r) * per_row;
                for (block, &root) in row.chunks_exact_mut(row.len() / per_row).zip(&self.roots[first..]) {
                    let (x, y) = block.split_at_mut(block.len() / 2);
                    self.forward_strip(x, y, root);
                }
                per_row *= 2;
            }
            for (g, group) in row.as_chunks_mut::<GROUP>().0.iter_mut().enumerate() {
                self.forward_group(group, (rows + r) * per_row + g * (GROUP / BLOCK));
            }
        }
    }

    pub(crate) fn inverse(&self, limb: &mut [u64], scale: u64) {
        assert_eq!(limb.len(), self.layout.limb_len());
        let (rows, stride) = (self.layout.rows(), self.layout.row_stride());
        let scale = Root { w: scale, shoup: self.modulus.shoup(scale) };
        for (r, row) in limb.chunks_exact_mut(stride).enumerate() {
            let row = &mut row[..self.layout.row_len()];
            let mut per_row = row.len() / BLOCK;
            for (g, group) in row.as_chunks_mut::<GROUP>().0.iter_mut().enumerate() {
                self.inverse_group(group, (rows + r) * per_row + g * (GROUP / BLOCK));
            }
            while per_row > 1 {
                per_row /= 2;
                let first = (rows + r) * per_row;
                for (i, block) in row.chunks_exact_mut(row.len() / per_row).enumerate() {
                    let (x, y) = block.split_at_mut(block.len() / 2);
                    self.inverse_strip(x, y, self.roots[mirror(first + i)]);
                }
            }
            if rows == 1 {
                self.scale(row, scale);
            }
        }
        if rows > 1 {
            for column in (0..self.layout.row_len()).step_by(STRIP) {
                for layer in (0..self.layout.log_rows()).rev() {
                    self.strips(limb, column, layer, |x, y, node| {
                        self.inverse_strip(x, y, self.roots[mirror(node)]);
                    });
                }
                for r in 0..rows {
                    self.scale(&mut limb[r * stride + column..][..STRIP], scale);
                }
            }
        }
    }

    /// Runs `f` on the pairs of strips that one layer across the rows combines, each with its node.
    fn strips(&self, limb: &mut [u64], column: usize, layer: u32, f: impl Fn(&mut [u64], &mut [u64], usize)) {
        let stride = self.layout.row_stride();
        let gap = self.layout.rows() >> (layer + 1);
        for upper in (0..self.layout.rows()).filter(|r| r & gap == 0) {
            let (x, y) = limb.split_at_mut((upper + gap) * stride);
            let node = (1 << layer) + upper / (2 * gap);
            f(&mut x[upper * stride + column..][..STRIP], &mut y[column..][..STRIP], node);
        }
    }

    fn forward_strip(&self, x: &mut [u64], y: &mut [u64], root: Root) {
        for (x, y) in x.iter_mut().zip(y) {
            (*x, *y) = self.forward_butterfly(*x, *y, root);
        }
    }

    fn inverse_strip(&self, x: &mut [u64], y: &mut [u64], mirrored: Root) {
        for (x, y) in x.iter_mut().zip(y) {
            (*x, *y) = self.inverse_butterfly(*x, *y, mirrored);
        }
    }

    /// `(x + w y, x - w y)`, operands and results in `[0, 4p)`. 4p < 2^52 leaves room in a word.
    #[inline(always)]
    fn forward_butterfly(&self, x: u64, y: u64, root: Root) -> (u64, u64) {
        let two_p = 2 * self.modulus.value();
        let x = x.min(x.wrapping_sub(two_p));
        let t = self.modulus.mul_shoup_lazy(y, root.w, root.shoup);
        (x + t, x + two_p - t)
    }

    /// `(x + y, (x - y) / w)`, operands and results in `[0, 2p)`, with `mirrored` = `-1 / w`.
    #[inline(always)]
    fn inverse_butterfly(&self, x: u64, y: u64, mirrored: Root) -> (u64, u64) {
        let two_p = 2 * self.modulus.value();
        let sum = x + y;
        let t = self.modulus.mul_shoup_lazy(y + two_p - x, mirrored.w, mirrored.shoup);
        (sum.min(sum.wrapping_sub(two_p)), t)
    }

    /// The last four layers of eight blocks of 16 words. Leaves residues in memory order.
    fn forward_group(&self, group: &mut [u64; GROUP], first: usize) {
        let p = &self.modulus;
        let mut out = [0; GROUP];
        for (b, block) in group.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
            let mut node = first + b;
            for half in [8, 4, 2, 1] {
                for i in (0..BLOCK).filter(|i| i & half == 0) {
                    let root = self.roots[node + i / (2 * half)];
                    (block[i], block[i + half]) = self.forward_butterfly(block[i], block[i + half], root);
                }
                node *= 2;
            }
            for (i, &x) in block.iter().enumerate() {
                out[permute_in_group(b * BLOCK + i)] = p.reduce_once(x.min(x.wrapping_sub(2 * p.value())));
            }
        }
        *group = out;
    }

    /// Undoes [`Self::forward_group`] up to a factor 16. Results are in `[0, 2p)`.
    fn inverse_group(&self, group: &mut [u64; GROUP], first: usize) {
        let input = *group;
        for (b, block) in group.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
            for (i, x) in block.iter_mut().enumerate() {
                *x = input[permute_in_group(b * BLOCK + i)];
            }
            let mut node = (first + b) * BLOCK;
            for half in [1, 2, 4, 8] {
                node /= 2;
                for i in (0..BLOCK).filter(|i| i & half == 0) {
                    let root = self.roots[mirror(node + i / (2 * half))];
                    (block[i], block[i + half]) = self.inverse_butterfly(block[i], block[i + half], root);
                }
            }
        }
    }

    fn scale(&self, words: &mut [u64], scale: Root) {
        words.iter_mut().for_each(|x| *x = self.modulus.mul_shoup(*x, scale.w, scale.shoup));
    }
}
