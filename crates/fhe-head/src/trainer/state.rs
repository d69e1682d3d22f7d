//! The state of a training between two iterations.

/// State of an optimiser between two iterations.
#[derive(Clone, Debug)]
pub struct State<V> {
    /// Iterations done.
    pub iteration: usize,
    /// `w / B` of each weight vector of the head, tiled; empty while all are zero.
    pub weights: Vec<V>,
    /// The second vector of each weight vector in a method with momentum; empty while all are zero.
    pub momentum: Vec<V>,
    /// Weights after some iterations, at the lowest level that holds them. If the training diverges, they show the data party in which
    /// stretch.
    pub history: Vec<Snapshot<V>>,
}

/// Weights after an iteration.
#[derive(Clone, Debug)]
pub struct Snapshot<V> {
    /// Iterations done.
    pub iteration: usize,
    /// As in [`State`].
    pub weights: Vec<V>,
}

impl<V> Default for State<V> {
    fn default() -> Self {
        Self { iteration: 0, weights: Vec::new(), momentum: Vec::new(), history: Vec::new() }
    }
}

impl<V> State<V> {
    /// A state that starts from given weights: a warm start.
    pub fn from_weights(weights: Vec<V>) -> Self {
        Self { weights, ..Self::default() }
    }
}
