//! The start: leads to the calendar, or to signing in.

use crate::{AppError, component::loaded};
use leptos::prelude::*;
use leptos_router::components::Redirect;

#[server(endpoint = "home")]
async fn home() -> Result<(), AppError> {
    crate::request::user().await.map(|_| ())
}

#[component]
pub fn HomePage() -> impl IntoView {
    loaded(
        Resource::new(|| (), |()| home()),
        |()| view! { <Redirect path="/calendar" /> },
    )
}
