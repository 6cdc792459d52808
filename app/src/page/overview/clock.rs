//! What an administrator reads of a clock that was found set.

use crate::moment::Formatter;
use kalends_store::ClockJump;
use std::time::Duration;

/// One jump in words.
pub fn told(jump: &ClockJump, words: &Formatter) -> String {
    let direction = if jump.seconds < 0 { "back" } else { "ahead" };
    let at = words.moment(jump.at).exact;
    format!(
        "The clock of {} was set {direction} by {} ({at}). Planned times were put right, and nothing is forgotten for its age \
         until the clock has gone on by itself for a day. Look at the time service of that machine, such as with: timedatectl",
        jump.instance,
        amount(jump.seconds.unsigned_abs()),
    )
}

/// A clock that stands behind what was seen last.
pub fn behind(by: Duration) -> String {
    format!(
        "The clock is {} behind what was seen last. Nothing that people see is changed for it, and no entry is removed, until it \
         is put right or has gone on by itself for a day. Look at the time service of this machine, such as with: timedatectl",
        amount(by.as_secs()),
    )
}

fn amount(seconds: u64) -> String {
    let (number, unit) = match seconds {
        0..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_told_in_one_unit() {
        let told = [61, 7_199, 7_200, 172_799, 172_800, 40 * 86_400].map(amount);
        assert_eq!(
            told,
            [
                "1 minute",
                "119 minutes",
                "2 hours",
                "47 hours",
                "2 days",
                "40 days"
            ]
        );
    }
}
