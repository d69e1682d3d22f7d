//! What was warned about, in plain words.

use pages::{Block, Section};

/// The section; none if nothing was warned about.
pub(super) fn section(warnings: Vec<String>) -> Option<Section> {
    (!warnings.is_empty()).then(|| Section { title: "Warnings".into(), blocks: vec![Block::List(warnings)] })
}
