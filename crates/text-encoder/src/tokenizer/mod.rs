//! Texts to token ids: `tokenizer.json`, or a WordPiece tokenizer built from `vocab.txt`.

mod config;
mod wordpiece;

pub(crate) use config::TOKENIZERS;

use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::weights::sha256;
use config::{CONFIG, Config, TOKENIZER};
use tokenizers::normalizers::{Lowercase, NormalizerWrapper, Sequence};
use tokenizers::{Tokenizer, TruncationDirection, TruncationParams};

/// A tokenizer with limits set by this crate: the truncation and padding of `tokenizer.json` are replaced.
pub(crate) struct TextTokenizer {
    tokenizer: Tokenizer,
    direction: TruncationDirection,
    /// Tokens added around every text.
    added: usize,
    pub(crate) model_max_length: Option<usize>,
    pub(crate) sha256: String,
}

impl TextTokenizer {
    /// Reads the tokenizer of a transformer's folder. `lower_case` is `do_lower_case` of sentence_bert_config.json.
    pub(crate) fn load(folder: &Folder, lower_case: bool) -> Result<Self> {
        let config: Config = folder.json_if_present(CONFIG)?.unwrap_or_default();
        let Some(name) = TOKENIZERS.into_iter().find(|name| folder.has(name)) else {
            return Err(folder.missing("tokenizer.json or vocab.txt"));
        };
        let bytes = folder.read(name)?;
        let mut tokenizer = match name {
            TOKENIZER => from_json(folder, &bytes, &config)?,
            _ => wordpiece::build(folder, &bytes, &config)?,
        };
        let unusable =
            |error: tokenizers::Error| folder.invalid(name, "a usable tokenizer", error.to_string());
        if lower_case {
            prepend_lower_casing(&mut tokenizer).map_err(unusable)?;
        }
        tokenizer.with_padding(None).with_truncation(None).map_err(unusable)?;
        let added = tokenizer.encode_fast("", true).map_err(unusable)?.len();
        Ok(Self {
            tokenizer,
            direction: match config.truncation_side.as_deref() {
                Some("left") => TruncationDirection::Left,
                _ => TruncationDirection::Right,
            },
            added,
            model_max_length: config
                .model_max_length
                .filter(|&n| (1.0..1e9).contains(&n))
                .map(|n| n as usize),
            sha256: sha256(&bytes),
        })
    }

    /// The smallest limit that leaves room for one token of text.
    pub(crate) fn shortest_limit(&self) -> usize {
        self.added + 1
    }

    /// Limits texts to `max_length` tokens, special tokens included.
    pub(crate) fn limit(&mut self, max_length: usize) -> std::result::Result<(), String> {
        let limits = TruncationParams { max_length, direction: self.direction, ..Default::default() };
        self.tokenizer.with_truncation(Some(limits)).map(|_| ()).map_err(|error| error.to_string())
    }

    /// Token ids of a text, special tokens included.
    pub(crate) fn encode(&self, text: &str) -> std::result::Result<Vec<u32>, String> {
        let encoding = self.tokenizer.encode_fast(text, true).map_err(|error| error.to_string())?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Number of tokens that a prompt takes at the start of a text: all but a special token that ends it.
    pub(crate) fn prompt_length(&self, prompt: &str) -> Result<usize> {
        let ids = self.encode(prompt).map_err(|found| Error::Option {
            option: "prompt",
            expected: "a text for this tokenizer".into(),
            found,
        })?;
        let special = self.tokenizer.get_added_tokens_decoder();
        let ends_special = ids.last().and_then(|id| special.get(id)).is_some_and(|token| token.special);
        Ok(ids.len() - usize::from(ends_special))
    }
}

fn from_json(folder: &Folder, bytes: &[u8], config: &Config) -> Result<Tokenizer> {
    let unusable = |error: tokenizers::Error| folder.invalid(TOKENIZER, "a tokenizer", error.to_string());
    let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(unusable)?;
    config.adjust(&mut tokenizer).map_err(unusable)?;
    Ok(tokenizer)
}

fn prepend_lower_casing(tokenizer: &mut Tokenizer) -> tokenizers::Result<()> {
    let lowers = |normalizer: &NormalizerWrapper| match normalizer {
        NormalizerWrapper::Lowercase(_) => true,
        NormalizerWrapper::BertNormalizer(bert) => bert.lowercase,
        _ => false,
    };
    let steps: Vec<NormalizerWrapper> = match tokenizer.get_normalizer().cloned() {
        None => Vec::new(),
        Some(NormalizerWrapper::Sequence(steps)) => steps.into_iter().collect(),
        Some(single) => vec![single],
    };
    if !steps.iter().any(lowers) {
        let steps = std::iter::once(Lowercase.into()).chain(steps).collect();
        tokenizer.with_normalizer(Some(Sequence::new(steps)))?;
    }
    Ok(())
}
