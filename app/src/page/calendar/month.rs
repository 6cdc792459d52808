//! Lays entries out as a month of dots.

use super::{
    agenda::{DayHours, entries_of, tags},
    agenda_view::AgendaTag,
    mode::CalendarMode,
    month_view::{Dot, MonthDay, MonthView},
    span::{AskedSpan, Span, is_read},
};
use crate::moment::Formatter;
use kalends_core::calendar::Window;
use kalends_store::StoredEntry;

/// Dots that fit below a number.
const MAX_DOTS: usize = 4;

/// The month of the asked day in whole weeks.
pub fn month(
    asked: AskedSpan,
    span: Span,
    entries: &[StoredEntry],
    kept: Option<Window>,
    words: &Formatter,
) -> MonthView {
    let days: Vec<MonthDay> = span
        .dates()
        .map(|date| {
            let found = entries_of(DayHours::of(date, words), entries);
            let is_read = is_read(date, kept, words);
            let count = (is_read || !found.is_empty()).then_some(found.len());
            let dots = found.iter().map(|entry| dot(&tags(&entry.event, words)));
            MonthDay {
                iso: date.to_string(),
                number: date.strftime("%-d").to_string(),
                title: date.strftime("%A %-d %B").to_string(),
                href: asked.address(Some(CalendarMode::Month), Some(date)),
                is_today: date == words.today(),
                is_chosen: date == asked.day,
                is_outside: date.first_of_month() != asked.day.first_of_month(),
                count,
                dots: dots.take(MAX_DOTS).collect(),
            }
        })
        .collect();
    MonthView {
        weekdays: span
            .dates()
            .take(7)
            .map(|date| {
                (
                    date.strftime("%a").to_string(),
                    date.strftime("%A").to_string(),
                )
            })
            .collect(),
        weeks: days.chunks(7).map(<[MonthDay]>::to_vec).collect(),
    }
}

fn dot(tags: &[AgendaTag]) -> Dot {
    let has = |tag| tags.contains(&tag);
    if has(AgendaTag::Cancelled) || has(AgendaTag::Free) {
        Dot::Free
    } else if has(AgendaTag::OutOfOffice) {
        Dot::Out
    } else if has(AgendaTag::Tentative) {
        Dot::Tentative
    } else {
        Dot::Busy
    }
}
