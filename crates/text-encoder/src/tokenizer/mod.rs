//! Texts to token ids: `tokenizer.json`, or a WordPiece tokenizer built from `vocab.txt`.
//!
//! The library believes what a file says and panics on some that are damaged, at the first text at the latest. So every call into it is
//! guarded, and a panic is a refusal.

mod added;
mod casing;
mod class;
mod config;
mod template;
mod wordpiece;

pub(crate) use config::TOKENIZERS;

use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::guard::guarded;
use crate::weights::sha256;
use class::{Class, ModelNames};
use config::{Config, TOKENIZER};
use template::Processed;
use tokenizers::{Encoding, Token, Tokenizer};

/// Most bytes of a tokenizer's file. Those of 250 000 tokens take 20 to 35 MiB.
const MOST_BYTES: u64 = 256 << 20;

/// A tokenizer of whole texts: the truncation and padding of `tokenizer.json` are left out.
pub(crate) struct TextTokenizer {
    tokenizer: Tokenizer,
    /// Whether truncation drops the beginning of a text.
    pub(crate) from_left: bool,
    /// Special tokens before and after every text.
    pub(crate) around: [usize; 2],
    pub(crate) model_max_length: Option<usize>,
    pub(crate) sha256: String,
}

impl TextTokenizer {
    /// Reads the tokenizer of a transformer's folder. `lower_case` is `do_lower_case` of sentence_bert_config.json.
    pub(crate) fn load(folder: &Folder, lower_case: bool) -> Result<Self> {
        let config = Config::load(folder)?;
        let Some(name) = TOKENIZERS.into_iter().find(|name| folder.has(name)) else {
            return Err(folder.missing("tokenizer.json or vocab.txt"));
        };
        let bytes = folder.read(name, MOST_BYTES)?;
        let (tokenizer, around) = guarded(|| Self::open(folder, name, &bytes, &config, lower_case))
            .unwrap_or_else(|| Err(folder.invalid(name, "a usable tokenizer", "a file that is damaged")))?;
        Ok(Self {
            tokenizer,
            from_left: config.truncation_side.as_deref() == Some("left"),
            around,
            model_max_length: config
                .model_max_length
                .filter(|&n| (1.0..1e9).contains(&n))
                .map(|n| n as usize),
            sha256: sha256(&bytes),
        })
    }

    /// The tokenizer of the file `name`, adjusted to the files beside it, and its special tokens around a text.
    fn open(
        folder: &Folder,
        name: &str,
        bytes: &[u8],
        config: &Config,
        lower_case: bool,
    ) -> Result<(Tokenizer, [usize; 2])> {
        let unusable =
            |error: tokenizers::Error| folder.invalid(name, "a usable tokenizer", error.to_string());
        let mut tokenizer = match name {
            TOKENIZER => {
                let model: ModelNames = folder.json_if_present("config.json")?.unwrap_or_default();
                let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(unusable)?;
                if let Some(name) = folder.parse::<Processed>(TOKENIZER, bytes)?.undefined() {
                    let found = format!("a template with {name}, which is not defined");
                    return Err(folder.invalid(TOKENIZER, "a usable tokenizer", found));
                }
                Class::of(config, &model).adjust(config, &mut tokenizer).map_err(unusable)?;
                tokenizer
            }
            _ => wordpiece::build(folder, bytes, config)?,
        };
        added::add(config, &mut tokenizer).map_err(unusable)?;
        if lower_case {
            casing::lower(&mut tokenizer).map_err(unusable)?;
        }
        tokenizer.with_padding(None).with_truncation(None).map_err(unusable)?;
        let around = special_tokens(&tokenizer).map_err(unusable)?;
        Ok((tokenizer, around))
    }

    /// The smallest limit that leaves room for one token of text.
    pub(crate) fn shortest_limit(&self) -> usize {
        self.around[0] + self.around[1] + 1
    }

    /// Token ids of a text, special tokens included.
    pub(crate) fn encode(&self, text: &str) -> std::result::Result<Vec<u32>, String> {
        match guarded(|| self.tokenizer.encode_fast(text, true)) {
            Some(Ok(encoding)) => Ok(encoding.get_ids().to_vec()),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("the tokenizer breaks off, so its file is damaged".into()),
        }
    }

    /// The token with this id.
    pub(crate) fn token(&self, id: u32) -> Option<String> {
        self.tokenizer.id_to_token(id)
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

/// Special tokens that a tokenizer puts before and after a text.
fn special_tokens(tokenizer: &Tokenizer) -> tokenizers::Result<[usize; 2]> {
    let text = Encoding::from_tokens(vec![Token::new(0, "a".into(), (0, 1))], 0);
    let processed = tokenizer.post_process(text, None, true)?;
    let mask = processed.get_special_tokens_mask();
    let before = mask.iter().take_while(|&&special| special == 1).count();
    Ok([before, mask.len().saturating_sub(before + 1)])
}
