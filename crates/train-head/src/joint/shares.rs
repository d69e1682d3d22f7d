//! Files of shares of keys.

use std::io::Read;
use std::path::Path;

use ckks_threshold::{Protocol, Sender, Share};
use fhe_head::ckks::KeyId;
use fhe_head::ckks::serial::{FileKind, NewFile, Reader, Writer};
use fhe_head::files::{Digest, Tag};
use serde::{Deserialize, Serialize};

use super::message::expect_signer;
use super::session::Session;
use super::subject::Subject;
use crate::exit::{Failure, Kind, Result, read_failure, write_failure};
use crate::files::signed;
use crate::identity::Identity;

/// The kind of such a file.
pub(crate) const KIND: FileKind = FileKind::new("share of a key");

/// The metadata of a share's file.
#[derive(Serialize, Deserialize)]
struct About {
    session: Digest,
    party: usize,
    share: String,
}

/// Writes a share. Returns the size in bytes.
///
/// # Errors
/// A failed write.
pub(crate) fn write<S: Subject>(
    path: &Path,
    session: &Session<S>,
    key: KeyId,
    share: &Share,
    identity: &Identity,
) -> Result<u64> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::io("create", folder, Kind::Unexpected, error))?;
    }
    let parameters = session.terms.parameters();
    let metadata = metadata(share)?;
    signed::write(path, identity, |file, name| {
        let new = NewFile { kind: KIND, parameters, key_id: key, items: 1, metadata: &metadata };
        let mut writer = Writer::new(file, name, new).map_err(write_failure)?;
        let polys: Vec<_> = share.polys.iter().collect();
        writer.write_polys(share.protocol.basis(parameters), &polys).map_err(write_failure)?;
        writer.finish().map_err(write_failure)?;
        Ok(())
    })
}

/// What a share's file says of it.
///
/// # Errors
/// None in practice: it can be written as JSON.
pub(crate) fn metadata(share: &Share) -> Result<Vec<u8>> {
    let about = About {
        session: Tag(share.sender.session),
        party: share.sender.party,
        share: share.protocol.to_string(),
    };
    serde_json::to_vec(&about)
        .map_err(|error| Failure::unexpected("cannot write what a share is").because(error))
}

/// Reads a party's share, which it must have signed; `None` if it has not come.
///
/// # Errors
/// A file that is damaged, of another session, or not signed by the party.
pub(crate) fn read<S: Subject>(
    path: &Path,
    session: &Session<S>,
    party: usize,
    protocol: Protocol,
) -> Result<Option<Share>> {
    if !path.exists() {
        return Ok(None);
    }
    let shown = path.display().to_string();
    let mut opened = signed::open(path)?;
    let signer = opened.signer()?;
    expect_signer(&shown, signer, session.party(party))?;
    let from = (party, session.party(party).0);
    parse(opened.unverified()?, &shown, &session.protocols, from, protocol).map(Some)
}

/// Reads a share from its file. `party` is the one that it must be of, with its name, and `shown` the file's name for messages.
///
/// # Errors
/// A file that is damaged, or holds another share.
pub(crate) fn parse<R: Read>(
    mut reader: Reader<R>,
    shown: &str,
    session: &ckks_threshold::Session,
    (party, name): (usize, &str),
    protocol: Protocol,
) -> Result<Share> {
    reader.expect_kind(KIND).map_err(read_failure)?;
    let about: About = serde_json::from_slice(reader.metadata()).map_err(|error| {
        Failure::file(format!("{shown} does not say what it is a share of")).because(error)
    })?;
    if about.share != protocol.to_string() || about.party != party {
        return Err(Failure::file(format!(
            "{shown}: a {} of party {}, where {name}'s {protocol} is expected",
            about.share, about.party
        )));
    }
    let parameters = session.parameters();
    let polys =
        reader.read_polys(parameters, protocol.basis(parameters), protocol.polys()).map_err(read_failure)?;
    reader.finish().map_err(read_failure)?;
    Ok(Share { sender: Sender { session: about.session.0, party }, protocol, polys })
}
