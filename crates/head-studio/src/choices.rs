//! What was chosen on the page, checked against the table and against what the command line knows.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::commands::{Commands, Goal, Samples, TextsOf};
use crate::id::Id;
use crate::place::Place;
use crate::problem::{Answer, Problem};
use crate::table::Table;

/// What was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choices {
    /// The table.
    pub(crate) data: Id,
    /// Column of the labels.
    pub(crate) label: String,
    /// What the head learns from.
    pub(crate) learn: Learn,
    /// Share of the samples to test on.
    #[serde(default = "quarter")]
    test_share: f64,
    /// Whether rare classes count as much as frequent ones.
    #[serde(default)]
    balanced: bool,
    /// Server that trains; this machine if there is none.
    #[serde(default)]
    pub(crate) server: Option<String>,
    /// Whether the exact twin is written as well.
    #[serde(default)]
    publish: bool,
    /// Whether the labels are amounts; the table decides.
    #[serde(default)]
    numbers: bool,
}

/// What a head learns from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Learn {
    /// Texts in a column, by an encoder.
    Texts {
        /// The column.
        column: String,
        /// Folder or id of the encoder.
        encoder: String,
    },
    /// Columns, but these.
    Columns {
        /// The columns that are no features.
        dropped: Vec<String>,
    },
}

fn quarter() -> f64 {
    0.25
}

impl Choices {
    /// Refuses what the table or the command line does not have, and finds the encoder.
    ///
    /// # Errors
    /// The first choice that cannot be.
    pub(crate) fn check(mut self, place: &Place, commands: &dyn Commands) -> Answer<Self> {
        let table = Table::read(place, &self.data)?;
        let columns = table.columns(place)?;
        let expect = |name: &String| match columns.contains(name) {
            true => Ok(()),
            false => Err(Problem::malformed(format!("the table has no column {name:?}"))),
        };
        expect(&self.label)?;
        self.numbers = table.are_numbers(place, &self.label)?;
        match &mut self.learn {
            Learn::Texts { column, encoder } => {
                expect(column)?;
                if *column == self.label {
                    return Err(Problem::malformed("one column cannot hold both the texts and the labels"));
                }
                *encoder = commands.encoder(encoder).map_err(Problem::malformed)?;
            }
            Learn::Columns { dropped } => {
                dropped.iter().try_for_each(expect)?;
                dropped.retain(|name| *name != self.label);
            }
        }
        if !(self.test_share > 0.0 && self.test_share < 1.0) {
            return Err(Problem::malformed("the share of samples to test on must be between 0 and 1"));
        }
        if let Some(server) = &self.server
            && !commands.servers().iter().any(|known| known.name == *server)
        {
            return Err(Problem::malformed(format!("no server {server:?} is known"))
                .help("`train-head remote add NAME URL` remembers a server"));
        }
        Ok(self)
    }

    /// The texts to embed, if the head learns from texts.
    pub(crate) fn texts<'a>(&'a self, table: &'a Path) -> Option<TextsOf<'a>> {
        match &self.learn {
            Learn::Texts { column, encoder } => Some(TextsOf { table, column, label: &self.label, encoder }),
            Learn::Columns { .. } => None,
        }
    }

    /// What the head is trained on.
    pub(crate) fn samples<'a>(&'a self, table: &'a Path, embeddings: &'a Path) -> Samples<'a> {
        match &self.learn {
            Learn::Texts { .. } => Samples::Embeddings(embeddings),
            Learn::Columns { dropped } => Samples::Columns { table, label: &self.label, dropped },
        }
    }

    /// How it is trained; `published` is where its twin goes.
    pub(crate) fn goal<'a>(&'a self, published: &'a Path) -> Goal<'a> {
        Goal {
            numbers: self.numbers,
            balanced: self.balanced,
            test_share: self.test_share,
            server: self.server.as_deref(),
            publish: self.publish.then_some(published),
        }
    }

    /// The name of the embeddings that these choices need: the same for the same texts, labels and encoder.
    pub(crate) fn embeddings(&self, place: &Place) -> PathBuf {
        let named = match &self.learn {
            Learn::Texts { column, encoder } => serde_json::json!([column, encoder, self.label]),
            Learn::Columns { .. } => serde_json::Value::Null,
        };
        let digest = blake3::hash(named.to_string().as_bytes()).to_hex();
        place.data(&self.data).join(format!("embeddings-{}", &digest[..16]))
    }
}
