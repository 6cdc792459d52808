//! Who signs in, and with what.

use kalends_core::account_name::{AccountName, Password};

/// An account and its password.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// As the server knows it: UPN, `DOMAIN\\user` or a plain name.
    pub account: AccountName,
    /// Shown by no debug output, and wiped when dropped.
    pub password: Password,
}
