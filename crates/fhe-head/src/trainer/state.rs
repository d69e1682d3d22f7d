//! The state of a training between two iterations.

/// State of a training between two iterations.
#[derive(Clone, Debug)]
pub struct State<V> {
    /// Completed iterations.
    pub iteration: usize,
    /// `w / B` for each weight vector `w` of the head, tiled over the slots; empty while all are zero.
    pub weights: Vec<V>,
    /// The momentum `v` of each weight vector ([`crate::Optimizer`]); empty while all are zero, and without momentum.
    pub momentum: Vec<V>,
    /// Weights after some iterations, at the lowest level that holds them. If the training diverges, they tell the data party where.
    pub history: Vec<Snapshot<V>>,
}

/// The weights after an iteration.
#[derive(Clone, Debug)]
pub struct Snapshot<V> {
    /// Completed iterations.
    pub iteration: usize,
    /// As [`State::weights`].
    pub weights: Vec<V>,
}

impl<V> Default for State<V> {
    fn default() -> Self {
        Self { iteration: 0, weights: Vec::new(), momentum: Vec::new(), history: Vec::new() }
    }
}

impl<V> State<V> {
    /// The initial state with these weights.
    pub fn from_weights(weights: Vec<V>) -> Self {
        Self { weights, ..Self::default() }
    }
}
