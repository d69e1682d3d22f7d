//! The choice of packing and bootstraps, by cost.

use super::aim::Aim;
use super::candidates::candidates;
use super::cost::{Models, UPLOAD};
use super::kept::Plan;
use super::planner::{Draft, Layout, Planner};
use super::request::{Bootstraps, Request};
use super::schedule::Schedule;
use crate::error::{Error, Result};
use crate::heads::{Head, RefreshedPoint};
use crate::packing::Packing;
use crate::scheme::Scheme;

/// Factor by which two samples a slot must cost less than one to be chosen: gradients get nearly twice the noise, and the residuals of
/// the halves are computed one after the other, which leaves less work for several cores.
const PAIRS_SAVE: f64 = 1.05;
/// Seconds that a byte of upload weighs in the choice of a packing where several parties send data from afar, whose last blocks are not
/// full: more columns make smaller blocks.
const JOINT_UPLOAD: f64 = 2e-8;

/// Most iterations between two bootstraps that could be further apart.
const MOST_OFTEN: usize = 4;

impl<H: Head> Plan<H> {
    /// Plans a training: the cheapest packing, and bootstraps if the scheme has them.
    ///
    /// # Errors
    /// [`Error::NeedsBootstrapping`] if the levels do not suffice and the scheme has no bootstrap; [`Error::Parameter`] on values out of
    /// range, and if an iteration does not fit between two bootstraps; [`Error::Data`] without samples.
    pub fn new(scheme: &Scheme, request: &Request<H>) -> Result<Self> {
        request.check()?;
        let candidates = candidates(scheme.parameters(), request)?;
        if candidates.is_empty() {
            return Err(Error::Parameter {
                name: "features",
                got: request.features.to_string(),
                expected: format!("at most {} with {}", scheme.parameters().slots() - 1, scheme.name()),
            });
        }
        let planner = Planner { scheme, request, models: &Models::default() };
        planner.plan(planner.cheapest_cut(&candidates)?)
    }

    /// The plan that serves the request's aim best, of those that these schemes allow.
    ///
    /// # Errors
    /// The last refusal, if no scheme allows any.
    pub fn cheapest(schemes: &[Scheme], request: &Request<H>) -> Result<(Scheme, Self)> {
        let mut refusal = Error::Data("there is no parameter set to try".into());
        for (at, scheme) in schemes.iter().enumerate() {
            match Self::new(scheme, request) {
                Ok(plan) => return plan.or_cheaper(scheme, &schemes[at + 1..], request),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    /// This plan, made on `scheme` for the same request, or one on another of these schemes that serves the aim better.
    ///
    /// # Errors
    /// None on a plan of this request.
    pub fn or_cheaper(
        self,
        scheme: &Scheme,
        others: &[Scheme],
        request: &Request<H>,
    ) -> Result<(Scheme, Self)> {
        let price = |scheme: &Scheme, plan: &Self| -> Result<f64> {
            Ok(request.aim.price(&plan.sizes, plan.usual_seconds(scheme.parameters())?))
        };
        let mut best = (price(scheme, &self)?, scheme.clone(), self);
        for other in others.iter().filter(|other| other.name() != scheme.name()) {
            // one that has not the depth is no choice
            let Ok(plan) = Self::new(other, request) else { continue };
            let other_price = price(other, &plan)?;
            if other_price < best.0 {
                best = (other_price, other.clone(), plan);
            }
        }
        Ok((best.1, best.2))
    }
}

impl<H: Head> Planner<'_, H> {
    /// The cheapest training, the upload of the data included. There is a list of packings for each way to cut the features.
    fn cheapest_cut(&self, lists: &[Vec<Packing>]) -> Result<Draft<H>> {
        let drafts: Vec<_> = lists.iter().map(|packings| self.cheapest(packings)).collect();
        if drafts.iter().all(Result::is_err) {
            return drafts
                .into_iter()
                .next()
                .unwrap_or_else(|| Err(Error::Data("there are no features".into())));
        }
        let upload = |draft: &Draft<H>| UPLOAD * self.upload_bytes(draft) as f64;
        self.cheapest_draft(drafts.into_iter().flatten().collect(), upload)
    }

    /// The draft of the lowest price: where time is the aim, the one that takes the fewest seconds, those of `more` included.
    fn cheapest_draft(&self, mut drafts: Vec<Draft<H>>, more: impl Fn(&Draft<H>) -> f64) -> Result<Draft<H>> {
        let prices = drafts.iter().map(|draft| {
            let message = draft.job.refreshed_message();
            let record = &draft.run.record;
            let seconds = self.models.seconds(self.scheme.parameters(), message, &record.counts)?;
            Ok(match self.request.aim {
                Aim::Time => seconds + more(draft),
                aim => {
                    let mut record = record.clone();
                    record.keys.refresh = message;
                    aim.price(&self.sizes(&draft.job, &record)?, seconds)
                }
            })
        });
        let prices = prices.collect::<Result<Vec<f64>>>()?;
        let cheapest = (0..drafts.len()).min_by(|&a, &b| prices[a].total_cmp(&prices[b]));
        Ok(drafts.swap_remove(cheapest.unwrap_or_default()))
    }

    /// Drafts that bootstrap the state more often than they must, which leaves the data at lower levels; none where time is the aim.
    fn more_often(&self, packings: &[Packing], longest: &Draft<H>) -> Vec<Draft<H>> {
        let spec = longest.job.spec();
        if self.request.aim == Aim::Time || self.scheme.contract().is_none() {
            return Vec::new();
        }
        let between = spec.refresh_before.iter().copied().chain([longest.job.iterations()]);
        let first = between.min().unwrap_or(1);
        (1..first.min(MOST_OFTEN + 1)).filter_map(|stretch| self.draft(packings, &[], stretch).ok()).collect()
    }

    /// The cheapest training: with bootstraps of the state alone, or also inside iterations if the request allows these.
    fn cheapest(&self, packings: &[Packing]) -> Result<Draft<H>> {
        let weights_alone = match self.draft(packings, &[], usize::MAX) {
            Ok(longest) => {
                let drafts = self.more_often(packings, &longest);
                self.cheapest_draft(std::iter::once(longest).chain(drafts).collect(), |_| 0.0)
            }
            refused => refused,
        };
        if self.scheme.contract().is_none() || self.request.bootstraps == Bootstraps::Weights {
            return weights_alone;
        }
        let choices = self.request.head.refresh_points().iter().fold(vec![Vec::new()], |choices, &point| {
            let with = choices.iter().map(|chosen| [&chosen[..], &[point]].concat()).collect::<Vec<_>>();
            [choices, with].concat()
        });
        let mut drafts = Vec::new();
        for points in &choices[1..] {
            // a set of points may fail, and the training fit with another
            let Ok(longest) = self.draft(packings, points, usize::MAX) else { continue };
            if !longest.refreshes_always() {
                drafts.extend(self.draft(packings, points, 1));
            }
            drafts.push(longest);
        }
        if drafts.is_empty() {
            return weights_alone;
        }
        self.cheapest_draft(weights_alone.into_iter().chain(drafts).collect(), |_| 0.0)
    }

    /// The cheapest packing for a training with bootstraps at these points, and of the state after at most `stretch` iterations.
    fn draft(&self, packings: &[Packing], points: &[&str], stretch: usize) -> Result<Draft<H>> {
        let first = &packings[0];
        let scoring = if self.request.scoring { self.score_depth(first)? } else { 0 };
        let (schedule, tiles) = self.schedule(first, points, stretch, scoring)?;
        let points = self.lowered(first, &schedule, tiles, points)?;
        let layout = Layout { schedule, tiles, points };
        let packing = self.cheapest_packing(packings, &layout)?;
        let job = self.job(packing, &layout)?;
        let run = self.dry_run(&job)?;
        Ok(Draft { job, run })
    }

    /// The cheapest packing for this layout, by the cost of two iterations.
    fn cheapest_packing(&self, packings: &[Packing], layout: &Layout) -> Result<Packing> {
        let learning_rates: Vec<f64> = self.request.learning_rates.iter().copied().take(2).collect();
        let request = Request { learning_rates, ..self.request.clone() };
        let short = Planner { request: &request, ..*self };
        let mut beginning = layout.clone();
        beginning.schedule.refresh_before.retain(|&t| t < request.learning_rates.len());
        let mut best: Option<(f64, Packing)> = None;
        for &packing in packings {
            let job = short.job(packing, &beginning)?;
            // bootstraps of the state alone cost the same with every packing
            let message = job.refreshed_message().filter(|_| !layout.points.is_empty());
            let favour = if packing.is_complex() { PAIRS_SAVE } else { 1.0 };
            let run = short.dry_run(&job)?;
            let seconds =
                favour * self.models.seconds(self.scheme.parameters(), message, &run.record.counts)?;
            let price = match self.request.aim {
                Aim::Time if self.request.parts.is_empty() => seconds,
                Aim::Time => seconds + JOINT_UPLOAD * short.upload_bytes(&Draft { job, run }) as f64,
                aim => aim.price(&short.sizes(&job, &run.record)?, seconds),
            };
            if best.is_none_or(|(known, _)| price < known) {
                best = Some((price, packing));
            }
        }
        Ok(best.map_or(packings[0], |(_, packing)| packing))
    }

    /// The points, each with the lowest level after its bootstrap with which the schedule still fits.
    fn lowered(
        &self,
        packing: &Packing,
        schedule: &Schedule,
        tiles: usize,
        points: &[&str],
    ) -> Result<Vec<RefreshedPoint>> {
        let mut placed = self.placed(points);
        // up to the second refresh, after which everything repeats
        let iterations = self.request.learning_rates.len();
        let shown = schedule.refresh_before.get(1).map_or(iterations, |&second| (second + 1).min(iterations));
        let learning_rates = self.request.learning_rates[..shown].to_vec();
        let scoring = self.request.scoring && shown == iterations;
        let request = Request { learning_rates, batches: 1, scoring, ..self.request.clone() };
        let short = Planner { request: &request, ..*self };
        let mut schedule = schedule.clone();
        schedule.refresh_before.retain(|&t| t < shown || shown == iterations);
        let fits = |points: &[RefreshedPoint]| -> Result<bool> {
            let layout = Layout { schedule: schedule.clone(), tiles, points: points.to_vec() };
            let job = short.job(packing.for_samples(1), &layout)?;
            Ok(short.dry_run(&job).is_ok_and(|run| run.level >= schedule.last_level))
        };
        for i in 0..placed.len() {
            while placed[i].level > 0 {
                placed[i].level -= 1;
                if !fits(&placed)? {
                    placed[i].level += 1;
                    break;
                }
            }
        }
        Ok(placed)
    }
}
