//! What a session keeps of a form until its page is shown again.

use super::{
    answer::internal,
    session::{USER_KEY, session},
};
use crate::{
    AppError,
    component::Question,
    draft::{FormDraft, cut},
};

/// Keeps a form until its page is shown again; how long it may be, the limit of a request's body decides. Of somebody
/// who is not signed in little is kept: anybody may leave it behind.
pub async fn keep_draft(form: &str, draft: FormDraft) -> Result<(), AppError> {
    let session = session()?;
    let is_known = session.get_value(USER_KEY).await.map_err(internal)?;
    let draft = if is_known.is_some() {
        draft
    } else {
        cut(draft)
    };
    session
        .insert(&format!("draft-{form}"), draft)
        .await
        .map_err(internal)
}

pub async fn take_draft(form: &str) -> Result<FormDraft, AppError> {
    let key = format!("draft-{form}");
    let session = session()?;
    if session.get_value(&key).await.map_err(internal)?.is_none() {
        return Ok(FormDraft::default());
    }
    Ok(session
        .remove::<FormDraft>(&key)
        .await
        .map_err(internal)?
        .unwrap_or_default())
}

/// A kept form as it stands, left where it is.
pub async fn look_at_draft(form: &str) -> Result<FormDraft, AppError> {
    let kept = session()?.get::<FormDraft>(&format!("draft-{form}")).await;
    Ok(kept.map_err(internal)?.unwrap_or_default())
}

/// Asks once, where a form stands, before something is lost.
pub async fn keep_question(form: &str, question: Question) -> Result<(), AppError> {
    session()?
        .insert(&format!("question-{form}"), question)
        .await
        .map_err(internal)
}

pub async fn take_question(form: &str) -> Result<Option<Question>, AppError> {
    let taken = session()?.remove(&format!("question-{form}")).await;
    taken.map_err(internal)
}
