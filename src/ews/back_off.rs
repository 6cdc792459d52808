//! How long a busy Exchange asks to be left alone. The value comes as `BackOffMilliseconds`, may be 0 and may be
//! missing; clients that take 0 by the word keep the server busy.

/// Where no usable value is given, and as other clients do: one minute.
pub const DEFAULT_MILLIS: u64 = 60_000;
/// No server may send us away for longer: one hour.
pub const MAX_MILLIS: u64 = 3_600_000;

/// The wait for a `BackOffMilliseconds` as sent.
pub fn wait_millis(sent: Option<&str>) -> u64 {
    match sent.and_then(|text| text.trim().parse::<u64>().ok()) {
        None | Some(0) => DEFAULT_MILLIS,
        Some(millis) => millis.min(MAX_MILLIS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_nothing_mean_a_minute() {
        assert_eq!(wait_millis(None), 60_000);
        assert_eq!(wait_millis(Some("0")), 60_000);
        assert_eq!(wait_millis(Some("soon")), 60_000);
        assert_eq!(wait_millis(Some("297749")), 297_749);
        assert_eq!(wait_millis(Some("18446744073709551615")), MAX_MILLIS);
    }
}
