//! Looking closely at an Exchange: admins type what would connect a mailbox, and read every step without connecting.

use crate::{
    AppError,
    component::{Follow, FormNotice, Frame, LadderView, LookAgain, Notice, When, loaded},
    draft::FormDraft,
    moment::Moment,
    request,
};
use islands::connect::ServiceFields;
use kalends::{
    accounts::permission::Forbidden,
    analysis::{self, AnalysisEnd},
};
use kalends_core::{
    account_name::Password,
    advice::{self, Advice},
    audit::{AuditAction, AuditEntry},
    check::TestSteps,
    id::CheckId,
    topic::Topic,
};
use leptos::{prelude::*, server_fn::ServerFn};

/// An analysis as its page shows it.
#[derive(Debug, Clone, PartialEq)]
struct AnalysisView {
    id: CheckId,
    account: String,
    endpoint: String,
    started: Moment,
    parts: Vec<PartView>,
    is_running: bool,
    end: Option<AnalysisEnd>,
    /// The redacted report, once it is whole, as a `data:` address.
    report: Option<String>,
}

/// The test of one mailbox.
#[derive(Debug, Clone, PartialEq)]
struct PartView {
    mailbox: String,
    ladder: TestSteps,
    end: Option<PartEndView>,
}

#[derive(Debug, Clone, PartialEq)]
enum PartEndView {
    Readable,
    Failed {
        advice: Advice,
        step: Option<String>,
        request_id: Option<String>,
    },
    LeftOut,
}

async fn analysis_form() -> Result<FormDraft, AppError> {
    crate::request::user_with(crate::request::Right::Connections).await?;
    crate::request::take_draft("analysis").await
}

#[server(endpoint = "check_exchange")]
async fn check_exchange(
    #[server(default)] mailbox: String,
    #[server(default)] service_password: Password,
    #[server(default)] service_account: String,
    #[server(default)] service_server: String,
    #[server(default)] service_domain: String,
    #[server(default)] service_control: String,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Connections).await?;
    let values = [
        ("mailbox", mailbox.clone()),
        ("service_account", service_account.clone()),
        ("service_server", service_server.clone()),
        ("service_domain", service_domain.clone()),
        ("service_control", service_control.clone()),
    ];
    let mut draft = FormDraft {
        values: values.map(|(name, value)| (name.to_owned(), value)).into(),
        ..FormDraft::default()
    };
    let typed = kalends::connect::Form {
        mode: kalends_core::connection::Mode::ServiceAccount,
        mailbox,
        password: service_password,
        account: service_account,
        endpoint: service_server,
        domain: service_domain,
        control: service_control,
        confirmed: String::new(),
        keep_trying: false,
        basic: false,
    };
    let page = match typed.parse() {
        Ok(wanted) => match start(&admin, wanted).await? {
            Ok(id) => format!("/connections/check-exchange/{id}"),
            Err(refusal) => {
                draft.errors.insert(String::new(), refusal.to_string());
                "/connections/check-exchange".to_owned()
            }
        },
        Err(mistakes) => {
            draft.errors = crate::page::connect::SERVICE.errors_of(mistakes);
            "/connections/check-exchange".to_owned()
        }
    };
    request::keep_draft("analysis", draft).await?;
    request::see_other(&page);
    Ok(())
}

/// Audits who looks at what, then begins to look.
async fn start(
    admin: &kalends_store::User,
    wanted: kalends::connect::ConnectRequest,
) -> Result<Result<kalends_core::id::CheckId, kalends::accounts::permission::Refusal>, AppError> {
    let services = request::services();
    let subject = format!("{} through {}", wanted.mailbox, wanted.account);
    let entry = AuditEntry::by(admin.id, AuditAction::ExchangeChecked).about(subject);
    let audited = services.store.audit(&entry, services.clock.now()).await;
    audited.map_err(request::internal)?;
    match kalends::analysis::start(&services, admin, wanted).await {
        Ok(id) => Ok(Ok(id)),
        Err(Forbidden::Refused(refusal)) => Ok(Err(refusal)),
        Err(Forbidden::Store(error)) => Err(request::internal(error)),
    }
}

async fn analysis(id: String) -> Result<AnalysisView, AppError> {
    let admin = request::user_with(request::Right::Connections).await?;
    let words = request::formatter(&admin).await?;
    let found = request::analysis_of(&admin, &id).await?;
    let is_running = found.ended_at.is_none();
    let part = |part: &analysis::Part| PartView {
        mailbox: part.mailbox.to_string(),
        ladder: part.ladder.clone(),
        end: part.end.as_ref().map(|end| match end {
            analysis::PartEnd::Readable => PartEndView::Readable,
            analysis::PartEnd::LeftOut => PartEndView::LeftOut,
            analysis::PartEnd::Failed {
                problem,
                request_id,
            } => PartEndView::Failed {
                advice: advice::advice(
                    problem,
                    &advice::Names {
                        mailbox: part.mailbox.to_string(),
                        account: found.typed.account.clone(),
                        endpoint: found.typed.endpoint.clone(),
                        utc_offset: Some(words.utc_offset()),
                        held: false,
                        is_own: found.mode == kalends_core::connection::Mode::Personal,
                        tells_addresses: true,
                        probe_at: None,
                    },
                ),
                step: part.ladder.failed_at().map(|step| step.label().to_owned()),
                request_id: request_id.clone(),
            },
        }),
    };
    Ok(AnalysisView {
        id: found.id,
        account: found.typed.account.clone(),
        endpoint: found.typed.endpoint.clone(),
        started: words.moment(found.started_at),
        parts: found.parts.iter().map(part).collect(),
        is_running,
        end: found.end,
        report: (!is_running).then(|| request::as_data(&analysis::report(&found))),
    })
}

#[server(endpoint = "cancel_analysis")]
async fn cancel_analysis(#[server(default)] id: String) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Connections).await?;
    let found = request::analysis_of(&admin, &id).await?;
    let cancelled = analysis::cancel(&request::services(), found.id, admin.id).await;
    cancelled.map_err(request::internal)?;
    request::see_other(&format!("/connections/check-exchange/{}", found.id));
    Ok(())
}

#[component]
pub fn CheckExchangePage() -> impl IntoView {
    loaded(analysis_form, |draft| view! { <CheckExchangeForm draft /> })
}

#[component]
fn CheckExchangeForm(draft: FormDraft) -> impl IntoView {
    let errors = Signal::stored(draft.errors.clone());
    view! {
        <Frame title="Check Exchange">
            <p class="back"><a href="/connections">"All connections"</a></p>
            <p>
                "Takes every step of a connection and shows what each saw. Nothing is connected, and the password is gone when the check ends; what it saw can be read for half an hour."
            </p>
            <div class="panel">
                <form class="form" method="post" action=CheckExchange::url() novalidate>
                    <FormNotice errors />
                    <ServiceFields draft errors kept="Used for this check and not stored." />
                    <div class="form-actions">
                        <button class="button button-primary">"Check"</button>
                    </div>
                </form>
            </div>
        </Frame>
    }
}

#[component]
pub fn AnalysisPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    loaded(
        move || analysis(id()),
        |view| view! { <AnalysisResult view /> },
    )
}

#[component]
fn AnalysisResult(view: AnalysisView) -> impl IntoView {
    let AnalysisView {
        id,
        account,
        endpoint,
        started,
        parts,
        is_running,
        end,
        report,
    } = view;
    let title = match end {
        None => "Checking Exchange",
        Some(AnalysisEnd::Cancelled) => "Check of Exchange cancelled",
        Some(AnalysisEnd::Interrupted) => "Check of Exchange interrupted",
        Some(AnalysisEnd::Finished) => "Check of Exchange",
    };
    view! {
        <Frame title>
            <p class="back"><a href="/connections/check-exchange">"Another check"</a></p>
            <Follow topics=vec![Topic::Analysis(id)] />
            {is_running.then(|| view! { <LookAgain seconds=1 /> })}
            <div id="analysis" data-live="">
            <dl class="facts">
                <div><dt>"Account"</dt><dd>{account}</dd></div>
                {(!endpoint.is_empty()).then(|| view! { <div><dt>"Endpoint"</dt><dd>{endpoint}</dd></div> })}
                <div><dt>"Begun"</dt><dd><When moment=started /></dd></div>
            </dl>
            {is_running
                .then(|| {
                    view! {
                        <form method="post" action=CancelAnalysis::url()>
                            <input type="hidden" name="id" value=id.to_string() />
                            <button class="button">"Cancel"</button>
                        </form>
                    }
                })}
            {(end == Some(AnalysisEnd::Interrupted))
                .then(|| {
                    view! {
                        <p class="notice notice-waiting" role="status">
                            "Kalends was stopped while it checked, and the password is gone with that. Begin another check."
                        </p>
                    }
                })}
            {report
                .map(|report| {
                    view! {
                        <p class="form-actions">
                            <a class="button" href=report download="kalends-report.txt">"Download the report"</a>
                            <a class="button button-quiet" href="mailto:?subject=Kalends%20report&body=The%20report%20is%20attached.">"Mail it"</a>
                        </p>
                        <p class="panel-hint">"Names of people and accounts are shortened in it, and it holds no password. Attach the file to the mail."</p>
                    }
                })}
            {parts.into_iter().zip(0..).map(|(part, number)| view! { <PartPanel part number /> }).collect_view()}
            </div>
        </Frame>
    }
}

#[component]
fn PartPanel(part: PartView, number: usize) -> impl IntoView {
    let id = format!("part-{number}");
    let label = id.clone();
    let running = part.end.is_none();
    let role = if number == 0 {
        "Mailbox"
    } else {
        "Another mailbox that works"
    };
    view! {
        <section class="panel" aria-labelledby=label>
            <h2 id=id>{part.mailbox}</h2>
            <p class="panel-hint">{role}</p>
            {match part.end {
                None => ().into_any(),
                Some(PartEndView::Readable) => {
                    view! { <p class="notice notice-good">"The calendar can be read."</p> }.into_any()
                }
                Some(PartEndView::LeftOut) => {
                    view! { <p class="notice notice-waiting">"Left out: the password was refused, and it is not sent twice."</p> }.into_any()
                }
                Some(PartEndView::Failed { advice, step, request_id }) => {
                    view! { <Notice advice step request_id just_tried=true /> }.into_any()
                }
            }}
            <LadderView ladder=part.ladder running />
        </section>
    }
}
