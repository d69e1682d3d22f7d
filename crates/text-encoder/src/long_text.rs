//! Texts with more tokens than the encoder takes: what becomes of them, and the windows that are cut from them.

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// What becomes of a text with more tokens than the encoder takes at once. Shorter texts are embedded as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LongText {
    /// What does not fit is cut off, at the end unless the tokenizer's `truncation_side` says otherwise, as
    /// sentence-transformers does.
    Truncate,
    /// The first half of the window takes the beginning of the text, the second half its end.
    HeadTail,
    /// The embeddings of overlapping windows over the whole text are averaged, and normalised if the encoder normalises.
    /// Each window is full. Neighbours share at least a quarter of their tokens, and distances are equal up to rounding.
    #[default]
    Mean,
}

impl LongText {
    /// What encoders did before there was a choice.
    pub(crate) fn formerly() -> Self {
        Self::Truncate
    }
}

/// Cuts the tokens of a text into windows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cutter {
    /// The most tokens of a window, special tokens and prompt included.
    pub(crate) max_length: usize,
    /// Special tokens before and after every text.
    pub(crate) around: [usize; 2],
    /// Tokens of the prompt, which every window starts with.
    pub(crate) prompt: usize,
    /// Whether truncation drops the beginning of a text.
    pub(crate) from_left: bool,
    /// What becomes of long texts.
    pub(crate) handling: LongText,
}

impl Cutter {
    /// The windows of a text, at least one.
    pub(crate) fn cut(&self, ids: Vec<u32>) -> Vec<Vec<u32>> {
        if ids.len() <= self.max_length {
            return vec![ids];
        }
        let [before, after] = self.around;
        let end = ids.len() - after;
        // The text without the prompt, and the room for it.
        let start = (before + self.prompt).min(end);
        let room = self.max_length.saturating_sub(start + after);
        let join = |first: Range<usize>, second: Range<usize>| -> Vec<u32> {
            [&ids[..start], &ids[first], &ids[second], &ids[end..]].concat()
        };
        match self.handling {
            // A prompt that leaves no room is cut off like a text.
            _ if room < 2 => vec![self.truncate(&ids)],
            LongText::Truncate => vec![self.truncate(&ids)],
            LongText::HeadTail => {
                let head = room.div_ceil(2);
                vec![join(start..start + head, end - (room - head)..end)]
            }
            LongText::Mean => {
                let windows = windows(end - start, room);
                windows.into_iter().map(|at| join(start + at..start + at + room, end..end)).collect()
            }
        }
    }

    /// The tokens that fit, with the special tokens around them. The prompt counts as text.
    fn truncate(&self, ids: &[u32]) -> Vec<u32> {
        let [before, after] = self.around;
        let end = ids.len() - after;
        let room = self.max_length.saturating_sub(before + after);
        let kept = if self.from_left { end - room..end } else { before..before + room };
        [&ids[..before], &ids[kept], &ids[end..]].concat()
    }
}

/// Where windows of `room` tokens start in a text of more than `room` tokens: the fewest that cover it and overlap by a quarter,
/// the first at the beginning and the last at the end.
fn windows(length: usize, room: usize) -> Vec<usize> {
    let stride = room - room / 4;
    let gaps = (length - room).div_ceil(stride);
    (0..=gaps).map(|i| i * (length - room) / gaps.max(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cutter(handling: LongText) -> Cutter {
        Cutter { max_length: 10, around: [1, 1], prompt: 0, from_left: false, handling }
    }

    /// 100, then `n` tokens 0, 1, ..., then 200.
    fn ids(n: u32) -> Vec<u32> {
        [100].into_iter().chain(0..n).chain([200]).collect()
    }

    #[test]
    fn short_texts_are_left_alone() {
        for handling in [LongText::Truncate, LongText::HeadTail, LongText::Mean] {
            assert_eq!(cutter(handling).cut(ids(8)), [ids(8)]);
        }
    }

    #[test]
    fn truncation_keeps_one_side() {
        let cutter = cutter(LongText::Truncate);
        assert_eq!(cutter.cut(ids(9)), [ids(8)]);
        let left = Cutter { from_left: true, ..cutter };
        assert_eq!(left.cut(ids(20)), [[100, 12, 13, 14, 15, 16, 17, 18, 19, 200]]);
    }

    #[test]
    fn head_and_tail() {
        assert_eq!(cutter(LongText::HeadTail).cut(ids(20)), [[100, 0, 1, 2, 3, 16, 17, 18, 19, 200]]);
        let prompted = Cutter { prompt: 3, ..cutter(LongText::HeadTail) };
        assert_eq!(prompted.cut(ids(20)), [[100, 0, 1, 2, 3, 4, 5, 18, 19, 200]]);
    }

    #[test]
    fn windows_are_full_and_overlap() {
        for length in 9..200 {
            let windows = windows(length, 8);
            assert_eq!((windows[0], windows[windows.len() - 1]), (0, length - 8));
            assert!(
                windows.windows(2).all(|pair| pair[0] < pair[1] && pair[1] - pair[0] <= 6),
                "{windows:?}"
            );
            assert_eq!(windows.len(), 1 + (length - 8).div_ceil(6));
        }
        assert_eq!(windows(5, 2), [0, 1, 3]);
    }

    #[test]
    fn every_window_has_the_prompt() {
        let prompted = Cutter { prompt: 3, ..cutter(LongText::Mean) };
        let windows = prompted.cut(ids(14));
        assert_eq!(windows[0], [100, 0, 1, 2, 3, 4, 5, 6, 7, 200]);
        assert!(windows.iter().all(|w| w.len() == 10 && w[..4] == [100, 0, 1, 2] && w[9] == 200));
        assert_eq!(windows[windows.len() - 1][4..9], [9, 10, 11, 12, 13]);
    }

    #[test]
    fn a_prompt_without_room_is_truncated() {
        let prompted = Cutter { prompt: 30, ..cutter(LongText::Mean) };
        assert_eq!(prompted.cut(ids(20)), [ids(8)]);
    }
}
