//! The phases of a run, in their order.

use std::num::NonZeroU32;
use std::time::Instant;

use age::secrecy::SecretString;
use ndarray::Array2;

use super::data::{Data, Sources};
use super::evaluation::{Evaluation, Judged};
use super::folder::RunFolder;
use super::report::{Bytes, Parts, Report, Scoring, Seconds};
use super::server::{self, ComputeServer};
use super::signatures::Signatures;
use super::threshold::choose_thresholds;
use crate::args::{Encoder, HoldOut, Hyper, RunArgs, ScoreArgs, Source, TrainArgs, ValidationArgs};
use crate::compute_party::scoring::score;
use crate::compute_party::training::{Trained, train};
use crate::console::Console;
use crate::crew::Crew;
use crate::data_party::curve::Point;
use crate::data_party::follow::Follower;
use crate::data_party::{DataParty, DecryptedHead, keys};
use crate::exit::{Failure, Result};
use crate::files;
use crate::files::growing::Growth;
use crate::files::head::{Head, Secrecy};
use crate::files::validation::ValidationFolder;
use crate::memory;
use crate::passphrase;
use crate::plan::{PlanFile, Rehearsal};
use crate::planning::{Planned, warm_start};
use crate::targets::{Choice, agreement};

/// A run under way: its flags, and the figures so far.
pub(crate) struct Run<'a> {
    arguments: &'a RunArgs,
    console: &'a Console,
    source: Source,
    hold_out: HoldOut,
    encoder: Option<Encoder>,
    hyper: Hyper,
    passphrase: Option<SecretString>,
    /// The compute party, if it is a service.
    server: Option<ComputeServer>,
    began: Instant,
    /// Who may see the head that the training starts from.
    from: Option<Secrecy>,
    seconds: Seconds,
    bytes: Bytes,
}

/// A data party under way: plan and secret key, and its signature.
pub(crate) struct Party {
    data: DataParty,
    signatures: Signatures,
}

/// The compute party's training, and what the data party saw of it.
pub(crate) struct Followed {
    trained: Trained,
    /// The curve on the validation samples, if there are any.
    curve: Option<Vec<Point>>,
}

/// Encrypted predictions for the test samples.
pub(crate) struct Scores {
    /// Test samples (rows) by probabilities or numbers (columns).
    predicted: Array2<f64>,
    /// Seconds of the compute party.
    seconds: f64,
}

impl<'a> Run<'a> {
    /// Resolves the flags.
    ///
    /// # Errors
    /// Flags that are invalid or contradict each other.
    pub(crate) fn new(arguments: &'a RunArgs, console: &'a Console) -> Result<Self> {
        let began = Instant::now();
        let source = arguments.data.resolve()?;
        let hyper = Hyper::resolve(&arguments.training)?;
        let hold_out = arguments.test.resolve(&source, hyper.flags.random_state)?;
        let texts = matches!(source, Source::Texts { .. });
        let encoder = texts.then(|| arguments.encoder.resolve()).transpose()?;
        let passphrase = passphrase::given(&arguments.passphrase)?;
        let server = ComputeServer::open(arguments, console)?;
        let (seconds, bytes) = (Seconds::default(), Bytes::default());
        Ok(Self {
            arguments,
            console,
            source,
            hold_out,
            encoder,
            hyper,
            passphrase,
            server,
            began,
            from: None,
            seconds,
            bytes,
        })
    }

    /// Data party: reads and embeds the samples, and the head to start from.
    ///
    /// # Errors
    /// Data or a model that cannot be used.
    pub(crate) fn read(&mut self) -> Result<Data> {
        let start = warm_start::head(&self.arguments.start)?;
        self.from = start.as_ref().map(|head| head.description.secrecy);
        if self.arguments.publish.is_some() && self.from == Some(Secrecy::Private) {
            return Err(Failure::usage(
                "--publish: the training starts from a private head, and so does its exact twin",
            )
            .help("start from a published head (--warm-start), or from the beginning"));
        }
        let overrides = self.arguments.table.resolve()?;
        let sources = Sources {
            training: &self.source,
            weights: self.arguments.weights.column(),
            groups: self.arguments.weights.groups(),
            overrides: &overrides,
            test: &self.hold_out,
            validation_fraction: self.arguments.stopping.validation_fraction,
            random_state: self.hyper.flags.random_state,
            threshold: self.arguments.threshold,
            labels_as: self.hyper.labels_as(),
            choice: Choice {
                positive: self.arguments.positive_label.as_deref(),
                order: &self.hyper.flags.class_order,
            },
            start: start.as_ref().map(|head| &head.description),
            encoder: self.encoder.take(),
            embeddings: RunFolder::earlier_embeddings(&self.arguments.out),
        };
        let data = timed(&mut self.seconds.embed, || Data::read(sources, self.console))?;
        if let Some(head) = start {
            self.hyper.start_from(head.into_trained());
        }
        Ok(data)
    }

    /// Data party: chooses the method and plans the training. Refuses one that does not fit into memory.
    ///
    /// # Errors
    /// Data that cannot be trained on; parameters that are refused; too little memory.
    pub(crate) fn plan(&mut self, data: &Data) -> Result<(Planned, Option<Rehearsal>)> {
        let mut hyper = self.hyper.clone();
        hyper.flags.scoring |= data.validation.is_some();
        let planned = timed(&mut self.seconds.plan, || {
            Planned::new(&data.training, &data.y, &data.vocabulary, &hyper, self.console)
        })?;
        if self.server.is_none() {
            memory::to_train(planned.file.plan(), &planned.file.parameters()?)
                .expect(self.arguments.memory.memory, 1)?;
        }
        let validation = (self.arguments.stopping.validation_fraction, data.validation.as_ref());
        timed(&mut self.seconds.rehearse, || planned.rehearsed(validation, self.from, self.console))
    }

    /// Data party: makes the keys and encrypts the samples, unless an interrupted run did.
    ///
    /// # Errors
    /// An interrupted run with another plan; a failed encryption or write; ^C.
    pub(crate) fn keys_and_ciphertexts(
        &mut self,
        folder: &RunFolder,
        planned: &Planned,
        data: &Data,
    ) -> Result<Party> {
        if let Some((embedded, encoder)) = &data.embedded {
            embedded.write(&folder.embeddings(), encoder)?;
        }
        let party = match folder.data().exists() {
            true => self.take_up(folder, planned, data)?,
            false => self.begin(folder, planned, data)?,
        };
        self.bytes.keys = files::size_of_folder(&folder.evaluation_keys())?;
        self.bytes.data = files::size(&folder.data())?;
        Ok(party)
    }

    /// The data party of an interrupted run, which must have been the same run.
    fn take_up(&self, folder: &RunFolder, planned: &Planned, data: &Data) -> Result<Party> {
        let file = PlanFile::read(&folder.plan())?;
        let differs = |what: &str| {
            Failure::usage(format!("the interrupted run was another one: {what}"))
                .help("repeat its arguments, or start anew without --resume")
        };
        if !file.is_same_but_for_its_run(&planned.file) {
            return Err(differs("its plan differs"));
        }
        file.expect_training(&data.training, &data.y)
            .map_err(|failure| differs("its data differ").because(failure))?;
        let signatures = Signatures::of(folder, self.console)?;
        Ok(Party { data: DataParty::unlock(file, &folder.keys(), &self.arguments.passphrase)?, signatures })
    }

    /// The data party of a new run. The training data are written last.
    fn begin(&mut self, folder: &RunFolder, planned: &Planned, data: &Data) -> Result<Party> {
        let console = self.console;
        let server = self.server.as_ref().map(ComputeServer::identity);
        let signatures = Signatures::make(folder, server, console)?;
        let identity = &signatures.identity;
        let secret = keys::generate_secret(planned.training.scheme.parameters())?;
        let party = DataParty { file: planned.file.clone(), secret };
        timed(&mut self.seconds.keygen, || {
            party.file.write(&folder.plan())?;
            folder.keys().write_secret(&party.secret, self.passphrase.clone())?;
            let made = (party.plan(), party.file.new_generation(party.secret.key_id())?);
            keys::write_evaluation(&folder.evaluation_keys(), &party.secret, made, identity, console)
        })?;
        timed(&mut self.seconds.encrypt, || {
            if let Some(validation) = &data.validation {
                let path = folder.validation_samples();
                party.encrypt_for_scoring(validation, &path, identity, Growth::AtOnce, console)?;
            }
            let samples = (&planned.training.samples).into();
            party.encrypt_training(samples, &folder.data(), identity, Growth::AtOnce, console)
        })?;
        Ok(Party { data: party, signatures })
    }

    /// Compute party: trains. Meanwhile the data party follows the validation, which elsewhere is `watch`.
    ///
    /// # Errors
    /// A training that diverges; a failed write; ^C.
    pub(crate) fn train(&mut self, folder: &RunFolder, party: &Party, data: &Data) -> Result<Followed> {
        let Party { data: party, signatures } = party;
        let stopping = &self.arguments.stopping;
        let mut follower = match &data.validation {
            Some(samples) => {
                let talk = ValidationFolder::at(&folder.validation());
                let signatures = (&signatures.trust, &signatures.identity);
                Some(Follower::new(party, talk, signatures, samples, stopping.patience())?)
            }
            None => None,
        };
        if let Some(server) = &mut self.server {
            let every = stopping.validation_every.and_then(|every| u32::try_from(every.get()).ok());
            let every = every.and_then(NonZeroU32::new);
            let validation = follower.as_mut().map(|follower| server::Followed { follower, every });
            let trained = timed(&mut self.seconds.load, || {
                server.train(folder, party.file.job(), validation, self.console)
            })?;
            let curve = follower.map(|follower| follower.curve().to_vec());
            return Ok(self.followed(trained, curve));
        }
        let arguments = TrainArgs {
            data: folder.data(),
            keys: folder.evaluation_keys(),
            warm_start: None,
            signer: signatures.compute_signer.clone(),
            trust: signatures.compute_trust.clone(),
            memory: self.arguments.memory,
            checkpoints: self.arguments.checkpoints,
            overwrite: self.arguments.overwrite,
            validation: ValidationArgs {
                validation: follower.is_some().then(|| folder.validation_samples()),
                validation_every: stopping.validation_every,
                validation_dir: follower.is_some().then(|| folder.validation()),
            },
            out: folder.encrypted_head(),
        };
        let mut look = || match &mut follower {
            Some(follower) => {
                let found = follower.folder().iterations()?;
                follower.look(found, |point| self.console.note(point.line())).map(|_| ())
            }
            None => Ok(()),
        };
        let trained =
            timed(&mut self.seconds.load, || train(&arguments, &Crew::alone(), &mut look, self.console))?;
        let curve = follower.map(|follower| follower.curve().to_vec());
        Ok(self.followed(trained, curve))
    }

    /// Notes the figures of a training. What was counted as loading includes it.
    fn followed(&mut self, trained: Trained, curve: Option<Vec<Point>>) -> Followed {
        self.bytes.head = trained.bytes;
        self.seconds.train = trained.seconds;
        self.seconds.bootstrap = trained.bootstrap_seconds;
        self.seconds.load -= trained.seconds;
        Followed { trained, curve }
    }

    /// Data party: decrypts the head, holds it against the rehearsal, and chooses its threshold if there is an aim.
    ///
    /// # Errors
    /// A head that diverged; with --publish one that is not the one that the rehearsal lets expect.
    pub(crate) fn decrypt(
        &mut self,
        folder: &RunFolder,
        Party { data: party, signatures }: &Party,
        data: &Data,
    ) -> Result<DecryptedHead> {
        let mut decrypted = timed(&mut self.seconds.decrypt, || {
            party.decrypt_head(&folder.encrypted_head(), &signatures.trust)
        })?;
        decrypted.expect_rehearsed(self.arguments.publish.is_none(), self.console)?;
        if let Some(aim) = self.arguments.threshold {
            choose_thresholds(&mut decrypted.head, data, aim, self.console)?;
        }
        Ok(decrypted)
    }

    /// Data party: the exact twin of the head, which may leave it, with a threshold of its own if there is an aim; with `--publish`.
    ///
    /// # Errors
    /// The plan has no twin for this iteration.
    pub(crate) fn twin(&self, party: &Party, data: &Data, iterations: usize) -> Result<Option<Head>> {
        if self.arguments.publish.is_none() {
            return Ok(None);
        }
        let mut twin = party.data.file.exact_twin(iterations)?;
        if let Some(aim) = self.arguments.threshold {
            choose_thresholds(&mut twin, data, aim, self.console)?;
        }
        Ok(Some(twin))
    }

    /// Both parties: encrypted predictions for the test samples, with `--scoring`.
    ///
    /// # Errors
    /// A failed scoring or write; scores of a head that diverged.
    pub(crate) fn score(&self, folder: &RunFolder, party: &Party, data: &Data) -> Result<Option<Scores>> {
        let Party { data: party, signatures } = party;
        if !self.hyper.flags.scoring {
            return Ok(None);
        }
        // those of an interrupted run may be on the server already
        let (samples, identity) = (folder.test_samples(), &signatures.identity);
        if !party.has_encrypted_for_scoring(&data.test, &samples, identity.public())? {
            party.encrypt_for_scoring(&data.test, &samples, identity, Growth::AtOnce, self.console)?;
        }
        let arguments = ScoreArgs {
            head: folder.encrypted_head(),
            data: samples,
            keys: folder.evaluation_keys(),
            out: folder.scores(),
            signer: signatures.compute_signer.clone(),
            trust: signatures.compute_trust.clone(),
            overwrite: self.arguments.overwrite,
        };
        let seconds = match &self.server {
            Some(server) => server.score(folder, self.console)?,
            None => score(&arguments, self.console)?.seconds,
        };
        let scores = party.decrypt_scores(&folder.scores(), &data.test, &signatures.trust)?.scores;
        Ok(Some(Scores { predicted: party.file.predicted(scores), seconds }))
    }

    /// Data party: compares the head with its twins, on the test samples.
    ///
    /// # Errors
    /// As [`Evaluation::new`].
    pub(crate) fn evaluate(
        &mut self,
        planned: &Planned,
        rehearsal: Option<&Rehearsal>,
        data: &Data,
        judged: Judged<'_>,
    ) -> Result<Evaluation> {
        let console = self.console;
        timed(&mut self.seconds.evaluate, || Evaluation::new(planned, rehearsal, data, judged, console))
    }

    /// True if the compute party is a service.
    pub(crate) fn is_on_server(&self) -> bool {
        self.server.is_some()
    }

    /// True if a passphrase protects the secret key.
    pub(crate) fn has_passphrase(&self) -> bool {
        self.passphrase.is_some()
    }

    /// All figures of the run.
    pub(crate) fn report(
        &mut self,
        planned: &Planned,
        data: &Data,
        training: &Followed,
        evaluation: &Evaluation,
        scores: Option<Scores>,
    ) -> Report {
        self.seconds.total = self.began.elapsed().as_secs_f64();
        let head = evaluation.encrypted_predicted.view();
        if !self.has_passphrase() {
            self.console.remark(
                "The secret key lies unencrypted on the data party's machine: whoever reads its file can decrypt the records that were \
                 encrypted under it. `--passphrase-file` encrypts it.",
            );
        }
        let scoring = scores.map(|Scores { predicted, seconds }| Scoring {
            agreement: agreement(data.vocabulary.targets(), &predicted.view(), &head, &evaluation.cuts),
            seconds,
        });
        Report::new(Parts {
            planned,
            data,
            trained: &training.trained,
            secrecy: Secrecy::Private,
            on_server: self.is_on_server(),
            evaluation,
            scoring,
            validation: training.curve.clone(),
            warnings: self.console.remarks(),
            seconds: self.seconds,
            bytes: self.bytes,
        })
    }

    /// The figures of the exact twin, which hold nothing that was decrypted.
    pub(crate) fn published_report(
        &self,
        planned: &Planned,
        data: &Data,
        training: &Followed,
        evaluation: &Evaluation,
    ) -> Report {
        Report::new(Parts {
            planned,
            data,
            trained: &training.trained,
            secrecy: Secrecy::Published,
            on_server: self.is_on_server(),
            evaluation,
            scoring: None,
            validation: None,
            // some are about the decrypted head
            warnings: Vec::new(),
            seconds: self.seconds,
            bytes: self.bytes,
        })
    }
}

/// Runs one phase and adds its seconds.
fn timed<T>(seconds: &mut f64, phase: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let result = phase();
    *seconds += start.elapsed().as_secs_f64();
    result
}
