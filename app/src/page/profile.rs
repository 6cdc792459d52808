//! Profile Settings: who one is, in which time zone, and the connection to Microsoft Exchange.

mod news;

use crate::{
    AppError,
    component::{
        BrowserZone, Field, Follow, FormNotice, Frame, Notice, StateBadge, StateView, When, loaded,
    },
    draft::FormDraft,
    moment::Moment,
    page::{
        calendar_preferences::PreferencesForm,
        connect::{
            ConnectDialog, ConnectView,
            replace::{ReplacePassword, ReplaceView},
        },
        privacy::{PrivacyForm, PrivacyView},
    },
};
use kalends_core::{
    account_name::Password, advice::Advice, preferences::Preferences, problem::Owner,
};
use leptos::{prelude::*, server_fn::ServerFn};
use news::NewsView;
use serde::{Deserialize, Serialize};

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ProfileView {
    name: String,
    email: String,
    time_zone: String,
    time_zones: Vec<String>,
    /// What was just saved, in words.
    saved: Option<String>,
    details: FormDraft,
    password: FormDraft,
    exchange: ExchangeView,
    privacy: PrivacyView,
    calendar: Preferences,
}

/// The row "Microsoft Exchange".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ExchangeView {
    state: StateView,
    since: Option<Moment>,
    mailbox: Option<String>,
    account: Option<String>,
    /// The admin who connected it in the organisation's name.
    made_by: Option<String>,
    /// When an admin ended it.
    ended: Option<Moment>,
    /// Requests that were decided, and mailboxes that two people have claimed.
    news: Vec<NewsView>,
    last_sync: Option<Moment>,
    next_sync: Option<Result<Moment, String>>,
    advice: Option<Advice>,
    /// Its password was refused: another one can be typed right here.
    replace: Option<ReplaceView>,
    connect: ConnectView,
    /// A check that keeps trying: its page, and until when.
    trying: Option<(String, Moment)>,
}

#[server(endpoint = "profile")]
async fn profile() -> Result<ProfileView, AppError> {
    use crate::request;
    let user = request::user().await?;
    let services = request::services();
    let words = request::words(&user);
    let connection = services
        .store
        .connection_of(user.id)
        .await
        .map_err(request::internal)?;
    let news = news::of(&user, connection.as_ref()).await?;
    let exchange = ExchangeView {
        state: connection
            .as_ref()
            .map_or(StateView::NotConnected, |c| StateView::Is(c.state)),
        since: connection
            .as_ref()
            .map(|c| words.appointment(c.since, false)),
        mailbox: connection.as_ref().map(|c| c.mailbox.to_string()),
        account: connection.as_ref().map(|c| c.account.to_string()),
        made_by: match connection.as_ref().and_then(|c| c.made_by) {
            Some(id) => {
                let admin = services.store.user(id).await.map_err(request::internal)?;
                Some(admin.map_or("an administrator".to_owned(), |admin| admin.name))
            }
            None => None,
        },
        ended: user.ended_at.map(|at| words.appointment(at, false)),
        news,
        last_sync: connection
            .as_ref()
            .and_then(|c| c.last_synced_at)
            .map(|at| words.moment(at)),
        next_sync: connection
            .as_ref()
            .map(|it| crate::component::next_sync(it, &words)),
        advice: connection
            .as_ref()
            .and_then(|it| request::advice_for(it, &words)),
        replace: crate::page::connect::replace::mine(&user, "/profile").await?,
        connect: crate::page::connect::view_for(&user).await?,
        trying: services
            .store
            .last_check(user.id)
            .await
            .map_err(request::internal)?
            .and_then(|check| {
                let waiting = check.waiting?;
                let page = format!("/profile/exchange/checks/{}", check.id);
                Some((page, words.appointment(waiting.until, false)))
            }),
    };
    Ok(ProfileView {
        name: user.name.clone(),
        email: user.email.to_string(),
        time_zone: user.time_zone.clone(),
        time_zones: crate::time_zone::all(),
        saved: request::take_flash().await?,
        details: request::take_draft("details").await?,
        password: request::take_draft("password").await?,
        exchange,
        privacy: crate::page::privacy::view_for(&user).await?,
        calendar: user.calendar,
    })
}

#[server(endpoint = "save_details")]
async fn save_details(
    #[server(default)] name: String,
    #[server(default)] time_zone: String,
) -> Result<(), AppError> {
    use crate::request;
    let user = request::user().await?;
    let mut errors = crate::error::FieldErrors::new();
    let new_name = kalends::people::setup::persons_name(&name)
        .map_err(|error| errors.insert("name".to_owned(), error.to_string()));
    let zone = crate::time_zone::find(&time_zone)
        .map_err(|error| errors.insert("time_zone".to_owned(), error.to_string()));
    if let (Ok(new_name), Ok(zone)) = (new_name, zone) {
        request::services()
            .store
            .update_profile(user.id, &new_name, &zone)
            .await
            .map_err(request::internal)?;
        request::flash("Your details are saved.").await?;
    } else {
        let values = [
            ("name".to_owned(), name),
            ("time_zone".to_owned(), time_zone),
        ]
        .into();
        request::keep_draft("details", FormDraft { values, errors }).await?;
    }
    request::see_other("/profile");
    Ok(())
}

#[server(endpoint = "change_password")]
async fn change_password(
    #[server(default)] current: Password,
    #[server(default)] new: Password,
) -> Result<(), AppError> {
    use crate::request;
    let user = request::user().await?;
    let services = request::services();
    let mut missing = crate::error::FieldErrors::new();
    if current.is_empty() {
        let words = "Enter your current password.";
        missing.insert("current".to_owned(), words.to_owned());
    }
    if new.is_empty() {
        let words = kalends::people::sign_in::PasswordError::TooShort.to_string();
        missing.insert("new".to_owned(), words);
    }
    if !missing.is_empty() {
        let draft = FormDraft {
            errors: missing,
            ..FormDraft::default()
        };
        request::keep_draft("password", draft).await?;
        request::see_other("/profile");
        return Ok(());
    }
    match kalends::people::sign_in::change_password(
        &services,
        &user,
        &current,
        &new,
        &request::visitor(),
    )
    .await
    {
        Ok(()) => {
            request::end_session().await?;
            request::start_session(&user).await?;
            request::flash("Your password is changed. You are signed out everywhere else.").await?;
        }
        Err(kalends::people::sign_in::PasswordError::Busy(busy)) => {
            return Err(request::busy(busy));
        }
        Err(refused) => {
            let errors = [(refused.field().to_owned(), refused.to_string())].into();
            request::keep_draft(
                "password",
                FormDraft {
                    errors,
                    ..FormDraft::default()
                },
            )
            .await?;
        }
    }
    request::see_other("/profile");
    Ok(())
}

#[server(endpoint = "sign_out_everywhere")]
async fn sign_out_everywhere() -> Result<(), AppError> {
    use crate::request;
    let user = request::user().await?;
    request::end_all_sessions(&user).await?;
    request::see_other("/sign-in");
    Ok(())
}

#[component]
pub fn ProfilePage() -> impl IntoView {
    loaded(
        Resource::new(|| (), |()| profile()),
        |view| view! { <Profile view /> },
    )
}

#[component]
fn Profile(view: ProfileView) -> impl IntoView {
    let ProfileView {
        name,
        email,
        time_zone,
        time_zones,
        saved,
        details,
        password,
        exchange,
        privacy,
        calendar,
    } = view;
    view! {
        <Frame title="Profile Settings">
            {saved.map(|saved| view! { <p class="notice notice-good" role="status">{saved}</p> })}
            <section class="panel" aria-labelledby="exchange">
                <h2 id="exchange">"Calendar connections"</h2>
                <ExchangeRow exchange />
            </section>
            <section class="panel" aria-labelledby="privacy">
                <h2 id="privacy">"Privacy"</h2>
                <PrivacyForm view=privacy />
            </section>
            <section class="panel" aria-labelledby="calendar">
                <h2 id="calendar">"Calendar"</h2>
                <PreferencesForm chosen=calendar />
            </section>
            <section class="panel" aria-labelledby="you">
                <h2 id="you">"You"</h2>
                <DetailsForm name email time_zone time_zones draft=details />
            </section>
            <section class="panel" aria-labelledby="password">
                <h2 id="password">"Password"</h2>
                <PasswordForm draft=password />
            </section>
            <section class="panel" aria-labelledby="security">
                <h2 id="security">"Security"</h2>
                <p><a href="/profile/security">"Second factor and signed-in devices"</a></p>
                <p>"Signs you out on every device, this one too."</p>
                <form method="post" action=SignOutEverywhere::url()>
                    <button class="button">"Sign out everywhere"</button>
                </form>
            </section>
        </Frame>
    }
}

#[component]
fn ExchangeRow(exchange: ExchangeView) -> impl IntoView {
    let ExchangeView {
        state,
        since,
        mailbox,
        account,
        made_by,
        ended,
        news,
        last_sync,
        next_sync,
        advice,
        replace,
        connect,
        trying,
    } = exchange;
    let connected = mailbox.is_some();
    let urgent = !connected
        || replace.is_none()
            && advice
                .as_ref()
                .is_some_and(|advice| advice.owner == Owner::You);
    view! {
        <div class="row">
            <div class="row-main">
                <h3 class="row-title">"Microsoft Exchange"</h3>
                <Follow />
                <p class="row-state" id="exchange-state" data-live="">
                    <StateBadge state />
                    {since.map(|since| view! { <span>"since " <When moment=since /></span> })}
                </p>
            </div>
            <div class="row-actions">
                <ConnectDialog view=connect connected urgent />
                {connected
                    .then(|| view! { <a class="button button-quiet" href="/profile/exchange/disconnect">"Disconnect"</a> })}
            </div>
        </div>
        {ended
            .filter(|_| !connected)
            .map(|at| {
                view! {
                    <p class="notice notice-waiting">
                        "An administrator disconnected your calendar " <When moment=at /> ", and the copy was deleted. Connect again if you need it; where that is not allowed any more, Kalends says why."
                    </p>
                }
            })}
        {news
            .into_iter()
            .map(|it| view! { <p class="notice">{it.words} " (" <When moment=it.at /> ")"</p> })
            .collect_view()}
        {trying
            .map(|(page, until)| {
                view! {
                    <p class="notice notice-waiting">
                        "Kalends keeps trying to connect up to " <When moment=until /> ". " <a href=page>"How it stands"</a>
                    </p>
                }
            })}
        {made_by
            .map(|admin| {
                view! {
                    <p class="notice">
                        {admin} " connected your calendar in your organisation’s name. You can keep less of it in Kalends under "
                        <a href="#privacy">"Privacy"</a> ", or leave with Disconnect."
                    </p>
                }
            })}
        // What others must do, people need not read.
        {advice
            .map(|advice| {
                let folded = advice.is_up_to_others();
                view! { <Notice advice folded /> }
            })}
        {replace.map(|view| view! { <ReplacePassword view /> })}
                {mailbox
                    .map(|mailbox| {
                        view! {
                            <dl class="facts">
                                <div>
                                    <dt>"Mailbox"</dt>
                                    <dd>{mailbox}</dd>
                                </div>
                                {account.map(|account| view! { <div><dt>"Account"</dt><dd>{account}</dd></div> })}
                                <div>
                                    <dt>"Last sync"</dt>
                                    <dd>
                                        {match last_sync {
                                            Some(moment) => view! { <When moment exact=true /> }.into_any(),
                                            None => "not yet".into_any(),
                                        }}
                                    </dd>
                                </div>
                                <div>
                                    <dt>"Next sync"</dt>
                                    <dd>
                                        {next_sync.map(|next| next.map_or_else(IntoAny::into_any, |moment| view! { <When moment /> }.into_any()))}
                                    </dd>
                                </div>
                            </dl>
                        }
                    })}
        {(!connected)
            .then(|| {
                view! { <p class="empty">"Connect your Exchange calendar to see it in Kalends and keep it in step."</p> }
            })}
    }
}

#[component]
fn DetailsForm(
    name: String,
    email: String,
    time_zone: String,
    time_zones: Vec<String>,
    draft: FormDraft,
) -> impl IntoView {
    let errors = Signal::stored(draft.errors.clone());
    let typed = |field: &str, saved: String| draft.values.get(field).cloned().unwrap_or(saved);
    let chosen = typed("time_zone", time_zone);
    view! {
        <p class="panel-hint">"You sign in as " {email} "."</p>
        <form class="form" method="post" action=SaveDetails::url()>
            <Field label="Name" name="name" autocomplete="name" value=typed("name", name) errors />
            <Field
                label="Time zone"
                name="time_zone"
                value=chosen
                list="time-zones"
                hint="Type a city to find it, such as Europe/Berlin."
                errors
            />
            <datalist id="time-zones">
                {time_zones.into_iter().map(|zone| view! { <option value=zone></option> }).collect_view()}
            </datalist>
            <BrowserZone takes=false />
            <button class="button">"Save"</button>
        </form>
    }
}

#[component]
fn PasswordForm(draft: FormDraft) -> impl IntoView {
    let errors = Signal::stored(draft.errors);
    view! {
        <form class="form" method="post" action=ChangePassword::url()>
            <FormNotice errors />
            <Field label="Current password" name="current" kind="password" autocomplete="current-password" errors />
            <Field
                label="New password"
                name="new"
                kind="password"
                autocomplete="new-password"
                hint="At least 12 characters. You will be signed out everywhere else."
                errors
            />
            <button class="button">"Change password"</button>
        </form>
    }
}
