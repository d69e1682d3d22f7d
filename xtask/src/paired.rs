//! Two heads on the same notes.

/// How often one head alone is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paired {
    notes: usize,
    first_alone: usize,
    second_alone: usize,
}

impl Paired {
    /// From whether each head is right on each note.
    pub(crate) fn new(first: &[bool], second: &[bool]) -> Self {
        let alone = |one: bool| first.iter().zip(second).filter(|(a, b)| **a == one && **b != one).count();
        Self { notes: first.len().min(second.len()), first_alone: alone(true), second_alone: alone(false) }
    }

    /// Accuracy of the first less that of the second, in points.
    pub(crate) fn points(self) -> f64 {
        100.0 * (self.first_alone as f64 - self.second_alone as f64) / self.notes.max(1) as f64
    }

    /// Standard error of the difference, in points: notes that both have right, or neither, say nothing.
    pub(crate) fn standard_error(self) -> f64 {
        let (a, b, n) = (self.first_alone as f64, self.second_alone as f64, self.notes.max(1) as f64);
        100.0 * (a + b - (a - b).powi(2) / n).max(0.0).sqrt() / n
    }

    /// The difference in words.
    pub(crate) fn words(self) -> String {
        format!(
            "{:+.1} points, standard error {:.1} (right alone on {} notes, wrong alone on {})",
            self.points(),
            self.standard_error(),
            self.first_alone,
            self.second_alone
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_have_right_says_nothing() {
        let first = [true, true, true, false, true, false, true, true, true, true];
        let second = [true, true, false, true, false, false, true, true, true, true];
        let paired = Paired::new(&first, &second);
        assert_eq!(paired, Paired { notes: 10, first_alone: 2, second_alone: 1 });
        assert!((paired.points() - 10.0).abs() < 1e-9);
        // sqrt(3 - 1/10) / 10
        assert!((paired.standard_error() - 100.0 * 2.9f64.sqrt() / 10.0).abs() < 1e-9);
        assert_eq!(
            paired.words(),
            "+10.0 points, standard error 17.0 (right alone on 2 notes, wrong alone on 1)"
        );
    }
}
