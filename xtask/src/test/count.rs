//! How many tests passed and failed, as each runner tells it.

use anyhow::{Context, Result};
use serde_json::Value;
use std::ops::Add;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: u32,
    pub failed: u32,
}

impl Count {
    /// A check that held.
    pub fn success() -> Self {
        Self {
            passed: 1,
            failed: 0,
        }
    }

    /// A check that did not hold, or a run that did not come to its tests.
    pub fn failure() -> Self {
        Self {
            passed: 0,
            failed: 1,
        }
    }

    /// Adds the lines `test result: …` of `cargo test`. An ignored test counts as failed: it proves nothing.
    pub fn of_cargo_test(text: &str) -> Self {
        let results = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("test result: "));
        results.fold(Self::default(), |sum, line| {
            let failed = number_before(line, " failed") + number_before(line, " ignored");
            sum + Self {
                passed: number_before(line, " passed"),
                failed,
            }
        })
    }

    /// Reads the last line of the form `… 12 passed, 0 failed`.
    pub fn of_last_line(text: &str) -> Option<Self> {
        let line = text
            .lines()
            .rev()
            .find(|line| line.contains(" passed, ") && line.ends_with(" failed"))?;
        Some(Self {
            passed: number_before(line, " passed"),
            failed: number_before(line, " failed"),
        })
    }

    /// Reads Playwright's JSON report. Skipped and flaky tests count as failed.
    pub fn of_playwright(report: &str) -> Result<Self> {
        let report: Value = serde_json::from_str(report).context("Playwright's report")?;
        let stat = |name: &str| -> Result<u32> {
            let number = report
                .pointer(&format!("/stats/{name}"))
                .and_then(Value::as_u64);
            Ok(number
                .with_context(|| format!("Playwright's report has no stats.{name}"))?
                .try_into()?)
        };
        Ok(Self {
            passed: stat("expected")?,
            failed: stat("unexpected")? + stat("flaky")? + stat("skipped")?,
        })
    }

    /// Makes sure that a runner that ended badly counts as failed, whatever it printed.
    pub fn with_status(self, success: bool) -> Self {
        if !success && self.failed == 0 {
            self + Self::failure()
        } else {
            self
        }
    }
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
        }
    }
}

fn number_before(line: &str, word: &str) -> u32 {
    let digits = line
        .split(word)
        .next()
        .unwrap_or_default()
        .rsplit(|c: char| !c.is_ascii_digit())
        .next();
    if line.contains(word) {
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_results_are_added_and_ignored_tests_fail() {
        let text = "running 3 tests\ntest result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
                    test a ... FAILED\ntest result: FAILED. 1 passed; 2 failed; 3 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(
            Count::of_cargo_test(text),
            Count {
                passed: 13,
                failed: 5
            }
        );
        assert_eq!(
            Count::of_cargo_test("error: could not compile"),
            Count::default()
        );
    }

    #[test]
    fn a_summary_line_is_read_from_the_end() {
        let text = "passed one\n1 passed, 0 failed\nexchangelib 5.6.0: 41 passed, 2 failed\nbye\n";
        assert_eq!(
            Count::of_last_line(text),
            Some(Count {
                passed: 41,
                failed: 2
            })
        );
        assert_eq!(Count::of_last_line("nothing"), None);
    }

    #[test]
    fn playwrights_skipped_and_flaky_tests_fail() {
        let report = r#"{"stats":{"expected":8,"unexpected":1,"flaky":1,"skipped":2}}"#;
        assert_eq!(
            Count::of_playwright(report).unwrap(),
            Count {
                passed: 8,
                failed: 4
            }
        );
        Count::of_playwright("{}").unwrap_err();
    }

    #[test]
    fn a_runner_that_dies_silently_has_failed() {
        assert_eq!(
            Count {
                passed: 4,
                failed: 0
            }
            .with_status(false),
            Count {
                passed: 4,
                failed: 1
            }
        );
        assert_eq!(
            Count {
                passed: 4,
                failed: 2
            }
            .with_status(false),
            Count {
                passed: 4,
                failed: 2
            }
        );
        assert_eq!(
            Count {
                passed: 4,
                failed: 0
            }
            .with_status(true),
            Count {
                passed: 4,
                failed: 0
            }
        );
    }
}
