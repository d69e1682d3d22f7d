//! Sums over the samples of all parties, by consent: how many, `sum x` and `sum x x^T`. A feature map follows from them, as good as one that
//! is fitted on the union.
//!
//! It is a session of its own before the one that trains, with secrets of its own: a public key, ciphertexts that anybody adds, and one
//! decryption with flooding. No evaluation key is needed.
//!
//! It shows more than a head does. All parties learn the sums, and `n - 1` that pool subtract their own: they have the last one's count,
//! means and covariance, exactly. From sums of few samples one can work back to single ones, so a party with fewer than twice as many
//! samples as features refuses. Whoever does not consent takes a map of public samples.

use ckks_threshold::{
    Budget, CommonRandomness, Contribution, DecryptionShare, DecryptionSum, Ledger, Protocol, Release,
    SecretShare, Session,
};
use fhe_head::Scheme;
use fhe_head::ckks::{
    Ciphertext, Encoder, EvaluationKeys, Evaluator, FloodingLiteral, Parameters, PublicEncryptor, PublicKey,
    Scale, SecureRng, noise,
};
use head_fit::{FeatureMap, LinearMap, Preprocessing, Sums};
use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::error::{Error, Result};
use crate::keys::{Finished, finish, first_share, sum};

/// Fewest samples of a party, for each feature.
const LEAST_SAMPLES: usize = 2;
/// Factor by which the variance of an error may exceed its formula.
const MARGIN: f64 = 2.0;
/// Binary logarithm of the probability that the error exceeds its bound.
const LOG_FAILURE: f64 = -60.0;
/// The level at which sums are encrypted: two primes hold message and noise.
const LEVEL: usize = 1;
/// Bits of the modulus above a message of 1: its sign, the number of parties, and noise.
const HEADROOM: f64 = 6.0;
/// Sums are whole multiples of this share of the most that they can be. Otherwise their last bits would tell in which order samples were
/// added up.
const GRID: f64 = 1.0 / (1u64 << 40) as f64;

/// What parties agree on before they add up sums.
#[derive(Clone, Debug)]
pub struct SumsTerms {
    parameters: Parameters,
    ranges: Vec<[f64; 2]>,
    most: usize,
    flooding: FloodingLiteral,
}

impl SumsTerms {
    /// Terms for features that lie between the two numbers of their range, of at most `most` samples a party. `bits` is the statistical
    /// security of the decryption. Ranges are public; nothing in them comes from private samples.
    ///
    /// # Errors
    /// [`Error::Terms`] on a parameter set for one party, on ranges that are empty, or on fewer samples than the sums need.
    pub fn new(scheme: &Scheme, ranges: Vec<[f64; 2]>, most: usize, bits: u32) -> Result<Self> {
        let parameters = scheme.parameters().clone();
        let parties = parameters.literal().secret.parties();
        if parties < 2 {
            return Err(Error::Terms(format!("{} is a parameter set for one party", scheme.name())));
        }
        if let Some((feature, [low, high])) = ranges
            .iter()
            .enumerate()
            .find(|(_, [low, high])| !(low.is_finite() && high.is_finite() && low < high))
        {
            return Err(Error::Terms(format!("feature {feature} between {low} and {high}")));
        }
        let least = LEAST_SAMPLES * ranges.len();
        if ranges.is_empty() || most < least {
            return Err(Error::Terms(format!(
                "at most {most} samples a party, where sums of {} features take {least}",
                ranges.len()
            )));
        }
        let numbers = pieces(ranges.len(), parameters.slots()).iter().map(|piece| 2 * piece).sum();
        let variance = MARGIN * f64::from(parties) * noise::fresh(&parameters);
        let error_bound = noise::l2_bound(variance, numbers, LOG_FAILURE);
        let flooding = FloodingLiteral { numbers, error_bound, releases: 1, bits };
        let terms = Self { parameters, ranges, most, flooding };
        terms.budget().check(&terms.parameters)?;
        Ok(terms)
    }

    /// What the parties make: the public key, and no evaluation key.
    pub fn first_round(&self) -> Vec<Protocol> {
        vec![Protocol::PublicKey]
    }

    /// The CKKS parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Number of data parties, all of whom decrypt.
    pub fn parties(&self) -> usize {
        self.parameters.literal().secret.parties() as usize
    }

    /// Number of ciphertexts of a party.
    pub fn ciphertexts(&self) -> usize {
        self.pieces().len()
    }

    /// Standard deviation of the noise of a decrypted sum, as a share of the most that it can be. Below 2^-41 it vanishes: sums
    /// are whole multiples of 2^-40.
    ///
    /// # Errors
    /// None in practice: the budget was checked.
    pub fn noise(&self) -> Result<f64> {
        let deviation = self.budget().check(&self.parameters)?.deviation() * (self.parties() as f64).sqrt();
        let longest = self.pieces().into_iter().max().unwrap_or_default();
        Ok(deviation * (longest as f64).sqrt() / self.scale().log2().exp2())
    }

    /// Number of features.
    pub fn features(&self) -> usize {
        self.ranges.len()
    }

    /// The fewest samples that a party brings.
    pub fn least_samples(&self) -> usize {
        LEAST_SAMPLES * self.features()
    }

    /// What is decrypted: the sums, once.
    pub fn budget(&self) -> Budget {
        Budget { flooding: self.flooding, level: LEVEL }
    }

    /// The session of an attempt. `agreement` is the digest of what the parties signed.
    ///
    /// # Errors
    /// [`Error::Threshold`] from the parameter set.
    pub fn session(&self, agreement: &[u8; 32], attempt: u32) -> Result<Session> {
        let parties = self.parameters.literal().secret.parties() as usize;
        Ok(Session::new(&self.parameters, agreement, attempt, parties)?)
    }

    /// A party's sums, encrypted under the public key of all. `x` is samples by features.
    ///
    /// # Errors
    /// [`Error::Data`] on another number of features, fewer samples than twice that or more than agreed on, or on a feature outside its
    /// range.
    pub fn encrypt(&self, public: &PublicKey, x: &ArrayView2<'_, f64>) -> Result<Vec<Ciphertext>> {
        let numbers = self.numbers(x)?;
        let encoder = Encoder::new(&self.parameters).private();
        let encryptor = PublicEncryptor::new(public);
        let mut rng = SecureRng::from_os().map_err(fhe_head::ckks::Error::from)?;
        let mut rest = &numbers[..];
        let encrypt = |length: usize| {
            let (own, others) = rest.split_at(length.min(rest.len()));
            rest = others;
            let mut slots = own.to_vec();
            slots.resize(length, 0.0);
            let plaintext = encoder.encode(&slots, LEVEL, &self.scale())?;
            Ok(encryptor.encrypt(&plaintext, &mut rng)?)
        };
        self.pieces().into_iter().map(encrypt).collect()
    }

    /// The first feature that leaves its range, counted from 0. A number that is not finite lies outside as well.
    pub fn outside(&self, x: &ArrayView2<'_, f64>) -> Option<usize> {
        if x.ncols() != self.features() {
            return None;
        }
        let within = -1.0..=1.0;
        let scaled = self.scaled(x);
        scaled.indexed_iter().find(|(_, value)| !within.contains(*value)).map(|((_, feature), _)| feature)
    }

    /// Features between -1 and 1 for their ranges.
    fn scaled(&self, x: &ArrayView2<'_, f64>) -> Array2<f64> {
        let [centre, reach] = self.units();
        (x - &centre) / &reach
    }

    /// The sums of all parties, encrypted. Needs no key.
    ///
    /// # Errors
    /// [`Error::Data`] on ciphertexts of another number or level; [`Error::Head`] on such of another key or scale.
    pub fn add(&self, parties: &[Vec<Ciphertext>]) -> Result<Vec<Ciphertext>> {
        let pieces = self.pieces().len();
        let refuse = |why: &str| Err(Error::Data(format!("encrypted sums: {why}")));
        let Some((first, others)) = parties.split_first() else { return refuse("there are none") };
        let fits = |one: &Ciphertext| one.level() == LEVEL && *one.scale() == self.scale();
        if parties.iter().any(|own| own.len() != pieces || !own.iter().all(fits)) {
            return refuse("another number, level or scale than was agreed on");
        }
        let mut sums = first.clone();
        let Some(key) = sums.first().map(Ciphertext::key_id) else { return refuse("there are none") };
        let evaluator = Evaluator::new(EvaluationKeys::new(&self.parameters, key).into());
        for own in others {
            for (sum, one) in sums.iter_mut().zip(own) {
                evaluator.add_assign(sum, one)?;
            }
        }
        Ok(sums)
    }

    /// The decryption of the sums by all parties. `transcript` stands for what was added, and by whom.
    ///
    /// # Errors
    /// [`Error::Threshold`] if these are not the sums of the terms.
    pub fn release(
        &self,
        session: &Session,
        transcript: &[u8; 32],
        sums: Vec<Ciphertext>,
    ) -> Result<Release> {
        let set: Vec<usize> = (0..session.parties()).collect();
        let ciphertexts = sums.into_iter().zip(self.pieces()).collect();
        Ok(Release::new(session, self.budget(), &set, transcript, ciphertexts)?)
    }

    /// The sums, from everybody's shares, of features that are scaled to between -1 and 1 by their ranges.
    ///
    /// # Errors
    /// [`Error::Threshold`] for a share that is refused or missing; [`Error::Data`] if they are no sums of samples that the parties may have.
    pub fn open(&self, release: &Release, shares: &[DecryptionShare]) -> Result<Sums> {
        let mut sum = DecryptionSum::new(release);
        shares.iter().try_for_each(|share| sum.add(share))?;
        let slots = sum.finish(&Encoder::new(&self.parameters).private())?;
        let to_number = |slot: f64| (slot / GRID).round() * GRID * self.most as f64;
        let mut numbers = slots.iter().flatten().map(|slot| to_number(slot.re));
        let mut next = || numbers.next().unwrap_or(f64::NAN);
        let samples = next().round();
        let features: Array1<f64> = (0..self.features()).map(|_| next()).collect();
        let mut products = Array2::zeros((self.features(), self.features()));
        for i in 0..self.features() {
            for j in 0..=i {
                products[(i, j)] = next();
            }
        }
        let sums = Sums::from_parts(samples, features, products)?;
        self.expect_possible(&sums)?;
        Ok(sums)
    }

    /// Refuses sums that no samples of the parties have: a party encrypted something else.
    fn expect_possible(&self, sums: &Sums) -> Result<()> {
        let count = sums.samples();
        let [least, most] = [self.least_samples(), self.most].map(|of_one| (of_one * self.parties()) as f64);
        // features lie between -1 and 1, and so do their products; the sums are rounded
        let beyond = |sum: &f64| sum.abs() > count + 1e-6 * most;
        if (least..=most).contains(&count) && !sums.features().iter().chain(sums.products()).any(beyond) {
            return Ok(());
        }
        Err(Error::Data(format!(
            "the sums of {count} samples are none of features within their ranges: a party encrypted something else"
        )))
    }

    /// The feature map that follows from the sums, for features as they came.
    ///
    /// # Errors
    /// [`Error::Head`] as [`FeatureMap::of_sums`].
    pub fn feature_map(&self, sums: &Sums, preprocessing: Preprocessing) -> Result<FeatureMap> {
        let map = FeatureMap::of_sums(sums, preprocessing, usize::MAX)?;
        let [centre, reach] = self.units();
        let mean = centre + map.mean() * &reach;
        let linear = match map.linear() {
            LinearMap::Diagonal(d) => LinearMap::Diagonal(d / &reach),
            LinearMap::Dense(m) => LinearMap::Dense(m / &reach.insert_axis(Axis(1))),
        };
        Ok(FeatureMap::from_arrays(mean, linear)?)
    }

    /// Middle and half-width of each range.
    fn units(&self) -> [Array1<f64>; 2] {
        let each = |of: fn(&[f64; 2]) -> f64| self.ranges.iter().map(of).collect();
        [each(|[low, high]| f64::midpoint(*low, *high)), each(|[low, high]| (high - low) / 2.0)]
    }

    /// Count, sums and the lower triangle of the sums of products, as shares of the most that they can be.
    fn numbers(&self, x: &ArrayView2<'_, f64>) -> Result<Vec<f64>> {
        let (samples, features) = x.dim();
        if features != self.features() {
            return Err(Error::Data(format!(
                "{features} features, where the terms have {}",
                self.features()
            )));
        }
        if samples < self.least_samples() {
            return Err(Error::Data(format!(
                "{samples} samples, where sums of {features} features take {} at least: others could work back to single samples",
                self.least_samples()
            )));
        }
        if samples > self.most {
            return Err(Error::Data(format!("{samples} samples, of at most {}", self.most)));
        }
        if let Some(feature) = self.outside(x) {
            let [low, high] = self.ranges[feature];
            return Err(Error::Data(format!("feature {feature} is not always between {low} and {high}")));
        }
        let scaled = self.scaled(x);
        let sums = Sums::of(&scaled.view())?;
        let most = self.most as f64;
        let triangle = (0..features).flat_map(|i| (0..=i).map(move |j| (i, j)));
        let numbers = std::iter::once(sums.samples())
            .chain(sums.features().iter().copied())
            .chain(triangle.map(|at| sums.products()[at]));
        Ok(numbers.map(|sum| (sum / most / GRID).round() * GRID).collect())
    }

    fn pieces(&self) -> Vec<usize> {
        pieces(self.features(), self.parameters.slots())
    }

    fn scale(&self) -> Scale {
        Scale::power_of_two((self.parameters.log_q(LEVEL) - HEADROOM).floor() as i32)
    }
}

/// Numbers of slots of the ciphertexts that hold the sums of so many features: full ones, and a power of two for the rest.
fn pieces(features: usize, slots: usize) -> Vec<usize> {
    let numbers = 1 + features + features * (features + 1) / 2;
    let full = numbers / slots;
    let rest = numbers % slots;
    let last = (rest > 0).then(|| rest.next_power_of_two());
    std::iter::repeat_n(slots, full).chain(last).collect()
}

/// The sums over the samples of several parties, all of whom are in this process. Each `x` is samples by features.
///
/// # Errors
/// [`Error::Data`] if a party refuses; those of keys and decryption.
pub fn sums_in_memory(terms: &SumsTerms, data: &[ArrayView2<'_, f64>]) -> Result<Sums> {
    let session = terms.session(&[0; 32], 0)?;
    let parties = session.parties();
    if data.len() != parties {
        return Err(Error::Data(format!("data of {} parties, where there are {parties}", data.len())));
    }
    let contributions = (0..parties).map(|_| Contribution::generate()).collect::<Result<Vec<_>, _>>()?;
    let commitments: Vec<_> =
        contributions.iter().enumerate().map(|(party, one)| one.commitment(&session, party)).collect();
    let common = CommonRandomness::finish(&session, &commitments, &contributions)?;
    let secrets =
        (0..parties).map(|party| SecretShare::generate(&session, party)).collect::<Result<Vec<_>, _>>()?;
    let shares = |party: usize| first_share(&secrets[party], &common, Protocol::PublicKey);
    let finished = finish(&session, &common, sum(&session, Protocol::PublicKey, shares)?)?;
    let Finished::Public(public) = finished else {
        return Err(Error::Terms("no public key came of its shares".into()));
    };
    let encrypted: Vec<_> = data.iter().map(|x| terms.encrypt(&public, x)).collect::<Result<_>>()?;
    let release = terms.release(&session, &[0; 32], terms.add(&encrypted)?)?;
    let share = |secret: &SecretShare| secret.decryption_share(&release, &mut Ledger::default());
    let shares = secrets.iter().map(share).collect::<Result<Vec<_>, _>>()?;
    terms.open(&release, &shares)
}
