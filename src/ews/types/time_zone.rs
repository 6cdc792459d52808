//! From Exchange's zone ids to IANA zones, by the mapping of the Unicode CLDR. Ids that no list knows, such as
//! "Customized Time Zone", give `None`.

use jiff::tz::TimeZone;
use windows_timezones::WindowsTimezone;

/// The zone with a Windows id, an IANA name, or Exchange's own spelling of UTC.
pub fn zone(id: &str) -> Option<TimeZone> {
    let id = id.trim();
    if id.eq_ignore_ascii_case("tzone://Microsoft/Utc") {
        return Some(TimeZone::UTC);
    }
    let name = id.parse::<WindowsTimezone>().map(WindowsTimezone::tzdb_id);
    TimeZone::get(name.unwrap_or(id)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_ids_and_iana_names_are_found() {
        let name = |id| zone(id).and_then(|zone| zone.iana_name().map(str::to_owned));
        assert_eq!(
            name("W. Europe Standard Time").as_deref(),
            Some("Europe/Berlin")
        );
        assert_eq!(
            name("Eastern Standard Time").as_deref(),
            Some("America/New_York")
        );
        assert_eq!(name("Europe/Vienna").as_deref(), Some("Europe/Vienna"));
        assert_eq!(zone("tzone://Microsoft/Utc"), Some(TimeZone::UTC));
        for unknown in [
            "",
            "Customized Time Zone",
            "tzone://Microsoft/Custom",
            "../etc/passwd",
        ] {
            assert_eq!(name(unknown), None, "{unknown}");
        }
    }
}
