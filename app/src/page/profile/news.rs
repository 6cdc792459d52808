//! What happened to somebody's mailboxes and requests without their doing.

use crate::{AppError, moment::Moment, request};
use kalends_store::RequestState;

/// Something that happened to somebody without their doing.
#[derive(Debug, Clone, PartialEq)]
pub struct NewsView {
    pub words: String,
    pub at: Moment,
}

pub async fn of(
    user: &kalends_store::User,
    connection: Option<&kalends_core::connection::Connection>,
) -> Result<Vec<NewsView>, AppError> {
    let mut news = decisions(user, connection).await?;
    news.extend(claims(user).await?);
    Ok(news)
}

async fn claims(user: &kalends_store::User) -> Result<Vec<NewsView>, AppError> {
    let services = request::services();
    let words = request::formatter(user).await?;
    let now = services.clock.now();
    let claims = services.store.claims_of(user.id, now).await;
    let told = claims.map_err(request::internal)?.into_iter().map(|claim| {
        let (owner, holder) = (&claim.owner.name, &claim.holder.name);
        let mailbox = &claim.mailbox;
        let text = match (claim.owner.id == user.id, claim.is_ended) {
            (true, true) => format!("{holder} had connected your mailbox {mailbox} without anybody’s approval. That connection ended when you connected it."),
            (true, false) => format!("{holder} has connected your mailbox {mailbox} too, and may: an administrator said so, or it is their address as well."),
            (false, true) => format!("Your connection to {mailbox} was ended: it is the mailbox of {owner}, who has connected it. If you need it too, ask an administrator for it."),
            (false, false) => format!("{owner} has connected {mailbox}, which is their own mailbox. Your connection to it stays."),
        };
        NewsView {
            words: text,
            at: words.appointment(claim.at, false),
        }
    });
    Ok(told.collect())
}

/// What became of the requests of the last two weeks; an approval that was made use of is no news.
async fn decisions(
    user: &kalends_store::User,
    connection: Option<&kalends_core::connection::Connection>,
) -> Result<Vec<NewsView>, AppError> {
    const NEWS: std::time::Duration = std::time::Duration::from_hours(24 * 14);
    let services = request::services();
    let words = request::formatter(user).await?;
    let since = services.clock.now() - NEWS;
    let requests = services.store.requests_of(user.id).await;
    let told = requests
        .map_err(request::internal)?
        .into_iter()
        .filter_map(|it| {
            let at = it.decided_at.filter(|at| *at > since)?;
            let mailbox = &it.mailbox;
            let is_used = connection.is_some_and(|connection| connection.mailbox == *mailbox);
            let mut text = match it.state {
                RequestState::Approved if !is_used => {
                    format!("Your request for {mailbox} is approved: you can connect it now.")
                }
                RequestState::Refused => format!("Your request for {mailbox} is refused."),
                RequestState::Revoked => format!("The approval for {mailbox} is taken back."),
                RequestState::Approved | RequestState::Waiting | RequestState::Withdrawn => {
                    return None;
                }
            };
            if !it.answer.is_empty() {
                text = format!("{text} The administrator’s answer: {}", it.answer);
            }
            Some(NewsView {
                words: text,
                at: words.appointment(at, false),
            })
        });
    Ok(told.collect())
}
