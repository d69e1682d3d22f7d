//! The 128-bit security table: the largest `log2(QP)` for each ring degree and secret distribution.
//!
//! The modulus of an object includes every prime that it uses, special primes too. The limit is that of the secret
//! that hides it.

/// The distribution of a secret's coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretDistribution {
    /// Each coefficient is independent and uniform in {-1, 0, 1}.
    Ternary,
    /// Exactly this many coefficients are +1 or -1.
    SparseTernary(u32),
    /// The sum of this many independent uniform ternary secrets, each known to one party alone. Whoever knows all but one of them
    /// faces [`Ternary`](Self::Ternary), so its limits are those of that.
    TernarySum(u32),
}

impl SecretDistribution {
    /// The number of parties that share the secret.
    #[must_use]
    pub fn parties(self) -> u32 {
        match self {
            Self::TernarySum(parties) => parties,
            Self::Ternary | Self::SparseTernary(_) => 1,
        }
    }
}

/// The most parties that share a secret. Noise grows with their number; keys are agreed on by all of them.
pub const MOST_PARTIES: u32 = 10;

/// One row of [`TABLE`].
#[derive(Clone, Copy, Debug)]
pub struct SecurityRow {
    /// `log2` of the ring degree.
    pub log_n: u32,
    /// Largest `log2(QP)` under a uniform ternary secret.
    pub ternary: f64,
    /// Largest `log2(QP)` under an ephemeral ternary secret of Hamming weight 32. `None` where there is none.
    pub weight_32: Option<f64>,
}

/// Largest `log2(QP)` at 128 classical bits with error deviation 3.2.
///
/// Uniform ternary: Bossuat et al., *Security Guidelines for Implementing Homomorphic Encryption* (ePrint 2024/463),
/// Table 5.2. Weight 32: not what is possible, but what bootstraps need, far inside of what lattice attacks that guess with
/// Meet-LWE (May, CRYPTO 2021) leave. `security/estimate.py` recomputes both.
pub const TABLE: [SecurityRow; 4] = [
    SecurityRow { log_n: 13, ternary: 214.0, weight_32: None },
    SecurityRow { log_n: 14, ternary: 430.0, weight_32: Some(45.0) },
    SecurityRow { log_n: 15, ternary: 868.0, weight_32: Some(90.0) },
    SecurityRow { log_n: 16, ternary: 1747.0, weight_32: Some(100.0) },
];

/// The largest `log2(QP)` that leaves 128 bits of security. `None` for a ring degree or Hamming weight without an
/// estimate.
#[must_use]
pub fn max_log_qp(log_n: u32, secret: SecretDistribution) -> Option<f64> {
    let row = TABLE.iter().find(|row| row.log_n == log_n)?;
    match secret {
        SecretDistribution::Ternary | SecretDistribution::TernarySum(_) => Some(row.ternary),
        SecretDistribution::SparseTernary(32) => row.weight_32,
        SecretDistribution::SparseTernary(_) => None,
    }
}
