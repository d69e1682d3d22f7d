//! The planner: from the shape of the data and the method to levels, keys, sizes and time, before anything is
//! encrypted.
//!
//! It runs the trainer itself on [`Trace`](crate::engine::Trace), so that what it lists is what the trainer does: no second description of
//! the training can disagree with the first.

mod choice;
mod cost;
mod course;
mod depth;
mod dry_run;
mod kept;
mod levels;
mod planner;
mod request;
mod schedule;

pub use cost::Sizes as PlanSizes;
pub use depth::Depth;
pub use kept::Plan;
pub use levels::DataLevels;
pub use request::{Bootstraps, Pairs, Request};
