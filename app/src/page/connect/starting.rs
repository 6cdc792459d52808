//! What the connect form starts with: a refused form, the present connection, or the user's own address.

use super::field_names::{PERSONAL, SERVICE, names_of};
use crate::{AppError, draft::FormDraft, request};
use islands::connect::{AllowedWays, ConnectView};
use kalends_core::{
    connection::Connection,
    policy::{PersonalMode, TypedPasswords},
};
use kalends_store::{Store, User};

/// What the form starts with for this user.
pub async fn view_for(user: &User) -> Result<ConnectView, AppError> {
    let store = request::services().store;
    let connection = store.connection_of(user.id).await;
    let connection = connection.map_err(request::internal)?;
    let policy = store.policy().await.map_err(request::internal)?;
    Ok(ConnectView {
        draft: draft_for(user, connection.as_ref()).await?,
        reconnect: connection.is_some(),
        replaces: connection.map(|connection| connection.mailbox.to_string()),
        one_click: one_click(&store, user).await?,
        ways: AllowedWays {
            service: policy.typed != TypedPasswords::Off,
            personal: policy.personal == PersonalMode::On,
        },
    })
}

/// The kept form, or a new one. The values stay until the next try, the messages are told once.
async fn draft_for(user: &User, connection: Option<&Connection>) -> Result<FormDraft, AppError> {
    let kept = request::take_draft("connect").await?;
    if kept.values.is_empty() {
        // Nothing was typed where a button was pressed; what was wrong is told all the same.
        return Ok(FormDraft {
            errors: kept.errors,
            ..starting_values(user, connection)
        });
    }
    let without_messages = FormDraft {
        values: kept.values.clone(),
        ..FormDraft::default()
    };
    request::keep_draft("connect", without_messages).await?;
    Ok(kept)
}

/// The mailboxes that this user may connect through an account of the organisation.
async fn one_click(store: &Store, user: &User) -> Result<Vec<String>, AppError> {
    let mut mine = vec![user.email.clone()];
    let own = store.addresses_of(user.id).await;
    mine.extend(own.map_err(request::internal)?);
    let approved = store.approved_for(user.id).await;
    mine.extend(approved.map_err(request::internal)?);
    let mut found = Vec::new();
    for mailbox in mine {
        let account = store.account_for(mailbox.domain()).await;
        let mailbox = mailbox.to_string();
        if account.map_err(request::internal)?.is_some() && !found.contains(&mailbox) {
            found.push(mailbox);
        }
    }
    Ok(found)
}

pub fn starting_values(user: &User, connection: Option<&Connection>) -> FormDraft {
    let names = connection.map_or(SERVICE, |connection| names_of(connection.mode));
    let mut draft = FormDraft::default();
    let mut set = |name: &str, value: String| draft.values.insert(name.to_owned(), value);
    set(SERVICE.mailbox, user.email.to_string());
    set(PERSONAL.mailbox, user.email.to_string());
    set(
        "service",
        if names.mailbox == SERVICE.mailbox {
            "true".to_owned()
        } else {
            String::new()
        },
    );
    if let Some(connection) = connection {
        set(names.mailbox, connection.mailbox.to_string());
        set(names.account, connection.account.to_string());
        set(names.endpoint, connection.endpoint.to_string());
    }
    draft
}
