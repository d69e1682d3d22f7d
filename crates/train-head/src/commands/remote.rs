//! `remote`: the steps of a training on a server, one by one.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use head_service::api::{Job, JobKind, JobState, NewJob, Project, Session, Upload, UploadKind};
use serde_json::json;

use crate::args::{RemoteArgs, RemoteStep, ServerArgs};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Kind, Result};
use crate::files::validation::ValidationFolder;
use crate::files::{read_at_most, shown};
use crate::progress;
use crate::remote::{
    Book, Client, ClientCertificate, Kept, Remote, Talk, Token, expect_token, expect_url, fetch, push,
    shown_certificate, wait, wait_with,
};

/// Longest file of a token that is read.
const MOST_BYTES: u64 = 1 << 14;
/// In place of a fingerprint: a certificate that this system trusts.
const SYSTEM: &str = "system";

/// # Errors
/// An unknown server; a server that refuses or cannot be reached; files that nobody can train on; a job that failed; ^C.
pub(super) fn run(arguments: &RemoteArgs, console: &Console) -> Result<Outcome> {
    match &arguments.step {
        RemoteStep::Add { name, url, fingerprint, client_certificate, client_key, overwrite } => {
            let client = client_certificate.as_deref().zip(client_key.as_deref());
            add((name, url), fingerprint.as_deref(), client, overwrite.overwrite, console)
        }
        RemoteStep::Login { server, token_file: _, token_command: Some(command) } => {
            login(server, &|_| Ok((Token::of_command(command)?, Kept::Command(command.clone()))))
        }
        RemoteStep::Login { server, token_file, token_command: None } => login(server, &|remote| {
            let token = given_token(remote, token_file.as_deref())?;
            Ok((Token::fixed(token.clone()), Kept::Token(token)))
        }),
        RemoteStep::Push { paths, server } => push_all(&Client::open(server)?, paths, console),
        RemoteStep::Submit { keys, data, head, score, validation, validation_every, priority, server } => {
            let kind = if *score { JobKind::Score } else { JobKind::Train };
            let new = NewJob {
                kind,
                keys: keys.clone(),
                data: data.clone(),
                head: head.clone(),
                validation: validation.clone(),
                validation_every: *validation_every,
                priority: *priority,
            };
            Ok(job_outcome(&Client::open(server)?.post("jobs", &new)?))
        }
        RemoteStep::Status { job: Some(job), server } => {
            Ok(job_outcome(&Client::open(server)?.get(&format!("jobs/{job}"))?))
        }
        RemoteStep::Status { job: None, server } => status(&Client::open(server)?),
        RemoteStep::Watch { job, validation_dir, server } => {
            let client = Client::open(server)?;
            let Some(folder) = validation_dir else { return Ok(job_outcome(&wait(&client, job, console)?)) };
            let mut talk = Talk::new(&client, job, ValidationFolder::at(folder))?;
            Ok(job_outcome(&wait_with(&client, job, console, &mut || talk.exchange())?))
        }
        RemoteStep::Fetch { job, server, out, .. } => {
            let client = Client::open(server)?;
            let job = wait(&client, job, console)?;
            let bytes = fetch(&client, &job, out, console)?;
            let text =
                format!("{} ({}): `train-head decrypt` opens it", out.display(), progress::bytes(bytes));
            Ok(Outcome { json: json!({ "job": job.id, "file": shown(out), "bytes": bytes }), text })
        }
        RemoteStep::Cancel { job, server } => {
            Ok(job_outcome(&Client::open(server)?.post(&format!("jobs/{job}/cancel"), &())?))
        }
        RemoteStep::Rm { ids, server } => remove(&Client::open(server)?, ids),
    }
}

/// Remembers a server.
fn add(
    (name, url): (&str, &str),
    fingerprint: Option<&str>,
    client: Option<(&Path, &Path)>,
    replace: bool,
    console: &Console,
) -> Result<Outcome> {
    let url = expect_url(url)?;
    let fingerprint = match fingerprint {
        Some(SYSTEM) => None,
        Some(given) => Some(expect_fingerprint(given)?),
        None => {
            let shown = shown_certificate(&url)?;
            console.note(format!(
                "{url} shows the certificate {shown}; from now on only this one is accepted. Compare it with what `train-head serve` printed over there"
            ));
            Some(shown)
        }
    };
    let json = json!({ "name": name, "url": url, "fingerprint": fingerprint });
    let text = format!("{name} is {url}; `train-head remote login --server {name}` keeps its token");
    let client = client.map(own_certificate).transpose()?;
    if client.is_some() && fingerprint.is_none() {
        return Err(Failure::usage("--client-certificate goes with a server's certificate that is pinned")
            .help("give its fingerprint, as `train-head serve` prints it, in place of `system`"));
    }
    Book::read()?.add(name, Remote::new(url, fingerprint, client), replace)?;
    Ok(Outcome { json, text })
}

/// Where this client's certificate is, from whatever folder it is used.
fn own_certificate((certificate, key): (&Path, &Path)) -> Result<ClientCertificate> {
    let absolute = |path: &Path| {
        let found =
            std::path::absolute(path).map_err(|error| Failure::io("use", path, Kind::Usage, error))?;
        match found.is_file() {
            true => Ok(found),
            false => Err(Failure::usage(format!("{} is no file", path.display()))),
        }
    };
    Ok(ClientCertificate { certificate: absolute(certificate)?, key: absolute(key)? })
}

fn expect_fingerprint(given: &str) -> Result<String> {
    let plain = given.to_ascii_lowercase().replace(':', "");
    let digits = plain.strip_prefix("sha256").unwrap_or(&plain);
    match digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(format!("sha256:{digits}")),
        false => Err(Failure::usage(format!(
            "--fingerprint {given}: sha256: and 64 hexadecimal digits are expected"
        ))
        .help("`train-head serve` prints it")),
    }
}

/// Keeps a token, or what prints one, that the server accepts.
fn login(flags: &ServerArgs, given: &dyn Fn(&Remote) -> Result<(Token, Kept)>) -> Result<Outcome> {
    let mut book = Book::read()?;
    let (name, remote) = book.find(flags.server.as_deref())?;
    let (token, kept) = given(&remote)?;
    let account = Client::of(&remote, token)?.account()?;
    book.keep(&name, kept)?;
    let projects: Vec<&str> = account.projects.iter().map(|project| project.name.as_str()).collect();
    let text = format!("{} is {} with the projects {}", name, account.name, projects.join(", "));
    Ok(Outcome { json: json!({ "server": name, "account": account.name, "projects": projects }), text })
}

/// The token of a file, the environment, or whoever is asked.
fn given_token(remote: &Remote, file: Option<&Path>) -> Result<String> {
    let token = match file {
        Some(path) => {
            let text = String::from_utf8_lossy(&read_at_most(path, MOST_BYTES, Kind::Usage)?).into_owned();
            text.lines().next().unwrap_or_default().trim().to_owned()
        }
        None if std::env::var_os("TRAIN_HEAD_TOKEN").is_some_and(|token| !token.is_empty()) => {
            remote.token()?.now()
        }
        None if std::io::stdin().is_terminal() => {
            rpassword::prompt_password(format!("Token for {}: ", remote.url))
                .map_err(|error| Failure::usage("cannot read the token").because(error))?
                .trim()
                .to_owned()
        }
        None => {
            return Err(Failure::usage("there is no token, and no terminal to ask for it")
                .help("name a file with --token-file, or set TRAIN_HEAD_TOKEN"));
        }
    };
    expect_token(&token).map_err(|()| {
        Failure::usage("that is no token").help("it begins with th_, as `train-head serve` printed it")
    })?;
    Ok(token)
}

fn push_all(client: &Client, paths: &[PathBuf], console: &Console) -> Result<Outcome> {
    let mut lines = Vec::new();
    let mut rows = Vec::new();
    for path in paths {
        let upload = push(client, path, console)?;
        lines.push(format!("{}  {}  {}", upload.id, words(&upload), path.display()));
        rows.push(
            json!({ "path": shown(path), "upload": upload.id, "kind": upload.kind, "bytes": upload.bytes }),
        );
    }
    Ok(Outcome { json: json!(rows), text: lines.join("\n") })
}

/// The project: what it takes, its uploads and jobs.
fn status(client: &Client) -> Result<Outcome> {
    let project = client.account()?.projects.into_iter().find(|project| project.name == client.project());
    let (uploads, jobs): (Vec<Upload>, Vec<Job>) = (client.get("uploads")?, client.get("jobs")?);
    let sessions: Vec<Session> = client.get("sessions")?;
    let head = project.as_ref().map(|Project { name, bytes, most_bytes, .. }| {
        format!(
            "project {name} on {}: {} of {}",
            client.url(),
            progress::bytes(*bytes),
            progress::bytes(*most_bytes)
        )
    });
    let lines = uploads.iter().map(|upload| format!("{}  {}", upload.id, words(upload)));
    let of_session = |session: &Session| {
        let (count, bytes) = (session.messages.len(), progress::bytes(session.bytes));
        format!("{}  session of several data parties: {count} messages, {bytes}", session.name)
    };
    let lines = lines.chain(jobs.iter().map(line)).chain(sessions.iter().map(of_session));
    let text = head.into_iter().chain(lines).collect::<Vec<_>>().join("\n");
    let json = json!({ "project": project, "uploads": uploads, "jobs": jobs, "sessions": sessions });
    Ok(Outcome { json, text })
}

fn words(upload: &Upload) -> String {
    let what = match upload.kind {
        UploadKind::Keys => "evaluation keys",
        UploadKind::Data => "encrypted data",
        UploadKind::Samples => "samples to score",
        UploadKind::Messages => "messages of a session",
    };
    let whole = if upload.state == head_service::api::UploadState::Ready { "" } else { ", not whole" };
    format!("{what}, {}{whole}", progress::bytes(upload.bytes))
}

fn job_outcome(job: &Job) -> Outcome {
    Outcome { json: json!(job), text: line(job) }
}

/// A job in a line.
fn line(job: &Job) -> String {
    let what = match job.asked.kind {
        JobKind::Train => "training",
        JobKind::Score => "scoring",
        JobKind::Joint => "joint training",
    };
    let mut text = format!("{}  {what} {}", job.id, job.state);
    if let Some(progress) = job.progress.as_ref().filter(|_| job.state == JobState::Running) {
        text.push_str(&format!(": {} {} of {}", progress.phase, progress.done, progress.total));
        if let Some(left) = progress.seconds_left {
            text.push_str(&format!(", {} left", progress::seconds(left)));
        }
    }
    if let Some(before) = job.before {
        text.push_str(&format!(", {before} before it"));
    }
    if let Some(error) = &job.error {
        text.push_str(&format!(": {}", error.message));
    }
    if let Some(result) = &job.result {
        text.push_str(&format!(", {}", progress::bytes(result.bytes)));
    }
    text
}

fn remove(client: &Client, ids: &[String]) -> Result<Outcome> {
    for id in ids {
        let places = ["jobs", "uploads", "sessions"];
        let mut removed = false;
        for place in places {
            removed = removed || client.delete(&format!("{place}/{id}"))?;
        }
        if !removed {
            return Err(Failure::usage(format!("the project has no upload, job or session {id}"))
                .help("`train-head remote status` lists them"));
        }
    }
    Ok(Outcome { json: json!({ "removed": ids }), text: format!("removed {}", ids.join(", ")) })
}
