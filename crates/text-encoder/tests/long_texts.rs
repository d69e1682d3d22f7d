//! Texts with more tokens than an encoder takes at once.
#![allow(clippy::unwrap_used)]

mod common;

use common::golden;
use ndarray::{Array1, Axis};
use text_encoder::{Dtype, EncoderOptions, LongText, ModelSource, Prompt, TextEncoder};

/// Words of the tiny BERT's vocabulary, one token each.
const WORDS: [&str; 6] = ["the", "patient", "mass", "no", "evidence", "of"];

fn words(count: usize) -> Vec<&'static str> {
    (0..count).map(|i| WORDS[(i * i + i / 3) % WORDS.len()]).collect()
}

fn encoder(model: &str, long_text: LongText, normalize: bool, prompt: Prompt) -> TextEncoder {
    let options = EncoderOptions {
        max_seq_length: Some(14),
        long_text,
        normalize,
        prompt,
        dtype: Some(Dtype::Float32),
        ..EncoderOptions::default()
    };
    TextEncoder::load(&ModelSource::Folder(golden(model)), &options).unwrap()
}

#[test]
fn short_texts_are_embedded_alike() {
    let texts = [words(12).join(" "), words(3).join(" ")];
    let embed =
        |handling| encoder("tiny-bert", handling, false, Prompt::Default).encode(&texts, |_| {}).unwrap();
    let truncated = embed(LongText::Truncate);
    assert_eq!(embed(LongText::Mean), truncated);
    assert_eq!(embed(LongText::HeadTail), truncated);
}

#[test]
fn long_texts_are_counted() {
    let texts = [words(13).join(" "), words(12).join(" "), words(40).join(" ")];
    for handling in [LongText::Truncate, LongText::HeadTail, LongText::Mean] {
        let tokens = encoder("tiny-bert", handling, false, Prompt::Default).tokenize(&texts).unwrap();
        assert_eq!(tokens.long(), [true, false, true]);
        assert_eq!(tokens.windows(1).len(), 1);
        assert_eq!(tokens.windows(2).len(), if handling == LongText::Mean { 5 } else { 1 });
    }
}

#[test]
fn a_mean_is_that_of_the_windows() {
    let all = words(40);
    // 12 words fit, neighbours are at most 9 apart
    let windows: Vec<String> = [0, 7, 14, 21, 28].iter().map(|&at| all[at..at + 12].join(" ")).collect();
    for normalize in [false, true] {
        let encoder = encoder("tiny-bert", LongText::Mean, normalize, Prompt::Default);
        let finished = std::sync::atomic::AtomicUsize::new(0);
        let count = |n| _ = finished.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
        let embedded = encoder.encode(&[all.join(" "), windows[3].clone()], count).unwrap();
        assert_eq!(finished.into_inner(), 2);
        let each = encoder.encode(&windows, |_| {}).unwrap();
        let mut mean: Array1<f32> = each.mean_axis(Axis(0)).unwrap();
        if normalize {
            mean /= mean.dot(&mean).sqrt();
        }
        assert!(embedded.row(0).iter().zip(&mean).all(|(a, b)| (a - b).abs() < 1e-6));
        assert!(embedded.row(1).iter().zip(each.row(3)).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}

#[test]
fn head_and_tail_are_one_text() {
    let all = words(40);
    let ends = [&all[..6], &all[34..]].concat().join(" ");
    let encoder = encoder("tiny-bert", LongText::HeadTail, false, Prompt::Default);
    assert_eq!(encoder.encode(&[all.join(" ")], |_| {}).unwrap(), encoder.encode(&[ends], |_| {}).unwrap());
}

#[test]
fn every_window_starts_with_the_prompt() {
    let all = words(40).join(" ");
    let encoder = encoder("tiny-mpnet", LongText::Mean, false, Prompt::Text("no mass".into()));
    let tokens = encoder.tokenize(&["", all.as_str()]).unwrap();
    let prompt = &tokens.windows(0)[0];
    assert!(tokens.windows(1).len() > 2);
    assert!(tokens.windows(1).iter().all(|window| window.len() == 14 && window[..3] == prompt[..3]));
}

#[test]
fn encoders_that_handle_long_texts_otherwise_are_others() {
    let of = |handling| encoder("tiny-bert", handling, false, Prompt::Default).info().clone();
    let error = of(LongText::Mean).expect_same(&of(LongText::Truncate)).unwrap_err().to_string();
    assert!(error.contains("long_text should be Mean, found Truncate"), "{error}");
    // files from before there was a choice
    let mut json = serde_json::to_value(of(LongText::Truncate)).unwrap();
    assert_eq!(json.as_object_mut().unwrap().remove("long_text").unwrap(), "truncate");
    let old: text_encoder::EncoderInfo = serde_json::from_value(json).unwrap();
    assert_eq!(old.long_text, LongText::Truncate);
}
