//! Tokens beyond those of `tokenizer.json` or `vocab.txt`: those that stand in `tokenizer_config.json`, `special_tokens_map.json` or
//! `added_tokens.json` alone.
//!
//! The order is that of transformers, because the order gives the ids: a token that the vocabulary lacks gets the next one that is
//! free, whatever the files say.

use super::config::Config;
use std::collections::HashSet;
use tokenizers::{AddedToken, Tokenizer};

/// Adds to `tokenizer` the tokens of `config` that it lacks.
pub(super) fn add(config: &Config, tokenizer: &mut Tokenizer) -> tokenizers::Result<()> {
    let known: Vec<AddedToken> = tokenizer.get_added_tokens_decoder().into_values().collect();
    let mut missing: Vec<AddedToken> =
        config.added().into_iter().filter(|token| !known.contains(token)).collect();
    let mut contents: HashSet<String> =
        known.iter().chain(&missing).map(|token| token.content.clone()).collect();
    for token in config.special_tokens() {
        if contents.insert(token.content.clone()) {
            missing.push(token);
        }
    }
    tokenizer.add_tokens(missing)?;
    Ok(())
}
