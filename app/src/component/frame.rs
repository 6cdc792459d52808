//! The frame around every page: skip link, navigation for who is signed in, heading.

use crate::routes::{Viewer, use_viewer};
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
    children: Children,
) -> impl IntoView {
    let viewer = use_viewer();
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
                <Suspense>{move || Suspend::new(async move { viewer.await.ok().flatten().map(navigation) })}</Suspense>
            </div>
        </header>
        <main id="main" class=class tabindex="-1">
            <h1>{title}</h1>
            {children()}
        </main>
    }
}

fn navigation(viewer: Viewer) -> impl IntoView {
    view! {
        <nav class="nav" aria-label="Main">
            {viewer
                .is_admin
                .then(|| view! { <leptos_router::components::A href="/overview">"Overview"</leptos_router::components::A> })}
            <leptos_router::components::A href="/calendar">"Calendar"</leptos_router::components::A>
            <leptos_router::components::A href="/profile">"Profile"</leptos_router::components::A>
            {viewer
                .is_admin
                .then(|| {
                    view! {
                        <leptos_router::components::A href="/connections">"Connections"</leptos_router::components::A>
                        <leptos_router::components::A href="/people">"People"</leptos_router::components::A>
                        <leptos_router::components::A href="/organisation">"Organisation"</leptos_router::components::A>
                    }
                })}
        </nav>
        <form class="sign-out" method="post" action="/api/sign_out">
            <span class="viewer">{viewer.name}</span>
            <button class="button button-quiet">"Sign out"</button>
        </form>
    }
}
