//! How much of one's calendar Kalends keeps: as much as the organisation says, or less.

use crate::{
    AppError,
    component::{Asks, Question, choice},
    request,
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    policy::PrivacyLevel,
};
use leptos::{prelude::*, server_fn::ServerFn};

/// The section of the profile.
#[derive(Debug, Clone, PartialEq)]
pub struct PrivacyView {
    pub organisations: PrivacyLevel,
    pub own: Option<PrivacyLevel>,
    pub asks: Option<Question>,
}

/// A level in one sentence.
pub const fn level_words(level: PrivacyLevel) -> &'static str {
    match level {
        PrivacyLevel::FreeBusy => "Kalends keeps when people are busy, and nothing else.",
        PrivacyLevel::TimesAndTitles => "Kalends keeps times and titles.",
        PrivacyLevel::Everything => "Kalends keeps times, titles, places and organisers.",
    }
}

/// Label and meaning of a choice.
pub const fn choice_words(level: PrivacyLevel) -> (&'static str, &'static str) {
    match level {
        PrivacyLevel::FreeBusy => (
            "Free/busy only",
            "When, and how busy. Titles and places are not even asked of Exchange.",
        ),
        PrivacyLevel::TimesAndTitles => (
            "Times and titles",
            "When, how busy, and what entries are called.",
        ),
        PrivacyLevel::Everything => ("Everything", "Places and organisers as well."),
    }
}

/// What a lower level deletes; `None` where nothing is.
pub fn lost(before: PrivacyLevel, after: PrivacyLevel) -> Option<&'static str> {
    match (before, after) {
        (PrivacyLevel::Everything, PrivacyLevel::FreeBusy) => {
            Some("The titles, places and organisers")
        }
        (PrivacyLevel::Everything, PrivacyLevel::TimesAndTitles) => {
            Some("The places and organisers")
        }
        (PrivacyLevel::TimesAndTitles, PrivacyLevel::FreeBusy) => Some("The titles"),
        _ => None,
    }
}

pub async fn view_for(user: &kalends_store::User) -> Result<PrivacyView, AppError> {
    let store = request::services().store;
    Ok(PrivacyView {
        organisations: store.policy().await.map_err(request::internal)?.privacy,
        own: user.privacy,
        asks: request::take_question("privacy").await?,
    })
}

/// The value of a choice in forms.
pub const fn code(level: PrivacyLevel) -> &'static str {
    match level {
        PrivacyLevel::FreeBusy => "free_busy",
        PrivacyLevel::TimesAndTitles => "times_and_titles",
        PrivacyLevel::Everything => "everything",
    }
}

#[server(endpoint = "save_privacy")]
async fn save_privacy(
    #[server(default)] privacy: String,
    #[server(default)] sure: bool,
) -> Result<(), AppError> {
    let user = request::user().await?;
    let services = request::services();
    let policy = services.store.policy().await.map_err(request::internal)?;
    let own = PrivacyLevel::ALL
        .into_iter()
        .find(|level| code(*level) == privacy);
    if own.is_some_and(|own| own > policy.privacy) {
        request::flash("Nothing was saved: your organisation allows no more than its own level.")
            .await?;
        request::see_other("/profile#privacy");
        return Ok(());
    }
    let before = policy.privacy.lowered_by(user.privacy);
    let lost = lost(before, policy.privacy.lowered_by(own));
    if let Some(lost) = lost.filter(|_| !sure) {
        let connection = services.store.connection_of(user.id).await;
        let entries = connection
            .map_err(request::internal)?
            .map_or(0, |connection| connection.entries);
        if entries > 0 {
            let lost = match entries {
                1 => format!("{lost} of 1 entry are deleted."),
                many => format!("{lost} of {many} entries are deleted."),
            };
            let level = own.map_or("as the organisation says", |own| choice_words(own).0);
            let question = Question {
                title: format!("Keep less: {level}?"),
                lost,
                chosen: vec![("privacy".to_owned(), privacy)],
            };
            request::keep_question("privacy", question).await?;
            request::see_other("/profile#privacy");
            return Ok(());
        }
    }
    let about = match own {
        Some(own) => format!("{}: {} at most", user.email, choice_words(own).0),
        None => format!("{}: as the organisation says", user.email),
    };
    let entry = AuditEntry::by(user.id, AuditAction::PrivacyChanged).about(about);
    let set = services
        .store
        .set_privacy(user.id, own, &entry, services.clock.now());
    set.await.map_err(request::internal)?;
    services.wake.notify_one();
    request::flash("Your privacy level is saved. What is kept above it is deleted.").await?;
    request::see_other("/profile#privacy");
    Ok(())
}

/// The choices up to the organisation's level.
#[component]
pub fn PrivacyForm(view: PrivacyView) -> impl IntoView {
    let effective = view.organisations.lowered_by(view.own);
    let follows = format!(
        "As the organisation says: {}",
        choice_words(view.organisations).0
    );
    let offered = PrivacyLevel::ALL
        .into_iter()
        .filter(|level| *level <= view.organisations)
        .collect::<Vec<_>>();
    view! {
        {view
            .asks
            .map(|question| view! { <Asks question action=SavePrivacy::url() yes="Delete them" back="/profile#privacy" /> })}
        <p class="panel-hint">
            "What you choose holds even if the organisation allows more later. Choosing less deletes at once what was kept above it. Private entries are always only “Private”."
        </p>
                <form class="form" method="post" action=SavePrivacy::url()>
                    <fieldset class="choices">
                        <legend class="sr-only">"What Kalends keeps of your calendar"</legend>
                        {choice("privacy", "", follows, "It follows when an administrator changes that.", view.own.is_none())}
                        {offered
                            .into_iter()
                            .map(|level| {
                                let (label, meaning) = choice_words(level);
                                choice("privacy", code(level), format!("{label} at most"), meaning, view.own.is_some() && level == effective)
                            })
                            .collect_view()}
                    </fieldset>
                    <button class="button">"Apply"</button>
                </form>
        <p><a href="/profile/data">"What Kalends stores about me"</a></p>
    }
}
