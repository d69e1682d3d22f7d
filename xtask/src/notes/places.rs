//! The notes of the joint demo: three hospitals of unequal sizes and patients, a corpus that everybody may see, and notes to test on.

use std::collections::HashSet;

use anyhow::{Result, bail};

use super::compose::Banks;
use super::{LABELS, Note, SEED, corpus, note, table, unique_sentences};
use crate::rng::Rng;

/// A place's notes: how many, and how many in a hundred of them are of patients at risk.
struct Place {
    name: &'static str,
    notes: usize,
    risk_percent: usize,
}

/// The hospitals, whose notes are some of the corpus' training notes,
const HOSPITALS: [Place; 3] = [
    Place { name: "north", notes: 600, risk_percent: 30 },
    Place { name: "south", notes: 500, risk_percent: 50 },
    Place { name: "west", notes: 300, risk_percent: 65 },
];
/// and places with the others, and notes that the generator writes under another seed.
const OTHERS: [Place; 2] = [
    Place { name: "public", notes: 2400, risk_percent: 40 },
    Place { name: TEST, notes: 560, risk_percent: 40 },
];
/// The place whose notes nobody trains on: the corpus' test notes and others.
const TEST: &str = "test";
const SEED_OF_OTHERS: u64 = 20_250_602;
/// Notes under the other seed. No sentence is in two notes, and the phrases have few more to give.
const FURTHER_NOTES: usize = 2500;
/// Notes that could not be written, at most.
const MOST_REFUSALS: usize = 200;

/// The notes of all places, each a table by its name. No note is in two of them, and no longer sentence either. `test` begins with the
/// corpus' test notes.
///
/// # Errors
/// A phrase bank is malformed or too small.
pub(crate) fn places() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let (mut notes, test) = corpus()?;
    let further = further(notes.iter().chain(&test))?;
    let mut rng = Rng::new(SEED);
    let mut tables = deal(&mut notes, &HOSPITALS, &mut rng)?;
    notes.extend(further);
    // late notes have fewer phrases to choose from: every place gets the same share of them
    rng.shuffle(&mut notes);
    tables.extend(deal(&mut notes, &OTHERS, &mut rng)?);
    if let Some((_, notes)) = tables.iter_mut().find(|(name, _)| *name == TEST) {
        notes.splice(..0, test);
    }
    tables.into_iter().map(|(name, notes)| Ok((name, table(&notes)?))).collect()
}

/// Notes under another seed, without a sentence of the known ones.
fn further<'a>(known: impl Iterator<Item = &'a Note>) -> Result<Vec<Note>> {
    let banks = Banks::read()?;
    let mut rng = Rng::new(SEED_OF_OTHERS);
    let mut seen: HashSet<String> = known.flat_map(unique_sentences).collect();
    let (mut notes, mut refusals) = (Vec::new(), 0);
    while notes.len() < FURTHER_NOTES {
        match note(&banks, &mut seen, &mut rng) {
            Ok(note) => notes.push(note),
            // a style has nothing new left to say of a speciality: others have
            Err(error) if refusals == MOST_REFUSALS => return Err(error),
            Err(_) => refusals += 1,
        }
    }
    Ok(notes)
}

/// Deals notes to places. Those that are left stay.
fn deal(notes: &mut Vec<Note>, places: &[Place], rng: &mut Rng) -> Result<Vec<(&'static str, Vec<Note>)>> {
    let (risk, none): (Vec<Note>, Vec<Note>) = notes.drain(..).partition(|note| note.label == LABELS[1]);
    let (mut risk, mut none) = (risk.into_iter(), none.into_iter());
    let mut own = |place: &Place| {
        let at_risk = place.notes * place.risk_percent / 100;
        let mut notes: Vec<Note> = risk.by_ref().take(at_risk).collect();
        notes.extend(none.by_ref().take(place.notes - at_risk));
        if notes.len() < place.notes {
            bail!("{} notes for {}, of {}", notes.len(), place.name, place.notes);
        }
        rng.shuffle(&mut notes);
        Ok((place.name, notes))
    };
    let dealt = places.iter().map(&mut own).collect();
    notes.extend(risk.chain(none));
    dealt
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn places_share_no_note() {
        let tables = places().unwrap();
        let (_, test) = corpus().unwrap();
        let known: Vec<&Place> = HOSPITALS.iter().chain(&OTHERS).collect();
        assert_eq!(tables.len(), known.len());
        let mut seen = HashSet::new();
        for (place, (name, bytes)) in known.into_iter().zip(tables) {
            assert_eq!(place.name, name);
            let mut table = csv::Reader::from_reader(&bytes[..]);
            let texts: Vec<String> = table.records().map(|row| row.unwrap()[0].to_owned()).collect();
            let more = if name == TEST { test.len() } else { 0 };
            assert_eq!(texts.len(), place.notes + more);
            assert!(texts.into_iter().all(|text| seen.insert(text)));
        }
    }
}
