//! Connecting to Microsoft Exchange: one form with both ways, as a page of its own and, once hydrated, as a dialog.

use crate::{
    AppError,
    component::{Frame, WakeIslands, loaded},
};
use islands::connect::{ConnectInPage, ConnectView};
use leptos::prelude::*;

mod field_names;
pub mod replace;
mod starting;
mod submit;

pub use field_names::{SERVICE, allow_basic, confirm, mend};
pub use starting::view_for;
pub use submit::ConnectMine;

async fn connect_form() -> Result<ConnectView, AppError> {
    view_for(&crate::request::user().await?).await
}

#[component]
pub fn ConnectPage() -> impl IntoView {
    loaded(connect_form, |view| {
        view! {
            <Frame title="Connect Microsoft Exchange">
                <div class="panel">
                    <ConnectInPage view />
                </div>
                <WakeIslands />
            </Frame>
        }
    })
}
