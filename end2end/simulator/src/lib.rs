//! A practice Exchange: a strict, independent peer of on-premises Exchange Web Services for tests and first steps.
//! It shares no code with the product, so that a misunderstanding cannot hide on both sides.
//!
//! It serves TLS on loopback under a certificate authority of its own ([`tls`]), answers EWS at `/EWS/Exchange.asmx`
//! and Autodiscover at `/autodiscover/autodiscover.xml` (plain XML) and `.svc` (SOAP). Plain http on the same port
//! redirects Autodiscover, if told to. Its people and
//! calendars are a [`world::World`]; [`world::practice`] makes the one of the practice start.
//!
//! # Control endpoint
//! Plain HTTP and JSON on a second loopback address. Path parts are percent-encoded; `{name}` is a principal name
//! or `DOMAIN\user`, `{address}` a primary SMTP address, `{id}` the item id of a stored entry (not of an occurrence).
//! Changes answer 204, or 201 with JSON where noted; unknown things 404, doubles 409, bad JSON
//! 400 or 422.
//!
//! | request | JSON | effect |
//! |---|---|---|
//! | `GET /state` | | sign-ins refused and accepted (all, and by account), requests by mailbox and operation, faults, accounts, mailboxes |
//! | `GET /mailboxes/{address}/view?start=…&end=…` | | what a calendar view of these UTC instants must hold ([`world::view::ExpectedItem`]), by start, then id |
//! | `POST /accounts/{name}/password` | `{"password"}` | |
//! | `POST /accounts/{name}/role` | `{"granted"}` | grants or takes `ApplicationImpersonation` |
//! | `POST /accounts/{name}/unlock` | | lifts the lock, keeps the totals |
//! | `POST /accounts/{name}/disabled` | `{"disabled"}` | a disabled account is refused |
//! | `POST /scope` | `{"include"?, "exclude"?}` | management scope: lists of primary addresses; no `include` means all |
//! | `POST /mailboxes/{address}` | `{"name"?, "principal_name"?, "moved_to"?, "ews_url"?}` | 201 `{"address", "sid"}` |
//! | `DELETE /mailboxes/{address}` | | |
//! | `POST /mailboxes/{address}/server` | `{"ews_url"}` | the mailbox is served by that host alone; empty: as before |
//! | `POST /mailboxes/{address}/alias` | `{"alias"}` | a further proxy address |
//! | `POST /mailboxes/{address}/entries` | [`world::entry::EntryDraft`] | 201 `{"id"}` |
//! | `PUT`, `DELETE /mailboxes/{address}/entries/{id}` | [`world::entry::EntryDraft`] | the id stays, the change key changes |
//! | `POST /fault` | [`fault::Plan`] | `{"kind", …, "times"?, "after"?, "only_mailbox"?, "only_path"?, "only_host"?}` |
//! | `GET`, `DELETE /fault` | | lists or clears what is planned |
//! | `POST /auth-offer` | `{"basic", "ntlm", "negotiate", "kerberos_only"?, "bearer"?}` | what a 401 offers, and so takes |
//! | `POST /settings` | `{"accept_alias_as_primary"?, "ews_url"?, "find_limit"?, "total_items_in_view"?, "includes_last_item"? (each `"truth"`, `"nothing"`, `{"always": …}`), "product"?, "lock_out_threshold"?, "lock_out_window_minutes"?, "default_domain"?, "extended_protection"? (`none`, `allow`, `require`), "close_after_challenge"?, "tls_proxy"?, "http_redirect"?, "autodiscover_url"?, "pox"?, "soap_autodiscover"?}` | what is absent stays |
//! | `POST /clock` | `{"now"}` | holds the clock at an instant |
//!
//! # Kinds of faults
//! TLS: `no-tls`, `certificate-expired`, `certificate-not-yet-valid`, `certificate-wrong-name`,
//! `certificate-unknown-issuer`, `certificate-self-signed`, `certificate-own-authority`; they meet new connections only.
//! In front: `unavailable` (`retry_after`?), `server-error`, `login-page`, `web-host`, `owa-redirect`, `adfs-redirect`,
//! `not-found`, `forbidden`, `login-timeout`, `unauthorized`, `redirect` (`to`), `proxy` (`status`, `server`?, `via`?),
//! `retry-later` (`status`, `retry_after`), and behind the sign-in `cas-error` (`status`, `code`).
//! Inside: `throttled` (`back_off`?), `soap-fault` (`code`, `message`?, `shape`? of `full`, `empty-detail`, `bare`,
//! `http200`), `response-code` (`code`, `message`?), `detailed-fault` (`code`, `values`, `nested`?), `detailed-message`
//! (`code`, `message`?, `values`, `nested`?), `old-schema` (`code`, `newest`, `as_fault`?), `refused-property` (`code`,
//! `property`), `autodiscover-error` (`code`).
//! On the way back: `slow` (`milliseconds`), `slow-drip` (`bytes`, `milliseconds`), `reset-mid-body`,
//! `reset-before-answer`, `truncated` (`framing`? of `chunked`, `content-length`), `garbled`, `oversized` (`bytes`),
//! `bom`, `preceded` (`text`), `utf16` (`big_endian`, `mark`), `content-type` (`content_type`), `encoded` (`encoding` of `gzip`, `zlib`, `deflate`,
//! `gzip-gzip`, `untold-gzip`, `only-said-gzip`, `torn-gzip`, `bomb`, `unknown`), `prefix-shuffle`, `exchange-online`.

mod answer_faults;
mod auth;
mod autodiscover;
mod body_encoding;
pub mod clock;
mod connection_auth;
mod control;
mod ews;
pub mod fault;
mod http_response;
mod ntlm;
mod operation;
mod request_handler;
mod server;
mod shared_state;
mod simulator;
mod soap;
mod spnego;
pub mod tls;
pub mod world;

pub use clock::SimulatedClock;
pub use simulator::{Options, RunningSimulator, Simulator, StartError};
pub use world::World;
