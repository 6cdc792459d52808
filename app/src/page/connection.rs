//! One connection as an admin sees it: its state, the last check's ladder, and everything that happened.

mod panels;
mod timeline;

use crate::{
    AppError,
    component::{Follow, Frame, LookAgain, Notice, StateBadge, StateView, When, loaded},
    moment::Moment,
    page::{
        connect::replace::{self, ReplacePassword, ReplaceView},
        organisation::click::SEND_AGAIN,
    },
    request,
};
use kalends::sync::SyncRequest;
use kalends_core::{
    advice::Advice,
    audit::{AuditAction, AuditEntry},
    check::Outcome,
    connection::{ConnectionState, Mode},
    id::ConnectionId,
    topic::Topic,
};
use leptos::{prelude::*, server_fn::ServerFn};
use panels::{CheckLine, Facts, Happened, LastCheck};

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
struct ConnectionView {
    id: ConnectionId,
    person: String,
    email: String,
    state: StateView,
    since: Moment,
    facts: Vec<(String, String)>,
    last_sync: Option<Moment>,
    next_sync: Result<Moment, String>,
    advice: Option<Advice>,
    /// The password that it goes through was refused, and is the reader's to type.
    replace: Option<ReplaceView>,
    /// The page of the organisation's account that it goes through.
    account_page: Option<String>,
    /// Its certificate, if that ends soon.
    warnings: Vec<String>,
    check: Option<CheckLine>,
    /// The end of the last sync run, whatever came of it.
    last_run: Option<Moment>,
    /// An admin has paused this one alone.
    is_paused: bool,
    /// Its account's password was refused, or never answered.
    is_stopped: bool,
    /// The page of the person, who may not sign in: until then nothing is read.
    disabled: Option<String>,
    lines: Vec<timeline::TimelineLine>,
    /// More happened than is shown.
    has_more: bool,
    flash: Option<String>,
}

async fn connection(id: String, all: bool) -> Result<ConnectionView, AppError> {
    let admin = request::user_with(request::Right::Connections).await?;
    let words = request::formatter(&admin).await?;
    let store = request::services().store;
    let found = request::connection_by_id(&id).await?;
    let user = store
        .user(found.user_id)
        .await
        .map_err(request::internal)?
        .ok_or(AppError::NotYours)?;
    let check = store
        .last_check(found.user_id)
        .await
        .map_err(request::internal)?;
    let most = if all { MAX_LINES } else { FIRST_LINES };
    let happened = kalends::reports::timeline::timeline(&store, &found, most + 1).await;
    let happened = happened.map_err(request::internal)?;
    let account = store.account(found.account_id).await;
    let account = account.map_err(request::internal)?;
    let flash = request::take_flash().await?;
    Ok(ConnectionView {
        id: found.id,
        person: user.name,
        email: user.email.to_string(),
        state: StateView::Is(found.state),
        since: words.appointment(found.since, false),
        facts: facts(&found),
        last_sync: found.last_synced_at.map(|at| words.moment(at)),
        next_sync: crate::component::next_sync(&found, &words),
        advice: request::advice_for(&found, &words).filter(|_| user.disabled_at.is_none()),
        replace: replace_form(&admin, &found, account.as_ref()).await?,
        disabled: user.disabled_at.map(|_| format!("/people/{}", user.id)),
        account_page: (found.mode == kalends_core::connection::Mode::Organisation)
            .then(|| format!("/organisation/accounts/{}", found.account_id)),
        warnings: request::ending_certificates(Some(found.endpoint.host())).await?,
        check: check.map(|check| check_line(check, &found, &words)),
        last_run: found.last_run_at.map(|at| words.moment(at)),
        is_paused: found.paused_at.is_some(),
        is_stopped: account.is_some_and(|account| account.saved_refusals > 0),
        has_more: happened.len() > most && !all,
        lines: happened
            .iter()
            .take(most)
            .map(|happened| timeline::line(happened, &found, &words))
            .collect(),
        flash,
    })
}

fn facts(found: &kalends_core::connection::Connection) -> Vec<(String, String)> {
    let mode = crate::request::mode_words(found.mode);
    [
        ("Mailbox", found.mailbox.to_string()),
        ("Mode", mode.to_owned()),
        ("Account", found.account.to_string()),
        ("Endpoint", found.endpoint.to_string()),
        ("Entries", found.entries.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// The form for another password, where the reader may type it: for an account of the organisation, or for a
/// connection of one's own.
async fn replace_form(
    admin: &kalends_store::User,
    found: &kalends_core::connection::Connection,
    account: Option<&kalends_store::Account>,
) -> Result<Option<ReplaceView>, AppError> {
    let back = format!("/connections/{}", found.id);
    match account {
        Some(account) if found.mode == Mode::Organisation => replace::held(account, &back).await,
        _ if found.user_id == admin.id => replace::mine(admin, &back).await,
        _ => Ok(None),
    }
}

fn check_line(
    check: kalends_core::check::Check,
    found: &kalends_core::connection::Connection,
    words: &crate::moment::Formatter,
) -> CheckLine {
    let typed = &check.typed;
    let same = typed.mailbox == found.mailbox.as_str()
        && typed
            .account
            .eq_ignore_ascii_case(&found.account.to_string());
    CheckLine {
        started: words.moment(check.started_at),
        ended: kalends::reports::timeline::ended(check.outcome.as_ref()).to_owned(),
        has_failed: matches!(check.outcome, Some(Outcome::Failed { .. })),
        other: (!same).then(|| format!("{} through {}", typed.mailbox, typed.account)),
        ladder: check.ladder,
    }
}

/// How much of the line of time is shown at first, and at most.
const FIRST_LINES: usize = 40;
const MAX_LINES: usize = 500;

#[server(endpoint = "check_now")]
async fn check_now(
    #[server(default)] id: String,
    #[server(default)] once_more: bool,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Connections).await?;
    let found = request::connection_by_id(&id).await?;
    match kalends::connect::check_again(&request::services(), &admin, &found, once_more).await {
        Ok(check) => request::see_other(&format!("/profile/exchange/checks/{check}")),
        Err(error) => return Err(request::internal(error)),
    }
    Ok(())
}

#[server(endpoint = "sync_now")]
async fn sync_now(#[server(default)] id: String) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Connections).await?;
    let found = request::connection_by_id(&id).await?;
    let started = kalends::sync::soon(&request::services(), &admin, &found)
        .await
        .map_err(request::internal)?;
    request::flash(match started {
        SyncRequest::Started => "The sync starts within a second. This page looks again by itself.",
        SyncRequest::Waiting => "Exchange has asked for a pause: the sync starts as soon as it is over. This page looks again by itself.",
        SyncRequest::AccountStopped if found.mode == Mode::Organisation => "The account's password was refused: enter the present one below. Until then no sync starts on request.",
        SyncRequest::AccountStopped => "The account's password was refused: its owner enters the present one on Profile Settings. Until then no sync starts on request.",
        SyncRequest::Paused => "Nothing is read while it is paused. Resume it first: this connection here, or its account on the page Organisation.",
    })
    .await?;
    request::see_other(&format!("/connections/{}", found.id));
    Ok(())
}

#[server(endpoint = "rebuild")]
async fn rebuild(#[server(default)] id: String) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Connections).await?;
    let found = request::connection_by_id(&id).await?;
    let started = kalends::sync::rebuild(&request::services(), &admin, &found).await;
    request::flash(if started.map_err(request::internal)? {
        "The copy was deleted and is being read again. This page looks again by itself."
    } else {
        "Nothing was deleted: the calendar could not be read again now, because it is paused or its account's password was refused."
    })
    .await?;
    request::see_other(&format!("/connections/{}", found.id));
    Ok(())
}

#[server(endpoint = "pause_connection")]
async fn pause_connection(
    #[server(default)] id: String,
    #[server(default)] paused: bool,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Connections).await?;
    let found = request::connection_by_id(&id).await?;
    let action = if paused {
        AuditAction::ConnectionPaused
    } else {
        AuditAction::ConnectionResumed
    };
    let services = request::services();
    let entry = AuditEntry::by(admin.id, action).about(found.mailbox.as_str());
    let done = services
        .store
        .pause_connection(found.id, paused, &entry, services.clock.now())
        .await
        .map_err(request::internal)?;
    services.wake.notify_one();
    request::flash(match (done, paused) {
        (false, _) => {
            "Not resumed: this person is disabled. Enable them first, on the page People."
        }
        (true, true) => "Paused. The copy stays as it is until you resume.",
        (true, false) => "Resumed. The sync starts within a second.",
    })
    .await?;
    request::see_other(&format!("/connections/{}", found.id));
    Ok(())
}

#[component]
pub fn ConnectionPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let query = leptos_router::hooks::use_query_map();
    let wanted = move || {
        let all = query.with(|query| query.get("all").is_some());
        (
            params.with(|params| params.get("id").unwrap_or_default()),
            all,
        )
    };
    loaded(
        move || {
            let (id, all) = wanted();
            connection(id, all)
        },
        |view| view! { <Connection view /> },
    )
}

#[component]
fn Connection(view: ConnectionView) -> impl IntoView {
    let ConnectionView {
        id,
        person,
        email,
        state,
        since,
        facts,
        last_sync,
        next_sync,
        advice,
        replace,
        account_page,
        warnings,
        check,
        last_run,
        is_paused,
        is_stopped,
        disabled,
        lines,
        has_more,
        flash,
    } = view;
    let may_resume = disabled.is_none();
    let why = disabled.map(|page| {
        view! {
            <p class="notice notice-waiting">
                "Paused, because " {person.clone()} " may not sign in. " <a href=page>"Let them sign in again"</a>
            </p>
        }
    });
    let is_still = state == StateView::Is(ConnectionState::Paused);
    let buttons =
        may_resume.then(|| view! { <Buttons id=id.to_string() is_paused is_stopped is_still /> });
    view! {
        <Frame title=person>
            <p class="back"><a href="/connections">"All connections"</a></p>
            // What it tells of has come about by then.
            {flash.map(|flash| view! { <p class="notice notice-good" role="status">{flash}</p> <LookAgain seconds=3 /> })}
            <Follow topics=vec![Topic::Connection(id)] />
            <p class="freshness" id="freshness" data-live="">
                <StateBadge state />
                <span>"since " <When moment=since /></span>
                <span>{email}</span>
            </p>
            <div id="advice" data-live="">{why} {advice.map(|advice| view! { <Notice advice /> })}</div>
            {replace.map(|view| view! { <ReplacePassword view /> })}
            {warnings.into_iter().map(|warning| view! { <p class="notice notice-waiting">{warning}</p> }).collect_view()}
            <Facts facts account_page last_sync next_sync>{buttons}</Facts>
            <LastCheck check />
            <Happened id=id.to_string() last_run lines has_more />
        </Frame>
    }
}

#[component]
fn Buttons(
    id: String,
    /// By an admin, this one alone.
    is_paused: bool,
    /// The password of its account was refused.
    is_stopped: bool,
    /// Paused, by whatever.
    is_still: bool,
) -> impl IntoView {
    let (check, sync, rebuild, pause) = (id.clone(), id.clone(), id.clone(), id.clone());
    view! {
        <div class="form-actions">
            {(is_stopped && !is_still)
                .then(|| {
                    view! {
                        <form method="post" action=CheckNow::url()>
                            <input type="hidden" name="id" value=id />
                            <input type="hidden" name="once_more" value="true" />
                            <button class="button">{SEND_AGAIN}</button>
                        </form>
                    }
                })}
            {(!is_still)
                .then(|| {
                    view! {
                        <form method="post" action=CheckNow::url()>
                            <input type="hidden" name="id" value=check />
                            <button class="button">"Check now"</button>
                        </form>
                        <form method="post" action=SyncNow::url()>
                            <input type="hidden" name="id" value=sync />
                            <button class="button">"Sync now"</button>
                        </form>
                    }
                })}
            <form method="post" action=PauseConnection::url()>
                <input type="hidden" name="id" value=pause />
                <input type="hidden" name="paused" value=(!is_paused).to_string() />
                <button class="button">{if is_paused { "Resume" } else { "Pause" }}</button>
            </form>
        </div>
        {(!is_still)
            .then(|| {
                view! {
                    <details class="more">
                        <summary>"Re-read the calendar"</summary>
                        <p>"Deletes the copied entries and reads the calendar again. Use it if the copy looks wrong; the calendar in Exchange stays as it is."</p>
                        <form class="form-actions" method="post" action=Rebuild::url()>
                            <input type="hidden" name="id" value=rebuild />
                            <button class="button button-danger">"Re-read the calendar"</button>
                        </form>
                    </details>
                }
            })}
    }
}
