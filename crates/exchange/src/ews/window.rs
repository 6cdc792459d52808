//! Reading a whole window: views of at most 90 days, each halved while it holds more than Exchange puts into one
//! answer.

use super::{
    client::Client,
    error::{CallError, EwsError},
    mailbox_access::MailboxAccess,
    operation::find_item::{FindItemResult, ViewCoverage},
    response_code::ResponseCode,
};
use jiff::tz::TimeZone;
use kalends_core::{
    calendar::{Event, Window},
    clock::Timestamp,
    policy::PrivacyLevel,
};
use std::{collections::HashSet, time::Duration};

/// The longest view; Exchange allows two years, but long views are slow and hit the entry limit.
const MAX_VIEW_MILLIS: i64 = 90 * 24 * 3600 * 1000;
/// No view is halved below this: more than 1,000 entries an hour are no calendar.
const MIN_VIEW_MILLIS: i64 = 3600 * 1000;
/// Where an hour is said to hold more than came: so many are a truncated answer, fewer a total that counts something else.
const MIN_TRUNCATED_ENTRIES: usize = 100;
/// A view that took the server too long is not halved below this.
const MIN_SLOW_VIEW_MILLIS: i64 = 24 * 3600 * 1000;
/// So many places with entries that cannot be read are told apart; beyond, the calendar as a whole is damaged.
const MAX_DAMAGED_PERIODS: usize = 10;
/// The most entries of one window.
const MAX_EVENTS: usize = 50_000;

/// What was read of a window.
#[derive(Debug, Default)]
pub struct WindowEvents {
    /// By start; each once.
    pub events: Vec<Event>,
    /// What could not be read.
    pub damaged: Option<DamagedPeriods>,
}

/// Where entries lie that the server itself cannot read.
#[derive(Debug)]
pub struct DamagedPeriods {
    /// What the server said of the first.
    pub error: EwsError,
    /// At most ten, each of an hour or less, by start.
    pub periods: Vec<Window>,
}

/// All entries that overlap the window. Items that cannot be kept are left out. `fallback` is the zone of all-day
/// entries that name none.
///
/// # Errors
///
/// The first call that fails, unless asking for less at a time gets around it. [`CallError::TooLarge`] for more than
/// 50,000 entries, or more in one hour than Exchange puts into an answer.
#[tracing::instrument(name = "ews.read_window", skip_all)]
pub async fn read_window(
    client: &mut Client,
    access: &MailboxAccess,
    window: Window,
    level: PrivacyLevel,
    fallback: &TimeZone,
) -> Result<WindowEvents, EwsError> {
    let mut reader = WindowReader::new(window);
    while let Some(slice) = reader.next_slice()? {
        match client.view(access, slice, level).await {
            Ok(view) => reader.take_view(slice, view, fallback)?,
            Err(error) => reader.take_error(slice, error)?,
        }
    }
    Ok(reader.finish())
}

/// A window that is being read: what is still to be asked for, and what came.
struct WindowReader {
    /// The next slice is the last.
    waiting: Vec<Window>,
    /// No longer view is asked for, in milliseconds.
    max_view: i64,
    /// Totals that views report are those of their entries.
    trusts_totals: bool,
    seen: HashSet<String>,
    events: Vec<Event>,
    damaged: Option<DamagedPeriods>,
}

impl WindowReader {
    fn new(window: Window) -> Self {
        Self {
            waiting: slices(window),
            max_view: MAX_VIEW_MILLIS,
            trusts_totals: true,
            seen: HashSet::new(),
            events: Vec::new(),
            damaged: None,
        }
    }

    fn next_slice(&mut self) -> Result<Option<Window>, EwsError> {
        while let Some(slice) = self.waiting.pop() {
            if length(slice) <= self.max_view {
                return Ok(Some(slice));
            }
            self.halve(slice)?;
        }
        Ok(None)
    }

    fn halve(&mut self, slice: Window) -> Result<(), EwsError> {
        self.waiting.extend(halves(slice)?);
        Ok(())
    }

    /// Keeps the entries of a view that is complete; of any other, both halves are asked for.
    fn take_view(
        &mut self,
        slice: Window,
        view: FindItemResult,
        fallback: &TimeZone,
    ) -> Result<(), EwsError> {
        match view.coverage {
            ViewCoverage::Complete => {}
            ViewCoverage::Doubtful if !self.trusts_totals => {}
            ViewCoverage::Doubtful
                if is_shortest(slice) && view.items.len() < MIN_TRUNCATED_ENTRIES =>
            {
                self.trusts_totals = false;
            }
            ViewCoverage::Doubtful | ViewCoverage::CutOff => return self.halve(slice),
        }
        let items = view.items.into_iter();
        for event in items.filter_map(|item| item.into_event(fallback)) {
            // An entry that lies across a cut comes with both sides.
            if self.seen.insert(event.item_id.clone()) {
                self.events.push(event);
            }
        }
        if self.events.len() > MAX_EVENTS {
            return Err(CallError::TooLarge.into());
        }
        Ok(())
    }

    /// Asks for less at a time where that may help; a shortest slice that the server cannot read is noted.
    fn take_error(&mut self, slice: Window, error: EwsError) -> Result<(), EwsError> {
        let code = error.response_code();
        if code == Some(&ResponseCode::ExceededFindCountLimit) {
            return self.halve(slice);
        }
        if code == Some(&ResponseCode::TimeoutExpired) && length(slice) > MIN_SLOW_VIEW_MILLIS {
            // Other views of this length would take as long.
            self.max_view = (length(slice) / 2 + 1000).max(MIN_SLOW_VIEW_MILLIS);
            self.waiting.push(slice);
            return Ok(());
        }
        if !code.is_some_and(ResponseCode::is_of_one_entry) {
            return Err(error);
        }
        if is_shortest(slice) {
            return self.note_damage(slice, error);
        }
        self.halve(slice)
    }

    fn note_damage(&mut self, slice: Window, error: EwsError) -> Result<(), EwsError> {
        let Some(known) = &mut self.damaged else {
            let periods = vec![slice];
            self.damaged = Some(DamagedPeriods { error, periods });
            return Ok(());
        };
        if known.periods.len() >= MAX_DAMAGED_PERIODS {
            return Err(error);
        }
        known.periods.push(slice);
        Ok(())
    }

    fn finish(mut self) -> WindowEvents {
        self.events
            .sort_by(|a, b| (a.start, &a.item_id).cmp(&(b.start, &b.item_id)));
        WindowEvents {
            events: self.events,
            damaged: self.damaged,
        }
    }
}

const fn length(slice: Window) -> i64 {
    slice.end.millis() - slice.start.millis()
}

/// The window in pieces of at most 90 days, the last one first.
fn slices(window: Window) -> Vec<Window> {
    let mut slices = Vec::new();
    let mut start = window.start;
    while start < window.end {
        let end = (start + Duration::from_millis(MAX_VIEW_MILLIS.unsigned_abs())).min(window.end);
        slices.push(Window { start, end });
        start = end;
    }
    slices.reverse();
    slices
}

fn is_shortest(slice: Window) -> bool {
    length(slice) <= MIN_VIEW_MILLIS
}

fn halves(slice: Window) -> Result<[Window; 2], EwsError> {
    let length = length(slice);
    if is_shortest(slice) {
        return Err(CallError::TooLarge.into());
    }
    // Requests carry whole seconds.
    let middle = Timestamp::from_seconds((slice.start.millis() + length / 2).div_euclid(1000));
    let (start, end) = (slice.start, slice.end);
    Ok([Window { start: middle, end }, Window { start, end: middle }])
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3600;

    fn window(start: i64, end: i64) -> Window {
        Window {
            start: Timestamp::from_seconds(start),
            end: Timestamp::from_seconds(end),
        }
    }

    #[test]
    fn a_long_window_is_cut_into_views_of_90_days() {
        let cut = slices(window(0, 200 * DAY));
        assert_eq!(
            cut,
            [
                window(180 * DAY, 200 * DAY),
                window(90 * DAY, 180 * DAY),
                window(0, 90 * DAY)
            ]
        );
        assert!(slices(window(5, 5)).is_empty());
    }

    #[test]
    fn halving_ends_at_an_hour() {
        let [late, early] = halves(window(0, 2 * DAY)).unwrap();
        assert_eq!((early, late), (window(0, DAY), window(DAY, 2 * DAY)));
        assert_eq!(
            *halves(window(0, 3600)).unwrap_err().cause,
            CallError::TooLarge
        );
    }
}
