//! Embeds texts and caches the embeddings between runs: one file for each encoder, one entry for each text.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use ndarray::Array2;
use sha2::{Digest, Sha256};
use text_encoder::{EncoderOptions, ModelSource, TextEncoder};

/// The first bytes of a text's SHA-256.
type Key = [u8; 16];

/// Embeds texts with the project's encoder, which is loaded on first use.
pub(crate) struct Embedder {
    model: PathBuf,
    cache: PathBuf,
    loaded: Option<Loaded>,
    /// Seconds spent embedding.
    pub(crate) seconds: f64,
    /// Number of texts embedded.
    pub(crate) embedded: usize,
    /// Number of texts found in the cache.
    pub(crate) cached: usize,
}

struct Loaded {
    encoder: TextEncoder,
    /// The cache, a file named after the encoder.
    path: PathBuf,
    known: HashMap<Key, Vec<f32>>,
}

/// Number of texts embedded between two writes to the cache.
const BATCH: usize = 256;

impl Embedder {
    /// Uses the encoder in the folder `model` and the cache in the folder `cache`.
    pub(crate) fn new(model: PathBuf, cache: PathBuf) -> Self {
        Self { model, cache, loaded: None, seconds: 0.0, embedded: 0, cached: 0 }
    }

    /// True if the encoder's folder exists.
    pub(crate) fn exists(&self) -> bool {
        self.model.is_dir()
    }

    /// The embeddings, one row for each text.
    ///
    /// # Errors
    /// The encoder is missing or fails, or the cache cannot be written.
    pub(crate) fn embed(&mut self, texts: &[String]) -> anyhow::Result<Array2<f32>> {
        let loaded = match &mut self.loaded {
            Some(loaded) => loaded,
            empty => empty.insert(Loaded::new(&self.model, &self.cache)?),
        };
        let keys: Vec<Key> = texts.iter().map(|text| key(text.as_bytes())).collect();
        let missing: Vec<usize> =
            (0..texts.len()).filter(|&i| !loaded.known.contains_key(&keys[i])).collect();
        if !missing.is_empty() {
            eprintln!("embedding {} texts", missing.len());
        }
        let start = std::time::Instant::now();
        for part in missing.chunks(BATCH) {
            let batch: Vec<&String> = part.iter().map(|&i| &texts[i]).collect();
            let rows = loaded.encoder.encode(&batch, |_| {})?;
            let rows = part.iter().zip(rows.outer_iter()).map(|(&i, row)| (keys[i], row.to_vec()));
            loaded.keep(rows.collect())?;
        }
        if !missing.is_empty() {
            self.seconds += start.elapsed().as_secs_f64();
        }
        self.embedded += missing.len();
        self.cached += texts.len() - missing.len();
        let mut x = Array2::zeros((texts.len(), loaded.encoder.dimension()));
        for (key, mut row) in keys.iter().zip(x.outer_iter_mut()) {
            for (value, known) in row.iter_mut().zip(&loaded.known[key]) {
                *value = *known;
            }
        }
        Ok(x)
    }
}

impl Loaded {
    fn new(model: &Path, cache: &Path) -> anyhow::Result<Self> {
        let source = ModelSource::Folder(model.to_owned());
        let encoder = TextEncoder::load(&source, &EncoderOptions::default())
            .context("`cargo xtask fetch-model` fetches the text encoder")?;
        let name: String =
            key(&serde_json::to_vec(encoder.info())?).iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = cache.join("embeddings");
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let path = folder.join(name + ".bin");
        let bytes = std::fs::read(&path).unwrap_or_default();
        let size = size_of::<Key>() + size_of::<f32>() * encoder.dimension();
        // cut off the incomplete entry of an interrupted run, so that entries stay aligned
        let whole = bytes.len() / size * size;
        if whole < bytes.len() {
            let file = OpenOptions::new().write(true).open(&path)?;
            file.set_len(whole as u64).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let mut known = HashMap::new();
        for record in bytes.chunks_exact(size) {
            let (key, values) = record.split_at(size_of::<Key>());
            let values = values.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
            known.insert(Key::try_from(key)?, values.collect());
        }
        Ok(Self { encoder, path, known })
    }

    fn keep(&mut self, rows: Vec<(Key, Vec<f32>)>) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        for (key, row) in &rows {
            bytes.extend_from_slice(key);
            bytes.extend(row.iter().flat_map(|value| value.to_le_bytes()));
        }
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)
            .and_then(|mut file| file.write_all(&bytes))
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        self.known.extend(rows);
        Ok(())
    }
}

fn key(bytes: &[u8]) -> Key {
    let digest = Sha256::digest(bytes);
    std::array::from_fn(|i| digest[i])
}
