//! `xs:dateTime` as Exchange writes it: with `Z`, with an offset, or without a zone, which then means UTC.

use jiff::{civil, tz::TimeZone};
use kalends_core::clock::Timestamp;

/// An instant; `None` if the text is no dateTime.
pub fn instant(text: &str) -> Option<Timestamp> {
    // A bare date is none, though the parser would take it.
    let text = text.trim();
    text.find('T')?;
    let at = text
        .parse::<jiff::Timestamp>()
        .ok()
        .or_else(|| {
            let civil = text.parse::<civil::DateTime>().ok()?;
            TimeZone::UTC.to_timestamp(civil).ok()
        })
        .or_else(|| last_instant(text))?;
    Some(Timestamp::from_millis(at.as_millisecond()))
}

/// The very last hours of the year 9999, which some write for "without end", lie beyond what an instant can hold in every
/// zone: the last one that can be held stands for them.
fn last_instant(text: &str) -> Option<jiff::Timestamp> {
    let zone = text
        .get(19..)?
        .trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let is_zone = zone.is_empty() || zone == "Z" || zone.starts_with(['+', '-']);
    let is_last = wall_clock(text).is_some_and(|at| at.date() >= civil::date(9999, 12, 30));
    (is_zone && is_last).then_some(jiff::Timestamp::MAX)
}

/// What stands on the clock on the wall: date and time without whatever zone may follow.
pub fn wall_clock(text: &str) -> Option<civil::DateTime> {
    text.trim().get(..19)?.parse().ok()
}

/// The day count of the calendar: days since 1970-01-01.
pub fn day_number(date: civil::Date) -> i32 {
    let since = date.duration_since(civil::date(1970, 1, 1));
    i32::try_from(since.as_hours().div_euclid(24)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_spellings_of_an_instant() {
        let expected = Some(Timestamp::from_seconds(1_772_442_000));
        for text in [
            "2026-03-02T09:00:00Z",
            "2026-03-02T10:00:00+01:00",
            "2026-03-02T09:00:00",
            " 2026-03-02T09:00:00.000Z ",
        ] {
            assert_eq!(instant(text), expected, "{text}");
        }
        for text in ["", "2026-03-02", "soon", "2026-13-02T09:00:00Z"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn the_last_hours_there_are_stand_for_without_end() {
        let last = jiff::Timestamp::MAX.as_millisecond();
        for text in [
            "9999-12-31T23:59:59",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59.9999999Z",
            "9999-12-31T00:00:00+01:00",
        ] {
            assert_eq!(instant(text), Some(Timestamp::from_millis(last)), "{text}");
        }
        for text in ["9999-12-31T23:59:59 soon", "9999-12-32T00:00:00Z"] {
            assert_eq!(instant(text), None, "{text}");
        }
        assert_ne!(
            instant("9998-12-31T23:59:59Z"),
            Some(Timestamp::from_millis(last))
        );
    }

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(day_number(civil::date(1970, 1, 2)), 1);
        assert_eq!(day_number(civil::date(1969, 12, 31)), -1);
        assert_eq!(day_number(civil::date(2026, 6, 9)), 20_613);
    }
}
