//! Reads calendars from on-premises Exchange Server through Exchange Web Services, as a service account that impersonates
//! mailbox owners or as the owner of a mailbox.
//!
//! A reading takes four steps: an [`outbound::Outbound`] is the way out, [`ews::Client::open`] connects over it and takes
//! [`auth::Credentials`] and an [`auth::Gate`], [`ews::read_window`] signs in and reads all entries of a window, and
//! [`diagnose::diagnose`] makes a problem with advice of what failed. The example `list_calendar` shows them.
//!
//! ```text
//! autodiscover    finds the endpoint of a mail domain
//!      │
//!     ews         asks for folders and entries of calendars; there is no operation that writes
//!      │
//!     auth        signs in one connection by NTLM, or by Basic where nothing better is offered
//!      │
//!   outbound      resolves, checks every address, connects TCP and TLS, and drives HTTP/1.1 itself
//!
//! diagnose        turns what went wrong into a problem that people can act on
//! observer        is told of every call; counting is its caller's affair
//! untrusted       one door to everything that reads bytes of remote sides, for fuzzing
//! ```
//!
//! Nothing here knows a database, a person or a page. Time, randomness, the way out and whoever counts refused sign-ins
//! are arguments.

#![warn(missing_docs)]

pub mod auth;
pub mod autodiscover;
pub mod diagnose;
pub mod ews;
pub mod observer;
pub mod outbound;
pub mod untrusted;
