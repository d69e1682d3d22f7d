//! What the parties agree on before anything is encrypted: method, feature map, shares of the data, what will be decrypted.
//!
//! Nothing in the terms comes from a party's private data. Method, rates, intervals and feature map come from public samples, which anybody
//! can look at; sizes are those that parties announce.

use ckks_threshold::{Budget, Session};
use fhe_head::ckks::{FloodingLiteral, KeyPurpose, Parameters};
use fhe_head::{BuiltIn, Functions, Head as _, Part, Plan, Request, Samples, Scheme, twins};
use head_fit::{ClassWeight, Classifier, Data, FeatureMap, Model, Training};
use ndarray::{Array1, Array2, Axis, concatenate, s};
use serde::{Deserialize, Serialize};

use crate::bound::error_bound;
use crate::error::{Error, Result};

/// How much each party's samples count together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weighting {
    /// By the rows that it announced ([`Terms::new`]). A party that rounds them counts a little more or less than its samples; blocks
    /// alone would let small parties, whose only block is half empty, count as much as large ones.
    #[default]
    Size,
    /// The same for each party.
    Equal,
}

/// What the parties choose beside the method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choices {
    /// How much each party's samples count.
    pub weighting: Weighting,
    /// Bits of statistical security of all that is decrypted.
    pub bits: u32,
    /// How many of the parties decrypt; `None` for all.
    pub threshold: Option<usize>,
    /// Decryptions of a session.
    pub releases: u32,
}

impl Default for Choices {
    fn default() -> Self {
        Self { weighting: Weighting::Size, bits: 40, threshold: None, releases: 1 }
    }
}

/// The terms of a joint training.
#[derive(Clone, Debug)]
pub struct Terms {
    agreed: Agreed,
    map: FeatureMap,
    scheme: Scheme,
}

/// All of the [`Terms`] but the feature map, for files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreed {
    /// The method, with everything filled in.
    pub options: Classifier,
    /// Job, levels and keys of the training on the data of all.
    pub plan: Plan,
    /// Which blocks are whose, and how much they count.
    pub parts: Vec<Part>,
    /// How many of the parties decrypt.
    pub threshold: usize,
    /// What is decrypted, and how it is hidden.
    pub decryption: Decryption,
    /// The weights after each iteration of the training on the public samples: what stands for the other parties when one checks its own
    /// data.
    pub expected: Vec<Vec<Array1<f64>>>,
}

/// What is decrypted, and how its error is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decryption {
    /// Numbers that one decryption shows.
    pub numbers: usize,
    /// Bound on the Euclidean norm of their errors.
    pub error_bound: f64,
    /// Decryptions that the noise is for: those of the session, for each set of parties that has no party in common with another
    /// ([`Session::sets_apart`]).
    pub releases: u32,
    /// Bits of statistical security of all of them.
    pub bits: u32,
    /// Level at which shares are made.
    pub level: usize,
}

/// Factor by which the variance of the error may exceed that of a training on the public samples.
const MARGIN: f64 = 4.0;

impl Terms {
    /// The terms of a training by the method of `public`, a training that was prepared on public samples and on the parameter set for the
    /// parties. `rows` is the most samples that each party brings.
    ///
    /// # Errors
    /// [`Error::Terms`] if the method is not one for several parties, or the noise that hides errors does not fit; [`Error::Head`] if the
    /// levels do not suffice.
    pub fn new(public: &Training, rows: &[usize], choices: Choices) -> Result<Self> {
        let scheme = &public.scheme;
        let parties = scheme.parameters().literal().secret.parties() as usize;
        if parties != rows.len() || parties < 2 {
            return Err(Error::Terms(format!(
                "{} is a parameter set for {parties} data parties, where {} have samples",
                scheme.name(),
                rows.len()
            )));
        }
        expect_method(&public.options, public.plan.job.head())?;
        if public.start.is_some() {
            return Err(Error::Terms("a joint training starts from zero".into()));
        }
        let spec = public.plan.job.spec();
        let request = Request {
            parts: rows.to_vec(),
            optimizer: spec.optimizer,
            alpha: spec.alpha,
            ..Request::new(
                spec.head.clone(),
                rows.iter().sum(),
                public.map.outputs(),
                spec.learning_rates.clone(),
            )
        };
        let plan = Plan::new(scheme, &request)?;
        let parts = parts(&plan, rows, choices.weighting);
        let packing = plan.job.packing();
        let most: Vec<usize> = (0..public.samples.len().min(packing.capacity())).collect();
        let samples = public.samples.select(&most);
        let simulated = twins::train_simulated(&plan, scheme, &samples, None)?;
        let expected = twins::trajectory(&plan, &samples, None, Functions::Polynomials)?;
        let numbers = plan.job.weights().iter().map(|vector| 2 * vector.period).sum();
        let error_bound = error_bound(&plan, scheme, MARGIN * simulated.variance);
        let threshold = choices.threshold.unwrap_or(parties);
        let session = Session::new(scheme.parameters(), &[0; 32], 0, threshold)?;
        let decryption = Decryption {
            numbers,
            error_bound,
            releases: choices.releases.saturating_mul(session.sets_apart()),
            bits: choices.bits,
            level: plan.final_level,
        };
        let options = Classifier { class_weight: ClassWeight::Uniform, ..public.options.clone() };
        let agreed = Agreed { options, plan, parts, threshold, decryption, expected };
        Self::on(agreed, public.map.clone(), scheme.clone())
    }

    /// Terms from a file.
    ///
    /// # Errors
    /// [`Error::Terms`] if they contradict themselves; [`Error::Head`] if the plan asks for what its parameter set does not have.
    pub fn from_parts(agreed: Agreed, map: FeatureMap) -> Result<Self> {
        let scheme = Scheme::by_name(&agreed.plan.preset)?;
        Self::on(agreed, map, scheme)
    }

    /// Terms on a parameter set that has no name of its own.
    ///
    /// # Errors
    /// As [`Self::from_parts`].
    pub fn on(agreed: Agreed, map: FeatureMap, scheme: Scheme) -> Result<Self> {
        agreed.plan.expect_within(scheme.parameters())?;
        expect_method(&agreed.options, agreed.plan.job.head())?;
        let refuse = |reason: String| Err(Error::Terms(reason));
        let parties = scheme.parameters().literal().secret.parties() as usize;
        let packing = agreed.plan.job.packing();
        let mut next = 0;
        for part in &agreed.parts {
            part.check(packing)?;
            if part.first != next {
                return refuse(format!("blocks from {} where those from {next} are expected", part.first));
            }
            next += part.count;
        }
        if agreed.parts.len() != parties || next != packing.blocks() {
            return refuse(format!(
                "{} parties with {next} blocks, where {parties} have {}",
                agreed.parts.len(),
                packing.blocks()
            ));
        }
        let together: f64 = agreed.parts.iter().map(|part| part.weight).sum();
        if (together / packing.capacity() as f64 - 1.0).abs() > 1e-9 {
            return refuse(format!("the parties' weights are {together} in {} rows", packing.capacity()));
        }
        if map.outputs() > packing.most_features() {
            return refuse(format!(
                "a feature map with {} outputs for {}",
                map.outputs(),
                packing.most_features()
            ));
        }
        let shown: usize = agreed.plan.job.weights().iter().map(|vector| 2 * vector.period).sum();
        if agreed.decryption.numbers < shown || agreed.plan.final_level < agreed.decryption.level {
            return refuse(format!("the head has {shown} numbers at level {}", agreed.plan.final_level));
        }
        let lengths = |weights: &[Array1<f64>]| weights.iter().map(Array1::len).collect::<Vec<_>>();
        let padded = agreed.plan.job.from_vectors(
            &agreed.plan.job.weights().iter().map(|vector| Array1::zeros(vector.period)).collect::<Vec<_>>(),
        );
        let fits = |weights: &Vec<Array1<f64>>| lengths(weights) == lengths(&padded);
        if agreed.expected.len() != agreed.plan.job.iterations() || !agreed.expected.iter().all(fits) {
            return refuse("the expected weights are not those of the head".into());
        }
        if agreed.plan.job.refreshed_message().is_some() {
            return refuse("a head that was bootstrapped leaves no bits to hide its error".into());
        }
        let terms = Self { agreed, map, scheme };
        terms.budget().check(terms.parameters())?;
        let apart = terms.session(&[0; 32], 0)?.sets_apart();
        if terms.agreed.decryption.releases < apart {
            return refuse(format!(
                "noise for {} decryptions, where {apart} sets of parties can decrypt without a party in common",
                terms.agreed.decryption.releases
            ));
        }
        Ok(terms)
    }

    /// All but the feature map.
    pub fn agreed(&self) -> &Agreed {
        &self.agreed
    }

    /// The feature map, the same for all parties.
    pub fn map(&self) -> &FeatureMap {
        &self.map
    }

    /// Job, levels and keys.
    pub fn plan(&self) -> &Plan {
        &self.agreed.plan
    }

    /// The parameter set.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// The CKKS parameters.
    pub fn parameters(&self) -> &Parameters {
        self.scheme.parameters()
    }

    /// Number of data parties.
    pub fn parties(&self) -> usize {
        self.agreed.parts.len()
    }

    /// The most samples that a party brings.
    ///
    /// # Errors
    /// [`Error::Terms`] if there is no such party.
    pub fn most_samples(&self, party: usize) -> Result<usize> {
        Ok(self.part(party)?.capacity(self.plan().job.packing())?)
    }

    /// The blocks of a party.
    ///
    /// # Errors
    /// [`Error::Terms`] if there is no such party.
    pub fn part(&self, party: usize) -> Result<Part> {
        self.agreed.parts.get(party).copied().ok_or_else(|| {
            Error::Terms(format!("there is no party {party}; {} are counted from 0", self.parties()))
        })
    }

    /// What may be decrypted.
    pub fn budget(&self) -> Budget {
        let Decryption { numbers, error_bound, releases, bits, level } = self.agreed.decryption;
        Budget { flooding: FloodingLiteral { numbers, error_bound, releases, bits }, level }
    }

    /// The session of an attempt. `agreement` is the digest of what the parties signed.
    ///
    /// # Errors
    /// [`Error::Threshold`] if the threshold is not one for the parties.
    pub fn session(&self, agreement: &[u8; 32], attempt: u32) -> Result<Session> {
        Ok(Session::new(self.parameters(), agreement, attempt, self.agreed.threshold)?)
    }

    /// The evaluation keys, each with its shape.
    pub fn keys(&self) -> Vec<(KeyPurpose, fhe_head::ckks::KeyShape)> {
        self.plan().keys.shapes(self.parameters())
    }

    /// Standard deviation of the noise of a decrypted weight, in its unit, of all parties together.
    ///
    /// # Errors
    /// None in practice: the budget was checked.
    pub fn weight_noise(&self) -> Result<f64> {
        let deciding = self.agreed.threshold as f64;
        let deviation = self.budget().check(self.parameters())?.deviation() * deciding.sqrt();
        let scale = f64::from(self.plan().job.spec().state_scale).exp2();
        let of = |vector: &fhe_head::WeightVector| {
            deviation * (vector.period as f64).sqrt() / scale * vector.unit.value().abs()
        };
        Ok(self.plan().job.weights().iter().map(of).fold(0.0, f64::max))
    }

    /// The training on the data of all in the clear, with exact functions or with their polynomials: what an experiment holds a joint head
    /// against. Weights of the encrypted space.
    ///
    /// # Errors
    /// [`Error::Data`] as [`Self::samples`].
    pub fn plain_twin(&self, data: &[Data<'_>], functions: Functions) -> Result<Vec<Array1<f64>>> {
        let (mut rows, mut labels, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for (part, data) in self.agreed.parts.iter().zip(data) {
            let samples = self.mapped(data)?;
            let x = samples.features();
            rows.push(x.slice(s![.., ..x.ncols() - 1]).to_owned());
            labels.push(samples.labels().to_owned());
            weights.push(samples.weights().to_owned() * (part.weight / samples.len() as f64));
        }
        let together = |all: &[Array2<f64>]| {
            let views: Vec<_> = all.iter().map(|one| one.view()).collect();
            concatenate(Axis(0), &views).map_err(|error| Error::Data(error.to_string()))
        };
        let weights: Array1<f64> = weights.iter().flatten().copied().collect();
        let samples =
            Samples::with_labels(&together(&rows)?.view(), &together(&labels)?.view(), &weights.view())?;
        let iterates = twins::trajectory(self.plan(), &samples, None, functions)?;
        Ok(iterates.into_iter().next_back().unwrap_or_default())
    }

    /// Samples in the space that is encrypted.
    pub(crate) fn mapped(&self, data: &Data<'_>) -> Result<Samples> {
        if data.features().ncols() != self.map.inputs() {
            return Err(Error::Data(format!(
                "{} features, where the terms have {}",
                data.features().ncols(),
                self.map.inputs()
            )));
        }
        if data.classes() != Some(self.classes()) {
            return Err(Error::Data(format!(
                "{}, where the terms have {} classes",
                data.targets().described(),
                self.classes()
            )));
        }
        let x = self.map.apply(&data.features())?;
        let weights = data.sample_weights(ClassWeight::Uniform)?;
        Ok(Samples::with_labels(&x.view(), &data.labels(), &weights.view())?)
    }

    /// Number of classes. A party may have samples of some of them only ([`Data::with_classes`]).
    pub fn classes(&self) -> usize {
        self.plan().job.head().scores().max(2)
    }

    /// The model for features as they came, from weights of the encrypted space.
    ///
    /// # Errors
    /// [`Error::Head`] on other weights.
    pub fn model(&self, weights: &[Array1<f64>]) -> Result<Model> {
        let model = Model::from_weights(self.plan().job.head(), &self.map, weights)?;
        Ok(self.agreed.options.export(model))
    }
}

/// Which blocks are whose. All weights together are the rows of all blocks.
fn parts(plan: &Plan, rows: &[usize], weighting: Weighting) -> Vec<Part> {
    let packing = plan.job.packing();
    let all: usize = rows.iter().sum();
    let mut first = 0;
    let part = |&own: &usize| {
        let count = own.div_ceil(packing.block_samples());
        let share = match weighting {
            Weighting::Size => own as f64 / all as f64,
            Weighting::Equal => 1.0 / rows.len() as f64,
        };
        first += count;
        Part { first: first - count, count, weight: share * packing.capacity() as f64 }
    };
    rows.iter().map(part).collect()
}

/// Linear heads of classes are trained without bootstraps and in two to five iterations; others are not for several parties.
fn expect_method(options: &Classifier, head: &BuiltIn) -> Result<()> {
    if !matches!(head, BuiltIn::Logistic(_) | BuiltIn::Softmax(_)) {
        return Err(Error::Terms(
            "several parties train linear heads of classes: logreg, ovr, softmax".into(),
        ));
    }
    if options.class_weight != ClassWeight::Uniform {
        return Err(Error::Terms(
            "weights of classes need counts that nobody has: leave them uniform".into(),
        ));
    }
    if options.scoring || options.batch_size.is_some() {
        return Err(Error::Terms("several parties train on whole batches, and without scoring".into()));
    }
    Ok(())
}
