//! Spans on their way to a collector: in batches, from a thread of their own, as protobuf over HTTP. Where it does not answer, spans are dropped
//! and nobody waits.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::trace::{SpanKind, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use ureq::Agent;

use super::span::{Span, Value};
use crate::log;
use crate::web::agent;

/// How long a batch may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the last batch may take when the server is asked to stop.
const LAST: Duration = Duration::from_secs(3);
/// Most bytes of an answer that are read.
const MOST: u64 = 64 << 10;

/// Sends spans.
#[derive(Debug)]
pub(super) struct Exporter {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Exporter {
    pub(super) fn open(endpoint: &str) -> Result<Self, String> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client { agent: agent(PATIENCE), fails: AtomicBool::new(false) })
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| error.to_string())?;
        let resource = Resource::builder()
            .with_service_name("train-head")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        Ok(Self { tracer: provider.tracer("head-service"), provider })
    }

    /// Puts a span into the next batch, with those within it.
    pub(super) fn emit(&self, span: &Span<'_>) {
        self.emit_within(span, &Context::new());
    }

    fn emit_within(&self, span: &Span<'_>, parent: &Context) {
        let attribute = |(name, value): &(&'static str, Value)| match value {
            Value::Word(word) => KeyValue::new(*name, word.clone()),
            Value::Number(number) => KeyValue::new(*name, i64::try_from(*number).unwrap_or(i64::MAX)),
        };
        let mut new = self.tracer.span_builder(span.name.to_owned());
        new.start_time = Some(span.begun);
        new.span_kind = Some(if span.is_request { SpanKind::Server } else { SpanKind::Internal });
        new.attributes = Some(span.attributes.iter().map(attribute).collect());
        let begun = self.tracer.build_with_context(new, parent);
        let context = parent.with_span(begun);
        for inner in &span.within {
            self.emit_within(inner, &context);
        }
        if span.failed {
            context.span().set_status(Status::error(""));
        }
        context.span().end_with_timestamp(span.ended);
    }

    /// Sends what is left.
    pub(super) fn end(&self) {
        // a collector that does not answer loses them
        let _ = self.provider.shutdown_with_timeout(LAST);
    }
}

/// Requests to the collector. They are sent from the batches' own thread, which may wait.
#[derive(Debug)]
struct Client {
    agent: Agent,
    /// Whether the last one failed: the log says it once.
    fails: AtomicBool,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let answer = self.agent.run(Request::from_parts(parts, &body[..]));
        let words = match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("status {}", answer.status())),
            Err(error) => Some(error.to_string()),
        };
        let failed_before = self.fails.swap(words.is_some(), Ordering::Relaxed);
        if let Some(words) = words.filter(|_| !failed_before) {
            log::failure("the collector takes no traces", &words);
        }
        let (parts, mut body) = answer?.into_parts();
        let body = body.with_config().limit(MOST).read_to_vec()?;
        Ok(Response::from_parts(parts, Bytes::from(body)))
    }
}
