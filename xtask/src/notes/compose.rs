//! Writes a note from its evidence: styles of notes, and the order in which each style reports facts.

use anyhow::{Context, Result, bail};

use super::case::{Cue, DISTRACTORS};
use super::grammar::{Expander, Lists, capitalised, lists, sections};
use super::slips;
use crate::rng::Rng;

/// Shortest and longest note, in words.
pub(super) const WORDS: std::ops::RangeInclusive<usize> = 40..=150;
/// A note is filled with irrelevant sentences up to a length, in words, drawn from this range.
const FILL_TO: (usize, usize) = (40, 48);

/// The share of notes with a plan, in thousandths, whose first line shows how urgent the writer finds the case.
const TELLING_OPENINGS: u32 = 850;

/// A style of note.
pub(super) struct Style {
    /// The name in `xtask/notes/styles.txt` and `data/notes/groups.csv`.
    pub(super) name: &'static str,
    weight: u32,
    /// The phrase bank for findings of a doctor or nurse, and the heading before them.
    findings: (Bank, &'static str),
    /// The heading under which reports put, in clipped phrases, all facts that their own bank has no words for.
    details: Option<&'static str>,
    /// Probabilities of typing habits, in thousandths of the notes.
    habits: slips::Habits,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bank {
    Prose,
    Imaging,
    Histology,
    Terse,
    Phone,
    Brief,
}

const CAREFUL: slips::Habits = slips::Habits { abbreviates: 0, misspells: 80 };
const QUICK: slips::Habits = slips::Habits { abbreviates: 150, misspells: 250 };
const HURRIED: slips::Habits = slips::Habits { abbreviates: 800, misspells: 400 };

/// All styles of notes.
pub(super) const STYLES: &[Style] = &[
    Style { name: "gp-letter", weight: 15, findings: (Bank::Prose, ""), details: None, habits: QUICK },
    Style { name: "referral", weight: 12, findings: (Bank::Prose, ""), details: None, habits: QUICK },
    Style { name: "outpatient", weight: 15, findings: (Bank::Prose, ""), details: None, habits: CAREFUL },
    Style { name: "discharge", weight: 12, findings: (Bank::Prose, ""), details: None, habits: CAREFUL },
    Style {
        name: "radiology",
        weight: 16,
        findings: (Bank::Imaging, "Findings: "),
        details: Some("Indication: "),
        habits: CAREFUL,
    },
    Style {
        name: "pathology",
        weight: 45,
        findings: (Bank::Histology, ""),
        details: Some("Clinical details: "),
        habits: CAREFUL,
    },
    Style { name: "nursing", weight: 12, findings: (Bank::Terse, ""), details: None, habits: HURRIED },
    Style { name: "phone", weight: 11, findings: (Bank::Phone, ""), details: None, habits: QUICK },
];

/// All phrase banks, read once.
pub(super) struct Banks {
    pub(super) sites: Vec<Lists>,
    common: Lists,
    styles: Lists,
    registers: Vec<(Bank, Lists)>,
}

macro_rules! bank {
    ($file:literal) => {
        include_str!(concat!("../../notes/", $file, ".txt"))
    };
}

impl Banks {
    /// Parses the phrase banks in `xtask/notes/`.
    ///
    /// # Errors
    /// A bank is malformed.
    pub(super) fn read() -> Result<Self> {
        let sites = [
            bank!("sites/bladder"),
            bank!("sites/blood"),
            bank!("sites/bone"),
            bank!("sites/bowel"),
            bank!("sites/brain"),
            bank!("sites/breast"),
            bank!("sites/gullet"),
            bank!("sites/lung"),
            bank!("sites/pancreas"),
            bank!("sites/prostate"),
            bank!("sites/skin"),
            bank!("sites/testis"),
            bank!("sites/throat"),
            bank!("sites/thyroid"),
            bank!("sites/womb"),
        ];
        let registers = [
            (Bank::Prose, bank!("prose")),
            (Bank::Imaging, bank!("imaging")),
            (Bank::Histology, bank!("histology")),
            (Bank::Terse, bank!("terse")),
            (Bank::Phone, bank!("phone")),
            (Bank::Brief, bank!("brief")),
        ];
        Ok(Self {
            sites: sites.into_iter().map(lists).collect::<Result<_>>()?,
            common: lists(bank!("common"))?,
            styles: sections(bank!("styles"))?,
            registers: registers
                .into_iter()
                .map(|(bank, text)| Ok((bank, sections(text)?)))
                .collect::<Result<_>>()?,
        })
    }

    /// Lists shared by all specialities.
    pub(super) fn common(&self) -> &Lists {
        &self.common
    }

    fn of(&self, bank: Bank, cue: Cue) -> Option<&[String]> {
        let (_, sections) = self.registers.iter().find(|(name, _)| *name == bank)?;
        sections.get(cue.describe().0).map(Vec::as_slice)
    }

    /// Whether a note of this style can report the cue, directly or as a clinical detail.
    pub(super) fn can_say(&self, style: &Style, cue: Cue) -> bool {
        self.of(style.findings.0, cue).is_some()
            || (style.details.is_some() && self.of(Bank::Brief, cue).is_some())
    }

    /// Draws a style that can report these cues. A radiology report, for example, needs a finding that a scan can show.
    pub(super) fn style(&self, site: &Lists, cues: &[Cue], rng: &mut Rng) -> &'static Style {
        let weights = STYLES.iter().map(|style| {
            if style.findings.0 == Bank::Imaging && site.contains_key("imaging") {
                return 0;
            }
            let has_finding = |cue: &&Cue| !cue.is_plan() && self.of(style.findings.0, **cue).is_some();
            if cues.iter().any(|cue| has_finding(&cue)) { style.weight } else { 0 }
        });
        &STYLES[rng.weighted(weights)]
    }
}

/// One note while it is written.
pub(super) struct Composer<'a, F: Fn(&str) -> bool> {
    pub(super) banks: &'a Banks,
    pub(super) expander: Expander<'a>,
    /// Whether a sentence is new to the whole corpus.
    pub(super) is_new: F,
}

/// How often a sentence is drawn again if it is not new.
const DRAWS: usize = 400;

impl<F: Fn(&str) -> bool> Composer<'_, F> {
    /// Writes the note. Returns its text, and the text with typing habits applied.
    ///
    /// # Errors
    /// A phrase bank is malformed, or too small to yield a new sentence.
    pub(super) fn compose(mut self, style: &Style, cues: &[Cue], rng: &mut Rng) -> Result<(String, String)> {
        let (bank, heading) = style.findings;
        let mut details = Vec::new();
        let mut findings = Vec::new();
        let mut plan = Vec::new();
        for &cue in cues {
            let direct = self.banks.of(bank, cue).is_some();
            let sentence = self.cue(if direct { bank } else { Bank::Brief }, cue, rng)?;
            match (cue.is_plan(), direct) {
                (true, _) => plan.push(sentence),
                (false, true) => findings.push(sentence),
                (false, false) => details.push(sentence),
            }
        }
        let opening = self.line(style, tone(cues, rng), rng)?;
        let closing = if rng.chance(350) { self.line(style, "close", rng)? } else { String::new() };

        let wanted = rng.between(FILL_TO.0, FILL_TO.1);
        let mut fillers = Vec::new();
        let told = [&details, &findings, &plan].into_iter().flatten().chain([&opening, &closing]);
        let mut words: usize = told.map(|text| count_words(text)).sum();
        while words < wanted && fillers.len() < 5 {
            let filler = self.filler(style, rng)?;
            words += count_words(&filler);
            fillers.push(filler);
        }
        if style.details.is_none() {
            // Irrelevant sentences go anywhere between the relevant ones.
            for filler in fillers.drain(..) {
                let at = rng.below(findings.len() + 1);
                findings.insert(at, filler);
            }
        }
        let details = headed(style.details.unwrap_or_default(), &details);
        let findings = headed(heading, &findings);
        let parts = [opening, details, fillers.join(" "), findings, plan.join(" "), closing];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let text = tidy(&parts.join(" "));
        let typed = style.habits.apply(&text, rng);
        Ok((text, typed))
    }

    fn filler(&mut self, style: &Style, rng: &mut Rng) -> Result<String> {
        let own = self.banks.styles.contains_key(&format!("{} filler", style.name));
        if own && (style.details.is_some() || rng.chance(400)) {
            return self.line(style, "filler", rng);
        }
        let cue = *rng.pick(DISTRACTORS).context("there are distractors")?;
        self.cue(style.findings.0, cue, rng)
    }

    fn cue(&mut self, bank: Bank, cue: Cue, rng: &mut Rng) -> Result<String> {
        let name = cue.describe().0;
        let templates = self.banks.of(bank, cue).with_context(|| format!("no words for `{name}`"))?;
        self.sentence(name, templates, rng)
    }

    fn line(&mut self, style: &Style, part: &str, rng: &mut Rng) -> Result<String> {
        let name = format!("{} {part}", style.name);
        let templates = self.banks.styles.get(&name).with_context(|| format!("no section `{name}`"))?;
        self.sentence(&name, templates, rng)
    }

    /// Fills one of the templates so that each of its sentences is new.
    fn sentence(&mut self, name: &str, templates: &[String], rng: &mut Rng) -> Result<String> {
        for _ in 0..DRAWS {
            let template = rng.pick(templates).with_context(|| format!("`{name}` has no templates"))?;
            let held = self.expander.used.len();
            let text = tidy(&self.expander.expand(template, rng)?);
            if sentences(&text).all(|sentence| (self.is_new)(sentence)) {
                return Ok(text);
            }
            self.expander.used.truncate(held);
        }
        bail!("`{name}` has nothing new left to say");
    }
}

/// The first line agrees with the plan in most notes that have one.
fn tone(cues: &[Cue], rng: &mut Rng) -> &'static str {
    let plan = cues.iter().find(|cue| cue.is_plan()).filter(|_| rng.chance(TELLING_OPENINGS));
    match plan {
        Some(Cue::Urgent) => "alarm",
        Some(Cue::RoutinePlan | Cue::DischargePlan) => "calm",
        _ => "open",
    }
}

fn headed(heading: &str, sentences: &[String]) -> String {
    if sentences.is_empty() { String::new() } else { format!("{heading}{}", sentences.join(" ")) }
}

/// The sentences of a text.
pub(super) fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(". ")
        .map(|sentence| sentence.trim().trim_end_matches('.'))
        .filter(|sentence| !sentence.is_empty())
}

/// The number of words, separated by blanks.
pub(super) fn count_words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Repairs a filled template: capitals after full stops, `a` before a vowel, blanks before commas.
fn tidy(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut at_start = true;
    for word in text.split_whitespace() {
        if let Some(last) = words.last_mut()
            && (last == "a" || last == "A")
            && begins_with_vowel_sound(word)
        {
            last.push('n');
        }
        words.push(if at_start { capitalised(word) } else { word.to_owned() });
        at_start = word.ends_with('.');
    }
    words.join(" ").replace(" ,", ",").replace(" ;", ";").replace("..", ".")
}

fn begins_with_vowel_sound(word: &str) -> bool {
    const WRITTEN_VOWEL_ONLY: [&str; 7] = ["uni", "ure", "uri", "ute", "use", "euro", "one"];
    let word = word.to_lowercase();
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        let number: String = word.chars().take_while(char::is_ascii_digit).collect();
        return number.starts_with('8') || number == "11" || number == "18";
    }
    let letters = ["mri", "ef", "mdm", "hba1c"];
    letters.iter().any(|spelt| word.starts_with(spelt))
        || (word.starts_with(['a', 'e', 'i', 'o', 'u'])
            && !WRITTEN_VOWEL_ONLY.iter().any(|begin| word.starts_with(begin)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::notes::scenarios::SCENARIOS;

    #[test]
    fn tidying_mends_articles_and_capitals() {
        assert_eq!(
            tidy("a 18 mm area ,  seen. it is a unilateral cyst.."),
            "An 18 mm area, seen. It is a unilateral cyst."
        );
    }

    /// Letters have words for every cue, and reports can describe every finding.
    #[test]
    fn every_cue_can_be_said() {
        let banks = Banks::read().unwrap();
        let mut rng = Rng::new(3);
        for scenario in SCENARIOS {
            for cue in (0..200).flat_map(|_| scenario.cues(&mut rng)) {
                for style in STYLES {
                    let report = style.details.is_some();
                    let left_out = report && matches!(cue, Cue::Told | Cue::Reassured);
                    assert_ne!(banks.can_say(style, cue), left_out, "{} and {cue:?}", style.name);
                }
            }
        }
    }
}
