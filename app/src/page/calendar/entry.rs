//! The page of one entry: everything that is kept of it, for its owner alone.

use super::{
    agenda,
    agenda_view::{AgendaTag, tag_view},
};
use crate::{
    AppError,
    component::{Follow, Frame, When, loaded},
    moment::Moment,
    page::privacy::level_words,
    request,
};
use kalends_core::{
    calendar::{EntryKind, Event, FreeBusyStatus, Window},
    id::{EventId, UserId},
    policy::PrivacyLevel,
    topic::Topic,
};
use leptos::prelude::*;

/// An entry in words.
#[derive(Debug, Clone, PartialEq)]
struct EntryPageView {
    owner: UserId,
    subject: String,
    /// `Monday, 2 March 2026`, or the first and the last day.
    dates: String,
    /// `10:00 – 11:00`; `All day`.
    times: String,
    lasts: Option<String>,
    zone: String,
    tags: Vec<AgendaTag>,
    /// `None` where it stands as the name.
    status: Option<String>,
    location: Option<String>,
    organizer: Option<String>,
    series: Option<String>,
    is_private: bool,
    mailbox: String,
    changed: Option<Moment>,
    as_of: Option<Moment>,
    level: PrivacyLevel,
    /// The week that it begins in, as its reader looks at it.
    back: String,
    /// What else takes time then, with its page.
    meanwhile: Vec<(String, String, String)>,
}

/// The entry, with its status as its name where names are not kept.
pub fn named(
    mut stored: kalends_store::StoredEntry,
    level: PrivacyLevel,
) -> kalends_store::StoredEntry {
    let event = &mut stored.event;
    if level == PrivacyLevel::FreeBusy {
        event.subject = Some(event.status.words().to_owned());
    }
    stored
}

async fn calendar_entry(id: String) -> Result<EntryPageView, AppError> {
    let user = request::user().await?;
    let words = request::formatter(&user).await?;
    let store = request::services().store;
    let connection = store
        .connection_of(user.id)
        .await
        .map_err(request::internal)?
        .ok_or_else(request::not_there)?;
    let id = id.parse::<EventId>().map_err(|_| request::not_there())?;
    let found = store
        .entry(&connection, id)
        .await
        .map_err(request::internal)?
        .ok_or_else(request::not_there)?;
    let level = store.privacy_of(user.id).await.map_err(request::internal)?;
    let event = named(found, level).event;
    let meanwhile = meanwhile(&connection, id, &event, level, &words).await?;
    let (first, last) = agenda::dates_of(&event, &words);
    Ok(EntryPageView {
        owner: user.id,
        subject: agenda::subject(&event),
        dates: dates(first, last),
        times: times(&event, (first, last), &words),
        lasts: event
            .all_day
            .is_none()
            .then(|| agenda::length_words(event.end.since(event.start)))
            .flatten(),
        zone: user.time_zone.clone(),
        tags: agenda::tags(&event, &words)
            .into_iter()
            .filter(|tag| tag.label() != agenda::subject(&event))
            .collect(),
        status: (level != PrivacyLevel::FreeBusy).then(|| event.status.words().to_owned()),
        location: agenda::shown(&event, event.location.as_deref()),
        organizer: agenda::shown(&event, event.organizer.as_deref()),
        series: series(&event.kind).map(str::to_owned),
        is_private: event.sensitivity.hides_content(),
        mailbox: connection.mailbox.to_string(),
        changed: event.last_modified.map(|at| words.moment(at)),
        as_of: connection
            .last_synced_at
            .map(|at| words.appointment(at, false)),
        level,
        back: format!("/calendar?day={first}"),
        meanwhile,
    })
}

/// What else takes time then: when, what, and its page.
async fn meanwhile(
    connection: &kalends_core::connection::Connection,
    id: kalends_core::id::EventId,
    event: &kalends_core::calendar::Event,
    level: PrivacyLevel,
    words: &crate::moment::Formatter,
) -> Result<Vec<(String, String, String)>, AppError> {
    let takes_time = |event: &Event| {
        event.all_day.is_none() && !event.cancelled && event.status != FreeBusyStatus::Free
    };
    if !takes_time(event) {
        return Ok(Vec::new());
    }
    let window = Window {
        start: event.start,
        end: event.end,
    };
    let store = request::services().store;
    let others = store.entries_in(connection, window).await;
    let dates = agenda::dates_of(event, words);
    Ok(others
        .map_err(request::internal)?
        .into_iter()
        .filter(|other| other.id != id && takes_time(&other.event))
        .filter(|other| other.event.end > event.start)
        .map(|other| {
            let other = named(other, level);
            (
                when(&other.event, dates, words),
                agenda::subject(&other.event),
                format!("/calendar/entries/{}", other.id),
            )
        })
        .collect())
}

fn dates(first: jiff::civil::Date, last: jiff::civil::Date) -> String {
    let day = |day: jiff::civil::Date| day.strftime("%A, %-d %B %Y").to_string();
    if first == last {
        day(first)
    } else {
        format!("{} – {}", day(first), day(last))
    }
}

const fn series(kind: &kalends_core::calendar::EntryKind) -> Option<&'static str> {
    match kind {
        EntryKind::Occurrence => Some("One of a series"),
        EntryKind::Exception => Some("One of a series, changed"),
        EntryKind::Single | EntryKind::RecurringMaster | EntryKind::Other(_) => None,
    }
}

/// `10:00 – 11:00`, or from when on the first day to when on the last.
fn times(
    event: &kalends_core::calendar::Event,
    (first, last): (jiff::civil::Date, jiff::civil::Date),
    words: &crate::moment::Formatter,
) -> String {
    if event.all_day.is_some() {
        return "All day".to_owned();
    }
    if first == last {
        return agenda::times(event, words);
    }
    let start = agenda::clock(event.start, words);
    if words.zoned(event.end).date() > last {
        return format!("from {start} on the first day to the end of the last");
    }
    let end = agenda::clock(event.end, words);
    format!("from {start} on the first day to {end} on the last")
}

/// When another entry is; days are named where there is more than one of them.
fn when(
    other: &kalends_core::calendar::Event,
    (first, last): (jiff::civil::Date, jiff::civil::Date),
    words: &crate::moment::Formatter,
) -> String {
    let (from, to) = agenda::dates_of(other, words);
    let short = |day: jiff::civil::Date| day.strftime("%a %-d %b").to_string();
    if from != to {
        let (start, end) = (
            agenda::clock(other.start, words),
            agenda::clock(other.end, words),
        );
        // At midnight the next day begins.
        let to = words.zoned(other.end).date();
        let long = |day: jiff::civil::Date| day.strftime("%a %-d %b %Y").to_string();
        if from.year() == to.year() {
            format!("{} {start} – {} {end}", short(from), short(to))
        } else {
            format!("{} {start} – {} {end}", long(from), long(to))
        }
    } else if from == first && first == last {
        agenda::times(other, words)
    } else {
        format!("{} {}", short(from), agenda::times(other, words))
    }
}

#[component]
pub fn EntryPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    loaded(
        move || calendar_entry(id()),
        |view| view! { <EntryDetails view /> },
    )
}

#[component]
fn EntryDetails(view: EntryPageView) -> impl IntoView {
    let EntryPageView {
        owner,
        subject,
        dates,
        times,
        lasts,
        zone,
        tags,
        status,
        location,
        organizer,
        series,
        is_private,
        mailbox,
        changed,
        as_of,
        level,
        back,
        meanwhile,
    } = view;
    let fact = |name: &'static str, value: Option<String>| {
        value.map(|value| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
    };
    let told_apart = !tags.is_empty();
    view! {
        <Frame title=subject>
            <p class="back"><a href=back>"Back to the calendar"</a></p>
            <Follow topics=vec![Topic::Calendar(owner)] />
            <section class="panel" id="entry" data-live="" aria-label="The entry">
                <div class="entry-when">
                    <p class="entry-dates">{dates}</p>
                    <p class="entry-times">
                        {times} {lasts.map(|lasts| view! { <span class="entry-lasts">{lasts}</span> })}
                    </p>
                </div>
                {told_apart.then(|| view! { <p class="entry-marks">{tags.into_iter().map(tag_view).collect_view()}</p> })}
                <dl class="facts">
                    {fact("Shown as", status)} {fact("Where", location)} {fact("Organiser", organizer)}
                    {fact("Repeats", series)} {fact("Times in", Some(zone))} {fact("Mailbox", Some(mailbox))}
                    {changed.map(|moment| view! { <div><dt>"Changed"</dt><dd><When moment /></dd></div> })}
                    {as_of.map(|moment| view! { <div><dt>"As of"</dt><dd><When moment /></dd></div> })}
                </dl>
                <p class="panel-hint">
                    {if is_private {
                        "Exchange calls this entry private: Kalends shows when it is, and nothing else."
                    } else {
                        level_words(level)
                    }} " " <a href="/profile#privacy">"Privacy"</a>
                </p>
            </section>
            <Meanwhile entries=meanwhile />
        </Frame>
    }
}

/// What else takes time then: when, what, and its page.
#[component]
fn Meanwhile(entries: Vec<(String, String, String)>) -> impl IntoView {
    view! {
        <div id="others" data-live="">
            {(!entries.is_empty())
                .then(|| {
                    view! {
                        <section class="panel" aria-labelledby="meanwhile">
                            <h2 id="meanwhile">"At the same time"</h2>
                            <ul class="links">
                                {entries
                                    .into_iter()
                                    .map(|(times, subject, href)| {
                                        view! { <li><span class="meanwhile-time">{times}</span> <a href=href>{subject}</a></li> }
                                    })
                                    .collect_view()}
                            </ul>
                        </section>
                    }
                })}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        moment::Formatter,
        page::calendar::{
            agenda,
            samples::{at, event},
        },
    };

    /// The dates, the times, and how the page of another entry names them; in Berlin.
    fn told(start: &str, end: &str) -> ((String, String), String, String) {
        let words = Formatter::new("Europe/Berlin", at("2026-03-26T08:07:00Z"));
        let event = event("Trip", start, end);
        let (first, last) = agenda::dates_of(&event, &words);
        let today = words.zoned(words.now).date();
        (
            (first.to_string(), last.to_string()),
            times(&event, (first, last), &words),
            when(&event, (today, today), &words),
        )
    }

    #[test]
    fn a_span_over_new_year_shows_both_years() {
        for (start, end, expected) in [
            (
                "2026-12-30T21:00:00Z",
                "2027-01-02T09:00:00Z",
                "Wed 30 Dec 2026 22:00 – Sat 2 Jan 2027 10:00",
            ),
            (
                "2026-12-30T21:00:00Z",
                "2026-12-31T23:00:00Z",
                "Wed 30 Dec 2026 22:00 – Fri 1 Jan 2027 00:00",
            ),
        ] {
            assert_eq!(told(start, end).2, expected);
        }
    }

    #[test]
    fn several_days_are_told_with_the_day_they_end_on() {
        let days = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        assert_eq!(
            told("2026-03-24T21:00:00Z", "2026-03-26T09:00:00Z"),
            (
                days("2026-03-24", "2026-03-26"),
                "from 22:00 on the first day to 10:00 on the last".to_owned(),
                "Tue 24 Mar 22:00 – Thu 26 Mar 10:00".to_owned(),
            )
        );
        // At midnight.
        assert_eq!(
            told("2026-03-24T21:00:00Z", "2026-03-25T23:00:00Z"),
            (
                days("2026-03-24", "2026-03-25"),
                "from 22:00 on the first day to the end of the last".to_owned(),
                "Tue 24 Mar 22:00 – Thu 26 Mar 00:00".to_owned(),
            )
        );
    }
}
