//! Windows time-zone ids and the IANA zones they stand for.
//! Requests may name any of them; an entry in a zone without a common name is sent with the id of a custom definition.

mod cldr;

use cldr::WINDOWS_ZONES;
use jiff::tz::TimeZone;

/// (Windows id, IANA id, display name as Exchange sends it)
const COMMON_ZONES: &[(&str, &str, &str)] = &[
    (
        "W. Europe Standard Time",
        "Europe/Berlin",
        "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna",
    ),
    (
        "Romance Standard Time",
        "Europe/Paris",
        "(UTC+01:00) Brussels, Copenhagen, Madrid, Paris",
    ),
    (
        "GMT Standard Time",
        "Europe/London",
        "(UTC+00:00) Dublin, Edinburgh, Lisbon, London",
    ),
    (
        "Eastern Standard Time",
        "America/New_York",
        "(UTC-05:00) Eastern Time (US & Canada)",
    ),
    (
        "Pacific Standard Time",
        "America/Los_Angeles",
        "(UTC-08:00) Pacific Time (US & Canada)",
    ),
    (
        "Tokyo Standard Time",
        "Asia/Tokyo",
        "(UTC+09:00) Osaka, Sapporo, Tokyo",
    ),
    (
        "India Standard Time",
        "Asia/Kolkata",
        "(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi",
    ),
    (
        "AUS Eastern Standard Time",
        "Australia/Sydney",
        "(UTC+10:00) Canberra, Melbourne, Sydney",
    ),
    (
        "W. Europe Standard Time",
        "Europe/Vienna",
        "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna",
    ),
    (
        "W. Europe Standard Time",
        "Europe/Zurich",
        "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna",
    ),
    (
        "Central European Standard Time",
        "Europe/Warsaw",
        "(UTC+01:00) Sarajevo, Skopje, Warsaw, Zagreb",
    ),
    (
        "Central Europe Standard Time",
        "Europe/Budapest",
        "(UTC+01:00) Belgrade, Bratislava, Budapest, Ljubljana, Prague",
    ),
    (
        "FLE Standard Time",
        "Europe/Kyiv",
        "(UTC+02:00) Helsinki, Kyiv, Riga, Sofia, Tallinn, Vilnius",
    ),
    (
        "Turkey Standard Time",
        "Europe/Istanbul",
        "(UTC+03:00) Istanbul",
    ),
    (
        "Arabian Standard Time",
        "Asia/Dubai",
        "(UTC+04:00) Abu Dhabi, Muscat",
    ),
    (
        "China Standard Time",
        "Asia/Shanghai",
        "(UTC+08:00) Beijing, Chongqing, Hong Kong, Urumqi",
    ),
    (
        "Singapore Standard Time",
        "Asia/Singapore",
        "(UTC+08:00) Kuala Lumpur, Singapore",
    ),
    (
        "Central Standard Time",
        "America/Chicago",
        "(UTC-06:00) Central Time (US & Canada)",
    ),
    (
        "Mountain Standard Time",
        "America/Denver",
        "(UTC-07:00) Mountain Time (US & Canada)",
    ),
    (
        "E. South America Standard Time",
        "America/Sao_Paulo",
        "(UTC-03:00) Brasilia",
    ),
    (
        "New Zealand Standard Time",
        "Pacific/Auckland",
        "(UTC+12:00) Auckland, Wellington",
    ),
    ("UTC", "UTC", "(UTC) Coordinated Universal Time"),
    (
        "tzone://Microsoft/Utc",
        "UTC",
        "(UTC) Coordinated Universal Time",
    ),
];

/// The zone of an IANA id; `None` if there is no such zone.
pub fn by_iana(id: &str) -> Option<TimeZone> {
    if id == "UTC" {
        return Some(TimeZone::UTC);
    }
    TimeZone::get(id).ok()
}

/// The zone of a Windows id, as `TimeZoneContext` names it.
pub fn by_windows(id: &str) -> Option<TimeZone> {
    let common = COMMON_ZONES
        .iter()
        .map(|(windows, iana, _)| (*windows, *iana));
    let (_, iana) = common
        .chain(WINDOWS_ZONES.iter().copied())
        .find(|it| it.0 == id)?;
    by_iana(iana)
}

/// Windows id and display name of an IANA zone.
pub fn windows_name(iana: &str) -> (&'static str, &'static str) {
    COMMON_ZONES.iter().find(|zone| zone.1 == iana).map_or(
        ("tzone://Microsoft/Custom", "Customized Time Zone"),
        |zone| (zone.0, zone.2),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_zone_exists_and_a_windows_id_means_its_first_entry() {
        for (windows, iana, _) in COMMON_ZONES {
            assert!(by_iana(iana).is_some(), "{iana}");
            assert!(by_windows(windows).is_some(), "{windows}");
        }
        for (windows, iana) in WINDOWS_ZONES {
            assert!(by_iana(iana).is_some(), "{iana}");
            assert!(by_windows(windows).is_some(), "{windows}");
        }
        assert!(WINDOWS_ZONES.len() > 130, "{}", WINDOWS_ZONES.len());
        assert_eq!(by_windows("Nowhere Standard Time"), None);
        assert_eq!(
            by_windows("W. Europe Standard Time"),
            by_iana("Europe/Berlin")
        );
        assert_eq!(windows_name("Europe/Vienna").0, "W. Europe Standard Time");
        assert_eq!(windows_name("Asia/Kathmandu").0, "tzone://Microsoft/Custom");
    }
}
