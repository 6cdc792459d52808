//! What commands print, and what they leave behind when they end.

use kalends::accounts::custody::Custody;
use kalends_core::account_name::for_terminal;
use std::io::Write as _;

/// Lets the vault remember the end of the trail behind what the command did.
pub async fn remember_end(custody: &Custody) {
    if let Err(error) = custody.remember_trail().await {
        tracing::error!(%error, "the end of the audit trail could not be remembered");
    }
}

/// A line on standard output; whoever reads it may have gone.
pub fn say(words: std::fmt::Arguments<'_>) {
    let words = for_terminal(&words.to_string());
    let _ = writeln!(std::io::stdout(), "{words}");
}
