//! The encoder: loading, and texts to embeddings.

use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::info::EncoderInfo;
use crate::long_text::Cutter;
use crate::models::{self, Backbone, Packed};
use crate::ops::with_slice;
use crate::options::{EncoderOptions, Prompt};
use crate::pipeline::{Modules, Pipeline, Stage, normalize};
use crate::pooling::PoolingMode;
use crate::source::ModelSource;
use crate::tokenizer::TextTokenizer;
use crate::tokens::Tokens;
use crate::weights::{Digests, Weights};
use candle_core::{Device, Tensor};
use ndarray::Array2;
use rayon::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Tokens in one batch, which one core computes at once: enough for efficient matrix products, few enough for activations
/// to stay in the cache. Fixed, so that results do not depend on the machine.
const TOKENS_PER_BATCH: usize = 256;

const PROMPTS: &str = "config_sentence_transformers.json";

/// File names of the transformer's settings. Older versions of sentence-transformers had one for each architecture.
const SETTINGS: [&str; 7] = [
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
];

/// A frozen sentence encoder: texts to vectors of [`dimension`](Self::dimension) components.
///
/// Computes in f32, or multiplies in bfloat16 ([`Dtype`](crate::Dtype)), on all threads of rayon's current pool or on a GPU. An embedding does not depend on the texts around
/// it (up to rounding, 1e-6) nor on the number of threads.
pub struct TextEncoder {
    tokenizer: TextTokenizer,
    cutter: Cutter,
    model: Box<dyn Backbone>,
    pipeline: Pipeline,
    /// Tokens that the prompt takes at the start of every text.
    prompt_length: usize,
    /// Whether to normalise after the modules.
    normalize: bool,
    info: EncoderInfo,
}

/// The settings in `sentence_bert_config.json`.
#[derive(Deserialize, Default)]
struct Settings {
    max_seq_length: Option<usize>,
    #[serde(default)]
    do_lower_case: bool,
}

/// The prompts in `config_sentence_transformers.json`.
#[derive(Deserialize, Default)]
struct Prompts {
    #[serde(default)]
    prompts: BTreeMap<String, String>,
    default_prompt_name: Option<String>,
    truncate_dim: Option<usize>,
}

impl TextEncoder {
    /// Loads a model.
    ///
    /// # Errors
    /// A file is missing, damaged, contradictory or asks for something unsupported, or an option does not fit the model.
    /// The error names the file or the option; nothing is guessed.
    pub fn load(source: &ModelSource, options: &EncoderOptions) -> Result<Self> {
        let located = source.resolve(&options.hub)?;
        let modules = Modules::read(&located.folder)?;
        let folder = &modules.transformer;

        let mut digests = Digests::default();
        let weights = Weights::open(folder, &mut digests)?;
        let models::Loaded { architecture, dtype, model } =
            models::load(folder, weights, options.device, options.dtype)?;
        let pipeline = modules.load_rest(model.hidden_size(), pooling_modes(options)?, &mut digests)?;

        let (settings_file, settings) = settings(folder)?;
        let tokenizer = TextTokenizer::load(folder, settings.do_lower_case)?;
        let max_seq_length = max_seq_length(folder, settings_file, &settings, &tokenizer, &*model, options)?;

        let prompts: Prompts = located.folder.json_if_present(PROMPTS)?.unwrap_or_default();
        let prompt = prompts.choose(&located.folder, &options.prompt)?;
        let prompt_length = if prompt.is_empty() { 0 } else { tokenizer.prompt_length(&prompt)? };
        let prompt_length = prompt_length.min(max_seq_length - tokenizer.around[1]);
        let cutter = Cutter {
            max_length: max_seq_length,
            around: tokenizer.around,
            prompt: prompt_length.saturating_sub(tokenizer.around[0]),
            from_left: tokenizer.from_left,
            handling: options.long_text,
        };
        let dimension = dimension(&pipeline, &prompts, options)?;
        let cut = dimension < pipeline.dimension;
        let ends_normalized = matches!(pipeline.stages.last(), Some(Stage::Normalize)) && !cut;

        let info = EncoderInfo {
            model: located.name,
            revision: located.revision,
            architecture,
            weights_sha256: digests.to_hex(),
            tokenizer_sha256: tokenizer.sha256.clone(),
            dimension,
            max_seq_length,
            long_text: options.long_text,
            pooling: pipeline.pooling.modes.clone(),
            include_prompt: pipeline.pooling.include_prompt,
            modules: pipeline.stages.iter().map(Stage::description).collect(),
            normalize: options.normalize || ends_normalized,
            prompt,
            dtype,
        };
        let normalize = options.normalize && !ends_normalized;
        Ok(Self { tokenizer, cutter, model, pipeline, prompt_length, normalize, info })
    }

    /// Components of an embedding.
    pub fn dimension(&self) -> usize {
        self.info.dimension
    }

    /// The most tokens that are embedded at once, special tokens and prompt included. [`LongText`](crate::LongText) says what
    /// becomes of longer texts.
    pub fn max_seq_length(&self) -> usize {
        self.info.max_seq_length
    }

    /// Identity and settings of this encoder.
    pub fn info(&self) -> &EncoderInfo {
        &self.info
    }

    /// Embeds texts: row `i` of the result, of shape `[texts, dimension]`, belongs to `texts[i]`.
    ///
    /// `progress` is called from any thread with the number of texts just finished.
    ///
    /// # Errors
    /// As [`tokenize`](Self::tokenize) and [`embed`](Self::embed).
    pub fn encode<S: AsRef<str> + Sync>(
        &self,
        texts: &[S],
        progress: impl Fn(usize) + Sync,
    ) -> Result<Array2<f32>> {
        self.embed(&self.tokenize(texts)?, progress)
    }

    /// The first step of [`encode`](Self::encode): texts to tokens, which tell which texts are too long.
    ///
    /// # Errors
    /// A text that has no tokens at all (impossible with tokenizers that add special tokens), or a token without an embedding.
    pub fn tokenize<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Tokens> {
        let windows = texts.par_iter().enumerate().map(|(index, text)| {
            let ids = self.ids(index, text.as_ref())?;
            let long = ids.len() > self.max_seq_length();
            let windows = self.cutter.cut(ids);
            self.check(index, &windows)?;
            Ok((windows, long))
        });
        Ok(Tokens::new(windows.collect::<Result<_>>()?))
    }

    /// The second step of [`encode`](Self::encode): tokens to embeddings.
    ///
    /// # Errors
    /// An embedding that is not finite.
    pub fn embed(&self, tokens: &Tokens, progress: impl Fn(usize) + Sync) -> Result<Array2<f32>> {
        let windows = tokens.all();
        let finished: Vec<(Vec<usize>, Tensor)> =
            batches(windows, self.model.tokens_per_batch().unwrap_or(TOKENS_PER_BATCH))
                .into_par_iter()
                .with_max_len(1)
                .map(|batch| {
                    let embeddings = self.forward(&batch, windows)?;
                    progress(batch.iter().filter(|&&window| tokens.owner(window).1).count());
                    Ok((batch, embeddings))
                })
                .collect::<Result<_>>()?;

        let mut rows = Array2::zeros((windows.len(), self.dimension()));
        for (batch, embeddings) in finished {
            with_slice(&embeddings, |values| {
                for (&window, row) in batch.iter().zip(values.chunks_exact(embeddings.dims()[1])) {
                    if row.iter().any(|x| !x.is_finite()) {
                        return Err(Error::NotFinite { index: tokens.owner(window).0 });
                    }
                    rows.row_mut(window).iter_mut().zip(row).for_each(|(to, from)| *to = *from);
                }
                Ok(())
            })??;
        }
        Ok(if windows.len() == tokens.len() { rows } else { self.average(tokens, &rows) })
    }

    /// The mean of each text's windows, of the length that embeddings have.
    fn average(&self, tokens: &Tokens, rows: &Array2<f32>) -> Array2<f32> {
        let mut result = Array2::zeros((tokens.len(), self.dimension()));
        let mut rows = rows.outer_iter();
        for (text, mut mean) in result.outer_iter_mut().enumerate() {
            let windows = tokens.windows(text).len();
            rows.by_ref().take(windows).for_each(|row| mean += &row);
            if windows > 1 {
                let divisor = match self.info.normalize {
                    true => mean.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12),
                    false => windows as f32,
                };
                mean /= divisor;
            }
        }
        result
    }

    /// Token ids of a whole text, with prompt and special tokens.
    fn ids(&self, index: usize, text: &str) -> Result<Vec<u32>> {
        let prompted;
        let text = if self.info.prompt.is_empty() {
            text
        } else {
            prompted = format!("{}{text}", self.info.prompt);
            &prompted
        };
        let ids = self.tokenizer.encode(text).map_err(|reason| Error::Tokenize { index, reason })?;
        match ids.is_empty() {
            true => Err(Error::Tokenize { index, reason: "it has no tokens".into() }),
            false => Ok(ids),
        }
    }

    /// Refuses tokens that the model has no embedding for.
    fn check(&self, index: usize, windows: &[Vec<u32>]) -> Result<()> {
        let rows = self.model.vocabulary();
        match windows.iter().flatten().find(|&&id| id as usize >= rows) {
            None => Ok(()),
            Some(&id) => {
                let token = self.tokenizer.token(id).unwrap_or_default();
                Err(Error::Vocabulary { index, token, id, rows })
            }
        }
    }

    /// Embeddings of one batch of windows, `[windows, dimension]`, on the calling thread.
    fn forward(&self, batch: &[usize], windows: &[Vec<u32>]) -> Result<Tensor> {
        let packed = Packed::new(batch.iter().map(|&window| windows[window].as_slice()));
        let hidden = self.model.forward(&packed)?;
        let width = self.model.hidden_size();
        let pooling = &self.pipeline.pooling;
        let mut pooled = Vec::with_capacity(batch.len() * pooling.dimension(width));
        with_slice(&hidden, |hidden| {
            for text in packed.offsets.windows(2) {
                pooling.pool(
                    &hidden[text[0] * width..text[1] * width],
                    width,
                    self.prompt_length,
                    &mut pooled,
                );
            }
        })?;
        let mut x = Tensor::from_vec(pooled, (batch.len(), pooling.dimension(width)), &Device::Cpu)?;
        for stage in &self.pipeline.stages {
            x = stage.forward(&x)?;
        }
        if self.dimension() < self.pipeline.dimension {
            x = x.narrow(1, 0, self.dimension())?.contiguous()?;
        }
        if self.normalize { Ok(normalize(&x)?) } else { Ok(x) }
    }
}

/// Splits windows, longest first, into batches of about `size` tokens.
fn batches(windows: &[Vec<u32>], size: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..windows.len()).collect();
    order.sort_by_key(|&window| std::cmp::Reverse(windows[window].len()));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut room = 0;
    for window in order {
        let len = windows[window].len();
        match batches.last_mut().filter(|_| len <= room) {
            Some(batch) => {
                batch.push(window);
                room -= len;
            }
            None => {
                batches.push(vec![window]);
                room = size.saturating_sub(len);
            }
        }
    }
    batches
}

/// The transformer's settings and the file they come from.
fn settings(folder: &Folder) -> Result<(&'static str, Settings)> {
    for name in SETTINGS {
        if let Some(settings) = folder.json_if_present(name)? {
            return Ok((name, settings));
        }
    }
    Ok((SETTINGS[0], Settings::default()))
}

/// The caller's option, or the model's setting, or the limit set by tokenizer and positions.
fn max_seq_length(
    folder: &Folder,
    file: &str,
    settings: &Settings,
    tokenizer: &TextTokenizer,
    model: &dyn Backbone,
    options: &EncoderOptions,
) -> Result<usize> {
    let possible = tokenizer.shortest_limit()..=model.positions();
    let expected = || format!("{} to {} tokens", possible.start(), possible.end());
    if let Some(asked) = options.max_seq_length {
        return if possible.contains(&asked) {
            Ok(asked)
        } else {
            Err(Error::Option { option: "max_seq_length", expected: expected(), found: asked.to_string() })
        };
    }
    let limit = tokenizer.model_max_length.unwrap_or(usize::MAX).min(model.positions());
    let length = settings.max_seq_length.unwrap_or(limit);
    if possible.contains(&length) {
        return Ok(length);
    }
    Err(folder.invalid(file, format!("max_seq_length of {}", expected()), length.to_string()))
}

/// The pooling modes that the caller asks for, if any.
fn pooling_modes(options: &EncoderOptions) -> Result<Option<&[PoolingMode]>> {
    match options.pooling.as_deref() {
        Some([]) => Err(Error::Option {
            option: "pooling",
            expected: "at least one mode".into(),
            found: "none".into(),
        }),
        modes => Ok(modes),
    }
}

/// Components of an embedding after truncation.
fn dimension(pipeline: &Pipeline, prompts: &Prompts, options: &EncoderOptions) -> Result<usize> {
    match options.truncate_dim {
        Some(asked) if (1..=pipeline.dimension).contains(&asked) => Ok(asked),
        Some(asked) => Err(Error::Option {
            option: "truncate_dim",
            expected: format!("1 to {} components", pipeline.dimension),
            found: asked.to_string(),
        }),
        None => Ok(prompts.truncate_dim.filter(|&n| n > 0).unwrap_or(usize::MAX).min(pipeline.dimension)),
    }
}

impl Prompts {
    /// The text to put before every text; empty for none.
    fn choose(&self, folder: &Folder, choice: &Prompt) -> Result<String> {
        let known = || {
            let names: Vec<&str> = self.prompts.keys().map(String::as_str).collect();
            format!("one of the model's prompts [{}]", names.join(", "))
        };
        match choice {
            Prompt::None => Ok(String::new()),
            Prompt::Text(text) => Ok(text.clone()),
            Prompt::Named(name) => self.prompts.get(name).cloned().ok_or_else(|| Error::Option {
                option: "prompt",
                expected: known(),
                found: name.clone(),
            }),
            Prompt::Default => match &self.default_prompt_name {
                None => Ok(String::new()),
                Some(name) => self.prompts.get(name).cloned().ok_or_else(|| {
                    folder.invalid(PROMPTS, format!("default_prompt_name to be {}", known()), name.as_str())
                }),
            },
        }
    }
}
