//! The month as a table of days with dots.

use leptos::prelude::*;

/// Whole weeks.
#[derive(Debug, Clone, PartialEq)]
pub struct MonthView {
    /// `Mon` and `Monday`, from the first day of the week on.
    pub weekdays: Vec<(String, String)>,
    pub weeks: Vec<Vec<MonthDay>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct MonthDay {
    pub iso: String,
    pub number: String,
    /// `Monday 2 March`.
    pub title: String,
    /// Shows this day beside the month.
    pub href: String,
    pub is_today: bool,
    pub is_chosen: bool,
    /// Of the month before or after.
    pub is_outside: bool,
    /// `None` where nothing was read.
    pub count: Option<usize>,
    /// The first entries, as far as there is room.
    pub dots: Vec<Dot>,
}

/// How busy an entry makes its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dot {
    Busy,
    Tentative,
    Out,
    Free,
}

impl Dot {
    const fn class(self) -> &'static str {
        match self {
            Self::Busy => "dot",
            Self::Tentative => "dot dot-tentative",
            Self::Out => "dot dot-out",
            Self::Free => "dot dot-free",
        }
    }
}

#[component]
pub fn Month(view: MonthView, title: String) -> impl IntoView {
    let MonthView { weekdays, weeks } = view;
    view! {
        <table class="month">
            <caption class="sr-only">{title}</caption>
            <thead>
                <tr>
                    {weekdays
                        .into_iter()
                        .map(|(short, long)| view! { <th scope="col" abbr=long>{short}</th> })
                        .collect_view()}
                </tr>
            </thead>
            <tbody>
                {weeks
                    .into_iter()
                    .map(|week| view! { <tr>{week.into_iter().map(cell).collect_view()}</tr> })
                    .collect_view()}
            </tbody>
        </table>
    }
}

fn cell(day: MonthDay) -> impl IntoView {
    let MonthDay {
        iso,
        number,
        title,
        href,
        is_today,
        is_chosen,
        is_outside,
        count,
        dots,
    } = day;
    let mut class = "month-day".to_owned();
    for (is, name) in [
        (is_today, " month-today"),
        (is_chosen, " month-chosen"),
        (is_outside, " month-outside"),
    ] {
        if is {
            class.push_str(name);
        }
    }
    let more = count.unwrap_or(0).saturating_sub(dots.len());
    let told = match count {
        None => "not read".to_owned(),
        Some(0) => "nothing planned".to_owned(),
        Some(1) => "1 entry".to_owned(),
        Some(count) => format!("{count} entries"),
    };
    let shown = if is_chosen { ", shown here" } else { "" };
    view! {
        <td>
            <a class=class href=href aria-current=is_today.then_some("date")>
                <time datetime=iso class="month-number" aria-hidden="true">{number}</time>
                <span class="sr-only">{format!("{title}, {told}{shown}")}</span>
                <span class="dots" aria-hidden="true">
                    {dots.into_iter().map(|dot| view! { <span class=dot.class()></span> }).collect_view()}
                    {(more > 0).then(|| view! { <span class="dots-more">{format!("+{more}")}</span> })}
                </span>
            </a>
        </td>
    }
}
