//! What people may do, on one page, in plain words.

use crate::{
    AppError,
    component::{Asks, Frame, Question, choice, loaded},
    page::privacy::{choice_words, code, level_words, lost},
    request,
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    policy::{AdminsFactor, PersonalMode, Policy, PrivacyLevel, Probes, TypedPasswords},
};
use leptos::{prelude::*, server_fn::ServerFn};

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
struct PolicyView {
    policy: Policy,
    asks: Option<Question>,
    flash: Option<String>,
}

const fn typed_words(typed: TypedPasswords) -> &'static str {
    match typed {
        TypedPasswords::OwnAddress => {
            "People may type a service account’s password for their own address only."
        }
        TypedPasswords::AnyMailbox => {
            "People may type a service account’s password for any mailbox."
        }
        TypedPasswords::Off => "Nobody may type a service account’s password.",
    }
}

const fn personal_words(personal: PersonalMode) -> &'static str {
    match personal {
        PersonalMode::On => "People may connect with their own account and password.",
        PersonalMode::Off => "Nobody may connect with their own account and password.",
    }
}

const fn admins_words(admins: AdminsFactor) -> &'static str {
    match admins {
        AdminsFactor::Optional => "Administrators may use a second factor.",
        AdminsFactor::Required => "Administrators must use a second factor.",
    }
}

const fn probes_words(probes: Probes) -> &'static str {
    match probes {
        Probes::GoOn => {
            "A saved password that is refused is sent again after 15 minutes, 1 hour and 4 hours, then once a day."
        }
        Probes::FirstOnly => {
            "A saved password that is refused is sent again after 15 minutes, and not by itself after that."
        }
    }
}

/// The rules, a sentence each.
pub fn rules(policy: Policy) -> Vec<String> {
    [
        typed_words(policy.typed),
        personal_words(policy.personal),
        level_words(policy.privacy),
        admins_words(policy.admins),
        probes_words(policy.probes),
    ]
    .map(str::to_owned)
    .into()
}

async fn policy_form() -> Result<PolicyView, AppError> {
    request::user_with(request::Right::Organisation).await?;
    let store = request::services().store;
    Ok(PolicyView {
        asks: request::take_question("policy").await?,
        policy: store.policy().await.map_err(request::internal)?,
        flash: request::take_flash().await?,
    })
}

#[server(endpoint = "save_policy")]
async fn save_policy(
    typed: TypedPasswords,
    personal: PersonalMode,
    privacy: PrivacyLevel,
    #[server(default)] admins: AdminsFactor,
    #[server(default)] probes: Probes,
    #[server(default)] sure: bool,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Organisation).await?;
    let services = request::services();
    let policy = Policy {
        typed,
        personal,
        privacy,
        admins,
        probes,
    };
    let before = services.store.policy().await.map_err(request::internal)?;
    if let Some(lost) = lost(before.privacy, privacy).filter(|_| !sure) {
        let wanted = kalends_store::ListQuery::default();
        let counts = services.store.count_connections(&wanted).await;
        let lost = match counts.map_err(request::internal)?.connections() {
            0 => None,
            1 => Some(format!("{lost} of all entries of 1 calendar are deleted.")),
            many => Some(format!(
                "{lost} of all entries of {many} calendars are deleted."
            )),
        };
        if let Some(lost) = lost {
            let question = Question {
                title: "Keep less?".to_owned(),
                lost,
                chosen: policy.rules(),
            };
            request::keep_question("policy", question).await?;
            request::see_other("/organisation/policy");
            return Ok(());
        }
    }
    let subject = rules(policy).join(" ");
    let entry = AuditEntry::by(admin.id, AuditAction::PolicyChanged).about(subject);
    let now = services.clock.now();
    let set = services.store.set_policy(&policy, &entry, now).await;
    set.map_err(request::internal)?;
    services.wake.notify_one();
    request::flash("The policy is saved.").await?;
    request::see_other("/organisation/policy");
    Ok(())
}

#[component]
pub fn PolicyPage() -> impl IntoView {
    loaded(policy_form, |view| {
        let Policy {
            typed,
            personal,
            privacy,
            admins,
            probes,
        } = view.policy;
        view! {
            <Frame title="Policy">
                <p class="back"><a href="/organisation">"Organisation"</a></p>
                {view.flash.map(|flash| view! { <p class="notice notice-good" role="status">{flash}</p> })}
                {view
                    .asks
                    .map(|question| view! { <Asks question action=SavePolicy::url() yes="Save the policy and delete them" back="/organisation/policy" /> })}
                <form class="form" method="post" action=SavePolicy::url()>
                    <fieldset class="panel choices">
                        <legend>"Service account passwords typed by people"</legend>
                        {choice("typed", "own_address", "Own address only", "People connect their own verified address. Other mailboxes need a request that you approve.", typed == TypedPasswords::OwnAddress)}
                        {choice("typed", "any_mailbox", "Any mailbox", "Whoever knows the password can read every mailbox that it reaches.", typed == TypedPasswords::AnyMailbox)}
                        {choice("typed", "off", "Off", "People connect through the accounts that you hold, or with their own.", typed == TypedPasswords::Off)}
                    </fieldset>
                    <fieldset class="panel choices">
                        <legend>"People’s own accounts"</legend>
                        {choice("personal", "on", "On", "People may connect with their own password; Exchange decides what they may open.", personal == PersonalMode::On)}
                        {choice("personal", "off", "Off", "No personal password is stored.", personal == PersonalMode::Off)}
                    </fieldset>
                    <fieldset class="panel choices">
                        <legend>"What Kalends keeps of calendars"</legend>
                        {PrivacyLevel::ALL
                            .into_iter()
                            .map(|level| {
                                let (label, meaning) = choice_words(level);
                                choice("privacy", code(level), label, meaning, level == privacy)
                            })
                            .collect_view()}
                        <p class="field-hint">"Private entries are only “Private” at every level. People may lower the level for themselves. Lowering it deletes what is kept above it at once."</p>
                    </fieldset>
                    <fieldset class="panel choices">
                        <legend>"Administrators’ second factor"</legend>
                        {choice("admins", "optional", "Optional", "Everybody decides for themselves.", admins == AdminsFactor::Optional)}
                        {choice("admins", "required", "Required", "Administrators without one are led to set it up before they reach this page and the others of theirs.", admins == AdminsFactor::Required)}
                    </fieldset>
                    <fieldset class="panel choices">
                        <legend>"When Exchange refuses a saved password"</legend>
                        {choice("probes", "go_on", "Try again, ever more seldom", "After 15 minutes, 1 hour and 4 hours, then once a day: calendars go on by themselves after an outage of the directory.", probes == Probes::GoOn)}
                        {choice("probes", "first_only", "No probes after the first", "After 15 minutes and not again: for a directory that counts wrong passwords for longer than a day. An administrator can send it once more at any time.", probes == Probes::FirstOnly)}
                        <p class="field-hint">"Few lockout policies count that far apart: most forget a wrong password after 15 to 60 minutes."</p>
                    </fieldset>
                    <p class="field-hint">"Connections that exist stay when a rule changes. End them on the page Connections."</p>
                    <div class="form-actions form-end">
                        <button class="button button-primary">"Save the policy"</button>
                        <a class="button" href="/organisation">"Cancel"</a>
                    </div>
                </form>
            </Frame>
        }
    })
}
