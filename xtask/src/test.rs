//! `cargo xtask test`: every level of tests and checks, counted, so that none can vanish unnoticed.
//!
//! A level is one kind of test; a check such as formatting counts as one. Each level runs even when another failed.

mod browser;
mod checks;
mod count;
mod exchangelib;
mod floor;
mod level;
mod rust;

pub use level::Level;

use crate::postgres::Postgres;
use anyhow::{Result, bail};
use clap::ValueEnum;
use count::Count;
use floor::Floor;
use std::time::{Duration, Instant};

impl Level {
    fn needs_postgres(self) -> bool {
        matches!(
            self,
            Self::Unit | Self::Store | Self::Protocol | Self::Pages
        )
    }

    fn needs_browser(self) -> bool {
        matches!(self, Self::Browser | Self::Release)
    }

    fn run(self, postgres: Option<&Postgres>) -> Result<Count> {
        match self {
            Self::Fmt => checks::fmt(),
            Self::Build => checks::build(),
            Self::Guards => rust::guards(),
            Self::Unit => rust::unit(postgres),
            Self::Store => rust::store(postgres),
            Self::Protocol => Ok(rust::protocol(postgres)? + exchangelib::check()?),
            Self::Pages => rust::pages(postgres),
            Self::Clippy => checks::clippy(),
            Self::Rustdoc => checks::rustdoc(),
            Self::Wasm => checks::wasm(),
            Self::Browser => browser::specs(),
            Self::Release => browser::release(),
        }
    }
}

/// What became of a level.
struct Outcome {
    level: Level,
    count: Count,
    floor: u32,
    took: Duration,
}

/// The levels to run: those named, or all, less those to leave out. Without `browser`, none that needs one is left.
pub fn chosen(named: &[Level], without: &[Level]) -> Vec<Level> {
    let named = if named.is_empty() {
        Level::value_variants()
    } else {
        named
    };
    let is_out = |level: &Level| {
        without.contains(level) || level.needs_browser() && without.contains(&Level::Browser)
    };
    named
        .iter()
        .copied()
        .filter(|level| !is_out(level))
        .collect()
}

/// Runs levels. Fails when a test fails or fewer ran than recorded.
pub fn test(levels: &[Level], record: bool) -> Result<()> {
    let start = Instant::now();
    let mut floor = Floor::read()?;
    let postgres = if levels.iter().any(|level| level.needs_postgres()) {
        Some(Postgres::start()?)
    } else {
        None
    };
    let mut outcomes = Vec::new();
    for &level in levels {
        println!("\n── {}", level.name());
        let start = Instant::now();
        let count = level.run(postgres.as_ref()).unwrap_or_else(|error| {
            crate::process::park_if_stopping();
            eprintln!("{}: {error:#}", level.name());
            Count::failure()
        });
        outcomes.push(Outcome {
            level,
            count,
            floor: floor.of(level),
            took: start.elapsed(),
        });
    }
    drop(postgres);
    if record {
        for outcome in outcomes.iter().filter(|outcome| outcome.count.failed == 0) {
            floor.raise(outcome.level, outcome.count.passed);
        }
        floor.write()?;
    }
    conclude(&outcomes, start.elapsed())
}

fn conclude(outcomes: &[Outcome], took: Duration) -> Result<()> {
    println!(
        "\n{:<10} {:>7} {:>7} {:>9} {:>8}",
        "level", "passed", "failed", "recorded", "seconds"
    );
    let mut total = Count::default();
    for Outcome {
        level,
        count,
        floor,
        took,
    } in outcomes
    {
        println!(
            "{:<10} {:>7} {:>7} {:>9} {:>8}",
            level.name(),
            count.passed,
            count.failed,
            floor,
            took.as_secs()
        );
        total = total + *count;
    }
    for Outcome {
        level,
        count,
        floor,
        ..
    } in outcomes
    {
        // A level that failed as a whole has said so above.
        if count.failed == 0 && (count.passed < *floor || count.passed == 0) {
            println!(
                "{}: {} ran, {} are recorded. A test is missing.",
                level.name(),
                count.passed,
                floor
            );
            total = total + Count::failure();
        }
    }
    println!(
        "\n{} passed, {} failed in {} minutes and {} seconds",
        total.passed,
        total.failed,
        took.as_secs() / 60,
        took.as_secs() % 60
    );
    if total.failed > 0 {
        bail!("the tests do not pass");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_levels_run_when_none_is_named() {
        assert_eq!(chosen(&[], &[]), Level::value_variants());
        assert_eq!(chosen(&[Level::Unit], &[]), [Level::Unit]);
    }

    #[test]
    fn without_browser_no_level_opens_one() {
        let left = chosen(&[], &[Level::Browser]);
        assert_eq!(left.len(), Level::value_variants().len() - 2);
        assert!(!left.contains(&Level::Browser) && !left.contains(&Level::Release));
        assert_eq!(
            chosen(&[Level::Fmt, Level::Unit], &[Level::Unit]),
            [Level::Fmt]
        );
    }
}
