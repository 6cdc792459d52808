//! The state of a connection in words, by icon and text.

use crate::{
    component::Icon,
    moment::{Formatter, Moment},
};
use kalends::sync::plan::OVERDUE;
use kalends_core::{
    connection::{Connection, ConnectionState},
    problem::Retry,
};
use leptos::prelude::*;

/// The states that a page can show; one more than a connection has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateView {
    NotConnected,
    Is(ConnectionState),
}

impl StateView {
    pub const fn label(self) -> &'static str {
        match self {
            Self::NotConnected => "Not connected",
            Self::Is(ConnectionState::Connected) => "Connected",
            Self::Is(ConnectionState::Delayed) => "Delayed",
            Self::Is(ConnectionState::ActionNeeded) => "Action needed",
            Self::Is(ConnectionState::Paused) => "Paused",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::NotConnected => "badge",
            Self::Is(ConnectionState::Connected) => "badge badge-good",
            Self::Is(ConnectionState::Delayed | ConnectionState::Paused) => "badge badge-waiting",
            Self::Is(ConnectionState::ActionNeeded) => "badge badge-bad",
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::NotConnected => Icon::Calendar,
            Self::Is(ConnectionState::Connected) => Icon::Passed,
            Self::Is(ConnectionState::Delayed) => Icon::Waiting,
            Self::Is(ConnectionState::ActionNeeded) => Icon::Failed,
            Self::Is(ConnectionState::Paused) => Icon::Paused,
        }
    }
}

#[component]
pub fn StateBadge(state: StateView) -> impl IntoView {
    view! { <span class=state.class()>{state.icon().view()} {state.label()}</span> }
}

/// When the next sync run is planned, or why nobody can say.
pub fn next_sync(connection: &Connection, words: &Formatter) -> Result<Moment, String> {
    if connection.state == ConnectionState::Paused {
        return Err("none while it is paused".to_owned());
    }
    let told = match &connection.problem {
        Some(problem) if problem.changed_certificate().is_some() => {
            "none until the certificate or the password is put right"
        }
        Some(problem) if problem.is_about_password() && problem.retry() == Retry::Never => {
            "none until the password is put right"
        }
        _ => {
            let planned = connection
                .due_at
                .map(|at| words.upcoming_or_late(at, OVERDUE));
            return planned.ok_or_else(|| "none planned".to_owned());
        }
    };
    Err(told.to_owned())
}

pub fn state_label(code: &str) -> &'static str {
    match code {
        "" => "Everyone",
        "not_connected" => StateView::NotConnected.label(),
        code => ConnectionState::from_code(code).map_or("", |state| StateView::Is(state).label()),
    }
}
