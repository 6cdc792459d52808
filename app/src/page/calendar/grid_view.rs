//! The grid of days by hours. The boxes of a day follow their heading in the order of time, so that the keyboard and
//! screen readers meet them as a list; classes place them.

use super::agenda_view::{AgendaEntry, tag_words};
use crate::component::Icon;
use leptos::prelude::*;

/// Days beside each other.
#[derive(Debug, Clone, PartialEq)]
pub struct GridView {
    pub columns: i32,
    /// The class for as many hours as are shown.
    pub height: String,
    /// The labels of the hours shown.
    pub hours: Vec<HourLabel>,
    /// Entries of whole days.
    pub lane: Vec<Lane>,
    pub days: Vec<GridDay>,
    /// Whether hours are folded, and the address that turns it round; `None` where there is nothing to fold.
    pub fold: Option<(bool, String)>,
}

/// A row's label.
#[derive(Debug, Clone, PartialEq)]
pub struct HourLabel {
    /// `07:00` or `7 AM`.
    pub text: String,
    /// Whether hours above it are folded.
    pub after_fold: bool,
}

/// An entry above the hours.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    pub class: String,
    pub entry: AgendaEntry,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct GridDay {
    pub iso: String,
    /// `Monday 2 March`.
    pub title: String,
    /// `Mon`.
    pub short: String,
    /// `2`.
    pub number: String,
    /// The day alone.
    pub href: String,
    pub is_today: bool,
    pub is_weekend: bool,
    /// Whether its entries were read.
    pub is_read: bool,
    /// How clocks are changed on this day.
    pub clocks: Option<String>,
    /// The classes of what the clock leaves out.
    pub left_out: Option<String>,
    /// Where the present is, and what the clock says.
    pub now: Option<(String, String)>,
    pub boxes: Vec<Boxed>,
    pub more: Vec<More>,
}

/// An entry with the classes of its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Boxed {
    pub class: String,
    pub entry: AgendaEntry,
}

/// Entries for which there was no column.
#[derive(Debug, Clone, PartialEq)]
pub struct More {
    pub class: String,
    pub count: usize,
    /// The day alone, where they are listed.
    pub href: String,
}

#[component]
pub fn Grid(view: GridView, title: String) -> impl IntoView {
    let GridView {
        columns,
        height,
        hours,
        lane,
        days,
        fold,
    } = view;
    let heads = days.iter().map(head).collect_view();
    let has_lane = !lane.is_empty();
    view! {
        <section class=format!("grid grid-{columns}") aria-label=title>
            <a class="skip-link" href="#agenda">"Skip to the agenda"</a>
            <div class="grid-top">
                <div class="grid-heads">{heads}</div>
                {has_lane
                    .then(|| {
                        view! {
                            <span class="lane-label" aria-hidden="true">"All day"</span>
                            <ul class="lane" aria-label="Whole days">{lane.into_iter().map(lane_entry).collect_view()}</ul>
                        }
                    })}
            </div>
            <div class=format!("grid-body {height}")>
                <ol class="axis" aria-hidden="true">
                    {hours
                        .into_iter()
                        .enumerate()
                        .map(|(row, label)| hour(row, label))
                        .collect_view()}
                </ol>
                {days.into_iter().map(column).collect_view()}
            </div>
        </section>
        {fold
            .map(|(is_folded, href)| {
                let words = if is_folded { "Show the whole day" } else { "Fold early and late hours" };
                view! { <p class="fold"><a href=href>{words}</a></p> }
            })}
    }
}

fn head(day: &GridDay) -> impl IntoView + use<> {
    let mut class = "grid-head".to_owned();
    if day.is_today {
        class.push_str(" grid-today");
    }
    if day.is_weekend {
        class.push_str(" grid-weekend");
    }
    let clocks = day.clocks.clone();
    view! {
        <h3 class=class id=format!("head-{}", day.iso)>
            <a href=day.href.clone() aria-current=day.is_today.then_some("date")>
                <span class="head-short" aria-hidden="true">{day.short.clone()}</span>
                <span class="head-number" aria-hidden="true">{day.number.clone()}</span>
                <time class="sr-only" datetime=day.iso.clone()>{day.title.clone()}</time>
            </a>
            {clocks
                .map(|words| {
                    let title = words.clone();
                    view! {
                        <span class="head-clocks" title=title>
                            <span aria-hidden="true">{Icon::Waiting.view()}</span>
                            <span class="sr-only">{words}</span>
                        </span>
                    }
                })}
        </h3>
    }
}

fn hour(row: usize, label: HourLabel) -> impl IntoView {
    let class = if label.after_fold {
        format!("h{row} after-fold")
    } else {
        format!("h{row}")
    };
    view! { <li class=class><span>{label.text}</span></li> }
}

fn lane_entry(lane: Lane) -> impl IntoView {
    let Lane { class, entry } = lane;
    let is_private = entry.is_private();
    let marks = tag_words(&entry.said_tags());
    view! {
        <li class=class>
            <a href=entry.href>
                {is_private.then(|| Icon::Private.view())} <span class="slot-subject">{entry.subject}</span>
                <span class="sr-only">{format!(", {}{marks}", entry.time)}</span>
            </a>
        </li>
    }
}

fn column(day: GridDay) -> impl IntoView {
    let GridDay {
        iso,
        is_today,
        is_weekend,
        is_read,
        left_out,
        now,
        boxes,
        more,
        ..
    } = day;
    let mut class = "column".to_owned();
    for (is, name) in [
        (is_today, " column-today"),
        (is_weekend, " column-weekend"),
        (!is_read, " column-unread"),
    ] {
        if is {
            class.push_str(name);
        }
    }
    let empty = boxes.is_empty().then_some(if is_read {
        "No entries with times"
    } else {
        "Not read"
    });
    view! {
        <div class=class role="group" aria-labelledby=format!("head-{iso}")>
            {left_out.map(|class| view! { <div class=format!("left-out {class}")></div> })}
            {empty.map(|words| view! { <p class="sr-only">{words}</p> })}
            {(!boxes.is_empty() || !more.is_empty())
                .then(|| {
                    view! {
                        <ul>
                            {boxes.into_iter().map(slot).collect_view()}
                            {more.into_iter().map(counted).collect_view()}
                        </ul>
                    }
                })}
            {now
                .map(|(class, time)| {
                    view! {
                        <p class=format!("now {class}")>
                            <span class="sr-only">"Now it is "</span>
                            <span class="now-time">{time}</span>
                        </p>
                    }
                })}
        </div>
    }
}

fn slot(boxed: Boxed) -> impl IntoView {
    let Boxed { class, entry } = boxed;
    let is_private = entry.is_private();
    let words = tag_words(&entry.said_tags());
    view! {
        <li class=class>
            <a href=entry.href>
                <span class="slot-subject">{is_private.then(|| Icon::Private.view())} {entry.subject}</span>
                <span class="sr-only">", "</span>
                <span class="slot-time">{entry.time}</span>
                {entry.location.map(|place| view! { <span class="slot-place"><span class="sr-only">", "</span>{place}</span> })}
                {(!words.is_empty()).then(|| view! { <span class="sr-only">{words}</span> })}
            </a>
        </li>
    }
}

fn counted(more: More) -> impl IntoView {
    view! {
        <li class=more.class>
            <a href=more.href>{format!("+{}", more.count)} <span class="sr-only">" more in the agenda of this day"</span></a>
        </li>
    }
}
