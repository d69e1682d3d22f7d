//! A data party, from joining to the opened head. Every step is local and takes what the others have sent; how messages travel and who signed
//! them is for the layer above.

use ckks_threshold::{
    Commitment, CommonRandomness, Contribution, Deal, DecryptionShare, Protocol, Release, RelinearisationSum,
    SecretShare, Session, Share, Sum, ThresholdShare,
};
use fhe_head::ckks::PublicKey;
use fhe_head::client::DataEncryptor;
use fhe_head::{BuiltIn, Samples};
use head_fit::Data;
use zeroize::Zeroizing;

use crate::agreement::Agreement;
use crate::error::{Error, Result};
use crate::keys::{first_share, sum};
use crate::notes::{Keep, Notes};
use crate::step::Step;
use crate::sums::SumsTerms;
use crate::terms::Terms;

/// What a party sends when it agrees to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    /// Its commitment to a contribution to the common randomness.
    pub commitment: Commitment,
    /// The key that messages to it are sealed to, in the form of whoever seals; empty where nothing is sealed.
    pub recipient: String,
}

/// The digests of a party's first shares, which it sends before any of them, in the order of [`Terms::first_round`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed(pub Vec<[u8; 32]>);

/// A data party of a session: of a training, or, with [`crate::SumsTerms`], of sums, where nothing is trained and step 3 is none.
///
/// It does not answer twice: what it answers is noted and [kept](Keep) before the answer leaves, and messages that change afterwards are
/// refused ([`Error::Changed`]). Its answers are functions of its share of the secret and of what they answer, so that a party that was
/// killed sends the very same ones again.
///
/// 1. [`joining`](Self::joining); when all have joined, [`reveal`](Self::reveal); when all have revealed, [`common`](Self::common).
/// 2. [`committed`](Self::committed); when all have committed, [`first_share`](Self::first_share). Where a threshold of the parties decrypts,
///    a [`deal`](Self::deal) for each party.
/// 3. When all first shares are there ([`first_sum`]), [`second_share`](Self::second_share), and [`collect`](Self::collect).
/// 4. [`samples`](Self::samples) and [`encryptor`](Self::encryptor). Now the party may go.
/// 5. When the head is trained, [`decryption_share`](Self::decryption_share); then [`Terms::open`].
///
/// Three parties of whom any two decrypt, on a ring that is too small to be secure. One leaves after the data are encrypted:
///
/// ```
/// # use head_fit::{Classifier, Data};
/// # use head_joint::{Choices, Committed, DataParty, Finished, InMemory, Terms, finish, first_sum, sum};
/// # use fhe_head::{Scheme, ckks::{EvaluationKeys, presets}, server};
/// # use ndarray::{Array1, Array2};
/// # fn main() -> head_joint::Result<()> {
/// # let table = |seed: usize, n: usize| {
/// #     let x = Array2::from_shape_fn((n, 4), |(i, j)| (((i + seed) * (j + 3) * 37 + j) % 101) as f64 / 50.0 - 1.0);
/// #     let y: Array1<f64> = x.rows().into_iter().map(|row| f64::from(u8::from(row[0] > row[1]))).collect();
/// #     (x, y)
/// # };
/// # let (public_x, public_y) = table(0, 200);
/// # let scheme = Scheme::new(presets::insecure_joint_for_tests(11, 24, 3)?);
/// # let method = Classifier { max_iter: Some(2), ..Classifier::default() };
/// # let public = method.prepare_on(&scheme, &Data::new(public_x.view(), public_y.view())?, None)?;
/// let choices = Choices { threshold: Some(2), bits: 30, ..Choices::default() };
/// let terms = Terms::new(&public, &[100, 80, 60], choices)?;
/// let session = terms.session(&[0; 32], 0)?; // in place of zeros: the digest of what all signed
/// let new = |index| DataParty::new(&terms, &session, index, InMemory);
/// let mut parties = (0..3).map(new).collect::<Result<Vec<_>, _>>()?;
///
/// // common randomness: all commit, then all reveal
/// let joined: Vec<_> = parties.iter().map(|party| party.joining(String::new())).collect();
/// let revealed: Vec<_> = parties.iter_mut().map(|party| party.reveal(&joined).cloned()).collect::<Result<_, _>>()?;
/// let common = parties[0].common(&joined, &revealed)?;
///
/// // first shares: all commit, then all show
/// let committed: Vec<Committed> = parties.iter().map(|party| party.committed(&common)).collect::<Result<_, _>>()?;
/// parties.iter_mut().try_for_each(|party| party.show(&committed))?;
/// let mut keys = EvaluationKeys::new(terms.parameters(), common.key_id());
/// let mut public_key = None;
/// for protocol in terms.first_round() {
///     let share = |party: usize| parties[party].first_share(&common, protocol);
///     let added = first_sum(&terms, &session, &committed, protocol, share)?;
///     match finish(&session, &common, added)? {
///         Finished::Public(key) => public_key = Some(key),
///         Finished::Evaluation(key) => keys.insert(key)?,
///         // second shares, of the sum of the first
///         Finished::Relinearisation(first) => {
///             let second = terms.second_round().expect("one relinearisation key");
///             let added = sum(&session, second, |party| parties[party].second_share(&common, &first))?;
///             keys.insert(head_joint::ckks_threshold::relinearisation_key(&session, &common, first, added)?)?;
///         }
///     }
/// }
/// // each deals to each other a share of its share
/// for to in 0..3 {
///     let others = (0..3).filter(|from| *from != to);
///     let deals: Vec<_> = others.map(|from| parties[from].deal(&common, to)).collect::<Result<_, _>>()?;
///     parties[to].collect(&common, &deals)?;
/// }
///
/// // data
/// let public_key = public_key.expect("a public key");
/// let mut blocks = Vec::new();
/// for party in &parties {
///     let (x, y) = table(1000 * (party.index() + 1), 60);
///     let samples = party.samples(&Data::new(x.view(), y.view())?)?;
///     blocks.extend(party.encryptor(&public_key, &samples)?.blocks()?);
/// }
/// let mut left = parties.split_off(1);
/// drop(parties);
///
/// // the compute party trains; the other two decrypt
/// let head = server::train(std::sync::Arc::new(keys), &terms.plan().job, &blocks)?;
/// let release = terms.release(&session, &[1, 2], &[0; 32], &head)?;
/// let shares: Vec<_> = left.iter_mut().map(|party| party.decryption_share(&release)).collect::<Result<_, _>>()?;
/// let model = terms.model(&terms.open(&release, &shares)?)?;
/// # let (x, y) = table(9000, 100);
/// let right = model.predict(&x.view())?.iter().zip(&y).filter(|(class, y)| **class as f64 == **y).count();
/// assert!(right > 90, "{right} of 100");
/// # Ok(())
/// # }
/// ```
pub struct DataParty<'a, K, T = Terms> {
    terms: &'a T,
    secret: SecretShare,
    session: &'a Session,
    contribution: Contribution,
    notes: Notes,
    threshold: Option<ThresholdShare>,
    keeper: K,
}

impl<'a, K: Keep, T: Agreement> DataParty<'a, K, T> {
    /// Party `index`, counted from 0, with a new share of the secret and a new contribution to the common randomness. Nothing is kept yet.
    ///
    /// # Errors
    /// [`Error::Threshold`] if there is no such party, or the operating system provides no randomness.
    pub fn new(terms: &'a T, session: &'a Session, index: usize, keeper: K) -> Result<Self> {
        let secret = SecretShare::generate(session, index)?;
        Ok(Self::resume(terms, session, (secret, Contribution::generate()?), Notes::default(), keeper))
    }

    /// A party that was kept: its share of the secret, its contribution, and its notes.
    pub fn resume(
        terms: &'a T,
        session: &'a Session,
        (secret, contribution): (SecretShare, Contribution),
        notes: Notes,
        keeper: K,
    ) -> Self {
        Self { terms, secret, session, contribution, notes, threshold: None, keeper }
    }

    /// Which party it is, counted from 0.
    pub fn index(&self) -> usize {
        self.secret.party()
    }

    /// Its share of the secret, to keep it.
    pub fn secret(&self) -> &SecretShare {
        &self.secret
    }

    /// Its contribution to the common randomness, to keep it. Nobody else may know it before all have joined.
    pub fn contribution(&self) -> &Contribution {
        &self.contribution
    }

    /// What it has answered.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// Where its notes are kept.
    pub fn keeper(&mut self) -> &mut K {
        &mut self.keeper
    }

    /// Keeps the notes as they are.
    ///
    /// # Errors
    /// Those of [`Keep`].
    pub fn keep(&mut self) -> Result<(), K::Error> {
        self.keeper.keep(&self.notes)
    }

    /// Seed of a key pair that messages to this party are sealed to: the same each time, and as secret as the share of the secret.
    pub fn sealing_seed(&self) -> Zeroizing<[u8; 32]> {
        self.secret.seed(b"sealing")
    }

    /// What it sends to agree to the session.
    pub fn joining(&self, recipient: String) -> Joining {
        Joining { commitment: self.contribution.commitment(self.session, self.index()), recipient }
    }

    /// Its contribution, now that all have joined.
    ///
    /// # Errors
    /// [`Error::Changed`] if it has answered others; those of [`Keep`].
    pub fn reveal(&mut self, joined: &[Joining]) -> Result<&Contribution, K::Error> {
        self.answer(Step::CommonRandomness, digest_of_joined(joined))?;
        Ok(&self.contribution)
    }

    /// The common randomness, from the contributions of all.
    ///
    /// # Errors
    /// [`Error::Changed`] if others have joined than those that it [revealed](Self::reveal) its contribution to; [`Error::Threshold`] if a
    /// contribution is not the one that was committed to.
    pub fn common(&self, joined: &[Joining], contributions: &[Contribution]) -> Result<CommonRandomness> {
        if self.notes.answered(Step::CommonRandomness) != Some(digest_of_joined(joined)) {
            return Err(Error::Changed(Step::CommonRandomness));
        }
        common_randomness(self.session, joined, contributions)
    }

    /// Its first share of a key.
    ///
    /// It is sent when all have committed to theirs ([`show`](Self::show)).
    ///
    /// # Errors
    /// [`Error::Threshold`] if the key lies outside the security table; [`Error::Terms`] if it is none of the first round.
    pub fn first_share(&self, common: &CommonRandomness, protocol: Protocol) -> Result<Share> {
        first_share(&self.secret, common, protocol)
    }

    /// The digests of its first shares. Makes all of them, one at a time.
    ///
    /// # Errors
    /// As [`first_share`](Self::first_share).
    pub fn committed(&self, common: &CommonRandomness) -> Result<Committed> {
        let digest = |protocol| Ok(self.first_share(common, protocol)?.digest());
        Ok(Committed(self.terms.first_round().into_iter().map(digest).collect::<Result<_>>()?))
    }

    /// Notes that it shows its first shares, now that all have committed to theirs.
    ///
    /// # Errors
    /// [`Error::Changed`] if it has answered other commitments; those of [`Keep`].
    pub fn show(&mut self, committed: &[Committed]) -> Result<(), K::Error> {
        let mut hasher = blake3::Hasher::new_derive_key("head-joint 1 digests of first shares");
        for Committed(digests) in committed {
            hasher.update(&(digests.len() as u64).to_le_bytes());
            digests.iter().for_each(|digest| {
                hasher.update(digest);
            });
        }
        self.answer(Step::FirstShares, *hasher.finalize().as_bytes())
    }

    /// Its second share of the relinearisation key. `first` must come from [`first_sum`] of what all committed to: whoever could choose it
    /// would learn the share of the secret.
    ///
    /// # Errors
    /// [`Error::Changed`] if it has answered another sum; [`Error::Threshold`] if the key lies outside the security table; those of [`Keep`].
    pub fn second_share(
        &mut self,
        common: &CommonRandomness,
        first: &RelinearisationSum,
    ) -> Result<Share, K::Error> {
        self.answer(Step::Relinearisation, first.digest())?;
        Ok(self.secret.relinearisation_two(common, first).map_err(Error::from)?)
    }

    /// Whether a threshold of the parties decrypts, so that parties deal.
    pub fn deals(&self) -> bool {
        self.session.threshold() < self.session.parties()
    }

    /// What it deals to `receiver`. It travels sealed.
    ///
    /// # Errors
    /// [`Error::Threshold`] if there is no such party.
    pub fn deal(&self, common: &CommonRandomness, receiver: usize) -> Result<Deal> {
        Ok(self.secret.deal(common, self.terms.budget().level, receiver)?)
    }

    /// Takes what all others have dealt to it. Without it, a party of a session with a threshold makes no share of a decryption.
    ///
    /// # Errors
    /// [`Error::Changed`] if they have dealt something else before; [`Error::Threshold`] for a deal that is refused or missing; those of
    /// [`Keep`].
    pub fn collect(&mut self, common: &CommonRandomness, others: &[Deal]) -> Result<(), K::Error> {
        let own = self.deal(common, self.index())?;
        let mut deals: Vec<Deal> = std::iter::once(own).chain(others.iter().cloned()).collect();
        deals.sort_by_key(|deal| deal.sender.party);
        let level = self.terms.budget().level;
        let threshold = self.secret.collect(common, level, &deals).map_err(Error::from)?;
        let mut hasher = blake3::Hasher::new_derive_key("head-joint 1 what was dealt to a party");
        deals.iter().for_each(|deal| {
            hasher.update(&deal.digest());
        });
        self.answer(Step::Deals, *hasher.finalize().as_bytes())?;
        self.threshold = Some(threshold);
        Ok(())
    }

    /// Its share of a decryption: of the head ([`Terms::release`]), or of sums ([`crate::SumsTerms::release`]).
    ///
    /// # Errors
    /// [`Error::Threshold`] if it is not of the set that decrypts, has answered the same ciphertexts in another release, or the budget is used
    /// up; [`Error::Terms`] before [`collect`](Self::collect), where parties deal; those of [`Keep`].
    pub fn decryption_share(&mut self, release: &Release) -> Result<DecryptionShare, K::Error> {
        let mut ledger = self.notes.ledger();
        let share = if self.deals() {
            let Some(threshold) = &self.threshold else {
                return Err(Error::Terms("a share of a decryption before the dealt shares".into()).into());
            };
            threshold.decryption_share(&self.secret, release, &mut ledger)
        } else {
            self.secret.decryption_share(release, &mut ledger)
        };
        let share = share.map_err(Error::from)?;
        self.notes.set_ledger(&ledger);
        self.keeper.keep(&self.notes)?;
        Ok(share)
    }

    fn answer(&mut self, step: Step, digest: [u8; 32]) -> Result<(), K::Error> {
        match self.notes.answer(step, digest)? {
            true => self.keeper.keep(&self.notes),
            false => Ok(()),
        }
    }
}

impl<K: Keep> DataParty<'_, K, Terms> {
    /// Its samples in the space that is encrypted, if the terms hold for them ([`Terms::samples`]).
    ///
    /// # Errors
    /// [`Error::Data`]: the party refuses, rather than spoil everybody's head.
    pub fn samples(&self, data: &Data<'_>) -> Result<Samples> {
        self.terms.samples(self.index(), data)
    }

    /// Encrypts its samples, as its blocks of the whole.
    ///
    /// # Errors
    /// [`Error::Head`] if the samples are not those of [`samples`](Self::samples).
    pub fn encryptor<'b>(
        &'b self,
        public: &'b PublicKey,
        samples: &'b Samples,
    ) -> Result<DataEncryptor<'b, BuiltIn>> {
        Ok(DataEncryptor::new(public, self.terms.plan(), samples).of_part(self.terms.part(self.index())?)?)
    }
}

impl<K: Keep> DataParty<'_, K, SumsTerms> {
    /// Notes that it shows its encrypted sums, now that all have committed to theirs by the digests of their files: who could choose its own
    /// after seeing another's would add a multiple of that to them, and see it alone. To be asked again before it has a part in the
    /// decryption.
    ///
    /// # Errors
    /// [`Error::Changed`] if it has answered other commitments; those of [`Keep`].
    pub fn show_sums(&mut self, committed: &[[u8; 32]]) -> Result<(), K::Error> {
        let mut hasher = blake3::Hasher::new_derive_key("head-joint 1 digests of encrypted sums");
        committed.iter().for_each(|digest| {
            hasher.update(digest);
        });
        self.answer(Step::Sums, *hasher.finalize().as_bytes())
    }
}

/// The common randomness of those who have joined.
///
/// # Errors
/// [`Error::Threshold`] if a contribution is missing, or not the one that was committed to.
pub fn common_randomness(
    session: &Session,
    joined: &[Joining],
    contributions: &[Contribution],
) -> Result<CommonRandomness> {
    let commitments: Vec<_> = joined.iter().map(|joining| joining.commitment).collect();
    Ok(CommonRandomness::finish(session, &commitments, contributions)?)
}

/// The sum of the first shares of a key, each compared with what its party committed to. `share` gives that of each party.
///
/// # Errors
/// Those of `share`; [`Error::Threshold`] for a share that is refused, or is not the one that was committed to.
pub fn first_sum<X: From<Error>>(
    terms: &impl Agreement,
    session: &Session,
    committed: &[Committed],
    protocol: Protocol,
    mut share: impl FnMut(usize) -> Result<Share, X>,
) -> Result<Sum, X> {
    let position = terms.first_round().iter().position(|one| *one == protocol);
    sum(session, protocol, |party| {
        let share = share(party)?;
        let promised = committed.get(party).zip(position).and_then(|(Committed(of), at)| of.get(at));
        if promised != Some(&share.digest()) {
            let reason = "it is not the share that the party committed to".into();
            let what = protocol.to_string();
            return Err(Error::from(ckks_threshold::Error::Refused { what, party, reason }).into());
        }
        Ok(share)
    })
}

fn digest_of_joined(joined: &[Joining]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("head-joint 1 who joined");
    for Joining { commitment, recipient } in joined {
        hasher.update(&commitment.0).update(&(recipient.len() as u64).to_le_bytes());
        hasher.update(recipient.as_bytes());
    }
    *hasher.finalize().as_bytes()
}
