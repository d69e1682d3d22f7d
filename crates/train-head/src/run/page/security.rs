//! Who could see what, and what the parameters of the encryption mean.

use pages::{Block, Property, Section, Table};

use crate::progress::bytes;
use crate::run::report::Report;
use crate::run::words::rounded;

/// Who could see what.
pub(super) fn parties(report: &Report) -> Section {
    let texts = report.encoder.is_some();
    let mut table = Table::new(&["what", "data party", "compute party"]);
    let mut row = |what: &str, data: &str, compute: &str| table.push([what, data, compute]);
    if texts {
        row("texts", "in the clear", "never");
    }
    row(
        if texts { "embeddings, what is to be predicted" } else { "features, what is to be predicted" },
        "in the clear",
        "encrypted",
    );
    row("names of features and of what is predicted, scaling of the features", "in the clear", "never");
    row("number of samples", "exactly", "rounded up to whole blocks");
    row("number of features", "exactly", "rounded up by an eighth or less; in some shapes exactly");
    row("gradients, losses, weights during the training", "never made", "encrypted");
    row(
        "kind of head, number of its outputs, iterations, learning rates, penalty, polynomials",
        "in the clear",
        "in the clear",
    );
    row("the trained head", "in the clear, after decryption", "encrypted");
    row("predictions and measures, such as those on this page", "in the clear", "never");
    row("secret key", "kept here", "never");
    row("evaluation keys", "made here", "has them; they allow computing, not decrypting");
    if report.validation.is_some() {
        row("scores of the validation samples", "in the clear, after decryption", "encrypted");
        row(
            "the iteration at which to stop",
            "decided here",
            "in the clear: a few bits that depend on the data",
        );
    }
    if report.scoring.is_some() {
        row("samples to predict, and their scores", "in the clear", "encrypted");
    }
    let blocks = vec![
        Block::Text(format!(
            "The data party owns the records and holds the only key that decrypts. The compute party trains. {}",
            match report.on_server {
                true => "In this run it was a service on a server, which got the evaluation keys and the encrypted samples over TLS, and nothing else.",
                false =>
                    "In this run both roles were played on one machine, with their files apart: the training read the compute party's folder \
                     and nothing else, so the table says what another machine would have seen.",
            }
        )),
        Block::Table(table),
        Block::Text(
            "The compute party is assumed to follow the program and may look at everything that it holds. It could return a wrong head; measuring \
             on test samples catches nonsense, not subtle tampering. Values chosen by cross-validation (rates, iterations, intervals) carry a few \
             bits about the data."
                .into(),
        ),
    ];
    Section { title: "Who could see what".into(), blocks }
}

/// Parameters and what they mean.
pub(super) fn parameters(report: &Report) -> Section {
    let facts = vec![
        Property::new(
            "scheme",
            "CKKS, homomorphic encryption of vectors of real numbers, whose security rests on Ring-LWE",
        ),
        Property::new(
            "security",
            format!(
                "{} bits: the best known attack takes about {} operations. The bound is Table 5.2 of Bossuat et al., Security Guidelines for \
             Implementing Homomorphic Encryption, IACR Communications in Cryptology 2024 (ePrint 2024/463), for classical computers; the \
             program recomputes it for every object that it makes, and refuses keys beyond it",
                report.security_bits,
                power_of_two(report.security_bits),
            ),
        ),
        Property::new("parameter set", format!("`{}`", report.preset)),
        Property::new(
            "ring degree N",
            format!(
                "{}: the number of coefficients of a ciphertext's polynomials. A larger one is safer and slower; one ciphertext holds {} numbers",
                power_of_two(report.ring_degree.ilog2()),
                report.ring_degree / 2
            ),
        ),
        Property::new(
            "modulus, log2(QP)",
            format!(
                "{} bits: room for the products of the training. More room allows more of them, and at the same N is less safe; the bound above \
                 says how much is allowed",
                rounded(report.log_qp, 1)
            ),
        ),
        Property::new(
            "noise",
            "each ciphertext carries random noise, without which it could be broken. It is also why results are approximate: see the comparison with the simulated training above",
        ),
        Property::new(
            "sizes",
            format!(
                "evaluation keys {}, encrypted data {}, encrypted head {}",
                bytes(report.bytes.keys),
                bytes(report.bytes.data),
                bytes(report.bytes.head)
            ),
        ),
    ];
    let blocks = vec![
        Block::Definitions(facts),
        Block::Text(
            "Two assumptions are not proved: that Ring-LWE is as hard as these estimates say, and that evaluation keys, which are encrypted under \
             the key that they belong to, help no attacker. Every library of this kind makes both."
                .into(),
        ),
    ];
    Section { title: "Encryption and its parameters".into(), blocks }
}

/// A power of two as it is printed.
fn power_of_two(exponent: u32) -> String {
    let digits = [
        '\u{2070}', '\u{b9}', '\u{b2}', '\u{b3}', '\u{2074}', '\u{2075}', '\u{2076}', '\u{2077}', '\u{2078}',
        '\u{2079}',
    ];
    let raised =
        exponent.to_string().chars().filter_map(|c| digits.get(c.to_digit(10)? as usize)).collect::<String>();
    format!("2{raised}")
}
