//! What can be done that the trail holds, and its lines.

use crate::{account_name::in_one_line, clock::Timestamp, id::UserId};
use serde::{Deserialize, Serialize};

/// What was done. The serialised name is what the trail holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::VariantArray)]
#[serde(rename_all = "kebab-case")]
pub enum AuditAction {
    UserCreated,
    PersonInvited,
    LinkMade,
    LinkUsed,
    RoleChanged,
    PersonDisabled,
    PersonEnabled,
    SignedIn,
    SignInRefused,
    SignedOutEverywhere,
    /// One device, or all but the one at hand.
    DeviceSignedOut,
    SecondFactorOn,
    SecondFactorOff,
    /// Turned off by whoever runs Kalends.
    SecondFactorReset,
    /// The password was right, the code of the second factor was not.
    CodeRefused,
    RecoveryCodeUsed,
    PasswordChanged,
    CheckStarted,
    Connected,
    Disconnected,
    /// A sealed password was opened.
    SecretOpened,
    SyncRequested,
    RebuildRequested,
    ConnectionPaused,
    ConnectionResumed,
    /// An Exchange was looked at closely, with a typed password.
    ExchangeChecked,
    PolicyChanged,
    PrivacyChanged,
    DataExported,
    DataPurged,
    AccountAdded,
    AccountChanged,
    /// The second slot was filled, emptied, or took the place of the first.
    PasswordTested,
    PasswordDropped,
    PasswordSwitched,
    AccountHeld,
    AccountReleased,
    AccountPaused,
    AccountResumed,
    AccountEnded,
    EverythingPaused,
    EverythingResumed,
    MailboxRequested,
    RequestWithdrawn,
    RequestApproved,
    RequestRefused,
    ApprovalRevoked,
    AddressVerified,
    AddressTakenBack,
    MailboxScopeChecked,
    MailboxesChosen,
    JobCancelled,
    JobRetried,
    ImportStarted,
    WebhookAdded,
    WebhookRemoved,
    /// Everything that is sealed was sealed anew with the newest key.
    VaultRotated,
    /// Somebody said that this main database and this vault belong together.
    VaultAdopted,
    /// Rows of the vault that nothing pointed to were deleted.
    VaultPruned,
    /// An administrator went through what a restore may have brought back.
    EndingsReviewed,
}

/// What a line is about, for filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditCategory {
    People,
    Connections,
    Accounts,
    Requests,
    Policy,
    Passwords,
}

impl AuditAction {
    pub const fn kind(self) -> AuditCategory {
        match self {
            Self::UserCreated
            | Self::PersonInvited
            | Self::ImportStarted
            | Self::LinkMade
            | Self::LinkUsed
            | Self::RoleChanged
            | Self::PersonDisabled
            | Self::PersonEnabled
            | Self::SignedIn
            | Self::SignInRefused
            | Self::SignedOutEverywhere
            | Self::DeviceSignedOut
            | Self::SecondFactorOn
            | Self::SecondFactorOff
            | Self::SecondFactorReset
            | Self::CodeRefused
            | Self::RecoveryCodeUsed
            | Self::PasswordChanged => AuditCategory::People,
            Self::CheckStarted
            | Self::Connected
            | Self::Disconnected
            | Self::SyncRequested
            | Self::RebuildRequested
            | Self::ConnectionPaused
            | Self::ConnectionResumed
            | Self::ExchangeChecked
            | Self::MailboxScopeChecked
            | Self::MailboxesChosen
            | Self::JobCancelled
            | Self::JobRetried => AuditCategory::Connections,
            Self::AccountAdded
            | Self::AccountChanged
            | Self::PasswordTested
            | Self::PasswordDropped
            | Self::PasswordSwitched
            | Self::AccountHeld
            | Self::AccountReleased
            | Self::AccountPaused
            | Self::AccountResumed
            | Self::AccountEnded
            | Self::EverythingPaused
            | Self::EverythingResumed => AuditCategory::Accounts,
            Self::MailboxRequested
            | Self::RequestWithdrawn
            | Self::RequestApproved
            | Self::RequestRefused
            | Self::ApprovalRevoked
            | Self::AddressVerified
            | Self::AddressTakenBack => AuditCategory::Requests,
            Self::PolicyChanged
            | Self::PrivacyChanged
            | Self::DataExported
            | Self::DataPurged
            | Self::WebhookAdded
            | Self::WebhookRemoved => AuditCategory::Policy,
            Self::SecretOpened
            | Self::VaultRotated
            | Self::VaultAdopted
            | Self::VaultPruned
            | Self::EndingsReviewed => AuditCategory::Passwords,
        }
    }

    /// By the name in the trail; `None` for one of another version.
    pub fn from_name(name: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
    }

    /// What was done, to stand behind who did it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::WebhookAdded => "added a webhook",
            Self::WebhookRemoved => "removed a webhook",
            Self::UserCreated => "added a person",
            Self::PersonInvited => "invited a person",
            Self::LinkMade => "made a link to set a password",
            Self::LinkUsed => "set a password by a link",
            Self::RoleChanged => "changed a role",
            Self::PersonDisabled => "disabled a person",
            Self::PersonEnabled => "enabled a person",
            Self::SignedIn => "signed in",
            Self::SignInRefused => "refused a sign-in",
            Self::SignedOutEverywhere => "signed out everywhere",
            Self::DeviceSignedOut => "signed out a device",
            Self::SecondFactorOn => "turned a second factor on",
            Self::SecondFactorOff => "turned a second factor off",
            Self::SecondFactorReset => "reset a second factor",
            Self::CodeRefused => "was refused for a wrong code",
            Self::RecoveryCodeUsed => "used a recovery code",
            Self::PasswordChanged => "changed a password",
            Self::CheckStarted => "tested a connection",
            Self::Connected => "connected a calendar",
            Self::Disconnected => "disconnected a calendar",
            Self::SecretOpened => "opened a sealed password",
            Self::SyncRequested => "asked for a sync",
            Self::RebuildRequested => "had a calendar re-read",
            Self::ConnectionPaused => "paused a connection",
            Self::ConnectionResumed => "resumed a connection",
            Self::ExchangeChecked => "checked an Exchange server",
            Self::PolicyChanged => "changed the policy",
            Self::PrivacyChanged => "changed a privacy level",
            Self::DataExported => "downloaded what is stored",
            Self::DataPurged => "deleted what was read",
            Self::AccountAdded => "added a service account",
            Self::AccountChanged => "changed a service account",
            Self::PasswordTested => "tested a new password",
            Self::PasswordDropped => "forgot a tested password",
            Self::PasswordSwitched => "switched to a new password",
            Self::AccountHeld => "held back sign-ins",
            Self::AccountReleased => "let sign-ins go on",
            Self::AccountPaused => "paused a service account",
            Self::AccountResumed => "resumed a service account",
            Self::AccountEnded => "disconnected a service account",
            Self::EverythingPaused => "paused everything",
            Self::EverythingResumed => "resumed everything",
            Self::MailboxRequested => "asked for a mailbox",
            Self::RequestWithdrawn => "withdrew a request",
            Self::RequestApproved => "approved a request",
            Self::RequestRefused => "refused a request",
            Self::ApprovalRevoked => "took an approval back",
            Self::AddressVerified => "verified an address",
            Self::AddressTakenBack => "took an address back",
            Self::MailboxScopeChecked => "mapped mailboxes",
            Self::MailboxesChosen => "chose mailboxes to connect",
            Self::JobCancelled => "ended work in the queue",
            Self::JobRetried => "took up work in the queue again",
            Self::ImportStarted => "began to invite people from a table",
            Self::VaultRotated => "sealed all passwords with the newest key",
            Self::VaultAdopted => "declared main database and vault to belong together",
            Self::VaultPruned => "deleted unclaimed rows of the vault",
            Self::EndingsReviewed => "reviewed what a restore may have brought back",
        }
    }
}

/// A line as it stands in the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Its place, from 1 on without a gap.
    pub seq: i64,
    pub id: String,
    pub at: Timestamp,
    pub actor: Option<String>,
    /// The address of who did it, as it was then; `None`: Kalends itself.
    pub who: Option<String>,
    pub action: String,
    pub subject: String,
    /// Over this line and the hash of the one before.
    pub hash: String,
}

/// Which lines are shown.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// A part of the address of who did it.
    pub who: String,
    /// A part of what it was done to, such as a mailbox.
    pub about: String,
    /// Empty: all.
    pub actions: Vec<AuditAction>,
    pub from: Option<Timestamp>,
    /// Not included.
    pub to: Option<Timestamp>,
}

/// One line to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// `None`: Kalends itself.
    pub actor: Option<UserId>,
    pub action: AuditAction,
    /// What it was done to, such as a mailbox and an account name. Never a secret.
    pub subject: String,
}

impl AuditEntry {
    pub const fn by(actor: UserId, action: AuditAction) -> Self {
        Self {
            actor: Some(actor),
            action,
            subject: String::new(),
        }
    }

    pub const fn by_kalends(action: AuditAction) -> Self {
        Self {
            actor: None,
            action,
            subject: String::new(),
        }
    }

    /// What it is about, in one line and without characters that nobody sees: whoever typed it wrote one line.
    #[must_use]
    pub fn about(mut self, subject: impl AsRef<str>) -> Self {
        self.subject = in_one_line(subject.as_ref());
        self
    }
}
