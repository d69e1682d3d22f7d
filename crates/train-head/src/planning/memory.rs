//! The memory that a training needs.

use fhe_head::Plan;

use crate::exit::{Failure, Result};
use crate::progress;

/// Bytes that the compute party needs: data, keys, the bootstrap's diagonals, and room to work.
pub(crate) fn needed(plan: &Plan) -> u64 {
    const WORK: usize = 256 << 20;
    (plan.sizes.data_bytes + plan.sizes.key_bytes + plan.sizes.diagonal_bytes + WORK) as u64
}

/// Refuses a training that does not fit into memory. `available` is `None` if the system does not say.
///
/// # Errors
/// `needed` is more than `available`.
pub(crate) fn expect(needed: u64, available: Option<u64>) -> Result<()> {
    match available {
        Some(available) if needed > available => Err(Failure::parameters(format!(
            "the training needs {} of memory, {} are free",
            progress::bytes(needed),
            progress::bytes(available)
        ))
        .help("train on fewer samples or features, or on a machine with more memory")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::exit::Kind;

    #[test]
    fn what_does_not_fit_into_memory_is_not_started() {
        assert!(expect(5 << 30, Some(6 << 30)).is_ok());
        assert!(expect(5 << 30, None).is_ok());
        let failure = expect(5 << 30, Some(1 << 30)).unwrap_err();
        assert_eq!(failure.kind(), Kind::Parameters);
        assert!(failure.to_string().contains("needs 5.0 GiB of memory, 1.0 GiB are free"), "{failure}");
    }
}
