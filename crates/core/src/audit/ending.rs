//! Lines of the trail that took something away: what a restore of the main database brings back.

use super::action::{AuditAction, AuditLine};
use crate::clock::Timestamp;
use serde::{Deserialize, Serialize};

/// A line that took something away, as the vault remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Its place in the trail.
    pub seq: i64,
    /// The hash of the line: another one in its place is not it.
    pub hash: String,
    pub at: Timestamp,
    /// The address of who did it; `None` for Kalends itself.
    pub who: Option<String>,
    /// The name of the [`AuditAction`].
    pub action: String,
    pub subject: String,
}

impl Ending {
    /// `None` for a line that took nothing away.
    pub fn of(line: &AuditLine) -> Option<Self> {
        let action = AuditAction::from_name(&line.action)?;
        action.takes_away().then(|| Self {
            seq: line.seq,
            hash: line.hash.clone(),
            at: line.at,
            who: line.who.clone(),
            action: line.action.clone(),
            subject: line.subject.clone(),
        })
    }
}

impl AuditAction {
    /// Whether somebody relies on it staying done: a connection, a right, a way in or a copy was taken away.
    pub const fn takes_away(self) -> bool {
        matches!(
            self,
            Self::RoleChanged
                | Self::PersonDisabled
                | Self::SignedOutEverywhere
                | Self::DeviceSignedOut
                | Self::SecondFactorOn
                | Self::SecondFactorReset
                | Self::PasswordChanged
                | Self::LinkUsed
                | Self::RecoveryCodeUsed
                | Self::Disconnected
                | Self::ConnectionPaused
                | Self::PolicyChanged
                | Self::PrivacyChanged
                | Self::DataPurged
                | Self::AccountChanged
                | Self::PasswordDropped
                | Self::PasswordSwitched
                | Self::AccountPaused
                | Self::AccountEnded
                | Self::EverythingPaused
                | Self::RequestRefused
                | Self::ApprovalRevoked
                | Self::AddressTakenBack
                | Self::WebhookRemoved
        )
    }
}
