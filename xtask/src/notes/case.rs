//! The content of a note before it is written: its evidence, and the label that a reader would give.
//!
//! A scenario draws a list of cues. Each cue moves a score; the score is turned into the probability of `risk`, and
//! the label is drawn from it. Notes with conflicting evidence therefore get either label, as they would from human
//! readers, and no classifier can be right about all of them.

use crate::rng::Rng;

/// One fact that a note reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    Complaint,
    RedFlag,
    Denied,
    Risk,
    NoRisk,
    FamilyClose,
    FamilyFar,
    Carrier,
    PastRemote,
    PastRecent,
    Explained,
    Suspicious,
    Indeterminate,
    Bland,
    Clear,
    Spread,
    LabHigh,
    LabOk,
    Malignant,
    Atypia,
    BenignHistology,
    RuledOut,
    Stable,
    Grown,
    Routine,
    Care,
    Urgent,
    Watch,
    RoutinePlan,
    DischargePlan,
    Comorbid,
    Social,
    CancerTalk,
    Told,
    Reassured,
}
use Cue::*;

impl Cue {
    /// The name of its section in the phrase banks, and how far it moves the score towards `risk`.
    pub(super) fn describe(self) -> (&'static str, i32) {
        match self {
            Complaint => ("complaint", 0),
            RedFlag => ("redflag", 2),
            Denied => ("denied", -1),
            Risk => ("risk", 1),
            NoRisk => ("norisk", -1),
            FamilyClose => ("family-close", 1),
            FamilyFar => ("family-far", 0),
            Carrier => ("carrier", 5),
            PastRemote => ("past-remote", 0),
            PastRecent => ("past-recent", 1),
            Explained => ("explained", -5),
            Suspicious => ("suspicious", 5),
            Indeterminate => ("indeterminate", 1),
            Bland => ("bland", -4),
            Clear => ("clear", -2),
            Spread => ("spread", 2),
            LabHigh => ("labhigh", 1),
            LabOk => ("labok", -1),
            Malignant => ("malignant", 8),
            Atypia => ("atypia", 2),
            BenignHistology => ("benign-histology", -6),
            RuledOut => ("ruled-out", -10),
            Stable => ("stable", -5),
            Grown => ("grown", 5),
            Routine => ("routine", 0),
            Care => ("care", 0),
            Urgent => ("urgent", 2),
            Watch => ("watch", 0),
            RoutinePlan => ("routine-plan", -1),
            DischargePlan => ("discharge-plan", -2),
            Comorbid => ("comorbid", 0),
            Social => ("social", 0),
            CancerTalk => ("cancer-talk", 0),
            Told => ("told", 2),
            Reassured => ("reassured", -2),
        }
    }

    /// Plans end a note.
    pub(super) fn is_plan(self) -> bool {
        matches!(self, Urgent | Watch | RoutinePlan | DischargePlan)
    }
}

/// Facts that may be added to any note and say nothing about its label.
pub(super) const DISTRACTORS: &[Cue] = &[Comorbid, Comorbid, Comorbid, Social, Social, CancerTalk];

/// Probability of `risk` in thousandths, by score from -4 or less to 6 or more: how sure a careful reader would be.
const YES_PER_MILLE: [u32; 11] = [3, 5, 10, 30, 90, 350, 700, 900, 965, 985, 995];
const LOWEST_SCORE: i32 = -4;
/// The share of wrong labels, in thousandths, whatever the evidence.
const SLIPS_PER_MILLE: u32 = 15;

/// The label of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) risk: bool,
    /// How often, in thousandths, the label equals the likelier one given the evidence. The mean over the notes bounds the
    /// accuracy of every classifier.
    pub(super) ceiling_per_mille: u32,
}

/// Draws the label that follows from the evidence.
pub(super) fn verdict(cues: &[Cue], rng: &mut Rng) -> Verdict {
    let score: i32 = cues.iter().map(|cue| cue.describe().1).sum();
    let place = usize::try_from(score - LOWEST_SCORE).unwrap_or(0).min(YES_PER_MILLE.len() - 1);
    let yes = YES_PER_MILLE[place];
    let risk = rng.chance(yes) != rng.chance(SLIPS_PER_MILLE);
    let likelier = yes.max(1000 - yes);
    let ceiling_per_mille =
        (likelier * (1000 - SLIPS_PER_MILLE) + (1000 - likelier) * SLIPS_PER_MILLE) / 1000;
    Verdict { risk, ceiling_per_mille }
}
