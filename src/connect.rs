//! Connecting a calendar: the test comes first, step by step, and only what passed it is kept.

pub mod ladder;
