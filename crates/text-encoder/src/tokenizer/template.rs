//! Templates of `tokenizer.json`: what stands around a text. The library panics on a text where a template names what is not there, so a
//! template is checked before the first.

use serde::Deserialize;
use std::collections::BTreeMap;

/// The parts of `tokenizer.json` that matter here.
#[derive(Deserialize)]
pub(super) struct Processed {
    post_processor: Option<Processor>,
}

/// A post-processor; several in one have `processors`.
#[derive(Deserialize)]
struct Processor {
    #[serde(default)]
    single: Option<Vec<Piece>>,
    #[serde(default)]
    special_tokens: Option<BTreeMap<String, serde::de::IgnoredAny>>,
    #[serde(default)]
    processors: Vec<Processor>,
}

#[derive(Deserialize)]
enum Piece {
    Sequence { id: String },
    SpecialToken { id: String },
}

impl Processed {
    /// What a template for one text names and nothing defines: a special token, or a second text.
    pub(super) fn undefined(&self) -> Option<String> {
        self.post_processor.as_ref().and_then(Processor::undefined)
    }
}

impl Processor {
    fn undefined(&self) -> Option<String> {
        let missing = |piece: &Piece| match piece {
            Piece::Sequence { id } => (id != "A").then(|| format!("the text {id:?}")),
            Piece::SpecialToken { id } => {
                let known = self.special_tokens.as_ref().is_some_and(|tokens| tokens.contains_key(id));
                (!known).then(|| format!("the special token {id:?}"))
            }
        };
        self.single
            .iter()
            .flatten()
            .find_map(missing)
            .or_else(|| self.processors.iter().find_map(Self::undefined))
    }
}
