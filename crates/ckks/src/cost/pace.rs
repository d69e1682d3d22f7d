//! How fast a machine is: what turns counts into seconds.

/// Seconds of one core, for a word, and what they leave out.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// A number-theoretic transform, for a word and each of its `log2 N` steps.
    pub transform: f64,
    /// A multiply-add of words in the cache.
    pub pass: f64,
    /// What a byte from memory takes beyond the arithmetic done with it.
    pub byte: f64,
    /// How many times what the others make of its counts a key switch takes: copies, additions, tables of roots, and waiting for the
    /// caches that hold what one step leaves for the next.
    pub switch: f64,
}
