//! The audit log: who did what to which mailbox, filtered, to download, with the state of its chain.

use crate::{
    AppError,
    component::{EmptyState, Field, FormNotice, Frame, Pager, PagerView, TableHead, When, loaded},
    draft::FormDraft,
    moment::{Formatter, Moment},
    request,
};
use islands::error::FieldErrors;
use jiff::civil::Date;
use kalends_core::{
    audit::{AuditAction, AuditCategory, AuditFilter},
    clock::Timestamp,
};
use kalends_store::vault::VaultError;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use strum::VariantArray as _;

/// What is asked for, as the address carries it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditQuery {
    pub kind: String,
    pub who: String,
    pub about: String,
    pub from: String,
    pub to: String,
    pub page: String,
}

impl AuditQuery {
    /// The query of this filter on another page.
    fn query(&self, page: &str) -> String {
        let parts = [
            ("kind", &self.kind),
            ("who", &self.who),
            ("about", &self.about),
            ("from", &self.from),
            ("to", &self.to),
        ];
        crate::percent::query(&parts.map(|(name, value)| (name, value.as_str())), page)
    }
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
struct AuditView {
    wanted: AuditQuery,
    errors: FormDraft,
    /// Codes and labels of the kinds.
    kinds: Vec<(String, String)>,
    lines: Vec<LineView>,
    pager: PagerView,
    /// The reader's, in which days and times are meant.
    time_zone: String,
    /// How the chain stands: words, and whether they are good.
    chain: (String, bool),
}

/// One line, or what was counted into one.
#[derive(Debug, Clone, PartialEq)]
struct LineView {
    at: Moment,
    who: String,
    what: String,
    about: String,
}

/// The kinds of lines: code, label, actions.
pub fn kinds() -> [(&'static str, &'static str, Vec<AuditAction>); 8] {
    let those = |chosen: &dyn Fn(AuditCategory) -> bool| -> Vec<AuditAction> {
        let all = AuditAction::VARIANTS.iter().copied();
        all.filter(|action| chosen(action.kind())).collect()
    };
    let of = |kind: AuditCategory| those(&|other| other == kind);
    [
        (
            "",
            "All but passwords opened",
            those(&|kind| kind != AuditCategory::Passwords),
        ),
        ("sign-ins", "Sign-ins and people", of(AuditCategory::People)),
        ("connections", "Connections", of(AuditCategory::Connections)),
        ("accounts", "Service accounts", of(AuditCategory::Accounts)),
        ("requests", "Requests", of(AuditCategory::Requests)),
        ("policy", "Policy and privacy", of(AuditCategory::Policy)),
        (
            "passwords",
            "Passwords opened",
            of(AuditCategory::Passwords),
        ),
        ("all", "Every line, as the chain has it", those(&|_| true)),
    ]
}

/// The filter of an address, days in the reader's zone; what is no date is told at its field.
pub fn filter_of(wanted: &AuditQuery, words: &Formatter) -> (AuditFilter, FieldErrors) {
    let mut errors = FieldErrors::new();
    let mut day = |name: &str, text: &str, days: i64| -> Option<Timestamp> {
        if text.trim().is_empty() {
            return None;
        }
        let date: Option<Date> = text.trim().parse().ok();
        let at = date.and_then(|date| words.midnight(date, days));
        if at.is_none() {
            errors.insert(name.to_owned(), "Type a date as 2027-01-31.".to_owned());
        }
        at
    };
    let from = day("from", &wanted.from, 0);
    let to = day("to", &wanted.to, 1);
    let actions = kinds()
        .into_iter()
        .find(|(code, ..)| *code == wanted.kind)
        .map_or_else(|| kinds()[0].2.clone(), |(_, _, actions)| actions);
    let filter = AuditFilter {
        who: wanted.who.trim().to_owned(),
        about: wanted.about.trim().to_owned(),
        actions,
        from,
        to,
    };
    (filter, errors)
}

async fn audit(wanted: AuditQuery) -> Result<AuditView, AppError> {
    let admin = request::user_with(request::Right::AuditTrail).await?;
    let words = request::formatter(&admin).await?;
    let services = request::services();
    let store = &services.store;
    let (filter, errors) = filter_of(&wanted, &words);
    let is_counted = wanted.kind == "passwords";
    let (lines, pager) = if is_counted {
        // The last openings, counted; the file has each of them.
        let found = store.filtered_lines(&filter, i64::MAX, 5_000).await;
        let lines = opened(&found.map_err(request::internal)?, &words);
        (lines, PagerView::default())
    } else {
        let total = store.count_lines(&filter).await;
        let total = total.map_err(request::internal)?;
        let cursor = wanted.page.parse().ok();
        let found = store.audit_page(&filter, cursor.as_ref()).await;
        let found = found.map_err(request::internal)?;
        let pager = PagerView::new(&found, total, "lines");
        let lines = found.items.into_iter().map(|line| LineView {
            at: words.moment(line.at),
            who: line.who.unwrap_or_else(|| "Kalends".to_owned()),
            what: what(&line.action),
            about: line.subject,
        });
        (lines.collect(), pager)
    };
    Ok(AuditView {
        time_zone: admin.time_zone.clone(),
        errors: FormDraft {
            errors,
            ..FormDraft::default()
        },
        kinds: kinds()
            .into_iter()
            .map(|(code, label, _)| (code.to_owned(), label.to_owned()))
            .collect(),
        lines,
        pager,
        chain: chain(&services, &words).await?,
        wanted,
    })
}

/// The words of an action; its name, if this version does not know it.
pub(super) fn what(action: &str) -> String {
    kalends_core::audit::AuditAction::from_name(action)
        .map_or_else(|| action.to_owned(), |it| it.words().to_owned())
}

/// Openings counted by hour and account, the newest first.
fn opened(
    lines: &[kalends_core::audit::AuditLine],
    words: &crate::moment::Formatter,
) -> Vec<LineView> {
    let mut counted: Vec<(String, String, Moment, usize)> = Vec::new();
    for line in lines {
        let at = words.zoned(line.at);
        let hour = at.strftime("%Y-%m-%d %H").to_string();
        let account = line.subject.split(" for ").next().unwrap_or_default();
        match counted
            .iter_mut()
            .find(|(h, a, ..)| *h == hour && a == account)
        {
            Some((.., times)) => *times += 1,
            None => counted.push((hour, account.to_owned(), words.moment(line.at), 1)),
        }
    }
    let line = |(hour, account, at, times): (String, String, Moment, usize)| LineView {
        at,
        who: "Kalends".to_owned(),
        what: match times {
            1 => format!("opened a sealed password once in the hour from {hour}:00"),
            times => format!("opened a sealed password {times} times in the hour from {hour}:00"),
        },
        about: account,
    };
    counted.into_iter().map(line).collect()
}

const FORGED: &str = "The vault's memory of this log was changed or damaged: whether lines are missing can no longer be told \
                      from it. To see what is wrong, run: kalends audit verify. Once you know why, kalends vault adopt begins \
                      the memory anew.";

/// How the trail stands since it was last looked at as a whole.
async fn chain(
    services: &kalends::services::Services,
    words: &crate::moment::Formatter,
) -> Result<(String, bool), AppError> {
    let broken = |what: String| Ok((what, false));
    let anchor = match services.vault.anchor().await {
        Ok(anchor) => anchor,
        Err(VaultError::AnchorForged) => return broken(FORGED.to_owned()),
        Err(VaultError::AnchorKey(key_id)) => {
            return broken(format!(
                "The end of this log cannot be checked here: the vault's memory of it was signed with the key {key_id}, which \
                 this Kalends does not hold. Give it the same keys as the others, and start it anew."
            ));
        }
        Err(error) => return Err(request::internal(error)),
    };
    let are_whole = services.vault.endings_are_whole().await;
    if !are_whole.map_err(request::internal)? {
        return broken(FORGED.to_owned());
    }
    Ok(match anchor {
        Some(anchor) => (
            format!(
                "Checked {}: nothing is missing or changed up to line {}. To check again, run: kalends audit verify",
                words.moment(anchor.at).text,
                anchor.seq
            ),
            services.clock.now().since(anchor.at) < std::time::Duration::from_hours(3),
        ),
        None => (
            "Not checked yet. To check, run: kalends audit verify".to_owned(),
            true,
        ),
    })
}

#[component]
pub fn AuditPage() -> impl IntoView {
    let query = leptos_router::hooks::use_query_map();
    let wanted = move || {
        query.with(|query| {
            let get = |name: &str| query.get(name).unwrap_or_default();
            AuditQuery {
                kind: get("kind"),
                who: get("who"),
                about: get("about"),
                from: get("from"),
                to: get("to"),
                page: get("page"),
            }
        })
    };
    loaded(move || audit(wanted()), |view| view! { <Audit view /> })
}

#[component]
fn Audit(view: AuditView) -> impl IntoView {
    let AuditView {
        wanted,
        errors,
        kinds,
        lines,
        pager,
        time_zone,
        chain: (chain, is_well),
    } = view;
    let errors = Signal::stored(errors.errors);
    let none = lines.is_empty();
    let pages = wanted.clone();
    let class = if is_well {
        "notice"
    } else {
        "notice notice-bad"
    };
    view! {
        <Frame title="Audit log" wide=true part_of="/organisation">
            <p class="back"><a href="/organisation">"Organisation"</a></p>
            <p class=class>{chain}</p>
            <Filter wanted=wanted.clone() errors kinds />
            <p class="panel-hint">{format!("Days and times are those of {time_zone}.")}</p>
            {if none {
                view! { <EmptyState lead="No line fits."><p>"Widen the filter, or look at " <a href="/audit">"all lines"</a> "."</p></EmptyState> }.into_any()
            } else {
                view! { <Lines lines /> }.into_any()
            }}
            <Pager view=pager to=move |page| format!("/audit{}", pages.query(page)) />
        </Frame>
    }
}

#[component]
fn Lines(lines: Vec<LineView>) -> impl IntoView {
    view! {
        <div class="table-box" role="region" aria-label="Audit log" tabindex="0">
            <table class="table table-stack" role="table">
                <TableHead columns=&["When", "Who", "What", "About"] />
                <tbody role="rowgroup">
                    {lines
                        .into_iter()
                        .map(|line| {
                            view! {
                                <tr role="row">
                                    <td role="cell" data-label="When"><When moment=line.at exact=true /></td>
                                    <td role="cell" data-label="Who">{line.who}</td>
                                    <td role="cell" data-label="What">{line.what}</td>
                                    <td role="cell" data-label="About">{line.about}</td>
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
fn Filter(
    wanted: AuditQuery,
    errors: Signal<FieldErrors>,
    kinds: Vec<(String, String)>,
) -> impl IntoView {
    let csv = format!("/audit.csv{}", wanted.query(""));
    let chosen = wanted.kind.clone();
    view! {
        <form class="filter-form" method="get" action="/audit" role="search">
            <FormNotice errors />
            <div class="field">
                <label for="field-kind">"What"</label>
                <select id="field-kind" name="kind">
                    {kinds
                        .into_iter()
                        .map(|(code, label)| {
                            let selected = code == chosen;
                            view! { <option value=code selected=selected>{label}</option> }
                        })
                        .collect_view()}
                </select>
            </div>
            <Field label="Who" name="who" value=wanted.who.clone() errors />
            <Field label="Mailbox or account" name="about" value=wanted.about.clone() errors />
            <Field label="From" name="from" kind="date" value=wanted.from.clone() errors />
            <Field label="To" name="to" kind="date" value=wanted.to.clone() errors />
            <div class="form-actions">
                <button class="button button-primary">"Show"</button>
                <a class="button" href=csv rel="external" download="">"Download as CSV"</a>
            </div>
        </form>
    }
}
