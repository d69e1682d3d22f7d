//! Which blocks of a batch are dealt to which process.

use std::ops::Range;

use crate::collective::Share;

/// How the blocks of a batch are dealt: those that share a bootstrap go to one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deal {
    /// Blocks of a batch.
    pub length: usize,
    /// Blocks that share a bootstrap, at least 1.
    pub together: usize,
}

impl Deal {
    /// The blocks of a batch that are dealt to a process, counted from the first one of the batch.
    pub fn share(self, share: Share) -> Range<usize> {
        let groups = share.of(self.length.div_ceil(self.together));
        let first = |group: usize| (group * self.together).min(self.length);
        first(groups.start)..first(groups.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_that_share_a_bootstrap_stay_together() {
        let deal = Deal { length: 10, together: 4 };
        let parts: Vec<_> = (0..2).map(|rank| deal.share(Share { rank, ranks: 2 })).collect();
        assert_eq!(parts, [0..8, 8..10]);
        let parts: Vec<_> = (0..4).map(|rank| deal.share(Share { rank, ranks: 4 })).collect();
        assert_eq!(parts, [0..4, 4..8, 8..10, 10..10]);
        assert_eq!(deal.share(Share::WHOLE), 0..10);
    }
}
