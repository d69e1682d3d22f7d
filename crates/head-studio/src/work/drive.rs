//! Sees pieces of work through, step by step. One training runs at a time; an estimate gives way to whatever is asked for after it.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use head_service::Process;
use tokio::sync::watch;

use super::about::{Kind, Work};
use super::driven::Driven;
use super::step::{End, Step};
use crate::choices::Choices;
use crate::files;
use crate::problem::{Answer, Problem};
use crate::service::{Service, blocking, now};

/// Between two looks at a process.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a process may take to stop at a checkpoint. What it has until then stays, and is continued.
const GRACE: Duration = Duration::from_secs(60);

/// Begins a piece of work.
///
/// # Errors
/// A training is under way; choices that cannot be.
pub(crate) async fn begin(service: &Arc<Service>, kind: Kind, choices: Choices) -> Answer<Work> {
    expect_idle(service)?;
    let create =
        move |service: &Service| Work::create(&service.place, &*service.commands, kind, choices, now());
    let work = blocking(service, create).await?;
    drive(service, work.clone())?;
    Ok(work)
}

/// Continues a piece of work that was stopped or failed.
///
/// # Errors
/// A training is under way; there is no such work.
pub(crate) async fn resume(service: &Arc<Service>, work: Work) -> Answer<()> {
    expect_idle(service)?;
    let of = work.clone();
    blocking(service, move |service| {
        Step::all(&of).into_iter().for_each(|step| step.forget(&of, &service.place));
        Ok(())
    })
    .await?;
    drive(service, work)
}

/// Takes up what an earlier studio started and what lives.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn take_up(service: &Arc<Service>) -> Answer<()> {
    for id in service.place.all_work()? {
        let Ok(work) = Work::read(&service.place, &id) else { continue };
        if Step::all(&work).iter().any(|step| step.is_alive(&work, &service.place)) {
            drive(service, work)?;
        }
    }
    Ok(())
}

/// Asks a piece of work to stop.
///
/// # Errors
/// It is not under way.
pub(crate) fn cancel(service: &Service, work: &Work) -> Answer<()> {
    let driven = service.driven.lock().unwrap_or_else(PoisonError::into_inner);
    let found = driven.get(&work.id).ok_or_else(|| Problem::conflict("this is not under way"))?;
    found.cancel.send_replace(true);
    Ok(())
}

/// Removes a piece of work, and the table if nothing else was made of it.
///
/// # Errors
/// It is under way; a failure of the operating system.
pub(crate) fn remove(service: &Service, work: &Work) -> Answer<()> {
    let place = &service.place;
    if service.is_driven(&work.id) || Step::all(work).iter().any(|step| step.is_alive(work, place)) {
        return Err(Problem::conflict("the run is under way").help("stop it first"));
    }
    std::fs::remove_dir_all(place.work(&work.id))?;
    let others = place.all_work()?;
    let mut others = others.iter().filter_map(|id| Work::read(place, id).ok());
    if !others.any(|other| other.choices.data == work.choices.data) {
        std::fs::remove_dir_all(place.data(&work.choices.data))?;
    }
    Ok(())
}

/// Refuses more than one training at a time, and asks estimates to stop.
fn expect_idle(service: &Service) -> Answer<()> {
    let driven = service.driven.lock().unwrap_or_else(PoisonError::into_inner);
    if driven.values().any(|driven| driven.kind == Kind::Run) {
        return Err(Problem::conflict("a training is under way").help("wait for it, or stop it"));
    }
    driven.values().for_each(|driven| {
        driven.cancel.send_replace(true);
    });
    Ok(())
}

/// Sees a piece of work through, beside everything else.
fn drive(service: &Arc<Service>, work: Work) -> Answer<()> {
    let (cancel, cancelled) = watch::channel(false);
    let mut driven = service.driven.lock().unwrap_or_else(PoisonError::into_inner);
    if driven.contains_key(&work.id) {
        return Err(Problem::conflict("this is under way already"));
    }
    driven.insert(work.id.clone(), Driven { kind: work.kind, cancel });
    drop(driven);
    let service = Arc::clone(service);
    tokio::spawn(async move {
        for step in Step::all(&work) {
            match see_through(&service, &work, step, cancelled.clone()).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(problem) => {
                    // where the process would have said it
                    let error = serde_json::json!({ "error": {
                        "kind": "unexpected", "message": problem.words.message, "help": problem.words.help,
                    }});
                    let _ = files::write(&step.files(&work, &service.place).report, &error);
                    break;
                }
            }
        }
        service.driven.lock().unwrap_or_else(PoisonError::into_inner).remove(&work.id);
    });
    Ok(())
}

/// Sees one step through. Returns whether the next may begin.
async fn see_through(
    service: &Arc<Service>,
    work: &Work,
    step: Step,
    cancelled: watch::Receiver<bool>,
) -> Answer<bool> {
    let (of, stopping) = (work.clone(), service.stop.clone());
    let asked = move || *cancelled.borrow() || *stopping.borrow();
    if asked() {
        return Ok(false);
    }
    let process = blocking(service, move |service| {
        Ok(match step.end(&of, &service.place) {
            End::Done(_) => None,
            End::Running => Some(step.process(&of, &service.place)),
            End::Waiting | End::Failed(_) | End::Stopped(_) => Some(step.start(&of, service)?),
        })
    })
    .await?;
    if let Some(process) = process {
        wait(process, asked).await;
    }
    let of = work.clone();
    blocking(service, move |service| Ok(matches!(step.end(&of, &service.place), End::Done(_)))).await
}

/// Waits until a process has ended, and ends it if that is asked for.
async fn wait(mut process: Process, asked: impl Fn() -> bool) {
    let mut since: Option<Instant> = None;
    while process.is_alive() {
        match since {
            None if asked() => {
                process.ask_to_stop();
                since = Some(Instant::now());
            }
            Some(since) if since.elapsed() > GRACE => process.kill(),
            _ => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}
