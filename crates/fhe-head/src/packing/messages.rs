//! Vectors of several periods as neighbouring tiles of messages.

/// The place of a vector in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Index of the vector.
    pub vector: usize,
    /// First slot of its tile.
    pub first: usize,
    /// Period of the vector, and length of its tile.
    pub period: usize,
}

/// The messages that vectors of these periods, powers of two, share. A message has the length of `tiles` vectors of the longest period,
/// also a power of two; with one tile, each vector has a message of its own.
///
/// Longer periods come first, so every tile begins at a multiple of its own length, and no slot is left empty before the last tile.
pub fn messages(periods: &[usize], tiles: usize) -> Vec<Vec<Tile>> {
    let length = tiles * periods.iter().max().copied().unwrap_or_default();
    let mut order: Vec<usize> = (0..periods.len()).collect();
    order.sort_by_key(|&vector| std::cmp::Reverse(periods[vector]));
    let mut messages: Vec<Vec<Tile>> = Vec::new();
    for vector in order {
        let period = periods[vector];
        let end = messages.last().and_then(|tiles| tiles.last()).map(|tile| tile.first + tile.period);
        match (end, messages.last_mut()) {
            (Some(first), Some(message)) if tiles > 1 && first < length => {
                message.push(Tile { vector, first, period });
            }
            _ => messages.push(vec![Tile { vector, first: 0, period }]),
        }
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_aligned_and_fill_their_messages() {
        let periods = [128, 2, 256, 256, 128, 2];
        for (tiles, expected) in [(1, 6), (2, 2), (4, 1)] {
            let messages = messages(&periods, tiles);
            assert_eq!(messages.len(), expected);
            let mut seen: Vec<usize> = messages.iter().flatten().map(|tile| tile.vector).collect();
            seen.sort_unstable();
            assert_eq!(seen, [0, 1, 2, 3, 4, 5]);
            for message in &messages {
                let mut end = 0;
                for tile in message {
                    assert_eq!((tile.first, tile.period), (end, periods[tile.vector]));
                    assert!(tile.first.is_multiple_of(tile.period));
                    end += tile.period;
                }
                assert!(end <= tiles * 256);
            }
        }
    }
}
