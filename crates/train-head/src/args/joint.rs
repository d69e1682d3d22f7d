//! The arguments of `joint`, one struct a step.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};

use super::{
    CheckpointArgs, FeatureDataArgs, NewKeyArgs, OverwriteArgs, PassphraseArgs, ServerArgs, SignerArgs,
};
use crate::identity::PublicKey;

/// Arguments of `joint`.
#[derive(Args, Debug)]
pub(crate) struct JointArgs {
    #[command(subcommand)]
    pub(crate) step: JointStep,
}

impl JointArgs {
    /// The flags of the passphrase, of the steps that have some.
    pub(crate) fn passphrase(&self) -> Option<&PassphraseArgs> {
        match &self.step {
            JointStep::Join(a) => Some(&a.new_key.passphrase),
            JointStep::Keys(a) => Some(&a.passphrase),
            JointStep::Encrypt(a) => Some(&a.party.passphrase),
            JointStep::Decrypt(a) => Some(&a.party.passphrase),
            JointStep::Create(_) | JointStep::Train(_) | JointStep::Status(_) => None,
        }
    }

    /// The files that are read.
    pub(crate) fn inputs(&self) -> Vec<Option<&Path>> {
        let passphrase = self.passphrase().and_then(|flags| flags.passphrase_file.as_deref());
        match &self.step {
            JointStep::Create(a) => [&a.data.files()[..], &[Some(&a.plan)]].concat(),
            JointStep::Join(a) => vec![a.feature_map.as_deref(), passphrase],
            JointStep::Encrypt(a) => [&a.data.files()[..], &[passphrase]].concat(),
            JointStep::Decrypt(a) => {
                let own = [Some(a.party.session.as_path()), Some(&a.party.keys), passphrase];
                [&a.data.files()[..], &own].concat()
            }
            _ => vec![passphrase],
        }
    }

    /// The folder that is written, beside the session's and the party's own.
    pub(crate) fn output(&self) -> Option<&Path> {
        match &self.step {
            JointStep::Create(a) => Some(&a.out),
            JointStep::Decrypt(a) => Some(&a.out),
            _ => None,
        }
    }

    /// Whether it may be replaced.
    pub(crate) fn overwrites(&self) -> bool {
        match &self.step {
            JointStep::Create(a) => a.overwrite.overwrite,
            JointStep::Decrypt(a) => a.overwrite.overwrite,
            _ => false,
        }
    }
}

/// The steps of a joint training.
#[derive(Debug, Subcommand)]
pub(crate) enum JointStep {
    /// Make a session: who takes part, the method, what will be decrypted (one party)
    Create(JointCreateArgs),
    /// Agree to a session (each data party)
    Join(JointJoinArgs),
    /// Make the keys together: does what can be done now, and says what is waited for (each data party)
    Keys(JointPartyArgs),
    /// Encrypt this party's samples, or its sums (each data party)
    Encrypt(JointEncryptArgs),
    /// Train on the data of all (compute party), or compute it again and sign it (anyone who checks)
    Train(JointTrainArgs),
    /// Decrypt the head together, and compare it with one of this party's data alone; or the sums, for a feature map (each data party)
    Decrypt(JointDecryptArgs),
    /// Show what has come from whom
    Status(JointStatusArgs),
}

/// A data party of a session.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ParticipantFlag {
    /// Its name in the session's folder.
    pub(crate) name: String,
    /// Who signs for it.
    pub(crate) key: PublicKey,
    /// The most samples that it brings.
    pub(crate) rows: usize,
}

impl FromStr for ParticipantFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "NAME=KEY:ROWS is expected, such as north=ed25519:0a1b..:650";
        let (name, rest) = text.split_once('=').ok_or(form)?;
        let (key, rows) = rest.rsplit_once(':').ok_or(form)?;
        expect_name(name)?;
        let rows = rows.parse().map_err(|_| format!("{rows:?} is no number of samples; {form}"))?;
        Ok(Self { name: name.to_owned(), key: key.parse()?, rows })
    }
}

/// A compute party of a session.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ComputeFlag {
    /// Its name in messages; `None` for one by its place.
    pub(crate) name: Option<String>,
    /// Who signs for it.
    pub(crate) key: PublicKey,
}

impl FromStr for ComputeFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, key)) => {
                expect_name(name)?;
                Ok(Self { name: Some(name.to_owned()), key: key.parse()? })
            }
            None => Ok(Self { name: None, key: text.parse()? }),
        }
    }
}

/// Refuses a name that is none for a file on every system, or that the session's folder uses itself.
fn expect_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 32 || !name.chars().all(plain) {
        return Err(format!("the name {name:?} is not made of 1 to 32 small letters, digits and `-`"));
    }
    match name {
        "checks" => Err("the name \"checks\" is that of a folder of the session".into()),
        _ => Ok(()),
    }
}

/// A server that passes the session on, in place of a folder that all share.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct BoardArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// Name of the session there [default: of a new one that of its folder, else the only one of the project]
    #[arg(long, value_name = "NAME", requires = "server", help_heading = "Server")]
    pub(crate) session_name: Option<String>,
}

/// How much each party's samples count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum WeightingFlag {
    /// By size, as announced
    #[default]
    Size,
    /// Each party the same
    Equal,
}

/// The feature map that is made of sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SumsMapFlag {
    /// Standardise, then whiten
    #[default]
    Whiten,
    /// Subtract means, divide by standard deviations
    Standardize,
}

/// Flags of a session of sums.
#[derive(Args, Debug)]
#[command(next_help_heading = "Sums by consent, in place of a training")]
pub(crate) struct SumsArgs {
    /// A session that trains nothing: the parties add up their counts, sums and sums of products of features under a common key and decrypt
    /// them, for a feature map of the samples of all (`estimate --feature-map`). All but one party that pool learn the last one's count,
    /// means and covariance exactly: who may not tell these takes no part. A party with fewer than two samples a feature refuses
    #[arg(long, conflicts_with_all = ["compute", "threshold", "recomputations", "weighting"])]
    pub(crate) sums: bool,
    /// The feature map that is made of them
    #[arg(long = "map", value_enum, default_value_t, requires = "sums")]
    pub(crate) map: SumsMapFlag,
    /// Ridge of the whitening, relative to the mean eigenvalue
    #[arg(long = "ridge", value_name = "RIDGE", default_value_t = 1.0, requires = "sums")]
    pub(crate) ridge: f64,
    /// How many times as wide as those of the public samples the ranges of the features are. A party with a feature outside its range
    /// refuses
    #[arg(long, value_name = "FACTOR", default_value_t = 4.0, requires = "sums")]
    pub(crate) widen: f64,
}

/// Arguments of `joint create`.
#[derive(Args, Debug)]
pub(crate) struct JointCreateArgs {
    /// Plan by `estimate --preset n16-joint3-l25` (for three data parties) on samples that everybody may see. Method, feature map,
    /// columns and labels come from it; of a session of sums the columns and the parameter set alone
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: PathBuf,
    /// The samples that the plan was made from
    #[command(flatten)]
    pub(crate) data: FeatureDataArgs,
    /// A data party: its name, its public key as `identity show` prints it, and the most samples that it brings. Once for each
    #[arg(long = "participant", value_name = "NAME=KEY:ROWS", required = true)]
    pub(crate) participants: Vec<ParticipantFlag>,
    /// Public key of the compute party that trains, with a name for messages if you like. Given again, further compute parties that may
    /// compute the training again
    /// [default: the server of --server]
    #[arg(long = "compute", value_name = "[NAME=]KEY", required_unless_present_any = ["server", "sums"])]
    pub(crate) compute: Vec<ComputeFlag>,
    /// How many of the data parties decrypt the head; without it, all. With fewer, the head is not lost when one leaves, and as many
    /// parties that pool all they have can read the samples of all
    #[arg(long, value_name = "T")]
    pub(crate) threshold: Option<usize>,
    /// How much each party's samples count
    #[arg(long, value_enum, default_value_t)]
    pub(crate) weighting: WeightingFlag,
    /// Bits of statistical security with which noise hides the error of what is decrypted. More bits leave fewer of the head
    /// [default: 40; of sums 30]
    #[arg(long, value_name = "BITS")]
    pub(crate) flooding_bits: Option<u32>,
    /// How many others, data parties or further compute parties, must have computed the training again and signed the same head before
    /// anybody decrypts it
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) recomputations: usize,
    /// Number of this attempt. After an attempt that ended early, the next has another number
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) attempt: u32,
    #[command(flatten)]
    pub(crate) sums: SumsArgs,
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
    /// Folder of the session, which all parties share; with --server, this party's own copy
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
    #[command(flatten)]
    pub(crate) board: BoardArgs,
}

/// Arguments of `joint join`.
#[derive(Args, Debug)]
pub(crate) struct JointJoinArgs {
    /// Folder of the session
    #[arg(long, value_name = "FOLDER")]
    pub(crate) session: PathBuf,
    /// Feature map that this party agreed to, as constants or by sums: a session behind another is refused
    #[arg(long, value_name = "FILE")]
    pub(crate) feature_map: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) new_key: NewKeyArgs,
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
    /// Folder for this party's share of the secret. It never leaves the party
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) keys: PathBuf,
    #[command(flatten)]
    pub(crate) board: BoardArgs,
}

/// Arguments of a data party's step.
#[derive(Args, Debug)]
pub(crate) struct JointPartyArgs {
    /// Folder of the session
    #[arg(long, value_name = "FOLDER")]
    pub(crate) session: PathBuf,
    /// Folder of this party's share, by `joint join`
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keys: PathBuf,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
    /// Wait for the others up to this long instead of ending
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) wait: u64,
}

/// Arguments of `joint encrypt`.
#[derive(Args, Debug)]
pub(crate) struct JointEncryptArgs {
    #[command(flatten)]
    pub(crate) data: FeatureDataArgs,
    #[command(flatten)]
    pub(crate) party: JointPartyArgs,
    /// Stratified share of the samples that stays at home, to compare heads on. Sums are over the others as well
    #[arg(long, value_name = "SHARE", default_value_t = 0.25)]
    pub(crate) test_size: f64,
    /// Seed of the split
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub(crate) random_state: u64,
}

/// Arguments of `joint train`.
#[derive(Args, Debug)]
pub(crate) struct JointTrainArgs {
    /// Folder of the session
    #[arg(long, value_name = "FOLDER")]
    pub(crate) session: PathBuf,
    /// Compute the training again, compare the head bit by bit with the compute party's, and sign that it is the same
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) checkpoints: CheckpointArgs,
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
    /// Wait for the data of all up to this long instead of ending
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) wait: u64,
    /// File for the encrypted head [default: head.enc in the session's folder]
    #[arg(long, value_name = "FILE", conflicts_with = "check", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) board: BoardArgs,
}

/// Arguments of `joint decrypt`.
#[derive(Args, Debug)]
pub(crate) struct JointDecryptArgs {
    #[command(flatten)]
    pub(crate) data: FeatureDataArgs,
    #[command(flatten)]
    pub(crate) party: JointPartyArgs,
    /// The parties that decrypt, where a threshold of them does. Each of them names the same, or follows the first; it cannot be changed
    /// once a party has made its share
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',')]
    pub(crate) set: Option<Vec<String>>,
    /// Folder for the head, and for report.json and report.html about it on this party's own test samples; of a session of sums, for
    /// map.json
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
}

/// Arguments of `joint status`.
#[derive(Args, Debug)]
pub(crate) struct JointStatusArgs {
    /// Folder of the session
    #[arg(long, value_name = "FOLDER")]
    pub(crate) session: PathBuf,
    #[command(flatten)]
    pub(crate) board: BoardArgs,
}
