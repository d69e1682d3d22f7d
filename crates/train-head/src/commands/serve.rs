//! `serve`: the compute party as a service, until ^C or SIGTERM.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use head_service::{Bucket, Error, Limits, Oidc, Options, Started, expect_collector, serve};
use serde_json::json;

use crate::args::{GlobalArgs, ServeArgs, ServeOptions};
use crate::compute_party::launcher::Launcher;
use crate::compute_party::worker::Program;
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Kind, Result};
use crate::files::{read_at_most, shown};
use crate::identity::Identity;
use crate::itself::Itself;
use crate::resources;

/// What signs heads, in the folder of the service.
const IDENTITY: &str = "identity.key";
/// Where a service listens and keeps its things, if nothing else is said.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7843);
const FOLDER: &str = "train-head-service";
/// Longest file of options that is read.
const MOST_BYTES: u64 = 1 << 16;
/// Memory of a job where the system does not say how much there is.
const UNKNOWN_MEMORY: u64 = 4 << 30;

/// # Errors
/// A folder or an address that cannot be used; another service in the folder.
pub(super) fn run(arguments: &ServeArgs, global: &GlobalArgs, console: &Console) -> Result<Outcome> {
    let chosen = match &arguments.config {
        Some(path) => arguments.options.clone().or(of_file(path)?),
        None => arguments.options.clone(),
    };
    let certificate = match (chosen.tls_certificate.clone(), chosen.tls_key.clone()) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => return Err(Failure::usage("--tls-certificate and --tls-key go together")),
    };
    let (bucket, traces) = (bucket(&chosen)?, collector(&chosen)?);
    let given = chosen.folder.clone().unwrap_or_else(|| PathBuf::from(FOLDER));
    let folder =
        std::path::absolute(&given).map_err(|error| Failure::io("use", &given, Kind::Usage, error))?;
    let identity = folder.join(IDENTITY);
    let signer = match identity.exists() {
        true => Identity::read(&identity)?,
        false => make_identity(&folder, &identity)?,
    };
    let threads = global.threads.map(std::num::NonZeroUsize::get);
    let launcher = match (&chosen.launcher, chosen.ranks) {
        (Some(template), ranks) => Some(Launcher::new(template, ranks.unwrap_or(NonZeroUsize::MIN))?),
        (None, None) => None,
        (None, Some(ranks)) => {
            return Err(Failure::usage(format!("--ranks {ranks}: there is no --launcher to start them")));
        }
    };
    let worker = Program { itself: Itself::find()?, identity, threads, launcher };
    let options = Options {
        folder,
        listen: chosen.listen.unwrap_or(LISTEN),
        certificate,
        client_authority: chosen.client_authority.clone(),
        oidc: oidc(&chosen)?,
        bucket,
        traces,
        identity: signer.public().to_string(),
        limits: limits(&chosen),
    };
    let memory = options.limits.job_memory;
    let others = [
        ("launcher", chosen.launcher.as_deref()),
        ("issuer", chosen.oidc_issuer.as_deref()),
        ("bucket", chosen.s3_bucket.as_deref()),
        ("traces", chosen.otlp_endpoint.as_deref()),
    ];
    serve(options, Arc::new(worker), |started| {
        console.say(&outcome(started, &given, &signer.public().to_string(), memory, others));
    })
    .map_err(failure)?;
    Ok(Outcome {
        json: json!({ "stopped": true }),
        text: "stopped; jobs that ran go on at the next start".into(),
    })
}

/// The issuer whose tokens are accepted.
fn oidc(chosen: &ServeOptions) -> Result<Option<Oidc>> {
    let (issuer, audience) =
        match (&chosen.oidc_issuer, &chosen.oidc_audience) {
            (Some(issuer), Some(audience)) => (issuer.clone(), audience.clone()),
            (None, None) if chosen.oidc_claim.is_none() && chosen.oidc_keys.is_none() => return Ok(None),
            _ => return Err(Failure::usage("--oidc-issuer and --oidc-audience go together").help(
                "without an audience, a token that the issuer gave for another service would open this one",
            )),
        };
    let claim = chosen.oidc_claim.clone().unwrap_or_else(|| "sub".to_owned());
    Ok(Some(Oidc { issuer, audience, claim, keys: chosen.oidc_keys.clone() }))
}

/// The bucket of the files.
fn bucket(chosen: &ServeOptions) -> Result<Option<Bucket>> {
    let Some(name) = &chosen.s3_bucket else {
        let others = [&chosen.s3_endpoint, &chosen.s3_region, &chosen.s3_prefix];
        return match others.iter().all(|other| other.is_none()) && chosen.s3_copies.is_none() {
            true => Ok(None),
            false => Err(Failure::usage("what is said of a bucket needs its name (--s3-bucket)")),
        };
    };
    let bucket = Bucket {
        name: name.clone(),
        endpoint: chosen.s3_endpoint.clone(),
        region: chosen.s3_region.clone(),
        prefix: chosen.s3_prefix.as_deref().unwrap_or_default().trim_matches('/').to_owned(),
        copies: chosen.s3_copies,
    };
    bucket.expect_usable().map_err(|why| Failure::usage(format!("--s3-bucket {name}: {why}")))?;
    Ok(Some(bucket))
}

/// The collector of traces.
fn collector(chosen: &ServeOptions) -> Result<Option<String>> {
    if let Some(endpoint) = &chosen.otlp_endpoint {
        expect_collector(endpoint)
            .map_err(|why| Failure::usage(format!("--otlp-endpoint {endpoint}: {why}")))?;
    }
    Ok(chosen.otlp_endpoint.clone())
}

/// The identity of a new service.
fn make_identity(folder: &Path, path: &Path) -> Result<Identity> {
    head_service::private_folder(folder)
        .map_err(|error| Failure::io("create", folder, Kind::Usage, error))?;
    let identity = Identity::generate()?;
    identity.write(path, None)?;
    Ok(identity)
}

/// The options in a file.
fn of_file(path: &Path) -> Result<ServeOptions> {
    let text = read_at_most(path, MOST_BYTES, Kind::Usage)?;
    let text = std::str::from_utf8(&text)
        .map_err(|error| Failure::usage(format!("{} is no text", path.display())).because(error))?;
    toml::from_str(text).map_err(|error| {
        Failure::usage(format!("{}: options of `serve` are expected", path.display()))
            .because(error)
            .help("they are named as the flags: `train-head serve --help`")
    })
}

fn limits(chosen: &ServeOptions) -> Limits {
    let jobs = chosen.jobs.map_or(1, NonZeroUsize::get);
    let free = || resources::memory_left().map_or(UNKNOWN_MEMORY, |left| left.bytes / 4 * 3);
    let memory = chosen.memory.unwrap_or_else(|| free() / jobs as u64);
    let usual = Limits::new(memory);
    let project_bytes = chosen.project_bytes.unwrap_or(usual.project_bytes);
    let project_jobs = chosen.project_jobs.unwrap_or(usual.project_jobs);
    let days = |days: NonZeroU32| Duration::from_secs(u64::from(days.get()) * 24 * 3600);
    Limits { running_jobs: jobs, project_bytes, project_jobs, keep: chosen.keep_days.map(days), ..usual }
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Busy(_) => Failure::usage(error.to_string()).help("stop it first, or choose another --folder"),
        Error::Listen(address, cause) => Failure::usage(format!("cannot listen on {address}"))
            .because(cause)
            .help("choose another --listen"),
        Error::Bucket(_) => Failure::usage(error.to_string()).help(
            "its credentials come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), else from the role of this machine",
        ),
        Error::Issuer(_) | Error::Traces(_) => Failure::usage(error.to_string()),
        error => Failure::unexpected(error.to_string()),
    }
}

fn outcome(
    started: &Started,
    folder: &Path,
    identity: &str,
    memory: u64,
    others: [(&str, Option<&str>); 4],
) -> Outcome {
    let Started { address, fingerprint, token } = started;
    let url = format!("https://{address}");
    let mut text = format!(
        "train-head service on {url} (dashboard: the same address in a browser)\n  folder       {}\n  certificate  {fingerprint}\n  signs as     {identity}\n  memory       {} for each job",
        folder.display(),
        crate::progress::bytes(memory),
    );
    for (name, value) in others {
        if let Some(value) = value {
            text.push_str(&format!("\n  {name:<11}  {value}"));
        }
    }
    if let Some(token) = token {
        text.push_str(&format!(
            "\n  token        {token}\n               of the account `operator`, shown this once; `train-head operator add NAME` makes accounts for others\n\nOn the data party's machine:\n  train-head remote add cloud {url} --fingerprint {fingerprint}\n  train-head remote login\n  train-head run --server cloud --input notes.csv --text-column note --label-column diagnosis --out results\n"
        ));
    }
    let [launcher, issuer, bucket, traces] = others.map(|(_, value)| value);
    let json = json!({
        "url": url, "fingerprint": fingerprint, "identity": identity, "token": token, "folder": shown(folder),
        "job_memory": memory, "launcher": launcher, "oidc_issuer": issuer,
        "s3_bucket": bucket, "otlp_endpoint": traces,
    });
    Outcome { json, text }
}
