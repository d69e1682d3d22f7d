//! Whose token came with a request, and the project that it is about.

use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::problem::{Answer, Problem};
use crate::service::{Service, blocking};
use crate::store::{Member, Who};
use crate::{log, oidc};

/// Name of the account of a request, for the log: known once its token was verified.
#[derive(Clone, Debug, Default)]
pub(super) struct Account(Arc<OnceLock<String>>);

impl Account {
    /// The name, if it is known.
    pub(super) fn name(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

/// Any account.
#[derive(Debug)]
pub(super) struct Anyone(pub(super) Who);

/// An operator's.
#[derive(Debug)]
pub(super) struct Operator;

/// An account, and the project of the path, to which it belongs.
#[derive(Debug)]
pub(super) struct OfProject {
    pub(super) who: Who,
    pub(super) member: Member,
}

impl OfProject {
    /// What the audit log calls a thing of the project.
    pub(super) fn named(&self, id: &str) -> String {
        format!("{}/{id}", self.member.name)
    }
}

/// What all tokens of our own begin with.
const OURS: &str = "th_";
/// Longest token of our own.
const LONGEST: usize = 200;

/// The account of a token that was verified.
async fn who(parts: &Parts, service: &Arc<Service>) -> Answer<Who> {
    let header = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
    let Some(token) = token.filter(|token| token.len() <= oidc::LONGEST).map(str::to_owned) else {
        return Err(Problem::unauthorised());
    };
    let found = blocking(service, move |service| match &service.oidc {
        Some(issuer) if !token.starts_with(OURS) => of_issuer(service, issuer, &token),
        _ if token.len() > LONGEST => Err(Problem::unauthorised()),
        _ => service.store.who(&token)?.ok_or_else(Problem::unauthorised),
    })
    .await?;
    if let Some(Account(name)) = parts.extensions.get() {
        let _ = name.set(found.name.clone());
    }
    Ok(found)
}

/// The account of an issuer's token.
fn of_issuer(service: &Service, issuer: &oidc::Verifier, token: &str) -> Answer<Who> {
    let subject = issuer.subject(token).map_err(|why| {
        log::event("token refused", &why);
        Problem::unauthorised()
    })?;
    service.store.of_subject(&subject)?.ok_or_else(|| {
        Problem::new(StatusCode::FORBIDDEN, "the token is valid, and no account has its subject")
            .help("ask the operator for one: `train-head operator add NAME --oidc-subject SUBJECT`")
    })
}

impl FromRequestParts<Arc<Service>> for Anyone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Answer<Self> {
        who(parts, service).await.map(Self)
    }
}

impl FromRequestParts<Arc<Service>> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Answer<Self> {
        match who(parts, service).await?.operator {
            true => Ok(Self),
            false => Err(Problem::new(StatusCode::FORBIDDEN, "this is for the operator")),
        }
    }
}

impl FromRequestParts<Arc<Service>> for OfProject {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Answer<Self> {
        let who = who(parts, service).await?;
        let path: Path<std::collections::HashMap<String, String>> =
            Path::from_request_parts(parts, service).await.map_err(|_| Problem::absent("project"))?;
        let project = path.0.get("project").cloned().unwrap_or_default();
        let (found, member) = blocking(service, move |service| {
            let member = service.store.member(&who, &project)?;
            Ok((who, member))
        })
        .await?;
        Ok(Self { who: found, member })
    }
}
