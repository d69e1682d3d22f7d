//! The files beside a tokenizer that change token ids: `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`.

use crate::error::Result;
use crate::folder::Folder;
use serde::Deserialize;
use std::collections::BTreeMap;
use tokenizers::AddedToken;

pub(super) const TOKENIZER: &str = "tokenizer.json";
pub(super) const VOCABULARY: &str = "vocab.txt";
pub(super) const CONFIG: &str = "tokenizer_config.json";
const SPECIAL_TOKENS: &str = "special_tokens_map.json";
const ADDED_TOKENS: &str = "added_tokens.json";

/// Files that a tokenizer can be made from, the preferred one first.
pub(crate) const TOKENIZERS: [&str; 2] = [TOKENIZER, VOCABULARY];

/// The parts of `tokenizer_config.json` that change token ids.
#[derive(Deserialize, Default)]
pub(super) struct Config {
    pub(super) tokenizer_class: Option<String>,
    pub(super) do_lower_case: Option<bool>,
    pub(super) strip_accents: Option<bool>,
    pub(super) tokenize_chinese_chars: Option<bool>,
    pub(super) add_prefix_space: Option<bool>,
    /// In tokens; 1e30 if the tokenizer has no limit.
    pub(super) model_max_length: Option<f64>,
    pub(super) truncation_side: Option<String>,
    /// Tokens by id. A folder without this has the two other files, which older versions of transformers wrote.
    added_tokens_decoder: Option<BTreeMap<String, TokenObject>>,
    #[serde(flatten)]
    pub(super) special: SpecialTokens,
    /// What `added_tokens.json` holds.
    #[serde(skip)]
    older: BTreeMap<String, u32>,
}

/// The special tokens named in `tokenizer_config.json` or `special_tokens_map.json`.
#[derive(Deserialize, Default)]
pub(super) struct SpecialTokens {
    pub(super) bos_token: Option<Token>,
    pub(super) eos_token: Option<Token>,
    pub(super) unk_token: Option<Token>,
    pub(super) sep_token: Option<Token>,
    pub(super) pad_token: Option<Token>,
    pub(super) cls_token: Option<Token>,
    pub(super) mask_token: Option<Token>,
    additional_special_tokens: Option<Tokens>,
    extra_special_tokens: Option<Tokens>,
}

/// A token, written as its text or as an object that holds it.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
pub(super) enum Token {
    Text(String),
    Object(TokenObject),
}

/// A token with its rules.
#[derive(Deserialize, Clone)]
pub(super) struct TokenObject {
    content: String,
    #[serde(default)]
    single_word: bool,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
    normalized: Option<bool>,
    #[serde(default)]
    special: bool,
}

/// Several tokens, in a list or by names.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum Tokens {
    List(Vec<Token>),
    Named(BTreeMap<String, Token>),
}

impl Config {
    /// Reads the files that there are.
    pub(super) fn load(folder: &Folder) -> Result<Self> {
        let mut config: Self = folder.json_if_present(CONFIG)?.unwrap_or_default();
        match &config.added_tokens_decoder {
            None => {
                config.older = folder.json_if_present(ADDED_TOKENS)?.unwrap_or_default();
                let older: SpecialTokens = folder.json_if_present(SPECIAL_TOKENS)?.unwrap_or_default();
                config.special = older.or(config.special);
            }
            Some(tokens) => {
                if let Some(id) = tokens.keys().find(|id| id.parse::<u32>().is_err()) {
                    let expected = "token ids as the names in added_tokens_decoder";
                    return Err(folder.invalid(CONFIG, expected, format!("'{id}'")));
                }
            }
        }
        Ok(config)
    }

    /// The tokens that files list by id, in the order of the ids.
    pub(super) fn added(&self) -> Vec<AddedToken> {
        let mut tokens: Vec<(u32, AddedToken)> = match &self.added_tokens_decoder {
            Some(tokens) => tokens
                .iter()
                .filter_map(|(id, token)| Some((id.parse().ok()?, token.added(token.special))))
                .collect(),
            None => {
                let special = self.roles().chain(Tokens::all(self.special.extra_special_tokens.as_ref()));
                let special: Vec<&str> = special.map(Token::text).collect();
                let is_special = |text: &str| special.contains(&text);
                let older = self.older.iter();
                older.map(|(text, &id)| (id, AddedToken::from(text.as_str(), is_special(text)))).collect()
            }
        };
        tokens.sort_by_key(|(id, _)| *id);
        tokens.into_iter().map(|(_, token)| token).collect()
    }

    /// The special tokens, those with a role first.
    pub(super) fn special_tokens(&self) -> Vec<AddedToken> {
        let special = &self.special;
        let others = special.extra_special_tokens.as_ref().or(special.additional_special_tokens.as_ref());
        self.roles().chain(Tokens::all(others)).map(Token::special).collect()
    }

    /// The tokens with a role.
    fn roles(&self) -> impl Iterator<Item = &Token> {
        let special = &self.special;
        let roles = [
            &special.bos_token,
            &special.eos_token,
            &special.unk_token,
            &special.sep_token,
            &special.pad_token,
            &special.cls_token,
            &special.mask_token,
        ];
        roles.into_iter().flatten()
    }
}

impl Tokens {
    /// The tokens that there are.
    fn all(tokens: Option<&Self>) -> Vec<&Token> {
        match tokens {
            None => Vec::new(),
            Some(Self::List(tokens)) => tokens.iter().collect(),
            Some(Self::Named(tokens)) => tokens.values().collect(),
        }
    }
}

impl SpecialTokens {
    /// These tokens, and those of `other` where there are none.
    fn or(self, other: Self) -> Self {
        Self {
            bos_token: self.bos_token.or(other.bos_token),
            eos_token: self.eos_token.or(other.eos_token),
            unk_token: self.unk_token.or(other.unk_token),
            sep_token: self.sep_token.or(other.sep_token),
            pad_token: self.pad_token.or(other.pad_token),
            cls_token: self.cls_token.or(other.cls_token),
            mask_token: self.mask_token.or(other.mask_token),
            additional_special_tokens: self.additional_special_tokens.or(other.additional_special_tokens),
            extra_special_tokens: self.extra_special_tokens.or(other.extra_special_tokens),
        }
    }
}

impl Token {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Object(TokenObject { content: text, .. }) => text,
        }
    }

    fn special(&self) -> AddedToken {
        match self {
            Self::Text(text) => AddedToken::from(text.as_str(), true),
            Self::Object(token) => token.added(true),
        }
    }
}

impl TokenObject {
    fn added(&self, special: bool) -> AddedToken {
        AddedToken::from(self.content.as_str(), special)
            .single_word(self.single_word)
            .lstrip(self.lstrip)
            .rstrip(self.rstrip)
            .normalized(self.normalized.unwrap_or(!special))
    }
}
