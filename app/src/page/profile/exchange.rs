//! The row "Microsoft Exchange" of the profile: how the connection stands, and what can be done about it.

use super::news::{self, NewsView};
use crate::{
    AppError,
    component::{Follow, Notice, StateBadge, StateView, WakeIslands, When, next_sync},
    moment::{Formatter, Moment},
    page::connect::{
        self,
        replace::{ReplacePassword, ReplaceView},
    },
    request,
};
use islands::connect::{ConnectDialog, ConnectView};
use kalends_core::{
    advice::Advice, connection::Connection, id::UserId, problem::Owner, topic::Topic,
};
use kalends_store::User;
use leptos::prelude::*;

/// The row "Microsoft Exchange".
#[derive(Debug, Clone, PartialEq)]
pub struct ExchangeView {
    pub owner: UserId,
    pub state: StateView,
    pub since: Option<Moment>,
    pub mailbox: Option<String>,
    pub account: Option<String>,
    /// The admin who connected it in the organisation's name.
    pub made_by: Option<String>,
    /// When an admin ended it.
    pub ended: Option<Moment>,
    /// Requests that were decided, and mailboxes that two people have claimed.
    pub news: Vec<NewsView>,
    pub last_sync: Option<Moment>,
    pub next_sync: Option<Result<Moment, String>>,
    pub advice: Option<Advice>,
    /// Its password was refused: another one can be typed right here.
    pub replace: Option<ReplaceView>,
    pub connect: ConnectView,
    /// A check that keeps trying: its page, and until when.
    pub trying: Option<(String, Moment)>,
}

pub async fn view_for(user: &User, words: &Formatter) -> Result<ExchangeView, AppError> {
    let connection = request::services()
        .store
        .connection_of(user.id)
        .await
        .map_err(request::internal)?;
    let news = news::of(user, connection.as_ref()).await?;
    Ok(ExchangeView {
        owner: user.id,
        state: connection
            .as_ref()
            .map_or(StateView::NotConnected, |c| StateView::Is(c.state)),
        since: connection
            .as_ref()
            .map(|c| words.appointment(c.since, false)),
        mailbox: connection.as_ref().map(|c| c.mailbox.to_string()),
        account: connection.as_ref().map(|c| c.account.to_string()),
        made_by: made_by(connection.as_ref()).await?,
        ended: user.ended_at.map(|at| words.appointment(at, false)),
        news,
        last_sync: connection
            .as_ref()
            .and_then(|c| c.last_synced_at)
            .map(|at| words.moment(at)),
        next_sync: connection.as_ref().map(|it| next_sync(it, words)),
        advice: connection
            .as_ref()
            .and_then(|it| request::advice_for(it, words)),
        replace: connect::replace::mine(user, "/profile").await?,
        connect: connect::view_for(user).await?,
        trying: trying(user, words).await?,
    })
}

/// The admin who connected it in the organisation's name.
async fn made_by(connection: Option<&Connection>) -> Result<Option<String>, AppError> {
    let Some(id) = connection.and_then(|connection| connection.made_by) else {
        return Ok(None);
    };
    let admin = request::services().store.user(id).await;
    let admin = admin.map_err(request::internal)?;
    Ok(Some(
        admin.map_or("an administrator".to_owned(), |admin| admin.name),
    ))
}

/// A check that keeps trying: its page, and until when.
async fn trying(user: &User, words: &Formatter) -> Result<Option<(String, Moment)>, AppError> {
    let check = request::services().store.last_check(user.id).await;
    Ok(check.map_err(request::internal)?.and_then(|check| {
        let waiting = check.waiting?;
        let page = format!("/profile/exchange/checks/{}", check.id);
        Some((page, words.appointment(waiting.until, false)))
    }))
}

#[component]
pub fn ExchangeRow(exchange: ExchangeView) -> impl IntoView {
    let ExchangeView {
        owner,
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
                <Follow topics=vec![Topic::Calendar(owner), Topic::Person(owner)] />
                <p class="row-state" id="exchange-state" data-live="">
                    <StateBadge state />
                    {since.map(|since| view! { <span>"since " <When moment=since /></span> })}
                </p>
            </div>
            <div class="row-actions">
                <ConnectDialog view=connect connected urgent />
                <WakeIslands />
                {connected
                    .then(|| view! { <a class="button button-quiet" href="/profile/exchange/disconnect">"Disconnect"</a> })}
            </div>
        </div>
        <ExchangeNews connected ended news trying made_by />
        // What others must do, people need not read.
        {advice
            .map(|advice| {
                let folded = advice.is_up_to_others();
                view! { <Notice advice folded /> }
            })}
        {replace.map(|view| view! { <ReplacePassword view /> })}
        {mailbox.map(|mailbox| view! { <ExchangeFacts mailbox account last_sync next_sync /> })}
        {(!connected)
            .then(|| {
                view! { <p class="empty">"Connect your Exchange calendar to see it in Kalends and keep it in step."</p> }
            })}
    }
}

/// What happened to the connection that its owner has not done.
#[component]
fn ExchangeNews(
    connected: bool,
    ended: Option<Moment>,
    news: Vec<NewsView>,
    trying: Option<(String, Moment)>,
    made_by: Option<String>,
) -> impl IntoView {
    view! {
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
    }
}

#[component]
fn ExchangeFacts(
    mailbox: String,
    account: Option<String>,
    last_sync: Option<Moment>,
    next_sync: Option<Result<Moment, String>>,
) -> impl IntoView {
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
}
