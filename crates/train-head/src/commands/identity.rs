//! `identity`: makes or shows the key pair by which a party signs files that travel.

use serde_json::json;

use crate::args::{IdentityAction, IdentityArgs, PassphraseArgs};
use crate::console::Outcome;
use crate::exit::{Failure, Kind, Result};
use crate::identity::{Identity, PublicKey, default_path, public_path};
use crate::passphrase;

/// # Errors
/// An identity that would be overwritten, or is missing; a failed write.
pub(super) fn run(arguments: &IdentityArgs) -> Result<Outcome> {
    let path = arguments.identity.clone().map_or_else(default_path, Ok)?;
    let key = match arguments.action {
        IdentityAction::Create => {
            if path.exists() && !arguments.overwrite.overwrite {
                return Err(Failure::usage(format!("{} exists already", path.display()))
                    .help("the other party knows it; --overwrite replaces it"));
            }
            let given = PassphraseArgs { passphrase_file: arguments.passphrase_file.clone() };
            let passphrase =
                given.passphrase_file.is_some().then(|| passphrase::given(&given)).transpose()?.flatten();
            let identity = Identity::generate()?;
            identity.write(&path, passphrase)?;
            identity.public()
        }
        IdentityAction::Show => {
            let beside = public_path(&path);
            let text = std::fs::read_to_string(&beside).map_err(|error| {
                Failure::io("read", &beside, Kind::File, error).help("`train-head identity create` makes one")
            })?;
            text.trim().parse::<PublicKey>().map_err(|what| {
                Failure::file(format!("{}: {what}", beside.display()))
                    .help("`train-head identity create --overwrite` makes a new identity")
            })?
        }
    };
    let json = json!({ "public_key": key, "file": path });
    Ok(Outcome { json, text: format!("{key}\n{}", path.display()) })
}
