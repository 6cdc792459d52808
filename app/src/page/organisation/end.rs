//! Disconnecting an account of the organisation: what is lost is named and asked twice, and what its password could
//! still do is shown.

use crate::{
    AppError,
    component::{CommandBlock, Field, Frame, When, loaded},
    draft::FormDraft,
    moment::Moment,
    request,
};
use kalends_core::advice::{Command, Names, advice, service_account};
use kalends_store::Probe;
use leptos::{prelude::*, server_fn::ServerFn};

/// What would be lost.
#[derive(Debug, Clone, PartialEq)]
struct EndView {
    id: String,
    label: String,
    connections: i64,
    entries: i64,
    mailbox: String,
    draft: FormDraft,
}

async fn account_to_end(id: String) -> Result<EndView, AppError> {
    request::user_with(request::Right::Accounts).await?;
    let held = super::fields::account_by_id(&id).await?;
    let control = held.account.control_mailbox.as_ref();
    Ok(EndView {
        label: held.account.label,
        connections: held.connections,
        entries: held.entries,
        mailbox: control.map(ToString::to_string).unwrap_or_default(),
        draft: request::take_draft(&format!("end-{id}")).await?,
        id,
    })
}

#[server(endpoint = "end_account")]
async fn end_account(id: String, #[server(default)] name: String) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Accounts).await?;
    let held = super::fields::account_by_id(&id).await?;
    if name.trim() != held.account.label {
        let message = format!("Type {} to confirm.", held.account.label);
        let draft = FormDraft {
            values: [("name".to_owned(), name)].into(),
            errors: [("name".to_owned(), message)].into(),
        };
        request::keep_draft(&format!("end-{id}"), draft).await?;
        request::see_other(&format!("/organisation/accounts/{id}/disconnect"));
        return Ok(());
    }
    let ended = kalends::accounts::organisation::end(&request::services(), &admin, &held)
        .await
        .map_err(request::internal)?;
    request::see_other(&format!("/organisation/ended/{}", ended.id));
    Ok(())
}

#[component]
pub fn EndAccountPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    loaded(
        move || account_to_end(id()),
        |view| {
            let errors = Signal::stored(view.draft.errors.clone());
            let back = format!("/organisation/accounts/{}", view.id);
            let people = match view.connections {
                0 => "Nobody is connected through it.".to_owned(),
                1 => format!(
                    "1 person is disconnected, and the copy of their calendar is deleted: {} entries.",
                    view.entries
                ),
                many => format!(
                    "{many} people are disconnected, and the copies of their calendars are deleted: {} entries.",
                    view.entries
                ),
            };
            let probe = if view.mailbox.is_empty() {
                "Kalends tries once more what the stored password can do, and shows it.".to_owned()
            } else {
                format!(
                    "Kalends tries once more whether the stored password opens {}, and shows what it saw.",
                    view.mailbox
                )
            };
            let hint = format!("Type {} to confirm.", view.label);
            view! {
                <Frame title="Disconnect this account?">
                    <div class="panel">
                        <p class="lead"><strong>{view.label}</strong></p>
                        <ul>
                            <li>{probe}</li>
                            <li>"Then it forgets the password, and the next one if you have tested one."</li>
                            <li>{people}</li>
                            <li>"In Exchange nothing changes: the role and the account stay until an Exchange administrator takes them away."</li>
                        </ul>
                        <form class="form" method="post" action=EndAccount::url() novalidate>
                            <input type="hidden" name="id" value=view.id />
                            <Field label="Name of the account" name="name" value=view.draft.value("name") hint errors />
                            <div class="form-actions">
                                <button class="button button-danger">"Disconnect"</button>
                                <a class="button" href=back>"Keep it"</a>
                            </div>
                        </form>
                    </div>
                </Frame>
            }
        },
    )
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
struct EndedView {
    label: String,
    account: String,
    endpoint: String,
    mailbox: String,
    at: Moment,
    by: String,
    users: i64,
    entries: i64,
    /// What the password could still do: a heading, an explanation, and whether it is bad.
    title: String,
    meaning: String,
    is_open: bool,
    commands: Vec<Command>,
}

async fn ended_account(id: String) -> Result<EndedView, AppError> {
    let admin = request::user_with(request::Right::Accounts).await?;
    let words = request::formatter(&admin).await?;
    let store = request::services().store;
    let found = match id.parse() {
        Ok(id) => store.revocation(id).await.map_err(request::internal)?,
        Err(_) => None,
    };
    let Some(ended) = found else {
        request::set_not_found();
        return Err(AppError::NotYours);
    };
    let by = store.user(ended.by).await.map_err(request::internal)?;
    let mailbox = ended.mailbox.as_ref().map(ToString::to_string);
    let mailbox = mailbox.unwrap_or_default();
    let names = Names {
        mailbox: mailbox.clone(),
        account: ended.account.clone(),
        endpoint: ended.endpoint.to_string(),
        utc_offset: Some(words.utc_offset()),
        held: false,
        is_own: false,
        tells_addresses: true,
        probe_at: None,
    };
    let (title, meaning, is_open) = probe_words(&ended.probe, &names);
    let revoke = service_account(&names).into_iter();
    let revoke = revoke.filter(|section| section.id == "revoke");
    Ok(EndedView {
        commands: revoke.flat_map(|section| section.commands).collect(),
        at: words.appointment(ended.at, false),
        by: by.map(|by| by.name).unwrap_or_default(),
        label: ended.label,
        account: ended.account,
        endpoint: ended.endpoint.to_string(),
        users: ended.users,
        entries: ended.entries,
        mailbox,
        title,
        meaning,
        is_open,
    })
}

/// What the password could still do: a heading, an explanation, and whether access is open.
fn probe_words(
    probe: &kalends_store::Probe,
    names: &kalends_core::advice::Names,
) -> (String, String, bool) {
    match probe {
        Probe::Open => (
            "Access was still open.".to_owned(),
            format!(
                "A moment before Kalends forgot it, the password opened {}. Whoever else knows it can go on. An Exchange administrator ends that with these commands.", names.mailbox
            ),
            true,
        ),
        Probe::Closed { problem } => (
            "This password opens nothing any more.".to_owned(),
            format!(
                "Exchange turned it away: {} Whether the account still holds the role, with another password, the commands show.",
                advice(problem, names).title
            ),
            false,
        ),
        Probe::RefusedBefore => (
            "This password opens nothing any more.".to_owned(),
            "Exchange had refused it before, so it was not sent again. Whether the account still holds the role, with another password, the commands show.".to_owned(),
            false,
        ),
        Probe::Denied { problem, tried } => (
            "The password still signs in, and was denied where it was tried.".to_owned(),
            format!(
                "Exchange took the password and denied {}: {} That proves nothing about other mailboxes: take the access away to be sure.",
                if *tried == 1 { "1 mailbox".to_owned() } else { format!("{tried} mailboxes") },
                advice(problem, names).title
            ),
            true,
        ),
        Probe::Unknown { problem } => (
            "Whether access is open is not known.".to_owned(),
            format!(
                "Exchange could not be asked: {} Take the access away to be sure.",
                advice(problem, names).title
            ),
            true,
        ),
        Probe::NotTried => (
            "Whether access is open is not known.".to_owned(),
            "No mailbox was known to try it with. Take the access away to be sure.".to_owned(),
            true,
        ),
    }
}

#[component]
pub fn EndedPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    loaded(
        move || ended_account(id()),
        |view| {
            let class = if view.is_open {
                "notice notice-bad"
            } else {
                "notice notice-good"
            };
            let facts = [
                ("Account", view.account),
                ("Exchange server", view.endpoint),
                ("Mailbox tried", view.mailbox),
                ("People disconnected", view.users.to_string()),
                ("Entries deleted", view.entries.to_string()),
                ("Password", "forgotten, the next one as well".to_owned()),
            ];
            view! {
                <Frame title=format!("{} is disconnected", view.label)>
                    <p class="back"><a href="/organisation">"Organisation"</a></p>
                    <section class=class role="status">
                        <p class="notice-title">{view.title}</p>
                        <p>{view.meaning}</p>
                    </section>
                    <section class="panel" aria-labelledby="facts">
                        <h2 id="facts">"What was done"</h2>
                        <p>"By " {view.by} ", " <When moment=view.at /></p>
                        <dl class="facts">
                            {facts
                                .into_iter()
                                .filter(|(_, value)| !value.is_empty())
                                .map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
                                .collect_view()}
                        </dl>
                    </section>
                    <section class="panel" aria-labelledby="revoke">
                        <h2 id="revoke">{if view.is_open { "Take the access away" } else { "Take the role away" }}</h2>
                        {view.commands.into_iter().map(|command| view! { <CommandBlock command number=None /> }).collect_view()}
                    </section>
                </Frame>
            }
        },
    )
}
