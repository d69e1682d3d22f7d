//! Texts as token ids, cut into the windows that are embedded.

/// Tokens of texts, made by [`TextEncoder::tokenize`](crate::TextEncoder::tokenize).
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The windows of all texts, in order.
    windows: Vec<Vec<u32>>,
    /// Where the windows of each text start, and the number of windows.
    starts: Vec<usize>,
    /// Whether each text has more tokens than the encoder takes.
    long: Vec<bool>,
}

impl Tokens {
    /// Of the windows of each text, and whether it is long.
    pub(crate) fn new(texts: Vec<(Vec<Vec<u32>>, bool)>) -> Self {
        let mut tokens = Self { windows: Vec::new(), starts: vec![0], long: Vec::new() };
        for (windows, long) in texts {
            tokens.windows.extend(windows);
            tokens.starts.push(tokens.windows.len());
            tokens.long.push(long);
        }
        tokens
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.long.len()
    }

    /// True if there are no texts.
    pub fn is_empty(&self) -> bool {
        self.long.is_empty()
    }

    /// Whether each text has more tokens than the encoder takes at once. [`LongText`](crate::LongText) says what becomes of it.
    pub fn long(&self) -> &[bool] {
        &self.long
    }

    /// Token ids of the windows of a text, special tokens included. There is more than one of a long text alone.
    ///
    /// # Panics
    /// If there is no such text.
    pub fn windows(&self, text: usize) -> &[Vec<u32>] {
        &self.windows[self.starts[text]..self.starts[text + 1]]
    }

    /// The windows of all texts, in order.
    pub(crate) fn all(&self) -> &[Vec<u32>] {
        &self.windows
    }

    /// The text that a window belongs to, and whether it is its first.
    pub(crate) fn owner(&self, window: usize) -> (usize, bool) {
        let text = self.starts.partition_point(|&start| start <= window) - 1;
        (text, self.starts[text] == window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_know_their_text() {
        let tokens =
            Tokens::new(vec![(vec![vec![1]], false), (vec![vec![2], vec![3]], true), (vec![vec![4]], false)]);
        assert_eq!((tokens.len(), tokens.long()), (3, &[false, true, false][..]));
        assert_eq!(tokens.windows(1), [[2], [3]]);
        let owners: Vec<_> = (0..4).map(|window| tokens.owner(window)).collect();
        assert_eq!(owners, [(0, true), (1, true), (1, false), (2, true)]);
        assert!(Tokens::new(Vec::new()).is_empty());
    }
}
