//! Families that run through candle-transformers: embeddings equal to those of sentence-transformers (see golden/make_families.py),
//! and configurations that are refused.
#![cfg(feature = "candle-models")]
#![allow(clippy::unwrap_used)]

mod common;

use common::{copy, expected, golden, load, texts};
use serde_json::{Value, json};
use std::path::Path;
use text_encoder::{Dtype, EncoderDevice, EncoderOptions, Error, ModelSource, PoolingMode, TextEncoder};

/// Compares with the reference, in a batch and each text alone.
fn check(name: &str) -> TextEncoder {
    check_in(name, &golden(name))
}

fn check_in(name: &str, folder: &Path) -> TextEncoder {
    let encoder = load(folder).unwrap();
    let (texts, expected) = (texts(), expected(name));
    let embeddings = encoder.encode(&texts, |_| {}).unwrap();
    assert_eq!(embeddings.dim(), expected.dim());
    for (i, text) in texts.iter().enumerate() {
        let alone = encoder.encode(&[text], |_| {}).unwrap();
        let (cosine, _) = common::agreement(alone.row(0), expected.row(i));
        assert!(cosine > 1.0 - 1e-6, "{name}, text {i}: cosine {cosine}");
        for (what, row) in [("alone", alone.row(0)), ("in a batch", embeddings.row(i))] {
            let off = row.iter().zip(expected.row(i)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off <= 1e-5, "{name}, text {i} {what}: off by {off}");
        }
    }
    encoder
}

/// A copy of a golden model whose configuration is changed: fields set, or removed by `null`.
fn changed(model: &str, changes: &Value) -> tempfile::TempDir {
    let folder = copy(model);
    let path = folder.path().join("config.json");
    let mut config: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let fields = config.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => fields.remove(name),
            _ => fields.insert(name.clone(), value.clone()),
        };
    }
    std::fs::write(path, config.to_string()).unwrap();
    folder
}

#[test]
fn qwen3_by_its_last_token() {
    let encoder = check("tiny-qwen3");
    assert_eq!(encoder.info().pooling, [PoolingMode::LastToken]);
    assert_eq!((encoder.info().architecture.as_str(), encoder.max_seq_length()), ("qwen3", 90));
}

#[test]
fn qwen2_from_a_language_model() {
    check("tiny-qwen2");
}

#[test]
fn deberta_v3() {
    check("tiny-deberta-v3");
}

#[test]
fn deberta_v2_with_absolute_positions() {
    check("tiny-deberta-v2");
}

#[test]
fn the_encoder_of_t5() {
    assert_eq!(check("tiny-t5").info().modules, ["normalize"]);
}

#[test]
fn nomic_bert_by_both_names_of_its_settings() {
    check("tiny-nomic-bert");
    let hub = json!({
        "hidden_size": null, "num_attention_heads": null, "num_hidden_layers": null, "intermediate_size": null,
        "max_position_embeddings": null, "layer_norm_eps": null, "hidden_act": null, "rope_parameters": null, "head_dim": null,
        "n_embd": 16, "n_head": 2, "n_layer": 2, "n_inner": 32, "n_positions": 160, "layer_norm_epsilon": 1e-12,
        "activation_function": "swiglu", "rotary_emb_base": 1000, "rotary_scaling_factor": null,
    });
    check_in("tiny-nomic-bert", changed("tiny-nomic-bert", &hub).path());
}

#[test]
fn hostile_configurations_are_refused() {
    let sizes =
        ["vocab_size", "num_attention_heads", "num_hidden_layers", "hidden_size", "intermediate_size"];
    let models = ["tiny-qwen3", "tiny-qwen2", "tiny-deberta-v3", "tiny-nomic-bert"];
    let mut cases: Vec<(&str, Value)> = Vec::new();
    for model in models {
        for size in sizes {
            for value in [0u64, 7, 1 << 40, u64::MAX] {
                cases.push((model, json!({size: value})));
            }
        }
        cases.push((model, json!({"max_position_embeddings": u64::MAX >> 1})));
        cases.push((model, json!({"max_position_embeddings": 0})));
    }
    for size in
        ["vocab_size", "d_model", "d_kv", "d_ff", "num_layers", "num_heads", "relative_attention_num_buckets"]
    {
        for value in [0u64, 7, 1 << 40, u64::MAX] {
            cases.push(("tiny-t5", json!({size: value})));
        }
    }
    cases.extend([
        ("tiny-t5", json!({"relative_attention_max_distance": 0})),
        ("tiny-t5", json!({"feed_forward_proj": "gated-mish"})),
        ("tiny-qwen3", json!({"num_key_value_heads": 0})),
        ("tiny-qwen3", json!({"num_key_value_heads": 3})),
        ("tiny-qwen3", json!({"head_dim": 5})),
        ("tiny-qwen3", json!({"head_dim": 0})),
        ("tiny-qwen3", json!({"rope_scaling": {"rope_type": "yarn"}})),
        ("tiny-qwen3", json!({"layer_types": ["full_attention", "sliding_attention"]})),
        ("tiny-qwen2", json!({"use_sliding_window": true})),
        ("tiny-qwen2", json!({"is_causal": false})),
        ("tiny-qwen2", json!({"hidden_act": "mish"})),
        ("tiny-deberta-v3", json!({"conv_kernel_size": 3})),
        ("tiny-deberta-v3", json!({"position_buckets": i64::MAX})),
        ("tiny-deberta-v3", json!({"position_buckets": 1})),
        ("tiny-deberta-v3", json!({"embedding_size": 8})),
        ("tiny-deberta-v3", json!({"attention_head_size": 4})),
        ("tiny-nomic-bert", json!({"num_experts": 8})),
        ("tiny-nomic-bert", json!({"rotary_emb_fraction": 0.5})),
        ("tiny-nomic-bert", json!({"rotary_scaling_factor": 2.0})),
    ]);
    for (model, changes) in cases {
        let error = load(changed(model, &changes).path()).err();
        let error = error.unwrap_or_else(|| panic!("{model} was loaded with {changes}"));
        let named =
            matches!(error, Error::InvalidFile { .. } | Error::Unsupported { .. } | Error::Tensor { .. });
        assert!(named, "{model} with {changes}: {error}");
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
    }
}

#[test]
fn a_missing_tensor_is_named_as_in_the_file() {
    let error = load(changed("tiny-qwen3", &json!({"num_hidden_layers": 3})).path()).err().unwrap();
    assert!(error.to_string().contains("tensor 'layers.2."), "{error}");
}

#[test]
fn a_gpu_needs_a_feature_and_a_family() {
    let load = |model: &str, device| {
        let options = EncoderOptions { device, dtype: Some(Dtype::Float32), ..EncoderOptions::default() };
        TextEncoder::load(&ModelSource::Folder(golden(model)), &options).err().unwrap().to_string()
    };
    assert!(load("tiny-bert", EncoderDevice::Cuda).contains("cpu for models of the family bert"));
    if !cfg!(feature = "cuda") {
        assert!(load("tiny-qwen3", EncoderDevice::Cuda).contains("without the feature `cuda`"));
    }
}
