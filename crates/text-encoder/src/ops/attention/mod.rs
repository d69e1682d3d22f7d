//! Multi-head self-attention over packed texts.
//!
//! Each text attends to its own tokens alone, so there is nothing to mask and nothing is computed for padding. Scores
//! exist for one head and [`BLOCK`] queries at a time: they stay in the cache, and memory grows linearly with the text.

use crate::ops::gemm::{Mat, matmul_into};
use crate::ops::rope::Rope;
use crate::ops::{math, matrix, output, slice};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use std::ops::Range;

/// Queries whose scores are held at once.
const BLOCK: usize = 128;

/// The shape of one layer's attention.
pub(crate) struct Attention {
    pub(crate) heads: usize,
    pub(crate) head_dim: usize,
    /// Keys further away than this are not attended to.
    pub(crate) window: Option<usize>,
}

/// The terms that depend on positions, shared by all layers.
#[derive(Clone, Copy, Default)]
pub(crate) struct Positions<'a> {
    /// Rotation of queries and keys.
    pub(crate) rope: Option<&'a Rope>,
    /// Term added to the scaled scores.
    pub(crate) bias: Option<&'a RelativeBias>,
}

/// A learned score for each distance between key and query, one table for each head.
pub(crate) struct RelativeBias {
    /// `[heads, 2 positions - 1]`: entry `key - query + positions - 1`.
    table: Vec<f32>,
    positions: usize,
}

impl RelativeBias {
    /// Tabulates `score(head, key - query)` for texts of up to `positions` tokens.
    pub(crate) fn new(heads: usize, positions: usize, score: impl Fn(usize, isize) -> f32) -> Self {
        let reach = positions as isize - 1;
        let table = (0..heads).flat_map(|head| (-reach..=reach).map(move |d| (head, d)));
        Self { table: table.map(|(head, d)| score(head, d)).collect(), positions }
    }

    /// The scores of `keys` keys, from the first one on, for one query.
    fn row(&self, head: usize, query: usize, first_key: usize, keys: usize) -> &[f32] {
        let start = head * (2 * self.positions - 1) + first_key + self.positions - 1 - query;
        &self.table[start..start + keys]
    }
}

impl Attention {
    /// Softmax(Q K^T / sqrt(head_dim) + bias) V of every head and text.
    ///
    /// `qkv` is `[tokens, 3 heads head_dim]` with queries, keys and values side by side; `offsets` holds where each text
    /// starts and, last, the number of tokens. The result is `[tokens, heads head_dim]`.
    pub(crate) fn forward(
        &self,
        qkv: &Tensor,
        offsets: &[usize],
        positions: Positions<'_>,
    ) -> Result<Tensor> {
        qkv.apply_op1_no_bwd(&Packed { attention: self, offsets, positions })
    }

    /// Keys that queries `first..first + queries` of a text of `len` tokens can see.
    fn visible(&self, first: usize, queries: usize, len: usize) -> Range<usize> {
        match self.window {
            Some(window) => first.saturating_sub(window)..len.min(first + queries + window),
            None => 0..len,
        }
    }
}

struct Packed<'a> {
    attention: &'a Attention,
    offsets: &'a [usize],
    positions: Positions<'a>,
}

/// Memory of one call, reused by its texts and heads.
#[derive(Default)]
struct Scratch {
    scores: Vec<f32>,
    queries: Vec<f32>,
    keys: Vec<f32>,
}

impl CustomOp1 for Packed<'_> {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let Attention { heads, head_dim, .. } = *self.attention;
        let width = heads * head_dim;
        let (tokens, _) = matrix(self.name(), layout, 3 * width)?;
        if self.offsets.last() != Some(&tokens) || !self.offsets.is_sorted() {
            candle_core::bail!("{}: {tokens} tokens do not fit offsets {:?}", self.name(), self.offsets);
        }
        let qkv = slice(self.name(), storage, layout)?;
        let mut out = vec![0.0; tokens * width];
        let mut scratch = Scratch::default();
        for text in self.offsets.windows(2).filter(|text| text[0] < text[1]) {
            let qkv = &qkv[text[0] * 3 * width..text[1] * 3 * width];
            let out = &mut out[text[0] * width..text[1] * width];
            for head in 0..heads {
                self.head(qkv, out, head, &mut scratch);
            }
        }
        Ok(output(out, tokens, width))
    }
}

impl Packed<'_> {
    /// One head of one text, into its columns of `out`.
    fn head(&self, qkv: &[f32], out: &mut [f32], head: usize, scratch: &mut Scratch) {
        let Attention { heads, head_dim, .. } = *self.attention;
        let width = heads * head_dim;
        let stride = 3 * width;
        let len = qkv.len() / stride;
        let Scratch { scores, queries, keys } = scratch;

        let (mut q, mut k) = ((&qkv[head * head_dim..], stride), (&qkv[width + head * head_dim..], stride));
        let v = &qkv[2 * width + head * head_dim..];
        if let Some(rope) = self.positions.rope {
            for (rotated, plain) in [(&mut *queries, &mut q), (&mut *keys, &mut k)] {
                rotated.resize(len * head_dim, 0.0);
                for (i, row) in rotated.chunks_exact_mut(head_dim).enumerate() {
                    rope.rotate(&plain.0[i * plain.1..][..head_dim], i, row);
                }
            }
            (q, k) = ((queries.as_slice(), head_dim), (keys.as_slice(), head_dim));
        }

        for first in (0..len).step_by(BLOCK) {
            let rows = BLOCK.min(len - first);
            let seen = self.attention.visible(first, rows, len);
            scores.resize(rows * seen.len(), 0.0);
            let block = Mat::rows(&q.0[first * q.1..], rows, head_dim, q.1);
            let keys = Mat::rows(&k.0[seen.start * k.1..], seen.len(), head_dim, k.1);
            matmul_into(block, keys.t(), scores, seen.len());

            let totals = math::simd(SoftmaxNumerators {
                attention: self.attention,
                bias: self.positions.bias,
                scores,
                head,
                first,
                seen: seen.clone(),
            });
            let out = &mut out[first * width + head * head_dim..];
            let values = Mat::rows(&v[seen.start * stride..], seen.len(), head_dim, stride);
            matmul_into(Mat::rows(scores, rows, seen.len(), seen.len()), values, out, width);
            for (row, total) in out.chunks_mut(width).zip(&totals[..rows]) {
                row[..head_dim].iter_mut().for_each(|x| *x /= total);
            }
        }
    }
}

/// Replaces rows of raw products by e^(score - largest score); returns the sum of each row.
struct SoftmaxNumerators<'a> {
    attention: &'a Attention,
    bias: Option<&'a RelativeBias>,
    /// One row for each of the queries from `first` on, one column for each of the keys `seen`.
    scores: &'a mut [f32],
    head: usize,
    first: usize,
    seen: Range<usize>,
}

impl math::Kernel for SoftmaxNumerators<'_> {
    type Output = [f32; BLOCK];

    #[inline(always)]
    fn call(self) -> [f32; BLOCK] {
        let Self { attention, bias, scores, head, first, seen } = self;
        let scale = 1.0 / (attention.head_dim as f32).sqrt();
        let mut totals = [1.0; BLOCK];
        for ((i, row), total) in scores.chunks_exact_mut(seen.len()).enumerate().zip(&mut totals) {
            // Of the keys that the block sees, those inside this query's own window.
            let own = attention.visible(first + i, 1, seen.end);
            let own = own.start - seen.start..own.end - seen.start;
            row[..own.start].fill(0.0);
            row[own.end..].fill(0.0);
            let mut scale = scale;
            if let Some(bias) = bias {
                let bias = bias.row(head, first + i, seen.start + own.start, own.len());
                for (x, b) in row[own.clone()].iter_mut().zip(bias) {
                    *x = *x * scale + b;
                }
                scale = 1.0;
            }
            let row = &mut row[own];
            let largest = math::max(row);
            for x in &mut *row {
                *x = math::exp((*x - largest) * scale);
            }
            *total = math::sum(row);
        }
        totals
    }
}

#[cfg(test)]
mod tests;
