//! The commands around the role `ApplicationImpersonation`: grant it, show that it works, take it away.

use super::powershell::{quote, quote_or};

/// The name under which the grant stands in the directory.
const GRANT: &str = "Kalends impersonation";
/// The name of the scope that narrows it.
const SCOPE: &str = "Kalends mailboxes";
const COLUMNS: &str = "Format-Table Name,EffectiveUserName,CustomRecipientWriteScope";

/// Grants the role for every mailbox.
pub(super) fn grant(account: &str) -> String {
    format!(
        "New-ManagementRoleAssignment -Name {} -Role ApplicationImpersonation -User {}",
        quote(GRANT),
        quote_or(account, "ACCOUNT")
    )
}

/// Makes a scope of the direct members of one group; the group's distinguished name is asked of the directory.
pub(super) fn scope() -> String {
    format!(
        "New-ManagementScope -Name {} -RecipientRestrictionFilter \"MemberOfGroup -eq '$((Get-Group 'GROUP').DistinguishedName)'\"",
        quote(SCOPE)
    )
}

/// Grants the role for the mailboxes of the scope.
pub(super) fn grant_scoped(account: &str) -> String {
    format!(
        "{} -CustomRecipientWriteScope {}",
        grant(account),
        quote(SCOPE)
    )
}

/// Lists the mailboxes of the scope.
pub(super) fn scope_members() -> String {
    format!(
        "Get-Recipient -RecipientPreviewFilter (Get-ManagementScope {}).RecipientFilter",
        quote(SCOPE)
    )
}

/// Puts a mailbox into the group of a scope.
pub(super) fn add_to_group(mailbox: &str) -> String {
    format!(
        "Add-DistributionGroupMember GROUP -Member {}",
        quote_or(mailbox, "MAILBOX")
    )
}

/// Takes it out again.
pub(super) fn remove_from_group(mailbox: &str) -> String {
    format!(
        "Remove-DistributionGroupMember GROUP -Member {}",
        quote_or(mailbox, "MAILBOX")
    )
}

/// Lists who may act for a mailbox.
pub(super) fn who_may_act_for(mailbox: &str) -> String {
    format!(
        "Get-ManagementRoleAssignment -Role ApplicationImpersonation -WritableRecipient {} -GetEffectiveUsers | {COLUMNS}",
        quote_or(mailbox, "MAILBOX")
    )
}

/// Lists everybody who holds the role, with its scope.
pub(super) fn holders() -> String {
    format!(
        "Get-ManagementRoleAssignment -Role ApplicationImpersonation -GetEffectiveUsers | {COLUMNS}"
    )
}

/// Takes the role away again.
pub(super) fn revoke() -> String {
    format!("Remove-ManagementRoleAssignment {}", quote(GRANT))
}

/// Removes the scope, once no grant uses it.
pub(super) fn remove_scope() -> String {
    format!("Remove-ManagementScope {}", quote(SCOPE))
}
