//! One account of the organisation: its two credential slots, what it serves, and how to stop it.

use super::{
    add::conflict_errors,
    click::{ClickButton, SEND_AGAIN},
    fields::{TermsFields, account_by_id, errors_of},
    password::{NextView, PasswordPanel},
};
use crate::{
    AppError,
    component::{Frame, When, loaded},
    draft::FormDraft,
    moment::Moment,
    page::connect::replace::{self, ReplacePassword, ReplaceView},
    request,
};
use kalends::accounts::organisation::{AccountForm, ChangeError, Endings, Expiry, expiry, rename};
use kalends_core::{clock::Timestamp, connection::SignInMethod, problem::Problem};
use leptos::{prelude::*, server_fn::ServerFn};

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
struct AccountView {
    id: String,
    label: String,
    facts: Vec<(String, String)>,
    connections: i64,
    broken: i64,
    /// What somebody should know first, the worst first; true if it is bad.
    warnings: Vec<(String, bool)>,
    /// Its saved password was refused, or never answered.
    is_stopped: bool,
    /// Another password can be typed right here.
    replace: Option<ReplaceView>,
    paused: Option<Moment>,
    held_until: Option<Moment>,
    next: Option<NextView>,
    terms: FormDraft,
    password: FormDraft,
    flash: Option<String>,
}

async fn account(id: String) -> Result<AccountView, AppError> {
    let admin = request::user_with(request::Right::Accounts).await?;
    let words = request::formatter(&admin).await?;
    let now = request::services().clock.now();
    let held = account_by_id(&id).await?;
    let account = &held.account;
    let terms = terms_draft(&held).await?;
    let password = password_draft(account).await?;
    Ok(AccountView {
        label: account.label.clone(),
        facts: facts(&held),
        connections: held.connections,
        broken: held.broken,
        warnings: warnings(account, &words, now).await?,
        is_stopped: account.saved_refusals > 0,
        replace: replace::held(account, &format!("/organisation/accounts/{id}")).await?,
        paused: account.paused_at.map(|at| words.appointment(at, false)),
        held_until: account
            .held_until
            .filter(|until| *until > now)
            .map(|until| words.appointment(until, false)),
        next: account.next.as_ref().map(|next| NextView {
            name: next.name.to_string(),
            tested: words.moment(next.tested_at),
        }),
        terms,
        password,
        flash: request::take_flash().await?,
        id,
    })
}

async fn terms_draft(held: &kalends_store::OrganisationAccount) -> Result<FormDraft, AppError> {
    let account = &held.account;
    let mut draft = crate::request::take_draft(&format!("terms-{}", account.id)).await?;
    if draft.values.is_empty() {
        draft.values = [
            ("label", account.label.clone()),
            ("domains", held.domains.join(", ")),
            ("expires", date_of(account.expires_at)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    }
    Ok(draft)
}

async fn password_draft(account: &kalends_store::Account) -> Result<FormDraft, AppError> {
    let form = format!("password-{}", account.id);
    let mut draft = crate::request::take_draft(&form).await?;
    if draft.values.is_empty() {
        let name = account.name.to_string();
        draft.values.insert("account".to_owned(), name);
    }
    super::add::keep_values(&form, &draft).await?;
    Ok(draft)
}

fn facts(held: &kalends_store::OrganisationAccount) -> Vec<(String, String)> {
    let account = &held.account;
    let control = account.control_mailbox.as_ref().map(ToString::to_string);
    let ends = account.expires_at.map(Timestamp::last_day_in_words);
    [
        ("Username", account.name.to_string()),
        ("Exchange server", account.endpoint.to_string()),
        ("Sign-in", sign_in_words(account.sign_in).to_owned()),
        ("Control mailbox", control.unwrap_or_default()),
        ("Mail domains", held.domains.join(", ")),
        ("Password ends on", ends.unwrap_or_default()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// The day on which something ends, as a form holds it; what is kept is the end of that day.
fn date_of(at: Option<kalends_core::clock::Timestamp>) -> String {
    let day = |at: kalends_core::clock::Timestamp| {
        let last = jiff::Timestamp::from_millisecond(at.millis() - 1).ok()?;
        Some(last.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
    };
    at.and_then(day).unwrap_or_default()
}

async fn warnings(
    account: &kalends_store::Account,
    words: &crate::moment::Formatter,
    now: kalends_core::clock::Timestamp,
) -> Result<Vec<(String, bool)>, AppError> {
    let mut warnings = Vec::new();
    if account.saved_refusals > 0 {
        warnings.push((stopped(account, words, now), true));
    }
    let full = kalends::accounts::refusals::full_until(&request::services(), account).await;
    if let Some(until) = full.map_err(request::internal)? {
        let until = words.appointment(until, false).text;
        let text = format!(
            "Too many sign-ins with this account name were refused within an hour: its password is not sent before {until}."
        );
        warnings.push((text, false));
    }
    match account.expires_at.and_then(|at| expiry(at, now)) {
        Some(Expiry::Over) => warnings.push((
            "By the date that was given, the password has ended. Enter the new one below."
                .to_owned(),
            true,
        )),
        Some(Expiry::Soon { days: 0, .. }) => {
            warnings.push(("The password ends today. Change it below.".to_owned(), true));
        }
        Some(Expiry::Soon { days: 1, .. }) => warnings.push((
            "The password ends tomorrow. Change it below.".to_owned(),
            true,
        )),
        Some(Expiry::Soon { days, level }) => warnings.push((
            format!("The password ends in {days} days. Change it below in time."),
            level > 1,
        )),
        None => {}
    }
    Ok(warnings)
}

/// Why its work is stopped, when it is tried again, and what somebody can do.
fn stopped(
    account: &kalends_store::Account,
    words: &crate::moment::Formatter,
    now: kalends_core::clock::Timestamp,
) -> String {
    let why = match account.stopped_problem() {
        Problem::SignInUnanswered => {
            "Exchange did not answer the sign-in, so the saved password may have been refused."
        }
        _ => "Exchange refused the saved password.",
    };
    let next = match account.stopped_until {
        _ if account.paused_at.is_some() => {
            "Nothing is sent by itself while the account is paused.".to_owned()
        }
        Some(at) if at > now => {
            let at = words.appointment(at, false).text;
            format!("Kalends sends it once more by itself: {at}.")
        }
        Some(_) => "Kalends sends it once more by itself within a minute.".to_owned(),
        None => "Nothing is sent any more before somebody acts.".to_owned(),
    };
    let cure = if account.next.is_some() {
        "The next one below has passed its test: switch to it."
    } else {
        "If it was changed, enter the present one below: it is used as soon as it has passed its test. If it is unchanged, the directory may have been out of reach."
    };
    format!("{why} {next} {cure}")
}

const fn sign_in_words(method: kalends_core::connection::SignInMethod) -> &'static str {
    match method {
        SignInMethod::Automatic => "Automatic: the best that the server offers",
        SignInMethod::Basic => "By Basic, on purpose",
    }
}

#[server(endpoint = "change_account")]
async fn change_account(
    id: String,
    #[server(default)] label: String,
    #[server(default)] domains: String,
    #[server(default)] expires: String,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Accounts).await?;
    let held = account_by_id(&id).await?;
    let values = [
        ("label", label.clone()),
        ("domains", domains.clone()),
        ("expires", expires.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let form = AccountForm {
        label,
        domains,
        expires,
        ..AccountForm::default()
    };
    let control = held.account.control_mailbox.as_ref();
    let endings = Endings {
        now: request::services().clock.now(),
        on_record: held.account.expires_at,
    };
    let errors = match form.terms(control.map_or("", |it| it.as_str()), endings) {
        Ok(terms) => match rename(&request::services(), &admin, &held, terms).await {
            Ok(()) => {
                request::flash("The account is changed.").await?;
                islands::error::FieldErrors::new()
            }
            Err(ChangeError::Conflict(conflict)) => conflict_errors(&conflict),
            Err(ChangeError::Refused(refusal)) => return Err(request::internal(refusal)),
            Err(ChangeError::Store(error)) => return Err(request::internal(error)),
        },
        Err(mistakes) => errors_of(mistakes),
    };
    if !errors.is_empty() {
        let values = values.into();
        request::keep_draft(&format!("terms-{id}"), FormDraft { values, errors }).await?;
    }
    request::see_other(&format!("/organisation/accounts/{id}"));
    Ok(())
}

#[component]
pub fn AccountPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    loaded(
        move || account(id()),
        |view| view! { <AccountPanels view /> },
    )
}

#[component]
fn AccountPanels(view: AccountView) -> impl IntoView {
    let AccountView {
        id,
        label,
        facts,
        connections,
        broken,
        warnings,
        is_stopped,
        replace,
        paused,
        held_until,
        next,
        terms,
        password,
        flash,
    } = view;
    let is_paused = paused.is_some();
    view! {
        <Frame title=label>
            <p class="back"><a href="/organisation">"Organisation"</a></p>
            {flash.map(|flash| view! { <p class="notice notice-good" role="status">{flash}</p> })}
            {paused.map(|since| view! { <Paused id=id.clone() since /> })}
            {warnings
                .into_iter()
                .map(|(text, bad)| {
                    let class = if bad { "notice notice-bad" } else { "notice notice-waiting" };
                    view! { <p class=class role="status">{text}</p> }
                })
                .collect_view()}
            {replace.map(|view| view! { <ReplacePassword view /> })}
            {is_stopped
                .then(|| {
                    view! {
                        <div class="form-actions page-actions">
                            <ClickButton id=id.clone() click="send_again" label=SEND_AGAIN />
                        </div>
                    }
                })}
            <Facts id=id.clone() facts connections broken />
            <PasswordPanel id=id.clone() held_until next draft=password />
            <Terms id=id.clone() draft=terms />
            <StopAccount id is_paused />
        </Frame>
    }
}

#[component]
fn Paused(id: String, since: Moment) -> impl IntoView {
    view! {
        <div class="notice notice-waiting" role="status">
            <p>"Paused since " <When moment=since /> "."</p>
            <ClickButton id click="resume" label="Resume" class="button button-primary" />
        </div>
    }
}

#[component]
fn Facts(
    id: String,
    /// Names and values; empty values are left out.
    facts: Vec<(String, String)>,
    connections: i64,
    broken: i64,
) -> impl IntoView {
    let people = match connections {
        0 => "Nobody is connected through it.".to_owned(),
        1 => "1 person is connected through it.".to_owned(),
        many => format!("{many} people are connected through it."),
    };
    view! {
        <section class="panel" aria-labelledby="facts">
            <h2 id="facts">"Account"</h2>
            <dl class="facts">
                {facts
                    .into_iter()
                    .filter(|(_, value)| !value.is_empty())
                    .map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
                    .collect_view()}
            </dl>
            <p>
                {people}
                {(broken > 0)
                    .then(|| {
                        let who = format!("/connections?state=action_needed&account={id}");
                        view! { " " <a href=who>{format!("{}.", super::needs_somebody(broken))}</a> }
                    })}
            </p>
            {(connections == 0)
                .then(|| {
                    view! {
                        <p class="notice">
                            "Next: " <a href="/organisation/mailboxes">"map the mailboxes"</a> " to see which of them it reaches, and connect many at once."
                        </p>
                    }
                })}
            <p class="form-actions">
                <a class="button" href=format!("/organisation/accounts/{id}/server")>"Change server or username"</a>
            </p>
        </section>
    }
}

#[component]
fn Terms(id: String, draft: FormDraft) -> impl IntoView {
    let errors = Signal::stored(draft.errors.clone());
    view! {
        <section class="panel" aria-labelledby="terms">
            <h2 id="terms">"Name and domains"</h2>
            <form class="form" method="post" action=ChangeAccount::url() novalidate>
                <input type="hidden" name="id" value=id />
                <TermsFields draft errors />
                <button class="button">"Save"</button>
            </form>
        </section>
    }
}

#[component]
fn StopAccount(id: String, is_paused: bool) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="stop">
            <h2 id="stop">"Stop"</h2>
            <p>"Pausing stops syncing with this account at once and deletes nothing. A check that somebody starts still asks Exchange. Disconnecting forgets its password and deletes all entries read through it."</p>
            <div class="form-actions">
                {(!is_paused).then(|| view! { <a class="button" href=format!("/organisation/accounts/{id}/pause")>"Pause"</a> })}
                <a class="button button-danger" href=format!("/organisation/accounts/{id}/disconnect")>"Disconnect this account"</a>
            </div>
        </section>
    }
}
