//! The way to the pages beside one of a long list.

use kalends_store::Page;
use leptos::prelude::*;

/// Where the pages beside this one begin or end, as addresses carry it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PagerView {
    pub previous: Option<String>,
    pub next: Option<String>,
    /// How many there are in all, in words.
    pub total: String,
}

impl PagerView {
    pub fn new<T>(page: &Page<T>, total: i64, what: &str) -> Self {
        Self {
            previous: page.previous.as_ref().map(ToString::to_string),
            next: page.next.as_ref().map(ToString::to_string),
            total: format!("{total} {what}"),
        }
    }
}

/// Nothing where one page holds all. `to` is the address of a page.
#[component]
pub fn Pager(
    view: PagerView,
    to: impl Fn(&str) -> String + Send + Sync + 'static,
) -> impl IntoView {
    let PagerView {
        previous,
        next,
        total,
    } = view;
    (previous.is_some() || next.is_some()).then(|| {
        view! {
            <nav class="pager" aria-label="Pages">
                {previous.map(|page| view! { <a class="button" href=to(&page)>"Previous"</a> })}
                <span>{total}</span>
                {next.map(|page| view! { <a class="button" href=to(&page)>"Next"</a> })}
            </nav>
        }
    })
}
