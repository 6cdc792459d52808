//! Windows time-zone ids and the IANA zones they stand for.
//! Only zones that the practice calendars and their tests use are listed; a zone without a Windows id is sent as a custom one.

use jiff::tz::TimeZone;

/// (Windows id, IANA id, display name as Exchange sends it)
const ZONES: &[(&str, &str, &str)] = &[
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
    let (_, iana, _) = ZONES.iter().find(|zone| zone.0 == id)?;
    by_iana(iana)
}

/// Windows id and display name of an IANA zone.
pub fn windows_name(iana: &str) -> (&'static str, &'static str) {
    ZONES.iter().find(|zone| zone.1 == iana).map_or(
        ("tzone://Microsoft/Custom", "Customized Time Zone"),
        |zone| (zone.0, zone.2),
    )
}
