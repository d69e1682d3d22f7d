//! Words that depend on what they are about.

pub(crate) use tables::counted;

/// Classes from the lowest to the highest: `mild < moderate < severe`.
pub(crate) fn in_order(names: &[String]) -> String {
    names.join(" < ")
}
