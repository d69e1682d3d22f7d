//! What the user types. clap parses it; `resolve` then checks it and fills in defaults. Commands see resolved values.

mod bundle;
mod compute_party;
#[cfg(feature = "data-party")]
mod data_party;
#[cfg(feature = "data-party")]
mod encoder;
#[cfg(feature = "data-party")]
mod hidden;
#[cfg(feature = "data-party")]
mod hyper;
#[cfg(feature = "data-party")]
mod input;
mod job;
#[cfg(feature = "data-party")]
mod joint;
mod keys;
mod memory;
#[cfg(feature = "data-party")]
mod method;
mod overwrite;
mod parse;
mod program;
mod progress;
#[cfg(feature = "data-party")]
mod run;
mod service;
mod signing;
#[cfg(feature = "data-party")]
mod source;
#[cfg(feature = "data-party")]
mod steps;
#[cfg(feature = "data-party")]
mod studio;
#[cfg(feature = "data-party")]
mod table;
#[cfg(feature = "data-party")]
mod threshold;
#[cfg(feature = "data-party")]
mod training;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::exit::EXIT_CODES;

pub(crate) use bundle::{BundleArgs, UnbundleArgs};
pub(crate) use compute_party::{ScoreArgs, TrainArgs};
#[cfg(feature = "data-party")]
pub(crate) use data_party::{
    DecryptArgs, EmbedArgs, EncryptArgs, EncryptOutArgs, EstimateArgs, EvalArgs, HeadStartArgs, KeygenArgs,
    PredictArgs, TuneArgs, WatchArgs,
};
#[cfg(feature = "data-party")]
pub(crate) use encoder::{Encoder, EncoderArgs, HeadEncoderArgs, KNOWN_ENCODERS};
#[cfg(feature = "data-party")]
pub(crate) use hidden::{HiddenLayer, activation_name};
#[cfg(feature = "data-party")]
pub(crate) use hyper::Hyper;
#[cfg(feature = "data-party")]
pub(crate) use input::{DataArgs, FeatureDataArgs, TestArgs, TextDataArgs, WeightArgs};
#[cfg(feature = "data-party")]
pub(crate) use joint::{
    BoardArgs, ComputeFlag, JointArgs, JointCreateArgs, JointDecryptArgs, JointEncryptArgs, JointJoinArgs,
    JointPartyArgs, JointStatusArgs, JointStep, JointTrainArgs, SumsMapFlag, WeightingFlag,
};
#[cfg(feature = "data-party")]
pub(crate) use keys::PlanAndKeyArgs;
pub(crate) use keys::{NewKeyArgs, PassphraseArgs};
pub(crate) use memory::MemoryArgs;
#[cfg(feature = "data-party")]
pub(crate) use method::{HeadKind, Optimize, Penalty, Preprocess, SoftmaxFit, Solver};
pub(crate) use overwrite::OverwriteArgs;
pub(crate) use parse::{Unparsed, parse};
pub(crate) use program::{CompletionsArgs, InspectArgs, ManArgs, PresetsArgs};
#[cfg(feature = "data-party")]
pub(crate) use progress::EarlyStoppingArgs;
pub(crate) use progress::{CheckpointArgs, ValidationArgs};
#[cfg(feature = "data-party")]
pub(crate) use run::RunArgs;
pub(crate) use service::{OperatorArgs, OperatorStep, ServeArgs, ServeOptions};
#[cfg(feature = "data-party")]
pub(crate) use service::{RemoteArgs, RemoteStep, ServerArgs};
pub(crate) use signing::{IdentityAction, IdentityArgs, SignerArgs, TrustArgs};
#[cfg(feature = "data-party")]
pub(crate) use source::{Columns, HoldOut, Source};
#[cfg(feature = "data-party")]
pub(crate) use studio::{LookArgs, StudioArgs};
#[cfg(feature = "data-party")]
pub(crate) use table::TableArgs;
#[cfg(feature = "data-party")]
pub(crate) use training::TrainingArgs;

/// Train a classification head on encrypted text embeddings.
///
/// The data party embeds its texts on its own machine, encrypts embeddings and labels, and keeps the secret key. The compute
/// party trains on ciphertexts with evaluation keys, and sees no text, embedding, label or weight. The data party
/// decrypts the head.
///
/// `run` does everything on one machine. The other commands are its steps, for two parties on two machines.
#[derive(Debug, Parser)]
#[cfg_attr(not(feature = "data-party"), command(about = ABOUT_COMPUTE_PARTY, long_about = ABOUT_COMPUTE_PARTY))]
#[command(version, after_help = EXIT_CODES, max_term_width = 110, arg_required_else_help = true, args_override_self = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the help of a compute party's program starts with.
#[cfg(not(feature = "data-party"))]
const ABOUT_COMPUTE_PARTY: &str = "\
Train classification heads on ciphertexts: the compute party's program, which cannot hold a secret key

It trains on encrypted data with evaluation keys, and sees no text, embedding, label or weight. The data party has the program with all
commands.";

/// What `run --help` starts with.
#[cfg(feature = "data-party")]
const RUN: &str = "\
Do everything on one machine: embed, plan, make keys, encrypt, train, decrypt, evaluate

Texts:    train-head run --input notes.csv --text-column note --label-column diagnosis --out results
Numbers:  train-head run --features patients.csv --label-column died --out results

A quarter of the rows is held back to test the head on. The flags that people use stand first; what the others leave open is chosen
from the data, in the clear, at the data party. `-h` is shorter.";

/// The flags of `run` that people use, in the order in which its help shows them.
#[cfg(feature = "data-party")]
const MOST_USED: [&str; 10] = [
    "input",
    "features",
    "text_column",
    "label_columns",
    "model_id",
    "test_size",
    "head",
    "class_weight",
    "resume",
    "out",
];

/// The command line of a compute party.
#[cfg(not(feature = "data-party"))]
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

/// The command line. In the help of `run` the flags that people use stand first, under a heading of their own.
#[cfg(feature = "data-party")]
pub(crate) fn command() -> clap::Command {
    let shown_first = |run: clap::Command, (at, name): (usize, &'static str)| {
        run.mut_arg(name, |flag| flag.help_heading("Flags that people use").display_order(at))
    };
    Cli::command().mut_subcommand("run", |run| MOST_USED.into_iter().enumerate().fold(run, shown_first))
}

/// Flags of all commands.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Print one JSON object, the result or the error, on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print only errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Log more (-v, -vv, -vvv); the environment variable RUST_LOG selects modules
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Read flags from a TOML file, as `tune` writes it: max_iter = 32, preprocess = "whiten". Flags on the command line take precedence
    #[arg(long, global = true, value_name = "FILE.toml")]
    pub(crate) job: Option<std::path::PathBuf>,
    /// How progress is shown on standard error: bars, or lines of JSON for programs
    #[arg(long, global = true, value_enum, value_name = "FORM", default_value = "bar")]
    pub(crate) progress: ProgressForm,
    /// Number of threads, at most 64 or as many as there are cores [default: all cores]
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<std::num::NonZeroUsize>,
    /// Bytes of memory that the system gives this process at most: a job of a service bounds itself
    #[arg(long, global = true, value_name = "BYTES", hide = true)]
    pub(crate) most_memory: Option<u64>,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ProgressForm {
    /// A bar on a terminal, lines elsewhere
    #[default]
    Bar,
    /// Lines of JSON
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Do everything on one machine: embed, plan, make keys, encrypt, train, decrypt, evaluate
    #[cfg(feature = "data-party")]
    #[command(long_about = RUN)]
    Run(Box<RunArgs>),
    /// Open a page on this machine: from a table to a head and its report (data party)
    #[cfg(feature = "data-party")]
    Studio(StudioArgs),
    /// Show what a table holds: columns, classes, texts that are too long (data party)
    #[cfg(feature = "data-party")]
    Look(Box<LookArgs>),
    /// Embed texts with a frozen encoder (data party)
    #[cfg(feature = "data-party")]
    Embed(Box<EmbedArgs>),
    /// Plan a training: parameters, keys, memory, upload and time (data party)
    #[cfg(feature = "data-party")]
    Estimate(Box<EstimateArgs>),
    /// Choose a method by cross-validation, validate it in simulation, and write a job file (data party)
    #[cfg(feature = "data-party")]
    Tune(Box<TuneArgs>),
    /// Make the secret, public and evaluation keys for a plan (data party)
    #[cfg(feature = "data-party")]
    Keygen(KeygenArgs),
    /// Encrypt embeddings and labels by a plan, or samples to score (data party)
    #[cfg(feature = "data-party")]
    Encrypt(EncryptArgs),
    /// Train on encrypted data (compute party)
    Train(TrainArgs),
    /// Follow a running training on validation samples, and stop it early (data party)
    #[cfg(feature = "data-party")]
    Watch(Box<WatchArgs>),
    /// Score encrypted samples with an encrypted head (compute party)
    Score(ScoreArgs),
    /// Decrypt and export a trained head (data party)
    #[cfg(feature = "data-party")]
    Decrypt(DecryptArgs),
    /// Measure a decrypted head on labelled data (data party)
    #[cfg(feature = "data-party")]
    Eval(EvalArgs),
    /// Predict with a decrypted head, or from encrypted scores (data party)
    #[cfg(feature = "data-party")]
    Predict(Box<PredictArgs>),
    /// Put what one party hands the other into one file, and nothing that is secret
    Bundle(BundleArgs),
    /// Check and unpack a bundle
    Unbundle(UnbundleArgs),
    /// Make or show the key pair by which a party signs the files that travel
    Identity(IdentityArgs),
    /// Train one head on the data of several parties, none of whom sees another's
    #[cfg(feature = "data-party")]
    Joint(Box<JointArgs>),
    /// Run the compute party as a service: uploads, jobs and heads over HTTPS (compute party)
    Serve(ServeArgs),
    /// Accounts and the audit log of a service (compute party)
    Operator(OperatorArgs),
    /// Train on a server, step by step; `run --server` does all of it (data party)
    #[cfg(feature = "data-party")]
    Remote(RemoteArgs),
    /// Show what a file or folder of train-head holds
    Inspect(InspectArgs),
    /// List the parameter sets with their security figures
    Presets(PresetsArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page, or write the pages of all commands to a folder
    Man(ManArgs),
}
