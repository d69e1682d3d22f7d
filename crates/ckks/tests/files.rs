//! Files: round trips, a frozen format, and refusal of damaged and foreign files.
#![allow(clippy::unwrap_used)]

mod common;

use ckks::serial::{
    AtomicFile, FileError, FileKind, NewFile, Reader, ResumableFile, StoredCiphertexts, Writer,
};
use ckks::{
    Complex64, Digits, KeyGenerator, KeyShape, Parameters, SecretEncryptor, SecretKey, SecureRng, presets,
};
use common::{Party, distance, values};

const KIND: FileKind = FileKind::new("test data");

fn one_item<'a>(kind: FileKind, parameters: &'a Parameters, secret: &SecretKey) -> NewFile<'a> {
    NewFile { kind, parameters, key_id: secret.key_id(), items: 1, metadata: b"" }
}

/// A file with metadata, a seeded and a full ciphertext.
fn sample(party: &Party) -> (Vec<u8>, Vec<f64>) {
    sample_from(party, [5; 32])
}

fn sample_from(party: &Party, seed: [u8; 32]) -> (Vec<u8>, Vec<f64>) {
    let x = values(party.parameters.slots(), 1);
    let plaintext = party.encoder.encode(&x, 2, &party.parameters.default_scale()).unwrap();
    let seeded =
        SecretEncryptor::new(&party.secret).encrypt(&plaintext, &mut SecureRng::from_seed(seed)).unwrap();
    let full = party.evaluator.mul(&seeded.clone().expand(), &seeded.clone().expand()).unwrap();
    let file =
        NewFile { items: 2, metadata: b"{\"a\":1}", ..one_item(KIND, &party.parameters, &party.secret) };
    let mut writer = Writer::new(Vec::new(), "memory", file).unwrap();
    writer.write_seeded(&seeded).unwrap();
    writer.write_ciphertext(&full).unwrap();
    (writer.finish().unwrap(), x)
}

fn read_all(bytes: &[u8], parameters: &Parameters) -> Result<Vec<ckks::Ciphertext>, FileError> {
    let mut reader = Reader::new(bytes, "memory")?;
    reader.expect_kind(KIND)?;
    let mut items = Vec::new();
    while reader.remaining() > 0 {
        items.push(reader.read_ciphertext(parameters)?);
    }
    reader.finish()?;
    Ok(items)
}

#[test]
fn ciphertexts_survive_a_round_trip() {
    let party = Party::small(&[]);
    let (bytes, x) = sample(&party);
    let reader = Reader::new(&bytes[..], "memory").unwrap();
    assert_eq!(reader.metadata(), b"{\"a\":1}");
    assert_eq!(reader.header().parameter_name, party.parameters.name());
    let items = read_all(&bytes, &party.parameters).unwrap();
    let n = party.parameters.slots();
    assert!(distance(&party.decrypt(&items[0], n), &x) < 1e-6);
    let squares: Vec<f64> = x.iter().map(|x| x * x).collect();
    assert!(distance(&party.decrypt(&items[1], n), &squares) < 1e-6);
    assert_eq!(
        *items[1].scale(),
        items[0].scale().mul(items[0].scale()).div(&party.parameters.rescale_factor(2))
    );
}

#[test]
fn keys_survive_a_round_trip() {
    let party = Party::small(&[]);
    let (parameters, id) = (&party.parameters, party.secret.key_id());
    let mut generator = KeyGenerator::new(&party.secret).unwrap();

    let new_writer =
        |kind| Writer::new(Vec::new(), "key", one_item(kind, parameters, &party.secret)).unwrap();

    let mut writer = new_writer(FileKind::SECRET_KEY);
    writer.write_secret_key(&party.secret).unwrap();
    let bytes = writer.finish().unwrap();
    let secret = Reader::new(&bytes[..], "key").unwrap().read_secret_key(parameters).unwrap();
    assert_eq!(secret.coefficients(), party.secret.coefficients());
    assert_eq!(secret.key_id(), id);

    let key = generator.rotation_key(3, parameters.key_shape(2)).unwrap();
    let mut writer = new_writer(FileKind::EVALUATION_KEY);
    writer.write_switching_key(&key).unwrap();
    let bytes = writer.finish().unwrap();
    let back = Reader::new(&bytes[..], "key").unwrap().read_switching_key(parameters).unwrap();
    assert_eq!((back.purpose(), back.shape(), back.digits()), (key.purpose(), key.shape(), key.digits()));

    let public = generator.public_key();
    let mut writer = new_writer(FileKind::PUBLIC_KEY);
    writer.write_public_key(&public).unwrap();
    let bytes = writer.finish().unwrap();
    let back = Reader::new(&bytes[..], "key").unwrap().read_public_key(parameters).unwrap();
    assert_eq!(back.b(), public.b());
}

#[test]
fn every_truncation_is_noticed() {
    let party = Party::small(&[]);
    let (bytes, _) = sample(&party);
    for length in (0..200).chain((200..bytes.len()).step_by(997)).chain(bytes.len() - 20..bytes.len()) {
        let error = read_all(&bytes[..length], &party.parameters).unwrap_err();
        assert!(matches!(error, FileError::Truncated { .. }), "at {length}: {error}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(read_all(&longer, &party.parameters).unwrap_err().to_string().contains("after the last item"));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let party = Party::small(&[]);
    let (bytes, _) = sample(&party);
    for at in (0..400).chain((400..bytes.len()).step_by(1009)) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(read_all(&damaged, &party.parameters).is_err(), "flip at byte {at}");
    }
}

#[test]
fn foreign_files_are_refused_by_name() {
    let party = Party::small(&[]);
    let (bytes, _) = sample(&party);
    let other = presets::insecure_for_tests(11, 3).unwrap();
    assert!(matches!(read_all(&bytes, &other), Err(FileError::Parameters { .. })));
    let reader = Reader::new(&bytes[..], "memory").unwrap();
    assert!(matches!(reader.expect_kind(FileKind::SECRET_KEY), Err(FileError::Kind { .. })));
    let stranger = SecretKey::generate(&party.parameters).unwrap();
    assert!(matches!(reader.expect_key(stranger.key_id()), Err(FileError::Key { .. })));
    assert!(matches!(Reader::new(&[b'x'; 300][..], "memory"), Err(FileError::Magic { .. })));
    let mut later = bytes.clone();
    later[8] = 9;
    assert!(matches!(Reader::new(&later[..], "memory"), Err(FileError::Version { found: 9, .. })));
    let mut reader = Reader::new(&bytes[..], "memory").unwrap();
    assert!(reader.read_switching_key(&party.parameters).is_err());
}

#[test]
fn a_writer_keeps_its_word_on_the_number_of_items() {
    let party = Party::small(&[]);
    let file = one_item(KIND, &party.parameters, &party.secret);
    let writer = Writer::new(Vec::new(), "memory", file).unwrap();
    assert!(matches!(writer.finish(), Err(FileError::Invalid { .. })));
}

#[test]
fn an_uncommitted_file_leaves_nothing() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let mut file = AtomicFile::create(&path).unwrap();
    file.write_all(b"half").unwrap();
    drop(file);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    let mut file = AtomicFile::create_private(&path).unwrap();
    file.write_all(b"whole").unwrap();
    file.commit().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"whole");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

/// A file that is kept outlives its writer, one that is not does not; nobody else writes it meanwhile.
#[cfg(unix)]
#[test]
fn files_that_are_continued() {
    use std::io::{Read, Write};
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("data");
    let partial = ResumableFile::place(&target);
    drop(ResumableFile::begin(&target).unwrap());
    assert!(!partial.exists() && ResumableFile::resume(&target).unwrap().is_none());

    let mut file = ResumableFile::begin(&target).unwrap();
    assert!(matches!(ResumableFile::begin(&target), Err(FileError::Busy { .. })));
    assert!(matches!(ResumableFile::resume(&target), Err(FileError::Busy { .. })));
    file.write_all(b"first, cut").unwrap();
    file.flush().unwrap();
    file.keep();
    drop(file);
    // others leave it alone
    AtomicFile::remove_abandoned(&target).unwrap();
    AtomicFile::create(&target).unwrap().commit().unwrap();

    let mut file = ResumableFile::resume(&target).unwrap().unwrap();
    let mut left = Vec::new();
    file.left().unwrap().read_to_end(&mut left).unwrap();
    assert_eq!(left, b"first, cut");
    file.cut(5).unwrap();
    file.write_all(b", second").unwrap();
    file.commit().unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), b"first, second");
    assert!(!partial.exists());

    // what was kept can be replaced; a link in its place is not followed
    let mut file = ResumableFile::begin_private(&target).unwrap();
    file.keep();
    drop(file);
    drop(ResumableFile::begin(&target).unwrap());
    assert!(!partial.exists());
    symlink(&target, &partial).unwrap();
    assert!(ResumableFile::resume(&target).unwrap().is_none());
    assert!(ResumableFile::begin(&target).is_err());
    assert_eq!(std::fs::read(&target).unwrap(), b"first, second");
}

/// Names of partial files cannot be known beforehand, links by such names are not followed, and what a killed process left is removed.
#[cfg(unix)]
#[test]
fn partial_files_of_others() {
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let names = || {
        let mut names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    std::fs::write(path("victim"), "kept").unwrap();
    symlink(path("victim"), path("data.0123456789abcdef.partial")).unwrap();
    symlink(path("victim"), path(&format!("data.{}.partial", std::process::id()))).unwrap();
    // left by processes that were killed: of this target, and of another whose name begins with it
    std::fs::write(path("data.00000000000000ff.partial"), "left").unwrap();
    std::fs::write(path("data.enc.00000000000000ff.partial"), "left").unwrap();
    std::fs::write(path("data.txt.partial"), "not ours").unwrap();

    let mut file = AtomicFile::create_private(&path("data")).unwrap();
    let partial = names().into_iter().find(|name| std::fs::metadata(path(name)).unwrap().len() == 0).unwrap();
    assert_eq!(std::fs::metadata(path(&partial)).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(AtomicFile::create(&path("data")), Err(FileError::Busy { .. })));
    file.write_all(b"whole").unwrap();
    file.commit().unwrap();
    assert_eq!(std::fs::read(path("victim")).unwrap(), b"kept");
    assert!(!path("data.00000000000000ff.partial").exists());

    let living = AtomicFile::create(&path("data.enc")).unwrap();
    AtomicFile::remove_abandoned(&path("data")).unwrap();
    let partials = names().into_iter().filter(|name| name.ends_with(".partial"));
    let mut partials = partials.filter(|name| path(name).symlink_metadata().unwrap().is_file());
    // that of the living file, and what is not ours
    assert!(partials.next().unwrap().starts_with("data.enc."));
    assert_eq!((partials.next().as_deref(), partials.next()), (Some("data.txt.partial"), None));
    drop(living);

    // a link as the target is replaced, and what it names is kept
    symlink(path("victim"), path("link")).unwrap();
    AtomicFile::create(&path("link")).unwrap().commit().unwrap();
    assert!(path("link").symlink_metadata().unwrap().is_file());
    assert_eq!(std::fs::read(path("victim")).unwrap(), b"kept");
    assert!(AtomicFile::writes_through(std::path::Path::new("/dev/null")));
    AtomicFile::create(std::path::Path::new("/dev/null")).unwrap().commit().unwrap();
}

/// The bytes of keys and ciphertexts from a fixed seed. A change of format, sampling or arithmetic changes the hash.
#[test]
fn the_format_is_frozen() {
    let parameters = presets::insecure_for_tests(10, 2).unwrap();
    let secret = SecretKey::generate_with(&parameters, &mut SecureRng::from_seed([1; 32]));
    let mut generator = KeyGenerator::with_rng(&secret, SecureRng::from_seed([2; 32]));
    let encoder = ckks::Encoder::new(&parameters);
    let vector = [Complex64::new(0.5, -0.25), Complex64::new(-1.0, 1.0)];
    let plaintext = encoder.encode_complex(&vector, 2, &parameters.default_scale()).unwrap();
    let seeded =
        SecretEncryptor::new(&secret).encrypt(&plaintext, &mut SecureRng::from_seed([3; 32])).unwrap();
    let file = NewFile { items: 5, metadata: b"frozen", ..one_item(KIND, &parameters, &secret) };
    let mut writer = Writer::new(Vec::new(), "memory", file).unwrap();
    writer.write_secret_key(&secret).unwrap();
    let shape = |level, mask| KeyShape { level, special: 2, digits: Digits::from_mask(mask).unwrap() };
    writer.write_switching_key(&generator.relinearisation_key(shape(2, 0b11)).unwrap()).unwrap();
    writer.write_switching_key(&generator.rotation_key(1, shape(1, 0b01)).unwrap()).unwrap();
    writer.write_public_key(&generator.public_key()).unwrap();
    writer.write_seeded(&seeded).unwrap();
    let hash = blake3::hash(&writer.finish().unwrap()).to_hex();
    assert_eq!(hash.as_str(), "a09bde358ecd6cf0ee584a4b3fbfdf35af1bf65e37658f3daac9bedcee98c329");
}

/// A file with the bytes of [`sample`], opened for reads at places.
fn stored(bytes: &[u8], parameters: &Parameters) -> (tempfile::NamedTempFile, Result<Stored, FileError>) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let open = std::fs::File::open(file.path()).unwrap();
    let stored = StoredCiphertexts::open(open, bytes.len() as u64, "stored", (KIND, parameters));
    (file, stored)
}

type Stored = (StoredCiphertexts, Vec<u8>);

#[test]
fn ciphertexts_are_read_where_they_lie() {
    let party = Party::small(&[]);
    let (bytes, _) = sample(&party);
    let in_order = read_all(&bytes, &party.parameters).unwrap();
    let (_file, stored) = stored(&bytes, &party.parameters);
    let (stored, metadata) = stored.unwrap();
    assert_eq!((stored.len(), &metadata[..]), (2, &b"{\"a\":1}"[..]));
    for index in [1, 0, 1] {
        let read = stored.read(index).unwrap();
        assert!(read.polys() == in_order[index].polys() && read.scale() == in_order[index].scale());
        let words: usize =
            read.polys().iter().map(|poly| poly.basis().limbs() * party.parameters.degree()).sum();
        assert_eq!(stored.bytes_in_memory(index), 8 * words as u64);
    }
    assert!(stored.read(2).is_err());
    stored.expect_soon(0..2);
}

#[test]
fn a_stored_file_that_does_not_fit_is_refused() {
    let party = Party::small(&[]);
    let (bytes, _) = sample(&party);
    for length in [0, 100, 160, 200, bytes.len() / 2, bytes.len() - 1] {
        let (_file, stored) = stored(&bytes[..length], &party.parameters);
        assert!(matches!(stored, Err(FileError::Truncated { .. })), "{length}: {:?}", stored.err());
    }
    let (_file, longer) = stored(&[&bytes[..], b"x"].concat(), &party.parameters);
    assert!(longer.unwrap_err().to_string().contains("bytes after the last item"));
    let file = one_item(FileKind::new("other"), &party.parameters, &party.secret);
    let mut writer = Writer::new(Vec::new(), "memory", file).unwrap();
    writer.write_ciphertext(&read_all(&bytes, &party.parameters).unwrap()[0]).unwrap();
    let (_file, other) = stored(&writer.finish().unwrap(), &party.parameters);
    assert!(matches!(other, Err(FileError::Kind { .. })));
}

/// Neither what is damaged in use, nor what is exchanged for another file with checksums that are right.
#[test]
fn a_stored_file_is_checked_at_each_read() {
    let party = Party::small(&[]);
    let (bytes, _) = sample(&party);
    let (file, stored) = stored(&bytes, &party.parameters);
    let (stored, _) = stored.unwrap();
    stored.read(0).unwrap();
    let write = |bytes: &[u8]| std::fs::write(file.path(), bytes).unwrap();

    let mut damaged = bytes.clone();
    let at = bytes.len() / 3;
    damaged[at] ^= 1;
    write(&damaged);
    assert!(matches!(stored.read(0), Err(FileError::Checksum { .. })));
    write(&bytes[..at]);
    assert!(matches!(stored.read(0), Err(FileError::Truncated { .. })));

    let (exchanged, _) = sample_from(&party, [6; 32]);
    assert_eq!(exchanged.len(), bytes.len());
    write(&exchanged);
    assert!(stored.read(0).unwrap_err().to_string().contains("was changed while the file was in use"));
    write(&bytes);
    stored.read(0).unwrap();
}
