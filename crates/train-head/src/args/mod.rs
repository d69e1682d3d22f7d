//! What a person types. Parsing (clap) is one step, checking and filling in defaults (`resolve`) the next; commands
//! see resolved values alone.

mod encoder;
mod hidden;
mod input;
mod job;
mod keys;
mod parties;
mod progress;
mod steps;
mod training;

use clap::{Args, Parser, Subcommand};

use crate::exit::EXIT_CODES;

pub(crate) use encoder::{Encoder, EncoderArgs, HeadEncoderArgs};
pub(crate) use hidden::activation_name;
pub(crate) use input::{DataArgs, FeatureDataArgs, HoldOut, Source, TestArgs, TextDataArgs, WeightArgs};
pub(crate) use job::expand as expand_job;
pub(crate) use keys::{NewKeyArgs, PassphraseArgs, PlanAndKeyArgs};
pub(crate) use parties::{
    DecryptArgs, EmbedArgs, EncryptArgs, EstimateArgs, EvalArgs, HeadStartArgs, InspectArgs, KeygenArgs,
    PredictArgs, PresetsArgs, RunArgs, ScoreArgs, TrainArgs, TuneArgs, WatchArgs,
};
pub(crate) use progress::{CheckpointArgs, EarlyStoppingArgs, ValidationArgs};
pub(crate) use training::{HeadKind, Hyper, Penalty, Preprocess, Solver, TrainingArgs};

/// Train a classification head on encrypted text embeddings.
///
/// The data party embeds its texts on its own machine, encrypts the embeddings and labels, and keeps the secret key. The
/// compute party trains on ciphertexts and evaluation keys alone, and sees no record, embedding, label or weight. The
/// data party decrypts the head.
///
/// `run` does all of it on one machine. The other commands are its steps, for two parties on two machines.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, max_term_width = 110, arg_required_else_help = true, args_override_self = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Print one JSON object on standard output, the result or the error; everything else goes to standard error
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print errors alone
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Log more (-v, -vv, -vvv); the variable RUST_LOG picks modules
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Take flags from a TOML file, such as `tune` writes: max_iter = 32, preprocess = "whiten"; those typed here win
    #[arg(long, global = true, value_name = "FILE.toml")]
    pub(crate) job: Option<std::path::PathBuf>,
    /// Threads to use [default: all cores]
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<std::num::NonZeroUsize>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Everything in one go: embed, plan, make keys, encrypt, train encrypted, decrypt, evaluate, compare with plain
    Run(Box<RunArgs>),
    /// Embed texts with a frozen encoder (data party)
    Embed(Box<EmbedArgs>),
    /// Plan a training: parameters, keys, memory, upload and time, before anything is encrypted (data party)
    Estimate(Box<EstimateArgs>),
    /// Choose a method by cross-validation, validate it in simulation, and write it as a job file (data party)
    Tune(Box<TuneArgs>),
    /// Make the secret key, the public key and the evaluation keys of a plan (data party)
    Keygen(KeygenArgs),
    /// Encrypt embeddings and labels by a plan, or samples to be scored (data party)
    Encrypt(EncryptArgs),
    /// Train on ciphertexts (compute party: needs no secret)
    Train(TrainArgs),
    /// Follow the validation of a training that is under way, and stop it early (data party)
    Watch(Box<WatchArgs>),
    /// Score encrypted samples with the encrypted head (compute party: needs no secret)
    Score(ScoreArgs),
    /// Decrypt and export a trained head (data party)
    Decrypt(DecryptArgs),
    /// Measure a decrypted head on labelled data
    Eval(EvalArgs),
    /// Predict with a decrypted head, or from encrypted scores (data party)
    Predict(PredictArgs),
    /// Say what a file of ours holds
    Inspect(InspectArgs),
    /// List the parameter sets with their security figures
    Presets(PresetsArgs),
}
