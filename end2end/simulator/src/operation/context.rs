//! Whose data an operation works on, and in which world.
//! The caller has been signed in and may impersonate the mailbox.

use crate::world::{World, mailbox::Mailbox};

/// Whose data an operation works on.
#[derive(Clone, Copy, Debug)]
pub struct OperationContext<'a> {
    pub world: &'a World,
    /// The impersonated mailbox, else the caller's own, if it has one.
    pub mailbox: Option<&'a Mailbox>,
}
