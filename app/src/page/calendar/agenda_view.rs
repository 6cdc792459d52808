//! The agenda: days with their entries as lists, told apart by words and by shape.

use crate::component::Icon;
use leptos::prelude::*;

/// One day of the agenda.
#[derive(Debug, Clone, PartialEq)]
pub struct AgendaDay {
    pub iso: String,
    pub title: String,
    pub is_today: bool,
    pub is_past: bool,
    /// Whether its entries were read.
    pub is_read: bool,
    /// How clocks are changed on this day.
    pub clocks: Option<String>,
    pub entries: Vec<AgendaEntry>,
}

/// One entry on one day, told in words and marks.
#[derive(Debug, Clone, PartialEq)]
pub struct AgendaEntry {
    /// Its own page.
    pub href: String,
    /// `10:00 – 11:00`, `All day`, `until 12:00`.
    pub time: String,
    pub subject: String,
    pub location: Option<String>,
    pub is_past: bool,
    /// `Tentative`, `Out of office`, `Cancelled` and the like.
    pub tags: Vec<AgendaTag>,
}

/// What sets an entry apart, in words and by shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgendaTag {
    Private,
    Tentative,
    OutOfOffice,
    WorkingElsewhere,
    Free,
    Cancelled,
    SeveralDays,
}

impl AgendaEntry {
    /// The classes of its marks.
    pub fn class(&self) -> String {
        let mut marks: Vec<&str> = self.tags.iter().map(|tag| tag.class()).collect();
        if self.is_past {
            marks.push("entry-past");
        }
        marks.join(" ")
    }

    /// The marks that its title does not say already, as where no title is kept.
    pub fn said_tags(&self) -> Vec<AgendaTag> {
        let said = |tag: &&AgendaTag| tag.label() != self.subject;
        self.tags.iter().filter(said).copied().collect()
    }

    pub fn is_private(&self) -> bool {
        self.tags.contains(&AgendaTag::Private)
    }
}

impl AgendaTag {
    pub const fn label(self) -> &'static str {
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

/// Marks as they follow an entry where they are told by shape alone: `, Tentative`.
pub fn tag_words(tags: &[AgendaTag]) -> String {
    tags.iter()
        .filter(|tag| **tag != AgendaTag::Private)
        .flat_map(|tag| [", ", tag.label()])
        .collect()
}

#[component]
pub fn Agenda(days: Vec<AgendaDay>) -> impl IntoView {
    view! {
        <div class="agenda" id="agenda" data-live="">
            {days.into_iter().map(|day| view! { <DayView day /> }).collect_view()}
        </div>
    }
}

#[component]
fn DayView(day: AgendaDay) -> impl IntoView {
    let id = format!("day-{}", day.iso);
    let label = id.clone();
    let class = match (day.is_today, day.is_past) {
        (true, _) => "day day-today",
        (false, true) => "day day-past",
        (false, false) => "day",
    };
    view! {
        <section class=class aria-labelledby=label>
            <h3 class="day-title" id=id>
                <time datetime=day.iso>{day.title}</time>
                {day.is_today.then_some(view! { <span class="day-mark">"Today"</span> })}
            </h3>
            {day.clocks.map(|words| view! { <p class="day-clocks">{Icon::Waiting.view()} {words}</p> })}
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
fn EntryView(entry: AgendaEntry) -> impl IntoView {
    let class = format!("entry {}", entry.class());
    let tags = entry.said_tags();
    view! {
        <li class=class>
            <span class="entry-time">{entry.time}</span>
            <span class="entry-main">
                <a class="entry-subject" href=entry.href>{entry.subject}</a>
                {entry.location.map(|location| view! { <span class="entry-detail">{location}</span> })}
            </span>
            <span class="entry-tags">{tags.into_iter().map(tag_view).collect_view()}</span>
        </li>
    }
}

pub fn tag_view(tag: AgendaTag) -> impl IntoView {
    view! {
        <span class="tag">
            {(tag == AgendaTag::Private).then(|| Icon::Private.view())} {tag.label()}
        </span>
    }
}
