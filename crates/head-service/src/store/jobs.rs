//! Jobs: the queue, and what came of each.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension, params};

use super::{Member, Store, of_json, of_word, word};
use crate::api::{Job, JobError, JobResult, JobState, NewJob, UploadKind, UploadState};
use crate::blobs::JobName;
use crate::log;
use crate::problem::{Answer, Problem};

/// A job as its row has it.
#[derive(Clone, Debug)]
pub(crate) struct StoredJob {
    pub(crate) project: i64,
    /// Name of the project.
    pub(crate) project_name: String,
    pub(crate) job: Job,
    /// The process that was last started.
    pub(crate) process: Option<u32>,
    /// When it was asked for, in milliseconds since 1970.
    pub(crate) created: i64,
}

impl StoredJob {
    /// By its project and id.
    pub(crate) fn name(&self) -> JobName {
        JobName { project: self.project, id: self.job.id.clone() }
    }

    /// When it was asked for.
    pub(crate) fn queued(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(self.created).unwrap_or(0))
    }

    /// Its project, as one of its accounts has it.
    pub(crate) fn member(&self) -> Member {
        Member { project: self.project, name: self.project_name.clone() }
    }
}

/// Whether a job is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queued {
    /// It is.
    New,
    /// The same was asked for before.
    Before,
}

const JOB: &str =
    "SELECT jobs.id, asked, state, attempts, jobs.created, started, ended, result, error, project, process,
   projects.name, jobs.number, jobs.priority FROM jobs JOIN projects ON projects.id = jobs.project";

impl Store {
    /// Queues a job, or finds the one that does the same.
    pub(crate) fn submit(&self, member: &Member, asked: &NewJob, id: &str) -> Answer<(Job, Queued)> {
        let mut connection = self.lock();
        let work = connection.transaction()?;
        let text = serde_json::to_string(&NewJob { priority: 0, ..asked.clone() })?;
        let same = format!(
            "{JOB} WHERE project = ?1 AND asked = ?2 AND cancelled = 0 AND state NOT IN ('failed', 'cancelled')"
        );
        let before = work.query_row(&same, params![member.project, text], of_row).optional()?;
        if let Some((found, place)) = before {
            return Ok((with_place(&work, found.job, place)?, Queued::Before));
        }
        let (unfinished, most): (i64, i64) = work.query_row(
            "SELECT (SELECT count(*) FROM jobs WHERE project = ?1 AND state IN ('queued', 'running')), most_jobs
             FROM projects WHERE id = ?1",
            [member.project],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        if unfinished >= most {
            return Err(Problem::conflict(format!("the project has {unfinished} jobs that have not ended"))
                .help("wait until one has ended, or cancel one"));
        }
        work.execute(
            "INSERT INTO jobs (id, project, asked, priority, state, attempts, cancelled, created)
             VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, ?6)",
            params![id, member.project, text, asked.priority, word(JobState::Queued)?, log::millis()],
        )?;
        let (new, place) = work.query_row(&format!("{JOB} WHERE jobs.id = ?1"), [id], of_row)?;
        let job = with_place(&work, new.job, place)?;
        work.commit()?;
        Ok((job, Queued::New))
    }

    /// Refuses an upload that is not there, not ready, or of another kind.
    pub(crate) fn expect_upload(&self, member: &Member, id: &str, kind: UploadKind) -> Answer<()> {
        let row = self.lock().query_row(
            "SELECT kind, state FROM uploads WHERE project = ?1 AND id = ?2",
            params![member.project, id],
            |row| Ok((of_word::<UploadKind>(row.get(0)?)?, of_word::<UploadState>(row.get(1)?)?)),
        );
        match row.optional()? {
            None => Err(Problem::absent("upload")),
            Some((_, UploadState::Arriving)) => Err(Problem::conflict("the upload has not arrived whole")
                .help("push it again: it goes on where it stopped")),
            Some((found, _)) if found != kind => Err(Problem::malformed(
                format!("the upload holds {found:?} where {kind:?} is needed").to_lowercase(),
            )),
            Some(_) => Ok(()),
        }
    }

    /// A job.
    pub(crate) fn job(&self, member: &Member, id: &str) -> Answer<StoredJob> {
        let connection = self.lock();
        let sql = format!("{JOB} WHERE project = ?1 AND jobs.id = ?2");
        let found =
            connection.prepare_cached(&sql)?.query_row(params![member.project, id], of_row).optional()?;
        let (found, place) = found.ok_or_else(|| Problem::absent("job"))?;
        let job = with_place(&connection, found.job.clone(), place)?;
        Ok(StoredJob { job, ..found })
    }

    /// The jobs of a project, or of all, the latest first.
    pub(crate) fn jobs(&self, member: Option<&Member>) -> Answer<Vec<StoredJob>> {
        let connection = self.lock();
        let sql = format!("{JOB} WHERE ?1 IS NULL OR project = ?1 ORDER BY jobs.number DESC LIMIT 200");
        let mut query = connection.prepare_cached(&sql)?;
        let rows = query.query_map([member.map(|member| member.project)], of_row)?;
        let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        let placed = |(found, place): (StoredJob, Place)| {
            Ok(StoredJob { job: with_place(&connection, found.job.clone(), place)?, ..found })
        };
        rows.into_iter().map(placed).collect()
    }

    /// The next job, which counts as running from now on.
    pub(crate) fn take_next(&self) -> Answer<Option<StoredJob>> {
        let mut connection = self.lock();
        let work = connection.transaction()?;
        let sql = format!("{JOB} WHERE state = 'queued' ORDER BY jobs.priority DESC, jobs.number LIMIT 1");
        let next = work.query_row(&sql, [], of_row).optional()?;
        let Some((mut next, _)) = next else { return Ok(None) };
        work.execute(
            "UPDATE jobs SET state = 'running', attempts = attempts + 1, process = NULL, started = coalesce(started, ?2)
             WHERE id = ?1",
            params![next.job.id, log::millis()],
        )?;
        work.commit()?;
        next.job.attempts += 1;
        next.process = None;
        next.job.state = JobState::Running;
        Ok(Some(next))
    }

    /// Jobs whose processes ran when the server ended.
    pub(crate) fn running(&self) -> Answer<Vec<StoredJob>> {
        let connection = self.lock();
        let mut query = connection.prepare(&format!("{JOB} WHERE state = 'running'"))?;
        let rows = query.query_map([], |row| Ok(of_row(row)?.0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Number of jobs in each state.
    pub(crate) fn count_jobs(&self) -> Answer<Vec<(JobState, u64)>> {
        let connection = self.lock();
        let mut query = connection.prepare_cached("SELECT state, count(*) FROM jobs GROUP BY state")?;
        let rows = query.query_map([], |row| Ok((of_word(row.get(0)?)?, row.get::<_, i64>(1)? as u64)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Project and id of all jobs.
    pub(crate) fn job_names(&self) -> Answer<HashSet<(i64, String)>> {
        let connection = self.lock();
        let mut query = connection.prepare("SELECT project, id FROM jobs")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes the process of a job.
    pub(crate) fn set_process(&self, id: &str, process: u32) -> Answer<()> {
        self.lock().execute("UPDATE jobs SET process = ?2 WHERE id = ?1", params![id, process])?;
        Ok(())
    }

    /// Puts a job back into the queue. `counts` tells whether its last start counts as an attempt.
    pub(crate) fn requeue(&self, id: &str, counts: bool) -> Answer<()> {
        let sql = "UPDATE jobs SET state = 'queued', process = NULL, attempts = attempts - ?2 WHERE id = ?1";
        self.lock().execute(sql, params![id, i64::from(!counts)])?;
        Ok(())
    }

    /// Asks a job to stop. One that waits ends at once; returns whether a process has to.
    pub(crate) fn cancel(&self, member: &Member, id: &str) -> Answer<bool> {
        let mut connection = self.lock();
        let work = connection.transaction()?;
        let found = params![member.project, id, log::millis()];
        let waited = work.execute(
            "UPDATE jobs SET state = 'cancelled', cancelled = 1, ended = ?3 WHERE project = ?1 AND id = ?2 AND state = 'queued'",
            found,
        )?;
        let runs = work.execute(
            "UPDATE jobs SET cancelled = 1 WHERE project = ?1 AND id = ?2 AND state = 'running' AND ?3 > 0",
            found,
        )?;
        work.commit()?;
        Ok(waited == 0 && runs > 0)
    }

    /// Whether a job was asked to stop.
    pub(crate) fn is_cancelled(&self, id: &str) -> Answer<bool> {
        Ok(self.lock().query_row("SELECT cancelled FROM jobs WHERE id = ?1", [id], |row| row.get(0))?)
    }

    /// Notes how a job ended.
    pub(crate) fn end(
        &self,
        id: &str,
        state: JobState,
        end: Result<&JobResult, Option<&JobError>>,
    ) -> Answer<()> {
        let (result, error) = match end {
            Ok(result) => (Some(serde_json::to_string(result)?), None),
            Err(error) => (None, error.map(serde_json::to_string).transpose()?),
        };
        self.lock().execute(
            "UPDATE jobs SET state = ?2, ended = ?3, result = ?4, error = ?5, process = NULL WHERE id = ?1",
            params![id, word(state)?, log::millis(), result, error],
        )?;
        Ok(())
    }

    /// Removes a job that has ended, unless another one that has not needs its head.
    pub(crate) fn remove_job(&self, member: &Member, id: &str) -> Answer<()> {
        let found = self.job(member, id)?;
        if !found.job.state.is_over() {
            return Err(Problem::conflict("the job has not ended").help("cancel it first"));
        }
        let connection = self.lock();
        let used: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM jobs WHERE project = ?1 AND state IN ('queued', 'running') AND asked ->> 'head' = ?2)",
            params![member.project, id],
            |row| row.get(0),
        )?;
        if used {
            return Err(
                Problem::conflict("a job that has not ended needs this head").help("cancel that job first")
            );
        }
        connection.execute("DELETE FROM jobs WHERE project = ?1 AND id = ?2", params![member.project, id])?;
        Ok(())
    }
}

/// Where a job stands in the queue.
#[derive(Clone, Copy, Debug)]
struct Place {
    number: i64,
    priority: i32,
}

fn of_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<(StoredJob, Place)> {
    let time = |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(at)?.map(log::time));
    let place = Place { number: row.get(12)?, priority: row.get(13)? };
    let asked: NewJob = of_json(&row.get::<_, String>(1)?)?;
    let job = Job {
        id: row.get(0)?,
        asked: NewJob { priority: place.priority, ..asked },
        state: of_word(row.get(2)?)?,
        before: None,
        attempts: row.get::<_, i64>(3)? as u64,
        progress: None,
        created: log::time(row.get(4)?),
        started: time(5)?,
        ended: time(6)?,
        result: row.get::<_, Option<String>>(7)?.as_deref().map(of_json).transpose()?,
        error: row.get::<_, Option<String>>(8)?.as_deref().map(of_json).transpose()?,
    };
    let process = row.get::<_, Option<i64>>(10)?.and_then(|id| u32::try_from(id).ok());
    let found =
        StoredJob { project: row.get(9)?, project_name: row.get(11)?, job, process, created: row.get(4)? };
    Ok((found, place))
}

/// Adds the number of jobs that come before one that waits.
fn with_place(connection: &Connection, job: Job, Place { number, priority }: Place) -> Answer<Job> {
    if job.state != JobState::Queued {
        return Ok(job);
    }
    let mut query = connection.prepare_cached(
        "SELECT count(*) FROM jobs WHERE state = 'running'
           OR (state = 'queued' AND (priority > ?1 OR (priority = ?1 AND number < ?2)))",
    )?;
    let before: i64 = query.query_row(params![priority, number], |row| row.get(0))?;
    Ok(Job { before: Some(before as u64), ..job })
}
