//! One person as an administrator manages them.

use crate::{
    AppError,
    component::{CopyButton, Field, FormNotice, Frame, StateBadge, StateView, When, loaded},
    draft::FormDraft,
    moment::Moment,
    request,
};
use kalends::people::{self, PeopleError};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    job::JobState,
    lifetimes::PASSWORD_LINK,
    mailbox::SmtpAddress,
    rights::Role,
};
use leptos::{prelude::*, server_fn::ServerFn as _};

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "facts of a person")]
struct PersonView {
    id: String,
    name: String,
    email: String,
    is_admin: bool,
    is_self: bool,
    is_invited: bool,
    disabled_since: Option<Moment>,
    /// A link made a moment ago by the one who looks.
    link: Option<String>,
    /// What became of the mail with the latest link.
    mailed: Option<String>,
    /// Whether there is such a mail.
    is_mailed: bool,
    link_until: Option<Moment>,
    addresses: Vec<String>,
    connection: Option<(String, StateView, String)>,
    draft: FormDraft,
    flash: Option<String>,
}

async fn person_by_id(id: &str) -> Result<kalends_store::User, AppError> {
    let found = match id.parse() {
        Ok(id) => {
            let user = request::services().store.user(id).await;
            user.map_err(request::internal)?
        }
        Err(_) => None,
    };
    found.ok_or_else(request::not_there)
}

async fn person(id: String) -> Result<PersonView, AppError> {
    let admin = request::user_with(request::Right::People).await?;
    let user = person_by_id(&id).await?;
    let words = request::formatter(&admin).await?;
    let services = request::services();
    let store = &services.store;
    let now = services.clock.now();
    let token = people::one_time_links::read(&services, user.id, admin.id).await;
    let token = token.map_err(request::internal)?;
    let until = store.link_of(user.id).await.map_err(request::internal)?;
    let until = until.filter(|until| *until > now && user.disabled_at.is_none());
    let connection = store.connection_of(user.id).await;
    let addresses = store.addresses_of(user.id).await;
    Ok(PersonView {
        id: user.id.to_string(),
        name: user.name.clone(),
        email: user.email.to_string(),
        is_admin: user.role == kalends_core::rights::Role::Admin,
        is_self: user.id == admin.id,
        is_invited: user.is_invited(),
        disabled_since: user.disabled_at.map(|at| words.appointment(at, false)),
        link: token.map(|token| {
            format!(
                "{}/invitation?link={}",
                request::public_origin(),
                token.reveal()
            )
        }),
        is_mailed: mails_links(&services),
        mailed: match until {
            Some(_) => mailed(&services, &user).await?,
            None => None,
        },
        link_until: until.map(|until| words.appointment(until, false)),
        addresses: addresses
            .map_err(request::internal)?
            .iter()
            .map(ToString::to_string)
            .collect(),
        connection: connection.map_err(request::internal)?.map(|connection| {
            (
                format!("/connections/{}", connection.id),
                StateView::Is(connection.state),
                connection.mailbox.to_string(),
            )
        }),
        draft: request::take_draft("address").await?,
        flash: request::take_flash().await?,
    })
}

fn mails_links(services: &kalends::services::Services) -> bool {
    let mail = services.channels.mail();
    mail.is_some_and(kalends::notify::Mailer::is_private)
}

/// What became of the mail with the latest link, while somebody may wait for it.
async fn mailed(
    services: &kalends::services::Services,
    user: &kalends_store::User,
) -> Result<Option<String>, AppError> {
    if services.channels.mail().is_some() && !mails_links(services) {
        return Ok(Some(
            "The link is not mailed, because the way to the mail server is not encrypted: hand it over yourself. \
             smtps:// or ?tls=required in KALENDS_SMTP_URL mends that."
                .to_owned(),
        ));
    }
    let now = services.clock.now();
    let found = services.store.mailed_link(&user.email).await;
    let found = found.map_err(request::internal)?;
    let Some(notice) = found.filter(|notice| now.since(notice.made_at) < PASSWORD_LINK) else {
        return Ok(None);
    };
    let attempts = services.store.attempts(&notice).await;
    let attempts = attempts.map_err(request::internal)?;
    let said = attempts.last().map_or("", |tried| tried.outcome.as_str());
    Ok(Some(match notice.state {
        JobState::Draft | JobState::Waiting if attempts.is_empty() => {
            format!("It is being mailed to {}.", user.email)
        }
        JobState::Draft | JobState::Waiting => {
            format!("Not mailed yet: {said}. Kalends tries again.")
        }
        JobState::Done => format!("The link was mailed to {}.", user.email),
        JobState::Failed | JobState::Cancelled => {
            format!("The link could not be mailed: {said}. Hand it over yourself.")
        }
    }))
}

/// Makes a new link, changes the role, or whether they may sign in.
#[server(endpoint = "change_person")]
async fn change_person(
    #[server(default)] id: String,
    #[server(default)] click: String,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::People).await?;
    let user = person_by_id(&id).await?;
    let services = request::services();
    let done = match click.as_str() {
        "link" => people::new_link(&services, &admin, &user)
            .await
            .map(|()| "A new link is below. Earlier ones work no more.")
            .map_err(PeopleError::from),
        "admin" => people::set_role(&services, &admin, &user, Role::Admin)
            .await
            .map(|()| "Is an administrator now."),
        "member" => people::set_role(&services, &admin, &user, Role::Member)
            .await
            .map(|()| "Is a member now."),
        "disable" => people::set_disabled(&services, &admin, &user, true)
            .await
            .map(|()| "Disabled: signed out everywhere, and the calendar is paused."),
        "enable" => people::set_disabled(&services, &admin, &user, false)
            .await
            .map(|()| "Enabled: may sign in again, and the calendar goes on."),
        _ => Ok("Nothing was changed."),
    };
    match done {
        Ok(words) => request::flash(words).await?,
        Err(error @ PeopleError::LastAdmin) => {
            request::flash(&format!("Nothing was changed. {error}")).await?;
        }
        Err(error) => return Err(request::internal(error)),
    }
    // Who has just disabled or demoted themselves sees this page no more.
    let now = services
        .store
        .user(user.id)
        .await
        .map_err(request::internal)?;
    let still =
        now.is_some_and(|now| now.has(request::Right::Organisation) && now.disabled_at.is_none());
    if user.id == admin.id && !still {
        request::see_other("/");
    } else {
        request::see_other(&format!("/people/{}", user.id));
    }
    Ok(())
}

/// Adds an address of their own, or takes one back.
#[server(endpoint = "change_address")]
async fn change_address(
    #[server(default)] id: String,
    #[server(default)] address: String,
    #[server(default)] remove: bool,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::People).await?;
    let user = person_by_id(&id).await?;
    let services = request::services();
    if !remove {
        match people::verify_address(&services, &admin, &user, &address).await {
            Ok(()) => {}
            Err(PeopleError::Store(error)) => return Err(request::internal(error)),
            Err(error) => {
                let draft = FormDraft {
                    values: [("address".to_owned(), address)].into(),
                    errors: [("address".to_owned(), error.to_string())].into(),
                };
                request::keep_draft("address", draft).await?;
            }
        }
    } else if let Ok(address) = address.parse::<SmtpAddress>() {
        let subject = format!("{address} of {}", user.email);
        let entry = AuditEntry::by(admin.id, AuditAction::AddressTakenBack).about(subject);
        let now = services.clock.now();
        let taken = services
            .store
            .take_address_back(user.id, &address, &entry, now);
        taken.await.map_err(request::internal)?;
        let ended = kalends::connect::end_if_not_allowed(&services, &admin, &user).await;
        ended.map_err(request::internal)?;
    }
    request::see_other(&format!("/people/{}", user.id));
    Ok(())
}

#[component]
pub fn PersonPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    loaded(move || person(id()), |view| view! { <Person view /> })
}

#[component]
fn Person(view: PersonView) -> impl IntoView {
    let PersonView {
        id,
        name,
        email,
        is_admin,
        is_self,
        is_invited,
        disabled_since,
        link,
        mailed,
        is_mailed,
        link_until,
        addresses,
        connection,
        draft,
        flash,
    } = view;
    let disabled = disabled_since.is_some();
    view! {
        <Frame title=name>
            <p class="back"><a href="/people">"All people"</a></p>
            {flash.map(|flash| view! { <p class="notice" role="status">{flash}</p> })}
            {mailed.clone().map(|words| view! { <p class="notice" role="status">{words}</p> })}
            {link.map(|link| view! { <FreshLink link is_invited is_mailed=is_mailed && mailed.is_some() /> })}
            <section class="panel" aria-labelledby="person">
                <h2 id="person">"Person"</h2>
                <Facts email=email.clone() is_admin is_invited disabled_since link_until connection />
                <div class="form-actions">
                    {(!disabled)
                        .then(|| {
                            let words = if is_invited { "New invitation" } else { "Link to set a new password" };
                            view! { <Click id=id.clone() click="link" words danger=false /> }
                        })}
                    {if is_admin {
                        view! { <Click id=id.clone() click="member" words="Make a member" danger=false /> }.into_any()
                    } else {
                        view! { <Click id=id.clone() click="admin" words="Make an administrator" danger=false /> }.into_any()
                    }}
                    {disabled.then(|| view! { <Click id=id.clone() click="enable" words="Enable" danger=false /> })}
                </div>
                {(!disabled).then(|| view! { <Disable id=id.clone() is_self /> })}
            </section>
            <Addresses id email addresses draft />
        </Frame>
    }
}

#[component]
fn FreshLink(link: String, is_invited: bool, is_mailed: bool) -> impl IntoView {
    let title = match (is_mailed, is_invited) {
        (true, _) => "Their link, should the mail not arrive",
        (false, true) => "Hand them this link",
        (false, false) => "Hand them this link to set a new password",
    };
    view! {
        <section class="notice notice-good fresh-link copyable">
            <p class="notice-title">{title}</p>
            <pre class="copy-text" tabindex="0"><code>{link}</code></pre>
            <CopyButton />
            <p class="panel-hint">"It works once, for 72 hours. Kalends shows it to you for 15 minutes and keeps only its hash: whoever has it can set the password, so send it to nobody else."</p>
        </section>
    }
}

#[component]
fn Click(id: String, click: &'static str, words: &'static str, danger: bool) -> impl IntoView {
    let class = if danger {
        "button button-danger"
    } else {
        "button"
    };
    view! {
        <form method="post" action=ChangePerson::url()>
            <input type="hidden" name="id" value=id />
            <input type="hidden" name="click" value=click />
            <button class=class>{words}</button>
        </form>
    }
}

#[component]
fn Addresses(id: String, email: String, addresses: Vec<String>, draft: FormDraft) -> impl IntoView {
    let errors = Signal::stored(draft.errors.clone());
    let add = id.clone();
    view! {
        <section class="panel" aria-labelledby="addresses">
            <h2 id="addresses">"Their own addresses"</h2>
            <p class="panel-hint">"They connect these mailboxes without asking. Taking one back ends a connection that nothing else allows."</p>
            <ul class="own-addresses">
                <li>{email} <span class="cell-detail">"signs in with it"</span></li>
                {addresses
                    .into_iter()
                    .map(|address| {
                        let label = format!("Take {address} back");
                        view! {
                            <li>
                                <span>{address.clone()}</span>
                                <form method="post" action=ChangeAddress::url()>
                                    <input type="hidden" name="id" value=id.clone() />
                                    <input type="hidden" name="address" value=address />
                                    <input type="hidden" name="remove" value="true" />
                                    <button class="button button-quiet" aria-label=label>"Take back"</button>
                                </form>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
            <form class="form" method="post" action=ChangeAddress::url() novalidate>
                <FormNotice errors />
                <input type="hidden" name="id" value=add />
                <Field label="Add an address" name="address" kind="email" inputmode="email" value=draft.value("address") errors />
                <button class="button">"Add"</button>
            </form>
        </section>
    }
}

#[component]
fn Facts(
    email: String,
    is_admin: bool,
    is_invited: bool,
    disabled_since: Option<Moment>,
    link_until: Option<Moment>,
    connection: Option<(String, StateView, String)>,
) -> impl IntoView {
    view! {
        <dl class="facts">
            <div><dt>"Email"</dt><dd>{email}</dd></div>
            <div><dt>"Role"</dt><dd>{if is_admin { "Administrator" } else { "Member" }}</dd></div>
            <div>
                <dt>"Sign-in"</dt>
                <dd>
                    {match (disabled_since, is_invited, link_until) {
                        (Some(since), ..) => view! { "Disabled since " <When moment=since /> }.into_any(),
                        (None, true, Some(until)) => view! { "Invited, the link works until " <When moment=until /> }.into_any(),
                        (None, true, None) => "Invited, the link has run out".into_any(),
                        (None, false, _) => "Can sign in".into_any(),
                    }}
                </dd>
            </div>
            <div>
                <dt>"Calendar"</dt>
                <dd>
                    {match connection {
                        Some((link, state, mailbox)) => view! { <a href=link>{mailbox}</a> " " <StateBadge state /> }.into_any(),
                        None => "Not connected".into_any(),
                    }}
                </dd>
            </div>
        </dl>
    }
}

#[component]
fn Disable(id: String, is_self: bool) -> impl IntoView {
    let own = is_self.then_some(" This is your own account.");
    view! {
        <details class="more">
            <summary>"Disable"</summary>
            <p>
                "They are signed out at once, cannot sign in, and their calendar is read no more. What was copied stays until they are enabled again or disconnected."
                {own}
            </p>
            <div class="form-actions"><Click id click="disable" words="Disable this person" danger=true /></div>
        </details>
    }
}
