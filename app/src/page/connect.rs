//! Connecting to Microsoft Exchange: one form with both ways, as a page of its own and, once hydrated, as a dialog.

use crate::{
    AppError,
    component::{Frame, loaded},
};
use leptos::prelude::*;

mod dom;
#[cfg(feature = "ssr")]
mod field_names;
mod flow;
mod form;
mod one_click;
pub mod replace;
#[cfg(feature = "ssr")]
mod starting;
mod submit;
mod view;

pub use dom::resubmit_with;
#[cfg(feature = "ssr")]
pub use field_names::{SERVICE, allow_basic, confirm, mend};
pub use flow::ConnectDialog;
use flow::ConnectInPage;
pub use form::{ByBasic, DraftNote, ServiceFields};
#[cfg(feature = "ssr")]
pub use starting::view_for;
pub use submit::ConnectMine;
pub use view::{ConnectView, FAILURE_HEADING};

#[server(endpoint = "connect_form")]
async fn connect_form() -> Result<ConnectView, AppError> {
    view_for(&crate::request::user().await?).await
}

#[component]
pub fn ConnectPage() -> impl IntoView {
    loaded(Resource::new(|| (), |()| connect_form()), |view| {
        view! {
            <Frame title="Connect Microsoft Exchange">
                <div class="panel">
                    <ConnectInPage view />
                </div>
            </Frame>
        }
    })
}
