//! The practice Exchange as a client meets it: over TLS, byte by byte.
//! The client is written by hand, so that broken answers can be looked at.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "exchange/accounts.rs"]
mod accounts;
#[path = "exchange/autodiscover.rs"]
mod autodiscover;
#[path = "exchange/calendar.rs"]
mod calendar;
#[path = "exchange/checks.rs"]
mod checks;
#[path = "exchange/client.rs"]
mod client;
#[path = "exchange/control.rs"]
mod control;
#[path = "exchange/faults.rs"]
mod faults;
#[path = "exchange/items.rs"]
mod items;
#[path = "exchange/paging.rs"]
mod paging;
#[path = "exchange/schema.rs"]
mod schema;
