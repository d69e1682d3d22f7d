//! The data party's plan: what was chosen for a training, and how features become samples and weights become a head. It is private,
//! because the feature map holds statistics of the data.
//!
//! - this file: writing and reading, the head that a training gives;
//! - [`binding`], [`origins`]: what the plan is known by, and what ties files to it;
//! - [`twins`], [`rehearsed`]: the same training in the clear, to hold the decrypted head against and to publish;
//! - [`arrays`]: the feature map, the start weights and the twins, in a file of their own;
//! - [`samples`]: features, weights and start weights to encrypt.

mod arrays;
mod binding;
mod column_source;
mod mapped;
mod origins;
mod rehearsed;
mod samples;
mod twins;

use std::path::Path;

use fhe_head::ckks::Parameters;
use fhe_head::{Functions, Job, Plan, Scheme};
use head_fit::{Calibrator, Classifier, FeatureMap, Model};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tables::Recipe;

use crate::exit::{Failure, Result};
use crate::files::embeddings::UsedEncoder;
use crate::files::feature_map::GivenMap;
use crate::files::head::{Description, FeatureSource, Head, Provenance, Secrecy, of_scores};
use crate::files::seal::Seal;
use crate::files::{Access, read_sealed, write_bytes, write_json_with};
use crate::preset::preset;
use crate::samples::{Known, Matrix};
use crate::targets::{Vocabulary, extend};
use arrays::Arrays;
use binding::Binding;
use column_source::ColumnSource;
use twins::Twins;
pub(crate) use twins::{Kept, Rehearsal};

const FORMAT: &str = "train-head plan 11";

/// A plan: `plan.json`, and `plan.safetensors` beside it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlanFile {
    contents: Contents,
    arrays: Arrays,
}

/// `plan.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Contents {
    /// Name and version of the format.
    format: String,
    digest: Seal,
    /// What ties files to the plan.
    #[serde(flatten)]
    binding: Binding,
    /// What is predicted.
    #[serde(flatten)]
    vocabulary: Vocabulary,
    /// Names of the features, if they come from a table.
    feature_names: Option<Vec<String>>,
    /// How the columns of the table become features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    table: Option<Recipe>,
    /// The columns of the labels, if the table holds them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    label_columns: Vec<String>,
    /// The encoder, if the samples are texts.
    encoder: Option<UsedEncoder>,
    /// Where sample weights come from; `null` if all samples count the same.
    sample_weight: Option<ColumnSource>,
    /// Where groups of samples come from that stay together; `null` if there are none.
    groups: Option<ColumnSource>,
    /// Share of the samples held out for validation, in (0, 1).
    validation_fraction: Option<f64>,
    /// The method, with everything filled in that was chosen.
    options: Classifier,
    /// Parameter set, job, levels, keys, sizes.
    plan: Plan,
    /// The file of the feature map, if it was given and not fitted on the samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    given_map: Option<GivenMap>,
    /// How far a decrypted weight may be from the twin's, in the encrypted space; `null` without twins.
    tolerance: Option<f64>,
    /// BLAKE3 digest of the file beside this one.
    arrays: String,
}

impl PlanFile {
    /// The plan of `prepared`, a training on `training` with the encoded labels `y`: a new run.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub(crate) fn new(
        prepared: &head_fit::Training,
        vocabulary: &Vocabulary,
        training: &Matrix,
        y: &Array2<f64>,
    ) -> Result<Self> {
        let (map, start) = (prepared.map.clone(), prepared.start.clone());
        let arrays = Arrays { map, start, twins: Twins::default() };
        let contents = Contents {
            format: FORMAT.into(),
            digest: Seal,
            binding: Binding::new(training, y)?,
            vocabulary: vocabulary.clone(),
            feature_names: training.names.clone(),
            table: training.recipe.clone(),
            label_columns: training.label_columns.clone(),
            encoder: training.encoder.clone(),
            sample_weight: weights_of(training),
            groups: groups_of(training),
            validation_fraction: None,
            options: prepared.options.clone(),
            plan: prepared.plan.clone(),
            given_map: None,
            tolerance: None,
            arrays: arrays::digest(&arrays.to_bytes()?),
        };
        Ok(Self { contents, arrays })
    }

    /// The plan of another training of the same head on the same features, which goes on from an encrypted head: a new run.
    ///
    /// # Errors
    /// An unknown label; the operating system gives no randomness.
    pub(crate) fn continued(self, options: Classifier, plan: Plan, training: &Matrix) -> Result<Self> {
        let y = training.encode_labels(self.vocabulary(), "the training data")?;
        let arrays = Arrays { start: None, twins: Twins::default(), ..self.arrays };
        let contents = Contents {
            binding: self.contents.binding.continued(training, &y)?,
            tolerance: None,
            options,
            plan,
            sample_weight: weights_of(training),
            groups: groups_of(training),
            validation_fraction: None,
            arrays: arrays::digest(&arrays.to_bytes()?),
            ..self.contents
        };
        Ok(Self { contents, arrays })
    }

    /// The same plan, of a training behind a map that was given.
    #[must_use]
    pub(crate) fn behind(self, map: GivenMap) -> Self {
        Self { contents: Contents { given_map: Some(map), ..self.contents }, ..self }
    }

    /// The same plan for the samples that remain after a share was held out: `validation`.
    ///
    /// # Errors
    /// None in practice: the samples are in memory.
    pub(crate) fn with_validation(self, share: Option<f64>, validation: Option<&Matrix>) -> Result<Self> {
        let binding = self.contents.binding.with_validation(validation)?;
        Ok(Self { contents: Contents { validation_fraction: share, binding, ..self.contents }, ..self })
    }

    /// Refuses a name for a plan whose other file would replace something else, before there is a plan.
    ///
    /// # Errors
    /// The file beside the plan exists and is not the feature map of a plan.
    pub(crate) fn expect_room(path: &Path) -> Result<()> {
        arrays::expect_room(path).map(|_| ())
    }

    /// Writes both files, readable only by their owner. The plan appears last.
    ///
    /// # Errors
    /// A name that leaves none for the other file; a failure of the operating system.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        self.write_for(path, Access::Private)
    }

    /// The same for those who may read it: a plan on samples that everybody may see is for all parties of a session.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub(crate) fn write_for(&self, path: &Path, access: Access) -> Result<()> {
        let beside = arrays::expect_room(path)?;
        let bytes = self.arrays.to_bytes()?;
        write_json_with(path, access, &self.contents, || write_bytes(&beside, access, &bytes))
    }

    /// Reads a plan. Nothing is planned again.
    ///
    /// # Errors
    /// One of the files does not exist or is damaged, or the two do not belong together; another format.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        const WHAT: &str = "a plan (`train-head estimate --out` writes one)";
        const ANEW: &str = "plan again with `train-head estimate`, whose flags change what a plan holds; keys, data and head follow from it";
        let contents: Contents = read_sealed(path, WHAT, FORMAT, ANEW)?;
        let scheme = preset(&contents.plan.preset)?;
        contents
            .plan
            .expect_within(scheme.parameters())
            .map_err(|what| Failure::file(format!("{}: {what}", path.display())).help(ANEW))?;
        let arrays = Arrays::read(&arrays::path_beside(path)?, &contents.arrays)?;
        Ok(Self { contents, arrays })
    }

    /// Job, levels, keys, sizes.
    pub(crate) fn plan(&self) -> &Plan {
        &self.contents.plan
    }

    /// The public description of the training.
    pub(crate) fn job(&self) -> &Job {
        &self.plan().job
    }

    /// The method.
    pub(crate) fn options(&self) -> &Classifier {
        &self.contents.options
    }

    /// What the logits of the exported head get.
    fn calibrator(&self) -> Calibrator {
        self.options().calibrator.clone().unwrap_or_default()
    }

    /// From features to the space that is encrypted.
    pub(crate) fn map(&self) -> &FeatureMap {
        &self.arrays.map
    }

    /// The file of the feature map, if it was given and not fitted on the samples.
    pub(crate) fn given_map(&self) -> Option<&GivenMap> {
        self.contents.given_map.as_ref()
    }

    /// Names of the features, if they come from a table.
    pub(crate) fn feature_names(&self) -> Option<&[String]> {
        self.contents.feature_names.as_deref()
    }

    /// The encoder, if the samples are texts.
    pub(crate) fn encoder(&self) -> Option<&UsedEncoder> {
        self.contents.encoder.as_ref()
    }

    /// The parameter set, with its bootstrap.
    ///
    /// # Errors
    /// The plan names no preset.
    pub(crate) fn scheme(&self) -> Result<Scheme> {
        preset(&self.plan().preset)
    }

    /// The CKKS parameters.
    ///
    /// # Errors
    /// The plan names no preset.
    pub(crate) fn parameters(&self) -> Result<Parameters> {
        Ok(self.scheme()?.parameters().clone())
    }

    /// What is predicted.
    pub(crate) fn vocabulary(&self) -> &Vocabulary {
        &self.contents.vocabulary
    }

    /// What the training read of a table.
    pub(crate) fn known(&self) -> Known<'_> {
        Known { labels: &self.contents.label_columns, recipe: self.recipe() }
    }

    /// How the columns of a table become features; `None` if the plan was made from texts or an array.
    pub(crate) fn recipe(&self) -> Option<&Recipe> {
        self.contents.table.as_ref()
    }

    /// The plan without the numbers of its feature map, for `inspect`.
    pub(crate) fn summary(&self) -> Value {
        let Contents { vocabulary, encoder, options, plan, .. } = &self.contents;
        let mut summary = json!({
            "run": self.run(), "preset": plan.preset, "features": self.map().inputs(), "encoder": encoder,
            "given_map": self.given_map(),
            "options": options, "packing": plan.job.packing().sizes(), "levels": plan.levels, "sizes": plan.sizes,
            "key_switches": plan.counts.key_switches(), "bootstraps": plan.job.spec().refresh_before.len(),
            "activation_bootstraps": plan.activation_bootstraps(),
        });
        extend(&mut summary, vocabulary);
        summary
    }

    /// The private head for features as they are read, from decrypted `weights` of the encrypted space. `iterations` is their number in
    /// the training.
    ///
    /// # Errors
    /// Another number of weights; a plan that does not say what its feature map does.
    pub(crate) fn head(&self, weights: &[Array1<f64>], iterations: usize) -> Result<Head> {
        self.head_of(weights, iterations, Secrecy::Private)
    }

    /// The head that several parties trained by this plan's method and decrypted together.
    ///
    /// # Errors
    /// As [`Self::head`].
    pub(crate) fn joint_head(&self, weights: &[Array1<f64>], iterations: usize) -> Result<Head> {
        self.head_of(weights, iterations, Secrecy::Joint)
    }

    fn head_of(&self, weights: &[Array1<f64>], iterations: usize, secrecy: Secrecy) -> Result<Head> {
        let Contents { vocabulary, feature_names, table, encoder, options, plan, .. } = &self.contents;
        let model = options.export(Model::from_weights(self.job().head(), self.map(), weights)?);
        let model = model.with_functions(match secrecy {
            Secrecy::Private => Functions::Polynomials,
            Secrecy::Published | Secrecy::Joint => Functions::Exact,
        });
        let preprocessing = options
            .preprocessing
            .ok_or_else(|| Failure::file("the plan does not say what its feature map does"))?;
        let encoder = match secrecy {
            Secrecy::Private => encoder.clone(),
            Secrecy::Published | Secrecy::Joint => encoder.clone().map(UsedEncoder::for_others),
        };
        let description = Description::new(
            &model,
            vocabulary.clone(),
            FeatureSource {
                names: feature_names.clone(),
                table: table.clone(),
                label_columns: self.contents.label_columns.clone(),
                encoder,
            },
            preprocessing,
            Provenance {
                preset: plan.preset.clone(),
                iterations,
                encrypted: secrecy != Secrecy::Published,
                calibrator: self.calibrator(),
            },
            secrecy,
        );
        Ok(Head { model, description })
    }

    /// Predictions from decrypted scores, samples (rows) by columns: probabilities of classes or labels, or numbers in the unit in which
    /// they came. A head with one output for two classes gives both.
    pub(crate) fn predicted(&self, scores: Array2<f64>) -> Array2<f64> {
        let scores = self.calibrator().of_logits(scores);
        let scores = match &self.options().target_units {
            Some(units) => scores * &units.deviation + &units.mean,
            None => scores,
        };
        of_scores(scores, self.job().head().link())
    }
}

/// Where the weights of samples come from, if they have any.
fn weights_of<X>(samples: &Matrix<X>) -> Option<ColumnSource> {
    samples.weights.as_ref().map(|weights| ColumnSource::of(weights.column.as_ref()))
}

/// Where the groups of samples come from, if they have any.
fn groups_of<X>(samples: &Matrix<X>) -> Option<ColumnSource> {
    samples.groups.as_ref().map(|groups| ColumnSource::of(groups.column.as_ref()))
}
