//! Connecting to Microsoft Exchange: one form with both ways, as a page of its own and, once hydrated, as a dialog.

#![expect(
    clippy::too_many_arguments,
    reason = "the server function takes one argument per field of the form"
)]

use crate::{
    AppError,
    component::{Frame, loaded},
    draft::FormDraft,
    error::FieldErrors,
    page::check::{CheckProgress, CheckView, cancel},
    send::send_form,
};
use kalends_core::account_name::Password;
use leptos::{
    ev::SubmitEvent, html, prelude::*, task::spawn_local, wasm_bindgen::JsCast,
    web_sys::HtmlFormElement,
};
use serde::{Deserialize, Serialize};

mod form;
mod one_click;
pub mod replace;
#[cfg(feature = "ssr")]
pub use form::SERVICE;
pub use form::{ByBasic, DraftNote, ServiceFields};
pub use form::{FAILED, resubmit_with};
#[cfg(feature = "ssr")]
pub use form::{allow_basic, confirm, mend};
pub use one_click::ConnectMine;
use one_click::WaysToConnect;
#[cfg(feature = "ssr")]
use one_click::refused;

/// What the form starts with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectView {
    pub draft: FormDraft,
    /// Whether a connection exists that this one replaces.
    /// The mailbox that is connected at present: another one takes its place.
    pub replaces: Option<String>,
    pub reconnect: bool,
    /// What connects with one click, through an account that an admin holds.
    pub one_click: Vec<String>,
    /// Which ways of typing a password the organisation allows.
    pub ways: Ways,
}

/// The ways to connect with a typed password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ways {
    pub service: bool,
    pub personal: bool,
}

impl Ways {
    const fn any(self) -> bool {
        self.service || self.personal
    }
}

/// What became of a sent form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ConnectAnswer {
    /// A check runs, under this id.
    Started(String),
    Mistakes(FieldErrors),
}

/// Starts a check. Without JavaScript it leads to the check's page, or back to the form.
#[server(endpoint = "connect")]
pub async fn connect(
    #[server(default)] service: bool,
    #[server(default)] mailbox: String,
    #[server(default)] service_password: Password,
    #[server(default)] service_account: String,
    #[server(default)] service_server: String,
    #[server(default)] service_domain: String,
    #[server(default)] service_control: String,
    #[server(default)] email: String,
    #[server(default)] password: Password,
    #[server(default)] username: String,
    #[server(default)] server: String,
    #[server(default)] domain: String,
    #[server(default)] confirmed: String,
    #[server(default)] keep_trying: bool,
    #[server(default)] basic: bool,
) -> Result<ConnectAnswer, AppError> {
    use crate::{draft::ticked, request};
    use kalends::accounts::permission::Forbidden;
    let user = request::user().await?;
    let values = [
        ("service", ticked(service)),
        ("mailbox", mailbox.clone()),
        ("service_account", service_account.clone()),
        ("service_server", service_server.clone()),
        ("service_domain", service_domain.clone()),
        ("service_control", service_control.clone()),
        ("email", email.clone()),
        ("username", username.clone()),
        ("server", server.clone()),
        ("domain", domain.clone()),
        ("confirmed", confirmed.clone()),
        ("basic", ticked(basic)),
    ];
    let (typed, names) = if service {
        let typed = kalends::connect::Form {
            mode: kalends_core::connection::Mode::ServiceAccount,
            mailbox,
            password: service_password,
            account: service_account,
            endpoint: service_server,
            domain: service_domain,
            control: service_control,
            confirmed,
            keep_trying,
            basic,
        };
        (typed, form::SERVICE)
    } else {
        let typed = kalends::connect::Form {
            mode: kalends_core::connection::Mode::Personal,
            mailbox: email,
            password,
            account: username,
            endpoint: server,
            domain,
            control: String::new(),
            confirmed,
            keep_trying,
            basic,
        };
        (typed, form::PERSONAL)
    };
    let mut draft = FormDraft {
        values: values.map(|(name, value)| (name.to_owned(), value)).into(),
        ..FormDraft::default()
    };
    match typed.parse() {
        Ok(request) => {
            if let Some(endpoint) = &request.endpoint {
                draft
                    .values
                    .insert(names.endpoint.to_owned(), endpoint.to_string());
            }
            let started = kalends::connect::start(&request::services(), &user, request).await;
            let id = match started {
                Ok(id) => id,
                Err(Forbidden::Refused(refusal)) => {
                    return refused(&refusal, names.mailbox, draft).await;
                }
                Err(Forbidden::Store(error)) => return Err(request::internal(error)),
            };
            request::keep_draft("connect", draft).await?;
            if request::is_plain() {
                request::see_other(&format!("/profile/exchange/checks/{id}"));
            }
            Ok(ConnectAnswer::Started(id.to_string()))
        }
        Err(mistakes) => {
            draft.errors = names.errors_of(mistakes);
            let mistakes = draft.errors.clone();
            if request::is_plain() {
                request::keep_draft("connect", draft).await?;
                request::see_other("/profile/exchange/connect");
            }
            Ok(ConnectAnswer::Mistakes(mistakes))
        }
    }
}

/// What the form starts with for this user: a refused form, the present connection, or the user's own address.
#[cfg(feature = "ssr")]
pub async fn view_for(user: &kalends_store::User) -> Result<ConnectView, AppError> {
    use crate::request;
    let connection = request::services()
        .store
        .connection_of(user.id)
        .await
        .map_err(request::internal)?;
    let reconnect = connection.is_some();
    let kept = request::take_draft("connect").await?;
    if !kept.values.is_empty() {
        // The values stay until the next try, the messages are told once.
        let values = kept.values.clone();
        request::keep_draft(
            "connect",
            FormDraft {
                values,
                ..FormDraft::default()
            },
        )
        .await?;
    }
    let draft = if kept.values.is_empty() {
        // Nothing was typed where a button was pressed; what was wrong is told all the same.
        FormDraft {
            errors: kept.errors,
            ..form::starting_values(user, connection.as_ref())
        }
    } else {
        kept
    };
    let store = request::services().store;
    let policy = store.policy().await.map_err(request::internal)?;
    let mut one_click = Vec::new();
    let mut mine = vec![user.email.clone()];
    mine.extend(
        store
            .addresses_of(user.id)
            .await
            .map_err(request::internal)?,
    );
    mine.extend(
        store
            .approved_for(user.id)
            .await
            .map_err(request::internal)?,
    );
    for mailbox in mine {
        let account = store.account_for(mailbox.domain()).await;
        let mailbox = mailbox.to_string();
        if account.map_err(request::internal)?.is_some() && !one_click.contains(&mailbox) {
            one_click.push(mailbox);
        }
    }
    Ok(ConnectView {
        draft,
        reconnect,
        replaces: connection.map(|connection| connection.mailbox.to_string()),
        one_click,
        ways: Ways {
            service: policy.typed != kalends_core::policy::TypedPasswords::Off,
            personal: policy.personal == kalends_core::policy::PersonalMode::On,
        },
    })
}

#[server(endpoint = "connect_form")]
async fn connect_form() -> Result<ConnectView, AppError> {
    view_for(&crate::request::user().await?).await
}

#[component]
pub fn ConnectPage() -> impl IntoView {
    loaded(Resource::new(|| (), |()| connect_form()), |view| {
        view! {
            <Frame title="Connect Microsoft Exchange">
                <div class="panel">
                    <ConnectInPage view />
                </div>
            </Frame>
        }
    })
}

/// The button of the profile's row: a link without script, a dialog with it.
#[island]
pub fn ConnectDialog(
    view: ConnectView,
    connected: bool,
    /// Whether it is the one thing to do here.
    urgent: bool,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let opened = RwSignal::new(false);
    let is_open = RwSignal::new(false);
    let progress = Progress::new();
    let open = move |event: leptos::ev::MouseEvent| {
        if let Some(dialog) = dialog.get() {
            event.prevent_default();
            opened.set(true);
            is_open.set(true);
            let _ = dialog.show_modal();
            request_animation_frame(form::focus_first_field);
        }
    };
    // Closed, it neither tests on unseen nor leaves the page behind as it was before.
    Effect::new(move |_| {
        if is_open.get() {
            return;
        }
        if let Some(id) = progress.running.get() {
            cancel(id);
        }
        if progress.is_connected() {
            let _ = window().location().reload();
        }
    });
    let close = move |_| {
        if let Some(dialog) = dialog.get() {
            dialog.close();
        }
    };
    let class = if urgent {
        "button button-primary"
    } else {
        "button"
    };
    view! {
        <a class=class href="/profile/exchange/connect" on:click=open>
            {if connected { "Reconnect" } else { "Connect" }}
        </a>
        <dialog class="dialog" node_ref=dialog aria-labelledby="connect-title" on:close=move |_| is_open.set(false)>
            <div class="dialog-head">
                <h2 id="connect-title">"Connect Microsoft Exchange"</h2>
                <button type="button" class="button button-quiet" on:click=close>
                    "Close"
                </button>
            </div>
            {move || {
                let view = view.clone();
                opened.get().then(|| view! { <ConnectFlow view progress /> })
            }}
        </dialog>
    }
}

/// The form on a page of its own.
#[island]
fn ConnectInPage(view: ConnectView) -> impl IntoView {
    let progress = Progress::new();
    view! { <ConnectFlow view progress /> }
}

/// How far an attempt is.
#[derive(Clone, Copy)]
struct Progress {
    /// The check under way.
    running: RwSignal<Option<String>>,
    ended: RwSignal<Option<CheckView>>,
}

impl Progress {
    fn new() -> Self {
        Self {
            running: RwSignal::new(None),
            ended: RwSignal::new(None),
        }
    }

    fn is_connected(self) -> bool {
        self.ended
            .with(|ended| ended.as_ref().is_some_and(CheckView::is_connected))
    }
}

/// The form, then the running check in its place, then how it ended; what was typed stays in its fields.
#[component]
fn ConnectFlow(view: ConnectView, progress: Progress) -> impl IntoView {
    let Progress { running, ended } = progress;
    let signed_out = RwSignal::new(false);
    let sending = RwSignal::new(false);
    let errors = RwSignal::new(view.draft.errors.clone());
    let on_submit = Callback::new(move |event: SubmitEvent| {
        let form = event
            .target()
            .and_then(|form| form.dyn_into::<HtmlFormElement>().ok());
        let Some(form) = form else {
            return;
        };
        event.prevent_default();
        if sending.get_untracked() || running.with_untracked(Option::is_some) {
            return;
        }
        sending.set(true);
        let address = form.get_attribute("action").unwrap_or_default();
        spawn_local(async move {
            let answer = send_form::<ConnectAnswer>(&address, &form).await;
            sending.set(false);
            ended.set(None);
            errors.set(FieldErrors::new());
            signed_out.set(answer == Err(AppError::SignedOut));
            match answer {
                Ok(ConnectAnswer::Started(id)) => running.set(Some(id)),
                Ok(ConnectAnswer::Mistakes(mistakes)) => errors.set(mistakes),
                Err(AppError::SignedOut) => {}
                Err(other) => errors.set([(String::new(), other_words(&other))].into()),
            }
        });
    });
    // What had the focus is gone: it goes to what came in its place.
    Effect::new(move |_| {
        let (running, ended) = (running.with(Option::is_some), ended.with(Option::is_some));
        if running {
            request_animation_frame(|| form::focus(".progress button"));
        } else if ended {
            request_animation_frame(|| form::focus(".outcome"));
        }
    });
    let on_end = Callback::new(move |check: CheckView| {
        form::complete_endpoint(&check.endpoint);
        form::stop_keeping_on();
        running.set(None);
        ended.set(Some(check));
    });
    let busy = Signal::derive(move || sending.get() || running.with(Option::is_some));
    view! {
        {move || running.get().map(|id| view! { <CheckProgress id on_end /> })}
        <div class="outcome" tabindex="-1">
            {move || ended.get().map(|check| view! { <crate::page::check::Ended check in_place=true /> })}
        </div>
        {move || signed_out.get().then(|| view! { <SignedOut /> })}
        <div hidden=move || running.with(Option::is_some) || progress.is_connected()>
            <WaysToConnect view on_submit errors=errors.into() busy />
        </div>
    }
}

#[component]
fn SignedOut() -> impl IntoView {
    view! {
        <p class="notice notice-waiting" role="alert">
            "You are signed out. "
            <a href="/sign-in" target="_blank" rel="external">"Sign in in a new tab"</a>
            ", then press Connect again: what you typed stays here."
        </p>
    }
}

fn other_words(error: &AppError) -> String {
    match error {
        AppError::Unreachable => {
            "Kalends could not be reached. Check your network and try again.".to_owned()
        }
        AppError::TooLarge => "This is more text than the form takes. Shorten it.".to_owned(),
        AppError::SignedOut
        | AppError::NotYours
        | AppError::NotUnderstood
        | AppError::Busy { .. }
        | AppError::Internal { .. } => {
            format!("Something went wrong in Kalends ({error}). Please try again.")
        }
    }
}
