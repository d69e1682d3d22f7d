//! Results go to standard output, everything else to standard error.
//!
//! With `--json` standard output carries one JSON object, the result or the error. Only `watch` and `serve` print objects before
//! it, one per line.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use fhe_head::collective::Share;
#[cfg(feature = "data-party")]
use text_encoder::DownloadObserver;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::{ProgressForm, Unparsed};
use crate::exit::{Failure, Kind};
#[cfg(feature = "data-party")]
use crate::progress;
use crate::progress::{Progress, Unit};
use crate::tell::tell;

/// The exit code of success. The others are those of [`Kind`].
const SUCCESS: u8 = 0;

/// The result of a command.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// For programs.
    pub(crate) json: serde_json::Value,
    /// For a person: lines without a final line break.
    pub(crate) text: String,
}

/// Prints results, messages and errors.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    json: bool,
    quiet: bool,
    progress: ProgressForm,
    /// This process, if others do the same work and process 0 speaks for all.
    process: Option<usize>,
    /// What a page says of the warnings.
    remarks: Arc<Mutex<Vec<String>>>,
}

impl Console {
    /// Starts logging to standard error. `json`, `quiet` and `verbose` are the global flags.
    pub(crate) fn start(json: bool, quiet: bool, verbose: u8, progress: ProgressForm) -> Self {
        let level = match (quiet, verbose) {
            (true, _) => LevelFilter::ERROR,
            (false, 0) => LevelFilter::WARN,
            (false, 1) => LevelFilter::INFO,
            (false, 2) => LevelFilter::DEBUG,
            (false, _) => LevelFilter::TRACE,
        };
        let filter = EnvFilter::builder().with_default_directive(level.into()).from_env_lossy();
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(colours())
            .without_time()
            .with_target(verbose > 1);
        // whatever RUST_LOG asks for: the tokenizer's log holds the texts
        let lines = lines.with_filter(filter_fn(|event| may_log(event.target())));
        tracing_subscriber::registry().with(filter).with(lines).init();
        Self { json, quiet, progress, process: None, remarks: Arc::default() }
    }

    /// The console of one of several processes. Process 0 speaks for all; the others tell of failures alone.
    pub(crate) fn of_process(self, share: Share) -> Self {
        match share.rank {
            0 => self,
            rank => Self { json: false, quiet: true, process: Some(rank), ..self },
        }
    }

    /// Prints a message.
    pub(crate) fn note(&self, line: impl Display) {
        if !self.quiet {
            tell!("{line}");
        }
    }

    /// Prints a warning.
    pub(crate) fn warn(&self, line: impl Display) {
        if !self.quiet {
            tell!("{} {line}", painted("warning:", "33"));
        }
    }

    /// Prints a warning, and keeps `page` for the page of the result: the same in plain words, without names of columns and without any
    /// value of a record.
    pub(crate) fn warn_on_page(&self, line: impl Display, page: impl Into<String>) {
        self.warn(line);
        self.remark(page);
    }

    /// Keeps for the page what is said in other ways on the terminal.
    pub(crate) fn remark(&self, page: impl Into<String>) {
        self.remarks.lock().unwrap_or_else(PoisonError::into_inner).push(page.into());
    }

    /// What was kept for the page, each once.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let mut remarks: Vec<String> = Vec::new();
        for remark in self.remarks.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if !remarks.contains(remark) {
                remarks.push(remark.clone());
            }
        }
        remarks
    }

    /// Starts a phase of `total` steps, with a bar and the time left on a terminal.
    pub(crate) fn phase(&self, name: &'static str, total: usize) -> Progress {
        self.phase_of(name, total as u64, Unit::Steps)
    }

    /// Starts a phase of `total` bytes.
    pub(crate) fn bytes_phase(&self, name: &'static str, total: u64) -> Progress {
        self.phase_of(name, total, Unit::Bytes)
    }

    fn phase_of(&self, name: &'static str, total: u64, unit: Unit) -> Progress {
        match (self.quiet, self.progress) {
            (true, _) => Progress::hidden(name, total),
            (false, ProgressForm::Json) => Progress::in_lines(name, total),
            (false, ProgressForm::Bar) => Progress::shown(name, total, unit),
        }
    }

    /// Bars for downloads; none with `--quiet`.
    #[cfg(feature = "data-party")]
    pub(crate) fn downloads(&self) -> Option<DownloadObserver> {
        (!self.quiet).then(progress::downloads)
    }

    /// Prints a part of the result before the end.
    pub(crate) fn say(&self, outcome: &Outcome) {
        self.finish(outcome);
    }

    /// Prints the result. What prints last gives the exit code.
    pub(crate) fn finish(&self, outcome: &Outcome) -> u8 {
        let text = match (self.json, self.quiet) {
            (true, _) => outcome.json.to_string(),
            (false, false) => outcome.text.clone(),
            (false, true) => return SUCCESS,
        };
        print_line(&text)
    }

    /// Prints a failure, whose exit code it gives.
    pub(crate) fn fail(&self, failure: &Failure) -> u8 {
        if let Some(process) = self.process {
            tell!("process {process} of those that train together:");
        }
        tell!("{}", words(failure).trim_end());
        if self.json {
            print_line(&failure.json().to_string());
        }
        failure.kind().code()
    }
}

/// A failure as a person reads it.
pub(crate) fn words(failure: &Failure) -> String {
    let chain = failure.chain();
    let first = chain.first().map_or("", String::as_str);
    let mut words = format!("{} {first}\n", painted("error:", "31"));
    for cause in chain.iter().skip(1) {
        words.push_str(&format!("  caused by: {cause}\n"));
    }
    if let Some(advice) = failure.advice() {
        words.push_str(&format!("  {} {advice}\n", painted("help:", "36")));
    }
    words
}

/// Prints a failure from before the flags were parsed; as JSON too if `--json` is among the words.
pub(crate) fn fail_early(failure: &Failure) -> u8 {
    Console {
        json: asks_for_json(),
        quiet: false,
        progress: ProgressForm::Bar,
        process: None,
        remarks: Arc::default(),
    }
    .fail(failure)
}

/// Prints the help or version that was asked for, or why the words are no arguments.
pub(crate) fn fail_to_parse(unparsed: &Unparsed) -> u8 {
    let Unparsed { error, help } = unparsed;
    // a closed pipe (`--help | head`) is not an error
    if !error.use_stderr() {
        let _ = error.print();
        return SUCCESS;
    }
    match help {
        // what clap finds similar leads elsewhere
        Some(help) => {
            let text = error.to_string();
            let first = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
            tell!("{} {first}\n  {} {help}", painted("error:", "31"), painted("help:", "36"));
        }
        None => {
            let _ = error.print();
        }
    }
    if asks_for_json() {
        let text = error.to_string();
        let paragraphs = text.split("\n\n").map(str::trim);
        let mut told = paragraphs.filter(|paragraph| !paragraph.starts_with("For more information"));
        let message = told.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let mut failure = Failure::usage(message);
        let told: Vec<&str> = told.filter(|_| help.is_none()).collect();
        let advice: Vec<&str> = help.as_deref().into_iter().chain(told).collect();
        if !advice.is_empty() {
            failure = failure.help(advice.join("; "));
        }
        print_line(&failure.json().to_string());
    }
    Kind::Usage.code()
}

/// Whether the words of the command line ask for JSON.
pub(crate) fn asks_for_json() -> bool {
    std::env::args_os().any(|word| word == "--json")
}

/// Prints to standard output. A closed pipe (`| head`) is not an error.
fn print_line(text: &str) -> u8 {
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) => SUCCESS,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => SUCCESS,
        Err(error) => {
            tell!("error: cannot write to standard output: {error}");
            Kind::Unexpected.code()
        }
    }
}

/// Whether a module may log: ours, which log no text, label or value, and those that connect to the hub, which never see one.
fn may_log(target: &str) -> bool {
    const SILENT_ABOUT_DATA: [&str; 13] = [
        "train_head",
        "text_encoder",
        "head_fit",
        "fhe_head",
        "ckks_boot",
        "ckks_math",
        "ckks",
        "tables",
        "pages",
        "ureq",
        "ureq_proto",
        "rustls",
        "rustls_platform_verifier",
    ];
    let module = target.split("::").next().unwrap_or_default();
    SILENT_ABOUT_DATA.contains(&module)
}

/// Tells whether standard error takes colours (<https://no-color.org>).
fn colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && std::io::stderr().is_terminal()
}

fn painted(word: &str, colour: &str) -> String {
    if colours() { format!("\x1b[1;{colour}m{word}\x1b[0m") } else { word.to_owned() }
}
