//! What a session is for: a training, or sums by consent.

use head_fit::Preprocessing;
use head_joint::{Agreed, Agreement, SumsTerms, Terms};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::exit::{Failure, Result};
use crate::plan::PlanFile;

/// What the parties of a session agree on, and how it stands in `session.json`.
pub(crate) trait Subject: Agreement + Sized {
    /// Name and version of the format.
    const FORMAT: &'static str;
    /// What such a session is called in messages.
    const CALLED: &'static str;
    /// Whether compute parties take part.
    const COMPUTES: bool;
    /// What is signed of it.
    type Agreed: Clone + std::fmt::Debug + Serialize + DeserializeOwned;

    /// What was agreed on, from the session's file and the plan beside it.
    ///
    /// # Errors
    /// Terms that contradict themselves or the plan.
    fn of(agreed: Self::Agreed, plan: &PlanFile) -> Result<Self>;
}

impl Subject for Terms {
    const FORMAT: &'static str = "train-head session 4";
    const CALLED: &'static str = "a session of a joint training";
    const COMPUTES: bool = true;
    type Agreed = Agreed;

    fn of(agreed: Agreed, plan: &PlanFile) -> Result<Self> {
        Ok(Self::from_parts(agreed, plan.map().clone())?)
    }
}

/// What the parties of a session of sums agree on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SumsAgreed {
    /// Between which numbers each feature lies. Public: of samples that everybody may see.
    pub(crate) ranges: Vec<[f64; 2]>,
    /// The most samples of a party.
    pub(crate) most: usize,
    /// Bits of statistical security of the decryption.
    pub(crate) flooding_bits: u32,
    /// The map that is made of the sums.
    pub(crate) map: Preprocessing,
}

impl Subject for SumsTerms {
    const FORMAT: &'static str = "train-head session of sums 1";
    const CALLED: &'static str = "a session of sums";
    const COMPUTES: bool = false;
    type Agreed = SumsAgreed;

    fn of(agreed: SumsAgreed, plan: &PlanFile) -> Result<Self> {
        let SumsAgreed { ranges, most, flooding_bits, .. } = agreed;
        let (found, expected) = (ranges.len(), plan.map().inputs());
        if found != expected {
            let message = format!("sums of {found} features, where the plan has {expected}");
            return Err(Failure::file(message));
        }
        Ok(Self::new(&plan.scheme()?, ranges, most, flooding_bits)?)
    }
}
