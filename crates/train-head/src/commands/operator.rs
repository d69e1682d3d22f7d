//! `operator`: accounts and the audit log of a service, also while it runs.

use head_service::{Limits, operator};
use serde_json::json;

use crate::args::{OperatorArgs, OperatorStep};
use crate::console::Outcome;
use crate::exit::{Failure, Result};

/// # Errors
/// The folder is not that of a service; an account that exists or does not; an audit log that was changed.
pub(super) fn run(arguments: &OperatorArgs) -> Result<Outcome> {
    let folder = &arguments.folder;
    let refused = |refused: operator::Refused| Failure::usage(refused.to_string());
    Ok(match &arguments.step {
        OperatorStep::Accounts => {
            let accounts = operator::accounts(folder).map_err(refused)?;
            let line = |(name, active): &(String, bool)| {
                format!("{name}{}", if *active { "" } else { " (revoked)" })
            };
            let rows: Vec<_> =
                accounts.iter().map(|(name, active)| json!({ "name": name, "active": active })).collect();
            Outcome { json: json!(rows), text: accounts.iter().map(line).collect::<Vec<_>>().join("\n") }
        }
        OperatorStep::Add { name, project, oidc_subject } => {
            let (named, subject) = ((name.as_str(), project.as_deref()), oidc_subject.as_deref());
            // the bounds of projects are chosen by `serve`; these are its defaults
            let added = operator::add_account(folder, named, subject, &Limits::new(0));
            credential(name, added.map_err(refused)?.as_deref(), subject)
        }
        OperatorStep::Renew { name, oidc_subject } => {
            let subject = oidc_subject.as_deref();
            credential(name, operator::renew(folder, name, subject).map_err(refused)?.as_deref(), subject)
        }
        OperatorStep::Revoke { name } => {
            operator::revoke(folder, name).map_err(refused)?;
            Outcome {
                json: json!({ "name": name, "active": false }),
                text: format!("{name} has no token any more, and no subject"),
            }
        }
        OperatorStep::Audit => {
            let entries = operator::verify_audit(folder).map_err(|refused| {
                Failure::file(format!("the audit log: {refused}"))
                    .help("somebody changed it: compare it with a copy elsewhere")
            })?;
            let text = format!("the audit log is whole: {entries} entries, none changed, removed or added");
            Outcome { json: json!({ "entries": entries, "verified": true }), text }
        }
    })
}

/// What an account is known by from now on.
fn credential(name: &str, token: Option<&str>, subject: Option<&str>) -> Outcome {
    let text = match token {
        Some(token) => {
            format!("{token}\nthe token of {name}, shown this once: hand it over by a channel that you trust")
        }
        None => {
            format!("{name} is known by the issuer's tokens with the subject {}", subject.unwrap_or_default())
        }
    };
    Outcome { json: json!({ "name": name, "token": token, "oidc_subject": subject }), text }
}
