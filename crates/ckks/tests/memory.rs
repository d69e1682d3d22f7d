//! Nothing of a secret stays in memory: the process searches its own for key bytes after everything is dropped. In a file of
//! its own, since another test's key would be found, and would forbid reading the memory.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::fs::{File, read_to_string};
use std::io::{Read, Seek, SeekFrom};

use ckks::serial::{FileKind, NewFile, Writer};
use ckks::{
    Decryptor, Encoder, Flooding, FloodingLiteral, KeyGenerator, Parameters, PublicEncryptor,
    SecretEncryptor, SecretKey, SecureRng, presets,
};
use zerocopy::IntoBytes;

/// Bytes of a secret, kept in disguise, so that the search does not find what it searches for.
struct Needle {
    what: String,
    disguised: Vec<u8>,
}

const MASK: u8 = 0x5a;

impl Needle {
    fn new(what: impl Into<String>, bytes: &[u8]) -> Self {
        assert!(bytes.iter().filter(|&&b| b != 0).count() >= 8, "too plain");
        Self { what: what.into(), disguised: bytes.iter().map(|b| b ^ MASK).collect() }
    }

    fn count_in(&self, memory: &[u8]) -> usize {
        let (first, len) = (self.disguised[0], self.disguised.len());
        let same = |at: usize| self.disguised.iter().zip(&memory[at..]).all(|(d, m)| d ^ MASK == *m);
        let ends = memory.len().saturating_sub(len - 1);
        (0..ends).filter(|&at| memory[at] ^ MASK == first && same(at)).count()
    }
}

/// How often each needle lies in the writable memory of this process, the search's own buffer left out.
fn search(needles: &[Needle]) -> Vec<usize> {
    let mut memory = File::open("/proc/self/mem").unwrap();
    let mut found = vec![0; needles.len()];
    let mut buffer = Vec::with_capacity(1 << 28);
    let own = buffer.as_ptr() as u64;
    for line in read_to_string("/proc/self/maps").unwrap().lines() {
        let mut fields = line.split_whitespace();
        let (range, mode) = (fields.next().unwrap(), fields.next().unwrap());
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        if !mode.starts_with("rw") || line.ends_with("[vvar]") || (start..end).contains(&own) {
            continue;
        }
        assert!(end - start <= 1 << 28, "a mapping of {} bytes", end - start);
        buffer.resize((end - start) as usize, 0);
        memory.seek(SeekFrom::Start(start)).unwrap();
        memory.read_exact(&mut buffer).unwrap();
        found.iter_mut().zip(needles).for_each(|(found, needle)| *found += needle.count_in(&buffer));
    }
    found
}

/// The middle of a secret, in every form in which it is held or written.
fn needles(what: &str, coefficients: &[i64], limbs: impl Iterator<Item = Vec<u64>>) -> Vec<Needle> {
    let middle = &coefficients[300..364];
    let bytes: Vec<i8> = middle.iter().map(|&c| c as i8).collect();
    let mut all = vec![
        Needle::new(format!("{what}, coefficients"), middle.as_bytes()),
        Needle::new(format!("{what}, bytes"), bytes.as_bytes()),
    ];
    let limbs = limbs.enumerate();
    all.extend(limbs.map(|(i, words)| Needle::new(format!("{what}, limb {i}"), words[40..48].as_bytes())));
    all
}

fn poly_limbs<D>(poly: &ckks_math::Poly<D>) -> impl Iterator<Item = Vec<u64>> {
    (0..poly.basis().limbs()).map(|i| poly.limb(i).to_vec())
}

/// A data party's work from the first key to the last decrypted number.
fn work(parameters: &Parameters) -> Vec<Needle> {
    let secret = SecretKey::generate(parameters).unwrap();
    let mut all = needles("secret key", secret.coefficients(), poly_limbs(secret.poly()));
    let square = secret.poly().mul(secret.poly());
    all.push(Needle::new("square of the key", poly_limbs(&square).next().unwrap()[40..48].as_bytes()));

    let mut generator = KeyGenerator::new(&secret).unwrap();
    let shape = parameters.key_shape(parameters.max_level());
    let public = generator.public_key();
    generator.relinearisation_key(shape).unwrap();
    generator.rotation_key(3, shape).unwrap();

    let (encoder, scale) = (Encoder::new(parameters).private(), parameters.default_scale());
    let values: Vec<f64> = (0..parameters.slots()).map(|i| ((i * i) as f64 * 0.37).sin()).collect();
    let plaintext = encoder.encode(&values, 2, &scale).unwrap();
    all.push(Needle::new("message", poly_limbs(plaintext.poly()).next().unwrap()[40..48].as_bytes()));
    let mut rng = SecureRng::from_os().unwrap();
    let encrypted = SecretEncryptor::new(&secret).encrypt(&plaintext, &mut rng).unwrap().expand();
    PublicEncryptor::new(&public).encrypt(&plaintext, &mut rng).unwrap();
    let decrypted = Decryptor::new(&secret).decrypt(&encrypted).unwrap();
    let coefficients = decrypted.poly().clone().into_coeff();
    all.push(Needle::new("decrypted", poly_limbs(decrypted.poly()).next().unwrap()[40..48].as_bytes()));
    all.push(Needle::new(
        "decrypted coefficients",
        poly_limbs(&coefficients).next().unwrap()[40..48].as_bytes(),
    ));
    encoder.decode(&decrypted, 4).unwrap();
    let literal = FloodingLiteral { numbers: 8, error_bound: 1e3, releases: 1, bits: 20 };
    let mut flooding = Flooding::new(literal).unwrap();
    flooding.decrypt(&Decryptor::new(&secret), &encoder, &[&encrypted], 4).unwrap();

    let kind = FileKind::new("test data");
    let file = NewFile { kind, parameters, key_id: secret.key_id(), items: 1, metadata: b"" };
    let mut writer = Writer::new(zeroize::Zeroizing::new(Vec::with_capacity(1 << 16)), "memory", file);
    let writer = writer.as_mut().unwrap();
    writer.write_secret_key(&secret).unwrap();
    all
}

#[test]
fn no_key_bytes_are_left_after_drop() {
    let parameters = presets::insecure_for_tests(11, 4).unwrap();
    // The search finds what is there, and cannot look while a key is loaded, unless it may look at everything.
    let there: Vec<i64> = (0..400).map(|i| i * i % 3 - 1).collect();
    let probe = needles("probe", &there, std::iter::empty());
    assert!(search(&probe)[0] >= 1);
    drop(there);

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
