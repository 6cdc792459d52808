//! Which mailboxes the organisation's rules let people connect, and in which way.

use crate::{
    connection::Mode,
    policy::{PersonalMode, Policy, TypedPasswords},
};

/// What the rules say of one way to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Nobody connects this way.
    Never,
    /// A mailbox that is not the person's own needs an administrator's approval.
    OwnOrApproved,
    /// Any mailbox that Exchange opens.
    AnyMailbox,
}

impl Permission {
    pub const fn of(policy: &Policy, mode: Mode) -> Self {
        match (mode, policy.personal, policy.typed) {
            (Mode::Personal, PersonalMode::Off, _)
            | (Mode::ServiceAccount, _, TypedPasswords::Off) => Self::Never,
            (Mode::Organisation, ..) | (Mode::ServiceAccount, _, TypedPasswords::OwnAddress) => {
                Self::OwnOrApproved
            }
            // With an account of their own, people's rights in Exchange say what they may open.
            (Mode::Personal, ..) | (Mode::ServiceAccount, _, TypedPasswords::AnyMailbox) => {
                Self::AnyMailbox
            }
        }
    }
}
