//! Damaged, incomplete and unsupported models: each is refused with the file, what was expected and what was found.
#![allow(clippy::unwrap_used)]

mod common;

use common::{copy, load};
use std::fs;
use std::io::Write;
use std::path::Path;
use text_encoder::{EncoderOptions, Error, HubSettings, ModelSource, TextEncoder};

/// The message of loading a copy of `model` after `damage`; it has to contain all of `parts`.
fn refused(model: &str, damage: impl FnOnce(&Path), parts: &[&str]) {
    let folder = copy(model);
    damage(folder.path());
    let error = load(folder.path()).err().expect("the damaged model was loaded").to_string();
    for part in parts {
        assert!(error.contains(part), "'{part}' is not in: {error}");
    }
    assert_eq!(error.lines().count(), 1, "{error}");
}

fn remove(file: &'static str) -> impl FnOnce(&Path) {
    move |folder| fs::remove_file(folder.join(file)).unwrap()
}

fn write<'a>(file: &'a str, content: &'a str) -> impl FnOnce(&Path) + 'a {
    move |folder| fs::write(folder.join(file), content).unwrap()
}

/// Replaces text that has to be there.
fn edit<'a>(file: &'a str, from: &'a str, to: &'a str) -> impl FnOnce(&Path) + 'a {
    move |folder| {
        let path = folder.join(file);
        let old = fs::read_to_string(&path).unwrap();
        assert!(old.contains(from), "{from} is not in {file}");
        fs::write(path, old.replace(from, to)).unwrap();
    }
}

fn cut(file: &'static str, keep: impl Fn(usize) -> usize) -> impl FnOnce(&Path) {
    move |folder| {
        let bytes = fs::read(folder.join(file)).unwrap();
        fs::write(folder.join(file), &bytes[..keep(bytes.len())]).unwrap();
    }
}

#[test]
fn missing_files() {
    refused("tiny-mpnet", remove("config.json"), &["lacks config.json"]);
    refused("tiny-mpnet", remove("model.safetensors"), &["lacks model.safetensors or pytorch_model.bin"]);
    refused("tiny-mpnet", remove("tokenizer.json"), &["lacks tokenizer.json or vocab.txt"]);
    refused("tiny-mpnet", remove("1_Pooling/config.json"), &["1_Pooling lacks config.json"]);
    refused("tiny-roberta", remove("model-00002-of-00002.safetensors"), &["lacks model-00002-of-00002"]);
    refused("tiny-xlm-roberta", remove("2_Dense/model.safetensors"), &["2_Dense lacks model.safetensors"]);
}

/// The library would panic on the first text.
#[test]
fn templates_that_name_what_is_not_there() {
    let names = "\"special_tokens\": {\n      \"[CLS]\"";
    let unknown = edit("tokenizer.json", names, "\"special_tokens\": {\n      \"[C]\"");
    refused("tiny-tokens", unknown, &["tokenizer.json", "the special token \"[CLS]\", which is not defined"]);
    let second = edit("tokenizer.json", "\"id\": \"A\"", "\"id\": \"B\"");
    refused("tiny-tokens", second, &["tokenizer.json", "the text \"B\", which is not defined"]);
}

/// The library panics on the first while it reads, on the second at the first text.
#[test]
fn tokenizers_that_break_the_library() {
    let no_kind =
        edit("tokenizer.json", "\"decoder\": null", "\"decoder\": {\"type\": \"Strip\", \"start\": -1}");
    refused("tiny-tokens", no_kind, &["tokenizer.json", "a usable tokenizer"]);
    let nothing_long = "\"type\": \"FixedLength\", \"length\": 0";
    let folder = copy("tiny-tokens");
    edit("tokenizer.json", "\"type\": \"BertPreTokenizer\"", nothing_long)(folder.path());
    let error = load(folder.path()).unwrap().encode(&["a text"], |_| {}).unwrap_err();
    assert!(error.to_string().contains("text 0: the tokenizer breaks off"), "{error}");
}

#[test]
fn missing_model() {
    let error = load(Path::new("/no/such/model")).err().unwrap();
    assert!(matches!(error, Error::NoModel { .. }), "{error}");
    assert!(error.to_string().contains("/no/such/model") && error.to_string().contains("no such folder"));
    let empty = tempfile::tempdir().unwrap();
    let error = load(empty.path()).err().unwrap().to_string();
    assert!(error.contains("lacks model.safetensors"), "{error}");
}

#[test]
fn models_that_are_not_cached() {
    let cache = tempfile::tempdir().unwrap();
    let hub = HubSettings { cache: cache.path().into(), offline: true, ..HubSettings::from_env() };
    let options = EncoderOptions { hub, ..EncoderOptions::default() };
    let source = ModelSource::parse("some-organisation/some-model").unwrap();
    let error = TextEncoder::load(&source, &options).err().unwrap().to_string();
    for part in ["some-organisation/some-model", "neither a folder nor in the hub's cache"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(error.contains(if cfg!(feature = "hub") { "offline" } else { "feature `hub`" }), "{error}");
}

#[test]
fn damaged_json() {
    refused("tiny-mpnet", write("config.json", "{"), &["config.json", "EOF"]);
    refused("tiny-mpnet", write("config.json", "[]"), &["config.json"]);
    refused(
        "tiny-mpnet",
        edit("config.json", "\"hidden_size\": 8", "\"hidden_size\": \"eight\""),
        &["eight"],
    );
    refused("tiny-mpnet", edit("config.json", "\"hidden_size\"", "\"hidden\""), &["hidden_size"]);
    refused("tiny-mpnet", write("modules.json", "nonsense"), &["modules.json"]);
    refused("tiny-mpnet", write("tokenizer.json", "{}"), &["tokenizer.json"]);
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
    refused("tiny-mpnet", write("config.json", pointer), &["config.json", "Git LFS pointer"]);
}

#[test]
fn unsupported_models() {
    refused(
        "tiny-mpnet",
        edit("config.json", "\"mpnet\"", "\"xlnet\""),
        &["model_type 'xlnet'", "modernbert"],
    );
    refused("tiny-bert", edit("config.json", "\"gelu_new\"", "\"mish\""), &["'mish'", "gelu"]);
    let relative = ("\"model_type\"", "\"position_embedding_type\": \"relative_key\", \"model_type\"");
    refused("tiny-bert", edit("config.json", relative.0, relative.1), &["relative_key", "absolute"]);
    let module = "sentence_transformers.models.";
    let module_type = |class: &str| format!("{module}{class}");
    let wk = module_type("WKPooling");
    refused("tiny-bert", edit("modules.json", &module_type("Pooling"), &wk), &["WKPooling", "LayerNorm"]);
    refused("tiny-bert", edit("modules.json", module, "my_code."), &["my_code.Transformer"]);
    refused(
        "tiny-bert",
        edit("modules.json", "1_Pooling", "../elsewhere"),
        &["inside the model's folder", ".."],
    );
    refused(
        "tiny-xlm-roberta",
        edit("2_Dense/config.json", "activation.Tanh", "activation.GLU"),
        &["GLU", "Tanh"],
    );
    refused(
        "tiny-modernbert",
        edit("config.json", "\"rope_type\": \"default\"", "\"rope_type\": \"yarn\""),
        &["yarn"],
    );
    refused(
        "tiny-modernbert",
        edit("config.json", "sliding_attention\",", "linear_attention\","),
        &["linear_attention"],
    );
}

#[test]
fn heads_that_cannot_be_rotated() {
    let heads = ("\"num_attention_heads\": 2", "\"num_attention_heads\": 8");
    refused("tiny-modernbert", edit("config.json", heads.0, heads.1), &["even width", "found 1"]);
}

#[test]
fn modules_out_of_order() {
    refused("tiny-bert", write("modules.json", "[]"), &["a Transformer as the first module", "none"]);
    let pooling = r#"[{"path": "", "type": "sentence_transformers.models.Transformer"},
                      {"path": "1_Pooling", "type": "sentence_transformers.models.Normalize"}]"#;
    refused("tiny-bert", write("modules.json", pooling), &["Pooling after the Transformer", "Normalize"]);
}

#[test]
fn contradictions_between_files() {
    refused(
        "tiny-mpnet",
        edit("config.json", "\"vocab_size\": 102", "\"vocab_size\": 103"),
        &["model.safetensors", "embeddings.word_embeddings.weight", "[103, 8]", "[102, 8]"],
    );
    refused(
        "tiny-mpnet",
        edit("config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"),
        &["encoder.layer.2.attention.attn.q.weight", "nothing of that name"],
    );
    refused(
        "tiny-mpnet",
        edit("config.json", "\"num_attention_heads\": 2", "\"num_attention_heads\": 3"),
        &["multiple of the number of attention heads", "8 and 3"],
    );
    refused(
        "tiny-mpnet",
        edit("1_Pooling/config.json", "8", "16"),
        &["hidden size of the transformer", "16"],
    );
    refused("tiny-mpnet", edit("sentence_bert_config.json", "150", "151"), &["3 to 150 tokens", "151"]);
    refused(
        "tiny-xlm-roberta",
        edit("2_Dense/config.json", "\"in_features\": 8", "\"in_features\": 9"),
        &["8", "9"],
    );
    let prompts = ("\"default_prompt_name\": \"note\"", "\"default_prompt_name\": \"title\"");
    refused(
        "tiny-mpnet",
        edit("config_sentence_transformers.json", prompts.0, prompts.1),
        &["note, query", "title"],
    );
    refused(
        "tiny-roberta",
        edit("model.safetensors.index.json", "model-00002", "../model-00002"),
        &["same folder"],
    );
}

#[test]
fn damaged_weights() {
    let file = "model.safetensors";
    refused("tiny-mpnet", cut(file, |n| n - 1), &[file, "16888 bytes", "16887 bytes"]);
    refused("tiny-mpnet", cut(file, |n| n / 9), &[file, "safetensors header"]);
    refused("tiny-mpnet", cut(file, |_| 5), &[file, "5 bytes"]);
    refused("tiny-mpnet", cut(file, |_| 0), &[file, "0 bytes"]);
    refused("tiny-mpnet", write(file, "version https://git-lfs.github.com/spec/v1\n"), &["Git LFS pointer"]);
    let file = "pytorch_model.bin";
    refused("tiny-bert", cut(file, |n| n / 2), &[file, "PyTorch checkpoint"]);
    refused("tiny-bert", write(file, "version https://git-lfs.github.com/spec/v1\n"), &["Git LFS pointer"]);
}

/// Replaces a file by one of so many bytes, of which the disk stores none.
fn long(file: &'static str, bytes: u64) -> impl FnOnce(&Path) {
    move |folder| fs::File::create(folder.join(file)).unwrap().set_len(bytes).unwrap()
}

/// Replaces the checkpoint by an archive with this pickle.
fn pickle(bytes: &[u8]) -> impl FnOnce(&Path) {
    move |folder| {
        let file = fs::File::create(folder.join("pytorch_model.bin")).unwrap();
        let mut archive = zip::ZipWriter::new(file);
        archive.start_file("model/data.pkl", zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
        archive.finish().unwrap();
    }
}

#[test]
fn files_that_are_too_long_are_not_read() {
    const TIB: u64 = 1 << 40;
    for file in ["config.json", "modules.json", "1_Pooling/config.json", "tokenizer_config.json"] {
        let found = format!("a file of {TIB} bytes");
        refused("tiny-tokens", long(file, TIB), &[file, "at most 16777216 bytes", &found]);
    }
    refused("tiny-tokens", long("tokenizer.json", TIB), &["tokenizer.json", "at most 268435456 bytes"]);
    refused("tiny-bert", long("vocab.txt", TIB), &["vocab.txt", "at most 268435456 bytes"]);
    refused("tiny-roberta", long("model.safetensors.index.json", TIB), &["index.json", "at most 16777216"]);
    refused("tiny-bert", long("pytorch_model.bin", 1 << 26), &["pytorch_model.bin", "PyTorch checkpoint"]);
    refused("tiny-bert", pickle(&vec![b'N'; 17 << 20]), &["data.pkl of 17825792 bytes"]);
}

/// candle's parser panics where a call of a state dict lacks its arguments.
#[test]
fn a_state_dict_with_a_call_without_arguments() {
    let call = b"\x80\x02}(X\x01\0\0\0actorch._utils\n_rebuild_tensor_v2\n)Ru.";
    refused("tiny-bert", pickle(call), &["pytorch_model.bin", "a state dict that is damaged"]);
}

#[test]
fn vocabularies_without_special_tokens() {
    refused("tiny-bert", edit("vocab.txt", "[SEP]\n", "[SEPARATOR]\n"), &["vocab.txt", "the token [SEP]"]);
    refused("tiny-bert", write("added_tokens.json", "[]"), &["added_tokens.json"]);
    let decoder = "{\"added_tokens_decoder\": {\"first\": {\"content\": \"<x>\"}}}";
    refused("tiny-bert", write("tokenizer_config.json", decoder), &["token ids as the names", "'first'"]);
    refused("tiny-bert", |folder| fs::write(folder.join("vocab.txt"), [0xff, 0xfe]).unwrap(), &["UTF-8"]);
}

#[test]
fn tokens_beyond_the_embedding_table() {
    let folder = copy("tiny-bert");
    let path = folder.path().join("vocab.txt");
    let vocabulary = fs::read_to_string(&path).unwrap() + "beyond\n";
    fs::write(path, vocabulary).unwrap();
    let encoder = load(folder.path()).unwrap();
    let error = encoder.encode(&["mass", "no mass beyond"], |_| {}).unwrap_err();
    assert!(matches!(error, Error::Vocabulary { index: 1, id: 97, rows: 97, .. }), "{error}");
    assert!(error.to_string().contains("token 'beyond' has id 97"), "{error}");
}

#[test]
fn weights_that_are_not_numbers() {
    let folder = copy("tiny-mpnet");
    let path = folder.path().join("model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let norm = tensors.tensor("encoder.layer.0.output.LayerNorm.weight").unwrap();
    let at = norm.data().as_ptr() as usize - bytes.as_ptr() as usize;
    bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(path, bytes).unwrap();
    let error = load(folder.path()).unwrap().encode(&["mass", ""], |_| {}).unwrap_err();
    assert!(matches!(error, Error::NotFinite { index: 0 | 1 }), "{error}");
}
