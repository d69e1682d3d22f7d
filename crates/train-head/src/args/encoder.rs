//! Which encoder, and how it is used.

use clap::{Args, ValueEnum};
use text_encoder::{EncoderOptions, HubSettings, ModelSource, PoolingMode, Prompt};

use crate::exit::Result;
use crate::files::embeddings::{UsedEncoder, encoder_failure};

/// The encoder where nobody names another.
const DEFAULT_MODEL: &str = "sentence-transformers/all-MiniLM-L6-v2";

/// Flags of the encoder; what is not given is as the model's files say.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Encoder")]
pub(crate) struct EncoderArgs {
    /// Folder of a sentence-transformers model, or its id on the Hugging Face hub
    /// [default: sentence-transformers/all-MiniLM-L6-v2]
    #[arg(long, value_name = "FOLDER_OR_ID")]
    model_id: Option<String>,
    /// Text to put before every text; empty for none [default: as the model says]
    #[arg(long, value_name = "TEXT", conflicts_with = "prompt_name")]
    prompt: Option<String>,
    /// Prompt of the model to use, by name
    #[arg(long, value_name = "NAME")]
    prompt_name: Option<String>,
    /// How the tokens of a text become one vector [default: as the model says]
    #[arg(long, value_enum)]
    pooling: Option<Pooling>,
    /// Scale every embedding to length one, also if the model does not
    #[arg(long)]
    normalize: bool,
    /// Tokens to keep of a text [default: as the model says]
    #[arg(long, value_name = "TOKENS")]
    max_seq_length: Option<usize>,
    /// Keep the first components only, for models trained for it (Matryoshka)
    #[arg(long, value_name = "N")]
    truncate_dim: Option<usize>,
    /// Never open a connection: read folders and the hub's local cache (HF_HUB_OFFLINE does the same)
    #[arg(long)]
    offline: bool,
}

/// Ways of pooling, by sentence-transformers' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Pooling {
    /// Mean of all tokens
    Mean,
    /// First token
    Cls,
    /// Largest value of each component
    Max,
    /// Last token
    Lasttoken,
    /// Mean with weights 1, 2, 3, ..
    Weightedmean,
    /// Sum divided by the square root of the number of tokens
    #[value(name = "mean_sqrt_len_tokens")]
    MeanSqrtLenTokens,
}

impl From<Pooling> for PoolingMode {
    fn from(pooling: Pooling) -> Self {
        match pooling {
            Pooling::Mean => Self::Mean,
            Pooling::Cls => Self::Cls,
            Pooling::Max => Self::Max,
            Pooling::Lasttoken => Self::LastToken,
            Pooling::Weightedmean => Self::WeightedMean,
            Pooling::MeanSqrtLenTokens => Self::MeanSqrtLenTokens,
        }
    }
}

/// Where the encoder of a head is; how it is used, the head says.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Encoder")]
pub(crate) struct HeadEncoderArgs {
    /// Folder or hub id of the head's encoder, if it is not where it was
    #[arg(long, value_name = "FOLDER_OR_ID")]
    model_id: Option<String>,
    /// Never open a connection
    #[arg(long)]
    offline: bool,
}

/// An encoder to load, resolved.
#[derive(Clone, Debug)]
pub(crate) struct Encoder {
    /// As it was asked for.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) source: ModelSource,
    /// How it is used.
    pub(crate) options: EncoderOptions,
}

impl EncoderArgs {
    /// The encoder that was asked for, else the default.
    ///
    /// # Errors
    /// A name that is neither a folder nor a hub id.
    pub(crate) fn resolve(&self) -> Result<Encoder> {
        let name = self.model_id.as_deref().unwrap_or(DEFAULT_MODEL);
        let prompt = match (&self.prompt, &self.prompt_name) {
            (Some(text), _) => text_prompt(text),
            (None, Some(name)) => Prompt::Named(name.clone()),
            (None, None) => Prompt::Default,
        };
        let options = EncoderOptions {
            max_seq_length: self.max_seq_length,
            truncate_dim: self.truncate_dim,
            pooling: self.pooling.map(|pooling| vec![pooling.into()]),
            normalize: self.normalize,
            prompt,
            hub: hub(self.offline),
        };
        Encoder::named(name, options)
    }
}

impl Encoder {
    /// An encoder by the name that a person gives it.
    ///
    /// # Errors
    /// A name that is neither a folder nor a hub id.
    fn named(name: &str, options: EncoderOptions) -> Result<Self> {
        let source = ModelSource::parse(name).map_err(encoder_failure)?;
        Ok(Self { name: name.to_owned(), source, options })
    }

    /// The encoder of a head, used as it was in training.
    ///
    /// # Errors
    /// It is not where it was.
    pub(crate) fn of_head(wanted: &UsedEncoder, arguments: &HeadEncoderArgs) -> Result<Self> {
        let info = &wanted.info;
        let options = EncoderOptions {
            max_seq_length: Some(info.max_seq_length),
            truncate_dim: Some(info.dimension),
            pooling: Some(info.pooling.clone()),
            normalize: info.normalize,
            prompt: text_prompt(&info.prompt),
            hub: hub(arguments.offline),
        };
        Self::named(arguments.model_id.as_deref().unwrap_or(&wanted.source), options)
    }
}

fn text_prompt(text: &str) -> Prompt {
    if text.is_empty() { Prompt::None } else { Prompt::Text(text.to_owned()) }
}

/// The hub as the environment says, offline also if a flag says so.
fn hub(offline: bool) -> HubSettings {
    let mut settings = HubSettings::from_env();
    settings.offline |= offline;
    settings
}
