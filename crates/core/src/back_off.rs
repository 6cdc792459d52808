//! How long a busy Exchange asks to be left alone, by `BackOffMilliseconds` or `Retry-After`. The value may be 0, a
//! millisecond, nonsense or missing; clients that take it by the word keep the server busy.

use crate::problem::MIN_PAUSE_MILLIS;
use std::time::Duration;

/// Where no usable value is given, and as other clients do: one minute.
pub const DEFAULT_MILLIS: u64 = 60_000;
/// No server may send us away for longer: one hour.
pub const MAX_MILLIS: u64 = 3_600_000;

/// The wait for a `BackOffMilliseconds` as sent, else for the seconds of a `Retry-After`.
pub fn wait_millis(sent: Option<&str>, retry_after: Option<u64>) -> u64 {
    match sent.and_then(|text| text.trim().parse::<u64>().ok()) {
        None | Some(0) => retry_after.map_or(DEFAULT_MILLIS, millis_of),
        Some(millis) => millis.clamp(MIN_PAUSE_MILLIS, MAX_MILLIS),
    }
}

/// How long a server is left alone that asked for it so many times in a row: as long as it asks, and no less than what
/// doubles with each time, up to half an hour.
pub fn pause(asked: Duration, times: u32) -> Duration {
    const MAX_OWN_PAUSE: Duration = Duration::from_mins(30);
    let grown = Duration::from_millis(MIN_PAUSE_MILLIS)
        .saturating_mul(1 << times.saturating_sub(1).min(16));
    asked
        .min(Duration::from_millis(MAX_MILLIS))
        .max(grown.min(MAX_OWN_PAUSE))
}

/// The wait for the seconds of a `Retry-After`.
pub fn millis_of(seconds: u64) -> u64 {
    seconds
        .saturating_mul(1000)
        .clamp(MIN_PAUSE_MILLIS, MAX_MILLIS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_as_long_as_asked_and_grows_where_that_is_too_short() {
        let seconds = |asked, times| pause(Duration::from_millis(asked), times).as_secs();
        assert_eq!(
            [1, 2, 3, 4].map(|times| seconds(1, times)),
            [10, 20, 40, 80]
        );
        assert_eq!(
            [1, 2, 9, u32::MAX].map(|times| seconds(300_000, times)),
            [300, 300, 1800, 1800]
        );
        assert_eq!([0, 1, 20].map(|times| seconds(u64::MAX, times)), [3600; 3]);
    }

    #[test]
    fn zero_and_nothing_mean_a_minute_and_nothing_is_shorter_than_the_floor() {
        for (sent, retry_after, expected) in [
            (None, None, DEFAULT_MILLIS),
            (Some("0"), None, DEFAULT_MILLIS),
            (Some("-1"), None, DEFAULT_MILLIS),
            (Some("soon"), None, DEFAULT_MILLIS),
            (Some("1"), None, MIN_PAUSE_MILLIS),
            (Some("297749"), None, 297_749),
            (Some("18446744073709551615"), None, MAX_MILLIS),
            (None, Some(0), MIN_PAUSE_MILLIS),
            (Some("0"), Some(120), 120_000),
            (Some("30000"), Some(120), 30_000),
            (None, Some(u64::MAX), MAX_MILLIS),
        ] {
            assert_eq!(
                wait_millis(sent, retry_after),
                expected,
                "{sent:?} {retry_after:?}"
            );
        }
    }
}
