//! Lines for standard error.

/// Writes a line to standard error. If that fails, as on a full disk, nobody can be told; `eprintln` would panic.
macro_rules! tell {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($words)*);
    }};
}
pub(crate) use tell;
