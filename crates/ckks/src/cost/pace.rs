//! The speed of a machine, which turns counts into seconds.

/// Seconds of one core per word for each kind of pass, and a factor for what the counts leave out.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Seconds per word of a number-theoretic transform, for each of its `log2 N` layers.
    pub transform: f64,
    /// Seconds of a multiply-add per word in the cache.
    pub pass: f64,
    /// Seconds per byte read from memory, beyond the arithmetic on it.
    pub byte: f64,
    /// Measured time of a key switch over the time that the other three predict. It covers copies, additions, tables
    /// of roots, and waiting for caches that pass the result of one step to the next.
    pub switch: f64,
}
