//! The steps of `joint` that differ in a session of sums: what is agreed on, encrypted and decrypted. To join and to make keys is the same.

use std::path::Path;

use head_fit::Preprocessing;
use head_joint::SumsTerms;
use serde_json::json;

use super::joint_shared::{expect_not_encrypted, open, publish, waiting};
use crate::args::{JointCreateArgs, JointDecryptArgs, JointEncryptArgs, SumsMapFlag};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Result};
use crate::files::feature_map::{FeatureMapFile, OfSums};
use crate::files::folder::OutputFolder;
use crate::files::shown;
use crate::identity::Identity;
use crate::joint::data::{self, OwnData};
use crate::joint::needs::Need;
use crate::joint::site::Site;
use crate::joint::subject::{Subject as _, SumsAgreed};
use crate::joint::wait::{Progress, ready};
use crate::joint::{Session, describe_sums, release, sums};
use crate::plan::PlanFile;
use crate::progress;

/// Bits of statistical security where none are given: as many as the noise can give hundreds of features.
const FLOODING_BITS: u32 = 30;
/// The file of the feature map.
const MAP: &str = "map.json";

/// Makes a session of sums.
///
/// # Errors
/// A plan for one party; participants with too few samples; no room for the noise; a failed write.
pub(super) fn create(arguments: &JointCreateArgs, console: &Console) -> Result<Outcome> {
    let identity = Identity::mine(&arguments.signer, console)?;
    let plan = PlanFile::read(&arguments.plan)?;
    let public = data::by_plan(&plan, &arguments.data, console)?;
    // refuses another number of features and another encoder
    plan.features(&public)?;
    let map = match arguments.sums.map {
        SumsMapFlag::Whiten => Preprocessing::Whiten { ridge: arguments.sums.ridge, standardize: true },
        SumsMapFlag::Standardize => Preprocessing::Standardize,
    };
    fhe_head::ranges::positive("ridge", Some(arguments.sums.ridge))?;
    let agreed = SumsAgreed {
        ranges: sums::ranges(&public.x, arguments.sums.widen)?,
        most: arguments.participants.iter().map(|participant| participant.rows).max().unwrap_or_default(),
        flooding_bits: arguments.flooding_bits.unwrap_or(FLOODING_BITS),
        map,
    };
    let terms = SumsTerms::of(agreed.clone(), &plan)?;
    let (parties, announced) = (terms.parties(), arguments.participants.len());
    if parties != announced {
        return Err(Failure::parameters(format!(
            "{} is a parameter set for {parties} data parties, where there are {announced}",
            plan.plan().preset
        )));
    }
    let least = terms.least_samples();
    if let Some(few) = arguments.participants.iter().find(|participant| participant.rows < least) {
        return Err(Failure::usage(format!(
            "--participant {}: {} samples, where sums of {} features take {least} of each party: others could work back to single samples",
            few.name,
            few.rows,
            terms.features()
        )));
    }
    publish::<SumsTerms>(arguments, &plan, (agreed, Vec::new()), &identity)?;
    let session = Session::<SumsTerms>::open(&arguments.out)?;
    Site::create(&arguments.out, &arguments.board, console)?;
    let text = format!(
        "a session of {parties} data parties, for sums\n{}\n  {}: for all parties, who read it and join",
        describe_sums::words(&session)?,
        arguments.out.display()
    );
    Ok(Outcome { json: describe_sums::json(&session)?, text })
}

/// Encrypts a party's sums.
///
/// # Errors
/// Samples that are refused; keys that are not made yet; sums that were encrypted before.
pub(super) fn encrypt(
    arguments: &JointEncryptArgs,
    (session, mut site): (&Session<SumsTerms>, Site),
    identity: &Identity,
    console: &Console,
) -> Result<Outcome> {
    let party = open(&arguments.party, session, identity)?;
    let name = party.name();
    let path = sums::staged(&party);
    expect_not_encrypted((session, name), &path, &mut site, identity, console)?;
    let held_out = (arguments.test_size, arguments.random_state);
    let own = OwnData::read(&session.plan, &arguments.data, held_out, console)?;
    let encrypted = sums::encrypt(&party, &own.training, identity)?;
    site.exchange(Need::Messages, name, console)?;
    let kept = own.test.as_ref().map_or(0, |test| test.x.nrows());
    let text = format!(
        "sums over {} samples of {name} encrypted under the key of all parties; {kept} samples are left out\n  {} ({}): `joint decrypt` shows \
         them to the others, once all have encrypted theirs",
        encrypted.samples,
        path.display(),
        progress::bytes(encrypted.bytes),
    );
    let json = json!({
        "party": name, "samples": encrypted.samples, "test_samples": kept, "file": shown(path), "bytes": encrypted.bytes,
    });
    Ok(Outcome { json, text })
}

/// Decrypts the sums together, and writes the feature map.
///
/// # Errors
/// Files of others that are refused; a failed write.
pub(super) fn decrypt(
    arguments: &JointDecryptArgs,
    (session, mut site): (&Session<SumsTerms>, Site),
    identity: &Identity,
    console: &Console,
) -> Result<Outcome> {
    if arguments.data.files().iter().any(Option::is_some) {
        return Err(Failure::usage("--features: sums are decrypted without samples").help("leave it out"));
    }
    if arguments.set.is_some() {
        return Err(Failure::usage("--set: all parties decrypt sums"));
    }
    let mut party = open(&arguments.party, session, identity)?;
    let name = party.name();
    let opened = site.until((arguments.party.wait, Need::Sums, name), console, |_| {
        let release = ready!(sums::release(&mut party)?);
        ready!(release::share(&mut party, &release, identity)?);
        let shares = ready!(release::shares(&party, &release)?);
        sums::open(session, &release, &shares).map(Progress::Done)
    })?;
    let (sums, map) = match opened {
        Progress::Waiting(what) => return Ok(waiting(&what)),
        Progress::Done(opened) => opened,
    };
    let samples = sums.samples() as u64;
    let of = OfSums {
        session: session.digest,
        parties: session.contents.participants.iter().map(|party| party.name.clone()).collect(),
        samples,
    };
    let features = (session.plan.feature_names(), session.plan.encoder());
    let contents = FeatureMapFile::of_sums(&map, features, of)?;
    let folder = OutputFolder::create(&arguments.out)?;
    FeatureMapFile::write(&folder.path(MAP), &contents)?;
    folder.commit()?;
    let path = arguments.out.join(MAP);
    let text = format!(
        "the feature map of {samples} samples of {} parties: {} features, {} come out\n  {}\nnext        `train-head estimate --feature-map {}` \
         on public samples, then `joint create` without --sums",
        session.terms.parties(),
        map.inputs(),
        map.outputs(),
        path.display(),
        path.display(),
    );
    let json = json!({
        "done": true, "party": name, "file": shown(path), "samples": samples, "inputs": map.inputs(), "outputs": map.outputs(),
    });
    Ok(Outcome { json, text })
}

/// Why there is nothing to train.
pub(super) fn nothing_to_train(folder: &Path) -> Failure {
    Failure::usage(format!("{}: in a session of sums nothing is trained", folder.display()))
        .help("each party adds the encrypted sums itself: `train-head joint decrypt`")
}
