//! How a search ends: with an endpoint, or with the problem that kept it from one.

use kalends_core::{
    endpoint::EwsUrl,
    problem::{Certificate, Problem, Tried},
};

/// Where EWS is, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    /// The address of EWS.
    pub endpoint: EwsUrl,
    /// The host that told it.
    pub by: String,
    /// What that host showed.
    pub certificate: Option<Certificate>,
    /// What was tried before, and why it led nowhere.
    pub tried: Vec<Tried>,
}

/// A host that was asked with the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedHost {
    /// Its name.
    pub host: String,
    /// The kinds of sign-in that it offered.
    pub offered: Vec<String>,
    /// What it showed.
    pub certificate: Option<Certificate>,
}

/// Why no endpoint was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveryFailure {
    /// What to tell and to mend.
    pub problem: Problem,
    /// The id of the call that decided it.
    pub request_id: Option<String>,
    /// The host that answered 401 to the password.
    pub refused_at: Option<String>,
    /// The host that was asked last.
    pub asked: Option<AskedHost>,
    /// What was tried before, and why it led nowhere.
    pub tried: Vec<Tried>,
}

impl From<Problem> for DiscoveryFailure {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            request_id: None,
            refused_at: None,
            asked: None,
            tried: Vec::new(),
        }
    }
}
