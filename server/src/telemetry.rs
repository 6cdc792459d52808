//! Logs to standard error: one line an event, JSON where `KALENDS_LOG_FORMAT=json`.

use crate::settings::SettingError;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging. Fails when the filter cannot be read.
pub fn start(filter: &str) -> Result<(), SettingError> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        SettingError::new(
            "KALENDS_LOG",
            filter,
            format!("{error}. Use a filter such as info or kalends=debug"),
        )
    })?;
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match std::env::var("KALENDS_LOG_FORMAT").as_deref() {
        Ok("json") => registry.with(lines.json().flatten_event(true)).init(),
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
