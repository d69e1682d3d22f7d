//! Rotary position embedding (Su et al., arXiv:2104.09864) in the half-split form of GPT-NeoX.

/// Cosines and sines for every position that a model has.
pub(crate) struct Rope {
    /// `[positions, head_dim / 2]`.
    cos: Vec<f32>,
    sin: Vec<f32>,
    half: usize,
}

impl Rope {
    /// Angles `position * theta^(-2 i / head_dim)` for `positions` positions; `head_dim` is even.
    pub(crate) fn new(head_dim: usize, positions: usize, theta: f64) -> Self {
        let half = head_dim / 2;
        // f32 throughout, like the reference: the angle of a far position is rounded, and models are trained with that.
        let frequencies: Vec<f32> =
            (0..half).map(|i| 1.0 / (theta as f32).powf((2 * i) as f32 / head_dim as f32)).collect();
        let angles =
            || (0..positions).flat_map(|position| frequencies.iter().map(move |f| position as f32 * f));
        Self { cos: angles().map(f32::cos).collect(), sin: angles().map(f32::sin).collect(), half }
    }

    /// Writes head vector `x` (width `head_dim`), rotated for `position`, to `out`.
    pub(crate) fn rotate(&self, x: &[f32], position: usize, out: &mut [f32]) {
        let at = position * self.half..(position + 1) * self.half;
        let (cos, sin) = (&self.cos[at.clone()], &self.sin[at]);
        let (x_low, x_high) = x.split_at(self.half);
        let (low, high) = out.split_at_mut(self.half);
        for i in 0..self.half {
            low[i] = x_low[i] * cos[i] - x_high[i] * sin[i];
            high[i] = x_high[i] * cos[i] + x_low[i] * sin[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotation_keeps_lengths_and_makes_products_depend_on_the_distance_alone() {
        let rope = Rope::new(8, 40, 10_000.0);
        let (q, k) =
            ([0.3, -1.0, 0.5, 2.0, 1.0, 0.1, -0.7, 0.2], [1.0, 0.4, -0.2, 0.9, -0.3, 0.8, 0.6, -1.1]);
        let rotated = |x: &[f32; 8], position| {
            let mut out = [0.0; 8];
            rope.rotate(x, position, &mut out);
            out
        };
        let dot = |a: [f32; 8], b: [f32; 8]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        assert_eq!(rotated(&q, 0), q);
        assert!((dot(rotated(&q, 17), rotated(&q, 17)) - dot(q, q)).abs() < 1e-5);
        let reference = dot(rotated(&q, 3), rotated(&k, 10));
        assert!((dot(rotated(&q, 30), rotated(&k, 37)) - reference).abs() < 1e-5);
        assert!((dot(rotated(&q, 3), rotated(&k, 11)) - reference).abs() > 1e-3);
    }
}
