//! Checks as pages need them: for whom they are there, what one click could mend, and their words.

use super::view::{CheckEnd, CheckView, Fix, PasswordUse, ProofView, WaitingView};
use crate::{
    AppError,
    moment::Formatter,
    request::{formatter, internal, may, not_there, services, take_draft},
};
use kalends_core::{
    advice::advice,
    check::{Check, Goal, Outcome, Step, TestProof},
    connection::Mode,
    id::CheckId,
    problem::Problem,
    rights::Right,
};
use kalends_store::User;

/// A check of this user's own, or any for an admin.
pub async fn check_for(user: &User, id: &str) -> Result<Check, AppError> {
    let found = match id.parse::<CheckId>() {
        Ok(id) => services().store.check(id).await.map_err(internal)?,
        Err(_) => None,
    };
    let check = found.ok_or_else(not_there)?;
    if check.user_id == user.id || may(user, Right::ChecksOfOthers).await? {
        Ok(check)
    } else {
        Err(not_there())
    }
}

/// What one click could mend before trying again.
pub fn fix(check: &Check) -> Option<Fix> {
    let Some(Outcome::Failed { problem, .. }) = &check.outcome else {
        return None;
    };
    if matches!(check.typed.goal, Goal::SendAgain { .. }) {
        return None;
    }
    if check.mode == Mode::Organisation && check.typed.goal == Goal::Connection {
        return match problem.as_ref() {
            Problem::MailboxAlias {
                primary: Some(primary),
            } => Some(Fix::Through(primary.to_string())),
            Problem::MailboxTaken | Problem::PermissionGone => {
                Some(Fix::Ask(check.typed.mailbox.clone()))
            }
            _ => None,
        };
    }
    match problem.as_ref() {
        Problem::MailboxTaken | Problem::PermissionGone => {
            Some(Fix::Ask(check.typed.mailbox.clone()))
        }
        // An account's test is repeated by hand: its form asks for the password anyway.
        problem if problem.may_take_effect() && check.typed.goal != Goal::Connection => None,
        Problem::MailboxAlias { primary } => {
            primary.as_ref().map(|it| Fix::Mailbox(it.to_string()))
        }
        Problem::MailboxMoved { endpoint } => Some(Fix::Endpoint(
            endpoint
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        )),
        Problem::LeadsElsewhere { host } => Some(Fix::Confirm(host.clone())),
        // Another password is tested as its account signs in.
        Problem::BasicWithheld { .. } => (!matches!(
            check.typed.goal,
            Goal::NextPassword { .. } | Goal::ReplacePassword { .. }
        ))
        .then_some(Fix::Basic),
        problem if problem.may_take_effect() => Some(Fix::KeepTrying),
        _ => None,
    }
}

/// The form that a check came from: the name of its draft, and its page.
pub fn form_of(check: &Check) -> (String, String) {
    match check.typed.goal {
        Goal::Connection => ("connect".to_owned(), "/profile/exchange/connect".to_owned()),
        Goal::NewAccount => (
            "account".to_owned(),
            "/organisation/accounts/new".to_owned(),
        ),
        Goal::MoveAccount { account_id } => (
            format!("move-{account_id}"),
            format!("/organisation/accounts/{account_id}/server"),
        ),
        Goal::SendAgain { account_id } => (
            format!("again-{account_id}"),
            format!("/organisation/accounts/{account_id}"),
        ),
        Goal::ReplacePassword { account_id } => (
            format!("replace-{account_id}"),
            format!("/organisation/accounts/{account_id}"),
        ),
        Goal::NextPassword { account_id } => (
            format!("password-{account_id}"),
            format!("/organisation/accounts/{account_id}"),
        ),
    }
}

/// A check in the words of its reader. What stands in a calendar is for its owner alone: others see that it can be read.
pub async fn check_view(user: &User, check: Check) -> Result<CheckView, AppError> {
    let words = formatter(user).await?;
    let is_own = check.user_id == user.id;
    let back = if is_own {
        form_of(&check).1
    } else {
        connection_page(&check).await?
    };
    let fix = fix(&check).filter(|_| is_own);
    let names = check.names(Some(words.utc_offset()));
    let names = names.telling_addresses(words.tells_addresses);
    let waiting = check.waiting.as_ref().map(|waiting| WaitingView {
        title: advice(&waiting.problem, &names).title,
        attempts: waiting.attempts,
        next: words.moment(waiting.next_at),
        until: words.appointment(waiting.until, false),
    });
    let failed_at = check.ladder.failed_at();
    let step = failed_at.map(|step: Step| step.label().to_owned());
    let goal = check.typed.goal;
    let end = check.outcome.map(|outcome| match outcome {
        Outcome::Connected { proof, .. } => CheckEnd::Connected {
            proof: proof_views(proof, is_own, &words),
        },
        Outcome::AccountSaved { account_id } => CheckEnd::Saved {
            used: password_use(&goal),
            link: format!("/organisation/accounts/{account_id}"),
        },
        Outcome::Failed {
            problem,
            request_id,
        } => CheckEnd::Failed {
            advice: advice(&problem, &names),
            step,
            request_id,
            fix,
        },
        Outcome::Cancelled => CheckEnd::Cancelled,
    });
    Ok(CheckView {
        id: check.id.to_string(),
        mailbox: check.typed.mailbox,
        account: check.typed.account,
        endpoint: check.typed.endpoint,
        ladder: if words.tells_addresses {
            check.ladder
        } else {
            check.ladder.without_addresses()
        },
        end,
        waiting,
        is_own,
        back,
    })
}

/// The page of the connection of who ran a check, for others.
async fn connection_page(check: &Check) -> Result<String, AppError> {
    let connection = services().store.connection_of(check.user_id).await;
    let connection = connection.map_err(internal)?;
    Ok(connection.map_or("/connections".to_owned(), |connection| {
        format!("/connections/{}", connection.id)
    }))
}

fn proof_views(proof: Vec<TestProof>, is_own: bool, words: &Formatter) -> Vec<ProofView> {
    proof
        .into_iter()
        .filter(|_| is_own)
        .map(|entry| ProofView {
            subject: entry.subject.unwrap_or_else(|| "Private".to_owned()),
            when: words.appointment(entry.start, entry.all_day),
        })
        .collect()
}

const fn password_use(goal: &Goal) -> PasswordUse {
    match goal {
        Goal::NextPassword { .. } => PasswordUse::OnceSwitched,
        Goal::ReplacePassword { .. } => PasswordUse::Already,
        _ => PasswordUse::ByWhoeverConnects,
    }
}

/// What the reader sees of a check. Once it has connected, what was typed has done its work.
pub async fn seen(user: &User, check: Check) -> Result<CheckView, AppError> {
    let view = check_view(user, check).await?;
    if view.is_own && view.is_connected() {
        take_draft("connect").await?;
    }
    Ok(view)
}
