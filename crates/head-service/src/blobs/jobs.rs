//! What a job has made, in the bucket: its result, the state that it goes on from, and the answer that ends a training. Without a bucket all of
//! it lies in the job's folder, and nothing here does anything.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use axum::body::Bytes;
use fhe_head::files::Digest;
use serde::{Deserialize, Serialize};

use super::far::Far;
use super::{Blobs, Copied};

/// A job, by its project and id.
#[derive(Clone, Debug)]
pub(crate) struct JobName {
    pub(crate) project: i64,
    pub(crate) id: String,
}

/// The state that a training goes on from.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    /// Name of the file.
    name: String,
    /// When it was written, which names the folder of its chunks.
    time: u64,
    bytes: u64,
    digest: Digest,
}

/// How the process names the state that it leaves beside its result.
const STATE: (&str, &str) = ("out.enc.", ".checkpoint");

impl JobName {
    fn object(&self, name: &str) -> String {
        format!("jobs/{}/{}/{name}", self.project, self.id)
    }

    /// A chunk of a state.
    fn state(&self, time: u64, number: usize) -> String {
        self.object(&format!("states/{time}/{number}"))
    }
}

impl Blobs {
    fn far(&self) -> Option<&Far> {
        self.bucket.as_ref().map(|Copied { far, .. }| far)
    }

    /// Whether a job's result and state are kept elsewhere.
    pub(crate) fn is_far(&self) -> bool {
        self.bucket.is_some()
    }

    /// Keeps the result of a job.
    pub(crate) fn keep_result(&self, job: &JobName, out: &Path) -> io::Result<()> {
        let Some(far) = self.far() else { return Ok(()) };
        far.put_file(out, |number| job.object(&format!("out/{number}"))).map(|_| ())
    }

    /// Sees that the result of a job, of this length and digest, is where it should be.
    pub(crate) fn obtain_result(&self, job: &JobName, result: (u64, &Digest), out: &Path) -> io::Result<()> {
        let Some(copied) = &self.bucket else { return Ok(()) };
        let _turn = copied.turn(result.1);
        match out.exists() {
            true => Ok(()),
            false => copied.far.get_file(out, result, |number| job.object(&format!("out/{number}"))),
        }
    }

    /// Keeps the answer that ends a training.
    pub(crate) fn keep_stop(&self, job: &JobName, answer: &[u8]) -> io::Result<()> {
        self.far().map_or(Ok(()), |far| far.0.put(&job.object("stop"), Bytes::copy_from_slice(answer)))
    }

    /// The answer that ends a training, if one was kept elsewhere.
    pub(crate) fn stop(&self, job: &JobName) -> io::Result<Option<Bytes>> {
        match self.far().map(|far| far.0.get(&job.object("stop"))).transpose() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            answer => answer,
        }
    }

    /// Keeps the state in the folder of a job, if it is another one than at this time. Returns the time of what was kept.
    pub(crate) fn keep_state(
        &self,
        job: &JobName,
        folder: &Path,
        last: Option<SystemTime>,
    ) -> io::Result<Option<SystemTime>> {
        let (Some(far), Some((name, path))) = (self.far(), state_in(folder)?) else { return Ok(last) };
        let time = fs::metadata(&path)?.modified()?;
        if last == Some(time) {
            return Ok(last);
        }
        // one that is replaced meanwhile: the copy is of the one before, and whole
        let linked = folder.join("state.kept");
        let _ = fs::remove_file(&linked);
        fs::hard_link(&path, &linked)?;
        let since = fs::metadata(&linked)?.modified()?.duration_since(SystemTime::UNIX_EPOCH);
        let since = since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(0));
        let (bytes, digest) = far.put_file(&linked, |number| job.state(since, number))?;
        fs::remove_file(linked)?;
        let state = serde_json::to_vec(&State { name, time: since, bytes, digest })?;
        far.0.put(&job.object("checkpoint"), Bytes::from(state))?;
        // those before it are of no use now
        let (mut old, kept) = (Vec::new(), job.object(&format!("states/{since}/")));
        far.0.list(&job.object("states"), &mut |name| {
            if !name.starts_with(&kept) {
                old.push(name.to_owned());
            }
        })?;
        far.0.remove(old)?;
        Ok(Some(time))
    }

    /// Puts the state that was kept into the folder of a job that has none.
    pub(crate) fn obtain_state(&self, job: &JobName, folder: &Path) -> io::Result<()> {
        let Some(far) = self.far() else { return Ok(()) };
        if folder.exists() && state_in(folder)?.is_some() {
            return Ok(());
        }
        let state: State = match far.0.get(&job.object("checkpoint")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => serde_json::from_slice(&found?)?,
        };
        if !is_state(&state.name) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the bucket names no state of a training",
            ));
        }
        let whole = (state.bytes, &state.digest);
        far.get_file(&folder.join(&state.name), whole, |number| job.state(state.time, number))
    }

    /// Removes everything but the result of a job that has one.
    pub(crate) fn keep_result_alone(&self, job: &JobName) -> io::Result<()> {
        self.remove_of_job(job, |name| !name.starts_with(&job.object("out/")))
    }

    /// Removes everything of a job.
    pub(crate) fn remove_job(&self, job: &JobName) -> io::Result<()> {
        self.remove_of_job(job, |_| true)
    }

    fn remove_of_job(&self, job: &JobName, goes: impl Fn(&str) -> bool) -> io::Result<()> {
        let Some(far) = self.far() else { return Ok(()) };
        let mut old = Vec::new();
        far.0.list(&job.object(""), &mut |name| {
            if goes(name) {
                old.push(name.to_owned());
            }
        })?;
        far.0.remove(old)
    }

    /// Removes what belongs to jobs that the database does not know.
    pub(crate) fn remove_stray_jobs(&self, is_known: impl Fn(i64, &str) -> bool) -> io::Result<()> {
        self.far().map_or(Ok(()), |far| far.remove_strays("jobs", is_known))
    }
}

fn is_state(name: &str) -> bool {
    let middle = name.strip_prefix(STATE.0).and_then(|rest| rest.strip_suffix(STATE.1));
    middle.is_some_and(|middle| middle.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// The state in a folder, by its name and place.
fn state_in(folder: &Path) -> io::Result<Option<(String, PathBuf)>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(name) = entry.file_name().to_str().filter(|name| is_state(name)) {
            return Ok(Some((name.to_owned(), entry.path())));
        }
    }
    Ok(None)
}
