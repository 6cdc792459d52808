//! The pages over HTTP as a browser without script sees them: the real program on a free port, in a folder of its own.
//! Fields, buttons and messages are found as people find them: by labels, names and roles.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "pages/access.rs"]
mod access;
#[path = "pages/browser.rs"]
mod browser;
#[path = "pages/bulk.rs"]
mod bulk;
#[path = "pages/calendar.rs"]
mod calendar;
#[path = "pages/check_exchange.rs"]
mod check_exchange;
#[path = "pages/commands.rs"]
mod commands;
#[path = "pages/connect.rs"]
mod connect;
#[path = "pages/databases.rs"]
mod databases;
#[path = "pages/decision.rs"]
mod decision;
#[path = "pages/devices.rs"]
mod devices;
#[path = "pages/downloads.rs"]
mod downloads;
#[path = "pages/empty.rs"]
mod empty;
#[path = "pages/flood.rs"]
mod flood;
#[path = "pages/forms.rs"]
mod forms;
#[path = "pages/health.rs"]
mod health;
#[path = "pages/help.rs"]
mod help;
#[path = "pages/hostile.rs"]
mod hostile;
#[path = "pages/limits.rs"]
mod limits;
#[path = "../../tests/support/mail_server.rs"]
mod mail_server;
#[path = "pages/misplaced.rs"]
mod misplaced;
#[path = "pages/notices.rs"]
mod notices;
#[path = "pages/once_more.rs"]
mod once_more;
#[path = "pages/outage.rs"]
mod outage;
#[path = "pages/page.rs"]
mod page;
#[path = "pages/pairing.rs"]
mod pairing;
#[path = "pages/parallel_checks.rs"]
mod parallel_checks;
#[path = "pages/pauses.rs"]
mod pauses;
#[path = "pages/people.rs"]
mod people;
#[path = "pages/program.rs"]
mod program;
#[path = "pages/replace.rs"]
mod replace;
#[path = "pages/resolved.rs"]
mod resolved;
#[path = "pages/second_factor.rs"]
mod second_factor;
#[path = "pages/security.rs"]
mod security;
#[path = "pages/settings.rs"]
mod settings;
#[path = "pages/setup.rs"]
mod setup;
#[path = "pages/sign_in.rs"]
mod sign_in;
#[path = "pages/strangers.rs"]
mod strangers;
#[path = "pages/stream.rs"]
mod stream;
#[path = "pages/terminal.rs"]
mod terminal;
#[path = "pages/terms.rs"]
mod terms;
#[path = "pages/tls.rs"]
mod tls;
#[path = "pages/vouching.rs"]
mod vouching;
