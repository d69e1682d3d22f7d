//! Words that depend on what they are about.

#[cfg(feature = "data-party")]
pub(crate) use tables::counted;

/// As `tables::counted`, for the things of a compute party, which reads no tables: `1 iteration`, `2 samples`.
#[cfg(not(feature = "data-party"))]
pub(crate) fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// Classes from the lowest to the highest: `mild < moderate < severe`.
pub(crate) fn in_order(names: &[String]) -> String {
    names.join(" < ")
}
