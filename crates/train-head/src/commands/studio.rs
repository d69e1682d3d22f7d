//! `studio`: a page on this machine, until ^C or SIGTERM. The work is done by this program again, which this module starts.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use head_studio::{
    Commands, EncoderChoice, Error, Goal, Limits, Options, Samples, ServerChoice, TextsOf, studio,
};
use serde_json::json;
use text_encoder::ModelSource;

use crate::args::{Encoder, EncoderArgs, GlobalArgs, KNOWN_ENCODERS, StudioArgs};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Result};
use crate::files::shown;
use crate::itself::Itself;
use crate::remote::Book;
use crate::run::report::PROGRAM;

/// Where `cargo xtask fetch-model` and people put encoders.
const MODELS: &str = "models";
/// What a folder of an encoder has.
const MODEL: &str = "config.json";

/// # Errors
/// A folder or a port that cannot be used; another studio in the folder.
pub(super) fn run(arguments: &StudioArgs, global: &GlobalArgs, console: &Console) -> Result<Outcome> {
    let folder = std::path::absolute(&arguments.out)
        .map_err(|error| Failure::usage(format!("--out {}", arguments.out.display())).because(error))?;
    let threads = global.threads.map(std::num::NonZeroUsize::get);
    let commands =
        Program { itself: Itself::find()?, threads, models: std::path::absolute(MODELS).unwrap_or_default() };
    let options = Options { folder: folder.clone(), port: arguments.port, limits: Limits::default() };
    let (console, opens) = (console.clone(), !arguments.no_open);
    let first = std::sync::Once::new();
    let announce = move |url: &str| {
        let mut again = true;
        first.call_once(|| {
            again = false;
            console.say(&Outcome {
                json: json!({ "url": url, "folder": shown(&folder) }),
                text: format!(
                    "train-head studio for this machine alone, until ^C\n  folder  {}\n  open    {url}\n          in one browser, once",
                    folder.display()
                ),
            });
            if opens {
                open(url);
            }
        });
        if again {
            console.note(format!("the link was opened; for another browser: {url}"));
        }
    };
    studio(options, Arc::new(commands), announce).map_err(failure)?;
    Ok(Outcome {
        json: json!({ "stopped": true }),
        text: "stopped; a training that ran is continued from the page at the next start".into(),
    })
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Busy(_) => Failure::usage(error.to_string()).help("stop it first, or choose another --out"),
        Error::Listen(address, cause) => Failure::usage(format!("cannot listen on {address}"))
            .because(cause)
            .help("choose another --port, or leave it out for a free one"),
        error => Failure::unexpected(error.to_string()),
    }
}

/// Opens a browser, where there is one. Its messages are nobody's.
fn open(url: &str) {
    let browser = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let nothing = Stdio::null;
    let started = Command::new(browser).arg(url).stdin(nothing()).stdout(nothing()).stderr(nothing()).spawn();
    if let Ok(mut child) = started {
        std::thread::spawn(move || child.wait());
    }
}

/// Starts this program.
#[derive(Debug)]
struct Program {
    itself: Itself,
    /// Threads of the work; all cores if it says nothing.
    threads: Option<usize>,
    /// Folder of encoders.
    models: PathBuf,
}

impl Program {
    fn command(&self, name: &str) -> Command {
        let mut command = self.itself.command();
        command.args(["--json", "--progress", "json"]);
        if let Some(threads) = self.threads {
            command.args(["--threads", &threads.to_string()]);
        }
        command.arg(name).env_remove("RUST_LOG");
        command
    }
}

/// A flag with its value in one word, so that a column named like a flag stays a column.
fn flag(name: &str, value: impl AsRef<std::ffi::OsStr>) -> OsString {
    let mut word = OsString::from(format!("--{name}="));
    word.push(value);
    word
}

/// The flags of samples.
fn of_samples(command: &mut Command, samples: &Samples<'_>) {
    match samples {
        Samples::Embeddings(path) => {
            command.arg(flag("features", path));
        }
        Samples::Columns { table, label, dropped } => {
            command.arg(flag("features", table)).arg(flag("label-column", label));
            command.args(dropped.iter().map(|name| flag("drop", name)));
        }
    }
}

/// The flags of the method.
fn of_method(command: &mut Command, goal: &Goal<'_>) {
    if goal.numbers {
        command.arg("--head=ridge");
    } else if goal.balanced {
        command.arg("--class-weight=balanced");
    }
}

impl Commands for Program {
    fn program(&self) -> &str {
        PROGRAM
    }

    fn encoders(&self) -> Vec<EncoderChoice> {
        let mut found: Vec<EncoderChoice> = std::fs::read_dir(&self.models)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.path().join(MODEL).is_file())
            .map(|entry| EncoderChoice {
                name: shown(entry.path()),
                about: format!("{}, on this machine", entry.file_name().to_string_lossy()),
                here: true,
            })
            .collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found.extend(KNOWN_ENCODERS.iter().map(|(name, about)| EncoderChoice {
            name: (*name).to_owned(),
            about: format!("{name}: {about}"),
            here: false,
        }));
        found
    }

    fn servers(&self) -> Vec<ServerChoice> {
        let all = Book::read().map(|book| book.all()).unwrap_or_default();
        all.into_iter().map(|(name, url)| ServerChoice { name, url }).collect()
    }

    fn encoder(&self, typed: &str) -> std::result::Result<String, String> {
        let Encoder { name, source, .. } =
            EncoderArgs::named(typed.trim()).map_err(|failure| failure.to_string())?;
        match source {
            ModelSource::Folder(folder) if !folder.join(MODEL).is_file() => {
                Err(format!("{}: there is no encoder in sentence-transformers' format", folder.display()))
            }
            _ => Ok(name),
        }
    }

    fn look(&self, table: &Path, texts: Option<(&str, &str)>) -> Command {
        let mut command = self.command("look");
        command.arg(table);
        if let Some((column, encoder)) = texts {
            command.arg(flag("text-column", column)).arg(flag("model-id", encoder));
        }
        command
    }

    fn embed(&self, texts: &TextsOf<'_>, out: &Path) -> Command {
        let mut command = self.command("embed");
        command.arg(flag("input", texts.table)).arg(flag("text-column", texts.column));
        command.arg(flag("label-column", texts.label)).arg(flag("model-id", texts.encoder));
        command.arg(flag("out", out));
        command
    }

    fn estimate(&self, samples: &Samples<'_>, goal: &Goal<'_>) -> Command {
        let mut command = self.command("estimate");
        of_samples(&mut command, samples);
        of_method(&mut command, goal);
        command
    }

    fn run(&self, samples: &Samples<'_>, goal: &Goal<'_>, out: &Path) -> Command {
        let mut command = self.command("run");
        of_samples(&mut command, samples);
        of_method(&mut command, goal);
        command.arg(flag("test-size", goal.test_share.to_string()));
        if let Some(server) = goal.server {
            command.arg(flag("server", server));
        }
        if let Some(published) = goal.publish {
            command.arg(flag("publish", published));
        }
        // begun or continued, whichever it is
        command.arg("--resume").arg(flag("out", out));
        command
    }
}
