//! Embeddings equal to those of sentence-transformers (see golden/make_golden.py), in batches and one by one.
#![allow(clippy::unwrap_used)]

mod common;

use common::{agreement, copy, expected, golden, load, minilm, texts};
use std::path::Path;
use text_encoder::{Dtype, EncoderOptions, LongText, ModelSource, PoolingMode, Prompt, TextEncoder};

/// Compares with the reference, and the batch with each text alone.
fn check(name: &str, folder: &Path) -> TextEncoder {
    let encoder = load(folder).unwrap();
    let (texts, expected) = (texts(), expected(name));
    let finished = std::sync::atomic::AtomicUsize::new(0);
    let count = |n| _ = finished.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
    let embeddings = encoder.encode(&texts, count).unwrap();
    assert_eq!(finished.into_inner(), texts.len());
    assert_eq!(embeddings.dim(), expected.dim());
    assert_eq!(encoder.dimension(), expected.ncols());
    for (i, text) in texts.iter().enumerate() {
        let (cosine, length) = agreement(embeddings.row(i), expected.row(i));
        assert!(cosine >= 0.999_99, "{name}, text {i}: cosine {cosine}");
        assert!((length - 1.0).abs() < 1e-5, "{name}, text {i}: length off by {}", length - 1.0);
        let alone = encoder.encode(&[text], |_| {}).unwrap();
        for (a, b) in alone.row(0).iter().zip(embeddings.row(i)) {
            assert!((a - b).abs() <= 1e-5, "{name}, text {i}: {a} alone, {b} in a batch");
        }
    }
    assert_eq!(embeddings, encoder.encode(&texts, |_| {}).unwrap(), "{name} is not deterministic");
    encoder
}

fn check_tiny(name: &str) -> TextEncoder {
    check(name, &golden(name))
}

#[test]
fn minilm_equals_sentence_transformers() {
    let encoder = check("all-MiniLM-L6-v2", &minilm());
    let info = encoder.info();
    assert_eq!((encoder.dimension(), encoder.max_seq_length()), (384, 256));
    assert_eq!(info.weights_sha256, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db");
    assert_eq!((info.architecture.as_str(), info.pooling.as_slice()), ("bert", &[PoolingMode::Mean][..]));
    assert!(info.normalize);
}

/// Least cosine between an embedding in bfloat16 and the reference's in float32. The small models are of random weights and narrow: what
/// rounding does to a component, it does to a large part of them.
const BFLOAT16: [(&str, f64); 6] = [
    ("all-MiniLM-L6-v2", 0.9998),
    ("tiny-bert", 0.999),
    ("tiny-distilbert", 0.999),
    ("tiny-roberta", 0.999),
    ("tiny-mpnet", 0.999),
    ("tiny-modernbert", 0.999),
];

#[test]
fn bfloat16_is_near_the_reference() {
    for (name, least) in BFLOAT16 {
        let folder = if name.starts_with("tiny") { golden(name) } else { minilm() };
        let options = EncoderOptions {
            dtype: Some(Dtype::Bfloat16),
            long_text: LongText::Truncate,
            ..EncoderOptions::default()
        };
        let encoder = TextEncoder::load(&ModelSource::Folder(folder), &options).unwrap();
        assert_eq!(encoder.info().dtype, Dtype::Bfloat16);
        let (texts, expected) = (texts(), expected(name));
        let embeddings = encoder.encode(&texts, |_| {}).unwrap();
        let cosines = embeddings.outer_iter().zip(expected.outer_iter()).map(|(a, b)| agreement(a, b).0);
        let (lowest, highest) = cosines.fold((2.0, -2.0), |(low, high), x| (x.min(low), x.max(high)));
        assert!(lowest >= least, "{name}: {lowest}");
        // rounded indeed
        assert!(
            highest < 1.0 - 1e-8 && embeddings != load_plain(name).encode(&texts, |_| {}).unwrap(),
            "{name}"
        );
    }
}

fn load_plain(name: &str) -> TextEncoder {
    load(&if name.starts_with("tiny") { golden(name) } else { minilm() }).unwrap()
}

#[test]
fn bert_with_vocab_txt_and_pytorch_checkpoint() {
    let encoder = check_tiny("tiny-bert");
    assert_eq!(encoder.info().pooling, [PoolingMode::Cls]);
    assert!(!encoder.info().normalize);
    assert_eq!(encoder.max_seq_length(), 48);
}

#[test]
fn distilbert_with_two_poolings() {
    let encoder = check_tiny("tiny-distilbert");
    assert_eq!(encoder.info().pooling, [PoolingMode::Max, PoolingMode::Mean]);
}

#[test]
fn xlm_roberta_with_dense_module() {
    let encoder = check_tiny("tiny-xlm-roberta");
    assert_eq!(encoder.info().modules, ["dense 8x6 tanh", "normalize"]);
    assert_eq!(encoder.max_seq_length(), 90);
}

#[test]
fn roberta_in_shards_truncating_on_the_left() {
    let encoder = check_tiny("tiny-roberta");
    assert_eq!(encoder.info().pooling, [PoolingMode::MeanSqrtLenTokens]);
    assert_eq!(encoder.info().modules, ["layer_norm"]);
}

#[test]
fn mpnet_with_prompt_left_out_of_the_pooling() {
    let encoder = check_tiny("tiny-mpnet");
    assert_eq!(encoder.info().prompt, "the patient: ");
    assert_eq!(encoder.dimension(), 7);
}

#[test]
fn modernbert_in_half_precision() {
    let encoder = check_tiny("tiny-modernbert");
    assert_eq!((encoder.info().architecture.as_str(), encoder.max_seq_length()), ("modernbert", 400));
}

#[test]
fn modernbert_with_the_configuration_of_transformers_4() {
    let folder = copy("tiny-modernbert");
    let path = folder.path().join("config.json");
    let mut config: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let fields = config.as_object_mut().unwrap();
    assert!(fields.remove("layer_types").is_some() && fields.remove("rope_parameters").is_some());
    fields.insert("global_attn_every_n_layers".into(), 3.into());
    fields.insert("global_rope_theta".into(), 160_000.0.into());
    fields.insert("local_rope_theta".into(), 10_000.0.into());
    std::fs::write(path, config.to_string()).unwrap();
    check("tiny-modernbert", folder.path());
}

#[test]
fn prompts_are_chosen_by_name_or_text() {
    let source = ModelSource::Folder(golden("tiny-mpnet"));
    let prompted = |prompt| {
        TextEncoder::load(
            &source,
            &EncoderOptions { prompt, dtype: Some(Dtype::Float32), ..EncoderOptions::default() },
        )
    };
    let named = prompted(Prompt::Named("query".into())).unwrap();
    assert_eq!(named.info().prompt, "query: ");
    let text = prompted(Prompt::Text("query: ".into())).unwrap();
    let none = prompted(Prompt::None).unwrap();
    let embed = |encoder: &TextEncoder| encoder.encode(&["no mass"], |_| {}).unwrap();
    assert_eq!(embed(&named), embed(&text));
    assert_ne!(embed(&named), embed(&none));
    named.info().expect_same(text.info()).unwrap();
    let error = named.info().expect_same(none.info()).unwrap_err().to_string();
    assert!(error.contains("prompt") && error.contains("query: "), "{error}");
    let error = prompted(Prompt::Named("title".into())).err().unwrap().to_string();
    assert!(error.contains("note, query") && error.contains("title"), "{error}");
}

#[test]
fn options_shorten_texts_and_vectors() {
    let source = ModelSource::Folder(golden("tiny-modernbert"));
    let options = |max_seq_length, truncate_dim| EncoderOptions {
        max_seq_length,
        long_text: LongText::Truncate,
        truncate_dim,
        normalize: true,
        dtype: Some(Dtype::Float32),
        ..EncoderOptions::default()
    };
    let encoder = TextEncoder::load(&source, &options(Some(12), Some(5))).unwrap();
    let long = "no mass ".repeat(30);
    let embeddings = encoder.encode(&[long.as_str(), &long[..160]], |_| {}).unwrap();
    assert_eq!(embeddings.dim(), (2, 5));
    assert_eq!(embeddings.row(0), embeddings.row(1));
    assert!((embeddings.row(0).iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);

    for (max_seq_length, truncate_dim) in
        [(Some(401), None), (Some(2), None), (None, Some(9)), (None, Some(0))]
    {
        let options = options(max_seq_length, truncate_dim);
        let error = TextEncoder::load(&source, &options).err().unwrap().to_string();
        assert!(error.contains("3 to 400 tokens") || error.contains("1 to 8 components"), "{error}");
    }
}

#[test]
fn no_texts_give_no_rows() {
    let encoder = load(&golden("tiny-bert")).unwrap();
    assert_eq!(encoder.encode::<&str>(&[], |_| {}).unwrap().dim(), (0, 8));
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let encoder = load(&minilm()).unwrap();
    let texts = texts();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| encoder.encode(&texts, |_| {}).unwrap())
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn info_survives_json() {
    let info = load(&golden("tiny-mpnet")).unwrap().info().clone();
    let json = serde_json::to_string(&info).unwrap();
    assert!(json.contains("\"weightedmean\""), "{json}");
    assert_eq!(serde_json::from_str::<text_encoder::EncoderInfo>(&json).unwrap(), info);
}
