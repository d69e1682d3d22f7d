//! Where a file comes from: the run that it belongs to, the plan, the keys and the samples. Readers compare it before they use or
//! decrypt anything, so files of two runs cannot be mixed by accident. It is no proof: who makes files can write any origin, which is
//! why files that travel are signed by the layer above.

use ckks::serial::FileError;
use serde::{Deserialize, Serialize};

/// `N` bytes, in files and messages as hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Tag<const N: usize>(pub [u8; N]);

/// Names a run: random, made with the plan.
pub type RunId = Tag<16>;

/// A digest (BLAKE3). Of private contents it is keyed, so that it tells nothing to those who have no key.
pub type Digest = Tag<32>;

/// What a file belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The run.
    pub run: RunId,
    /// Keyed digest of the plan with everything that is part of it: method, feature map, start weights, training samples.
    pub plan: Digest,
    /// The earlier run whose head the training goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<RunId>,
    /// Which generation of evaluation keys it was computed with. The data party's files have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Digest>,
    /// Keyed digest of the samples that were encrypted or scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<Digest>,
    /// The same of the samples that a training was validated with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Digest>,
}

impl Origin {
    /// The same, computed with these evaluation keys.
    #[must_use]
    pub fn with_keys(self, keys: Digest) -> Self {
        Self { keys: Some(keys), ..self }
    }

    /// Refuses a file of another run or plan than this one's.
    ///
    /// # Errors
    /// [`FileError::Invalid`], which names the runs.
    pub fn expect_same_run(&self, found: &Self, file: &str) -> Result<(), FileError> {
        let reason = if self.run != found.run {
            format!("it belongs to run {}, not to run {}", found.run, self.run)
        } else if self.plan != found.plan {
            format!("it was made by another plan of run {}", self.run)
        } else {
            return Ok(());
        };
        Err(FileError::Invalid { file: file.to_owned(), reason })
    }
}

/// The digest of a file's metadata, which stands in it: of the kind of file, and of everything that it says of itself.
pub(super) fn transcript(kind: &str, metadata: &[u8]) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key("train-head 2026-11 transcript of a file of a training");
    hasher.update(&(kind.len() as u64).to_le_bytes()).update(kind.as_bytes()).update(metadata);
    Tag(*hasher.finalize().as_bytes())
}

impl<const N: usize> Tag<N> {
    /// From hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        let mut bytes = [0; N];
        if digits.len() != 2 * N || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// As hexadecimal digits.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl<const N: usize> Default for Tag<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

/// The first eight bytes: enough to tell runs apart.
impl<const N: usize> std::fmt::Display for Tag<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<const N: usize> std::fmt::Debug for Tag<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tag({self})")
    }
}

impl<const N: usize> From<Tag<N>> for String {
    fn from(tag: Tag<N>) -> Self {
        tag.to_hex()
    }
}

impl<const N: usize> TryFrom<String> for Tag<N> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::from_hex(&text).ok_or_else(|| format!("{} hexadecimal digits are expected", 2 * N))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tags_are_hexadecimal() {
        let tag = Tag([0x0a, 0xff]);
        assert_eq!(serde_json::to_string(&tag).unwrap(), "\"0aff\"");
        assert_eq!(serde_json::from_str::<Tag<2>>("\"0aff\"").unwrap(), tag);
        for bad in ["\"0af\"", "\"+aff\"", "\"0affff\"", "\"zz00\"", "\"\u{e9}\u{e9}\""] {
            assert!(serde_json::from_str::<Tag<2>>(bad).is_err(), "{bad}");
        }
    }
}
