//! Facts that stay the same throughout a note: the patient, the site of the finding, and its nature.

use anyhow::{Context, Result};

use super::grammar::Lists;
use crate::rng::Rng;

/// The person who accompanies the patient, by the patient's age.
const YOUNG_KIN: [&str; 5] = ["mother", "partner", "sister", "brother", "friend"];
const OLD_KIN: [&str; 6] = ["daughter", "son", "partner", "sister", "neighbour", "niece"];

/// Draws the facts of one case. Each is a list of one entry that the phrase banks can refer to.
///
/// # Errors
/// The speciality's bank lacks a list.
pub(super) fn draw(common: &Lists, site: &Lists, rng: &mut Rng) -> Result<Lists> {
    let man = match only(site, "sex")? {
        "male" => true,
        "female" => false,
        _ => rng.chance(500),
    };
    let (low, high) = only(site, "ages")?.split_once('-').context("ages are written low-high")?;
    let age = rng.between(low.parse()?, high.parse()?);
    let place = one_of(site, "place", rng)?;
    let lesion = one_of(site, "lesion", rng)?;
    let sample = one_of(site, "sample", rng)?;
    // A benign explanation and its confirmation belong together.
    let explanations = list(site, "explain")?;
    let outcomes = list(site, "settle")?;
    let cause = rng.below(explanations.len());
    let outcome = outcomes.get(cause).context("`settle` has one entry for each of `explain`")?;

    let [he, his, him, himself, word, letter] = if man {
        ["he", "his", "him", "himself", "man", "M"]
    } else {
        ["she", "her", "her", "herself", "woman", "F"]
    };
    let job = one_of(common, "job", rng)?;
    let jobs = match age {
        ..=21 => "student".to_owned(),
        22..=65 => job.to_owned(),
        66.. => format!("{} {job}", ["retired", "former"][rng.below(2)]),
    };
    let kin: &[&str] = if age < 45 { &YOUNG_KIN } else { &OLD_KIN };
    let relative = rng.pick(kin).copied().unwrap_or_default();
    let age = age.to_string();
    let facts = [
        ("he", he),
        ("his", his),
        ("him", him),
        ("himself", himself),
        ("man", word),
        ("sexletter", letter),
        ("age", &age),
        ("jobs", &jobs),
        ("relative", relative),
        ("place", place),
        ("lesion", lesion),
        ("sample", sample),
        ("explain", &explanations[cause]),
        ("settle", outcome),
    ];
    Ok(facts.into_iter().map(|(name, value)| (name.to_owned(), vec![value.to_owned()])).collect())
}

fn list<'a>(lists: &'a Lists, name: &str) -> Result<&'a [String]> {
    lists.get(name).map(Vec::as_slice).with_context(|| format!("a bank lacks `{name}`"))
}

fn one_of<'a>(lists: &'a Lists, name: &str, rng: &mut Rng) -> Result<&'a str> {
    rng.pick(list(lists, name)?).map(String::as_str).with_context(|| format!("`{name}` is empty"))
}

/// The only entry of a list.
pub(super) fn only<'a>(lists: &'a Lists, name: &str) -> Result<&'a str> {
    list(lists, name)?.first().map(String::as_str).with_context(|| format!("`{name}` is empty"))
}
