//! Words for entries that Exchange itself cannot read, with the times at which they lie.

use super::{
    names::Names,
    powershell::quote_or,
    wording::{AdviceBuilder, shown, words},
};
use crate::{calendar::Window, clock::Timestamp, problem::Problem};

/// The words for a problem, if this file has them.
pub(super) fn words_of(problem: &Problem, names: &Names) -> Option<AdviceBuilder> {
    Some(match problem {
        Problem::EntryDamaged {
            response_code,
            periods,
        } => entry(response_code, periods, names),
        _ => return None,
    })
}

/// One example or more of each problem above.
pub(super) fn examples() -> Vec<Problem> {
    let damaged = |response_code: &str, periods| Problem::EntryDamaged {
        response_code: response_code.to_owned(),
        periods,
    };
    let period = Window {
        start: Timestamp::from_seconds(1_772_544_600),
        end: Timestamp::from_seconds(1_772_548_200),
    };
    vec![
        damaged("ErrorCorruptData", vec![]),
        damaged("ErrorItemCorrupt", vec![period]),
    ]
}

fn entry(response_code: &str, periods: &[Window], names: &Names) -> AdviceBuilder {
    let at = |at: Timestamp| match names.utc_offset {
        Some(offset) => at.time_in_words_at(offset),
        None => at.time_in_words(),
    };
    let times: Vec<String> = periods
        .iter()
        .map(|period| format!("{} to {}", at(period.start), at(period.end)))
        .collect();
    let (place, look) = if times.is_empty() {
        (
            String::new(),
            "Open the calendar in Outlook and look for an entry that cannot be opened or shows an odd date; delete it and make it anew.".to_owned(),
        )
    } else {
        let times = times.join("; ");
        (
            format!(
                " It lies within, or reaches into: {times}. Everything else is read; what was read there before stays as it was."
            ),
            format!(
                "Open the calendar in Outlook at {times} and look for an entry that cannot be opened or shows an odd date, a series among them; delete it and make it anew."
            ),
        )
    };
    words(
        "An entry of the calendar is damaged.",
        format!(
            "Exchange answered {}: it cannot read an entry itself, often one that another program wrote or moved here.{place}",
            shown(response_code)
        ),
    )
    .step(look)
    .step("Ask the Exchange administrator to repair the mailbox (New-MailboxRepairRequest), if none is found; the command shows its calendars.")
    .find_out(format!(
        "Get-MailboxFolderStatistics {} -FolderScope Calendar | Format-Table Name,ItemsInFolder",
        quote_or(&names.mailbox, "MAILBOX")
    ))
}
