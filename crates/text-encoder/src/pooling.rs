//! Pooling: the vectors of a text's tokens become one vector, as configured by `1_Pooling/config.json`.

use crate::error::Result;
use crate::folder::Folder;
use serde::{Deserialize, Serialize};

const CONFIG: &str = "config.json";

/// How the vectors of a text's tokens become one vector. The vectors of several modes are concatenated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PoolingMode {
    /// First token.
    Cls,
    /// Largest value of each component.
    Max,
    /// Mean.
    Mean,
    /// Sum divided by the square root of the number of tokens.
    MeanSqrtLenTokens,
    /// Mean with weights 1, 2, 3, ...
    #[serde(rename = "weightedmean")]
    WeightedMean,
    /// Last token.
    #[serde(rename = "lasttoken")]
    LastToken,
}

/// The flags of the older schema, in the order in which sentence-transformers concatenates.
const FLAGS: [(&str, PoolingMode); 6] = [
    ("pooling_mode_cls_token", PoolingMode::Cls),
    ("pooling_mode_max_tokens", PoolingMode::Max),
    ("pooling_mode_mean_tokens", PoolingMode::Mean),
    ("pooling_mode_mean_sqrt_len_tokens", PoolingMode::MeanSqrtLenTokens),
    ("pooling_mode_weightedmean_tokens", PoolingMode::WeightedMean),
    ("pooling_mode_lasttoken", PoolingMode::LastToken),
];

/// A pooling module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pooling {
    pub(crate) modes: Vec<PoolingMode>,
    /// Whether the tokens of the prompt are pooled too.
    pub(crate) include_prompt: bool,
}

/// Both schemas: `pooling_mode` (a name or a list of names), or one flag for each mode.
#[derive(Deserialize)]
struct Config {
    #[serde(alias = "embedding_dimension")]
    word_embedding_dimension: Option<usize>,
    pooling_mode: Option<Modes>,
    #[serde(default = "yes")]
    include_prompt: bool,
    #[serde(flatten)]
    rest: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Modes {
    One(String),
    Several(Vec<String>),
}

fn yes() -> bool {
    true
}

impl Pooling {
    /// Mean pooling, which sentence-transformers applies to a bare transformer.
    pub(crate) fn mean() -> Self {
        Self { modes: vec![PoolingMode::Mean], include_prompt: true }
    }

    /// Reads the module's folder; `hidden_size` is the width of the transformer before it.
    pub(crate) fn load(folder: &Folder, hidden_size: usize) -> Result<Self> {
        let config: Config = folder.json(CONFIG)?;
        if let Some(width) = config.word_embedding_dimension.filter(|&width| width != hidden_size) {
            let expected = format!("embedding dimension {hidden_size}, the hidden size of the transformer");
            return Err(folder.invalid(CONFIG, expected, width.to_string()));
        }
        let modes = match config.pooling_mode {
            Some(Modes::One(name)) => vec![mode(folder, &name)?],
            Some(Modes::Several(names)) => {
                names.iter().map(|name| mode(folder, name)).collect::<Result<_>>()?
            }
            None => Self::from_flags(folder, &config.rest)?,
        };
        if modes.is_empty() {
            return Err(folder.invalid(CONFIG, "a pooling mode", "an empty list"));
        }
        Ok(Self { modes, include_prompt: config.include_prompt })
    }

    fn from_flags(
        folder: &Folder,
        config: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<Vec<PoolingMode>> {
        let mut modes = Vec::new();
        for (flag, value) in config.iter().filter(|(key, _)| key.starts_with("pooling_mode_")) {
            match (FLAGS.iter().find(|(name, _)| name == flag), value.as_bool()) {
                (Some(_), Some(false)) | (None, Some(false)) => {}
                (Some((_, mode)), Some(true)) => modes.push(*mode),
                (None, Some(true)) => return Err(unsupported(folder, flag)),
                (_, None) => {
                    return Err(folder.invalid(
                        CONFIG,
                        format!("true or false for {flag}"),
                        value.to_string(),
                    ));
                }
            }
        }
        modes.sort_by_key(|mode| FLAGS.iter().position(|(_, flagged)| flagged == mode));
        Ok(if modes.is_empty() { Self::mean().modes } else { modes })
    }

    /// Width of the pooled vector.
    pub(crate) fn dimension(&self, hidden_size: usize) -> usize {
        self.modes.len() * hidden_size
    }

    /// Appends the pooled vector of one text to `out`.
    ///
    /// `tokens` holds the rows of the text's tokens, `width` apart. The first `prompt` of them belong to the prompt: they
    /// are left out unless `include_prompt`; if nothing else is there, the vector is zero.
    pub(crate) fn pool(&self, tokens: &[f32], width: usize, prompt: usize, out: &mut Vec<f32>) {
        let skipped = if self.include_prompt { 0 } else { prompt.min(tokens.len() / width) };
        let tokens = &tokens[skipped * width..];
        for mode in &self.modes {
            let start = out.len();
            out.resize(start + width, 0.0);
            if !tokens.is_empty() {
                mode.pool(tokens, skipped, &mut out[start..]);
            }
        }
    }
}

impl PoolingMode {
    /// Pools at least one token into `out`, which is zero; `skipped` tokens before them keep their place in weights.
    fn pool(self, tokens: &[f32], skipped: usize, out: &mut [f32]) {
        let width = out.len();
        let count = tokens.len() / width;
        let rows = || tokens.chunks_exact(width);
        match self {
            Self::Cls => out.copy_from_slice(&tokens[..width]),
            Self::LastToken => out.copy_from_slice(&tokens[tokens.len() - width..]),
            Self::Max => {
                out.copy_from_slice(&tokens[..width]);
                rows().for_each(|row| out.iter_mut().zip(row).for_each(|(a, &b)| *a = a.max(b)));
            }
            Self::Mean => weighted_sum(rows(), |_| 1.0, count as f32, out),
            Self::MeanSqrtLenTokens => weighted_sum(rows(), |_| 1.0, (count as f32).sqrt(), out),
            Self::WeightedMean => {
                let weight = |i: usize| (skipped + i + 1) as f32;
                weighted_sum(rows(), weight, (0..count).map(weight).sum(), out);
            }
        }
    }
}

fn weighted_sum<'a>(
    rows: impl Iterator<Item = &'a [f32]>,
    weight: impl Fn(usize) -> f32,
    divisor: f32,
    out: &mut [f32],
) {
    for (i, row) in rows.enumerate() {
        let weight = weight(i);
        out.iter_mut().zip(row).for_each(|(sum, x)| *sum += weight * x);
    }
    out.iter_mut().for_each(|sum| *sum /= divisor);
}

fn mode(folder: &Folder, name: &str) -> Result<PoolingMode> {
    serde_json::from_value(name.into()).map_err(|_| unsupported(folder, name))
}

fn unsupported(folder: &Folder, name: &str) -> crate::Error {
    let supported = "cls, max, mean, mean_sqrt_len_tokens, weightedmean, lasttoken";
    folder.unsupported(CONFIG, "pooling mode", name, supported)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn load(json: &str) -> Result<Pooling> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(CONFIG), json).unwrap();
        Pooling::load(&Folder::new(folder.path()), 4)
    }

    #[test]
    fn both_schemas() {
        use PoolingMode::{Cls, LastToken, Max, Mean, MeanSqrtLenTokens, WeightedMean};
        let modes = |json| load(json).unwrap().modes;
        assert_eq!(modes(r#"{"word_embedding_dimension": 4, "pooling_mode_mean_tokens": true}"#), [Mean]);
        assert_eq!(
            modes(
                r#"{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true, "pooling_mode_lasttoken": false}"#
            ),
            [Cls, Mean]
        );
        assert_eq!(modes(r#"{"embedding_dimension": 4, "pooling_mode": "lasttoken"}"#), [LastToken]);
        assert_eq!(
            modes(r#"{"pooling_mode": ["weightedmean", "mean_sqrt_len_tokens", "max"]}"#),
            [WeightedMean, MeanSqrtLenTokens, Max]
        );
        assert_eq!(modes("{}"), [Mean]);
        assert!(!load(r#"{"include_prompt": false}"#).unwrap().include_prompt);
    }

    #[test]
    fn refusals_name_the_mode() {
        let error = |json| load(json).unwrap_err().to_string();
        assert!(error(r#"{"pooling_mode": "median"}"#).contains("'median'"));
        assert!(error(r#"{"pooling_mode_median": true}"#).contains("pooling_mode_median"));
        assert!(error(r#"{"pooling_mode_mean_tokens": "yes"}"#).contains("true or false"));
        assert!(error(r#"{"word_embedding_dimension": 5}"#).contains("dimension 4"));
        assert!(error(r#"{"pooling_mode": []}"#).contains("empty"));
    }

    #[test]
    fn every_mode_on_three_tokens() {
        let tokens = [1.0, -2.0, 3.0, 0.0, 2.0, 8.0];
        let pooled = |mode, include_prompt, prompt| {
            let mut out = vec![7.0];
            Pooling { modes: vec![mode], include_prompt }.pool(&tokens, 2, prompt, &mut out);
            out.split_off(1)
        };
        assert_eq!(pooled(PoolingMode::Cls, true, 1), [1.0, -2.0]);
        assert_eq!(pooled(PoolingMode::LastToken, true, 0), [2.0, 8.0]);
        assert_eq!(pooled(PoolingMode::Max, true, 0), [3.0, 8.0]);
        assert_eq!(pooled(PoolingMode::Mean, true, 0), [2.0, 2.0]);
        assert_eq!(pooled(PoolingMode::MeanSqrtLenTokens, true, 0), [6.0 / 3f32.sqrt(), 6.0 / 3f32.sqrt()]);
        assert_eq!(pooled(PoolingMode::WeightedMean, true, 0), [13.0 / 6.0, 22.0 / 6.0]);
        assert_eq!(pooled(PoolingMode::Cls, false, 1), [3.0, 0.0]);
        assert_eq!(pooled(PoolingMode::Mean, false, 1), [2.5, 4.0]);
        assert_eq!(pooled(PoolingMode::WeightedMean, false, 1), [12.0 / 5.0, 24.0 / 5.0]);
        assert_eq!(pooled(PoolingMode::Mean, false, 9), [0.0, 0.0]);
    }
}
