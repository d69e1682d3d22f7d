//! Keys and ciphertexts. Inputs are [`Sketch`]es.

use std::io::Take;
use std::path::Path;

use fhe_head::ckks::serial::{FileError, FileKind, NewFile, Reader, Writer};
use fhe_head::client::{decrypt_head, decrypt_scores, encrypt_for_scoring};
use fhe_head::files::Origin;
use fhe_head::{BuiltIn, files, server};

use super::small::Small;
use crate::sketch::{Filled, Sketch};
use crate::{Target, parcel};

/// Keys of every kind: a byte chooses the kind.
pub const KEYS: Target = Target { name: "keys", read: read_key, seeds: key_seeds };
/// Encrypted data.
pub const DATA: Target = Target { name: "data", read: read_data, seeds: data_seeds };
/// A state, as a checkpoint holds it.
pub const STATE: Target = Target { name: "state", read: read_state, seeds: state_seeds };
/// An encrypted head, which the data party decrypts.
pub const HEAD: Target = Target { name: "head", read: read_head, seeds: head_seeds };
/// Encrypted scores, which the data party decrypts.
pub const SCORES: Target = Target { name: "scores", read: read_scores, seeds: score_seeds };
/// Samples to score.
pub const SAMPLES: Target = Target { name: "samples", read: read_samples, seeds: sample_seeds };
/// Encrypted data that the compute party trains on.
pub const TRAINING: Target = Target { name: "training", read: train, seeds: data_seeds };
/// A file of ours, bytes as they are.
pub const HEADER: Target = Target { name: "header", read: read_header, seeds: header_seeds };

const KINDS: [FileKind; 3] = [FileKind::SECRET_KEY, FileKind::PUBLIC_KEY, FileKind::EVALUATION_KEY];

/// A reader of the file that the input is the sketch of.
fn reader(input: &[u8], kind: FileKind) -> Result<Reader<Take<Filled<'static>>>, FileError> {
    let small = Small::get();
    let mut sketch = Sketch::from_bytes(input);
    if let Some(metadata) = files::transcribed::<BuiltIn>(kind, &sketch.metadata) {
        sketch.metadata = metadata;
    }
    Reader::new(sketch.fill_in(kind, &small.parameters, small.secret.key_id()), "input")
}

fn sketch(file: &[u8]) -> Vec<u8> {
    Sketch::of(file, &Small::get().parameters).to_bytes()
}

fn words<T, E: std::fmt::Display>(read: Result<T, E>) -> Result<T, String> {
    read.map_err(|error| error.to_string())
}

fn read_key(input: &[u8]) -> Result<(), String> {
    let (&kind, input) = input.split_first().ok_or("empty")?;
    let kind = KINDS[usize::from(kind) % KINDS.len()];
    let parameters = &Small::get().parameters;
    let mut reader = words(reader(input, kind))?;
    match kind {
        FileKind::SECRET_KEY => drop(words(reader.read_secret_key(parameters))?),
        FileKind::PUBLIC_KEY => drop(words(reader.read_public_key(parameters))?),
        _ => drop(words(reader.read_switching_key(parameters))?),
    }
    words(reader.finish())
}

fn key_seeds(_: &Path) -> Vec<Vec<u8>> {
    use fhe_head::ckks::KeyGenerator;
    type Write<'a> = &'a dyn Fn(&mut Writer<Vec<u8>>) -> Result<(), FileError>;
    let Small { parameters, secret, keys, .. } = Small::get();
    let file = |kind: FileKind, write: Write<'_>| {
        let new = NewFile { kind, parameters, key_id: secret.key_id(), items: 1, metadata: b"" };
        let mut writer = written(Writer::new(Vec::new(), "", new));
        written(write(&mut writer));
        let number = KINDS.iter().position(|known| *known == kind).unwrap_or_default() as u8;
        [vec![number], sketch(&written(writer.finish()))].concat()
    };
    let public = written(KeyGenerator::new(secret)).public_key();
    let mut seeds = vec![
        file(FileKind::SECRET_KEY, &|writer| writer.write_secret_key(secret)),
        file(FileKind::PUBLIC_KEY, &|writer| writer.write_public_key(&public)),
    ];
    seeds.extend(
        keys.iter().map(|key| file(FileKind::EVALUATION_KEY, &|writer| writer.write_switching_key(key))),
    );
    seeds
}

fn read_data(input: &[u8]) -> Result<(), String> {
    let small = Small::get();
    let reader = words(reader(input, files::DATA))?;
    words(files::read_data::<_, BuiltIn>(reader, &small.parameters)).map(drop)
}

fn train(input: &[u8]) -> Result<(), String> {
    let small = Small::get();
    let reader = words(reader(input, files::DATA))?;
    let (job, _, blocks, state) = words(files::read_data::<_, BuiltIn>(reader, &small.parameters))?;
    if job.iterations() > 4 {
        return Err("a training that takes long".into());
    }
    let engine = words(server::engine(small.keys.clone(), &job))?;
    let observe = |_: &_| Ok::<_, fhe_head::Error>(std::ops::ControlFlow::<()>::Continue(()));
    words(server::resume(&engine, &job, &blocks, state, observe)).map(drop)
}

fn data_seeds(_: &Path) -> Vec<Vec<u8>> {
    let encryptor = Small::get().encryptor();
    let observe = |_| Ok::<_, fhe_head::Error>(());
    vec![sketch(&written(files::write_data(Vec::new(), "", &encryptor, &Origin::default(), observe)))]
}

fn read_state(input: &[u8]) -> Result<(), String> {
    let reader = words(reader(input, files::STATE))?;
    words(files::read_state::<_, BuiltIn>(reader, &Small::get().parameters)).map(drop)
}

fn state_seeds(_: &Path) -> Vec<Vec<u8>> {
    let small = Small::get();
    let state = written(small.train()).state;
    vec![sketch(&written(files::write_state(Vec::new(), "", &small.plan.job, &Origin::default(), &state)))]
}

fn read_head(input: &[u8]) -> Result<(), String> {
    let small = Small::get();
    let reader = words(reader(input, files::HEAD))?;
    let (job, _, head) = words(files::read_head::<_, BuiltIn>(reader, &small.parameters))?;
    // residues that are made up decrypt to anything, and are refused for it
    drop(decrypt_head(&small.secret, &job, &head));
    Ok(())
}

fn head_seeds(_: &Path) -> Vec<Vec<u8>> {
    let small = Small::get();
    let head = written(small.train()).head;
    vec![sketch(&written(files::write_head(Vec::new(), "", &small.plan.job, &Origin::default(), &head)))]
}

fn read_scores(input: &[u8]) -> Result<(), String> {
    let small = Small::get();
    let reader = words(reader(input, files::SCORES))?;
    let (job, _, _, scores) = words(files::read_scores::<_, BuiltIn>(reader, &small.parameters))?;
    drop(decrypt_scores(&small.secret, &job, small.x.nrows(), &scores));
    Ok(())
}

fn score_seeds(_: &Path) -> Vec<Vec<u8>> {
    let small = Small::get();
    let job = &small.plan.job;
    let head = written(small.train()).head;
    let blocks: Vec<Vec<_>> = written(encrypt_for_scoring(&small.secret, job, &small.x.view()))
        .into_iter()
        .map(|block| block.into_iter().map(|sample| sample.expand()).collect())
        .collect();
    let engine = written(server::engine(small.keys.clone(), job));
    let scores = written(server::score(&engine, job, &head.weights, &blocks));
    vec![sketch(&written(files::write_scores(
        Vec::new(),
        "",
        job,
        &Origin::default(),
        head.iteration,
        &scores,
    )))]
}

fn read_samples(input: &[u8]) -> Result<(), String> {
    let reader = words(reader(input, files::SAMPLES))?;
    words(files::read_samples::<_, BuiltIn>(reader, &Small::get().parameters)).map(drop)
}

fn sample_seeds(_: &Path) -> Vec<Vec<u8>> {
    let small = Small::get();
    let blocks = written(encrypt_for_scoring(&small.secret, &small.plan.job, &small.x.view()));
    let file =
        files::write_samples(Vec::new(), "", &small.secret, &small.plan.job, &Origin::default(), &blocks);
    vec![sketch(&written(file))]
}

/// The input is a tail of zeros or more behind a file that need not be sealed: what anybody may name as a file of ours.
fn read_header(input: &[u8]) -> Result<(), String> {
    let small = Small::get();
    let [raw, tail] = parcel::unpack(input);
    let mut reader = words(Reader::new(std::io::Cursor::new([raw, tail].concat()), "input"))?;
    words(reader.read_ciphertext(&small.parameters))?;
    words(reader.finish())
}

fn header_seeds(_: &Path) -> Vec<Vec<u8>> {
    let small = Small::get();
    let mut rng = written(fhe_head::ckks::SecureRng::from_os());
    let encoder = fhe_head::ckks::Encoder::new(&small.parameters);
    let plaintext = written(encoder.encode(&[0.5], 0, &small.parameters.default_scale()));
    let encrypted =
        written(fhe_head::ckks::SecretEncryptor::new(&small.secret).encrypt(&plaintext, &mut rng));
    let (parameters, key_id) = (&small.parameters, small.secret.key_id());
    let new = NewFile { kind: files::HEAD, parameters, key_id, items: 1, metadata: b"{}" };
    let mut writer = written(Writer::new(Vec::new(), "", new));
    written(writer.write_seeded(&encrypted));
    let file = written(writer.finish());
    let (raw, tail) = file.split_at(170);
    vec![parcel::pack([raw, tail])]
}

/// What cannot fail.
fn written<T, E: std::fmt::Display>(made: Result<T, E>) -> T {
    made.unwrap_or_else(|error| panic!("a seed cannot be made: {error}"))
}
