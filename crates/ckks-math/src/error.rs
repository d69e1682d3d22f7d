//! Errors.

/// The reason why an operation of this crate was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A modulus that is not an odd prime below 2^50.
    #[error("modulus: expected an odd prime below 2^50, got {got}")]
    Modulus {
        /// The refused number.
        got: u64,
    },
    /// A prime without a primitive root of unity of order 2N.
    #[error("ring: expected a prime congruent to 1 modulo {order}, got {got}")]
    NotNttFriendly {
        /// The refused prime.
        got: u64,
        /// 2N.
        order: u64,
    },
    /// The same prime twice in one ring.
    #[error("ring: expected distinct primes, got {got} twice")]
    RepeatedPrime {
        /// The prime.
        got: u64,
    },
    /// A ring without primes of Q.
    #[error("ring: expected at least one prime of Q, got none")]
    NoPrimes,
    /// A ring degree outside the supported range.
    #[error("ring: expected a degree from 2^10 to 2^16, got 2^{got}")]
    Degree {
        /// log2 of the refused degree.
        got: u32,
    },
    /// Too few primes of the requested size and congruence.
    #[error(
        "primes: expected {expected} primes of {bits} bits congruent to 1 modulo 2^{log_2n}, found {found}"
    )]
    PrimesExhausted {
        /// Number of primes requested.
        expected: usize,
        /// Number found.
        found: usize,
        /// Requested size in bits.
        bits: u32,
        /// log2 of 2N.
        log_2n: u32,
    },
    /// A kernel backend that this machine cannot run, or an unknown name.
    #[error("CKKS_BACKEND: expected one of {expected}, got {got:?}")]
    Backend {
        /// The names that this machine can run.
        expected: String,
        /// The requested name.
        got: String,
    },
    /// A coefficient too large for the requested integer type.
    #[error("decode: expected coefficients of at most {expected} bits, coefficient {index} is larger")]
    CoefficientTooLarge {
        /// Bits of magnitude that fit.
        expected: u32,
        /// The coefficient's index.
        index: usize,
    },
    /// The operating system provided no randomness.
    #[error("randomness: the operating system's generator failed: {reason}")]
    Randomness {
        /// The system's error.
        reason: String,
    },
}
