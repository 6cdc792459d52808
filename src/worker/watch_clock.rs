//! A clock that was set, or stands behind what was seen last, is told, and what was planned by the wrong time is cut.

use super::clock_watch::{MAX_DRIFT_MILLIS, Moved};
use crate::services::{Services, instance};
use kalends_store::{ClockJump, StoreError};
use std::time::Duration;

/// Stored instants are looked through this often.
const CUT_EVERY: Duration = Duration::from_mins(1);

/// Looks at the clock, tells where it was set, and cuts what was planned by a clock that ran ahead.
pub async fn watch_clock(services: &Services) -> Result<(), StoreError> {
    check(services).await.map(drop)
}

/// Whether something may be forgotten because of its age.
pub async fn may_forget_by_age(services: &Services) -> Result<bool, StoreError> {
    check(services).await
}

async fn check(services: &Services) -> Result<bool, StoreError> {
    let Services { store, clock, .. } = services;
    let mut watch = services.clock_watch.0.lock().await;
    let (others, line) = match watch.last {
        Some(_) => (None, None),
        None => (
            store.last_heartbeat_of_others(&services.instance).await?,
            store.latest_line_at().await?,
        ),
    };
    let is_first = watch.last.is_none();
    let (now, passed) = (clock.now(), clock.passed());
    let Moved { set_by, unseen } = watch.moved(now, passed, others);
    if unseen > MAX_DRIFT_MILLIS {
        let unseen = Duration::from_millis(unseen.unsigned_abs());
        store.keep_places_over(unseen, now).await?;
    }
    let is_set = set_by.abs() > MAX_DRIFT_MILLIS;
    if is_first {
        let seen = others.max(line).unwrap_or(now);
        watch.falls_behind(seen.millis().saturating_sub(now.millis()).max(0), passed);
    } else if is_set {
        watch.falls_behind(-set_by, passed);
    }
    let is_in_doubt = watch.is_in_doubt(passed);
    if is_set {
        let jump = ClockJump {
            instance: instance::name(),
            seconds: set_by / 1000,
            at: now,
        };
        tracing::warn!(
            seconds = jump.seconds,
            to = now.time_in_words(),
            "the clock of this machine jumped; check at its time service"
        );
        store.note_clock_jump(&jump).await?;
    }
    let cut_at = watch.cut_at.filter(|_| !is_set);
    if cut_at.is_none_or(|at| passed.saturating_sub(at) >= CUT_EVERY) {
        let cut = store.cut_future(now, is_in_doubt).await?;
        watch.cut_at = Some(passed);
        if cut > 0 {
            tracing::warn!(
                cut,
                "stored times lay in the future and were cut: a clock had run ahead"
            );
        }
    }
    Ok(passed >= watch.doubted_until)
}
