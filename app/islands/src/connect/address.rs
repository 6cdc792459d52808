//! Where the forms go: the server's functions stand at these addresses.

pub const CONNECT: &str = "/api/connect";
pub const CONNECT_MINE: &str = "/api/connect_mine";
pub const CANCEL_CHECK: &str = "/api/cancel_check";
/// The pages of checks, each under its id.
pub const CHECKS: &str = "/profile/exchange/checks";
