//! What was measured, as a table and as JSON.

use serde::Serialize;

use crate::{Bar, Fairness};

/// One contender of one case.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Row {
    /// The group.
    pub group: String,
    /// The case.
    pub case: String,
    /// Who did the work.
    pub contender: String,
    /// Nanoseconds for each operation, the median of the rounds.
    pub ns: f64,
    /// To the fastest peer of the same rounds; `None` where a case has no peer.
    pub ratio: Option<f64>,
    /// Allocations for each operation.
    pub allocs: f64,
    /// How evenly its tasks were served, where there are several.
    #[serde(flatten)]
    pub fairness: Option<Fairness>,
    /// The size of the future that does the work, where that is of interest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// Half of the rounds are within this part of `ns`.
    pub spread: f64,
    /// What was to be reached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bars: Vec<Judged>,
}

/// A bar, and whether it was reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Judged {
    /// What was to be reached.
    pub bar: String,
    /// What there is, where it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is: Option<f64>,
    /// Whether that is enough.
    pub reached: bool,
}

/// Judges the row by the bar; `ratio` gives its ratio to another contender of the case.
pub(crate) fn judge(bar: &Bar, row: &Row, ratio: impl Fn(&str) -> f64) -> Judged {
    let at_most = |bar: String, is: f64, limit: f64| Judged {
        bar,
        is: Some(is),
        reached: is <= limit,
    };
    match bar {
        Bar::Times(limit, other) => at_most(format!("≤ {limit} × {other}"), ratio(other), *limit),
        Bar::TimesEach(limit, name, others) => {
            let worst = others.iter().map(|other| ratio(other)).fold(0.0, f64::max);
            at_most(format!("≤ {limit} × each {name}"), worst, *limit)
        }
        Bar::Fastest(limit) => {
            let ratio = row.ratio.expect("the case has a peer");
            at_most(format!("≤ {limit} × the fastest"), ratio, *limit)
        }
        Bar::Share(limit) => {
            let fairness = row.fairness.expect("its tasks are watched");
            Judged {
                bar: format!("share ≥ {limit}"),
                is: Some(fairness.share),
                reached: fairness.share >= *limit,
            }
        }
        Bar::Allocations(limit) => at_most(format!("≤ {limit} allocs"), row.allocs, *limit),
        Bar::Known(bar, reached) => Judged {
            bar: bar.clone(),
            is: None,
            reached: *reached,
        },
    }
}

/// The rows of one case, aligned, under a line that names it.
pub fn table(rows: &[Row]) -> String {
    let Some(first) = rows.first() else {
        return String::new();
    };
    let width = rows.iter().map(|row| row.contender.chars().count()).max();
    let width = width.unwrap_or(0).max(36);
    let watched = rows.iter().any(|row| row.fairness.is_some());
    let mut text = format!(
        "{:<width$} {:>10} {:>5} {:>8} {:>7} {}{:>6}  bars\n",
        format!("{}: {}", first.group, first.case),
        "ns",
        "±%",
        "ratio",
        "allocs",
        if watched {
            "share   turns  longest "
        } else {
            ""
        },
        "bytes",
    );
    for row in rows {
        let ratio = row
            .ratio
            .map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        let bytes = row
            .bytes
            .map_or_else(String::new, |bytes| bytes.to_string());
        let fairness = match row.fairness {
            Some(Fairness {
                share,
                turns,
                longest,
            }) => {
                format!("{share:>5.2} {turns:>7} {:>6.0}µs ", longest / 1e3)
            }
            None if watched => " ".repeat(23),
            None => String::new(),
        };
        let bars: Vec<_> = row.bars.iter().map(Judged::text).collect();
        let line = format!(
            "{:<width$} {:>10.2} {:>5.1} {ratio:>8} {:>7} {fairness}{bytes:>6}  {}",
            row.contender,
            row.ns,
            row.spread * 100.0,
            row.allocs,
            bars.join("; "),
        );
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// All rows, as an array of objects.
///
/// # Errors
///
/// None that rows could cause.
pub fn json(rows: &[Row]) -> serde_json::Result<String> {
    serde_json::to_string_pretty(rows).map(|text| text + "\n")
}

impl Judged {
    fn text(&self) -> String {
        let verdict = if self.reached { "reached" } else { "MISSED" };
        match self.is {
            Some(is) => format!("{}: {verdict} ({is:.2})", self.bar),
            None => format!("{}: {verdict}", self.bar),
        }
    }
}

#[cfg(test)]
mod tests;
