//! The kinds of cases in the notes, and the share of each.

use super::case::Cue::{self, *};
use crate::rng::Rng;

/// A step of a scenario: the share of its notes, in per cent, that report one of these cues.
type Step = (u32, &'static [Cue]);

/// A kind of case.
pub(super) struct Scenario {
    /// The name in `data/notes/groups.csv`.
    pub(super) name: &'static str,
    /// Its share of the notes.
    weight: u32,
    steps: &'static [Step],
}

/// Plans of notes that are not alarming.
const CALM: &[Cue] = &[RoutinePlan, RoutinePlan, DischargePlan, DischargePlan, Watch];

/// All kinds of cases: some that any reader gets right, and some that mislead a reader of single words.
pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "suspicious finding",
        weight: 19,
        steps: &[
            (25, &[Complaint]),
            (85, &[RedFlag]),
            (40, &[Risk]),
            (100, &[Suspicious]),
            (65, &[Spread, LabHigh]),
            (10, &[Clear, LabOk]),
            (90, &[Told]),
            (95, &[Urgent, Urgent, Urgent, Urgent, Watch]),
        ],
    },
    Scenario {
        name: "proven cancer",
        weight: 9,
        steps: &[
            (25, &[Complaint]),
            (50, &[RedFlag]),
            (70, &[Suspicious]),
            (100, &[Malignant]),
            (60, &[Spread]),
            (10, &[LabOk, Clear]),
            (80, &[Told]),
            (95, &[Urgent, Urgent, Urgent, Watch]),
        ],
    },
    Scenario {
        name: "red flags",
        weight: 6,
        steps: &[
            (20, &[Complaint]),
            (100, &[RedFlag]),
            (80, &[RedFlag]),
            (70, &[Risk, LabHigh, FamilyClose]),
            (15, &[Clear]),
            (90, &[Told]),
            (95, &[Urgent, Urgent, Urgent, Urgent, Watch]),
        ],
    },
    Scenario {
        name: "growth",
        weight: 3,
        steps: &[
            (30, &[Routine]),
            (100, &[Grown]),
            (40, &[Risk, Spread]),
            (75, &[Told]),
            (85, &[Urgent, Urgent, Watch]),
        ],
    },
    Scenario {
        name: "hereditary",
        weight: 1,
        steps: &[(100, &[Carrier]), (80, &[FamilyClose]), (40, &[Clear, LabOk]), (70, &[Watch, RoutinePlan])],
    },
    Scenario {
        name: "recurrence",
        weight: 2,
        steps: &[
            (100, &[PastRecent]),
            (80, &[LabHigh, RedFlag]),
            (80, &[Indeterminate, Spread]),
            (75, &[Told]),
            (70, &[Watch, Urgent]),
        ],
    },
    Scenario {
        name: "buried finding",
        weight: 1,
        steps: &[
            (80, &[Routine]),
            (60, &[Care]),
            (50, &[LabOk]),
            (100, &[Suspicious]),
            (40, &[Watch, RoutinePlan]),
        ],
    },
    Scenario {
        name: "routine",
        weight: 28,
        steps: &[
            (100, &[Routine]),
            (80, &[Complaint]),
            (90, &[Care]),
            (60, &[Care]),
            (30, &[LabOk]),
            (10, &[Denied]),
            (20, &[Clear]),
            (50, &[Reassured]),
            (90, CALM),
        ],
    },
    Scenario {
        name: "benign finding",
        weight: 10,
        steps: &[
            (80, &[Complaint]),
            (20, &[RedFlag]),
            (100, &[Bland]),
            (50, &[BenignHistology]),
            (30, &[LabOk, Clear]),
            (90, &[Reassured]),
            (90, CALM),
        ],
    },
    Scenario {
        name: "ruled out",
        weight: 3,
        steps: &[
            (60, &[Complaint]),
            (50, &[RedFlag]),
            (100, &[RuledOut]),
            (40, &[BenignHistology]),
            (90, &[Reassured]),
            (90, CALM),
        ],
    },
    Scenario {
        name: "negated",
        weight: 5,
        steps: &[
            (80, &[Complaint]),
            (100, &[Denied]),
            (20, &[Denied]),
            (90, &[Clear]),
            (60, &[LabOk]),
            (30, &[NoRisk]),
            (90, &[Reassured]),
            (90, CALM),
        ],
    },
    Scenario {
        name: "family only",
        weight: 1,
        steps: &[
            (100, &[FamilyFar, FamilyClose, CancerTalk]),
            (40, &[CancerTalk, FamilyFar]),
            (60, &[NoRisk, Denied]),
            (80, &[Clear]),
            (90, &[Reassured]),
            (90, CALM),
        ],
    },
    Scenario {
        name: "old cancer",
        weight: 2,
        steps: &[
            (100, &[PastRemote]),
            (80, &[Routine, Complaint]),
            (80, &[Care]),
            (80, &[Clear, LabOk]),
            (60, &[Reassured]),
            (90, CALM),
        ],
    },
    Scenario {
        name: "explained",
        weight: 4,
        steps: &[
            (80, &[RedFlag]),
            (40, &[Complaint]),
            (100, &[Explained]),
            (60, &[LabOk, Clear]),
            (70, &[Reassured]),
            (90, CALM),
        ],
    },
    Scenario {
        name: "stable finding",
        weight: 3,
        steps: &[(50, &[Complaint]), (100, &[Stable]), (50, &[LabOk]), (90, &[Reassured]), (90, CALM)],
    },
    Scenario {
        name: "mixed evidence",
        weight: 4,
        steps: &[
            (60, &[Complaint]),
            (70, &[RedFlag, Risk, FamilyClose]),
            (85, &[Indeterminate, Indeterminate, Atypia]),
            (40, &[LabHigh, LabOk]),
            (40, &[Clear, PastRemote]),
            (60, &[Watch, Watch, Urgent, RoutinePlan]),
        ],
    },
];

/// Draws a scenario that the speciality has words for.
pub(super) fn draw(rng: &mut Rng, has_gene: bool) -> &'static Scenario {
    let weights = SCENARIOS.iter().map(|scenario| {
        let sayable = has_gene || scenario.steps.iter().all(|(_, cues)| !cues.contains(&Carrier));
        if sayable { scenario.weight } else { 0 }
    });
    &SCENARIOS[rng.weighted(weights)]
}

impl Scenario {
    /// Draws the evidence of one note, in the order in which it is reported.
    pub(super) fn cues(&self, rng: &mut Rng) -> Vec<Cue> {
        let mut cues = Vec::new();
        for (per_cent, choice) in self.steps {
            if rng.chance(per_cent * 10) {
                cues.extend(rng.pick(choice));
            }
        }
        cues
    }
}
