//! What the parties of a joint training send each other. Sessions are of real parameter sets; terms and shares of insecure ones.

use std::path::Path;
use std::sync::OnceLock;

use fhe_head::Scheme;
use fhe_head::ckks::{Encoder, presets};
use head_fit::{Classifier, Data};
use head_joint::ckks_threshold::{
    Commitment, CommonRandomness, Contribution, Deal, DecryptionSum, Ledger, Protocol, Release, SecretShare,
    Sender, Session, Sum,
};
use head_joint::{Agreed, Choices, Terms};
use ndarray::{Array1, Array2};
use train_head::readers::joint as readers;

use crate::sketch::Sketch;
use crate::{Target, folder, parcel};

/// A session's file, of a training or of sums, and the plan beside it, signed by the hostile party.
pub const SESSION: Target = Target { name: "session", read: read_session, seeds: session_seeds };
/// The terms of a session, and what a party derives from them.
pub const TERMS: Target = Target { name: "terms", read: read_terms, seeds: terms_seeds };
/// Small messages of every kind, signed by the hostile party.
pub const MESSAGE: Target = Target { name: "message", read: read_message, seeds: message_seeds };
/// Shares of keys, as [`Sketch`]es: a byte chooses the key.
pub const SHARE: Target = Target { name: "share", read: read_share, seeds: share_seeds };
/// What a party deals to another.
pub const DEAL: Target = Target { name: "deal", read: read_deal, seeds: deal_seeds };
/// Shares of a decryption.
pub const DECRYPTION: Target = Target { name: "decryption", read: read_decryption, seeds: decryption_seeds };
/// Sealed files: a byte says whether the input is what is sealed, or the file.
pub const SEALED: Target = Target { name: "sealed", read: read_sealed, seeds: sealed_seeds };

/// Two parties of a session on an insecure ring, of whom the second is hostile.
struct Joint {
    terms: Terms,
    session: Session,
    common: CommonRandomness,
    secrets: Vec<SecretShare>,
    release: Release,
    encoder: Encoder,
}

/// Level of the decryptions of three parties of whom two decrypt.
const LEVEL: usize = 1;

impl Joint {
    /// The one of this process.
    fn get() -> &'static Self {
        static JOINT: OnceLock<Joint> = OnceLock::new();
        JOINT.get_or_init(|| Self::new().unwrap_or_else(|error| panic!("a joint training: {error}")))
    }

    fn new() -> head_joint::Result<Self> {
        let terms = terms()?;
        let session = terms.session(&[0; 32], 0)?;
        let contributions = [Contribution([1; 32]), Contribution([2; 32]), Contribution([3; 32])];
        let commitments: Vec<Commitment> = contributions
            .iter()
            .enumerate()
            .map(|(party, contribution)| contribution.commitment(&session, party))
            .collect();
        let common = CommonRandomness::finish(&session, &commitments, &contributions)?;
        let generate = |party| SecretShare::generate(&session, party);
        let secrets = (0..session.parties()).map(generate).collect::<Result<Vec<_>, _>>()?;
        let encoder = Encoder::new(terms.parameters());
        let release = release(&terms, &session, &common, &secrets, &encoder)?;
        Ok(Self { terms, session, common, secrets, release, encoder })
    }
}

/// The decryption of one small ciphertext by the first two parties.
fn release(
    terms: &Terms,
    session: &Session,
    common: &CommonRandomness,
    secrets: &[SecretShare],
    encoder: &Encoder,
) -> head_joint::Result<Release> {
    use fhe_head::ckks::{FloodingLiteral, PublicEncryptor, SecureRng};
    use head_joint::ckks_threshold::{Budget, public_key};
    let mut sum = Sum::new(session, Protocol::PublicKey)?;
    secrets.iter().try_for_each(|secret| sum.add(&secret.public_key(common)))?;
    let public = public_key(session, common, sum)?;
    let plaintext = encoder.encode(&[0.5, 0.25], 2, &terms.parameters().default_scale())?;
    let mut rng = SecureRng::from_os().map_err(fhe_head::ckks::Error::from)?;
    let ciphertext = PublicEncryptor::new(&public).encrypt(&plaintext, &mut rng)?;
    let flooding = FloodingLiteral { numbers: 4, error_bound: 4096.0, releases: 1, bits: 30 };
    let budget = Budget { flooding, level: LEVEL };
    Ok(Release::new(session, budget, &[0, 1], &[0; 32], vec![(ciphertext, 2)])?)
}

fn terms() -> head_joint::Result<Terms> {
    let scheme = Scheme::new(presets::insecure_joint_for_tests(10, 24, 3)?);
    let (x, y) = samples(60);
    let method = Classifier { max_iter: Some(2), ..Classifier::default() };
    let public = method.prepare_on(&scheme, &Data::new(x.view(), y.view())?, None)?;
    Terms::new(&public, &[40, 30, 20], Choices { threshold: Some(2), bits: 30, ..Choices::default() })
}

fn samples(rows: usize) -> (Array2<f64>, Array1<f64>) {
    let x = Array2::from_shape_fn((rows, 3), |(i, j)| ((i * (j + 3) * 37 + j) % 101) as f64 / 50.0 - 1.0);
    let y = x.rows().into_iter().map(|row| f64::from(u8::from(row[0] > row[1]))).collect();
    (x, y)
}

fn words<T, E: std::fmt::Display>(read: Result<T, E>) -> Result<T, String> {
    read.map_err(|error| error.to_string())
}

/// What cannot fail.
fn made<T, E: std::fmt::Display>(made: Result<T, E>) -> T {
    made.unwrap_or_else(|error| panic!("a seed cannot be made: {error}"))
}

fn read_session(input: &[u8]) -> Result<(), String> {
    let [session, plan, arrays] = parcel::unpack(input);
    folder::with(|folder| {
        for (name, bytes) in [("session.json", session), ("plan.json", plan), ("plan.safetensors", arrays)] {
            words(std::fs::write(folder.join(name), bytes))?;
        }
        readers::session(folder)
    })
}

fn session_seeds(run: &Path) -> Vec<Vec<u8>> {
    let of = |kind: &str| {
        let folder = run.join(kind);
        let file = |name: &str| made(std::fs::read(folder.join(name)));
        let compact = |name: &str| made(serde_json::from_slice::<serde_json::Value>(&file(name))).to_string();
        let (session, plan) = (compact("session.json"), file("plan.json"));
        parcel::pack([session.as_bytes(), &plan, &file("plan.safetensors")])
    };
    vec![of("joint"), of("sums")]
}

fn read_terms(input: &[u8]) -> Result<(), String> {
    let Joint { terms: ours, .. } = Joint::get();
    let agreed: Agreed = words(serde_json::from_slice(input))?;
    let terms = words(Terms::on(agreed, ours.map().clone(), ours.scheme().clone()))?;
    // what a party derives from them before it joins, and what it does with its samples
    let session = words(terms.session(&[0; 32], 0))?;
    drop((words(terms.weight_noise())?, terms.first_round(), terms.second_round(), session.threshold()));
    for party in 0..terms.parties() {
        let _ = (words(terms.most_samples(party))?, words(terms.part(party))?);
    }
    if terms.plan().job.iterations() > 4 {
        return Err("a training that takes long".into());
    }
    let (x, y) = samples(12);
    // made-up terms need not hold for them
    drop(terms.samples(0, &words(Data::new(x.view(), y.view()))?));
    Ok(())
}

fn terms_seeds(_: &Path) -> Vec<Vec<u8>> {
    vec![made(serde_json::to_vec(Joint::get().terms.agreed()))]
}

fn read_message(input: &[u8]) -> Result<(), String> {
    folder::with(|folder| readers::message(folder, input))
}

fn message_seeds(_: &Path) -> Vec<Vec<u8>> {
    let digest = "0".repeat(64);
    let recipient = "age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z";
    let texts = [
        format!(r#"{{"commitment":"{digest}","recipient":"{recipient}"}}"#),
        format!(r#"{{"contribution":"{digest}"}}"#),
        format!(r#"{{"shares":[["public.share","{digest}"]]}}"#),
        format!(r#"{{"head":"{digest}"}}"#),
        r#"{"set":["north","west"]}"#.to_owned(),
    ];
    texts.map(String::into_bytes).to_vec()
}

/// The keys of the first round, and that of the second.
fn protocols() -> Vec<Protocol> {
    let terms = &Joint::get().terms;
    terms.first_round().into_iter().chain(terms.second_round()).collect()
}

fn read_share(input: &[u8]) -> Result<(), String> {
    let Joint { session, common, terms, .. } = Joint::get();
    let (&which, input) = input.split_first().ok_or("empty")?;
    let protocols = protocols();
    let protocol = protocols[usize::from(which) % protocols.len()];
    let mut sketch = Sketch::from_bytes(input);
    // a hostile party knows the session that it is in
    if let Ok(serde_json::Value::Object(mut fields)) = serde_json::from_slice(&sketch.metadata) {
        let tag: String = session.tag().iter().map(|byte| format!("{byte:02x}")).collect();
        fields.insert("session".into(), tag.into());
        sketch.metadata = serde_json::Value::Object(fields).to_string().into_bytes();
    }
    let file = sketch.fill_in(readers::SHARE, terms.parameters(), common.key_id());
    let share = readers::share(file, session, 1, protocol)?;
    words(words(Sum::new(session, protocol))?.add(&share))
}

fn share_seeds(_: &Path) -> Vec<Vec<u8>> {
    let Joint { session, common, secrets, terms, .. } = Joint::get();
    let seed = |(which, protocol): (usize, Protocol)| {
        let share = head_joint::first_share(&secrets[1], common, protocol).ok()?;
        let file = made(readers::share_file(session, common.key_id(), &share));
        Some([vec![which as u8], Sketch::of(&file, terms.parameters()).to_bytes()].concat())
    };
    protocols().into_iter().enumerate().filter_map(seed).take(4).collect()
}

/// A byte chooses whether what is missing at the end is filled in.
fn read_deal(input: &[u8]) -> Result<(), String> {
    let Joint { session, common, secrets, terms, .. } = Joint::get();
    let (&fill, bytes) = input.split_first().ok_or("empty")?;
    let whole = 32 + 8 * (LEVEL + 1) * terms.parameters().degree();
    let mut bytes = bytes.to_vec();
    if fill % 2 == 1 {
        bytes.resize(whole, 0);
    }
    let hostile = words(Deal::from_bytes(session, LEVEL, (1, 0), &bytes))?;
    let own = words(secrets[0].deal(common, LEVEL, 0))?;
    let third = words(secrets[2].deal(common, LEVEL, 0))?;
    words(secrets[0].collect(common, LEVEL, &[own, hostile, third])).map(drop)
}

fn deal_seeds(_: &Path) -> Vec<Vec<u8>> {
    let Joint { common, secrets, .. } = Joint::get();
    let bytes = made(secrets[1].deal(common, LEVEL, 0)).to_bytes();
    vec![[&[0], &bytes[..]].concat(), [&[1], &bytes[..100]].concat()]
}

fn read_decryption(input: &[u8]) -> Result<(), String> {
    let Joint { session, release, encoder, .. } = Joint::get();
    let sender = |party| Sender { session: *session.tag(), party };
    // the release that it answers is known to a hostile party
    let digest: String = release.digest().iter().map(|byte| format!("{byte:02x}")).collect();
    let text = match serde_json::from_slice(input) {
        Ok(serde_json::Value::Object(mut fields)) => {
            fields.insert("release".into(), digest.into());
            serde_json::Value::Object(fields).to_string().into_bytes()
        }
        _ => input.to_vec(),
    };
    let mut sum = DecryptionSum::new(release);
    let share = readers::decryption(&text, sender(1))?;
    words(sum.add(&share))?;
    // its own is another of that shape
    words(sum.add(&head_joint::ckks_threshold::DecryptionShare { sender: sender(0), ..share }))?;
    words(sum.finish(encoder)).map(drop)
}

fn decryption_seeds(_: &Path) -> Vec<Vec<u8>> {
    let Joint { common, secrets, release, .. } = Joint::get();
    let deals: Vec<_> = secrets.iter().map(|secret| made(secret.deal(common, LEVEL, 1))).collect();
    let threshold = made(secrets[1].collect(common, LEVEL, &deals));
    let share = made(threshold.decryption_share(&secrets[1], release, &mut Ledger::default()));
    vec![made(readers::decryption_text(share))]
}

fn read_sealed(input: &[u8]) -> Result<(), String> {
    let (&which, input) = input.split_first().ok_or("empty")?;
    folder::with(|folder| readers::sealed(folder, input, which % 2 == 1))
}

fn sealed_seeds(_: &Path) -> Vec<Vec<u8>> {
    let [file, inside] = made(folder::with(|folder| readers::sealed_seed(folder, b"a message")));
    vec![[&[0], &file[..]].concat(), [&[1], &inside[..]].concat()]
}
