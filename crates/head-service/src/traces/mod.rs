//! Spans of requests and jobs for a collector of OpenTelemetry, if the operator names one. What a span says is said here and nowhere else: routes,
//! states, numbers and times. No ids, names, accounts, tokens, addresses or contents.
//!
//! - this file: what is told of requests and jobs;
//! - [`span`]: a span;
//! - `export` (feature `otel`): spans on their way.

#[cfg(feature = "otel")]
mod export;
mod span;

use std::time::{Duration, SystemTime};

use crate::api::JobKind;
use crate::store::StoredJob;
use crate::work::Outcome;
use span::{Span, Value};

/// Spans, if anybody wants them.
#[derive(Debug)]
pub(crate) struct Traces(Option<Sink>);

/// Who takes them.
#[cfg(feature = "otel")]
type Sink = export::Exporter;
/// Nobody does.
#[cfg(not(feature = "otel"))]
type Sink = std::convert::Infallible;

impl Traces {
    /// Spans go to this collector.
    ///
    /// # Errors
    /// An address that cannot be, or a build that sends nothing.
    pub(crate) fn open(endpoint: Option<&str>) -> Result<Self, String> {
        let sink = |endpoint: &str| {
            crate::options::expect_collector(endpoint)?;
            sink(endpoint)
        };
        endpoint.map(sink).transpose().map(Self)
    }

    /// A request that was answered.
    pub(crate) fn request(&self, method: &str, route: Option<&str>, status: u16, took: Duration) {
        let Some(sink) = &self.0 else { return };
        let ended = SystemTime::now();
        let route = route.unwrap_or("-");
        let method = if METHODS.contains(&method) { method } else { "_OTHER" };
        emit(
            sink,
            &Span {
                name: &format!("{method} {route}"),
                begun: ended.checked_sub(took).unwrap_or(ended),
                ended,
                is_request: true,
                failed: status >= 500,
                attributes: vec![
                    ("http.request.method", Value::Word(method.to_owned())),
                    ("http.route", Value::Word(route.to_owned())),
                    ("http.response.status_code", Value::Number(status.into())),
                ],
                within: Vec::new(),
            },
        );
    }

    /// An attempt at a job that began at this time and has ended.
    pub(crate) fn job(&self, job: &StoredJob, outcome: &Outcome, begun: SystemTime) {
        let Some(sink) = &self.0 else { return };
        let ended = SystemTime::now();
        let queued = job.queued();
        let span = |name, begun, ended, failed, attributes, within| Span {
            name,
            begun,
            ended,
            is_request: false,
            failed,
            attributes,
            within,
        };
        let (state, report, failed) = match outcome {
            Outcome::Done(result) => ("done", Some(&result.report), false),
            Outcome::Stopped => ("stopped", None, false),
            Outcome::Refused(_) => ("refused", None, false),
            Outcome::Broken(_) => ("broken", None, true),
        };
        let kind = match job.job.asked.kind {
            JobKind::Train => "train",
            JobKind::Score => "score",
            JobKind::Joint => "joint",
        };
        let of_run = || {
            let counts = [("job.iterations", "iterations"), ("job.bootstraps", "bootstraps")];
            let number = |(name, field)| Some((name, Value::Number(report?.get(field)?.as_u64()?)));
            counts.into_iter().filter_map(number).collect::<Vec<_>>()
        };
        let of_job = vec![
            ("job.kind", Value::Word(kind.to_owned())),
            ("job.outcome", Value::Word(state.to_owned())),
            ("job.attempt", Value::Number(job.job.attempts)),
        ];
        let within = vec![
            span("queue", queued.min(begun), begun, false, Vec::new(), Vec::new()),
            span("run", begun, ended, failed, of_run(), Vec::new()),
        ];
        emit(sink, &span("job", queued.min(begun), ended, failed, of_job, within));
    }

    /// Sends what is left, unless that takes long.
    pub(crate) fn end(&self) {
        #[cfg(feature = "otel")]
        if let Some(sink) = &self.0 {
            sink.end();
        }
    }
}

/// Methods by their names; others, which a client makes up, have none.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

#[cfg(feature = "otel")]
fn sink(endpoint: &str) -> Result<Sink, String> {
    export::Exporter::open(endpoint)
}

#[cfg(not(feature = "otel"))]
fn sink(endpoint: &str) -> Result<Sink, String> {
    Err(format!("{endpoint} gets nothing"))
}

#[cfg(feature = "otel")]
fn emit(sink: &Sink, span: &Span<'_>) {
    sink.emit(span);
}

#[cfg(not(feature = "otel"))]
fn emit(sink: &Sink, _: &Span<'_>) {
    match *sink {}
}
