//! What a piece of work is, as its folder keeps it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::choices::Choices;
use crate::commands::Commands;
use crate::files;
use crate::id::Id;
use crate::place::Place;
use crate::problem::{Answer, Problem};
use crate::table::Table;

/// What a piece of work is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// What a training will cost and reach.
    Estimate,
    /// A training, from keys to the report.
    Run,
}

/// A piece of work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Work {
    pub(crate) id: Id,
    pub(crate) kind: Kind,
    pub(crate) choices: Choices,
    /// The table's name, to show.
    pub(crate) name: String,
    /// In milliseconds since 1970.
    pub(crate) created: i64,
}

impl Work {
    /// A new piece of work, of this time.
    ///
    /// # Errors
    /// Choices that cannot be; a failure of the operating system.
    pub(super) fn create(
        place: &Place,
        commands: &dyn Commands,
        kind: Kind,
        choices: Choices,
        created: i64,
    ) -> Answer<Self> {
        let choices = choices.check(place, commands)?;
        let name = Table::read(place, &choices.data)?.name;
        let work = Self { id: Id::random()?, kind, choices, name, created };
        let folder = place.work(&work.id);
        head_service::private_folder(&folder)?;
        files::write(&folder.join("about.json"), &work)?;
        Ok(work)
    }

    /// Reads a piece of work.
    ///
    /// # Errors
    /// There is no such work.
    pub(crate) fn read(place: &Place, id: &Id) -> Answer<Self> {
        let about = files::read(&place.work(id).join("about.json"))?;
        about.filter(|work: &Self| work.id == *id).ok_or_else(|| Problem::absent("run"))
    }

    /// All runs, the latest first. What cannot be read is left out.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(crate) fn runs(place: &Place) -> Answer<Vec<Self>> {
        let all = place.all_work()?;
        let mut found: Vec<Self> = all.iter().filter_map(|id| Self::read(place, id).ok()).collect();
        found.retain(|work| work.kind == Kind::Run);
        found.sort_by_key(|work| std::cmp::Reverse(work.created));
        Ok(found)
    }

    /// The folder with the results of a run.
    pub(crate) fn result(&self, place: &Place) -> PathBuf {
        place.work(&self.id).join("result")
    }

    /// The folder with the twin that may leave the data party.
    pub(super) fn published(&self, place: &Place) -> PathBuf {
        place.work(&self.id).join("published")
    }
}
