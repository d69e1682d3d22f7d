//! The permutations of a group of evaluations under automorphisms, word by word.

use crate::layout::{GROUP, permute_in_group, reverse_bits, unpermute_in_group};

const LOG_GROUP: u32 = GROUP.trailing_zeros();

/// The permutations for X -> X^g: the source of each word, for every offset c.
pub(crate) struct Permutations(Vec<[u8; GROUP]>);

impl Permutations {
    pub(crate) fn new(g: usize) -> Self {
        let of_offset = |c| {
            std::array::from_fn(|i| {
                let high = reverse_bits(unpermute_in_group(i), LOG_GROUP);
                permute_in_group(reverse_bits((high * g + c) & (GROUP - 1), LOG_GROUP)) as u8
            })
        };
        Self((0..GROUP).map(of_offset).collect())
    }

    pub(crate) fn permute(&self, offset: usize, out: &mut [u64; GROUP], source: &[u64; GROUP]) {
        for (o, &i) in out.iter_mut().zip(&self.0[offset]) {
            *o = source[usize::from(i & (GROUP - 1) as u8)];
        }
    }
}
