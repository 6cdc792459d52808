//! Asks before an account of the organisation is paused, and says what stops.

use super::click::ClickButton;
use crate::{
    AppError,
    component::{Frame, loaded},
};
use leptos::prelude::*;

async fn account_to_pause(id: String) -> Result<(String, String, i64), AppError> {
    crate::request::user_with(crate::request::Right::Accounts).await?;
    let held = super::fields::account_by_id(&id).await?;
    Ok((id, held.account.label, held.connections))
}

/// Asks before an account is paused.
#[component]
pub fn PauseAccountPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    loaded(
        move || account_to_pause(id()),
        |(id, label, connections)| {
            let back = format!("/organisation/accounts/{id}");
            view! {
                <Frame title="Pause this account?">
                    <div class="panel">
                        <p class="lead"><strong>{label}</strong></p>
                        <ul>
                            <li>{super::stopping(connections)}</li>
                            <li>"Nothing is deleted, and resuming goes on where it stopped."</li>
                        </ul>
                        <div class="form-actions">
                            <ClickButton id click="pause" label="Pause" class="button button-danger" />
                            <a class="button" href=back>"Do not pause"</a>
                        </div>
                    </div>
                </Frame>
            }
        },
    )
}
