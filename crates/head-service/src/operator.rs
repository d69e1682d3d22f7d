//! For whoever runs the service: accounts and the audit log, also while it runs.

use std::path::Path;

use fhe_head::files::Tag;

use crate::audit::Audit;
use crate::options::Limits;
use crate::place::Place;
use crate::problem::{Answer, Problem};
use crate::service::Service;
use crate::store::{Credential, Store};

/// Why a command of the operator failed, in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(String);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(problem.words())
    }
}

/// The database of a service that was started once.
fn open(folder: &Path) -> Result<Store, Refused> {
    let database = Place::existing(folder).database();
    if !database.is_file() {
        return Err(Refused(format!("{} is not the folder of a service", folder.display())));
    }
    Store::open(&database).map_err(|error| Refused(format!("{}: {error}", database.display())))
}

/// Adds an account to a project, which is made where there is none; by default to one of its own name. With the `subject` of an issuer's tokens
/// these are its own; without one it gets a token, which is returned and which nobody can read again.
///
/// # Errors
/// The name is taken or malformed, or another account has the subject; the folder is not that of a service.
pub fn add_account(
    folder: &Path,
    (name, project): (&str, Option<&str>),
    subject: Option<&str>,
    limits: &Limits,
) -> Result<Option<String>, Refused> {
    let store = open(folder)?;
    let bounds = [limits.project_bytes, limits.project_jobs];
    store.leave_word("account added", &format!("{}/{name}", project.unwrap_or(name)))?;
    with_credential(subject, |credential| store.add_account((name, project), credential, false, bounds))
}

/// Gives an account a new token in place of the one that it has, which is returned; or with a `subject` that one.
///
/// # Errors
/// There is no such account, or another has the subject; the folder is not that of a service.
pub fn renew(folder: &Path, name: &str, subject: Option<&str>) -> Result<Option<String>, Refused> {
    let store = open(folder)?;
    store.leave_word(if subject.is_some() { "subject renewed" } else { "token renewed" }, name)?;
    with_credential(subject, |credential| store.set_credential(name, Some(credential)))
}

/// Uses the subject, or a new token, which it returns.
fn with_credential(
    subject: Option<&str>,
    work: impl FnOnce(Credential<'_>) -> Answer<()>,
) -> Result<Option<String>, Refused> {
    if let Some(subject) = subject {
        work(Credential::Subject(subject))?;
        return Ok(None);
    }
    let token = new_token()?;
    work(Credential::Token(&token))?;
    Ok(Some(token))
}

/// Takes token and subject of an account.
///
/// # Errors
/// There is no such account; the folder is not that of a service.
pub fn revoke(folder: &Path, name: &str) -> Result<(), Refused> {
    let store = open(folder)?;
    store.leave_word("token revoked", name)?;
    Ok(store.set_credential(name, None)?)
}

/// Names of all accounts, and whether each has a token or a subject.
///
/// # Errors
/// The folder is not that of a service.
pub fn accounts(folder: &Path) -> Result<Vec<(String, bool)>, Refused> {
    Ok(open(folder)?.accounts()?)
}

/// Verifies the audit log. Returns its number of entries.
///
/// # Errors
/// An entry was changed, removed or added; the folder is not that of a service.
pub fn verify_audit(folder: &Path) -> Result<u64, Refused> {
    let store = open(folder)?;
    Audit::verify(&Place::existing(folder).audit(), &store).map_err(Refused)
}

/// The first account, which is the operator's, unless there are accounts. Returns its token.
pub(crate) fn first_account(service: &Service) -> Answer<Option<String>> {
    if service.store.has_accounts()? {
        return Ok(None);
    }
    let (token, limits) = (new_token()?, &service.options.limits);
    let bounds = [limits.project_bytes, limits.project_jobs];
    service.store.add_account(("operator", None), Credential::Token(&token), true, bounds)?;
    Ok(Some(token))
}

/// A token: 256 random bits.
fn new_token() -> Answer<String> {
    let mut token = [0; 32];
    getrandom::fill(&mut token).map_err(|error| Problem::internal(&error))?;
    Ok(format!("th_{}", Tag(token).to_hex()))
}
