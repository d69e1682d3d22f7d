//! The items of files: ciphertexts and keys.

use std::io::{Read, Write};

use ckks_math::{Basis, Ntt, Poly};

use super::error::FileError;
use super::format::CHECKSUM;
use super::pack;
use super::reader::Reader;
use super::writer::Writer;
use crate::ciphertext::Ciphertext;
use crate::digits::Digits;
use crate::encrypt::{FreshCiphertext, SeededCiphertext};
use crate::keys::{KeyPurpose, PublicKey, SwitchingKey};
use crate::params::{KeyShape, Parameters};
use crate::scale::Scale;

const FULL_CIPHERTEXT: u8 = 1;
const SEEDED_CIPHERTEXT: u8 = 2;
const SWITCHING_KEY: u8 = 3;
#[cfg(feature = "client")]
const SECRET_KEY: u8 = 5;
const FULL_SWITCHING_KEY: u8 = 6;
const POLYNOMIALS: u8 = 7;
// 4 was a public key without the special prime
const PUBLIC_KEY: u8 = 8;

/// Set in the purpose of a key for ciphertexts that a bootstrap has raised. The file is one of the whole parameter set.
const RAISED: u8 = 1 << 4;

/// A scale with more primes is refused.
const MAX_SCALE_PRIMES: usize = 256;
const MAX_RECORD: usize = 64 + 12 * MAX_SCALE_PRIMES;

impl<W: Write> Writer<W> {
    /// Writes a ciphertext.
    ///
    /// # Errors
    /// [`FileError::Io`] if writing fails.
    pub fn write_ciphertext(&mut self, ciphertext: &Ciphertext) -> Result<(), FileError> {
        let mut record = vec![FULL_CIPHERTEXT];
        put_level(&mut record, ciphertext.level());
        put_scale(&mut record, ciphertext.scale());
        let [c0, c1] = ciphertext.polys();
        self.write_item(&record, &[c0, c1])
    }

    /// Writes a fresh ciphertext: its first half and its seed.
    ///
    /// # Errors
    /// [`FileError::Io`] if writing fails.
    pub fn write_seeded(&mut self, ciphertext: &SeededCiphertext) -> Result<(), FileError> {
        let mut record = vec![SEEDED_CIPHERTEXT];
        put_level(&mut record, ciphertext.level());
        put_scale(&mut record, ciphertext.scale());
        record.extend_from_slice(ciphertext.seed());
        self.write_item(&record, &[ciphertext.c0()])
    }

    /// Writes a fresh ciphertext of either kind.
    ///
    /// # Errors
    /// [`FileError::Io`] if writing fails.
    pub fn write_fresh(&mut self, ciphertext: &FreshCiphertext) -> Result<(), FileError> {
        match ciphertext {
            FreshCiphertext::Seeded(seeded) => self.write_seeded(seeded),
            FreshCiphertext::Full(full) => self.write_ciphertext(full),
        }
    }

    /// Writes an evaluation key: its `b` halves and its seed, or both halves if it has none.
    ///
    /// # Errors
    /// [`FileError::Io`] if writing fails.
    pub fn write_switching_key(&mut self, key: &SwitchingKey) -> Result<(), FileError> {
        let (kind, element) = key.purpose().tag();
        let tag = if key.seed().is_some() { SWITCHING_KEY } else { FULL_SWITCHING_KEY };
        let raised = if key.parameters().is_raised() { RAISED } else { 0 };
        let mut record = vec![tag, kind | raised];
        record.extend_from_slice(&element.to_le_bytes());
        let shape = key.shape();
        put_level(&mut record, shape.level);
        record.extend_from_slice(&(shape.special as u16).to_le_bytes());
        record.extend_from_slice(&shape.digits.up_to(shape.level).mask().to_le_bytes());
        record.extend(key.seed().into_iter().flatten());
        let halves = if key.seed().is_some() { 0..1 } else { 0..2 };
        let polys: Vec<_> =
            key.digits().iter().flat_map(|digit| halves.clone().map(|half| digit.to_poly(half))).collect();
        self.write_item(&record, &polys.iter().collect::<Vec<_>>())
    }

    /// Writes polynomials over the same primes, such as one party's share of a key.
    ///
    /// # Errors
    /// [`FileError::Io`] if writing fails.
    pub fn write_polys(&mut self, basis: Basis, polys: &[&Poly<Ntt>]) -> Result<(), FileError> {
        self.write_item(&polys_record(basis, polys.len()), polys)
    }

    /// Writes a public key: its `b` half and its seed.
    ///
    /// # Errors
    /// [`FileError::Io`] if writing fails.
    pub fn write_public_key(&mut self, key: &PublicKey) -> Result<(), FileError> {
        let mut record = vec![PUBLIC_KEY];
        record.extend_from_slice(key.seed());
        self.write_item(&record, &[key.b()])
    }

    /// Writes a secret key, one byte per coefficient, in the clear. Encrypt the stream.
    ///
    /// # Errors
    /// [`FileError::Io`] if writing fails.
    #[cfg(feature = "client")]
    pub fn write_secret_key(&mut self, key: &crate::keys::SecretKey) -> Result<(), FileError> {
        let bytes: zeroize::Zeroizing<Vec<u8>> =
            zeroize::Zeroizing::new(key.coefficients().iter().map(|&c| (c as i8).cast_unsigned()).collect());
        self.write_bytes(&[SECRET_KEY], &bytes)
    }
}

impl<R: Read> Reader<R> {
    /// Reads a ciphertext, full or seeded.
    ///
    /// # Errors
    /// [`FileError`] if the item is damaged, cut short or of another kind.
    pub fn read_ciphertext(&mut self, parameters: &Parameters) -> Result<Ciphertext, FileError> {
        self.expect_parameters(parameters)?;
        let key_id = self.header().key_id;
        let record = self.next_record(MAX_RECORD)?;
        let mut fields = Fields { bytes: &record };
        let Some((tag, level, scale)) = fields.ciphertext(parameters) else {
            return Err(self.invalid("not a ciphertext of this parameter set".into()));
        };
        let basis = parameters.basis(level);
        let c0 = self.read_poly(parameters, basis, 1)?;
        let full = match tag {
            SEEDED_CIPHERTEXT => {
                let Some(seed) = fields.last_seed() else {
                    return Err(self.invalid("no seed in a record".into()));
                };
                return Ok(SeededCiphertext::from_parts(parameters, key_id, c0, seed, scale).expand());
            }
            FULL_CIPHERTEXT if fields.bytes.is_empty() => {
                [c0, self.read_poly(parameters, basis, 1 + basis.limbs() as u64)?]
            }
            _ => return Err(self.invalid(format!("record {tag} where a ciphertext is expected"))),
        };
        Ciphertext::from_parts(parameters, key_id, full, scale).map_err(|e| self.invalid(e.to_string()))
    }

    /// Reads the record of the next ciphertext. Returns the bytes of the whole item in the file, and its level.
    pub(super) fn ciphertext_size(&mut self, parameters: &Parameters) -> Result<(u64, usize), FileError> {
        let record = self.next_record(MAX_RECORD)?;
        let mut fields = Fields { bytes: &record };
        let (polys, level) = match fields.ciphertext(parameters) {
            Some((SEEDED_CIPHERTEXT, level, _)) => (1, level),
            Some((FULL_CIPHERTEXT, level, _)) => (2, level),
            _ => return Err(self.invalid("not a ciphertext of this parameter set".into())),
        };
        let basis = parameters.basis(level);
        let poly = pack::file_bytes(parameters, basis) + basis.limbs() * CHECKSUM;
        Ok(((size_of::<u32>() + record.len() + CHECKSUM + polys * poly) as u64, level))
    }

    /// Reads an evaluation key and expands its seed.
    ///
    /// # Errors
    /// As [`read_ciphertext`](Self::read_ciphertext).
    pub fn read_switching_key(&mut self, parameters: &Parameters) -> Result<SwitchingKey, FileError> {
        self.expect_parameters(parameters)?;
        let key_id = self.header().key_id;
        let record = self.next_record(MAX_RECORD)?;
        let raised = record.get(1).is_some_and(|kind| kind & RAISED != 0);
        let chain = if raised { parameters.raised() } else { Some(parameters) };
        let fields = chain.and_then(|chain| Some((chain, Fields { bytes: &record }.switching_key(chain)?)));
        let Some((parameters, (purpose, shape, seed))) = fields else {
            return Err(self.invalid("not an evaluation key of this parameter set".into()));
        };
        let basis = shape.basis();
        let limbs = basis.limbs() as u64;
        let mut half = |i: usize| self.read_poly(parameters, basis, 1 + i as u64 * limbs);
        if let Some(seed) = seed {
            let b = (0..shape.digits()).map(half).collect::<Result<Vec<_>, _>>()?;
            return Ok(SwitchingKey::from_parts(parameters, key_id, purpose, shape, seed, b));
        }
        let halves = (0..shape.digits())
            .map(|digit| Ok([half(2 * digit)?, half(2 * digit + 1)?]))
            .collect::<Result<Vec<_>, FileError>>()?;
        SwitchingKey::from_halves(parameters, key_id, purpose, shape, &halves)
            .map_err(|error| self.invalid(error.to_string()))
    }

    /// Reads `count` polynomials over `basis`.
    ///
    /// # Errors
    /// As [`read_ciphertext`](Self::read_ciphertext); also for another number of polynomials, or other primes.
    pub fn read_polys(
        &mut self,
        parameters: &Parameters,
        basis: Basis,
        count: usize,
    ) -> Result<Vec<Poly<Ntt>>, FileError> {
        self.expect_parameters(parameters)?;
        if self.next_record(MAX_RECORD)? != polys_record(basis, count) {
            return Err(self.invalid(format!("not {count} polynomials over {basis:?}")));
        }
        let limbs = basis.limbs();
        (0..count).map(|i| self.read_poly(parameters, basis, (1 + i * limbs) as u64)).collect()
    }

    /// Reads a public key and expands its seed.
    ///
    /// # Errors
    /// As [`read_ciphertext`](Self::read_ciphertext).
    pub fn read_public_key(&mut self, parameters: &Parameters) -> Result<PublicKey, FileError> {
        self.expect_parameters(parameters)?;
        let key_id = self.header().key_id;
        let record = self.next_record(MAX_RECORD)?;
        let mut fields = Fields { bytes: &record };
        let (tag, seed) = (fields.u8(), fields.last_seed());
        let (Some(PUBLIC_KEY), Some(seed)) = (tag, seed) else {
            return Err(self.invalid("not a public key".into()));
        };
        let b = self.read_poly(parameters, PublicKey::basis(parameters), 1)?;
        Ok(PublicKey::from_parts(parameters, key_id, seed, b))
    }

    /// Reads a secret key.
    ///
    /// # Errors
    /// As [`read_ciphertext`](Self::read_ciphertext); also for a coefficient outside {-1, 0, 1}.
    #[cfg(feature = "client")]
    pub fn read_secret_key(&mut self, parameters: &Parameters) -> Result<crate::keys::SecretKey, FileError> {
        self.expect_parameters(parameters)?;
        let key_id = self.header().key_id;
        if self.next_record(MAX_RECORD)? != [SECRET_KEY] {
            return Err(self.invalid("not a secret key".into()));
        }
        let bytes = self.read_bytes(parameters.degree())?;
        let coefficients: zeroize::Zeroizing<Vec<i64>> =
            zeroize::Zeroizing::new(bytes.iter().map(|&b| i64::from(b.cast_signed())).collect());
        // A fold, so that no branch depends on a single coefficient.
        let out_of_range = coefficients.iter().fold(0, |any, &c| any | i64::from(c * c > 1));
        if out_of_range != 0 {
            return Err(self.invalid("a coefficient of the secret key is not -1, 0 or 1".into()));
        }
        Ok(crate::keys::SecretKey::from_coefficients(parameters, key_id, coefficients))
    }
}

fn polys_record(basis: Basis, count: usize) -> Vec<u8> {
    let mut record = vec![POLYNOMIALS];
    [basis.q, basis.p, count]
        .into_iter()
        .for_each(|size| record.extend_from_slice(&(size as u32).to_le_bytes()));
    record
}

fn put_level(record: &mut Vec<u8>, level: usize) {
    record.extend_from_slice(&(level as u32).to_le_bytes());
}

fn put_scale(record: &mut Vec<u8>, scale: &Scale) {
    let (exponent_of_two, primes) = scale.parts();
    record.extend_from_slice(&exponent_of_two.to_le_bytes());
    record.extend_from_slice(&(primes.len() as u16).to_le_bytes());
    for (prime, exponent) in primes {
        record.extend_from_slice(&prime.to_le_bytes());
        record.extend_from_slice(&exponent.to_le_bytes());
    }
}

/// Takes fields off the front of a record. A method returns `None` if the record is too short or a field is
/// impossible.
struct Fields<'a> {
    bytes: &'a [u8],
}

impl Fields<'_> {
    fn ciphertext(&mut self, parameters: &Parameters) -> Option<(u8, usize, Scale)> {
        let tag = self.u8()?;
        let level = self.level(parameters)?;
        Some((tag, level, self.scale()?))
    }

    /// Purpose, shape, and the seed of a key that has one.
    fn switching_key(&mut self, parameters: &Parameters) -> Option<(KeyPurpose, KeyShape, Option<[u8; 32]>)> {
        let seeded = match self.u8()? {
            SWITCHING_KEY => true,
            FULL_SWITCHING_KEY => false,
            _ => return None,
        };
        let (kind, element) = (self.u8()?, u64::from_le_bytes(self.take()?));
        let order = 2 * parameters.degree() as u64;
        let purpose = match kind & !RAISED {
            0 => KeyPurpose::Relinearisation,
            1 if element % 2 == 1 && element < order => KeyPurpose::Galois(element as usize),
            2 => KeyPurpose::Encapsulation,
            3 if element % 2 == 1 && element < order => KeyPurpose::Raise(element as usize),
            _ => return None,
        };
        let level = self.level(parameters)?;
        let special = usize::from(u16::from_le_bytes(self.take()?));
        let digits = Digits::from_mask(u64::from_le_bytes(self.take()?))?;
        let within = (1..=parameters.ring().p().len()).contains(&special) && digits == digits.up_to(level);
        within.then_some(())?;
        let seed = if seeded { Some(self.last_seed()?) } else { None };
        (seeded || self.bytes.is_empty()).then_some((purpose, KeyShape { level, special, digits }, seed))
    }

    fn level(&mut self, parameters: &Parameters) -> Option<usize> {
        let level = u32::from_le_bytes(self.take()?) as usize;
        (level <= parameters.max_level()).then_some(level)
    }

    fn scale(&mut self) -> Option<Scale> {
        let exponent_of_two = i32::from_le_bytes(self.take()?);
        let count = u16::from_le_bytes(self.take()?) as usize;
        if count > MAX_SCALE_PRIMES || exponent_of_two.unsigned_abs() > 1 << 20 {
            return None;
        }
        let mut primes = Vec::with_capacity(count);
        for _ in 0..count {
            let (prime, exponent) = (u64::from_le_bytes(self.take()?), i32::from_le_bytes(self.take()?));
            if prime < 3 || prime % 2 == 0 || exponent == 0 || exponent.unsigned_abs() > 1 << 16 {
                return None;
            }
            primes.push((prime, exponent));
        }
        Some(Scale::from_parts(exponent_of_two, &primes))
    }

    fn u8(&mut self) -> Option<u8> {
        Some(self.take::<1>()?[0])
    }

    /// The seed, if it is exactly the rest of the record.
    fn last_seed(&mut self) -> Option<[u8; 32]> {
        self.bytes.try_into().ok()
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = tail;
        Some(*head)
    }
}
