//! Nothing of a secret stays in memory: the process searches its own for key bytes after everything is dropped. In a file of
//! its own, since another test's key would be found, and would forbid reading the memory.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::fs::{File, read_to_string};
use std::io::{Read, Seek, SeekFrom};

use ckks::serial::{AtomicFile, FileKind, NewFile, Reader, Writer};
use ckks::{
    Decryptor, Encoder, Flooding, FloodingLiteral, KeyGenerator, Parameters, PublicEncryptor,
    SecretEncryptor, SecretKey, SecureRng, presets,
};
use ckks_math::Poly;

/// Bytes of a secret, kept in disguise, so that the search does not find what it searches for.
struct Needle {
    what: String,
    disguised: Vec<u8>,
}

const MASK: u8 = 0x5a;

impl Needle {
    fn new(what: impl Into<String>, bytes: impl Iterator<Item = u8>) -> Self {
        let needle = Self { what: what.into(), disguised: bytes.map(|byte| byte ^ MASK).collect() };
        assert!(needle.disguised.iter().filter(|&&b| b != MASK).count() >= 8, "too plain");
        needle
    }

    /// Some words of a limb of a polynomial, more than a register holds.
    fn of_limb<D>(what: &str, poly: &Poly<D>, limb: usize) -> Self {
        let words = poly.limb(limb)[41..57].iter();
        Self::new(format!("{what}, limb {limb}"), words.flat_map(|word| word.to_le_bytes()))
    }

    fn count_in(&self, memory: &[u8]) -> usize {
        let (first, len) = (self.disguised[0], self.disguised.len());
        let same = |at: usize| self.disguised.iter().zip(&memory[at..]).all(|(d, m)| d ^ MASK == *m);
        let ends = memory.len().saturating_sub(len - 1);
        (0..ends).filter(|&at| memory[at] ^ MASK == first && same(at)).count()
    }
}

/// How often each needle lies in the writable memory of this process. What the search itself has read does not count.
fn search(needles: &[Needle]) -> Vec<usize> {
    /// Bytes read at a time, and those read again at each border.
    const PART: u64 = 1 << 20;
    const BORDER: u64 = 1 << 10;
    let mut memory = File::open("/proc/self/mem").unwrap();
    let mut buffer = vec![0; PART as usize];
    let own = buffer.as_ptr() as u64;
    let mut found = vec![0; needles.len()];
    for line in read_to_string("/proc/self/maps").unwrap().lines() {
        let mut fields = line.split_whitespace();
        let (range, mode) = (fields.next().unwrap(), fields.next().unwrap());
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        if !mode.starts_with("rw") {
            continue;
        }
        for start in (start..end).step_by((PART - BORDER) as usize) {
            let part = &mut buffer[..(end - start).min(PART) as usize];
            memory.seek(SeekFrom::Start(start)).unwrap();
            memory.read_exact(part).unwrap();
            for (at, byte) in (start..).zip(part.iter_mut()) {
                if (own..own + PART).contains(&at) {
                    *byte = 0;
                }
            }
            found.iter_mut().zip(needles).for_each(|(found, needle)| *found += needle.count_in(part));
        }
    }
    found
}

/// The middle of a secret's coefficients, as they are held and as they are written.
fn coefficients(what: &str, all: &[i64]) -> [Needle; 2] {
    let middle = all[300..364].iter();
    [
        Needle::new(format!("{what}, coefficients"), middle.clone().flat_map(|c| c.to_le_bytes())),
        Needle::new(format!("{what}, bytes"), middle.map(|&c| (c as i8).cast_unsigned())),
    ]
}

/// A data party's work from the first key to the last decrypted number.
fn work(parameters: &Parameters) -> Vec<Needle> {
    let secret = SecretKey::generate(parameters).unwrap();
    let mut all = Vec::from(coefficients("secret key", secret.coefficients()));
    let limbs = secret.poly().basis().limbs();
    all.extend((0..limbs).map(|i| Needle::of_limb("secret key", secret.poly(), i)));
    all.push(Needle::of_limb("square of the key", &secret.poly().mul(secret.poly()), 0));

    let mut generator = KeyGenerator::new(&secret).unwrap();
    let shape = parameters.key_shape(parameters.max_level());
    let public = generator.public_key();
    generator.relinearisation_key(shape).unwrap();
    generator.rotation_key(3, shape).unwrap();

    let (encoder, scale) = (Encoder::new(parameters).private(), parameters.default_scale());
    let values: Vec<f64> = (0..parameters.slots()).map(|i| ((i * i) as f64 * 0.37).sin()).collect();
    let plaintext = encoder.encode(&values, 2, &scale).unwrap();
    all.push(Needle::of_limb("message", plaintext.poly(), 0));
    let mut rng = SecureRng::from_os().unwrap();
    let encrypted = SecretEncryptor::new(&secret).encrypt(&plaintext, &mut rng).unwrap().expand();
    PublicEncryptor::new(&public).encrypt(&plaintext, &mut rng).unwrap();
    let decrypted = Decryptor::new(&secret).decrypt(&encrypted).unwrap();
    all.push(Needle::of_limb("decrypted", decrypted.poly(), 0));
    all.push(Needle::of_limb("decrypted coefficients", &decrypted.poly().clone().into_coeff(), 0));
    encoder.decode(&decrypted, 4).unwrap();
    let literal = FloodingLiteral { numbers: 8, error_bound: 1e3, releases: 1, bits: 20 };
    let mut flooding = Flooding::new(literal).unwrap();
    flooding.decrypt(&Decryptor::new(&secret), &encoder, &[&encrypted], 4).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.key");
    let mut file = AtomicFile::create_private(&path).unwrap();
    let header = NewFile {
        kind: FileKind::new("test data"),
        parameters,
        key_id: secret.key_id(),
        items: 1,
        metadata: b"",
    };
    let mut writer = Writer::new(&mut file, "file", header).unwrap();
    writer.write_secret_key(&secret).unwrap();
    writer.finish().unwrap();
    file.commit().unwrap();
    drop(secret);
    let again = Reader::new(File::open(&path).unwrap(), "file").unwrap().read_secret_key(parameters).unwrap();
    assert_eq!(again.coefficients().len(), parameters.degree());
    all
}

#[test]
fn no_key_bytes_are_left_after_drop() {
    let parameters = presets::insecure_for_tests(11, 4).unwrap();
    // The search finds what is there.
    let there: Vec<i64> = (0..400).map(|i| i * i % 3 - 1).collect();
    let probe = coefficients("probe", &there);
    assert!(search(&probe)[0] >= 1);
    drop(there);

    // While a key is loaded, the process cannot be dumped.
    let secret = SecretKey::generate(&parameters).unwrap();
    let dumpable = || rustix::process::dumpable_behavior().unwrap();
    assert_eq!(dumpable(), rustix::process::DumpableBehavior::NotDumpable);
    drop(secret);
    assert_eq!(dumpable(), rustix::process::DumpableBehavior::Dumpable);

    let needles = work(&parameters);
    assert!(needles.len() > 12);
    for (needle, found) in needles.iter().zip(search(&needles)) {
        assert_eq!(found, 0, "{}", needle.what);
    }
}
