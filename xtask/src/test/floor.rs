//! The recorded number of tests of each level, in `end2end/counts.toml`; it only rises.

use super::level::Level;
use crate::folders;
use anyhow::{Context, Result};
use std::{collections::BTreeMap, fs, path::PathBuf};

const HEAD: &str = "# The number of tests of each level. With fewer, `cargo xtask test` fails; `cargo xtask test --record` raises them.\n";

pub struct Floor(BTreeMap<String, u32>);

impl Floor {
    pub fn read() -> Result<Self> {
        let path = path();
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(Self(
            toml::from_str(&text).with_context(|| path.display().to_string())?,
        ))
    }

    /// Zero for a level that was never recorded.
    pub fn of(&self, level: Level) -> u32 {
        self.0.get(&level.name()).copied().unwrap_or(0)
    }

    pub fn raise(&mut self, level: Level, passed: u32) {
        let known = self.0.entry(level.name()).or_default();
        *known = passed.max(*known);
    }

    pub fn write(&self) -> Result<()> {
        Ok(fs::write(
            path(),
            format!("{HEAD}{}", toml::to_string(&self.0)?),
        )?)
    }
}

fn path() -> PathBuf {
    folders::end2end().join("counts.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_number_rises_and_never_falls() {
        let mut floor = Floor(BTreeMap::new());
        assert_eq!(floor.of(Level::Unit), 0);
        floor.raise(Level::Unit, 5);
        floor.raise(Level::Unit, 3);
        assert_eq!(floor.of(Level::Unit), 5);
    }
}
