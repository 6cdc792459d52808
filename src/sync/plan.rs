//! When the next sync run is due, and in which state a connection waits for it.

use kalends_core::{
    back_off::MAX_MILLIS,
    calendar::Window,
    clock::Timestamp,
    connection::ConnectionState,
    problem::{Problem, Retry},
    random::Random,
};
use std::time::Duration;

/// What is read: from 30 days back to a year ahead.
const WINDOW_PAST: Duration = Duration::from_hours(720);
const WINDOW_FUTURE: Duration = Duration::from_hours(8760);
/// Between two sync runs that went well.
const SYNC_INTERVAL: Duration = Duration::from_mins(5);
/// A sync run that has waited so long for its turn is late: three of the pauses between two sync runs.
pub const OVERDUE: Duration = Duration::from_mins(15);
/// Between two looks at something that somebody must mend elsewhere.
const RETRY_INTERVAL: Duration = Duration::from_mins(15);
/// Trouble that passes is never left alone for longer, unless the server asks for it.
const MAX_INTERVAL: Duration = Duration::from_mins(30);

/// Between two sign-ins of an account whose password was answered by a page: it may have been refused, and this seldom
/// locks no account.
pub const IN_DOUBT: Duration = Duration::from_mins(30);

/// The time that a sync run reads: whole days in UTC, so that it moves once a day and not with every sync run.
pub fn window(now: Timestamp) -> Window {
    const DAY: i64 = 24 * 3600 * 1000;
    let today = Timestamp::from_millis(now.millis().div_euclid(DAY) * DAY);
    Window {
        start: today - WINDOW_PAST,
        end: today + WINDOW_FUTURE,
    }
}

/// After a sync run that reached the end: five minutes, give or take thirty seconds, so that sync runs do not bunch.
pub fn after_success(now: Timestamp, random: &Random) -> Timestamp {
    now + SYNC_INTERVAL - Duration::from_secs(30) + Duration::from_millis(random.below(60_000))
}

/// After a failed sync run: the state to show, and when to look again, if at all.
///
/// Sign-in problems are not planned here: the refusal rule plans them for the whole account.
pub fn after_failure(
    problem: &Problem,
    now: Timestamp,
    random: &Random,
) -> (ConnectionState, Option<Timestamp>) {
    let jitter = |of: Duration| {
        Duration::from_millis(random.below(u64::try_from(of.as_millis() / 5).unwrap_or(0)))
    };
    let due = match problem.retry() {
        Retry::Never => None,
        Retry::WhenChanged => Some(now + RETRY_INTERVAL),
        Retry::After(wait) => {
            let wait = match problem.asked_pause() {
                Some(pause) => pause.min(Duration::from_millis(MAX_MILLIS)),
                None => wait.min(MAX_INTERVAL),
            };
            Some(now + wait + jitter(wait))
        }
    };
    (ConnectionState::after(problem), due)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_delayed_and_what_needs_somebody_is_looked_at_every_quarter_of_an_hour() {
        let (now, random) = (Timestamp::from_seconds(0), Random::seeded(1));
        let wait = |problem: &Problem| after_failure(problem, now, &random);
        let (state, due) = wait(&Problem::Throttled {
            wait_millis: 60_000,
        });
        assert_eq!(state, ConnectionState::Delayed);
        let due = due.expect("planned").since(now);
        assert!(due >= Duration::from_mins(1) && due < Duration::from_secs(72));
        let waiting = (
            ConnectionState::ActionNeeded,
            Some(now + Duration::from_mins(15)),
        );
        assert_eq!(wait(&Problem::ImpersonationDenied), waiting);
        assert_eq!(
            wait(&Problem::PasswordRefused {
                taken_before: false,
                proxy: None,
                changed: None
            }),
            (ConnectionState::ActionNeeded, None)
        );
        let long = Problem::Throttled {
            wait_millis: 10_000_000_000,
        };
        assert!(wait(&long).1.expect("planned").since(now) <= Duration::from_mins(72));
    }

    #[test]
    fn steady_sync_runs_are_five_minutes_apart_and_do_not_bunch() {
        let (now, random) = (Timestamp::from_seconds(0), Random::seeded(1));
        let gaps: Vec<u64> = (0..50)
            .map(|_| after_success(now, &random).since(now).as_secs())
            .collect();
        assert!(gaps.iter().all(|gap| (270..330).contains(gap)));
        assert!(gaps.iter().max() > gaps.iter().min());
    }
}
