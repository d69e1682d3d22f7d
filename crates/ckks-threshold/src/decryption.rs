//! Decryption by several parties.
//!
//! Each sends `s_i c_1` with noise, and only the coefficients that carry the message: those of the subring in which vectors of the
//! ciphertext's period lie. The sum of the shares and `c_0` is the message with the noise of all.

use ckks::{Complex64, Encoder, Plaintext};
use ckks_math::{Coeff, Poly};

use crate::error::{Error, Result};
use crate::release::Release;
use crate::session::Sender;

/// One party's share of a release. It is sealed to those who may read the result: whoever has the shares of all can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecryptionShare {
    /// Who sent it.
    pub sender: Sender,
    /// The release ([`Release::digest`]).
    pub release: [u8; 32],
    /// For each ciphertext and each prime up to the budget's level, the residues of the shown coefficients, in order.
    pub residues: Vec<Vec<Vec<u64>>>,
}

/// Puts the shares of a release together. Whoever adds needs no secret.
pub struct DecryptionSum<'a> {
    release: &'a Release,
    sums: Vec<Vec<Vec<u64>>>,
    has: Vec<usize>,
}

const WHAT: &str = "decryption share";

impl<'a> DecryptionSum<'a> {
    /// Without a share.
    #[must_use]
    pub fn new(release: &'a Release) -> Self {
        let sums = release.ciphertexts().iter().map(|(a, n)| {
            let c0 = a.polys()[0].truncated(release.session().parameters().basis(release.budget().level));
            shown(release, &c0.into_coeff(), *n)
        });
        Self { release, sums: sums.collect(), has: Vec::new() }
    }

    /// Adds a share.
    ///
    /// # Errors
    /// [`Error::OtherSession`] and [`Error::Refused`] if it is not this party's share of this release, or the party's share is in it.
    pub fn add(&mut self, share: &DecryptionShare) -> Result<()> {
        let (release, party) = (self.release, share.sender.party);
        release.session().expect(&share.sender, WHAT)?;
        let refuse = |reason: String| Err(Error::Refused { what: WHAT.into(), party, reason });
        if share.release != *release.digest() {
            return refuse("it is of another release: other ciphertexts, parties or transcript".into());
        }
        if !release.set().contains(&party) {
            return refuse(format!("parties {:?} decrypt", release.set()));
        }
        if self.has.contains(&party) {
            return refuse("it has come already".into());
        }
        let primes = &release.session().parameters().ring().q()[..=release.budget().level];
        let fits = |(sum, residues): (&Vec<Vec<u64>>, &Vec<Vec<u64>>)| {
            sum.len() == residues.len() && sum.iter().zip(residues).all(|(a, b)| a.len() == b.len())
        };
        if share.residues.len() != self.sums.len() || !self.sums.iter().zip(&share.residues).all(fits) {
            return refuse("it has another shape than the release".into());
        }
        let limbs = || share.residues.iter().flat_map(|one| one.iter().zip(primes));
        if !limbs().all(|(limb, prime)| limb.iter().all(|&word| word < prime.value())) {
            return refuse("a residue is not below its prime".into());
        }
        for (sum, residues) in self.sums.iter_mut().zip(&share.residues) {
            for ((sum, residues), prime) in sum.iter_mut().zip(residues).zip(primes) {
                sum.iter_mut().zip(residues).for_each(|(sum, &word)| *sum = prime.add(*sum, word));
            }
        }
        self.has.push(party);
        Ok(())
    }

    /// The slots of each ciphertext: one period.
    ///
    /// # Errors
    /// [`Error::Missing`] if a share has not come; [`Error::Ckks`] from decoding.
    pub fn finish(self, encoder: &Encoder) -> Result<Vec<Vec<Complex64>>> {
        let release = self.release;
        if let Some(&party) = release.set().iter().find(|party| !self.has.contains(party)) {
            return Err(Error::Missing { what: WHAT.into(), party });
        }
        let parameters = release.session().parameters();
        let basis = parameters.basis(release.budget().level);
        let decode = |((a, n), residues): (&(ckks::Ciphertext, usize), Vec<Vec<u64>>)| {
            let mut poly = Poly::<Coeff>::zero(parameters.ring(), basis);
            for (i, residues) in residues.iter().enumerate() {
                let mut words: Vec<&mut u64> = poly.rows_mut(i).flatten().collect();
                for (at, &residue) in release.shown(*n).zip(residues) {
                    *words[at] = residue;
                }
            }
            let plaintext = Plaintext::from_poly(poly.into_ntt(), a.scale().clone());
            Ok(encoder.decode_complex(&plaintext, *n)?)
        };
        release.ciphertexts().iter().zip(self.sums).map(decode).collect()
    }
}

/// For each prime the residues of the coefficients that a ciphertext of period `n` shows.
pub(crate) fn shown(release: &Release, poly: &Poly<Coeff>, n: usize) -> Vec<Vec<u64>> {
    let limb = |i: usize| {
        let all: Vec<u64> = poly.coefficients(i).collect();
        release.shown(n).map(|at| all[at]).collect()
    };
    (0..poly.basis().limbs()).map(limb).collect()
}
