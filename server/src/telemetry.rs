//! Logs to standard error: one line an event, JSON where `KALENDS_LOG_FORMAT=json`.

use crate::{log_filter, setting_error::SettingError};
use std::io::IsTerminal as _;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// What libraries say too loudly, unless whoever runs Kalends asks for that library.
const QUIET: [(&str, &str); 2] = [
    // A cookie of a session that has ended is ordinary life, and told as suspicious.
    ("tower_sessions", "tower_sessions_core::session=error"),
    kalends_store::database::QUIET,
];

/// Starts logging. Fails when the filter cannot be read.
pub fn start(wanted: &str) -> Result<(), SettingError> {
    log_filter::check(wanted).map_err(|words| SettingError::new("KALENDS_LOG", wanted, words))?;
    let mut filter = EnvFilter::try_new(wanted).map_err(|error| {
        SettingError::new(
            "KALENDS_LOG",
            wanted,
            format!("{error}. Use a filter such as info or kalends=debug"),
        )
    })?;
    for (library, quiet) in QUIET {
        if let (false, Ok(quiet)) = (wanted.contains(library), quiet.parse()) {
            filter = filter.add_directive(quiet);
        }
    }
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(has_colours());
    match std::env::var("KALENDS_LOG_FORMAT").as_deref() {
        Ok("json") => {
            let lines = lines.with_ansi(false).json();
            registry.with(lines.flatten_event(true)).init();
        }
        Ok("text" | "") | Err(_) => registry.with(lines).init(),
        Ok(other) => {
            return Err(SettingError::new(
                "KALENDS_LOG_FORMAT",
                other,
                "use text or json",
            ));
        }
    }
    Ok(())
}

/// Colours are for people at a terminal that has them, who did not turn them off (<https://no-color.org>): files, pipes
/// and the journal get plain lines.
fn has_colours() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stderr().is_terminal() && !is_set("NO_COLOR") && !is_dumb
}
