//! Estimates and runs. Each is one or two processes, and everything about it lies in its folder: a studio that starts again finds it.
//!
//! - this file: what a piece of work is, and its steps;
//! - [`step`]: a step, by the files of its process;
//! - [`drive`]: sees steps through;
//! - [`shown`]: what the page gets to know.

mod drive;
mod shown;
mod step;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::choices::Choices;
use crate::files;
use crate::id::Id;
use crate::place::Place;
use crate::problem::{Answer, Problem};
use crate::service::{Service, now};
use crate::table::Table;

pub(crate) use drive::{Driven, begin, cancel, resume, take_up};
pub(crate) use shown::{Shown, State, brief, shown};
use step::Step;

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
    /// A new piece of work.
    ///
    /// # Errors
    /// Choices that cannot be; a failure of the operating system.
    pub(crate) fn create(service: &Service, kind: Kind, choices: Choices) -> Answer<Self> {
        let choices = choices.check(&service.place, &*service.commands)?;
        let name = Table::read(&service.place, &choices.data)?.name;
        let work = Self { id: Id::random()?, kind, choices, name, created: now() };
        let folder = service.place.work(&work.id);
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
    fn published(&self, place: &Place) -> PathBuf {
        place.work(&self.id).join("published")
    }

    /// Its steps, in their order.
    fn steps(&self) -> Vec<Step> {
        let last = match self.kind {
            Kind::Estimate => Step::Estimate,
            Kind::Run => Step::Run,
        };
        let embeds = matches!(self.choices.learn, crate::choices::Learn::Texts { .. });
        embeds.then_some(Step::Embed).into_iter().chain([last]).collect()
    }

    /// Removes it, and the table if nothing else was made of it.
    ///
    /// # Errors
    /// It is under way; a failure of the operating system.
    pub(crate) fn remove(&self, service: &Service) -> Answer<()> {
        if service.is_driven(&self.id) || self.steps().iter().any(|step| step.is_alive(self, &service.place))
        {
            return Err(Problem::conflict("the run is under way").help("stop it first"));
        }
        std::fs::remove_dir_all(service.place.work(&self.id))?;
        let others = service.place.all_work()?;
        let others = others.iter().filter_map(|id| Self::read(&service.place, id).ok());
        if !others.map(|work| work.choices.data).any(|data| data == self.choices.data) {
            std::fs::remove_dir_all(service.place.data(&self.choices.data))?;
        }
        Ok(())
    }
}
