//! BERT's tokenizer from `vocab.txt`: the tokenizer.json that transformers would write for it.

use super::config::{CONFIG, Config, Token, VOCABULARY};
use crate::error::Result;
use crate::folder::Folder;
use serde_json::json;
use std::collections::HashMap;
use tokenizers::Tokenizer;

/// Builds the tokenizer from the bytes of `vocab.txt`, one token a line.
pub(super) fn build(folder: &Folder, vocabulary: &[u8], config: &Config) -> Result<Tokenizer> {
    let text = std::str::from_utf8(vocabulary)
        .map_err(|error| folder.invalid(VOCABULARY, "UTF-8, one token a line", error.to_string()))?;
    // A token listed twice gets the id of its last line, as in the reference.
    let ids: HashMap<&str, usize> = text.lines().enumerate().map(|(id, token)| (token, id)).collect();

    let special = &config.special;
    let name = |token: &Option<Token>, default: &str| -> String {
        token.as_ref().map_or(default, Token::text).to_owned()
    };
    let unk = name(&special.unk_token, "[UNK]");
    let sep = name(&special.sep_token, "[SEP]");
    let cls = name(&special.cls_token, "[CLS]");
    let pad = name(&special.pad_token, "[PAD]");
    let mask = name(&special.mask_token, "[MASK]");
    let id = |token: &str| {
        ids.get(token)
            .copied()
            .ok_or_else(|| folder.invalid(VOCABULARY, format!("the token {token}"), "none"))
    };
    let (sep_id, cls_id) = (id(&sep)?, id(&cls)?);
    id(&unk)?;

    let mut known: Vec<(usize, &str)> = [&unk, &sep, &pad, &cls, &mask]
        .iter()
        .filter_map(|t| Some((*ids.get(t.as_str())?, t.as_str())))
        .collect();
    known.sort_unstable();
    known.dedup();
    let added: Vec<_> = known
        .iter()
        .map(|(id, token)| {
            json!({"id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false,
                   "normalized": false, "special": true})
        })
        .collect();
    let tokenizer = json!({
        "version": "1.0",
        "added_tokens": added,
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": true,
            "handle_chinese_chars": config.tokenize_chinese_chars.unwrap_or(true),
            "strip_accents": config.strip_accents,
            "lowercase": config.do_lower_case.unwrap_or(true),
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": [sep, sep_id], "cls": [cls, cls_id]},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {
            "type": "WordPiece",
            "unk_token": unk,
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": ids,
        },
    });
    serde_json::from_value(tokenizer).map_err(|error| {
        folder.invalid(VOCABULARY, format!("a WordPiece vocabulary for {CONFIG}"), error.to_string())
    })
}
