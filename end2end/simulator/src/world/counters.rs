//! What happened since the start, for tests to read.
//! Numbers only grow; there is no way to set one back.

use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
pub struct Counters {
    refused: u64,
    accepted: u64,
    bad_bindings: u64,
    unfinished: u64,
    anonymous: u64,
    unknown_names: u64,
    requests: BTreeMap<String, BTreeMap<String, u64>>,
    last: BTreeMap<(String, String), String>,
    autodiscover: u64,
    plain: u64,
    plain_passwords: u64,
    faults: u64,
    recent_input: Vec<u8>,
}

/// How many of the latest bytes from the wire are kept.
const MAX_RECENT_INPUT_BYTES: usize = 32 * 1024;

impl Counters {
    pub(super) fn sign_in(&mut self, accepted: bool, known: bool) {
        if accepted {
            self.accepted += 1;
        } else {
            self.refused += 1;
        }
        if !known {
            self.unknown_names += 1;
        }
    }

    pub(crate) fn anonymous_request(&mut self) {
        self.anonymous += 1;
    }

    /// A sign-in counted as accepted turns out to belong to another connection.
    pub(crate) fn bad_binding(&mut self) {
        self.bad_bindings += 1;
        self.accepted -= 1;
        self.refused += 1;
    }

    /// A sign-in counted as accepted turns out to be incomplete within SPNEGO.
    pub(crate) fn unfinished(&mut self) {
        self.unfinished += 1;
        self.accepted -= 1;
        self.refused += 1;
    }

    pub(crate) fn operation(&mut self, mailbox: &str, operation: &str) {
        *self
            .requests
            .entry(mailbox.to_owned())
            .or_default()
            .entry(operation.to_owned())
            .or_default() += 1;
    }

    pub(crate) fn keep_request(&mut self, mailbox: &str, operation: &str, text: &str) {
        let key = (mailbox.to_owned(), operation.to_owned());
        self.last.insert(key, text.to_owned());
    }

    pub(crate) fn autodiscover_answer(&mut self) {
        self.autodiscover += 1;
    }

    pub(crate) fn plain(&mut self, has_authorization: bool) {
        self.plain += 1;
        self.plain_passwords += u64::from(has_authorization);
    }

    pub(crate) fn record_input(&mut self, bytes: &[u8]) {
        self.recent_input.extend_from_slice(bytes);
        let over = self
            .recent_input
            .len()
            .saturating_sub(MAX_RECENT_INPUT_BYTES);
        self.recent_input.drain(..over);
    }

    pub(crate) fn fault(&mut self) {
        self.faults += 1;
    }

    /// Refused sign-ins of all accounts, unknown names included.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Sign-ins with the right password that belong to another connection: refused, and no wrong password.
    pub fn bad_bindings(&self) -> u64 {
        self.bad_bindings
    }

    /// Sign-ins with the right password within SPNEGO that was not completed: refused, and no wrong password.
    pub fn unfinished_sign_ins(&self) -> u64 {
        self.unfinished
    }

    /// Requests without credentials.
    pub fn anonymous(&self) -> u64 {
        self.anonymous
    }

    /// Refused sign-ins under names that no account has.
    pub fn unknown_names(&self) -> u64 {
        self.unknown_names
    }

    /// Autodiscover requests that got past the sign-in.
    pub fn autodiscover(&self) -> u64 {
        self.autodiscover
    }

    /// Requests over plain http.
    pub fn plain_requests(&self) -> u64 {
        self.plain
    }

    /// Those of them that carried credentials, which none should.
    pub fn plain_passwords(&self) -> u64 {
        self.plain_passwords
    }

    /// Planned faults that took effect.
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// The latest bytes that came over TLS, the only place that keeps the case of header names.
    pub fn recent_input(&self) -> String {
        String::from_utf8_lossy(&self.recent_input).into_owned()
    }

    /// Requests that reached an operation, by mailbox and operation.
    pub fn requests(&self) -> &BTreeMap<String, BTreeMap<String, u64>> {
        &self.requests
    }

    /// The last request for `operation` in `mailbox`, as it came.
    pub fn last_request(&self, mailbox: &str, operation: &str) -> Option<&str> {
        let key = (mailbox.to_owned(), operation.to_owned());
        self.last.get(&key).map(String::as_str)
    }

    /// How often `operation` was called for `mailbox`.
    pub fn calls(&self, mailbox: &str, operation: &str) -> u64 {
        self.requests
            .get(mailbox)
            .and_then(|operations| operations.get(operation))
            .copied()
            .unwrap_or(0)
    }
}
