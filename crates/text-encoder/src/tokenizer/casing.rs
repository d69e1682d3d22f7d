//! Lower-casing before everything else.

use tokenizers::Tokenizer;
use tokenizers::normalizers::{Lowercase, NormalizerWrapper, Sequence};

/// Lower-cases texts, unless the tokenizer does.
pub(super) fn lower(tokenizer: &mut Tokenizer) -> tokenizers::Result<()> {
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
