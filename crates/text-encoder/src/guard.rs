//! Calls into libraries that panic where a file lies.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `call` gives, or `None` if it panics. What it worked on must not be used after a panic.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn a_panic_is_none() {
        assert_eq!(guarded(|| 7), Some(7));
        let empty: [u8; 0] = [];
        assert_eq!(guarded(|| empty.chunks(empty.len()).count()), None);
    }
}
