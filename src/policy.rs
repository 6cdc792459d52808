//! What an organisation allows: which passwords people may type, how much of a calendar is kept, and what admins sign in
//! with.

use serde::{Deserialize, Serialize};

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
