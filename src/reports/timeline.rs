//! What happened to one connection, in one line of time: sync runs, calls, checks, changes of state, and who did what.

use kalends_core::{
    audit::{self, AuditAction},
    check::{Check, Outcome},
    clock::Timestamp,
    connection::Connection,
};
use kalends_store::{CallLine, StateChange, Store, StoreError, SyncRun};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineEntry {
    pub at: Timestamp,
    pub what: TimelineEvent,
}

#[derive(Debug, Clone, PartialEq)]
pub enum TimelineEvent {
    /// A sync run that changed something or failed.
    SyncRun(SyncRun),
    Call(CallLine),
    Check(Box<Check>),
    State(StateChange),
    /// Somebody did something, or Kalends opened the password.
    Audit(audit::AuditLine),
}

/// The last `limit` happenings, newest first.
pub async fn timeline(
    store: &Store,
    connection: &Connection,
    limit: usize,
) -> Result<Vec<TimelineEntry>, StoreError> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut all = Vec::new();
    for run in store.last_runs(connection.id, most).await? {
        all.push(TimelineEntry {
            at: run.ended_at(),
            what: TimelineEvent::SyncRun(run),
        });
    }
    for call in store.last_calls(connection.id, most).await? {
        // Nothing was sent: the sync run says it all.
        if call.operation.is_none() && call.request_id.is_none() {
            continue;
        }
        all.push(TimelineEntry {
            at: call.at,
            what: TimelineEvent::Call(call),
        });
    }
    for check in store.last_checks(connection.user_id, 20).await? {
        all.push(TimelineEntry {
            at: check.started_at,
            what: TimelineEvent::Check(Box::new(check)),
        });
    }
    for change in store.state_changes(connection.id, most).await? {
        all.push(TimelineEntry {
            at: change.at,
            what: TimelineEvent::State(change),
        });
    }
    let mailbox = connection.mailbox.to_string();
    let through = format!("{mailbox} through {}", connection.account);
    for line in store.lines_about(&[&mailbox, &through], most).await? {
        // A check stands here itself.
        if AuditAction::from_name(&line.action) == Some(AuditAction::CheckStarted) {
            continue;
        }
        all.push(TimelineEntry {
            at: line.at,
            what: TimelineEvent::Audit(line),
        });
    }
    // What belongs together came in the order of the kinds: a sync run, then its calls.
    all.sort_by_key(|happened| std::cmp::Reverse(happened.at));
    all.truncate(limit);
    Ok(all)
}

/// How a check ended, in one word.
pub const fn ended(outcome: Option<&Outcome>) -> &'static str {
    match outcome {
        None => "running",
        Some(Outcome::Connected { .. } | Outcome::AccountSaved { .. }) => "passed",
        Some(Outcome::Failed { .. }) => "failed",
        Some(Outcome::Cancelled) => "cancelled",
    }
}
