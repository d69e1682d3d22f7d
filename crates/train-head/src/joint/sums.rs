//! Sums by consent: each party encrypts its count, `sum x` and `sum x x^T`; everybody adds the ciphertexts of all itself, so that no compute
//! party is needed or trusted; all decrypt the sums once, with flooding. The feature map of all samples follows from them.
//!
//! Each commits to its ciphertexts before anybody shows some, so that nobody adds another's to its own, or subtracts it.

use std::io::Read;
use std::path::PathBuf;

use ckks_threshold::{DecryptionShare, Release};
use fhe_head::ckks::serial::{FileKind, NewFile, Reader, Writer};
use fhe_head::ckks::{Ciphertext, KeyId};
use fhe_head::files::Digest;
use head_fit::{FeatureMap, Sums};
use head_joint::SumsTerms;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::data::{self, Encrypted, public_key};
use super::keys::common;
use super::party::Party;
use super::session::Session;
use super::wait::{Progress, ready};
use crate::exit::{Failure, Result, read_failure, write_failure};
use crate::files::signed;
use crate::identity::Identity;
use crate::interrupt;
use crate::samples::Matrix;

/// The kind of a file of encrypted sums.
pub(crate) const KIND: FileKind = FileKind::new("encrypted sums");

/// The metadata of such a file.
#[derive(Serialize, Deserialize)]
struct About {
    session: Digest,
    party: usize,
}

/// Public ranges of the features: those of samples that everybody may see, so many times as wide.
///
/// # Errors
/// A factor below 1, or that is no number.
pub(crate) fn ranges(public: &Array2<f64>, widen: f64) -> Result<Vec<[f64; 2]>> {
    if !(widen.is_finite() && widen >= 1.0) {
        return Err(Failure::usage(format!("--widen {widen}: must be at least 1")));
    }
    let of = |column: ndarray::ArrayView1<'_, f64>| {
        let low = column.iter().copied().fold(f64::INFINITY, f64::min);
        let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let centre = f64::midpoint(low, high);
        // a feature that is the same in all public samples need not be in others
        let half = if high > low { (high - low) / 2.0 } else { centre.abs().max(1.0) };
        [centre - widen * half, centre + widen * half]
    };
    Ok(public.columns().into_iter().map(of).collect())
}

/// A party's encrypted sums, in its own folder: others see them when all have committed to theirs.
pub(crate) fn staged(party: &Party<'_, SumsTerms>) -> PathBuf {
    party.folder().join("sums.enc")
}

/// Encrypts a party's sums, keeps them in its folder, and commits to them before all.
///
/// # Errors
/// Fewer samples than twice the features, or more than agreed on; a feature outside its range; keys that are not made yet; a failed write.
pub(crate) fn encrypt(
    party: &Party<'_, SumsTerms>,
    samples: &Matrix,
    identity: &Identity,
) -> Result<Encrypted> {
    let (session, name) = (party.session(), party.name());
    let public = public_key(party)?;
    expect_within(session, samples)?;
    let sums = session.terms.encrypt(&public, &samples.x.view()).map_err(|error| session.refusal(error))?;
    interrupt::check()?;
    let (about, path) = ((session.digest, party.index()), staged(party));
    let bytes = signed::write(&path, identity, |file, shown| {
        write(file, shown, &session.terms, public.key_id(), about, &sums).map(drop)
    })?;
    data::announce(session, (name, &path), identity)?;
    Ok(Encrypted { samples: samples.x.nrows(), bytes })
}

/// Refuses a feature that leaves its public range, by its name.
fn expect_within(session: &Session<SumsTerms>, samples: &Matrix) -> Result<()> {
    let Some(feature) = session.terms.outside(&samples.x.view()) else { return Ok(()) };
    let name = samples.names.as_ref().and_then(|names| names.get(feature));
    let name = name.map_or_else(|| format!("feature {feature}"), |name| format!("{name:?}"));
    let [low, high] = session.contents.agreed.ranges.get(feature).copied().unwrap_or_default();
    Err(Failure::data(format!("{name} is not always between {low} and {high}, the range that all agreed on"))
        .help("other units, as a rule; a wider range is another session: `joint create --sums --widen`"))
}

/// Writes sums as a file of ciphertexts.
///
/// # Errors
/// A failed write.
pub(crate) fn write<W: std::io::Write>(
    out: W,
    shown: &str,
    terms: &SumsTerms,
    key_id: KeyId,
    (session, party): (Digest, usize),
    sums: &[Ciphertext],
) -> Result<W> {
    let metadata = serde_json::to_vec(&About { session, party })
        .map_err(|error| Failure::unexpected("cannot write what sums are of").because(error))?;
    let (parameters, items) = (terms.parameters(), sums.len() as u64);
    let new = NewFile { kind: KIND, parameters, key_id, items, metadata: &metadata };
    let mut writer = Writer::new(out, shown, new).map_err(write_failure)?;
    sums.iter().try_for_each(|sum| writer.write_ciphertext(sum)).map_err(write_failure)?;
    writer.finish().map_err(write_failure)
}

/// Reads the sums of a party. `shown` is the file's name for messages, `from` the party's.
///
/// # Errors
/// A file that is damaged, of another key, session or party, or holds another number of ciphertexts.
pub(crate) fn parse<R: Read>(
    mut reader: Reader<R>,
    (shown, from): (&str, &str),
    terms: &SumsTerms,
    key_id: KeyId,
    (session, party): (Digest, usize),
) -> Result<Vec<Ciphertext>> {
    reader.expect_kind(KIND).map_err(read_failure)?;
    reader.expect_parameters(terms.parameters()).map_err(read_failure)?;
    reader.expect_key(key_id).map_err(read_failure)?;
    let about: About = serde_json::from_slice(reader.metadata())
        .map_err(|error| Failure::file(format!("{shown} does not say whose sums it holds")).because(error))?;
    let items = reader.header().items;
    if (about.session, about.party) != (session, party) || items != terms.ciphertexts() as u64 {
        return Err(Failure::file(format!("{shown}: these are not the sums that {from} agreed to bring")));
    }
    let sums = (0..terms.ciphertexts()).map(|_| reader.read_ciphertext(terms.parameters()));
    let sums = sums.collect::<std::result::Result<Vec<_>, _>>().map_err(read_failure)?;
    reader.finish().map_err(read_failure)?;
    Ok(sums)
}

/// The sums of a party: the file that it named to all.
fn of_party(
    session: &Session<SumsTerms>,
    (party, file): (usize, &Digest),
    key_id: KeyId,
) -> Result<Vec<Ciphertext>> {
    let (shown, reader) = data::named(session, (party, file))?;
    let (name, _) = session.party(party);
    parse(reader, (&shown, name), &session.terms, key_id, (session.digest, party))
}

/// The decryption of the sums. Shows the party's own once all have committed to theirs, and goes on once those of all are there.
///
/// # Errors
/// Sums that are damaged, not those that their party committed to, or not signed by it; other commitments than the party has answered.
pub(crate) fn release(party: &mut Party<'_, SumsTerms>) -> Result<Progress<Release>> {
    let session = party.session();
    let common = ready!(common(session)?);
    let brought = ready!(data::brought(session)?);
    let committed: Vec<[u8; 32]> = brought.iter().map(|file| file.0).collect();
    party.steps().show_sums(&committed).map_err(|stop| session.stopped(stop))?;
    show(party)?;
    let missing = data::missing(session);
    if !missing.is_empty() {
        return Ok(Progress::Waiting(format!("{} (sums)", session.names(&missing))));
    }
    let of = |(party, file)| of_party(session, (party, file), common.key_id());
    let parties = brought.iter().enumerate().map(of).collect::<Result<Vec<_>>>()?;
    let mut hasher = blake3::Hasher::new_derive_key("train-head 2026-12 transcript of sums by consent");
    hasher.update(&session.digest.0);
    brought.iter().for_each(|file| {
        hasher.update(&file.0);
    });
    let transcript = hasher.finalize();
    let (terms, protocols) = (&session.terms, &session.protocols);
    let release = terms.add(&parties).and_then(|sums| terms.release(protocols, transcript.as_bytes(), sums));
    release.map(Progress::Done).map_err(|error| session.refusal(error))
}

/// Copies the party's encrypted sums to the shared folder.
fn show(party: &Party<'_, SumsTerms>) -> Result<()> {
    let (from, to) = (staged(party), party.session().place.data(party.name()));
    if to.exists() {
        return Ok(());
    }
    if !from.exists() {
        return Err(Failure::file(format!("{} is not there: nothing is encrypted yet", from.display()))
            .help("`train-head joint encrypt` makes it"));
    }
    crate::files::copy(&from, &to)
}

/// The sums, from everybody's shares, and the feature map that was agreed on.
///
/// # Errors
/// A share that is refused; sums that no samples have, or of which no such map can be made.
pub(crate) fn open(
    session: &Session<SumsTerms>,
    release: &Release,
    shares: &[DecryptionShare],
) -> Result<(Sums, FeatureMap)> {
    let terms = &session.terms;
    let sums = terms.open(release, shares).map_err(|error| session.refusal(error))?;
    let map = terms.feature_map(&sums, session.contents.agreed.map);
    Ok((sums, map.map_err(|error| session.refusal(error))?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::array;

    #[test]
    fn ranges_are_those_of_public_samples_widened() {
        let public = array![[1.0, 5.0, 0.0], [3.0, 5.0, 0.0]];
        assert_eq!(ranges(&public, 2.0).unwrap(), [[0.0, 4.0], [-5.0, 15.0], [-2.0, 2.0]]);
        for widen in [0.5, f64::NAN, f64::INFINITY] {
            assert!(ranges(&public, widen).is_err());
        }
    }
}
