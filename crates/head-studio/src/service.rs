//! What handlers and the work share.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, watch};

use crate::commands::Commands;
use crate::id::Id;
use crate::links::Links;
use crate::options::Options;
use crate::place::Place;
use crate::problem::Answer;
use crate::said::Said;
use crate::work::Driven;

/// The studio.
pub(crate) struct Service {
    pub(crate) options: Options,
    pub(crate) place: Place,
    pub(crate) commands: Arc<dyn Commands>,
    pub(crate) links: Links,
    /// Called with a new link when one was used.
    pub(crate) announce: Box<dyn Fn(&str) + Send + Sync>,
    /// Room for tables that are looked at.
    pub(crate) looks: Semaphore,
    /// Whether the studio is asked to stop.
    pub(crate) stop: watch::Receiver<bool>,
    /// What is under way here.
    pub(crate) driven: Mutex<HashMap<Id, Driven>>,
    said: Mutex<HashMap<PathBuf, Said>>,
}

impl Service {
    pub(crate) fn new(
        options: Options,
        place: Place,
        commands: Arc<dyn Commands>,
        links: Links,
        announce: Box<dyn Fn(&str) + Send + Sync>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let looks = Semaphore::new(options.limits.looks);
        let (driven, said) = (Mutex::default(), Mutex::default());
        Self { options, place, commands, links, announce, looks, stop, driven, said }
    }

    /// What a process said so far.
    pub(crate) fn said(&self, path: &Path) -> Said {
        let mut all = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let said = all.entry(path.to_owned()).or_default();
        said.listen(path);
        said.clone()
    }

    /// Whether this is under way here.
    pub(crate) fn is_driven(&self, id: &Id) -> bool {
        self.driven.lock().unwrap_or_else(PoisonError::into_inner).contains_key(id)
    }
}

/// Now, in milliseconds since 1970.
pub(crate) fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// Runs what waits for the disk on a thread of its own.
///
/// # Errors
/// Those of `work`.
pub(crate) async fn blocking<T: Send + 'static>(
    service: &Arc<Service>,
    work: impl FnOnce(&Service) -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let service = Arc::clone(service);
    tokio::task::spawn_blocking(move || work(&service)).await?
}
