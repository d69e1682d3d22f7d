//! The sections of the report. A section without records is left out.

pub(super) mod accuracy;
pub(super) mod floor;
pub(super) mod overview;
pub(super) mod peers;
pub(super) mod scale;
pub(super) mod speed;
