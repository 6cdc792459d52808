//! The line of time of a connection.

use crate::{
    component::{StateView, When},
    moment::{Formatter, Moment},
};
use kalends::reports::timeline::{TimelineEntry, TimelineEvent, ended};
use kalends_core::{
    advice::{Names, advice, table::explained},
    audit::{self, AuditAction},
    check::{Check, Outcome},
    connection::{Connection, ConnectionState},
};
use kalends_store::{CallLine, StateChange, SyncRun};
use leptos::prelude::*;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineLine {
    at: Moment,
    /// What kind of thing it is, in a word.
    kind: String,
    what: String,
    tone: Tone,
    /// For the logs of Exchange.
    request_id: Option<String>,
    link: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Plain,
    Good,
    Waiting,
    Bad,
}

pub fn line(happened: &TimelineEntry, connection: &Connection, words: &Formatter) -> TimelineLine {
    let blank = |kind: &str| TimelineLine {
        at: words.appointment(happened.at, false),
        kind: kind.to_owned(),
        what: String::new(),
        tone: Tone::Plain,
        request_id: None,
        link: None,
    };
    match &happened.what {
        TimelineEvent::SyncRun(run) => of_run(blank("Sync"), run, connection, words),
        TimelineEvent::Call(call) => of_call(blank("Call"), call),
        TimelineEvent::Check(check) => of_check(blank("Check"), check, words),
        TimelineEvent::State(change) => of_state(blank("State"), change),
        TimelineEvent::Audit(line) => of_audit(blank("Audit"), line),
    }
}

fn of_run(
    line: TimelineLine,
    run: &SyncRun,
    connection: &Connection,
    words: &Formatter,
) -> TimelineLine {
    let changes = run.changes;
    let (what, tone) = match &run.problem {
        Some(problem) => {
            let told = advice(problem, &connection.names(Some(words.utc_offset())));
            (told.title, Tone::Bad)
        }
        None => (
            format!(
                "{} new, {} changed, {} gone",
                changes.inserted, changes.updated, changes.deleted
            ),
            Tone::Good,
        ),
    };
    let what = format!("{what} · {} ms", run.millis);
    TimelineLine { what, tone, ..line }
}

fn of_call(line: TimelineLine, call: &CallLine) -> TimelineLine {
    let name = call.operation.as_deref().unwrap_or("Sign-in or connection");
    let took = call
        .millis
        .map_or_else(String::new, |millis| format!(" · {millis} ms"));
    let (came, tone) = match &call.problem {
        Some(code) => (code.as_str(), Tone::Bad),
        None => ("answered", Tone::Plain),
    };
    TimelineLine {
        what: format!("{name}: {came}{took}"),
        tone,
        request_id: call.request_id.clone(),
        ..line
    }
}

fn of_check(line: TimelineLine, check: &Check, words: &Formatter) -> TimelineLine {
    let ended = ended(check.outcome.as_ref());
    let (what, tone) = match &check.outcome {
        Some(Outcome::Failed { problem, .. }) => {
            let names = check.names(Some(words.utc_offset()));
            let names = names.telling_addresses(words.tells_addresses);
            (
                format!("Failed: {}", advice(problem, &names).title),
                Tone::Bad,
            )
        }
        Some(Outcome::Connected { .. } | Outcome::AccountSaved { .. }) => {
            (format!("Test {ended}"), Tone::Good)
        }
        Some(Outcome::Cancelled) | None => (format!("Test {ended}"), Tone::Plain),
    };
    TimelineLine {
        what,
        tone,
        link: Some(format!("/profile/exchange/checks/{}", check.id)),
        ..line
    }
}

fn of_state(line: TimelineLine, change: &StateChange) -> TimelineLine {
    let title = change
        .cause
        .as_deref()
        .and_then(|code| explained(code, &Names::default()))
        .map_or_else(String::new, |told| format!(": {}", told.title));
    TimelineLine {
        what: format!("{}{title}", StateView::Is(change.state).label()),
        tone: match change.state {
            ConnectionState::Connected => Tone::Good,
            ConnectionState::Delayed | ConnectionState::Paused => Tone::Waiting,
            ConnectionState::ActionNeeded => Tone::Bad,
        },
        ..line
    }
}

fn of_audit(line: TimelineLine, entry: &audit::AuditLine) -> TimelineLine {
    let who = entry.who.as_deref().unwrap_or("Kalends");
    let did = match AuditAction::from_name(&entry.action) {
        Some(action) => action.words(),
        None => &entry.action,
    };
    TimelineLine {
        what: format!("{who} {did}"),
        ..line
    }
}

#[component]
pub fn Timeline(lines: Vec<TimelineLine>) -> impl IntoView {
    if lines.is_empty() {
        return view! { <p class="empty">"Nothing has happened yet. The first sync begins within a minute."</p> }.into_any();
    }
    view! {
        <ol class="timeline">
            {lines
                .into_iter()
                .map(|line| {
                    let class = match line.tone {
                        Tone::Plain => "timeline-line",
                        Tone::Good => "timeline-line timeline-good",
                        Tone::Waiting => "timeline-line timeline-waiting",
                        Tone::Bad => "timeline-line timeline-bad",
                    };
                    view! {
                        <li class=class>
                            <span class="timeline-at"><When moment=line.at /></span>
                            <span class="timeline-kind">{line.kind}</span>
                            <span class="timeline-what">
                                {match line.link {
                                    Some(link) => view! { <a href=link>{line.what}</a> }.into_any(),
                                    None => line.what.into_any(),
                                }}
                                {line.request_id.map(|id| view! { <code class="timeline-id">{id}</code> })}
                            </span>
                        </li>
                    }
                })
                .collect_view()}
        </ol>
    }
    .into_any()
}
