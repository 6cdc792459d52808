//! Reads calendars from on-premises Exchange Server through Exchange Web Services.

pub mod auth;
pub mod autodiscover;
pub mod diagnose;
pub mod ews;
pub mod observer;
pub mod outbound;
pub mod untrusted;
