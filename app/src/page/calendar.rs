//! The calendar in the reader's zone, as Kalends last read it: as a week of hours beside the agenda, as a day or three
//! of them, as a month of dots. Addresses alone choose what is shown, so that all of it works without script.

pub mod entry;

mod agenda_view;
mod grid_view;
mod mode;
mod month_view;

mod agenda;
mod columns;
mod grid;
mod month;
#[cfg(test)]
mod samples;
mod span;
mod steps;

use crate::{
    AppError,
    component::{Follow, Frame, Icon, Notice, StateBadge, StateView, When, loaded},
    moment::Moment,
    request,
};
use agenda_view::{Agenda, AgendaDay};
use grid_view::{Grid, GridView};
use kalends_core::{advice::Advice, id::UserId, topic::Topic};
use leptos::prelude::*;
use mode::CalendarMode;
use month_view::{Month, MonthView};

/// What an address asks for, as the server lays it out.
#[derive(Debug, Clone, PartialEq)]
struct CalendarView {
    owner: UserId,
    /// `None`: not connected.
    connection: Option<ConnectionLine>,
    /// The view that was asked for; without one, the screen decides between week and agenda.
    mode: Option<CalendarMode>,
    title: String,
    /// `Week 10`, where weeks are counted so.
    week: Option<String>,
    /// Addresses; `None` where nothing is kept that way.
    previous: Option<String>,
    next: Option<String>,
    today: String,
    modes: Vec<(CalendarMode, String)>,
    /// What is kept, where the days reach beyond it.
    kept: Option<String>,
    zone: String,
    grid: Option<GridView>,
    month: Option<MonthView>,
    days: Vec<AgendaDay>,
}

/// How fresh the entries are.
#[derive(Debug, Clone, PartialEq)]
struct ConnectionLine {
    mailbox: String,
    state: StateView,
    /// The last time everything was read; `None` before the first sync run ends.
    as_of: Option<Moment>,
    advice: Option<Advice>,
}

async fn calendar(view: String, day: String, hours: String) -> Result<CalendarView, AppError> {
    let user = request::user().await?;
    let words = request::formatter(&user).await?;
    let store = request::services().store;
    let asked = span::AskedSpan::new(&view, &day, &hours, &words);
    let span = asked.span(&words);
    let connection = store
        .connection_of(user.id)
        .await
        .map_err(request::internal)?;
    let entries = entries(&user, connection.as_ref(), span.window(&words)).await?;
    let kept = connection
        .as_ref()
        .and_then(|connection| connection.last_synced_at)
        .map(kalends::sync::plan::window);
    let shown = asked.shown();
    let listed = if shown == CalendarMode::Month {
        span::Span {
            first: asked.day,
            days: 1,
        }
    } else {
        span
    };
    Ok(CalendarView {
        owner: user.id,
        connection: connection.as_ref().map(|it| connection_line(it, &words)),
        mode: asked.mode,
        title: asked.title(&words),
        week: asked.week_words(&words),
        previous: asked.previous(kept, &words),
        next: asked.next(kept, &words),
        today: asked.address(asked.mode, None),
        modes: CalendarMode::ALL
            .map(|mode| (mode, asked.address(Some(mode), Some(asked.day))))
            .into(),
        kept: kept.and_then(|kept| asked.turned(&words).beyond(kept, &words)),
        zone: user.time_zone,
        grid: shown
            .has_hours()
            .then(|| grid::grid(asked, span, &entries, kept, &words)),
        month: (shown == CalendarMode::Month)
            .then(|| month::month(asked, span, &entries, kept, &words)),
        days: agenda::days(listed, &entries, kept, &words),
    })
}

/// What stands in a span of days, as the privacy of its owner lets it be kept.
async fn entries(
    user: &kalends_store::User,
    connection: Option<&kalends_core::connection::Connection>,
    window: kalends_core::calendar::Window,
) -> Result<Vec<kalends_store::StoredEntry>, AppError> {
    let Some(connection) = connection else {
        return Ok(Vec::new());
    };
    let store = request::services().store;
    let found = store.entries_in(connection, window).await;
    let level = store.privacy_of(user.id).await.map_err(request::internal)?;
    let found = found.map_err(request::internal)?.into_iter();
    Ok(found.map(|entry| entry::named(entry, level)).collect())
}

fn connection_line(
    connection: &kalends_core::connection::Connection,
    words: &crate::moment::Formatter,
) -> ConnectionLine {
    ConnectionLine {
        mailbox: connection.mailbox.to_string(),
        state: StateView::Is(connection.state),
        as_of: connection
            .last_synced_at
            .map(|at| words.appointment(at, false)),
        advice: crate::request::advice_for(connection, words),
    }
}

#[component]
pub fn CalendarPage() -> impl IntoView {
    let query = leptos_router::hooks::use_query_map();
    let asked = move || {
        query.with(|query| ["view", "day", "hours"].map(|name| query.get(name).unwrap_or_default()))
    };
    loaded(
        move || {
            let [view, day, hours] = asked();
            calendar(view, day, hours)
        },
        |view| view! { <Calendar view /> },
    )
}

#[component]
fn Calendar(view: CalendarView) -> impl IntoView {
    let CalendarView {
        owner,
        connection,
        mode,
        title,
        week,
        previous,
        next,
        today,
        modes,
        kept,
        zone,
        grid,
        month,
        days,
    } = view;
    let Some(connection) = connection else {
        return view! { <NotConnected /> }.into_any();
    };
    let class = match mode {
        None => "calendar calendar-fitting",
        Some(CalendarMode::Agenda) => "calendar",
        Some(CalendarMode::Day | CalendarMode::Three) => "calendar calendar-few",
        Some(CalendarMode::Week) => "calendar calendar-week",
        Some(CalendarMode::Month) => "calendar calendar-month",
    };
    let about = [week, Some(format!("times in {zone}"))];
    let about = about.into_iter().flatten().collect::<Vec<_>>().join(", ");
    view! {
        <Frame title="Calendar" wide=true>
            <Follow topics=vec![Topic::Calendar(owner)] />
            <Freshness connection />
            <Head mode title=title.clone() about previous next today modes />
            {kept.map(|kept| view! { <p class="notice">{kept}</p> })}
            <div class=class>
                {grid
                    .map(|view| {
                        let title = title.clone();
                        view! { <div class="calendar-picture" id="picture" data-live=""><Grid view title /></div> }
                    })}
                {month.map(|view| view! { <div class="calendar-picture" id="picture" data-live=""><Month view title /></div> })}
                <Agenda days />
            </div>
        </Frame>
    }
    .into_any()
}

/// Where there is nothing to see, the link is none.
fn turning(label: &'static str, unit: &'static str, link: Option<String>) -> impl IntoView {
    let whole = format!("{label} {unit}");
    let is_off = link.is_none().then_some("true");
    view! { <a class="button" role=is_off.map(|_| "link") aria-disabled=is_off href=link aria-label=whole>{label}</a> }
}

/// The link to a view. Three days are for narrow screens, a week for wide ones. What the screen decides is marked as
/// the screen decides it.
fn mode_link(chosen: Option<CalendarMode>, to: CalendarMode, href: &str) -> impl IntoView + use<> {
    let one = |class: &'static str, is_current: bool| {
        let href = href.to_owned();
        view! { <a class=class href=href aria-current=is_current.then_some("page")>{to.label()}</a> }
    };
    let is_chosen = chosen == Some(to);
    match to {
        CalendarMode::Agenda if chosen.is_none() => {
            view! { {one("look only-narrow", true)} {one("look only-wide", false)} }.into_any()
        }
        CalendarMode::Three if !is_chosen => one("look only-narrow", false).into_any(),
        CalendarMode::Week if !is_chosen => one("look only-wide", chosen.is_none()).into_any(),
        CalendarMode::Agenda
        | CalendarMode::Day
        | CalendarMode::Three
        | CalendarMode::Week
        | CalendarMode::Month => one("look", is_chosen).into_any(),
    }
}

#[component]
fn NotConnected() -> impl IntoView {
    view! {
        <Frame title="Calendar">
            <div class="empty-state">
                <span class="empty-icon">{Icon::Calendar.view()}</span>
                <p class="lead">"Your calendar is not connected yet."</p>
                <a class="button button-primary" href="/profile/exchange/connect">"Connect"</a>
            </div>
        </Frame>
    }
}

#[component]
fn Freshness(connection: ConnectionLine) -> impl IntoView {
    let waiting = connection.as_of.is_none();
    view! {
        <p class="freshness" id="freshness" data-live="">
            <StateBadge state=connection.state />
            <span>{connection.mailbox}</span>
            {connection.as_of.map(|moment| view! { <span>"as of " <When moment /></span> })}
        </p>
        {connection.advice.map(|advice| view! { <Notice advice folded=true /> })}
        {waiting.then(|| view! { <p class="notice">"The first sync is under way. Entries appear in a moment."</p> })}
    }
}

/// Where the days are, and the ways to other days and views.
#[component]
fn Head(
    mode: Option<CalendarMode>,
    title: String,
    /// The week, and in which zone times are told.
    about: String,
    previous: Option<String>,
    next: Option<String>,
    today: String,
    modes: Vec<(CalendarMode, String)>,
) -> impl IntoView {
    let unit = mode.unwrap_or(CalendarMode::Week).unit();
    view! {
        <div class="calendar-head">
            <nav class="pager" aria-label="Dates">
                {turning("Previous", unit, previous)}
                <a class="button" href=today aria-label=format!("Today, this {unit}")>"Today"</a>
                {turning("Next", unit, next)}
            </nav>
            <div class="pager-title">
                <h2>{title}</h2>
                <p class="pager-zone">{about}</p>
            </div>
            <nav class="looks" aria-label="Views">
                {modes.into_iter().map(|(to, href)| mode_link(mode, to, &href)).collect_view()}
            </nav>
        </div>
    }
}
