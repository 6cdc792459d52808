//! The start: leads admins to the overview, everybody else to the calendar, or to signing in.

use crate::{AppError, component::loaded};
use leptos::prelude::*;
use leptos_router::components::Redirect;

async fn home() -> Result<bool, AppError> {
    crate::request::user()
        .await
        .map(|user| user.has(kalends_core::rights::Right::Connections))
}

#[component]
pub fn HomePage() -> impl IntoView {
    loaded(
        home,
        |is_admin| view! { <Redirect path=if is_admin { "/overview" } else { "/calendar" } /> },
    )
}
