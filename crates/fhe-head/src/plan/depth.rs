//! Levels that iterations take.

/// Levels that iterations take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// The first; less than later ones if it starts from zero parameters and so has no logits.
    pub first: usize,
    /// Every later one.
    pub later: usize,
}

impl Depth {
    /// That of a linear head whose residual takes `residual` levels off the logits: a level more for the logits and one
    /// for the gradient. From zero parameters, one for constants and one for the gradient.
    pub fn linear(residual: usize) -> Self {
        Self { first: 2, later: 2 + residual }
    }

    /// That of a training whose first iteration is like the others if it starts from given parameters.
    #[must_use]
    pub fn starting(self, warm: bool) -> Self {
        if warm { Self { first: self.later, ..self } } else { self }
    }

    /// Levels of a whole training without a refresh.
    pub fn of(self, iterations: usize) -> usize {
        self.first + iterations.saturating_sub(1) * self.later
    }

    /// Iterations that a number of levels allows without a refresh.
    pub fn iterations_in(self, levels: usize) -> usize {
        match levels.checked_sub(self.first) {
            Some(rest) => 1 + rest / self.later,
            None => 0,
        }
    }
}
