//! The automorphism X -> X^g as a permutation of evaluations.

use crate::{
    Backend, kernels,
    layout::{GROUP, Layout, reverse_bits},
};

const LOG_GROUP: u32 = GROUP.trailing_zeros();

/// The permutation of evaluations for a Galois element g.
///
/// f(X^g) at psi^e is f at psi^(e g). With e = 2k + 1, k goes to k g + (g - 1)/2 modulo N. A group of 128 evaluations
/// holds the k with equal low bits, so whole groups go to whole groups. Inside a group the seven high bits K of k go
/// to K g + c modulo 128, where only c depends on the group. A row holds the k that agree in fewer low bits, so whole
/// rows go to whole rows.
pub struct AutomorphismTable {
    layout: Layout,
    galois_element: usize,
    /// For each group, where its words come from.
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

    /// The Galois element g.
    pub fn galois_element(&self) -> usize {
        self.galois_element
    }

    /// Permutes one limb of evaluations.
    pub(crate) fn permute(&self, out: &mut [u64], source: &[u64]) {
        assert!(out.len() == self.layout.limb_len() && source.len() == out.len());
        let (len, stride) = (self.layout.row_len(), self.layout.row_stride());
        for (row, out) in out.chunks_exact_mut(stride).enumerate() {
            let at = self.source_row(row) * stride;
            self.permute_row(row, &mut out[..len], &source[at..at + len]);
        }
    }

    /// The row that the words of `row` come from.
    pub(crate) fn source_row(&self, row: usize) -> usize {
        usize::from(self.groups[row * self.groups_of_row()].group) / self.groups_of_row()
    }

    /// Permutes one row of evaluations; `source` is its source row.
    pub(crate) fn permute_row(&self, row: usize, out: &mut [u64], source: &[u64]) {
        let count = self.groups_of_row();
        assert!(out.len() == count * GROUP && source.len() == out.len());
        let groups = &self.groups[row * count..(row + 1) * count];
        for (out, &GroupSource { group, offset }) in out.chunks_exact_mut(GROUP).zip(groups) {
            let at = usize::from(group) % count * GROUP;
            self.inner.permute(usize::from(offset), out, &source[at..at + GROUP]);
        }
    }

    fn groups_of_row(&self) -> usize {
        self.layout.row_len() / GROUP
    }
}

impl std::fmt::Debug for AutomorphismTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AutomorphismTable(X -> X^{} in degree {})", self.galois_element, self.layout.n())
    }
}
