//! What a connection is doing, and when it has done nothing for too long.

use super::limits::ConnectionLimits;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// Shared by a connection's stream, its requests and whoever watches it.
#[derive(Debug)]
pub struct Activity {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// Requests whose answer has not been handed on whole.
    requests: usize,
    had_a_request: bool,
    is_http2: bool,
    /// When something moved last.
    moved: Instant,
    /// When the first byte of a later header came.
    header: Option<Instant>,
}

/// A request under way; its end is the end of its answer.
#[derive(Debug)]
pub struct UnderWay(Arc<Activity>);

impl Activity {
    pub fn begun(now: Instant) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                requests: 0,
                had_a_request: false,
                is_http2: false,
                moved: now,
                header: None,
            }),
            changed: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The header of a request is complete.
    pub fn request(self: &Arc<Self>, is_http2: bool) -> UnderWay {
        let mut state = self.state();
        state.requests += 1;
        state.had_a_request = true;
        state.is_http2 = is_http2;
        state.header = None;
        state.moved = Instant::now();
        drop(state);
        self.changed.notify_one();
        UnderWay(Arc::clone(self))
    }

    /// A piece of a body came or went.
    pub fn moved(&self) {
        self.state().moved = Instant::now();
    }

    /// Bytes came. Between requests of HTTP/1 they begin a header; HTTP/2 has words of its own in between.
    pub fn received(&self) {
        let mut state = self.state();
        let begins =
            state.requests == 0 && state.had_a_request && !state.is_http2 && state.header.is_none();
        if begins {
            state.header = Some(Instant::now());
            drop(state);
            self.changed.notify_one();
        }
    }

    /// When the connection has waited too long, as things stand.
    fn deadline(&self, limits: &ConnectionLimits) -> Instant {
        let state = self.state();
        if state.requests > 0 {
            return state.moved + limits.stalled;
        }
        if !state.had_a_request {
            return state.moved + limits.first_header;
        }
        let idle = state.moved + limits.idle;
        state
            .header
            .map_or(idle, |begun| idle.min(begun + limits.header))
    }

    /// Waits until the connection has waited too long.
    pub async fn overdue(&self, limits: &ConnectionLimits) {
        loop {
            let deadline = self.deadline(limits);
            if deadline <= Instant::now() {
                return;
            }
            tokio::select! {
                () = sleep_until(deadline) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Whether the connection may have to make room for another, and before which: those without any request first,
    /// then those between two, then those in which nothing moves; of each the one that waited longest.
    pub fn makes_room(&self, limits: &ConnectionLimits, now: Instant) -> Option<(u8, Instant)> {
        let state = self.state();
        match (state.requests, state.had_a_request) {
            (0, false) => Some((0, state.moved)),
            (0, true) => Some((1, state.moved)),
            _ if now.duration_since(state.moved) >= limits.may_make_room => Some((2, state.moved)),
            _ => None,
        }
    }
}

impl UnderWay {
    pub fn activity(&self) -> &Activity {
        &self.0
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.requests = state.requests.saturating_sub(1);
        state.moved = Instant::now();
        drop(state);
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long after now the connection has waited too long, in whole seconds.
    fn left(activity: &Activity, limits: &ConnectionLimits) -> u64 {
        let left = activity.deadline(limits).duration_since(Instant::now());
        (left + std::time::Duration::from_millis(500)).as_secs()
    }

    #[test]
    fn each_way_of_waiting_has_its_limit() {
        let limits = ConnectionLimits::for_files(1024);
        let activity = Activity::begun(Instant::now());
        assert_eq!(left(&activity, &limits), 10);
        // Bytes of the first header win no time.
        activity.received();
        assert_eq!(left(&activity, &limits), 10);
        let request = activity.request(false);
        assert_eq!(left(&activity, &limits), 120);
        drop(request);
        assert_eq!(left(&activity, &limits), 75);
        activity.received();
        assert_eq!(left(&activity, &limits), 10);
        drop(activity.request(true));
        // HTTP/2 talks between requests as well.
        activity.received();
        assert_eq!(left(&activity, &limits), 75);
    }
}
