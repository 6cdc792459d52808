//! What a row of the table of problems says: who must act, whether trying again can help, what its connections have in
//! common, and how far a sign-in came when it met it.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The person who reads it.
    You,
    ExchangeAdmin,
    /// Who runs Kalends.
    Operator,
    /// It will pass.
    Nobody,
}

/// Whether trying again can help. Only the scheduler and the refusal rule read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Not before somebody changes what was typed or stored.
    Never,
    /// It will pass: try again after this time.
    After(Duration),
    /// Somebody must act elsewhere: look again every 15 minutes, without sending a refused password.
    WhenChanged,
}

/// What a problem is the problem of: connections that share it share one cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Concerns {
    /// The password, whatever is known about it by now.
    Password,
    /// The role and its scope.
    Role,
    Account,
    Server,
    Mailbox,
}

/// The stages of a sync run, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Nothing was sent.
    Here,
    Network,
    Tls,
    /// Something answered by HTTP.
    Http,
    SignIn,
    SignedIn,
    Role,
    Mailbox,
}

/// The first and the last stage at which a problem can lie.
pub(super) type Stages = (Stage, Stage);

pub(super) const ANYWHERE: Stages = (Stage::Here, Stage::Mailbox);
pub(super) const HERE: Stages = (Stage::Here, Stage::Here);
pub(super) const NETWORK: Stages = (Stage::Network, Stage::Network);
pub(super) const FROM_NETWORK_ON: Stages = (Stage::Network, Stage::Mailbox);
pub(super) const TLS: Stages = (Stage::Tls, Stage::Tls);
pub(super) const HTTP_OR_SIGN_IN: Stages = (Stage::Http, Stage::SignIn);
pub(super) const FROM_HTTP_ON: Stages = (Stage::Http, Stage::Mailbox);
pub(super) const SIGN_IN: Stages = (Stage::SignIn, Stage::SignIn);
pub(super) const SIGNED_IN: Stages = (Stage::SignedIn, Stage::SignedIn);
pub(super) const FROM_SIGNED_IN_ON: Stages = (Stage::SignedIn, Stage::Mailbox);
pub(super) const ROLE: Stages = (Stage::Role, Stage::Role);
pub(super) const MAILBOX: Stages = (Stage::Mailbox, Stage::Mailbox);

pub(super) const SOON: Retry = Retry::After(Duration::from_mins(1));
pub(super) const LATER: Retry = Retry::After(Duration::from_mins(5));
pub(super) const AFTER_15_MINUTES: Retry = Retry::After(Duration::from_mins(15));

/// A row of the table.
pub(super) struct Handling {
    pub(super) owner: Owner,
    /// Where the server names no time.
    pub(super) retry: Retry,
    pub(super) concerns: Concerns,
    pub(super) stages: Stages,
}

pub(super) const fn handling(
    owner: Owner,
    retry: Retry,
    concerns: Concerns,
    stages: Stages,
) -> Handling {
    Handling {
        owner,
        retry,
        concerns,
        stages,
    }
}
