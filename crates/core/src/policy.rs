//! What an organisation allows: which passwords people may type, how much of a calendar is kept, and what admins sign in
//! with.

use crate::clock::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The rules, as one admin set them for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Policy {
    pub typed: TypedPasswords,
    pub personal: PersonalMode,
    pub privacy: PrivacyLevel,
    pub admins: AdminsFactor,
    pub probes: Probes,
}

impl Policy {
    /// The rules by name, as they are kept and as forms carry them.
    pub fn rules(&self) -> Vec<(String, String)> {
        let rules = serde_json::to_value(self).unwrap_or_default();
        let rules = rules.as_object().into_iter().flatten();
        rules
            .filter_map(|(rule, value)| Some((rule.clone(), value.as_str()?.to_owned())))
            .collect()
    }
}

/// Whether admins need a second factor for what is theirs alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminsFactor {
    #[default]
    Optional,
    Required,
}

/// How a saved password goes on that was refused: it is sent again after a quarter of an hour in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Probes {
    /// And after one hour, four hours, then once a day.
    #[default]
    GoOn,
    FirstOnly,
}

/// Whether people may type a service account's password themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypedPasswords {
    /// For their own verified addresses alone.
    #[default]
    OwnAddress,
    AnyMailbox,
    Off,
}

/// Whether people may connect with their own account and password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonalMode {
    #[default]
    On,
    Off,
}

/// How much of an entry is asked of Exchange and stored; each level holds what the one before it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivacyLevel {
    /// When, and how busy.
    FreeBusy,
    /// And what it is called.
    #[default]
    TimesAndTitles,
    /// And where, and who called it.
    Everything,
}

impl PrivacyLevel {
    pub const ALL: [Self; 3] = [Self::FreeBusy, Self::TimesAndTitles, Self::Everything];

    /// What holds where the organisation says `self` and a person `own`: the lower of the two.
    #[must_use]
    pub fn lowered_by(self, own: Option<Self>) -> Self {
        own.map_or(self, |own| self.min(own))
    }
}

/// When a saved password that was refused `refusals` times in a row is sent again by itself: after a quarter of an
/// hour, since single refusals happen under load and in outages; then after one hour, four hours, and once a day.
pub fn next_probe(refusals: i64, probes: Probes, now: Timestamp) -> Option<Timestamp> {
    let wait = match (refusals, probes) {
        (..=1, _) => Duration::from_mins(15),
        (_, Probes::FirstOnly) => return None,
        (2, Probes::GoOn) => Duration::from_hours(1),
        (3, Probes::GoOn) => Duration::from_hours(4),
        (_, Probes::GoOn) => Duration::from_hours(24),
    };
    Some(now + wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_are_ever_further_apart_and_end_after_the_first_where_that_is_set() {
        let now = Timestamp::from_seconds(0);
        let hours = |refusals, probes| {
            next_probe(refusals, probes, now).map(|at| at.since(now).as_secs_f64() / 3600.0)
        };
        let going_on = [1, 2, 3, 4, 50].map(|refusals| hours(refusals, Probes::GoOn));
        assert_eq!(going_on, [0.25, 1.0, 4.0, 24.0, 24.0].map(Some));
        let first_only = [1, 2, 50].map(|refusals| hours(refusals, Probes::FirstOnly));
        assert_eq!(first_only, [Some(0.25), None, None]);
    }
}
