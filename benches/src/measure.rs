//! Measuring: contenders take turns in every round.

use std::time::{Duration, Instant};

use crate::allocations::count_everywhere;
use crate::{Case, Contender, Fairness, Group};
use crate::{report::Row, stats};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How many rounds; each gives one sample of each contender.
    pub rounds: usize,
    /// How long a sample takes at least.
    pub sample: Duration,
}

impl Effort {
    /// Each contender does its work a few times: shows that it works, and no more.
    pub const QUICK: Self = Self {
        rounds: 1,
        sample: Duration::ZERO,
    };

    /// The effort that `case` takes, out of about the same time.
    fn of(self, case: &Case) -> Self {
        if !case.threaded {
            return self;
        }
        Self {
            rounds: (self.rounds / LONGER as usize).max(self.rounds.min(9)),
            sample: self.sample * LONGER,
        }
    }
}

/// How much longer samples are where threads are woken: that takes 0.1 ms or so for each sample.
const LONGER: u32 = 4;

/// Measures each case of `group`, and calls `done` with its rows.
pub fn group(group: &Group, effort: Effort, done: impl FnMut(&[Row])) -> Vec<Row> {
    cases(group, &[], effort, done)
}

/// Measures each case of `group` in whose name each of `words` occurs, in whatever case, and calls
/// `done` with its rows.
pub fn cases(
    group: &Group,
    words: &[String],
    effort: Effort,
    mut done: impl FnMut(&[Row]),
) -> Vec<Row> {
    let mut rows = Vec::new();
    let cases = (group.cases)().into_iter();
    for case in cases.filter(|case| case.is_about(words)) {
        let measured = self::case(group.name, case, effort);
        done(&measured);
        rows.extend(measured);
    }
    rows
}

fn case(group: &str, mut case: Case, effort: Effort) -> Vec<Row> {
    let effort = effort.of(&case);
    let contenders = &mut case.contenders;
    let times: Vec<_> = contenders
        .iter_mut()
        .map(|contender| calibrate(contender, effort.sample))
        .collect();
    let mut samples = vec![Vec::with_capacity(effort.rounds); contenders.len()];
    for round in 0..effort.rounds {
        // Each round begins with another contender, so that none always follows the same one.
        for turn in 0..contenders.len() {
            let who = (round + turn) % contenders.len();
            warm_up(&mut contenders[who]);
            let took = timed(&mut contenders[who], times[who]);
            let parts = times[who] * contenders[who].parts;
            samples[who].push(nanoseconds(took) / count(parts));
        }
    }
    let measured = samples.into_iter().zip(contenders.iter_mut().zip(&times));
    let measured: Vec<_> = measured
        .map(|(samples, (contender, &times))| Measured {
            samples,
            allocs: allocations(contender, times),
            fairness: fairness(contender, times, effort.rounds.min(5)),
        })
        .collect();
    rows(group, &case, &measured)
}

/// What is known of one contender.
struct Measured {
    /// Nanoseconds for each operation, or each of its parts, one value for each round.
    samples: Vec<f64>,
    allocs: f64,
    fairness: Option<Fairness>,
}

/// Many parts take much memory. What one contender gives back to the system, the next one is not to
/// pay for.
fn warm_up(contender: &mut Contender) {
    if contender.parts > 1 {
        (contender.run)(1);
    }
}

/// How many operations fill a sample.
fn calibrate(contender: &mut Contender, sample: Duration) -> u64 {
    let mut times = 1;
    loop {
        let mut took = timed(contender, times);
        // Believed the fifth time only: some runs are interrupted, or wait for a thread to wake.
        for _ in 0..4 {
            if took >= sample {
                took = took.min(timed(contender, times));
            }
        }
        if took >= sample {
            return times;
        }
        // Aims a little higher than it has to, and never jumps far on the word of a short sample.
        let aim = nanoseconds(sample) / nanoseconds(took).max(1.0) * 1.1;
        let factor = aim.clamp(1.1, 16.0);
        times = (count(times) * factor).ceil() as u64;
    }
}

fn timed(contender: &mut Contender, times: u64) -> Duration {
    let started = Instant::now();
    (contender.run)(times);
    started.elapsed()
}

/// The allocations of one operation, or of one of its parts, on whatever thread.
fn allocations(contender: &mut Contender, times: u64) -> f64 {
    let times = times.min((1024 / contender.parts).max(1));
    let ((), once) = count_everywhere(|| (contender.run)(times));
    let ((), twice) = count_everywhere(|| (contender.run)(2 * times));
    per_operation(once, twice, times * contender.parts)
}

/// What twice the work takes more than the work: what is allocated once around the loop is not the
/// operation's.
fn per_operation(once: u64, twice: u64, times: u64) -> f64 {
    let allocs = twice.saturating_sub(once);
    (count(allocs) / count(times) * 100.0).round() / 100.0
}

/// How evenly tasks are served: the medians of a few runs, each longer than a sample, so that what
/// is uneven at its start and end counts for little.
fn fairness(contender: &mut Contender, times: u64, rounds: usize) -> Option<Fairness> {
    let watched = contender.fairness.as_mut()?;
    let runs: Vec<_> = (0..rounds).map(|_| watched(4 * times)).collect();
    let median =
        |value: fn(&Fairness) -> f64| stats::median(&runs.iter().map(value).collect::<Vec<_>>());
    Some(Fairness {
        share: median(|run| run.share),
        turns: median(|run| run.turns),
        longest: median(|run| run.longest),
    })
}

fn rows(group: &str, case: &Case, measured: &[Measured]) -> Vec<Row> {
    let samples = |who: usize| &measured[who].samples[..];
    let medians: Vec<_> = (0..measured.len())
        .map(|who| stats::median(samples(who)))
        .collect();
    let peers = (0..measured.len()).filter(|&who| is_peer(&case.contenders[who].name));
    let fastest = peers.min_by(|&a, &b| medians[a].total_cmp(&medians[b]));
    let mut rows: Vec<_> = case
        .contenders
        .iter()
        .enumerate()
        .map(|(who, contender)| Row {
            group: group.to_owned(),
            case: case.name.clone(),
            contender: contender.name.clone(),
            ns: medians[who],
            ratio: fastest.map(|peer| stats::ratio(samples(who), samples(peer))),
            allocs: measured[who].allocs,
            fairness: measured[who].fairness,
            bytes: contender.bytes,
            spread: stats::spread(samples(who)),
            bars: Vec::new(),
        })
        .collect();
    for (who, contender) in case.contenders.iter().enumerate() {
        let judge = |bar| {
            crate::report::judge(bar, &rows[who], |other| {
                let other = case.contenders.iter().position(|one| one.name == other);
                let other = other.unwrap_or_else(|| panic!("no contender of that name: {bar:?}"));
                stats::ratio(samples(who), samples(other))
            })
        };
        let bars = contender.bars.iter().map(judge).collect();
        rows[who].bars = bars;
    }
    rows
}

/// Whether others are measured against it.
fn is_peer(name: &str) -> bool {
    let ours = name == "withal" || name.starts_with("withal (");
    !ours && !name.starts_with("limit: ")
}

fn nanoseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1e9
}

fn count(times: u64) -> f64 {
    times as f64
}

#[cfg(test)]
mod tests;
