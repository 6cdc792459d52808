//! Webhooks: added, tested, removed.

use crate::{
    AppError,
    component::{CopyButton, Field, FormNotice, When},
    draft::FormDraft,
    moment::Moment,
    request,
};
use kalends::notify::{self, HookError, NewHook};
use kalends_core::account_name::Password;
use leptos::{prelude::*, server_fn::ServerFn};

#[derive(Debug, Clone, PartialEq)]
pub struct WebhookView {
    pub id: String,
    pub name: String,
    pub host: String,
    pub since: Moment,
    /// The signing key, right after the webhook was added.
    pub key: Option<String>,
}

#[server(endpoint = "test_webhook")]
async fn test_webhook(id: String) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Notices).await?;
    let tested = match id.parse() {
        Ok(id) => kalends::notify::test_webhook(&request::services(), &admin, id).await,
        Err(_) => Ok(None),
    };
    let Some(tested) = tested.map_err(request::internal)? else {
        request::set_not_found();
        return Err(AppError::NotYours);
    };
    request::flash(&super::sent::test_result(tested)).await?;
    request::see_other("/organisation/notices");
    Ok(())
}

#[server(endpoint = "add_webhook")]
async fn add_webhook(
    #[server(default)] name: String,
    #[server(default)] address: Password,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Notices).await?;
    let errors = match NewHook::parse(&name, address.reveal()) {
        Ok(new) => match notify::add(&request::services(), &admin, new).await {
            Ok(()) => {
                request::flash("The webhook is added. Its signing key is shown for 15 minutes.")
                    .await?;
                request::see_other("/organisation/notices");
                return Ok(());
            }
            Err(HookError::Custody(error)) => return Err(request::internal(error)),
            Err(error) => vec![("address", error.to_string())],
        },
        Err(mistakes) => mistakes,
    };
    // The address may hold a token, so it is typed again.
    let draft = FormDraft {
        values: [("name".to_owned(), name)].into(),
        errors: errors
            .into_iter()
            .map(|(field, words)| (field.to_owned(), words))
            .collect(),
    };
    request::keep_draft("webhook", draft).await?;
    // Without a fragment, which would keep the wrong field from the focus.
    request::see_other("/organisation/notices");
    Ok(())
}

#[server(endpoint = "remove_webhook")]
async fn remove_webhook(id: String) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Notices).await?;
    let removed = match id.parse() {
        Ok(id) => kalends::notify::remove(&request::services(), &admin, id).await,
        Err(_) => Ok(false),
    };
    if !removed.map_err(request::internal)? {
        request::set_not_found();
        return Err(AppError::NotYours);
    }
    request::flash("The webhook is removed; its address and key are forgotten.").await?;
    request::see_other("/organisation/notices");
    Ok(())
}

#[component]
pub fn Webhooks(webhooks: Vec<WebhookView>, draft: FormDraft) -> impl IntoView {
    let name = draft.value("name");
    let is_open = !draft.errors.is_empty();
    let errors = Signal::stored(draft.errors);
    view! {
        <section class="panel" aria-labelledby="webhooks">
            <h2 id="webhooks">"Webhooks"</h2>
            <p class="panel-hint">
                "What administrators are told is posted as JSON to each of them, signed as standardwebhooks.com says. Chat programs show the member “text”."
            </p>
            {webhooks.into_iter().map(|webhook| view! { <HookRow webhook /> }).collect_view()}
            <details class="more" open=is_open>
                <summary>"Add a webhook"</summary>
                <form class="form form-narrow" method="post" action=AddWebhook::url() novalidate autocomplete="off">
                    <FormNotice errors />
                    <Field label="Name" name="name" value=name hint="Such as the chat room it posts to." errors />
                    <Field
                        label="Address"
                        name="address"
                        kind="url"
                        inputmode="url"
                        value=""
                        hint="Begins with https://. It is sealed like a password, because it may hold a token."
                        errors
                    />
                    <button class="button button-primary">"Add"</button>
                </form>
            </details>
        </section>
    }
}

#[component]
fn HookRow(webhook: WebhookView) -> impl IntoView {
    let WebhookView {
        id,
        name,
        host,
        since,
        key,
    } = webhook;
    let (test, remove) = (format!("Test {name}"), format!("Remove {name}"));
    view! {
        <div class="row">
            <div class="row-main">
                <h3 class="row-title">{name}</h3>
                <p class="row-state">{host} ", since " <When moment=since /></p>
                {key
                    .map(|key| {
                        view! {
                            <div class="notice notice-good fresh-link copyable">
                                <p class="notice-title">"Its signing key"</p>
                                <pre class="copy-text" tabindex="0"><code>{key}</code></pre>
                                <CopyButton />
                                <p class="panel-hint">"Whoever receives the notices checks with it that they are from here. It is shown for 15 minutes."</p>
                            </div>
                        }
                    })}
            </div>
            <div class="row-actions">
                <form method="post" action=TestWebhook::url()>
                    <input type="hidden" name="id" value=id.clone() />
                    <button class="button" aria-label=test>"Test"</button>
                </form>
            </div>
            <details class="more">
                <summary>{remove}</summary>
                <p>"Its address and key are forgotten: to post there again it is added anew, and whoever receives the alerts needs the new key."</p>
                <form class="form-actions" method="post" action=RemoveWebhook::url()>
                    <input type="hidden" name="id" value=id />
                    <button class="button button-danger">"Remove it"</button>
                </form>
            </details>
        </div>
    }
}
