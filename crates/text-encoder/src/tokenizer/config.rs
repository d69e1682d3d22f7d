//! `tokenizer_config.json` and the names of the files that a tokenizer consists of.

use serde::Deserialize;
use tokenizers::Tokenizer;
use tokenizers::normalizers::NormalizerWrapper;

pub(super) const TOKENIZER: &str = "tokenizer.json";
pub(super) const VOCABULARY: &str = "vocab.txt";
pub(super) const CONFIG: &str = "tokenizer_config.json";

/// Files that a tokenizer can be made from, the preferred one first.
pub(crate) const TOKENIZERS: [&str; 2] = [TOKENIZER, VOCABULARY];

/// The parts of `tokenizer_config.json` that change token ids.
#[derive(Deserialize, Default)]
pub(super) struct Config {
    pub(super) do_lower_case: Option<bool>,
    pub(super) strip_accents: Option<bool>,
    pub(super) tokenize_chinese_chars: Option<bool>,
    /// In tokens; 1e30 if the tokenizer has no limit.
    pub(super) model_max_length: Option<f64>,
    pub(super) truncation_side: Option<String>,
    #[serde(flatten)]
    pub(super) special: SpecialTokens,
}

impl Config {
    /// Applies the settings that overrule `tokenizer.json`. transformers does so for BERT's normaliser alone.
    pub(super) fn adjust(&self, tokenizer: &mut Tokenizer) -> tokenizers::Result<()> {
        if let Some(NormalizerWrapper::BertNormalizer(mut bert)) = tokenizer.get_normalizer().cloned() {
            bert.lowercase = self.do_lower_case.unwrap_or(bert.lowercase);
            bert.strip_accents = self.strip_accents.or(bert.strip_accents);
            bert.handle_chinese_chars = self.tokenize_chinese_chars.unwrap_or(bert.handle_chinese_chars);
            tokenizer.with_normalizer(Some(bert))?;
        }
        Ok(())
    }
}

/// The special tokens named in tokenizer_config.json or special_tokens_map.json.
#[derive(Deserialize, Default)]
pub(super) struct SpecialTokens {
    pub(super) unk_token: Option<Token>,
    pub(super) sep_token: Option<Token>,
    pub(super) pad_token: Option<Token>,
    pub(super) cls_token: Option<Token>,
    pub(super) mask_token: Option<Token>,
}

/// A token, written as its text or as an object that holds it.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
pub(super) enum Token {
    Text(String),
    Object { content: String },
}

impl Token {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Object { content: text } => text,
        }
    }
}
