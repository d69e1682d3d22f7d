//! Estimates and runs. Each is one or two processes, and everything about it lies in its folder: a studio that starts again finds it.
//!
//! - [`about`]: what a piece of work is;
//! - [`step`]: its steps, each by the files of its process;
//! - [`driven`]: one that is under way here;
//! - [`drive`]: sees steps through, stops, continues and removes;
//! - [`shown`]: what the page gets to know.

mod about;
mod drive;
mod driven;
mod shown;
mod step;

pub(crate) use about::{Kind, Work};
pub(crate) use drive::{begin, cancel, remove, resume, take_up};
pub(crate) use driven::Driven;
pub(crate) use shown::{Shown, State, brief, shown};
