//! Reading a whole window: views of at most 90 days, each halved while it holds more than Exchange puts into one
//! answer.

use super::{
    Client, Whose,
    error::{Cause, EwsError},
    operation::find_item::Reach,
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
const LONGEST_VIEW: i64 = 90 * 24 * 3600 * 1000;
/// No view is halved below this: more than 1,000 entries an hour are no calendar.
const SHORTEST_VIEW: i64 = 3600 * 1000;
/// Where an hour is said to hold more than came: so many are a truncated answer, fewer a total that counts something else.
const TRUNCATED: usize = 100;
/// A view that took the server too long is not halved below this.
const SHORTEST_IN_TIME: i64 = 24 * 3600 * 1000;
/// So many places with entries that cannot be read are told apart; beyond, the calendar as a whole is damaged.
const MOST_DAMAGED: usize = 10;
/// The most entries of one window.
const MAX_EVENTS: usize = 50_000;

/// What was read of a window.
#[derive(Debug, Default)]
pub struct Reading {
    /// By start; each once.
    pub events: Vec<Event>,
    /// What could not be read.
    pub damaged: Option<Damaged>,
}

/// Where entries lie that the server itself cannot read.
#[derive(Debug)]
pub struct Damaged {
    /// What the server said of the first.
    pub error: EwsError,
    /// At most ten, each of an hour or less, by start.
    pub periods: Vec<Window>,
}

/// All entries that overlap the window. Items that cannot be kept are left out. `fallback` is the zone of all-day
/// entries that name none.
#[tracing::instrument(name = "ews.read_window", skip_all)]
pub async fn read_window(
    client: &mut Client,
    whose: &Whose,
    window: Window,
    level: PrivacyLevel,
    fallback: &TimeZone,
) -> Result<Reading, EwsError> {
    let mut waiting = slices(window);
    let mut seen = HashSet::new();
    let mut events: Vec<Event> = Vec::new();
    let mut damaged: Option<Damaged> = None;
    let mut totals_count = true;
    let mut longest = LONGEST_VIEW;
    while let Some(slice) = waiting.pop() {
        if length(slice) > longest {
            waiting.extend(halves(slice)?);
            continue;
        }
        let view = match client.view(whose, slice, level).await {
            Ok(view) => view,
            Err(error) if error.response_code() == Some(&ResponseCode::ExceededFindCountLimit) => {
                waiting.extend(halves(slice)?);
                continue;
            }
            Err(error) if is_too_slow(&error) && length(slice) > SHORTEST_IN_TIME => {
                // What is as long takes as long.
                longest = (length(slice) / 2 + 1000).max(SHORTEST_IN_TIME);
                waiting.push(slice);
                continue;
            }
            Err(error) if is_of_one_entry(&error) => {
                if !is_shortest(slice) {
                    waiting.extend(halves(slice)?);
                    continue;
                }
                note_damage(&mut damaged, error, slice)?;
                continue;
            }
            Err(error) => return Err(error),
        };
        match view.reach {
            Reach::Complete => {}
            Reach::Doubtful if !totals_count => {}
            Reach::Doubtful if is_shortest(slice) && view.items.len() < TRUNCATED => {
                totals_count = false;
            }
            Reach::Doubtful | Reach::CutOff => {
                waiting.extend(halves(slice)?);
                continue;
            }
        }
        // An entry across a cut comes with both sides.
        let fresh = view
            .items
            .into_iter()
            .filter_map(|item| item.into_event(fallback));
        events.extend(fresh.filter(|event| seen.insert(event.item_id.clone())));
        if events.len() > MAX_EVENTS {
            return Err(Cause::TooLarge.into());
        }
    }
    events.sort_by(|a, b| (a.start, &a.item_id).cmp(&(b.start, &b.item_id)));
    Ok(Reading { events, damaged })
}

fn is_too_slow(error: &EwsError) -> bool {
    error.response_code() == Some(&ResponseCode::TimeoutExpired)
}

fn is_of_one_entry(error: &EwsError) -> bool {
    let code = error.response_code();
    code.is_some_and(ResponseCode::is_of_one_entry)
}

/// Adds a period that cannot be read.
fn note_damage(
    damaged: &mut Option<Damaged>,
    error: EwsError,
    slice: Window,
) -> Result<(), EwsError> {
    let Some(known) = damaged else {
        *damaged = Some(Damaged {
            error,
            periods: vec![slice],
        });
        return Ok(());
    };
    if known.periods.len() >= MOST_DAMAGED {
        return Err(error);
    }
    known.periods.push(slice);
    Ok(())
}

const fn length(slice: Window) -> i64 {
    slice.end.millis() - slice.start.millis()
}

/// The window in pieces of at most 90 days, the last one first.
fn slices(window: Window) -> Vec<Window> {
    let mut slices = Vec::new();
    let mut start = window.start;
    while start < window.end {
        let end = (start + Duration::from_millis(LONGEST_VIEW.unsigned_abs())).min(window.end);
        slices.push(Window { start, end });
        start = end;
    }
    slices.reverse();
    slices
}

fn is_shortest(slice: Window) -> bool {
    length(slice) <= SHORTEST_VIEW
}

fn halves(slice: Window) -> Result<[Window; 2], EwsError> {
    let length = length(slice);
    if is_shortest(slice) {
        return Err(Cause::TooLarge.into());
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
        assert_eq!(*halves(window(0, 3600)).unwrap_err().cause, Cause::TooLarge);
    }
}
