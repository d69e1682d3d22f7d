//! A digest inside a JSON file, of the file itself, so that a flipped bit or an edit is seen. It guards against accidents: whoever
//! changes the file can compute another.

use serde::de::{Deserialize, Deserializer, IgnoredAny};
use serde::ser::{Serialize, Serializer};

/// The field of a sealed file that holds its digest: `"digest": "<BLAKE3 of the file with zeros here>"`. In memory it is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seal;

/// The start of the field in a file.
const FIELD: &str = "\"digest\": \"";
const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl Serialize for Seal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(BLANK)
    }
}

impl<'de> Deserialize<'de> for Seal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// Fills in the digest of a JSON text that has a blank [`Seal`]; others stay as they are.
pub(super) fn seal(text: &mut [u8]) {
    if let Some(field) = field(text)
        && text[field.clone()] == *BLANK.as_bytes()
    {
        let digest = blake3::hash(text).to_hex();
        text[field].copy_from_slice(digest.as_bytes());
    }
}

/// Whether a JSON text has a seal, and is as it was when it was sealed.
pub(super) fn is_intact(text: &[u8]) -> bool {
    let Some(field) = field(text) else { return false };
    let mut blank = text.to_vec();
    blank[field.clone()].copy_from_slice(BLANK.as_bytes());
    blake3::hash(&blank).to_hex().as_bytes() == &text[field]
}

/// Where the first digest of a text stands.
fn field(text: &[u8]) -> Option<std::ops::Range<usize>> {
    let start = text.windows(FIELD.len()).position(|window| window == FIELD.as_bytes())? + FIELD.len();
    let end = start + BLANK.len();
    (end <= text.len()).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_is_seen() {
        #[derive(serde::Serialize)]
        struct Sealed {
            format: &'static str,
            digest: Seal,
            number: f64,
        }
        let mut text = serde_json::to_vec_pretty(&Sealed { format: "a 1", digest: Seal, number: 0.1 })
            .unwrap_or_default();
        assert!(!is_intact(&text) && !is_intact(b"{}"));
        seal(&mut text);
        assert!(is_intact(&text));
        for bit in 0..8 * text.len() {
            text[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_intact(&text), "{bit}");
            text[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
