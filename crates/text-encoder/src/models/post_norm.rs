//! BERT and its relatives: layers that normalise after each residual sum (Devlin et al., arXiv:1810.04805).

use super::backbone::{Backbone, CONFIG, Packed, activation, head_dim};
use super::config::{Config, Family, LayerNames};
use super::relative;
use crate::dtype::Dtype;
use crate::error::Result;
use crate::folder::Folder;
use crate::ops::activation::Activation;
use crate::ops::attention::{Attention, Positions, RelativeBias};
use crate::ops::linear::Linear;
use crate::ops::norm::LayerNorm;
use crate::ops::residual::gather_sum;
use crate::weights::{Scope, Weights};
use candle_core::Tensor;

/// A model of one of the families.
pub(super) struct PostNorm {
    words: Tensor,
    /// One row a position, the vector of token type 0 added where the family has types: texts are single segments.
    positions: Tensor,
    norm: LayerNorm,
    attention: Attention,
    relative: Option<RelativeBias>,
    layers: Vec<Layer>,
    hidden_size: usize,
    /// The padding id, if positions are counted from it.
    padding: Option<u32>,
    longest: usize,
}

struct Layer {
    qkv: Linear,
    attention_output: Linear,
    attention_norm: LayerNorm,
    up: Linear,
    down: Linear,
    output_norm: LayerNorm,
}

impl PostNorm {
    pub(super) fn load(family: Family, folder: &Folder, weights: &Weights, dtype: Dtype) -> Result<Self> {
        let config = Config::load(folder)?;
        let (hidden, eps) = (config.hidden_size, config.layer_norm_eps);
        let head_dim = head_dim(folder, hidden, config.num_attention_heads)?;
        let padding = family.positions_follow_padding().then(|| config.padding(family));
        let taken = padding.map_or(0, |id| id as usize + 1);
        let Some(longest) = config.max_position_embeddings.checked_sub(taken).filter(|&n| n > 0) else {
            let expected = format!("max_position_embeddings above {taken}");
            return Err(folder.invalid(CONFIG, expected, config.max_position_embeddings.to_string()));
        };

        let is_root = |prefix: &&&str| weights.at(**prefix).has("embeddings.word_embeddings.weight");
        let root = weights.at(*family.prefixes().iter().find(is_root).unwrap_or(&""));
        let embeddings = root.at("embeddings");
        let words = embeddings.tensor("word_embeddings.weight", &[config.vocab_size, hidden])?;
        let mut positions =
            embeddings.tensor("position_embeddings.weight", &[config.max_position_embeddings, hidden])?;
        if family.has_token_types() {
            let types =
                embeddings.tensor("token_type_embeddings.weight", &[config.type_vocab_size, hidden])?;
            positions = positions.broadcast_add(&types.get(0)?)?;
        }
        let norm = embeddings.layer_norm("LayerNorm", hidden, eps, true)?;

        let relative = match family {
            Family::MpNet => Some(relative::load(&root.at("encoder"), &config, longest)?),
            _ => None,
        };
        let act = activation(folder, &config.hidden_act)?;
        let names = family.layer_names();
        let layers = root.at(names.layers);
        let layers = (0..config.num_hidden_layers)
            .map(|i| Layer::load(&layers.at(&i.to_string()), &names, &config, act, dtype))
            .collect::<Result<_>>()?;
        let attention = Attention { heads: config.num_attention_heads, head_dim, window: None };
        Ok(Self {
            words,
            positions,
            norm,
            attention,
            relative,
            layers,
            hidden_size: hidden,
            padding,
            longest,
        })
    }

    /// Row of the position table for every token.
    fn position_ids(&self, texts: &Packed) -> Vec<u32> {
        let mut positions = Vec::with_capacity(texts.ids.len());
        for ids in texts.texts() {
            match self.padding {
                None => positions.extend(0..ids.len() as u32),
                // A padding token written out in the text does not count and sits at its own id.
                Some(padding) => positions.extend(ids.iter().scan(padding, |last, &id| {
                    if id == padding {
                        return Some(padding);
                    }
                    *last += 1;
                    Some(*last)
                })),
            }
        }
        positions
    }
}

impl Backbone for PostNorm {
    fn hidden_size(&self) -> usize {
        self.hidden_size
    }

    fn vocabulary(&self) -> usize {
        self.words.dims()[0]
    }

    fn positions(&self) -> usize {
        self.longest
    }

    fn forward(&self, texts: &Packed) -> candle_core::Result<Tensor> {
        let embedded =
            gather_sum(&[(&self.words, &texts.ids), (&self.positions, &self.position_ids(texts))])?;
        let mut x = self.norm.forward(&embedded)?;
        let positions = Positions { rope: None, bias: self.relative.as_ref() };
        for layer in &self.layers {
            x = layer.forward(&x, &self.attention, &texts.offsets, positions)?;
        }
        Ok(x)
    }
}

impl Layer {
    fn load(
        scope: &Scope<'_>,
        names: &LayerNames,
        config: &Config,
        act: Activation,
        dtype: Dtype,
    ) -> Result<Self> {
        let (hidden, inner, eps) = (config.hidden_size, config.intermediate_size, config.layer_norm_eps);
        let square = |name| scope.linear(name, hidden, hidden, true);
        let [query, key, value] = names.qkv;
        Ok(Self {
            qkv: Linear::side_by_side(&[square(query)?, square(key)?, square(value)?])?.in_dtype(dtype)?,
            attention_output: square(names.attention_output)?.in_dtype(dtype)?,
            attention_norm: scope.layer_norm(names.attention_norm, hidden, eps, true)?,
            up: scope.linear(names.up, hidden, inner, true)?.then(act).in_dtype(dtype)?,
            down: scope.linear(names.down, inner, hidden, true)?.in_dtype(dtype)?,
            output_norm: scope.layer_norm(names.output_norm, hidden, eps, true)?,
        })
    }

    fn forward(
        &self,
        x: &Tensor,
        attention: &Attention,
        offsets: &[usize],
        positions: Positions<'_>,
    ) -> candle_core::Result<Tensor> {
        let context = attention.forward(&self.qkv.forward(x)?, offsets, positions)?;
        let x = self.attention_norm.forward_sum(self.attention_output.forward(&context)?, x)?;
        let inner = self.down.forward(&self.up.forward(&x)?)?;
        self.output_norm.forward_sum(inner, &x)
    }
}
