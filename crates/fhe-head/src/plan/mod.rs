//! The planner: levels, keys, sizes and times of a training, from the shape of the data and the method, before anything is encrypted.
//!
//! It runs the trainer itself on [`Trace`](crate::engine::Trace), so a plan lists what the trainer does: there is no second description
//! of a training that could disagree.

mod aim;
mod candidates;
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

pub use aim::Aim;
pub use cost::Sizes as PlanSizes;
pub use depth::Depth;
pub use kept::Plan;
pub use levels::DataLevels;
pub use request::{Bootstraps, Pairs, Request};
