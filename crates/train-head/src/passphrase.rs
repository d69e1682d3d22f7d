//! The passphrase of the secret key.

use std::io::IsTerminal;
use std::path::Path;

use age::secrecy::{ExposeSecret, SecretString};

use crate::args::{NewKeyArgs, PassphraseArgs};
use crate::exit::{Failure, Kind, Result};
use crate::files::read_at_most;

/// Longest file of a passphrase that is read.
const MOST_BYTES: u64 = 1 << 16;

/// The environment variable with the passphrase.
const VARIABLE: &str = "TRAIN_HEAD_PASSPHRASE";

/// That of the identity.
const OF_IDENTITY: &str = "TRAIN_HEAD_IDENTITY_PASSPHRASE";

/// The passphrase of a new key; `None` if the key stays unencrypted.
///
/// # Errors
/// No passphrase and no terminal to ask for it; an empty passphrase; two entries that differ.
pub(crate) fn of_new_key(arguments: &NewKeyArgs) -> Result<Option<SecretString>> {
    if arguments.no_passphrase {
        return Ok(None);
    }
    if let Some(passphrase) = given(&arguments.passphrase)? {
        return Ok(Some(passphrase));
    }
    let passphrase = ask("Passphrase for the new secret key: ", "--no-passphrase keeps the key unencrypted")?;
    let again = ask("Repeat the passphrase: ", "")?;
    if passphrase.expose_secret() != again.expose_secret() {
        return Err(Failure::usage("the two passphrases differ"));
    }
    Ok(Some(passphrase))
}

/// The passphrase of an encrypted key.
///
/// # Errors
/// No passphrase and no terminal to ask for it; an empty passphrase.
pub(crate) fn of_key(arguments: &PassphraseArgs) -> Result<SecretString> {
    match given(arguments)? {
        Some(passphrase) => Ok(passphrase),
        None => ask("Passphrase of the secret key: ", ""),
    }
}

/// The passphrase of the identity that signs files.
///
/// # Errors
/// No passphrase and no terminal to ask for it; an empty passphrase.
pub(crate) fn of_identity() -> Result<SecretString> {
    match from_environment(OF_IDENTITY)? {
        Some(passphrase) => Ok(passphrase),
        None if std::io::stdin().is_terminal() => ask("Passphrase of the identity that signs: ", ""),
        None => Err(Failure::usage(
            "the identity that signs needs a passphrase, and there is no terminal to ask for it",
        )
        .help(format!("set the variable {OF_IDENTITY}"))),
    }
}

/// The passphrase from a file or the environment, if there is one.
///
/// # Errors
/// A file that cannot be read; an empty passphrase.
pub(crate) fn given(arguments: &PassphraseArgs) -> Result<Option<SecretString>> {
    if let Some(path) = &arguments.passphrase_file {
        return from_file(path).map(Some);
    }
    from_environment(VARIABLE)
}

fn from_environment(variable: &str) -> Result<Option<SecretString>> {
    match std::env::var(variable) {
        Ok(text) => checked(text, &format!("the variable {variable}")).map(Some),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::usage(format!("the variable {variable} is not UTF-8")))
        }
    }
}

/// Whether others than its owner may read a file; false where the system has no such bits.
pub(crate) fn is_readable_by_others(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // a pipe, as `<(pass show ...)` gives it, is not kept
        std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

fn from_file(path: &Path) -> Result<SecretString> {
    let text = String::from_utf8(read_at_most(path, MOST_BYTES, Kind::Usage)?)
        .map_err(|_| Failure::usage(format!("{}: not a text in UTF-8", path.display())))?;
    let text = SecretString::from(text);
    let line = text.expose_secret().lines().next().unwrap_or_default().to_owned();
    checked(line, &path.display().to_string())
}

fn ask(prompt: &str, otherwise: &str) -> Result<SecretString> {
    if !std::io::stdin().is_terminal() {
        let failure =
            Failure::usage("the secret key needs a passphrase, and there is no terminal to ask for it");
        let help = format!("give --passphrase-file FILE or the variable {VARIABLE}; {otherwise}");
        return Err(failure.help(help.trim_end_matches("; ")));
    }
    let text = rpassword::prompt_password(prompt)
        .map_err(|error| Failure::unexpected("cannot read the passphrase").because(error))?;
    checked(text, "the passphrase")
}

fn checked(text: String, place: &str) -> Result<SecretString> {
    let passphrase = SecretString::from(text);
    if passphrase.expose_secret().is_empty() {
        return Err(Failure::usage(format!("{place} is empty: a passphrase needs at least one character")));
    }
    Ok(passphrase)
}
