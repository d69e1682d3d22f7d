//! Real embeddings at 128-bit parameters: encrypted training against the plain twins and against multinomial logistic regression.
//!
//! Ignored: it takes minutes and data that the repository does not hold. `TRAIN_HEAD_EMBEDDINGS` names a folder with
//! `<set>-train.npy` and `<set>-test.npy` (f32, samples by components) and the labels beside them, one a line, in
//! `<set>-train.labels` and `<set>-test.labels`; `TRAIN_HEAD_SET` the set. `TRAIN_HEAD_HEAD` is `ovr`, `softmax` or `mlp`.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ckks::{SecretKey, SeededCiphertext, presets};
use fhe_head::activation::Shape;
use fhe_head::classifier::{Classifier, Kind};
use fhe_head::client::{
    DataEncryptor, decrypt_head, decrypt_scores, encrypt_for_scoring, evaluation_keys_in_memory,
};
use fhe_head::dense_linear::predictions;
use fhe_head::engine::encrypted::Encrypted;
use fhe_head::labels::Classes;
use fhe_head::sigmoid::Degree;
use fhe_head::softmax::Depth;
use fhe_head::{refresh, server};
use ndarray::{Array1, Array2, s};

fn read_npy(path: &Path) -> Array2<f64> {
    let bytes = std::fs::read(path).unwrap();
    let header = u16::from_le_bytes([bytes[8], bytes[9]]) as usize;
    let text = String::from_utf8_lossy(&bytes[10..10 + header]).into_owned();
    let shape = &text[text.find('(').unwrap() + 1..text.find(')').unwrap()];
    let shape: Vec<usize> = shape.split(',').map(|n| n.trim().parse().unwrap()).collect();
    let values = bytes[10 + header..].chunks_exact(4);
    let values = values.map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))).collect();
    Array2::from_shape_vec((shape[0], shape[1]), values).unwrap()
}

fn variable(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.into())
}

fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().to_owned()
}

#[test]
#[ignore = "data that the repository does not hold; run by whoever renews the figures of docs/notes/heads.md"]
fn encrypted_training_on_embeddings() {
    let folder = variable("TRAIN_HEAD_EMBEDDINGS", "/tmp/embeddings");
    let set = variable("TRAIN_HEAD_SET", "snips");
    let read = |part: &str| {
        let path = |end| Path::new(&folder).join(format!("{set}-{part}.{end}"));
        let labels = std::fs::read_to_string(path("labels")).unwrap();
        (read_npy(&path("npy")), labels.lines().map(str::to_owned).collect::<Vec<_>>())
    };
    let ((x, labels), (x_test, test_labels)) = (read("train"), read("test"));
    let rows = number("TRAIN_HEAD_SAMPLES").unwrap_or(x.nrows()).min(x.nrows());
    let features = number("TRAIN_HEAD_FEATURES").unwrap_or(x.ncols());
    let names = Classes::fit(&labels).unwrap();
    let (x, y) = (x.slice(s![..rows, ..features]), names.encode(&labels[..rows]).unwrap());
    let (x_test, y_test) = (x_test.slice(s![.., ..features]), names.encode(&test_labels).unwrap());
    let classes = names.names().len();

    let kind = match &*variable("TRAIN_HEAD_HEAD", "softmax") {
        "ovr" => Kind::OneVsRest(Degree::Three),
        "softmax" => Kind::Softmax(Depth::Two),
        "softmax3" => Kind::Softmax(Depth::Three),
        _ => Kind::Mlp { hidden: number("TRAIN_HEAD_HIDDEN").unwrap_or(32), activation: Shape::Gelu },
    };
    let parameters = presets::by_name(&variable("TRAIN_HEAD_PRESET", "n15-l18")).unwrap();
    let contract = refresh::contract(&parameters);
    let start = Instant::now();
    let options = Classifier {
        scoring: true,
        max_iter: number("TRAIN_HEAD_MAX_ITER"),
        learning_rate: number("TRAIN_HEAD_RATE_HUNDREDTHS").map(|rate| rate as f64 / 100.0),
        batch_size: number("TRAIN_HEAD_BATCH"),
        ..Classifier::new(kind)
    };
    let prepared =
        options.check().unwrap().prepare(&x, &y.view(), classes, &parameters, contract.as_ref()).unwrap();
    let spec = prepared.plan.job.spec();
    println!(
        "prepared in {:.1} s: {:?} {:?}",
        start.elapsed().as_secs_f64(),
        spec.packing.sizes(),
        spec.head
    );
    println!(
        "{} iterations, rates {:?}, {:?}, {:?}, entry {}, refreshes {:?}, {} tiles, {:?}, {:.1} s by estimate",
        spec.learning_rates.len(),
        spec.learning_rates.first(),
        spec.optimizer,
        prepared.plan.levels,
        spec.entry_level,
        spec.refresh_before,
        spec.merged_tiles,
        prepared.plan.sizes,
        prepared.plan.seconds
    );
    let accuracy = |model: &fhe_head::model::Classifier| {
        let predicted = model.predict(&x_test).unwrap();
        predicted.iter().zip(&y_test).filter(|(p, y)| **p as f64 == **y).count() as f64 / y_test.len() as f64
    };
    println!("plain {:.4}", accuracy(&prepared.train_plain().unwrap()));
    let (simulated, noise) = prepared.train_simulated(&parameters, contract.as_ref()).unwrap();
    println!("simulated {:.4}, noise {noise:.1e}", accuracy(&simulated));
    if std::env::var("TRAIN_HEAD_SIMULATE").is_ok() {
        return;
    }

    let secret = SecretKey::generate(&parameters).unwrap();
    let start = Instant::now();
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &prepared.plan.keys).unwrap());
    println!("keys: {:.1} s, {:.2} GB", start.elapsed().as_secs_f64(), keys.memory_bytes() as f64 / 1e9);
    let start = Instant::now();
    let encryptor = DataEncryptor::new(&secret, &prepared.plan, &prepared.samples);
    let blocks = encryptor.blocks().unwrap();
    let state = match &prepared.start {
        Some(start) => encryptor.initial_state(start).unwrap(),
        None => server::EncryptedState::default(),
    };
    println!("encryption: {:.1} s", start.elapsed().as_secs_f64());
    let job = &prepared.plan.job;
    let start = Instant::now();
    let engine = Encrypted::for_job(keys, job).unwrap();
    let head = server::resume_on(&engine, job, &blocks, state, |state| {
        println!("iteration {} after {:.1} s", state.iteration, start.elapsed().as_secs_f64());
        Ok(())
    })
    .unwrap();
    let refreshing = engine.refresh_time().as_secs_f64();
    println!(
        "training: {:.1} s, {refreshing:.1} s in bootstraps; {}",
        start.elapsed().as_secs_f64(),
        peak_memory()
    );
    drop(blocks);
    let encrypted = prepared.model(&decrypt_head(&secret, job, &head).unwrap()).unwrap();
    println!("encrypted {:.4}", accuracy(&encrypted));
    let ours = encrypted.predict(&x_test).unwrap();
    let theirs = simulated.predict(&x_test).unwrap();
    let share = |a: &Array1<usize>, b: &Array1<usize>| {
        a.iter().zip(b).filter(|(a, b)| a == b).count() as f64 / a.len() as f64
    };
    println!("agreement with the simulation {:.4}", share(&ours, &theirs));
    assert!(share(&ours, &theirs) >= 0.995);

    let mapped = prepared.map.apply(&x_test).unwrap();
    let samples: Vec<Vec<_>> = encrypt_for_scoring(&secret, job, &mapped.view())
        .unwrap()
        .into_iter()
        .map(|block| block.into_iter().map(SeededCiphertext::expand).collect())
        .collect();
    let start = Instant::now();
    let scores = server::score(&engine, job, &head.parameters, &samples).unwrap();
    println!("scoring of {} samples: {:.1} s", mapped.nrows(), start.elapsed().as_secs_f64());
    let scores = decrypt_scores(&secret, job, mapped.nrows(), &scores).unwrap();
    let scored = if scores.ncols() == 1 {
        scores.column(0).mapv(|z| usize::from(z > 0.0))
    } else {
        predictions(&scores)
    };
    println!("agreement of encrypted predictions {:.4}", share(&scored, &ours));
    assert!(share(&scored, &ours) >= 0.999);
}
