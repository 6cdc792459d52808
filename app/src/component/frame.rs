//! The frame around every page: skip link, navigation for who is signed in, heading.

use crate::viewer::{AskedViewer, Viewer};
use leptos::prelude::*;
use leptos_meta::Title;

/// A page with its title as heading.
#[component]
pub fn Frame(
    #[prop(into)] title: String,
    /// Wide pages hold tables.
    #[prop(optional)]
    wide: bool,
    /// Narrow pages hold one short form.
    #[prop(optional)]
    narrow: bool,
    /// The address of the main page that it belongs to, where its own does not begin with that.
    #[prop(optional)]
    part_of: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    let class = match (wide, narrow) {
        (true, _) => "page page-wide",
        (false, true) => "page page-narrow",
        (false, false) => "page",
    };
    view! {
        <Title text=format!("{title} · Kalends") />
        <a class="skip-link" href="#main">"Skip to content"</a>
        <header class="top">
            <div class="top-inner">
                <a class="brand" href="/">
                    <img src="/favicon.svg" alt="" width="24" height="24" />
                    "Kalends"
                </a>
                <Suspense>{move || Suspend::new(async move { AskedViewer::get().await.map(|viewer| navigation(viewer, part_of)) })}</Suspense>
            </div>
        </header>
        <main id="main" class=class tabindex="-1">
            <h1 id="title" data-live="">{title}</h1>
            {children()}
        </main>
    }
}

fn navigation(viewer: Viewer, part_of: Option<&'static str>) -> impl IntoView {
    let path = leptos_router::hooks::use_location()
        .pathname
        .get_untracked();
    let here = part_of.map_or(path, str::to_owned);
    let link = |to: &'static str, name: &'static str| {
        let rest = here.strip_prefix(to);
        let is_here = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        view! { <a href=to aria-current=is_here.then_some("page")>{name}</a> }
    };
    let is_admin = viewer.is_admin;
    view! {
        <nav class="nav" aria-label="Main">
            {is_admin.then(|| link("/overview", "Overview"))}
            {link("/calendar", "Calendar")}
            {link("/profile", "Profile")}
            {is_admin.then(|| [link("/connections", "Connections"), link("/people", "People"), link("/organisation", "Organisation")])}
        </nav>
        <form class="sign-out" method="post" action="/api/sign_out">
            <span class="viewer">{viewer.name}</span>
            <button class="button button-quiet">"Sign out"</button>
        </form>
    }
}
