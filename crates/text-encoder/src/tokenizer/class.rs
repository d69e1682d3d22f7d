//! Which of transformers' tokenizer classes a folder asks for, as far as the class changes token ids.

use super::casing;
use super::config::Config;
use serde::Deserialize;
use tokenizers::Tokenizer;
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;

/// What a class takes from `tokenizer_config.json` in place of `tokenizer.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Casing, accents and Chinese characters; what is not said is BERT's default, lower case.
    Bert,
    /// Casing, if it asks for lower case.
    DebertaV2,
    /// The space before the first word; none if it is not said.
    Roberta,
    /// Nothing.
    Generic,
}

/// The parts of `config.json` that choose a class.
#[derive(Deserialize, Default)]
pub(super) struct ModelNames {
    model_type: Option<String>,
    tokenizer_class: Option<String>,
}

/// Classes that are BERT's up to names.
const BERT: [&str; 10] = [
    "BertTokenizer",
    "ConvBertTokenizer",
    "DistilBertTokenizer",
    "ElectraTokenizer",
    "LayoutLMTokenizer",
    "LxmertTokenizer",
    "MobileBertTokenizer",
    "MPNetTokenizer",
    "RetriBertTokenizer",
    "SqueezeBertTokenizer",
];

impl Class {
    /// The class that is named, or else the one of the architecture.
    pub(super) fn of(config: &Config, model: &ModelNames) -> Self {
        let named = config.tokenizer_class.as_ref().or(model.tokenizer_class.as_ref());
        match named.map(|name| name.trim_end_matches("Fast")) {
            Some(name) if BERT.contains(&name) => Self::Bert,
            Some("DebertaV2Tokenizer") => Self::DebertaV2,
            Some("RobertaTokenizer") => Self::Roberta,
            Some(_) => Self::Generic,
            None => match model.model_type.as_deref() {
                Some("bert" | "distilbert" | "mpnet" | "nomic_bert") => Self::Bert,
                Some("deberta-v2") => Self::DebertaV2,
                Some("roberta") => Self::Roberta,
                _ => Self::Generic,
            },
        }
    }

    /// Applies what the class takes from `config`.
    pub(super) fn adjust(self, config: &Config, tokenizer: &mut Tokenizer) -> tokenizers::Result<()> {
        match self {
            Self::Bert => {
                if let Some(NormalizerWrapper::BertNormalizer(mut bert)) = tokenizer.get_normalizer().cloned()
                {
                    bert.lowercase = config.do_lower_case.unwrap_or(true);
                    bert.strip_accents = config.strip_accents;
                    bert.handle_chinese_chars = config.tokenize_chinese_chars.unwrap_or(true);
                    tokenizer.with_normalizer(Some(bert))?;
                }
            }
            Self::DebertaV2 if config.do_lower_case == Some(true) => casing::lower(tokenizer)?,
            Self::Roberta => {
                if let Some(PreTokenizerWrapper::ByteLevel(mut bytes)) =
                    tokenizer.get_pre_tokenizer().cloned()
                {
                    bytes.add_prefix_space = config.add_prefix_space.unwrap_or(false);
                    tokenizer.with_pre_tokenizer(Some(bytes));
                }
            }
            Self::DebertaV2 | Self::Generic => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, from_value, json};

    fn class(config: Value, model: Value) -> Class {
        Class::of(&from_value(config).unwrap(), &from_value(model).unwrap())
    }

    #[test]
    fn a_class_is_named_or_follows_from_the_architecture() {
        let bert = json!({"model_type": "bert"});
        assert_eq!(class(json!({}), bert.clone()), Class::Bert);
        assert_eq!(class(json!({"tokenizer_class": "BertTokenizerFast"}), json!({})), Class::Bert);
        assert_eq!(class(json!({"tokenizer_class": "PreTrainedTokenizerFast"}), bert), Class::Generic);
        let named = json!({"model_type": "bert", "tokenizer_class": "RobertaTokenizer"});
        assert_eq!(class(json!({}), named), Class::Roberta);
        assert_eq!(class(json!({}), json!({"model_type": "xlm-roberta"})), Class::Generic);
    }
}
