//! Which mailboxes an account reaches: addresses pasted, uploaded or taken from the people here, asked one after
//! another; what is in scope can be connected from there.

mod map;

pub use map::MapPage;

use crate::{
    AppError,
    component::{EmptyState, FormNotice, Frame, When, loaded},
    draft::FormDraft,
    moment::Moment,
};
use leptos::{
    prelude::*,
    server_fn::{
        ServerFn,
        codec::{MultipartData, MultipartFormData},
    },
};
use serde::{Deserialize, Serialize};

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct MailboxesView {
    /// Ids and labels of the accounts.
    accounts: Vec<(String, String)>,
    people: usize,
    mailbox_scopes: Vec<MapLine>,
    draft: FormDraft,
}

/// An earlier map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct MapLine {
    link: String,
    started: Moment,
    total: i64,
    state: String,
}

#[server(endpoint = "mailboxes")]
async fn mailboxes() -> Result<MailboxesView, AppError> {
    use crate::request;
    let admin = request::admin().await?;
    let words = request::words(&admin);
    let store = request::services().store;
    let held = store.held_accounts().await.map_err(request::internal)?;
    let mailbox_scopes = store.mailbox_scopes().await.map_err(request::internal)?;
    Ok(MailboxesView {
        accounts: held
            .into_iter()
            .map(|held| (held.account.id.to_string(), held.account.label))
            .collect(),
        people: store.users().await.map_err(request::internal)?.len(),
        mailbox_scopes: mailbox_scopes
            .iter()
            .map(|map| MapLine {
                link: format!("/organisation/mailboxes/{}", map.id),
                started: words.appointment(map.started_at, false),
                total: map.total,
                state: match (map.finished_at, map.is_cancelled) {
                    (None, _) => "under way",
                    (Some(_), true) => "stopped",
                    (Some(_), false) => "complete",
                }
                .to_owned(),
            })
            .collect(),
        draft: request::take_draft("map").await?,
    })
}

/// Begins a map. The form carries a file, so it comes in parts.
#[server(endpoint = "map_mailboxes", input = MultipartFormData)]
async fn map_mailboxes(data: MultipartData) -> Result<(), AppError> {
    use crate::request;
    use kalends::mailbox_scope::{MAX_ADDRESSES, everybody, read_addresses, start};
    let admin = request::admin().await?;
    let services = request::services();
    let mut parts = data.into_inner().ok_or(AppError::NotUnderstood)?;
    let (mut text, mut account, mut from) = (String::new(), String::new(), String::new());
    let mut refused = None;
    while let Some(part) = parts
        .next_field()
        .await
        .map_err(|_| AppError::NotUnderstood)?
    {
        let name = part.name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(|_| AppError::TooLarge)?;
        if let Some(words) = kalends::spreadsheet::not_text(&bytes) {
            refused = Some(words.to_owned());
            continue;
        }
        let value = kalends::spreadsheet::text_of(&bytes);
        match name.as_str() {
            "addresses" | "file" => {
                text.push_str(&value);
                text.push('\n');
            }
            "account" => account = value,
            "from" => from = value,
            _ => {}
        }
    }
    let held = super::fields::account_by_id(&account).await?;
    let message = if from == "everybody" {
        None
    } else if refused.is_some() {
        refused
    } else {
        match read_addresses(&text) {
            None => Some(format!(
                "More than {MAX_ADDRESSES} addresses. Split the list."
            )),
            Some(found) if found.all.is_empty() => Some(if text.trim().is_empty() {
                "Paste addresses or choose a file that holds some.".to_owned()
            } else {
                "There is no mail address in this.".to_owned()
            }),
            Some(_) => None,
        }
    };
    if let Some(message) = message {
        // A list of thousands is not kept in a session: it is still on the clipboard or in its file.
        let short = text.trim().chars().take(2_000).collect();
        let draft = FormDraft {
            values: [("addresses".to_owned(), short)].into(),
            errors: [("addresses".to_owned(), message)].into(),
        };
        request::keep_draft("map", draft).await?;
        request::see_other("/organisation/mailboxes");
        return Ok(());
    }
    let addresses = if from == "everybody" {
        everybody(&services).await.map_err(request::internal)?
    } else {
        read_addresses(&text).unwrap_or_default()
    };
    let id = start(&services, &admin, &held.account, &addresses)
        .await
        .map_err(request::internal)?;
    if let Some(words) = left_out(&addresses) {
        request::flash(&words).await?;
    }
    request::see_other(&format!("/organisation/mailboxes/{id}"));
    Ok(())
}

/// What of a pasted list is not asked.
#[cfg(feature = "ssr")]
fn left_out(addresses: &kalends::mailbox_scope::Addresses) -> Option<String> {
    let counted = |number: usize, one: &str, many: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        number => Some(format!("{number} {many}")),
    };
    let parts: Vec<String> = [
        counted(addresses.doubles, "double", "doubles"),
        counted(
            addresses.without,
            "line without an address",
            "lines without an address",
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| format!("Left out of the list: {}.", parts.join(", ")))
}

#[component]
pub fn MailboxesPage() -> impl IntoView {
    loaded(
        Resource::new(|| (), |()| mailboxes()),
        |view| view! { <Mailboxes view /> },
    )
}

#[component]
fn Mailboxes(view: MailboxesView) -> impl IntoView {
    let MailboxesView {
        accounts,
        people,
        mailbox_scopes,
        draft,
    } = view;
    let mistake = draft.errors.get("addresses").cloned();
    let is_wrong = mistake.is_some();
    let errors = Signal::stored(draft.errors.clone());
    let none = accounts.is_empty();
    let no_maps = mailbox_scopes.is_empty();
    view! {
        <Frame title="Map mailboxes">
            <p class="back"><a href="/organisation">"Organisation"</a></p>
            {if none {
                view! {
                    <EmptyState lead="Add a service account first.">
                        <p>"A map shows which mailboxes it reaches."</p>
                        <a class="button button-primary" href="/organisation/accounts/new">"Add an account"</a>
                    </EmptyState>
                }
                    .into_any()
            } else {
                view! {
                    <div class="panel">
                        <p class="panel-hint">
                            "Kalends asks Exchange about each address and shows which are in scope, outside, unknown, an alias, or moved. Nothing is connected and nothing is read."
                        </p>
                        <form class="form" method="post" action=MapMailboxes::url() enctype="multipart/form-data">
                            <FormNotice errors />
                            <AccountChoice accounts />
                            <div class="field">
                                <label for="field-addresses">"Addresses"</label>
                                <textarea
                                    id="field-addresses"
                                    name="addresses"
                                    rows="8"
                                    spellcheck="false"
                                    autocomplete="off"
                                    autofocus=is_wrong
                                    aria-invalid=is_wrong.then_some("true")
                                    aria-describedby=if is_wrong { "field-addresses-error field-addresses-hint" } else { "field-addresses-hint" }
                                >
                                    {draft.value("addresses")}
                                </textarea>
                                {mistake.map(|words| view! { <p class="field-error" id="field-addresses-error">{words}</p> })}
                                <p class="field-hint" id="field-addresses-hint">"One per line, or as you copied them: separated by commas, with names, from a table."</p>
                            </div>
                            <div class="field">
                                <label for="field-file">"Or a file" <span class="field-aside">"optional"</span></label>
                                <input id="field-file" type="file" name="file" accept=".csv,.txt,text/csv,text/plain" />
                                <p class="field-hint">"CSV or text. Every address in it is taken, in any column."</p>
                            </div>
                            <div class="form-actions form-end">
                                <button class="button button-primary" name="from" value="list">"Map these"</button>
                                <button class="button" name="from" value="everybody">
                                    {format!("Map all {people} people of Kalends")}
                                </button>
                            </div>
                        </form>
                    </div>
                }
                    .into_any()
            }}
            {(!no_maps)
                .then(|| {
                    view! {
                        <section class="panel" aria-labelledby="maps">
                            <h2 id="maps">"Maps"</h2>
                            <ul class="links">
                                {mailbox_scopes
                                    .into_iter()
                                    .map(|map| {
                                        view! {
                                            <li>
                                                <a href=map.link><When moment=map.started /></a>
                                                {format!(": {} addresses, {}", map.total, map.state)}
                                            </li>
                                        }
                                    })
                                    .collect_view()}
                            </ul>
                        </section>
                    }
                })}
        </Frame>
    }
}

/// With one account there is nothing to choose.
#[component]
fn AccountChoice(accounts: Vec<(String, String)>) -> impl IntoView {
    if let [(id, _)] = accounts.as_slice() {
        let id = id.clone();
        return view! { <input type="hidden" name="account" value=id /> }.into_any();
    }
    view! {
        <div class="field">
            <label for="field-account">"Account"</label>
            <select id="field-account" name="account">
                {accounts.into_iter().map(|(id, label)| view! { <option value=id>{label}</option> }).collect_view()}
            </select>
        </div>
    }
    .into_any()
}
