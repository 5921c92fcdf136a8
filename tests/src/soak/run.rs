//! Plays script after script.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{Either, select};
use withal::cleanup::{DrainReport, drain, set_report_hook};
use withal::runtime::Cleanup;

use super::cast::{Broken, Cast, Start, panicked_at};
use super::check::check;
use super::clock::Clocked;
use super::event::{How, ROOT, What};
use super::model::predict;
use super::script::{NONE, Script};
use super::settle::{Setting, settle};
use super::stage::{Late, Stage};
use super::watchdog::Watchdog;
use super::{local, random, reports, sendable, shrink};
use crate::poll::yields;

/// A soak on one flavour of a runtime. There can be one at a time in a process: it counts reports.
pub struct Soak<R> {
    /// What is soaked.
    pub rt: R,
    /// Starts a task on it that can be aborted, where there are tasks.
    pub start: Option<Start>,
    /// Whether its executor runs cleanups by itself.
    pub executor: bool,
    /// What is broken on purpose.
    pub broken: Option<Broken>,
    /// How long a script may stand still before it counts as stuck.
    pub patience: Duration,
}

/// What a soak has done.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Summary {
    /// How many scopes were entered.
    pub scopes: u64,
    /// In how many scripts.
    pub scripts: u64,
    /// The seed of the first one; each has the next one.
    pub seed: u64,
    /// An event that came after the end of its script: something happened once too often.
    pub late: Option<Late>,
    /// How long it took.
    pub took: Duration,
    /// What was still being put away at the end.
    pub left: DrainReport,
}

/// A script that came out wrong.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// The seed of the script as it was written.
    pub seed: u64,
    /// The script, made small.
    pub script: String,
    /// How many steps are left of it.
    pub steps: usize,
    /// Whether its scopes stayed on their thread.
    pub local: bool,
    /// What was wrong with the small one.
    pub what: String,
    /// What was wrong with it as it was written.
    pub first: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = if self.local { " of local scopes" } else { "" };
        writeln!(f, "WITHAL_SEED={}: {}", self.seed, self.first)?;
        write!(f, "made small{local}: {}\n{}", self.what, self.script)
    }
}

impl std::error::Error for Failure {}

/// How long a script may stand still it is made small: many of those are stuck.
const LITTLE_PATIENCE: Duration = Duration::from_millis(300);

/// How often a smaller script is played before it counts as good: threads may come out otherwise.
const TRIES: usize = 20;

impl<R: Cleanup> Soak<R> {
    /// Plays scripts from `seed` on, until so many scopes were entered.
    ///
    /// # Errors
    ///
    /// The first script that came out wrong.
    pub async fn run(&self, seed: u64, scopes: u64) -> Result<Summary, Box<Failure>> {
        let before = set_report_hook(Some(reports::note));
        let watchdog = Watchdog::start(self.patience);
        let began = Instant::now();
        let _stale = (reports::take(), Stage::take_late());
        let mut summary = Summary {
            seed,
            ..Summary::default()
        };
        while summary.scopes < scopes {
            let seed = seed.wrapping_add(summary.scripts);
            let setting = self.setting(seed);
            let mut script = random::script(seed);
            settle(&mut script, setting);
            match self.play(script.clone(), setting).await {
                Ok(entered) => summary.scopes += entered,
                Err(first) => {
                    let (script, what) = self.shrink(script, setting, &first).await;
                    return Err(Box::new(Failure {
                        seed,
                        script: script.to_string(),
                        steps: script.nodes.len(),
                        local: setting.local,
                        what,
                        first,
                    }));
                }
            }
            summary.scripts += 1;
        }
        summary.took = began.elapsed();
        summary.left = self.drain().await;
        summary.late = Stage::take_late();
        drop(watchdog);
        set_report_hook(before);
        Ok(summary)
    }

    /// What has said its last word may not have ended yet.
    async fn drain(&self) -> DrainReport {
        let stage = Arc::new(Stage::new(Script::default()));
        reports::set_playing(Some(stage.clone()));
        let rt = Clocked {
            rt: self.rt.clone(),
            stage,
        };
        let left = drain(&rt, Duration::MAX).await;
        reports::set_playing(None);
        left
    }

    /// Every eighth script has scopes that stay on their thread.
    fn setting(&self, seed: u64) -> Setting {
        let setting = Setting {
            tasks: self.start.is_some(),
            executor: self.executor,
            local: false,
        };
        match seed % 8 {
            0 => setting.local(),
            _ => setting,
        }
    }

    /// Plays a script that is settled; how many scopes were entered.
    async fn play(&self, script: Script, setting: Setting) -> Result<u64, String> {
        let stage = Arc::new(Stage::new(script));
        reports::set_playing(Some(stage.clone()));
        let cast = Cast {
            rt: Clocked {
                rt: self.rt.clone(),
                stage: stage.clone(),
            },
            start: self.start.clone(),
            broken: self.broken,
        };
        let expected = predict(&stage.script);
        let result = self.play_out(
            &cast,
            setting,
            expected.events,
            expected.reports.iter().sum(),
        );
        let is_over = match select(pin!(result), pin!(stage.stuck())).await {
            Either::Left(_) => true,
            Either::Right(_) => false,
        };
        let events = stage.close();
        let reported = reports::take();
        match check(setting, &expected, &events, &reported) {
            Ok(()) => {
                let entered = events.iter().filter(|event| event.what == What::Entered);
                Ok(entered.count() as u64)
            }
            Err(what) => {
                let stuck = if is_over { "" } else { "stuck: " };
                let list = events.iter().map(|event| format!("\n    {event:?}"));
                Err(format!(
                    "{stuck}{what}; what happened: {}",
                    list.collect::<String>()
                ))
            }
        }
    }

    /// Plays a script, and waits until all that must happen has.
    async fn play_out(&self, cast: &Cast<R>, setting: Setting, events: usize, reports: u32) {
        let stage = cast.stage();
        let first = if stage.script.nodes.is_empty() {
            NONE
        } else {
            0
        };
        let played = match setting.local {
            true => {
                AssertUnwindSafe(local::play::block(cast, first, 0, NONE))
                    .catch_unwind()
                    .await
            }
            false => {
                let block = sendable::play::block(cast, first, 0, NONE);
                AssertUnwindSafe(block).catch_unwind().await
            }
        };
        let how = match played {
            Ok(result) => sendable::play::how(&result),
            Err(payload) => How::Panicked(panicked_at(&*payload)),
        };
        stage.note(What::Gave, ROOT, how);
        let settled = stage.when(|| stage.events() >= events && reports::count() >= reports);
        if setting.executor {
            return settled.await;
        }
        let mut settled = pin!(settled);
        // What is to be drained may only come when a task has ended.
        while let Either::Right(_) = select(settled.as_mut(), drain(&cast.rt, Duration::MAX)).await
        {
            yields(1).await;
        }
    }

    /// The smallest script found that fails as well, and how.
    async fn shrink(&self, script: Script, setting: Setting, first: &str) -> (Script, String) {
        let watchdog = Watchdog::start(self.patience.min(LITTLE_PATIENCE));
        let (mut script, mut what) = (script, first.to_owned());
        while let Some(smaller) = self.smaller(&script, setting).await {
            (script, what) = smaller;
        }
        drop(watchdog);
        (script, what)
    }

    /// A smaller script that fails as well, and how.
    async fn smaller(&self, script: &Script, setting: Setting) -> Option<(Script, String)> {
        for mut candidate in shrink::smaller(script) {
            settle(&mut candidate, setting);
            if candidate == *script {
                continue;
            }
            for _ in 0..TRIES {
                if let Err(what) = self.play(candidate.clone(), setting).await {
                    // What it left must not be taken for the next one's.
                    self.drain().await;
                    let _stale = reports::take();
                    return Some((candidate, what));
                }
            }
        }
        None
    }
}

impl<R: fmt::Debug> fmt::Debug for Soak<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Soak")
            .field("rt", &self.rt)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}
