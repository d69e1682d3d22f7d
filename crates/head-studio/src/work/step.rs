//! A step of a piece of work: one process, known by its files whoever started it.

use std::path::PathBuf;
use std::process::Command;

use head_service::{Process, ProcessFiles};
use serde::Serialize;
use serde_json::Value;

use super::about::{Kind, Work};
use crate::choices::Learn;
use crate::files;
use crate::place::Place;
use crate::problem::{Answer, Words};
use crate::service::Service;
use crate::table::Table;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// Turns texts into embeddings.
    Embed,
    /// Plans.
    Estimate,
    /// Trains.
    Run,
}

/// How far a step is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    /// It was not begun.
    Waiting,
    /// Its process lives.
    Running,
    /// It has its result.
    Done(Value),
    /// It failed.
    Failed(Words),
    /// It was stopped, or its process vanished; it can be continued.
    Stopped(Words),
}

/// What the process prints where it fails.
#[derive(serde::Deserialize)]
struct Failed {
    error: Told,
}

#[derive(serde::Deserialize)]
struct Told {
    kind: String,
    #[serde(flatten)]
    words: Words,
}

impl Step {
    /// The steps of a piece of work, in their order.
    pub(super) fn all(work: &Work) -> Vec<Self> {
        let last = match work.kind {
            Kind::Estimate => Self::Estimate,
            Kind::Run => Self::Run,
        };
        let embeds = matches!(work.choices.learn, Learn::Texts { .. });
        embeds.then_some(Self::Embed).into_iter().chain([last]).collect()
    }

    /// The files of its process.
    pub(super) fn files(self, work: &Work, place: &Place) -> ProcessFiles {
        let (folder, name) = match self {
            Self::Embed => {
                let embeddings = work.choices.embeddings(place);
                let name = embeddings.file_name().unwrap_or_default().to_string_lossy().into_owned();
                (place.data(&work.choices.data), name)
            }
            Self::Estimate => (place.work(&work.id), "estimate".to_owned()),
            Self::Run => (place.work(&work.id), "run".to_owned()),
        };
        let file = |ending: &str| folder.join(format!("{name}.{ending}"));
        ProcessFiles { lock: file("lock"), said: file("said"), report: file("report"), folder }
    }

    /// The number of its process.
    fn number(self, work: &Work, place: &Place) -> PathBuf {
        self.files(work, place).lock.with_extension("pid")
    }

    /// The file that is there when it is done; `None` if its report alone says so.
    fn output(self, work: &Work, place: &Place) -> Option<PathBuf> {
        match self {
            Self::Embed => Some(work.choices.embeddings(place).with_extension("safetensors")),
            Self::Estimate => None,
            Self::Run => Some(work.result(place).join("report.json")),
        }
    }

    /// Its command.
    ///
    /// # Errors
    /// The table is gone.
    pub(super) fn command(self, work: &Work, service: &Service) -> Answer<Command> {
        let place = &service.place;
        let table = Table::read(place, &work.choices.data)?.path(place);
        let embeddings = work.choices.embeddings(place).with_extension("safetensors");
        let published = work.published(place);
        let (samples, goal) = (work.choices.samples(&table, &embeddings), work.choices.goal(&published));
        Ok(match (self, work.choices.texts(&table)) {
            (Self::Embed, Some(texts)) => service.commands.embed(&texts, &embeddings),
            (Self::Run, _) => service.commands.run(&samples, &goal, &work.result(place)),
            (Self::Estimate | Self::Embed, _) => service.commands.estimate(&samples, &goal),
        })
    }

    /// Starts its process.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub(super) fn start(self, work: &Work, service: &Service) -> Answer<Process> {
        let place = &service.place;
        let process = Process::start(&self.files(work, place), self.command(work, service)?, None)?;
        std::fs::write(self.number(work, place), process.id().to_string())?;
        Ok(process)
    }

    /// Forgets what a process said that ended without a result, so that nobody takes it for what the next one says.
    pub(super) fn forget(self, work: &Work, place: &Place) {
        if matches!(self.end(work, place), End::Failed(_) | End::Stopped(_)) {
            let ProcessFiles { said, report, lock, .. } = self.files(work, place);
            // what stays is overwritten by the next process
            for file in [said, report, lock] {
                let _ = std::fs::remove_file(file);
            }
        }
    }

    /// The process that somebody started.
    pub(super) fn process(self, work: &Work, place: &Place) -> Process {
        let number = std::fs::read_to_string(self.number(work, place)).ok();
        Process::of_before(&self.files(work, place), number.and_then(|number| number.trim().parse().ok()))
    }

    /// Whether its process lives.
    pub(super) fn is_alive(self, work: &Work, place: &Place) -> bool {
        self.process(work, place).is_alive()
    }

    /// How far it is.
    pub(super) fn end(self, work: &Work, place: &Place) -> End {
        let files = self.files(work, place);
        if self.is_alive(work, place) {
            return End::Running;
        }
        let report: Option<Value> = files::read(&files.report).ok().flatten();
        match self.output(work, place) {
            Some(output) if output.is_file() => return End::Done(report.unwrap_or_default()),
            None if report.as_ref().is_some_and(|report| report.get("error").is_none()) => {
                return End::Done(report.unwrap_or_default());
            }
            _ => {}
        }
        let told = report.and_then(|report| serde_json::from_value::<Failed>(report).ok());
        match told {
            Some(Failed { error }) if error.kind == "interrupted" => End::Stopped(error.words),
            Some(Failed { error }) => End::Failed(error.words),
            None if files.lock.exists() => End::Stopped(Words {
                message: "the process ended without a word: it was killed, or memory ran out".to_owned(),
                help: None,
            }),
            None => End::Waiting,
        }
    }
}
