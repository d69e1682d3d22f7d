//! X -> X^g as a permutation of evaluations.

use crate::{
    Backend, kernels,
    layout::{GROUP, Layout, reverse_bits},
};

const LOG_GROUP: u32 = GROUP.trailing_zeros();

/// The permutation of evaluations that belongs to a Galois element g.
///
/// f(X^g) at psi^e is f at psi^(e g). Write e = 2k + 1: then k goes to k g + (g - 1)/2 modulo N. A group of 128
/// evaluations holds the k with the same low bits, so whole groups go to whole groups, and inside a group the
/// seven high bits K of k go to K g + c modulo 128, where c is all that depends on the group.
pub struct AutomorphismTable {
    layout: Layout,
    galois_element: usize,
    /// Of each group: where its words come from.
    groups: Vec<GroupSource>,
    inner: kernels::Permutations,
}

#[derive(Clone, Copy)]
struct GroupSource {
    group: u16,
    offset: u8,
}

impl AutomorphismTable {
    pub(crate) fn new(backend: Backend, layout: Layout, g: usize) -> Self {
        assert!(g & 1 == 1, "a Galois element is odd, got {g}");
        let log_groups = layout.log_n() - LOG_GROUP;
        let group_mask = (1usize << log_groups) - 1;
        let groups = (0..=group_mask)
            .map(|group| {
                let image = reverse_bits(group, log_groups) * g + g / 2;
                GroupSource {
                    group: reverse_bits(image & group_mask, log_groups) as u16,
                    offset: ((image >> log_groups) & (GROUP - 1)) as u8,
                }
            })
            .collect();
        Self { layout, galois_element: g, groups, inner: kernels::Permutations::new(backend, g) }
    }

    /// g.
    pub fn galois_element(&self) -> usize {
        self.galois_element
    }

    /// One limb of evaluations through the permutation.
    pub(crate) fn permute(&self, out: &mut [u64], source: &[u64]) {
        assert!(out.len() == self.layout.limb_len() && source.len() == out.len());
        for (i, &GroupSource { group, offset }) in self.groups.iter().enumerate() {
            let place = |group: usize| self.layout.position(group * GROUP);
            let (to, at) = (place(i), place(usize::from(group)));
            self.inner.permute(usize::from(offset), &mut out[to..to + GROUP], &source[at..at + GROUP]);
        }
    }
}

impl std::fmt::Debug for AutomorphismTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AutomorphismTable(X -> X^{} in degree {})", self.galois_element, self.layout.n())
    }
}
