//! The folder of a job. Its files are links to the uploads': nothing is copied.
//!
//! ```text
//! keys/  data.enc  head.enc   what the process reads; of a joint training, session/
//! validation.enc  talk/        validation samples; their scores, and the answer
//! out.enc                     the encrypted head or scores, beside it the checkpoint
//! home/                       who signed first, as the process remembers it
//! said.jsonl  report.json     what the process says of its progress and of its end
//! alive.lock                  locked by the process as long as it lives
//! ```

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::talk::{Talk, keep_scores};
use crate::place::{Place, private_folder};
use crate::process::ProcessFiles;

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct JobFolder(PathBuf);

impl JobFolder {
    /// The folder of a job.
    pub(crate) fn of(place: &Place, id: &str) -> Self {
        Self(place.jobs().join(id))
    }

    /// Links the messages of a session that the process reads.
    pub(super) fn lay_out_session(&self, messages: &[(String, PathBuf)]) -> io::Result<()> {
        for folder in [&self.0, &self.session(), &self.home()] {
            private_folder(folder)?;
        }
        for (name, path) in messages {
            // names were checked when they were announced: at most three plain parts
            let to = self.session().join(name.replace('_', "/"));
            to.parent().map_or(Ok(()), private_folder)?;
            link(path, &to)?;
        }
        Ok(())
    }

    /// Links the files that the process reads. What an earlier attempt left stays: its checkpoint above all.
    pub(super) fn lay_out(
        &self,
        keys: &[(String, PathBuf)],
        data: &[(String, PathBuf)],
        validation: &[(String, PathBuf)],
        head: Option<&Path>,
    ) -> io::Result<()> {
        for folder in [&self.0, &self.keys(), &self.home()] {
            private_folder(folder)?;
        }
        for (name, path) in keys {
            link(path, &self.keys().join(name))?;
        }
        for (_, path) in data {
            link(path, &self.data())?;
        }
        for (_, path) in validation {
            link(path, &self.validation())?;
        }
        head.map_or(Ok(()), |head| link(head, &self.head()))
    }

    pub(super) fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    pub(super) fn session(&self) -> PathBuf {
        self.0.join("session")
    }

    pub(super) fn data(&self) -> PathBuf {
        self.0.join("data.enc")
    }

    pub(super) fn head(&self) -> PathBuf {
        self.0.join("head.enc")
    }

    pub(super) fn validation(&self) -> PathBuf {
        self.0.join("validation.enc")
    }

    /// Where the scores of validation samples go.
    pub(super) fn talk(&self) -> PathBuf {
        self.0.join("talk")
    }

    /// What data party and process say to each other there.
    pub(crate) fn conversation(&self) -> Talk {
        Talk::at(self.talk())
    }

    pub(super) fn home(&self) -> PathBuf {
        self.0.join("home")
    }

    /// The files of its process.
    pub(super) fn process(&self) -> ProcessFiles {
        ProcessFiles { folder: self.0.clone(), lock: self.lock(), said: self.said(), report: self.report() }
    }

    pub(super) fn said(&self) -> PathBuf {
        self.0.join("said.jsonl")
    }

    pub(super) fn report(&self) -> PathBuf {
        self.0.join("report.json")
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.0.join("alive.lock")
    }

    /// The encrypted head or scores.
    pub(crate) fn out(&self) -> PathBuf {
        self.0.join("out.enc")
    }

    /// Removes everything but the result and the scores of validation samples.
    pub(super) fn keep_result(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            if path == self.talk() {
                keep_scores(&path)?;
            } else if path.is_dir() {
                fs::remove_dir_all(path)?;
            } else if path != self.out() {
                fs::remove_file(path)?;
            }
        }
        File::open(&self.0)?.sync_all()
    }

    /// Removes everything.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        // an earlier attempt's
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}
