//! Copies of a training's state in the bucket, from time to time while it runs: without the disk it goes on from the last one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::JobFolder;
use crate::log;
use crate::service::{Service, blocking};
use crate::store::StoredJob;

/// Between two looks whether there is another state.
const PAUSE: Duration = Duration::from_secs(20);

/// What copies the states of a job.
#[derive(Debug)]
pub(super) struct States {
    /// Ends it when it is dropped.
    goes_on: watch::Sender<()>,
    copying: JoinHandle<()>,
}

impl States {
    /// Begins to copy, if the files are in a bucket.
    pub(super) fn keep(service: &Arc<Service>, job: &StoredJob, folder: &JobFolder) -> Option<Self> {
        let (goes_on, end) = watch::channel(());
        let (service, job, folder) = (Arc::clone(service), job.name(), folder.process().folder);
        service.blobs.is_far().then(|| {
            let copying = tokio::spawn(copy(service, job, folder, end));
            Self { goes_on, copying }
        })
    }

    /// Ends with the copy that was begun, so that none appears after its job.
    pub(super) async fn end(self) {
        drop(self.goes_on);
        // one that panicked has ended, too
        let _ = self.copying.await;
    }
}

async fn copy(
    service: Arc<Service>,
    job: crate::blobs::JobName,
    folder: std::path::PathBuf,
    mut end: watch::Receiver<()>,
) {
    let mut kept = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = end.changed() => return,
        }
        let (job, folder) = (job.clone(), folder.clone());
        let copied =
            blocking(&service, move |service| Ok(service.blobs.keep_state(&job, &folder, kept)?)).await;
        match copied {
            Ok(time) => kept = time,
            Err(problem) => log::failure("the state of a training was not copied", &problem.words()),
        }
    }
}
