//! A piece of work that is under way here.

use tokio::sync::watch;

use super::about::Kind;

/// What it is for, and how it is asked to stop.
#[derive(Debug)]
pub(crate) struct Driven {
    pub(super) kind: Kind,
    pub(super) cancel: watch::Sender<bool>,
}
