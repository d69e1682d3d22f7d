//! The files and folders that each command reads and writes. What it reads, it does not overwrite.

use std::path::{Path, PathBuf};

use fhe_head::ckks::serial::{FileKind, Reader};
use fhe_head::files;

use crate::args::Command;
#[cfg(feature = "data-party")]
use crate::args::{RemoteArgs, RemoteStep};
use crate::exit::{Failure, Result};
use crate::files::private;
use crate::files::room::Output;

/// Files that a command reads where the folder that holds them is named.
const PARTS: [&str; 5] = ["head.json", "head.safetensors", "plan.safetensors", "secret.key", "keys.json"];

impl Command {
    /// What the command reads: files, and folders of keys, heads and encoders. A name need not exist: encoders have ids, too.
    pub(super) fn inputs(&self) -> Vec<&Path> {
        let named: Vec<Option<&Path>> = match self {
            #[cfg(feature = "data-party")]
            Self::Run(a) => {
                let others = [
                    a.encoder.folder(),
                    a.start.warm_start.as_deref(),
                    a.passphrase.passphrase_file.as_deref(),
                ];
                [&a.data.files()[..], &a.test.files(), &others].concat()
            }
            #[cfg(feature = "data-party")]
            Self::Embed(a) => [&a.data.files()[..], &[a.encoder.folder()]].concat(),
            #[cfg(feature = "data-party")]
            Self::Estimate(a) => {
                let named = [&a.start.warm_start, &a.continue_from, &a.feature_map];
                let others = named.map(Option::as_deref);
                [&a.data.files()[..], &others].concat()
            }
            #[cfg(feature = "data-party")]
            Self::Tune(a) => a.data.files().to_vec(),
            #[cfg(feature = "data-party")]
            Self::Keygen(a) => {
                let passphrase = a.new_key.passphrase.passphrase_file.as_deref();
                vec![Some(&a.plan), a.keys.as_deref(), passphrase]
            }
            #[cfg(feature = "data-party")]
            Self::Encrypt(a) => [&a.data.files()[..], &a.party.files()].concat(),
            Self::Train(a) => {
                let validation = a.validation.validation.as_deref();
                vec![Some(&a.data), Some(&a.keys), a.warm_start.as_deref(), validation]
            }
            #[cfg(feature = "data-party")]
            Self::Watch(a) => [&a.data.files()[..], &a.party.files(), &[Some(&a.dir)]].concat(),
            Self::Score(a) => vec![Some(&a.head), Some(&a.data), Some(&a.keys)],
            #[cfg(feature = "data-party")]
            Self::Decrypt(a) => [&a.party.files()[..], &[Some(&a.head)]].concat(),
            #[cfg(feature = "data-party")]
            Self::Eval(a) => [&a.data.files()[..], &[Some(&a.head), a.encoder.folder()]].concat(),
            #[cfg(feature = "data-party")]
            Self::Predict(a) => {
                let named = [&a.head, &a.scores, &a.plan, &a.keys, &a.passphrase.passphrase_file];
                [&a.data.files()[..], &named.map(Option::as_deref), &[a.encoder.folder()]].concat()
            }
            Self::Bundle(a) => a.paths.iter().map(|path| Some(path.as_path())).collect(),
            Self::Unbundle(a) => vec![Some(&a.bundle)],
            #[cfg(feature = "data-party")]
            Self::Joint(a) => a.inputs(),
            Self::Serve(a) => {
                let o = &a.options;
                let files = [&a.config, &o.tls_certificate, &o.tls_key, &o.client_authority];
                files.map(Option::as_deref).to_vec()
            }
            #[cfg(feature = "data-party")]
            Self::Remote(RemoteArgs { step }) => match step {
                RemoteStep::Push { paths, .. } => paths.iter().map(|path| Some(path.as_path())).collect(),
                RemoteStep::Login { token_file, .. } => vec![token_file.as_deref()],
                _ => Vec::new(),
            },
            Self::Inspect(a) => vec![Some(&a.file)],
            #[cfg(feature = "data-party")]
            Self::Look(a) => vec![Some(&a.file), a.encoder.folder()],
            Self::Identity(a) => vec![a.passphrase_file.as_deref()],
            #[cfg(feature = "data-party")]
            Self::Studio(_) => Vec::new(),
            Self::Presets(_) | Self::Completions(_) | Self::Man(_) | Self::Operator(_) => Vec::new(),
        };
        named.into_iter().flatten().collect()
    }

    /// What the command writes. `--out` of `run` is left out: it may hold an interrupted run.
    pub(super) fn outputs(&self) -> Vec<Output<'_>> {
        let file = |path| Output { flag: "--out", path, folder: false };
        let folder = |path| Output { flag: "--out", path, folder: true };
        match self {
            #[cfg(feature = "data-party")]
            Self::Embed(a) => vec![file(&a.out)],
            #[cfg(feature = "data-party")]
            Self::Estimate(a) => a.out.as_deref().map(file).into_iter().collect(),
            #[cfg(feature = "data-party")]
            Self::Tune(a) => vec![file(&a.out)],
            #[cfg(feature = "data-party")]
            Self::Keygen(a) => vec![folder(&a.out)],
            #[cfg(feature = "data-party")]
            Self::Encrypt(a) => {
                let validation = a.out.validation_out.as_deref();
                let validation = validation.map(|path| Output { flag: "--validation-out", ..file(path) });
                [file(&a.out.out)].into_iter().chain(validation).collect()
            }
            Self::Train(a) => vec![file(&a.out)],
            Self::Score(a) => vec![file(&a.out)],
            #[cfg(feature = "data-party")]
            Self::Decrypt(a) => {
                let publish = a.publish.as_deref().map(|path| Output { flag: "--publish", ..folder(path) });
                [folder(&a.out)].into_iter().chain(publish).collect()
            }
            #[cfg(feature = "data-party")]
            Self::Predict(a) => {
                let publish = a.publish.as_deref().map(|path| Output { flag: "--publish", ..file(path) });
                [file(&a.out)].into_iter().chain(publish).collect()
            }
            #[cfg(feature = "data-party")]
            Self::Run(a) => {
                let publish = a.publish.as_deref().map(|path| Output { flag: "--publish", ..folder(path) });
                publish.into_iter().collect()
            }
            #[cfg(feature = "data-party")]
            Self::Eval(a) => {
                let page = a.report.as_deref();
                page.map(|path| Output { flag: "--report", ..file(path) }).into_iter().collect()
            }
            #[cfg(feature = "data-party")]
            Self::Joint(a) => a.output().map(folder).into_iter().collect(),
            Self::Bundle(a) => vec![file(&a.out)],
            Self::Unbundle(a) => vec![folder(&a.out)],
            Self::Man(a) => {
                let pages = a.folder.as_deref();
                pages.map(|path| Output { flag: "FOLDER", ..folder(path) }).into_iter().collect()
            }
            #[cfg(feature = "data-party")]
            Self::Remote(RemoteArgs { step: RemoteStep::Fetch { out, .. } }) => vec![file(out)],
            #[cfg(feature = "data-party")]
            Self::Watch(_) | Self::Look(_) | Self::Studio(_) | Self::Remote(_) => Vec::new(),
            Self::Inspect(_)
            | Self::Identity(_)
            | Self::Serve(_)
            | Self::Operator(_)
            | Self::Presets(_)
            | Self::Completions(_) => Vec::new(),
        }
    }

    /// Whether an output may be there already because the command goes on with an interrupted one, which had written it. The command looks
    /// at it itself.
    #[cfg_attr(not(feature = "data-party"), allow(unused_variables))]
    pub(super) fn continues(&self, output: &Output<'_>) -> bool {
        match self {
            #[cfg(feature = "data-party")]
            Self::Encrypt(a) => a.out.resume && a.out.validation_out.as_deref() == Some(output.path),
            _ => false,
        }
    }

    /// Whether the command may replace outputs that exist.
    pub(super) fn overwrites(&self) -> bool {
        match self {
            #[cfg(feature = "data-party")]
            Self::Run(a) => a.overwrite,
            #[cfg(feature = "data-party")]
            Self::Embed(a) => a.overwrite,
            #[cfg(feature = "data-party")]
            Self::Estimate(a) => a.overwrite,
            #[cfg(feature = "data-party")]
            Self::Tune(a) => a.overwrite,
            #[cfg(feature = "data-party")]
            Self::Keygen(a) => a.overwrite,
            #[cfg(feature = "data-party")]
            Self::Encrypt(a) => a.out.overwrite,
            Self::Train(a) => a.overwrite,
            Self::Score(a) => a.overwrite,
            #[cfg(feature = "data-party")]
            Self::Decrypt(a) => a.overwrite,
            #[cfg(feature = "data-party")]
            Self::Predict(a) => a.overwrite,
            Self::Bundle(a) => a.overwrite,
            Self::Unbundle(a) => a.overwrite,
            Self::Man(a) => a.overwrite,
            #[cfg(feature = "data-party")]
            Self::Eval(a) => a.overwrite,
            #[cfg(feature = "data-party")]
            Self::Joint(a) => return a.overwrites(),
            #[cfg(feature = "data-party")]
            Self::Remote(RemoteArgs { step: RemoteStep::Fetch { overwrite, .. } }) => *overwrite,
            #[cfg(feature = "data-party")]
            Self::Watch(_) | Self::Look(_) | Self::Studio(_) | Self::Remote(_) => return false,
            Self::Inspect(_)
            | Self::Identity(_)
            | Self::Serve(_)
            | Self::Operator(_)
            | Self::Presets(_)
            | Self::Completions(_) => return false,
        }
        .overwrite
    }
}

/// Refuses an output that is an input, a part of a folder that is read, or another output, however it is spelled or linked.
///
/// # Errors
/// There is such an output.
pub(super) fn expect_apart(inputs: &[&Path], outputs: &[Output<'_>]) -> Result<()> {
    // devices and pipes are read and written without loss
    let read: Vec<PathBuf> = inputs.iter().filter_map(|path| std::fs::canonicalize(path).ok()).collect();
    let read: Vec<PathBuf> = read.into_iter().filter(|path| path.is_file() || path.is_dir()).collect();
    let mut written: Vec<PathBuf> = Vec::new();
    for Output { flag, path, .. } in outputs {
        let place = place(path);
        let part = is_part(&place) && read.iter().any(|folder| place.starts_with(folder));
        if part || read.contains(&place) || is_linked(&place, &read) {
            let message =
                format!("{flag} {}: the command reads this itself, so it is not overwritten", path.display());
            return Err(Failure::usage(message).help("choose another name for the output"));
        }
        if written.contains(&place) {
            let message = format!("{flag} {}: another output has this name", path.display());
            return Err(Failure::usage(message).help("give each output a name of its own"));
        }
        written.push(place);
    }
    Ok(())
}

/// Refuses an output that would replace a secret key, or a file of keys or ciphertexts of another kind than the command writes, whatever
/// the flags say.
///
/// # Errors
/// There is such an output.
pub(super) fn expect_replaceable(command: &Command, outputs: &[Output<'_>]) -> Result<()> {
    let written: &[FileKind] = match command {
        #[cfg(feature = "data-party")]
        Command::Encrypt(_) => &[files::DATA, files::SAMPLES],
        Command::Train(_) => &[files::HEAD],
        Command::Score(_) => &[files::SCORES],
        #[cfg(feature = "data-party")]
        Command::Remote(_) => &[files::HEAD, files::SCORES],
        _ => &[],
    };
    for Output { flag, path, .. } in outputs.iter().filter(|output| output.path.is_file()) {
        let found = match private::is_passphrase_encrypted(path) {
            Ok(true) => FileKind::SECRET_KEY,
            _ => match Reader::open_any(path) {
                Ok(reader) => reader.header().kind,
                Err(_) => continue,
            },
        };
        if !written.contains(&found) {
            let message = format!("{flag} {}: this is a file of another kind: {found}", path.display());
            return Err(Failure::usage(message)
                .help("choose another name for the output, or remove the file yourself"));
        }
    }
    Ok(())
}

/// Whether a path is named like a part of a folder of keys, of a head, or of a plan.
fn is_part(place: &Path) -> bool {
    PARTS.iter().any(|name| place.ends_with(name)) || place.extension().is_some_and(|ending| ending == "key")
}

/// Whether a file is, by another name, one that is read or lies in a folder that is read.
#[cfg(unix)]
fn is_linked(place: &Path, read: &[PathBuf]) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |path: &Path| {
        let found = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        (found.nlink() > 1).then(|| (found.dev(), found.ino()))
    };
    let Some(output) = identity(place) else { return false };
    let inside = |folder: &PathBuf| {
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
    };
    let (files, folders): (Vec<PathBuf>, Vec<PathBuf>) =
        read.iter().cloned().partition(|path| path.is_file());
    let within: Vec<PathBuf> = folders.iter().flat_map(inside).collect();
    // evaluation keys lie one folder further down
    let deeper = within.iter().filter(|path| path.is_dir()).flat_map(inside);
    files
        .iter()
        .cloned()
        .chain(within.iter().cloned())
        .chain(deeper)
        .any(|path| identity(&path) == Some(output))
}

#[cfg(not(unix))]
fn is_linked(_: &Path, _: &[PathBuf]) -> bool {
    false
}

/// Where a path leads, whether or not there is a file.
fn place(path: &Path) -> PathBuf {
    let missing = || {
        let folder = path.parent().map(|folder| if folder == "" { Path::new(".") } else { folder })?;
        Some(std::fs::canonicalize(folder).ok()?.join(path.file_name()?))
    };
    std::fs::canonicalize(path).ok().or_else(missing).unwrap_or_else(|| path.to_owned())
}

#[cfg(all(test, feature = "data-party"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::args::parse;

    fn refusal(words: &[&str]) -> Option<String> {
        let cli = parse(std::iter::once("train-head").chain(words.iter().copied()).map(Into::into));
        let cli = cli.unwrap().unwrap();
        let mut inputs = cli.command.inputs();
        inputs.extend(cli.global.job.as_deref());
        expect_apart(&inputs, &cli.command.outputs()).err().map(|failure| failure.to_string())
    }

    #[test]
    fn what_is_read_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        for name in ["a.csv", "plan.json", "head.json", "b.csv"] {
            std::fs::write(path(name), "").unwrap();
        }
        // an input that a job file names, and the job file itself
        std::fs::write(path("job.toml"), format!("features = {:?}", path("a.csv"))).unwrap();
        let (job, table, other, here) = (path("job.toml"), path("a.csv"), path("b.csv"), path("."));
        let (plan, new, part) = (path("plan.json"), path("new"), path("head.json"));
        let reads = "the command reads this itself";
        for (words, expected) in [
            (vec!["tune", "--job", &job, "--out", &table], Some(reads)),
            (vec!["tune", "--job", &job, "--out", &job], Some(reads)),
            (vec!["tune", "--job", &job, "--out", &other], None),
            (vec!["tune", "--job", &job, "--out", &new], None),
            (vec!["keygen", "--plan", &plan, "--out", &plan], Some(reads)),
            (vec!["predict", "--head", &here, "--features", &table, "--out", &part], Some(reads)),
            (vec!["predict", "--head", &here, "--features", &table, "--out", &other], None),
            (
                vec![
                    "encrypt",
                    "--features",
                    &table,
                    "--plan",
                    &plan,
                    "--keys",
                    &here,
                    "--out",
                    &new,
                    "--validation-out",
                    &new,
                ],
                Some("another output has this name"),
            ),
        ] {
            let refused = refusal(&words);
            assert_eq!(refused.is_some(), expected.is_some(), "{words:?}: {refused:?}");
            assert!(refused.zip(expected).is_none_or(|(got, part)| got.contains(part)), "{words:?}");
        }
    }
}
