//! The output folder of a run.
//!
//! ```text
//! OUT/client/    the data party's: secret.key, plan.json, plan.safetensors, identity.key (signs its files), embeddings.safetensors
//! OUT/server/    the compute party's: identity.key, eval/ (keys), data.enc, head.enc; test.enc and scores.enc of encrypted predictions;
//!                validation.enc and validation/ of a training that is followed
//! OUT/           head.safetensors, head.json, predictions.csv, report.html, report.json
//! ```

use std::path::{Path, PathBuf};

use crate::args::RunArgs;
use crate::exit::{Failure, Kind, Result};
use crate::files::folder::OutputFolder;
use crate::files::keys::KeyFolder;
use crate::files::room;
use crate::interrupt::{self, RESUME};

/// The encrypted data in `server/`. They are written last of what the compute party gets, so that a run that has them can resume.
const DATA: &str = "data.enc";

/// Embeddings of the texts, for the next run into the folder.
const EMBEDDINGS: &str = "client/embeddings.safetensors";

/// A key that signs, in the folder of each party.
const IDENTITY: &str = "identity.key";

/// What an interrupted run must have written to be continued.
fn milestone() -> String {
    format!("server/{DATA}")
}

/// The output folder of a run. Files appear in it at the end, all together.
pub(crate) struct RunFolder {
    out: OutputFolder,
    client: PathBuf,
    server: PathBuf,
}

impl RunFolder {
    /// Refuses a folder that holds something, unless the flags ask to continue or to overwrite. Called before anything is read, so that
    /// nobody waits in vain.
    ///
    /// # Errors
    /// The folder holds an interrupted run and the flags do not say what to do with it, or it is not empty.
    pub(crate) fn expect_room(arguments: &RunArgs) -> Result<()> {
        let (path, resume) = (&arguments.out, arguments.checkpoints.resume);
        if arguments.overwrite.overwrite {
            return Ok(());
        }
        room::expect_parent("--out", path)?;
        let refuse = |what: &str, help: &str| {
            Err(Failure::usage(format!("--out {}: {what}", path.display())).help(help))
        };
        match OutputFolder::holds(path, &milestone()) {
            true if resume => return Ok(()),
            true => {
                let help = "--resume continues it; --overwrite starts anew and removes it";
                return refuse("the folder holds an interrupted run", help);
            }
            false => {}
        }
        if path.exists() && !path.is_dir() {
            return refuse("that is a file; a folder is needed", "choose another name");
        }
        // a run that was killed before it had encrypted its data left nothing that is worth keeping
        if room::is_empty(path)? || room::is_left_over(path)? {
            return Ok(());
        }
        let what = match path.join("report.json").exists() {
            true => "the folder holds the results of a run, with its secret key",
            false => "the folder is not empty, and what it holds is not the results of a run",
        };
        refuse(
            what,
            "choose another folder; --overwrite replaces files of the same names in this one, and its folders `client` and `server`",
        )
    }

    /// Where an earlier run into a folder, ended or interrupted, left its embeddings.
    pub(crate) fn earlier_embeddings(path: &Path) -> Option<PathBuf> {
        let places = [OutputFolder::staged(path).join(EMBEDDINGS), path.join(EMBEDDINGS)];
        places.into_iter().find(|path| path.is_file())
    }

    /// Starts to fill a folder. With `resume`, keeps the files of an interrupted run that had encrypted its data.
    ///
    /// # Errors
    /// As [`OutputFolder::create`].
    pub(crate) fn open(path: &Path, resume: bool) -> Result<Self> {
        let out = match resume {
            true => OutputFolder::reopen(path, &milestone())?,
            false => OutputFolder::create(path)?,
        };
        let (client, server) = (out.subfolder("client")?, out.subfolder("server")?);
        Ok(Self { out, client, server })
    }

    /// The plan.
    pub(crate) fn plan(&self) -> PathBuf {
        self.client.join("plan.json")
    }

    /// The embeddings of the texts.
    pub(crate) fn embeddings(&self) -> PathBuf {
        self.out.path(EMBEDDINGS)
    }

    /// The secret key.
    pub(crate) fn keys(&self) -> KeyFolder {
        KeyFolder::at(&self.client)
    }

    /// What signs the data party's files.
    pub(crate) fn data_identity(&self) -> PathBuf {
        self.client.join(IDENTITY)
    }

    /// What signs the compute party's files.
    pub(crate) fn compute_identity(&self) -> PathBuf {
        self.server.join(IDENTITY)
    }

    /// The evaluation keys.
    pub(crate) fn evaluation_keys(&self) -> PathBuf {
        self.server.join("eval")
    }

    /// The encrypted data.
    pub(crate) fn data(&self) -> PathBuf {
        self.server.join(DATA)
    }

    /// The encrypted head.
    pub(crate) fn encrypted_head(&self) -> PathBuf {
        self.server.join("head.enc")
    }

    /// The encrypted validation samples.
    pub(crate) fn validation_samples(&self) -> PathBuf {
        self.server.join("validation.enc")
    }

    /// The folder through which the parties communicate while the training runs.
    pub(crate) fn validation(&self) -> PathBuf {
        self.server.join("validation")
    }

    /// The encrypted test samples.
    pub(crate) fn test_samples(&self) -> PathBuf {
        self.server.join("test.enc")
    }

    /// The encrypted scores of the test samples.
    pub(crate) fn scores(&self) -> PathBuf {
        self.server.join("scores.enc")
    }

    /// A file or folder outside `client` and `server`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.out.path(name)
    }

    /// From now on an interruption leaves the files for `--resume`.
    pub(crate) fn survive_interrupts(&mut self) {
        self.out.survive_interrupts();
        interrupt::advise(RESUME);
    }

    /// Keeps the files if the result is an interruption; with a `server` also if that failed, could not be reached, or showed another certificate
    /// than its own: whoever stands between for a moment must not cost the keys.
    ///
    /// # Errors
    /// The result's.
    pub(crate) fn keep_if_interrupted<T>(&mut self, result: Result<T>, server: bool) -> Result<T> {
        let failed = |failure: &Failure| {
            failure.kind() == Kind::Interrupted
                || (server && matches!(failure.kind(), Kind::Unexpected | Kind::Usage | Kind::File))
        };
        if result.as_ref().is_err_and(failed) {
            self.out.keep();
        }
        result
    }

    /// Moves everything to its place.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub(crate) fn commit(self) -> Result<()> {
        self.out.commit()
    }
}
