//! Where a party finds its session: a folder that all share, or a copy of its own that a server keeps up to date.

use std::path::Path;

use head_service::api::Job;
use serde_json::json;

use super::Session;
use super::board::Board;
use super::needs::Need;
use super::wait::{Progress, until};
use crate::args::BoardArgs;
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Result};

/// The folder of a session.
pub(crate) struct Site(Option<Board>);

impl Site {
    /// The folder of a session, with what has come since if a server passes it on. `flags` may name a server for a folder that is not there yet.
    ///
    /// # Errors
    /// A server that cannot be reached or has no such session; a failed write.
    pub(crate) fn enter(folder: &Path, flags: Option<&BoardArgs>, console: &Console) -> Result<Self> {
        let messages = |name: &str| Need::Messages.wants("", name);
        if let Some(mut board) = Board::of(folder)? {
            board.exchange(&messages, console)?;
            return Ok(Self(Some(board)));
        }
        let Some(flags) = flags.filter(|flags| flags.server.server.is_some()) else { return Ok(Self(None)) };
        if folder.join("session.json").exists() {
            return Err(Failure::usage(format!(
                "{}: its session is in a folder that all share",
                folder.display()
            ))
            .help("leave --server out; a session on a server has a folder of its own for each party"));
        }
        let mut board = Board::join(folder, &flags.server, flags.session_name.as_deref(), console)?;
        board.fetch(&messages, console)?;
        Ok(Self(Some(board)))
    }

    /// Puts a new session on the server, if one is named.
    ///
    /// # Errors
    /// The server has another session of this name, or cannot be reached; a failed write.
    pub(crate) fn create(folder: &Path, flags: &BoardArgs, console: &Console) -> Result<()> {
        if flags.server.server.is_none() {
            return Ok(());
        }
        let of_folder = || folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = flags.session_name.clone().or_else(of_folder).unwrap_or_default();
        let mut board = Board::note(folder, &flags.server, &name)?;
        board.exchange(&|_| false, console)?;
        console.note(format!("session {name} on {}: the others join it with --server", board.url()));
        Ok(())
    }

    /// The server, if there is one.
    pub(crate) fn board(&self) -> Option<&Board> {
        self.0.as_ref()
    }

    /// Delivers what the party made, and fetches what the step needs.
    ///
    /// # Errors
    /// The server refuses or cannot be reached; a failed write; ^C.
    pub(crate) fn exchange(&mut self, need: Need, own: &str, console: &Console) -> Result<()> {
        match &mut self.0 {
            Some(board) => board.exchange(&|name| need.wants(own, name), console),
            None => Ok(()),
        }
    }

    /// Runs a step of the party `own` until it gives a result, for up to this many seconds.
    ///
    /// # Errors
    /// Those of the step and of [`Self::exchange`].
    pub(crate) fn until<T>(
        &mut self,
        (seconds, need, own): (u64, Need, &str),
        console: &Console,
        mut step: impl FnMut(Option<&Board>) -> Result<Progress<T>>,
    ) -> Result<Progress<T>> {
        until(seconds, console, || {
            self.exchange(need, own, console)?;
            let result = step(self.board());
            // what the step made helps the others even if it stopped
            let sent = self.exchange(need, own, console);
            let result = result?;
            sent.map(|()| result)
        })
    }

    /// The training on the server, once the data of all are there.
    ///
    /// # Errors
    /// As [`Board::job`].
    pub(crate) fn job(&self, session: &Session) -> Result<Option<Job>> {
        self.0.as_ref().map_or(Ok(None), |board| board.job(session))
    }

    /// Has the server train, if it is the one that does, and waits for the head.
    ///
    /// # Errors
    /// The training failed; as [`Self::exchange`].
    pub(crate) fn train_there(&mut self, session: &Session, console: &Console) -> Result<Option<Outcome>> {
        let Some(job) = self.job(session)? else { return Ok(None) };
        let Some(board) = &mut self.0 else { return Ok(None) };
        let done = board.wait(&job, console)?;
        board.exchange(&|name| Need::Messages.wants("", name), console)?;
        let report = done.result.map(|result| result.report).unwrap_or_default();
        let head = session.place.head();
        let text = format!("trained on {}; the encrypted head is in {}", board.url(), head.display());
        let (iterations, seconds) = (&report["iterations"], &report["seconds"]);
        let json = json!({ "done": true, "job": job.id, "iterations": iterations, "seconds": seconds });
        Ok(Some(Outcome { json, text }))
    }
}
