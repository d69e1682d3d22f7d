//! Random tables with a rule for their labels, for the tests of this crate and of those above it.

use ndarray::{Array1, Array2, ArrayView1};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Features uniform in [-1, 1], each row labelled by `class`.
pub(crate) fn labelled(
    n: usize,
    features: usize,
    seed: u64,
    class: impl Fn(ArrayView1<'_, f64>) -> f64,
) -> (Array2<f64>, Array1<f64>) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut uniform = || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
    let x = Array2::from_shape_simple_fn((n, features), || 2.0 * uniform());
    let y = x.rows().into_iter().map(class).collect();
    (x, y)
}

/// Three classes that two lines separate.
pub(crate) fn three_classes(n: usize, features: usize, seed: u64) -> (Array2<f64>, Array1<f64>) {
    labelled(n, features, seed, |row| match (row[0] > 0.2, row[1] > 0.0) {
        (true, _) => 2.0,
        (_, true) => 1.0,
        _ => 0.0,
    })
}
