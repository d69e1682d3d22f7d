//! How the service starts a job: this program again, with `train`, `score` or `joint train`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;

use head_service::{Task, TaskKind, Worker};

use super::launcher::{Launcher, Places};
use crate::itself::Itself;

/// Starts this program.
#[derive(Debug)]
pub(crate) struct Program {
    /// The program.
    pub(crate) itself: Itself,
    /// What signs heads and scores.
    pub(crate) identity: PathBuf,
    /// Threads of a job; all cores if it says nothing.
    pub(crate) threads: Option<usize>,
    /// What starts it, if it does not run alone.
    pub(crate) launcher: Option<Launcher>,
}

impl Worker for Program {
    fn command(&self, task: &Task<'_>) -> Command {
        let mut command = self.itself.command();
        command.args(["--json", "--progress", "json"]);
        // a launcher may start it where no limit reaches that is set from here
        command.args(["--most-memory", &head_service::most_memory(task.memory).to_string()]);
        if let Some(threads) = self.threads {
            command.args(["--threads", &threads.to_string()]);
        }
        match task.kind {
            // begun or continued, whichever it is
            TaskKind::Train => {
                command.args(["train", "--resume", "--memory", &task.memory.to_string()]);
                task.head.map(|head| command.arg("--warm-start").arg(head));
                if let Some(validation) = &task.validation {
                    command.arg("--validation").arg(validation.samples);
                    command.arg("--validation-dir").arg(validation.folder);
                    validation.every.map(|every| command.args(["--validation-every", &every.to_string()]));
                }
            }
            TaskKind::Score => {
                command.arg("score");
                task.head.map(|head| command.arg("--head").arg(head));
            }
            TaskKind::Joint => {
                command.args(["joint", "train", "--resume", "--session"]).arg(task.keys);
            }
        }
        if task.kind != TaskKind::Joint {
            command.arg("--data").arg(task.data).arg("--keys").arg(task.keys);
        }
        command.arg("--identity").arg(&self.identity).arg("--out").arg(task.out);
        // whoever signs the keys of a job must sign its data; other jobs are none of its business
        command.env("TRAIN_HEAD_HOME", task.home).env_remove("RUST_LOG");
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        match &self.launcher {
            Some(launcher) => launcher.around(
                &command,
                Places {
                    several: task.kind == TaskKind::Train,
                    threads: self.threads.unwrap_or_else(cores),
                    memory: task.memory,
                    folder: task.out.parent().unwrap_or(Path::new(".")),
                },
            ),
            None => command,
        }
    }
}
