//! Levels that iterations take.

/// Levels that iterations take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// Of the first iteration: fewer than later ones if it starts from zero weights and so computes no logits.
    pub first: usize,
    /// Of every later iteration.
    pub later: usize,
}

impl Depth {
    /// The depth of a linear head whose residual takes `residual` levels: one more for the logits and one for the gradient. From zero
    /// weights, one for constants and one for the gradient.
    pub fn linear(residual: usize) -> Self {
        Self { first: 2, later: 2 + residual }
    }

    /// The depth of a training that starts from given weights (`warm`), whose first iteration is like the others.
    #[must_use]
    pub fn starting(self, warm: bool) -> Self {
        if warm { Self { first: self.later, ..self } } else { self }
    }

    /// Levels of a whole training without a refresh.
    pub fn of(self, iterations: usize) -> usize {
        self.first + iterations.saturating_sub(1) * self.later
    }

    /// Iterations that fit into these levels without a refresh.
    pub fn iterations_in(self, levels: usize) -> usize {
        match levels.checked_sub(self.first) {
            Some(rest) => 1 + rest / self.later,
            None => 0,
        }
    }
}
