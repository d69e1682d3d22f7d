//! A bucket with the interface of S3.
//!
//! - this file: objects by the crate `object_store`;
//! - [`transport`]: its requests, by the library for HTTP that the program has anyway.

mod transport;

use std::io;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{BackoffConfig, Error, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig};
use tokio::runtime::Handle;

use super::objects::Objects;
use crate::options::Bucket;
use transport::Connector;

/// How often a request is tried again, and for how long: clients try again themselves.
const TRIES: usize = 4;
const PATIENCE: Duration = Duration::from_secs(30);

/// The bucket.
#[derive(Debug)]
pub(super) struct Store {
    store: AmazonS3,
    prefix: String,
    /// Whose clock pauses between tries go by.
    runtime: Handle,
}

impl Store {
    /// The bucket, with the credentials in the environment. Nothing is asked of it yet.
    pub(super) fn open(bucket: &Bucket) -> Result<Self, String> {
        let backoff = BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() };
        let retry = RetryConfig { backoff, max_retries: TRIES, retry_timeout: PATIENCE };
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&bucket.name)
            .with_http_connector(Connector)
            // which addresses are asked without TLS is for the connector to say
            .with_allow_http(true)
            .with_retry(retry);
        if let Some(endpoint) = &bucket.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(region) = &bucket.region {
            builder = builder.with_region(region);
        }
        let store = builder.build().map_err(|error| error.to_string())?;
        let runtime = Handle::try_current().map_err(|error| error.to_string())?;
        Ok(Self { store, prefix: bucket.prefix.clone(), runtime })
    }

    /// The path of an object; of a folder if the name ends with `/`.
    fn path(&self, name: &str) -> Path {
        Path::from(format!("{}/{name}", self.prefix))
    }

    /// Waits for an answer, on a thread that may wait.
    fn wait<T>(&self, answer: impl Future<Output = Result<T, Error>>) -> io::Result<T> {
        self.runtime.block_on(answer).map_err(|error| match error {
            Error::NotFound { .. } => io::Error::new(io::ErrorKind::NotFound, error),
            error => io::Error::new(io::ErrorKind::HostUnreachable, error),
        })
    }
}

impl Objects for Store {
    fn put(&self, name: &str, content: Bytes) -> io::Result<()> {
        self.wait(self.store.put(&self.path(name), PutPayload::from_bytes(content))).map(|_| ())
    }

    fn get(&self, name: &str) -> io::Result<Bytes> {
        self.wait(async { self.store.get(&self.path(name)).await?.bytes().await })
    }

    fn remove(&self, names: Vec<String>) -> io::Result<()> {
        let paths: Vec<_> = names.iter().map(|name| Ok(self.path(name))).collect();
        let removed = self.store.delete_stream(stream::iter(paths).boxed()).map(|removed| match removed {
            Err(Error::NotFound { .. }) => Ok(()),
            removed => removed.map(|_| ()),
        });
        self.wait(removed.try_collect())
    }

    fn list(&self, folder: &str, found: &mut dyn FnMut(&str)) -> io::Result<()> {
        let folder = self.path(folder);
        let before = if self.prefix.is_empty() { 0 } else { self.prefix.len() + 1 };
        let listed = self.store.list(Some(&folder)).try_for_each(|object| {
            found(object.location.as_ref().get(before..).unwrap_or_default());
            std::future::ready(Ok(()))
        });
        self.wait(listed)
    }
}
