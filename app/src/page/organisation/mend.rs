//! What a failed test suggests, put into a kept form of an account.

use crate::{
    draft::FormDraft,
    page::{
        check::Fix,
        connect::{allow_basic, confirm},
    },
};

/// Mends a kept account form as a failed test suggests.
pub fn mend(draft: &mut FormDraft, fix: Fix) {
    let (field, value) = match fix {
        Fix::Mailbox(address) => ("control", address),
        Fix::Endpoint(endpoint) => ("endpoint", endpoint),
        Fix::Confirm(host) => return confirm(draft, &host),
        Fix::Basic => return allow_basic(draft),
        Fix::KeepTrying | Fix::Through(_) | Fix::Ask(_) => return,
    };
    draft.values.insert(field.to_owned(), value);
}
