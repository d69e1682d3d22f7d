//! What has been kept long enough.

use rusqlite::params;

use super::uploads::{Blob, remove};
use super::{Store, word};
use crate::api::{JobState, UploadState};
use crate::problem::Answer;

/// What was removed: the project and the id of each job and upload, and the files that belong to no other.
#[derive(Debug, Default)]
pub(crate) struct Expired {
    pub(crate) jobs: Vec<(i64, String)>,
    pub(crate) uploads: Vec<(i64, String)>,
    pub(crate) blobs: Vec<Blob>,
}

impl Store {
    /// Removes jobs that ended before a time, with their results, and uploads that arrived before it and that no job is left of. What a job
    /// needs that waits or runs stays, and so do the messages of sessions.
    pub(crate) fn remove_expired(&self, before: i64) -> Answer<Expired> {
        let mut connection = self.lock();
        let work = connection.transaction()?;
        let mut expired = Expired::default();
        {
            let mut query = work.prepare(
                "DELETE FROM jobs AS old WHERE state IN (?1, ?2, ?3) AND ended < ?4
                   AND NOT EXISTS (SELECT 1 FROM jobs WHERE project = old.project AND state IN ('queued', 'running')
                                   AND asked ->> 'head' = old.id)
                 RETURNING project, id",
            )?;
            let [done, failed, cancelled] = [JobState::Done, JobState::Failed, JobState::Cancelled].map(word);
            let rows = query.query_map(params![done?, failed?, cancelled?, before], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            expired.jobs = rows.collect::<Result<_, _>>()?;
            let mut query = work.prepare(
                "SELECT project, id FROM uploads WHERE state = ?1 AND created < ?2
                   AND NOT EXISTS (SELECT 1 FROM jobs WHERE project = uploads.project
                                   AND uploads.id IN (asked ->> 'keys', asked ->> 'data', asked ->> 'validation'))",
            )?;
            let rows = query.query_map(params![word(UploadState::Ready)?, before], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            expired.uploads = rows.collect::<Result<_, _>>()?;
        }
        for (project, id) in &expired.uploads {
            expired.blobs.extend(remove(&work, *project, id)?);
        }
        work.commit()?;
        Ok(expired)
    }
}
