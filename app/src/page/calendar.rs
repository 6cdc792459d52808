//! The agenda: the entries of a week by day, in the reader's zone, as Kalends last read them.

use crate::{
    AppError,
    component::{Follow, Frame, Icon, Notice, StateBadge, StateView, When, loaded},
    moment::Moment,
};
use kalends::advice::Advice;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
mod agenda;

/// A week of entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct CalendarView {
    /// `None`: not connected.
    connection: Option<ConnectionLine>,
    days: Vec<Day>,
    title: String,
    /// ISO dates of the first day shown by the links; `None` where nothing is kept that way.
    previous: Option<String>,
    next: Option<String>,
    /// What is kept, where the week reaches beyond it.
    kept: Option<String>,
    zone: String,
}

/// How fresh the entries are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ConnectionLine {
    mailbox: String,
    state: StateView,
    /// The last time everything was read; `None` before the first round ends.
    as_of: Option<Moment>,
    advice: Option<Advice>,
}

/// One day of the agenda.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Day {
    iso: String,
    title: String,
    is_today: bool,
    /// Whether its entries were read.
    is_read: bool,
    entries: Vec<Entry>,
}

/// One entry on one day, told in words and marks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    /// `10:00 – 11:00`, `All day`, `until 12:00`.
    time: String,
    subject: String,
    location: Option<String>,
    organizer: Option<String>,
    /// `Tentative`, `Out of office`, `Cancelled` and the like.
    tags: Vec<Tag>,
}

/// What sets an entry apart, in words and by shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Tag {
    Private,
    Tentative,
    OutOfOffice,
    WorkingElsewhere,
    Free,
    Cancelled,
    SeveralDays,
}

impl Tag {
    const fn label(self) -> &'static str {
        match self {
            Self::Private => "Private",
            Self::Tentative => "Tentative",
            Self::OutOfOffice => "Out of office",
            Self::WorkingElsewhere => "Working elsewhere",
            Self::Free => "Free",
            Self::Cancelled => "Cancelled",
            Self::SeveralDays => "Several days",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Private => "entry-private",
            Self::Tentative => "entry-tentative",
            Self::OutOfOffice => "entry-out",
            Self::WorkingElsewhere => "entry-elsewhere",
            Self::Free => "entry-free",
            Self::Cancelled => "entry-cancelled",
            Self::SeveralDays => "entry-long",
        }
    }
}

#[server(endpoint = "calendar")]
async fn calendar(day: String) -> Result<CalendarView, AppError> {
    use crate::request;
    let user = request::user().await?;
    let words = request::words(&user);
    let store = request::services().store;
    let connection = store
        .connection_of(user.id)
        .await
        .map_err(request::internal)?;
    let week = agenda::Week::from_day(&day, &words);
    let events = match &connection {
        Some(connection) => store
            .events_in(connection, week.window(&words))
            .await
            .map_err(request::internal)?,
        None => Vec::new(),
    };
    let level = store.privacy_of(user.id).await.map_err(request::internal)?;
    let called = |mut event: kalends::calendar::Event| {
        if level == kalends::policy::PrivacyLevel::FreeBusy {
            event.subject = Some(event.status.words().to_owned());
        }
        event
    };
    let events: Vec<_> = events.into_iter().map(called).collect();
    let kept = connection
        .as_ref()
        .and_then(|connection| connection.last_synced_at)
        .map(kalends::sync::plan::window);
    Ok(CalendarView {
        connection: connection.as_ref().map(|connection| ConnectionLine {
            mailbox: connection.mailbox.to_string(),
            state: StateView::Is(connection.state),
            as_of: connection
                .last_synced_at
                .map(|at| words.appointment(at, false)),
            advice: request::advice_for(connection, &words),
        }),
        days: week.days(&events, kept, &words),
        title: week.title(),
        previous: week.previous(kept, &words),
        next: week.next(kept, &words),
        kept: kept.and_then(|kept| week.beyond(kept, &words)),
        zone: user.time_zone,
    })
}

#[component]
pub fn CalendarPage() -> impl IntoView {
    let query = leptos_router::hooks::use_query_map();
    let day = move || query.with(|query| query.get("day").unwrap_or_default());
    loaded(
        Resource::new(day, calendar),
        |view| view! { <Calendar view /> },
    )
}

#[component]
fn Calendar(view: CalendarView) -> impl IntoView {
    let CalendarView {
        connection,
        days,
        title,
        previous,
        next,
        kept,
        zone,
    } = view;
    let Some(connection) = connection else {
        return view! {
            <Frame title="Calendar">
                <div class="empty-state">
                    <span class="empty-icon">{Icon::Calendar.view()}</span>
                    <p class="lead">"Your calendar is not connected yet."</p>
                    <p>"Connect Microsoft Exchange and your entries appear here."</p>
                    <a class="button button-primary" href="/profile/exchange/connect">"Connect"</a>
                </div>
            </Frame>
        }
        .into_any();
    };
    let waiting = connection.as_of.is_none();
    view! {
        <Frame title="Calendar">
            <Follow />
            <p class="freshness" id="freshness" data-live="">
                <StateBadge state=connection.state />
                <span>{connection.mailbox}</span>
                {connection.as_of.map(|moment| view! { <span>"as of " <When moment /></span> })}
            </p>
            {connection.advice.map(|advice| view! { <Notice advice folded=true /> })}
            {waiting.then(|| view! { <p class="notice">"The first sync is under way. Entries appear in a moment."</p> })}
            <nav class="pager" aria-label="Weeks">
                {week_link("Previous", previous)}
                <a class="button" href="/calendar" aria-label="Today, this week">"Today"</a>
                {week_link("Next", next)}
                <div class="pager-title">
                    <h2>{title}</h2>
                    <p class="pager-zone">"Times in " {zone}</p>
                </div>
            </nav>
            {kept.map(|kept| view! { <p class="notice">{kept}</p> })}
            <div class="agenda" id="agenda" data-live="">
                {days.into_iter().map(|day| view! { <DayView day /> }).collect_view()}
            </div>
        </Frame>
    }
    .into_any()
}

/// Where there is nothing to see, the link is none.
fn week_link(label: &'static str, day: Option<String>) -> impl IntoView {
    let whole = format!("{label} week");
    let link = day.map(|day| format!("/calendar?day={day}"));
    let is_off = link.is_none().then_some("true");
    view! { <a class="button" role=is_off.map(|_| "link") aria-disabled=is_off href=link aria-label=whole>{label}</a> }
}

#[component]
fn DayView(day: Day) -> impl IntoView {
    let id = format!("day-{}", day.iso);
    let label = id.clone();
    let class = if day.is_today { "day day-today" } else { "day" };
    view! {
        <section class=class aria-labelledby=label>
            <h3 class="day-title" id=id>
                <time datetime=day.iso>{day.title}</time>
                {day.is_today.then_some(view! { <span class="day-mark">"Today"</span> })}
            </h3>
            {if day.entries.is_empty() {
                let words = if day.is_read { "Nothing planned" } else { "Not read" };
                view! { <p class="day-empty">{words}</p> }.into_any()
            } else {
                view! {
                    <ul class="entries">
                        {day.entries.into_iter().map(|entry| view! { <EntryView entry /> }).collect_view()}
                    </ul>
                }
                    .into_any()
            }}
        </section>
    }
}

#[component]
fn EntryView(entry: Entry) -> impl IntoView {
    let marks: Vec<&str> = entry.tags.iter().map(|tag| tag.class()).collect();
    view! {
        <li class=format!("entry {}", marks.join(" "))>
            <span class="entry-time">{entry.time}</span>
            <span class="entry-main">
                <span class="entry-subject">{entry.subject}</span>
                {entry.location.map(|location| view! { <span class="entry-detail">{location}</span> })}
                {entry.organizer.map(|organizer| view! { <span class="entry-detail">{organizer}</span> })}
            </span>
            <span class="entry-tags">
                {entry
                    .tags
                    .into_iter()
                    .map(|tag| {
                        view! {
                            <span class="tag">
                                {(tag == Tag::Private).then(|| Icon::Private.view())} {tag.label()}
                            </span>
                        }
                    })
                    .collect_view()}
            </span>
        </li>
    }
}
