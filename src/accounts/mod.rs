//! Accounts on Exchange hosts: custody of their passwords, what may be done with them, and the rule for refused ones.

pub mod custody;
pub mod organisation;
pub mod permission;
pub mod refusals;
