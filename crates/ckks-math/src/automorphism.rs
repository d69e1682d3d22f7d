//! X -> X^g as a permutation of evaluations.

use crate::layout::{GROUP, Layout, permute_in_group, reverse_bits, unpermute_in_group};

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
    /// `inner[c][i]`: place in the source group of word `i` of a group with offset `c`.
    inner: Vec<[u8; GROUP]>,
}

#[derive(Clone, Copy)]
struct GroupSource {
    group: u16,
    offset: u8,
}

impl AutomorphismTable {
    pub(crate) fn new(layout: Layout, g: usize) -> Self {
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
        let inner = (0..GROUP)
            .map(|c| {
                std::array::from_fn(|i| {
                    let high = reverse_bits(unpermute_in_group(i), LOG_GROUP);
                    permute_in_group(reverse_bits((high * g + c) & (GROUP - 1), LOG_GROUP)) as u8
                })
            })
            .collect();
        Self { layout, galois_element: g, groups, inner }
    }

    /// g.
    pub fn galois_element(&self) -> usize {
        self.galois_element
    }

    /// Where the words of a group come from: the group, and the place in it of each word.
    fn source(&self, group: usize) -> (usize, &[u8; GROUP]) {
        let from = &self.groups[group];
        (usize::from(from.group), &self.inner[usize::from(from.offset)])
    }

    /// One limb of evaluations through the permutation.
    pub(crate) fn permute(&self, out: &mut [u64], source: &[u64]) {
        assert!(out.len() == self.layout.limb_len() && source.len() == out.len());
        for i in 0..self.groups.len() {
            let (group, inner) = self.source(i);
            let (to, at) = (self.layout.position(i * GROUP), self.layout.position(group * GROUP));
            crate::kernels::permute_group(&mut out[to..to + GROUP], &source[at..at + GROUP], inner);
        }
    }
}

impl std::fmt::Debug for AutomorphismTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AutomorphismTable(X -> X^{} in degree {})", self.galois_element, self.layout.n())
    }
}
