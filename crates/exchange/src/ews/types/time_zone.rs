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
    let name = windows_zone(id).map(WindowsTimezone::tzdb_id);
    TimeZone::get(name.unwrap_or(id)).ok()
}

/// Windows looks its ids up without regard to case.
fn windows_zone(id: &str) -> Option<WindowsTimezone> {
    let spelled = |is_short_upper: bool| {
        let words = id.split(' ').map(|word| spelled(word, is_short_upper));
        words.collect::<Vec<_>>().join(" ")
    };
    [id.to_owned(), spelled(false), spelled(true)]
        .iter()
        .find_map(|id| id.parse().ok())
}

/// A word with capitals where the ids have them; short ones stand for something in some ids, such as SA and FLE.
fn spelled(word: &str, is_short_upper: bool) -> String {
    let lower = word.to_ascii_lowercase();
    let letters = lower.chars().filter(char::is_ascii_alphabetic).count();
    if lower.starts_with("utc") || (is_short_upper && letters <= 3) {
        return lower.to_ascii_uppercase();
    }
    let mut begins = true;
    let letter = |c: char| {
        let is_first = std::mem::replace(&mut begins, !c.is_ascii_alphabetic() && c != '.');
        if is_first { c.to_ascii_uppercase() } else { c }
    };
    lower.chars().map(letter).collect()
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
        for (id, found) in [
            ("w. europe standard time", "Europe/Berlin"),
            ("W. EUROPE STANDARD TIME", "Europe/Berlin"),
            ("fle standard time", "Europe/Kiev"),
            ("sa pacific standard time", "America/Bogota"),
            ("aus eastern standard time", "Australia/Sydney"),
            ("aus central w. standard time", "Australia/Eucla"),
            ("central standard time (mexico)", "America/Mexico_City"),
            ("utc-11", "Etc/GMT+11"),
        ] {
            assert_eq!(name(id).as_deref(), Some(found), "{id}");
        }
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
