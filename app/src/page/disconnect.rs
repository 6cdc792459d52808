//! Asks before a connection is ended, and names what is lost.

use crate::{
    AppError,
    component::{Frame, loaded},
    request,
};
use leptos::{prelude::*, server_fn::ServerFn};

/// What would be lost.
#[derive(Debug, Clone, PartialEq)]
struct DisconnectView {
    mailbox: String,
    entries: i64,
    /// Through the account that an admin holds.
    is_held: bool,
}

async fn what_is_lost() -> Result<DisconnectView, AppError> {
    let user = request::user().await?;
    let connection = request::services()
        .store
        .connection_of(user.id)
        .await
        .map_err(request::internal)?;
    let Some(connection) = connection else {
        request::see_other("/profile");
        return Err(AppError::NotYours);
    };
    Ok(DisconnectView {
        mailbox: connection.mailbox.to_string(),
        entries: connection.entries,
        is_held: connection.mode == kalends_core::connection::Mode::Organisation,
    })
}

#[server(endpoint = "disconnect")]
async fn disconnect() -> Result<(), AppError> {
    let user = request::user().await?;
    let ended = kalends::connect::disconnect(&request::services(), &user)
        .await
        .map_err(request::internal)?;
    request::take_draft("connect").await?;
    request::flash(match ended {
        None => "Your Exchange calendar was not connected any more.",
        Some(ended) if ended.is_secret_deleted => {
            "Your Exchange calendar is disconnected. Its password and the copy of your entries are deleted."
        }
        Some(_) => {
            "Your Exchange calendar is disconnected. The copy of your entries is deleted; the account’s password stays, because it serves others too."
        }
    })
    .await?;
    request::see_other("/profile");
    Ok(())
}

#[component]
pub fn DisconnectPage() -> impl IntoView {
    loaded(what_is_lost, |view| {
        let entries = match view.entries {
            0 => "No entries are stored.".to_owned(),
            1 => "Deletes the copy of 1 calendar entry in Kalends.".to_owned(),
            many => format!("Deletes the copy of {many} calendar entries in Kalends."),
        };
        view! {
            <Frame title="Disconnect Microsoft Exchange?">
                <div class="panel">
                <p class="lead">"Kalends stops reading " <strong>{view.mailbox}</strong> "."</p>
                <ul>
                    <li>{entries}</li>
                    <li>
                        {if view.is_held {
                            "Your organisation’s account and its password stay as they are; you can connect again with one click."
                        } else {
                            "Forgets the stored password, unless other people’s connections use the same service account."
                        }}
                    </li>
                    <li>"Changes nothing in Exchange."</li>
                </ul>
                <form class="form-actions" method="post" action=Disconnect::url()>
                    <button class="button button-danger">"Disconnect"</button>
                    <a class="button" href="/profile">"Keep it"</a>
                </form>
                </div>
            </Frame>
        }
    })
}
