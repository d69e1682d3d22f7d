//! `cargo xtask make-notes`: synthetic clinical notes, risk of cancer yes or no, into `data/notes/`.
//!
//! No real notes are used. A generator builds every sentence from phrase banks written for this purpose
//! (`xtask/notes/*.txt`). It has a fixed seed and computes in integers, so the files are the same on every machine.
//! `data/README.md` is the data card. `scenarios` chooses what a note reports, `case` its label and `patient` the person;
//! `compose` writes it, `grammar` fills the phrases, `slips` adds typing habits.

mod case;
mod compose;
mod grammar;
mod patient;
mod places;
mod scenarios;
mod slips;

use std::collections::{BTreeMap, HashSet};
use std::fs;

use anyhow::{Context, Result, bail};

use self::compose::{Banks, Composer, WORDS, count_words, sentences};
use self::grammar::Expander;
pub(crate) use self::places::places;
use crate::rng::Rng;
use crate::workspace::root;

const FOLDER: &str = "data/notes";
const SEED: u64 = 20_250_601;
const TRAIN_NOTES: usize = 2000;
const TEST_NOTES: usize = 700;
/// Sentences of at least this many words occur once in the whole corpus. Shorter ones are common phrases.
const UNIQUE_FROM_WORDS: usize = 5;
/// How often a note is written again if its length is out of range.
const REWRITES: usize = 200;

/// Sorted, so that programs which take the last label as the positive class take `risk`.
const LABELS: [&str; 2] = ["no-risk", "risk"];

/// A note with its label and its origin.
struct Note {
    text: String,
    label: &'static str,
    style: &'static str,
    specialty: String,
    scenario: &'static str,
    ceiling_per_mille: u32,
}

/// The files of `data/notes/`, by name.
type Files = BTreeMap<&'static str, Vec<u8>>;

/// Generates the notes and writes the files.
///
/// # Errors
/// A phrase bank is malformed or too small, or a file could not be written.
pub(crate) fn run() -> Result<()> {
    let (train, test) = corpus()?;
    let folder = root().join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for (name, bytes) in files(&train, &test)? {
        let path = folder.join(name);
        fs::write(&path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}: {} bytes", path.display(), bytes.len());
    }
    for (name, notes) in [("train", &train), ("test", &test)] {
        let risk = notes.iter().filter(|note| note.label == LABELS[1]).count();
        let words: usize = notes.iter().map(|note| count_words(&note.text)).sum();
        let ceiling: u32 = notes.iter().map(|note| note.ceiling_per_mille).sum();
        println!(
            "{name}: {} notes, {risk} with risk, {} words on average; the evidence allows an accuracy of {:.3}",
            notes.len(),
            words / notes.len(),
            f64::from(ceiling) / 1000.0 / notes.len() as f64,
        );
    }
    Ok(())
}

/// All notes: training and test.
fn corpus() -> Result<(Vec<Note>, Vec<Note>)> {
    let banks = Banks::read()?;
    let mut rng = Rng::new(SEED);
    let mut seen = HashSet::new();
    let mut notes = Vec::new();
    for _ in 0..TRAIN_NOTES + TEST_NOTES {
        let note = note(&banks, &mut seen, &mut rng)?;
        notes.push(note);
    }
    // Late notes have fewer phrases to choose from. Shuffling gives both files the same share of them.
    rng.shuffle(&mut notes);
    let (mut risk, mut none): (Vec<Note>, Vec<Note>) =
        notes.into_iter().partition(|note| note.label == LABELS[1]);
    // Stratified: both files have the same share of each label.
    let test_risk = (risk.len() * TEST_NOTES).div_ceil(TRAIN_NOTES + TEST_NOTES);
    let mut test = risk.split_off(risk.len() - test_risk);
    test.extend(none.split_off(none.len() - (TEST_NOTES - test_risk)));
    let mut train = risk;
    train.extend(none);
    rng.shuffle(&mut train);
    rng.shuffle(&mut test);
    Ok((train, test))
}

/// One note without a sentence of an earlier note. Its sentences are added to `seen`.
fn note(banks: &Banks, seen: &mut HashSet<String>, rng: &mut Rng) -> Result<Note> {
    let site = rng.pick(&banks.sites).context("there are specialities")?;
    let specialty = patient::only(site, "specialty")?;
    let scenario = scenarios::draw(rng, site.contains_key("gene"));
    let mut cues = scenario.cues(rng);
    let style = banks.style(site, &cues, rng);
    cues.retain(|&cue| banks.can_say(style, cue));
    let verdict = case::verdict(&cues, rng);
    let facts = patient::draw(banks.common(), site, rng)?;
    for _ in 0..REWRITES {
        let composer = Composer {
            banks,
            expander: Expander { lists: [&facts, site, banks.common()], used: Vec::new() },
            is_new: |sentence: &str| !must_be_unique(sentence) || !seen.contains(sentence),
        };
        let (plain, text) = composer
            .compose(style, &cues, rng)
            .with_context(|| format!("a note of style {} in {specialty}", style.name))?;
        if !WORDS.contains(&count_words(&text)) {
            continue;
        }
        let fresh: Vec<&str> = sentences(&plain).filter(|sentence| must_be_unique(sentence)).collect();
        // A heading may have turned a short sentence into a long one, and a note can repeat itself.
        let told_before = fresh.iter().any(|sentence| seen.contains(*sentence));
        if told_before || fresh.iter().collect::<HashSet<_>>().len() < fresh.len() {
            continue;
        }
        seen.extend(fresh.into_iter().map(str::to_owned));
        return Ok(Note {
            text,
            label: LABELS[usize::from(verdict.risk)],
            style: style.name,
            specialty: specialty.to_owned(),
            scenario: scenario.name,
            ceiling_per_mille: verdict.ceiling_per_mille,
        });
    }
    bail!("no {} of {} to {} words for {cues:?}", style.name, WORDS.start(), WORDS.end());
}

fn must_be_unique(sentence: &str) -> bool {
    count_words(sentence) >= UNIQUE_FROM_WORDS
}

/// The sentences of a note that no other note has.
fn unique_sentences(note: &Note) -> impl Iterator<Item = String> + '_ {
    sentences(&note.text).filter(|sentence| must_be_unique(sentence)).map(str::to_owned)
}

/// A table of notes with their labels.
fn table(notes: &[Note]) -> Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["text", "label"])?;
    for note in notes {
        table.write_record([note.text.as_str(), note.label])?;
    }
    Ok(table.into_inner()?)
}

/// The files' contents: the notes for training and testing and, for error analysis, the origin of each.
fn files(train: &[Note], test: &[Note]) -> Result<Files> {
    let mut groups = csv::Writer::from_writer(Vec::new());
    groups.write_record(["file", "row", "style", "specialty", "scenario"])?;
    let mut files = Files::new();
    for (name, notes) in [("train.csv", train), ("test.csv", test)] {
        for (row, note) in notes.iter().enumerate() {
            groups.write_record([name, &row.to_string(), note.style, &note.specialty, note.scenario])?;
        }
        files.insert(name, table(notes)?);
    }
    files.insert("groups.csv", groups.into_inner()?);
    Ok(files)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The committed files are the generator's output: no edit by hand and no change of the generator goes unnoticed.
    #[test]
    fn the_committed_notes_are_reproduced_bit_for_bit() {
        let (train, test) = corpus().unwrap();
        for (name, bytes) in files(&train, &test).unwrap() {
            let committed = fs::read(root().join(FOLDER).join(name)).unwrap();
            assert!(
                committed == bytes,
                "{FOLDER}/{name} differs: run `cargo xtask make-notes` and look at the change"
            );
        }
    }

    #[test]
    fn test_notes_share_no_sentence_with_training_notes() {
        let (train, test) = corpus().unwrap();
        let known: HashSet<String> = train.iter().flat_map(unique_sentences).collect();
        assert!(known.len() > 5 * TRAIN_NOTES);
        let shared: Vec<String> =
            test.iter().flat_map(unique_sentences).filter(|sentence| known.contains(sentence)).collect();
        assert!(shared.is_empty(), "{shared:?}");
    }

    #[test]
    fn notes_are_as_the_data_card_says() {
        let (train, test) = corpus().unwrap();
        for notes in [&train, &test] {
            assert!(notes.iter().all(|note| WORDS.contains(&count_words(&note.text))));
            assert!(notes.iter().all(|note| !note.text.contains(['{', '}', '[', ']', '|'])));
            let risk = notes.iter().filter(|note| note.label == LABELS[1]).count();
            assert!((35..=45).contains(&(100 * risk / notes.len())), "{risk} of {}", notes.len());
        }
        let styles: HashSet<&str> = test.iter().map(|note| note.style).collect();
        assert_eq!(styles.len(), compose::STYLES.len());
    }
}
