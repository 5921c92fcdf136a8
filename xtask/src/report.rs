//! The table at the end: stage, result, seconds.

use std::fmt;
use std::time::Duration;

use crate::step::Outcome;

/// What became of the stages.
#[derive(Debug)]
pub(crate) struct Report {
    strict: bool,
    rows: Vec<Row>,
}

/// What became of one stage.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) stage: &'static str,
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
}

impl Report {
    /// An empty report; a strict one takes skipped steps for failures.
    pub(crate) fn new(strict: bool) -> Self {
        Self {
            strict,
            rows: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(crate) fn is_good(&self) -> bool {
        self.rows.iter().all(|row| self.row_is_good(row))
    }

    fn row_is_good(&self, row: &Row) -> bool {
        row.outcome.failed.is_empty() && (!self.strict || row.outcome.skipped.is_empty())
    }

    fn result(&self, row: &Row) -> &'static str {
        if !self.row_is_good(row) {
            "FAILED"
        } else if row.outcome.good == 0 {
            "SKIPPED"
        } else {
            "ok"
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<10} {:<8} {:>8}", "stage", "result", "seconds")?;
        for row in &self.rows {
            let seconds = row.took.as_secs_f64();
            let result = self.result(row);
            writeln!(f, "{:<10} {result:<8} {seconds:>8.1}", row.stage)?;
        }
        for row in &self.rows {
            for step in &row.outcome.failed {
                writeln!(f, "FAILED  {}: {step}", row.stage)?;
            }
            for reason in &row.outcome.skipped {
                writeln!(f, "SKIPPED {}: {reason}", row.stage)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Report, Row};
    use crate::step::Outcome;
    use std::time::Duration;

    fn report(strict: bool, failed: &[&str], skipped: &[&str]) -> Report {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let mut report = Report::new(strict);
        report.add(Row {
            stage: "docs",
            outcome: Outcome {
                good: 0,
                failed: owned(failed),
                skipped: owned(skipped),
            },
            took: Duration::from_millis(1500),
        });
        report
    }

    #[test]
    fn a_failed_step_fails_the_report_and_is_named() {
        let report = report(false, &["cargo doc"], &[]);
        assert!(!report.is_good());
        assert!(report.to_string().contains("FAILED  docs: cargo doc"));
    }

    #[test]
    fn a_skipped_step_fails_a_strict_report_only() {
        assert!(report(false, &[], &["no nightly"]).is_good());
        assert!(!report(true, &[], &["no nightly"]).is_good());
    }

    #[test]
    fn a_stage_that_skipped_all_it_had_does_not_read_as_ok() {
        let text = report(false, &[], &["no nightly"]).to_string();
        assert!(text.contains("docs       SKIPPED       1.5"), "{text}");
    }
}
