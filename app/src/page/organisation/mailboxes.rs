//! Which mailboxes an account reaches: addresses pasted, uploaded or taken from the people here, asked one after
//! another; what is in scope can be connected from there.

mod scope;

pub use scope::ScopePage;

use crate::{
    AppError,
    component::{EmptyState, FormNotice, Frame, When, loaded},
    draft::FormDraft,
    moment::Moment,
    request,
};
use kalends::mailbox_scope::{MAX_ADDRESSES, everybody, read_addresses, start};
use leptos::{
    prelude::*,
    server_fn::{
        ServerFn,
        codec::{MultipartData, MultipartFormData},
    },
};

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
struct MailboxesView {
    /// Ids and labels of the accounts.
    accounts: Vec<(String, String)>,
    people: usize,
    scopes: Vec<ScopeLine>,
    draft: FormDraft,
}

/// An earlier scope.
#[derive(Debug, Clone, PartialEq)]
struct ScopeLine {
    link: String,
    started: Moment,
    total: i64,
    state: String,
}

async fn mailboxes() -> Result<MailboxesView, AppError> {
    let admin = request::user_with(request::Right::Accounts).await?;
    let words = request::formatter(&admin).await?;
    let store = request::services().store;
    let held = store.held_accounts().await.map_err(request::internal)?;
    let scopes = store.mailbox_scopes().await.map_err(request::internal)?;
    Ok(MailboxesView {
        accounts: held
            .into_iter()
            .map(|held| (held.account.id.to_string(), held.account.label))
            .collect(),
        people: store.users().await.map_err(request::internal)?.len(),
        scopes: scopes
            .iter()
            .map(|scope| ScopeLine {
                link: format!("/organisation/mailboxes/{}", scope.id),
                started: words.appointment(scope.started_at, false),
                total: scope.total,
                state: match (scope.finished_at, scope.is_cancelled) {
                    (None, _) => "under way",
                    (Some(_), true) => "stopped",
                    (Some(_), false) => "complete",
                }
                .to_owned(),
            })
            .collect(),
        draft: request::take_draft("scope").await?,
    })
}

/// Begins to ask about mailboxes. The form carries a file, so it comes in parts.
#[server(endpoint = "check_scope", input = MultipartFormData)]
async fn check_scope(data: MultipartData) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Accounts).await?;
    let services = request::services();
    let sent = SentAddresses::read(data).await?;
    let held = super::fields::account_by_id(&sent.account).await?;
    let addresses = if sent.is_everybody {
        everybody(&services).await.map_err(request::internal)?
    } else {
        match sent.addresses() {
            Ok(addresses) => addresses,
            Err(message) => return sent.keep(message).await,
        }
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

#[derive(Default)]
struct SentAddresses {
    account: String,
    text: String,
    /// Ask about everybody here instead of a list.
    is_everybody: bool,
    /// Why a file was not taken.
    refused: Option<String>,
}

impl SentAddresses {
    async fn read(data: MultipartData) -> Result<Self, AppError> {
        let mut parts = data.into_inner().ok_or(AppError::NotUnderstood)?;
        let mut sent = Self::default();
        while let Some(part) = parts
            .next_field()
            .await
            .map_err(|_| AppError::NotUnderstood)?
        {
            let name = part.name().unwrap_or_default().to_owned();
            let bytes = part.bytes().await.map_err(|_| AppError::TooLarge)?;
            if let Some(words) = kalends::spreadsheet::not_text(&bytes) {
                sent.refused = Some(words.to_owned());
                continue;
            }
            let value = kalends::spreadsheet::text_of(&bytes);
            match name.as_str() {
                "addresses" | "file" => {
                    sent.text.push_str(&value);
                    sent.text.push('\n');
                }
                "account" => sent.account = value,
                "from" => sent.is_everybody = value == "everybody",
                _ => {}
            }
        }
        Ok(sent)
    }

    /// The addresses of the list, or what is wrong with it.
    fn addresses(&self) -> Result<kalends::mailbox_scope::Addresses, String> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        match read_addresses(&self.text) {
            None => Err(format!(
                "More than {MAX_ADDRESSES} addresses. Split the list."
            )),
            Some(found) if !found.all.is_empty() => Ok(found),
            Some(_) if self.text.trim().is_empty() => {
                Err("Paste addresses or choose a file that holds some.".to_owned())
            }
            Some(_) => Err("There is no mail address in this.".to_owned()),
        }
    }

    /// Back to the form. A list of thousands is not kept in a session: it is still on the clipboard or in its file.
    async fn keep(self, message: String) -> Result<(), AppError> {
        let short = self.text.trim().chars().take(2_000).collect();
        let draft = FormDraft {
            values: [("addresses".to_owned(), short)].into(),
            errors: [("addresses".to_owned(), message)].into(),
        };
        crate::request::keep_draft("scope", draft).await?;
        crate::request::see_other("/organisation/mailboxes");
        Ok(())
    }
}

/// What of a pasted list is not asked.
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
    loaded(mailboxes, |view| view! { <Mailboxes view /> })
}

#[component]
fn Mailboxes(view: MailboxesView) -> impl IntoView {
    let MailboxesView {
        accounts,
        people,
        scopes,
        draft,
    } = view;
    let none = accounts.is_empty();
    let no_scopes = scopes.is_empty();
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
                view! { <AddressesForm accounts people draft /> }.into_any()
            }}
            {(!no_scopes).then(|| view! { <Earlier scopes /> })}
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

#[component]
fn AddressesForm(
    accounts: Vec<(String, String)>,
    people: usize,
    draft: FormDraft,
) -> impl IntoView {
    let mistake = draft.errors.get("addresses").cloned();
    let is_wrong = mistake.is_some();
    let errors = Signal::stored(draft.errors.clone());
    view! {
        <div class="panel">
            <p class="panel-hint">
                "Kalends asks Exchange about each address and shows which are in scope, outside, unknown, an alias, or moved. Nothing is connected and nothing is read."
            </p>
            <form class="form" method="post" action=CheckScope::url() enctype="multipart/form-data">
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
}

/// The scopes that were asked about before.
#[component]
fn Earlier(scopes: Vec<ScopeLine>) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="maps">
            <h2 id="maps">"Maps"</h2>
            <ul class="links">
                {scopes
                    .into_iter()
                    .map(|scope| {
                        view! {
                            <li>
                                <a href=scope.link><When moment=scope.started /></a>
                                {format!(": {} addresses, {}", scope.total, scope.state)}
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </section>
    }
}
