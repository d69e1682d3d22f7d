//! Sums by consent: what a party encrypts, on an insecure ring, and feature maps in files of their own.

use std::path::Path;
use std::sync::OnceLock;

use fhe_head::Scheme;
use fhe_head::ckks::{Ciphertext, PublicKey, presets};
use head_joint::SumsTerms;
use head_joint::ckks_threshold::{
    Commitment, CommonRandomness, Contribution, Protocol, SecretShare, Session, Sum, public_key,
};
use ndarray::Array2;
use train_head::readers::{self, joint};

use crate::sketch::Sketch;
use crate::{Target, folder};

/// Encrypted sums, as [`Sketch`]es, and what the others make of them.
pub const SUMS: Target = Target { name: "sums", read: read_sums, seeds: sums_seeds };
/// Feature maps.
pub const FEATURE_MAP: Target = Target { name: "feature_map", read: read_map, seeds: map_seeds };

/// Two parties of a session of sums, of whom the second is hostile.
struct Joint {
    terms: SumsTerms,
    session: Session,
    public: PublicKey,
    own: Vec<Ciphertext>,
}

impl Joint {
    /// The one of this process.
    fn get() -> &'static Self {
        static JOINT: OnceLock<Joint> = OnceLock::new();
        JOINT.get_or_init(|| Self::new().unwrap_or_else(|error| panic!("sums by consent: {error}")))
    }

    fn new() -> head_joint::Result<Self> {
        let scheme = Scheme::new(presets::insecure_joint_for_tests(10, 4, 2)?);
        let terms = SumsTerms::new(&scheme, vec![[-1.0, 1.0]; 3], 20, 30)?;
        let session = terms.session(&[0; 32], 0)?;
        let contributions = [Contribution([1; 32]), Contribution([2; 32])];
        let commitments: Vec<Commitment> = contributions
            .iter()
            .enumerate()
            .map(|(party, contribution)| contribution.commitment(&session, party))
            .collect();
        let common = CommonRandomness::finish(&session, &commitments, &contributions)?;
        let mut sum = Sum::new(&session, Protocol::PublicKey)?;
        for party in 0..session.parties() {
            sum.add(&SecretShare::generate(&session, party)?.public_key(&common))?;
        }
        let public = public_key(&session, &common, sum)?;
        let own = terms.encrypt(&public, &samples().view())?;
        Ok(Self { terms, session, public, own })
    }
}

fn samples() -> Array2<f64> {
    Array2::from_shape_fn((12, 3), |(i, j)| ((i * (j + 3) * 37 + j) % 101) as f64 / 50.0 - 1.0)
}

fn read_sums(input: &[u8]) -> Result<(), String> {
    let Joint { terms, session, public, own } = Joint::get();
    let file = Sketch::from_bytes(input).fill_in(joint::SUMS, terms.parameters(), public.key_id());
    let hostile = joint::sums(file, terms, public.key_id())?;
    let sums = terms.add(&[own.clone(), hostile]).map_err(|error| error.to_string())?;
    terms.release(session, &[0; 32], sums).map(drop).map_err(|error| error.to_string())
}

fn sums_seeds(_: &Path) -> Vec<Vec<u8>> {
    let Joint { terms, public, own, .. } = Joint::get();
    let file = joint::sums_file(terms, public.key_id(), own);
    let file = file.unwrap_or_else(|error| panic!("a seed cannot be made: {error}"));
    vec![Sketch::of(&file, terms.parameters()).to_bytes()]
}

fn read_map(input: &[u8]) -> Result<(), String> {
    folder::with(|folder| {
        let path = folder.join("map.json");
        std::fs::write(&path, input).map_err(|error| error.to_string())?;
        readers::feature_map(&path)
    })
}

fn map_seeds(_: &Path) -> Vec<Vec<u8>> {
    let of = |fields: &str| format!(r#"{{"format":"train-head feature map 1",{fields}}}"#).into_bytes();
    let digest = "0".repeat(64);
    vec![
        of(r#""names":["a","b"],"mean":[1,2.5],"deviation":[0.5,3]"#),
        of(&format!(
            r#""sums":{{"session":"{digest}","parties":["north","south"],"samples":40}},"mean":[1,2],"matrix":[[1,0,2],[0.5,-1e-3,4]]"#
        )),
    ]
}
