//! Numbers for whoever watches Kalends: what this process did since it started, and what the main database holds.
//!
//! No label names a person, a mailbox, an account or a host: operations, codes and states are the only ones, and each
//! has a bounded set of values.

use crate::worker::Heartbeats;
use kalends_core::clock::Clock;
use kalends_exchange::observer::CallObserver;
use kalends_store::{Store, StoreError};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};
use std::{sync::Arc, time::Duration};

/// Seconds; a call takes a minute at most.
const BUCKETS: [f64; 11] = [0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    operation: &'static str,
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WorkerLoop {
    worker: &'static str,
}

fn durations() -> Histogram {
    Histogram::new(BUCKETS)
}

/// What left for Exchange, counted where it leaves.
#[derive(Debug, Clone)]
pub struct Calls {
    seconds: Family<Call, Histogram, fn() -> Histogram>,
    refused: Counter,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            seconds: Family::new_with_constructor(durations),
            refused: Counter::default(),
        }
    }
}

impl CallObserver for Calls {
    fn call_ended(&self, operation: &'static str, code: &str, took: Duration) {
        let code = code.to_owned();
        let call = Call { operation, code };
        self.seconds
            .get_or_create(&call)
            .observe(took.as_secs_f64());
    }

    fn sign_in_refused(&self) {
        self.refused.inc();
    }
}

/// How a try to sign in to Kalends ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInOutcome {
    SignedIn,
    WrongPassword,
    WrongCode,
    TooManyTries,
}

impl SignInOutcome {
    const ALL: [Self; 4] = [
        Self::SignedIn,
        Self::WrongPassword,
        Self::WrongCode,
        Self::TooManyTries,
    ];

    const fn code(self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in",
            Self::WrongPassword => "wrong-password",
            Self::WrongCode => "wrong-code",
            Self::TooManyTries => "too-many-tries",
        }
    }
}

/// Everything that is counted. Clones share it.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    calls: Calls,
    sync_runs: Family<Outcome, Counter>,
    sign_ins: Family<Outcome, Counter>,
    connections: Family<State, Gauge>,
    notices: Family<State, Gauge>,
    silences: Family<WorkerLoop, Gauge>,
    people: Gauge,
    second_factors: Gauge,
    sessions: Gauge,
    event_streams: Gauge,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    pub fn new(clock: &Clock) -> Self {
        let calls = Calls::default();
        let mut registry = Registry::with_prefix("kalends");
        let inner = Inner {
            sync_runs: Family::default(),
            sign_ins: Family::default(),
            connections: Family::default(),
            notices: Family::default(),
            silences: Family::default(),
            people: Gauge::default(),
            second_factors: Gauge::default(),
            sessions: Gauge::default(),
            event_streams: Gauge::default(),
            registry: Registry::default(),
            calls,
        };
        // A counter that is there from the start shows its first step.
        for outcome in SignInOutcome::ALL {
            let outcome = outcome.code();
            drop(inner.sign_ins.get_or_create(&Outcome { outcome }));
        }
        let started: Gauge = Gauge::default();
        started.set(clock.now().millis() / 1000);
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The running version", build);
        registry.register(
            "started_at_seconds",
            "When this process started (unix time)",
            started,
        );
        registry.register(
            "exchange_call_seconds",
            "Calls to Exchange of this process, by operation and response code or cause",
            inner.calls.seconds.clone(),
        );
        registry.register(
            "exchange_sign_ins_refused",
            "Passwords that an Exchange refused to this process",
            inner.calls.refused.clone(),
        );
        registry.register(
            "sync_runs",
            "Syncs of this process: success, or the code of the problem",
            inner.sync_runs.clone(),
        );
        registry.register(
            "sign_ins",
            "Tries of people to sign in to this process",
            inner.sign_ins.clone(),
        );
        registry.register(
            "connections",
            "Connections in the database, by state",
            inner.connections.clone(),
        );
        registry.register(
            "notices",
            "Notices in the database that were not taken: waiting for another try, or given up (failed)",
            inner.notices.clone(),
        );
        registry.register(
            "worker_heartbeat_age_seconds",
            "How long ago each loop of this process was last heard of",
            inner.silences.clone(),
        );
        registry.register("people", "People in the database", inner.people.clone());
        registry.register(
            "second_factors",
            "People with a second factor",
            inner.second_factors.clone(),
        );
        registry.register(
            "sessions",
            "Signed-in sessions in the database",
            inner.sessions.clone(),
        );
        registry.register(
            "event_streams",
            "Open pages that this process tells of changes",
            inner.event_streams.clone(),
        );
        Self(Arc::new(Inner { registry, ..inner }))
    }

    /// Counts calls to Exchange.
    pub fn calls(&self) -> Arc<dyn CallObserver> {
        Arc::new(self.0.calls.clone())
    }

    /// A sync run ended: `None` for success.
    pub fn run_ended(&self, problem: Option<&'static str>) {
        let outcome = problem.unwrap_or("success");
        self.0.sync_runs.get_or_create(&Outcome { outcome }).inc();
    }

    /// Somebody tried to sign in to Kalends.
    pub fn sign_in(&self, outcome: SignInOutcome) {
        let outcome = outcome.code();
        self.0.sign_ins.get_or_create(&Outcome { outcome }).inc();
    }

    /// An open page begins to be told of changes.
    pub fn event_stream_began(&self) {
        self.0.event_streams.inc();
    }

    pub fn event_stream_ended(&self) {
        self.0.event_streams.dec();
    }

    /// All of it as `OpenMetrics` text, the counts of the database read anew.
    pub async fn as_text(
        &self,
        store: &Store,
        heartbeats: &Heartbeats,
        clock: &Clock,
    ) -> Result<String, StoreError> {
        for (which, silence) in heartbeats.silences(clock) {
            let worker = which.name();
            let gauge = self.0.silences.get_or_create(&WorkerLoop { worker });
            gauge.set(i64::try_from(silence.as_secs()).unwrap_or(i64::MAX));
        }
        let counted = store.counted(clock.now()).await?;
        self.0.people.set(counted.people);
        self.0.second_factors.set(counted.second_factors);
        self.0.sessions.set(counted.sessions);
        for (state, connections) in counted.connections {
            let state = state.code();
            let gauge = self.0.connections.get_or_create(&State { state });
            gauge.set(connections);
        }
        for (state, notices) in [
            ("waiting", counted.notices_waiting),
            ("failed", counted.notices_failed),
        ] {
            self.0.notices.get_or_create(&State { state }).set(notices);
        }
        let mut text = String::new();
        // Writing to a text does not fail.
        let _ = encode(&mut text, &self.0.registry);
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_by_operation_and_code_with_their_durations() {
        let clock = Clock::held(kalends_core::clock::Timestamp::from_seconds(1_772_438_400));
        let metrics = Metrics::new(&clock);
        let calls = metrics.calls();
        for millis in [10, 300] {
            let took = Duration::from_millis(millis);
            calls.call_ended("FindItem", "NoError", took);
        }
        calls.sign_in_refused();
        metrics.run_ended(None);
        metrics.run_ended(Some("throttled"));
        metrics.sign_in(SignInOutcome::WrongCode);
        let mut text = String::new();
        encode(&mut text, &metrics.0.registry).unwrap();
        for line in [
            "kalends_exchange_call_seconds_count{operation=\"FindItem\",code=\"NoError\"} 2",
            "kalends_exchange_call_seconds_bucket{le=\"0.025\",operation=\"FindItem\",code=\"NoError\"} 1",
            "kalends_exchange_sign_ins_refused_total 1",
            "kalends_sync_runs_total{outcome=\"success\"} 1",
            "kalends_sync_runs_total{outcome=\"throttled\"} 1",
            "kalends_sign_ins_total{outcome=\"wrong-code\"} 1",
            "kalends_sign_ins_total{outcome=\"signed-in\"} 0",
            "kalends_started_at_seconds 1772438400",
            concat!(
                "kalends_build_info{version=\"",
                env!("CARGO_PKG_VERSION"),
                "\"} 1"
            ),
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
