//! The encoder and its options.

use std::path::Path;

use clap::{Args, ValueEnum};
use text_encoder::{
    Dtype, EncoderDevice, EncoderOptions, HubSettings, LongText, ModelSource, PoolingMode, Prompt,
};

use crate::exit::{Failure, Result, encoder_failure};
use crate::files::embeddings::UsedEncoder;

/// The default encoder.
const DEFAULT_MODEL: &str = "sentence-transformers/all-MiniLM-L6-v2";

/// Encoders that many use, and what for.
pub(crate) const KNOWN_ENCODERS: [(&str, &str); 4] = [
    (DEFAULT_MODEL, "English, small and quick"),
    ("BAAI/bge-base-en-v1.5", "English"),
    ("intfloat/multilingual-e5-base", "German and many languages"),
    ("pritamdeka/S-PubMedBert-MS-MARCO", "biomedical English"),
];

/// Flags of the encoder. The model's files give the defaults.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Encoder")]
pub(crate) struct EncoderArgs {
    /// Folder of a sentence-transformers model, or its id on the Hugging Face hub
    /// [default: sentence-transformers/all-MiniLM-L6-v2]
    ///
    /// Others, by texts: BAAI/bge-base-en-v1.5 (English), intfloat/multilingual-e5-base (German and many languages),
    /// pritamdeka/S-PubMedBert-MS-MARCO (biomedical); models/README.md says more.
    #[arg(long, value_name = "FOLDER_OR_ID")]
    model_id: Option<String>,
    /// Text to prepend to every text; empty for none [default: set by the model]
    #[arg(long, value_name = "TEXT", conflicts_with = "prompt_name")]
    prompt: Option<String>,
    /// Name of one of the model's prompts
    #[arg(long, value_name = "NAME")]
    prompt_name: Option<String>,
    /// Pooling of the token embeddings [default: set by the model]
    #[arg(long, value_enum)]
    pooling: Option<Pooling>,
    /// Scale embeddings to length 1 even if the model does not
    #[arg(long)]
    normalize: bool,
    /// Maximum number of tokens to embed at once [default: set by the model]
    #[arg(long, value_name = "TOKENS")]
    max_seq_length: Option<usize>,
    /// What becomes of a text with more tokens
    #[arg(long, value_enum, default_value_t)]
    long_text: LongTexts,
    /// Keep only the first N components, for models trained for it (Matryoshka)
    #[arg(long, value_name = "N")]
    truncate_dim: Option<usize>,
    /// Numbers that the encoder multiplies in
    #[arg(long, value_enum, default_value_t)]
    dtype: Numbers,
    /// Where the encoder computes
    #[arg(long, value_enum, default_value_t)]
    device: Device,
    /// Do not connect to the network: use folders and the hub's local cache (also by HF_HUB_OFFLINE)
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

/// What becomes of a text with more tokens than the encoder embeds at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum LongTexts {
    /// Its end is cut off
    Truncate,
    /// Its beginning and its end are embedded, half each
    HeadTail,
    /// The mean of overlapping windows over the whole text
    #[default]
    Mean,
}

impl From<LongTexts> for LongText {
    fn from(handling: LongTexts) -> Self {
        match handling {
            LongTexts::Truncate => Self::Truncate,
            LongTexts::HeadTail => Self::HeadTail,
            LongTexts::Mean => Self::Mean,
        }
    }
}

/// Kinds of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Numbers {
    /// The quicker ones on this processor: bfloat16 where it has AVX512-BF16, else float32
    #[default]
    Auto,
    /// 24 bits of precision
    Float32,
    /// 8 bits, summed in float32
    Bfloat16,
}

impl From<Numbers> for Option<Dtype> {
    fn from(numbers: Numbers) -> Self {
        match numbers {
            Numbers::Auto => None,
            Numbers::Float32 => Some(Dtype::Float32),
            Numbers::Bfloat16 => Some(Dtype::Bfloat16),
        }
    }
}

/// Devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Device {
    /// All cores
    #[default]
    Cpu,
    /// NVIDIA GPU, in a build with the feature `cuda`, for families that candle-transformers runs
    Cuda,
    /// GPU of a Mac, in a build with the feature `metal`, for the same families
    Metal,
}

impl From<Device> for EncoderDevice {
    fn from(device: Device) -> Self {
        match device {
            Device::Cpu => Self::Cpu,
            Device::Cuda => Self::Cuda,
            Device::Metal => Self::Metal,
        }
    }
}

/// Where the encoder of a head is. The head gives its options.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Encoder")]
pub(crate) struct HeadEncoderArgs {
    /// Folder or hub id of the head's encoder [default: as in its training]
    #[arg(long, value_name = "FOLDER_OR_ID")]
    model_id: Option<String>,
    /// Where the encoder computes
    #[arg(long, value_enum, default_value_t)]
    device: Device,
    /// Do not connect to the network
    #[arg(long)]
    offline: bool,
}

impl HeadEncoderArgs {
    /// The folder of the encoder, unless the flag holds an id.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.model_id.as_deref().map(Path::new)
    }
}

/// An encoder to load, resolved.
#[derive(Clone, Debug)]
pub(crate) struct Encoder {
    /// Absolute folder, or hub id.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) source: ModelSource,
    /// Its options.
    pub(crate) options: EncoderOptions,
}

impl EncoderArgs {
    /// The folder of the encoder, unless the flag holds an id.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.model_id.as_deref().map(Path::new)
    }

    /// The encoder of this name, without options.
    ///
    /// # Errors
    /// A name that is neither a folder nor a hub id.
    pub(crate) fn named(name: &str) -> Result<Encoder> {
        Self { model_id: Some(name.to_owned()), ..Self::default() }.resolve()
    }

    /// The encoder that the flags name, else the default.
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
            long_text: self.long_text.into(),
            truncate_dim: self.truncate_dim,
            pooling: self.pooling.map(|pooling| vec![pooling.into()]),
            normalize: self.normalize,
            prompt,
            dtype: self.dtype.into(),
            device: self.device.into(),
            hub: hub(self.offline),
        };
        Encoder::named(name, options)
    }
}

impl Encoder {
    /// The encoder with this name.
    ///
    /// # Errors
    /// A name that is neither a folder nor a hub id.
    fn named(name: &str, options: EncoderOptions) -> Result<Self> {
        let source = ModelSource::parse(name).map_err(encoder_failure)?;
        // heads keep the name, and are used elsewhere than where they were trained
        let name = match &source {
            ModelSource::Folder(path) => {
                std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string()
            }
            ModelSource::Hub { .. } => name.to_owned(),
        };
        Ok(Self { name, source, options })
    }

    /// The encoder of a head, used as it was in training.
    ///
    /// # Errors
    /// The encoder's folder is not here; a name that is neither a folder nor a hub id.
    pub(crate) fn of_head(wanted: &UsedEncoder, arguments: &HeadEncoderArgs) -> Result<Self> {
        let info = &wanted.info;
        let kept = Path::new(&wanted.source);
        if arguments.model_id.is_none() && kept.is_absolute() && !kept.is_dir() {
            let message =
                format!("the head's encoder is not in {}, where its training found it", kept.display());
            return Err(Failure::data(message).help(format!(
                "--model-id says where it is here: a folder or a hub id. It is recognised by its weights, SHA-256 {}",
                info.weights_sha256
            )));
        }
        let options = EncoderOptions {
            max_seq_length: Some(info.max_seq_length),
            long_text: info.long_text,
            truncate_dim: Some(info.dimension),
            pooling: Some(info.pooling.clone()),
            normalize: info.normalize,
            prompt: text_prompt(&info.prompt),
            dtype: Some(info.dtype),
            device: arguments.device.into(),
            hub: hub(arguments.offline),
        };
        Self::named(arguments.model_id.as_deref().unwrap_or(&wanted.source), options)
    }
}

fn text_prompt(text: &str) -> Prompt {
    if text.is_empty() { Prompt::None } else { Prompt::Text(text.to_owned()) }
}

/// The settings of the hub from the environment, and `--offline`.
fn hub(offline: bool) -> HubSettings {
    let mut settings = HubSettings::from_env();
    settings.offline |= offline;
    settings
}
