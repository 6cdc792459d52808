//! What the overview shows, in words.

use super::restored::RestoredView;
use crate::moment::Moment;

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct OverviewView {
    /// What is still to be done at first; empty once calendars are connected.
    pub steps: Vec<FirstStep>,
    pub owners: Vec<OwnerView>,
    /// Warnings of certificates that end soon.
    pub endings: Vec<String>,
    /// Codes of states with how many connections are in them.
    pub states: Vec<(String, i64)>,
    /// Why somebody may not be told.
    pub silence: Option<String>,
    /// The address that everybody seems to come from.
    pub only_peer: Option<String>,
    /// What is wrong with this Kalends itself, a sentence or two each.
    pub warnings: Vec<String>,
    pub restored: RestoredView,
    pub requests: i64,
    pub is_paused: bool,
    pub sync_runs: PlotView,
    pub delays: PlotView,
    pub servers: Vec<ServerView>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct FirstStep {
    pub title: String,
    pub why: String,
    pub link: String,
    pub is_done: bool,
}

/// What one kind of people must act on.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnerView {
    pub title: String,
    pub will_pass: bool,
    pub causes: Vec<CauseView>,
}

/// One thing that goes wrong, for some people.
#[derive(Debug, Clone, PartialEq)]
pub struct CauseView {
    pub title: String,
    /// The account or the server.
    pub place: String,
    pub people: String,
    pub since: Moment,
    pub link: String,
    /// The page on which an admin mends it.
    pub cure: Option<String>,
}

/// A plot with its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct PlotView {
    pub svg: String,
    /// In one sentence.
    pub summary: String,
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ServerView {
    pub host: String,
    pub product: String,
    pub build: String,
    pub ends: Option<Moment>,
    pub ends_soon: bool,
}
