//! Notices: how they leave, what is told at present, and what was sent.

pub mod one;
mod sent;
mod webhooks;

use crate::{
    AppError,
    component::{Frame, TableHead, When, loaded},
    draft::FormDraft,
    moment::Moment,
    request,
};
use leptos::{prelude::*, server_fn::ServerFn};
use sent::SentView;
use webhooks::{WebhookView, Webhooks};

/// How many notices a page lists.
const PAGE_SIZE: i64 = 50;

#[derive(Debug, Clone, PartialEq)]
struct NoticesView {
    mail: Option<MailView>,
    webhooks: Vec<WebhookView>,
    open: Vec<OpenView>,
    sent: Vec<SentView>,
    page: i64,
    has_more: bool,
    draft: FormDraft,
    /// What came of the last click, and whether it went well.
    flash: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct MailView {
    host: String,
    from: String,
    is_refused: bool,
}

#[derive(Debug, Clone, PartialEq)]
struct OpenView {
    title: String,
    people: i64,
    since: Moment,
    next: Option<Moment>,
}

async fn notices(page: String) -> Result<NoticesView, AppError> {
    let admin = request::user_with(request::Right::Notices).await?;
    let words = request::formatter(&admin).await?;
    let services = request::services();
    let store = &services.store;
    let page = page.parse::<i64>().unwrap_or(1).clamp(1, 10_000);
    let found = store.notices(PAGE_SIZE + 1, (page - 1) * PAGE_SIZE).await;
    let found = found.map_err(request::internal)?;
    let webhooks = store.webhooks().await.map_err(request::internal)?;
    let open = store.open_incidents().await.map_err(request::internal)?;
    let mut shown = Vec::new();
    for webhook in webhooks {
        shown.push(WebhookView {
            key: kalends::notify::new_key(&services, &webhook, &admin).await,
            id: webhook.id.to_string(),
            name: webhook.name,
            host: webhook.host,
            since: words.appointment(webhook.made_at, false),
        });
    }
    Ok(NoticesView {
        mail: services.channels.mail().map(|mail| MailView {
            host: mail.host().to_owned(),
            from: mail.from(),
            is_refused: mail.is_sign_in_refused(),
        }),
        webhooks: shown,
        open: open
            .into_iter()
            .map(|incident| OpenView {
                title: incident.title,
                people: incident.people,
                since: words.moment(incident.opened_at),
                next: incident.next_at.map(|at| words.upcoming(at)),
            })
            .collect(),
        has_more: found.len() > usize::try_from(PAGE_SIZE).unwrap_or(0),
        sent: found
            .iter()
            .take(usize::try_from(PAGE_SIZE).unwrap_or(0))
            .map(|notice| sent::view_of(notice, &words))
            .collect(),
        page,
        draft: request::take_draft("webhook").await?,
        flash: request::take_flash().await?,
    })
}

#[server(endpoint = "test_mail")]
async fn test_mail() -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Notices).await?;
    let tested = kalends::notify::test_mail(&request::services(), &admin).await;
    request::flash(&sent::test_result(tested.map_err(request::internal)?)).await?;
    request::see_other("/organisation/notices");
    Ok(())
}

#[component]
pub fn NoticesPage() -> impl IntoView {
    let query = leptos_router::hooks::use_query_map();
    let page = move || query.with(|query| query.get("page").unwrap_or_default());
    loaded(move || notices(page()), |view| view! { <Notices view /> })
}

#[component]
fn Notices(view: NoticesView) -> impl IntoView {
    let NoticesView {
        mail,
        webhooks,
        open,
        sent,
        page,
        has_more,
        draft,
        flash,
    } = view;
    let none_sent = sent.is_empty();
    view! {
        <Frame title="Alerts" wide=true>
            <p class="back"><a href="/organisation">"Organisation"</a></p>
            {flash.map(|flash| view! { <p class="notice" role="status">{flash}</p> })}
            <p>
                "Kalends tells whoever must act: administrators of what holds up the organisation, and people of what is wrong with their own mailbox or password. "
                "Each cause is told once, however many people it holds up, again after 1, 3 and 7 days, and when it is over. What passes by itself is told only if it lasts six hours."
            </p>
            <Mail mail />
            <Webhooks webhooks draft />
            <Open open />
            <section class="panel" aria-labelledby="sent">
                <h2 id="sent">"What was sent"</h2>
                {if none_sent {
                    view! { <p class="empty">"Nothing yet."</p> }.into_any()
                } else {
                    view! { <Sent sent /> }.into_any()
                }}
                {(page > 1 || has_more)
                    .then(|| {
                        view! {
                            <nav class="pager" aria-label="Pages">
                                {(page > 1).then(|| view! { <a class="button" href=format!("/organisation/notices?page={}", page - 1)>"Newer"</a> })}
                                {has_more.then(|| view! { <a class="button" href=format!("/organisation/notices?page={}", page + 1)>"Older"</a> })}
                            </nav>
                        }
                    })}
                <p class="panel-hint">"Kept for 90 days."</p>
            </section>
        </Frame>
    }
}

#[component]
fn Mail(mail: Option<MailView>) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="mail">
            <h2 id="mail">"Mail"</h2>
            {match mail {
                None => view! {
                    <p>
                        "No mail is sent. A Kalends administrator sets " <code>"KALENDS_SMTP_URL"</code> " and " <code>"KALENDS_MAIL_FROM"</code>
                        " and starts it anew; " <code>"kalends serve --help"</code> " has examples."
                    </p>
                }
                    .into_any(),
                Some(MailView { host, from, is_refused }) => view! {
                    <p>"Sent from " {from} " through " {host} "."</p>
                    {is_refused
                        .then(|| {
                            view! {
                                <p class="notice notice-bad">
                                    "The mail server refused the name or password in " <code>"KALENDS_SMTP_URL"</code>
                                    ". Kalends does not send it again by itself: mails wait until a test goes out, or Kalends is started anew."
                                </p>
                            }
                        })}
                    <form class="form-actions" method="post" action=TestMail::url()>
                        <button class="button">"Send me a test mail"</button>
                    </form>
                }
                    .into_any(),
            }}
        </section>
    }
}

#[component]
fn Sent(sent: Vec<SentView>) -> impl IntoView {
    view! {
        <div class="table-box" role="region" aria-label="Alerts" tabindex="0">
            <table class="table table-stack" role="table">
                <TableHead columns=&["Alert", "To", "State", "When"] />
                <tbody role="rowgroup">
                    {sent
                        .into_iter()
                        .map(|notice| {
                            view! {
                                <tr role="row">
                                    <th role="rowheader" scope="row"><a href=notice.link>{notice.subject}</a></th>
                                    <td role="cell" data-label="To">{notice.to}</td>
                                    <td role="cell" data-label="State" class=if notice.is_bad { "cell-bad" } else { "" }>{notice.state}</td>
                                    <td role="cell" data-label="When"><When moment=notice.at /></td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn Open(open: Vec<OpenView>) -> impl IntoView {
    let none_open = open.is_empty();
    view! {
        <section class="panel" aria-labelledby="open">
            <h2 id="open">"Open alerts"</h2>
            {if none_open {
                view! { <p class="empty">"No open alerts. What just began is told if it lasts."</p> }.into_any()
            } else {
                view! {
                    <ul class="links">
                        {open
                            .into_iter()
                            .map(|incident| {
                                let people = match incident.people {
                                    0 => String::new(),
                                    1 => "1 person, ".to_owned(),
                                    many => format!("{many} people, "),
                                };
                                view! {
                                    <li>
                                        <strong>{incident.title}</strong>
                                        <span class="cell-detail">
                                            {people} "told " <When moment=incident.since />
                                            {incident.next.map(|next| view! { ", again " <When moment=next /> })}
                                        </span>
                                    </li>
                                }
                            })
                            .collect_view()}
                    </ul>
                }
                    .into_any()
            }}
        </section>
    }
}
