//! What the list shows, as its address carries it, and the form that changes it.

use kalends_core::{
    advice::{
        Names,
        table::{each_problem, explained},
    },
    connection::ConnectionState,
    problem::Problem,
};
use kalends_store::{self, Account, AccountKind, ConnectionFilter, HeldUp};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is asked for. Texts as they were typed; what means nothing narrows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionsQuery {
    pub state: String,
    pub q: String,
    pub cause: String,
    pub account: String,
    pub domain: String,
    pub sort: String,
    pub page: String,
}

impl ConnectionsQuery {
    pub fn of_query(query: &ParamsMap) -> Self {
        let get = |name: &str| query.get(name).unwrap_or_default();
        Self {
            state: get("state"),
            q: get("q"),
            cause: get("cause"),
            account: get("account"),
            domain: get("domain"),
            sort: get("sort"),
            page: get("page"),
        }
    }

    /// All but the page, by name.
    fn parts(&self) -> [(&'static str, &str); 6] {
        [
            ("state", &self.state),
            ("q", &self.q),
            ("cause", &self.cause),
            ("account", &self.account),
            ("domain", &self.domain),
            ("sort", &self.sort),
        ]
    }

    /// The query of this list on another page.
    pub fn query(&self, page: &str) -> String {
        crate::percent::query(&self.parts(), page)
    }

    /// The place of its page; that of the first one if it means nothing.
    pub fn known_page(&self) -> &str {
        if self.page.parse::<kalends_store::Cursor>().is_ok() {
            &self.page
        } else {
            ""
        }
    }

    #[must_use]
    pub fn with_state(&self, state: &str) -> Self {
        Self {
            state: state.to_owned(),
            ..self.clone()
        }
    }

    /// Whether it is narrowed by more than the state.
    pub fn is_narrowed(&self) -> bool {
        [&self.q, &self.cause, &self.account, &self.domain]
            .iter()
            .any(|value| !value.trim().is_empty())
    }
}

/// The states in the order in which they are offered: who needs somebody comes first.
pub const STATES: [ConnectionFilter; 6] = [
    ConnectionFilter::Everyone,
    ConnectionFilter::Is(ConnectionState::ActionNeeded),
    ConnectionFilter::Is(ConnectionState::Delayed),
    ConnectionFilter::Is(ConnectionState::Paused),
    ConnectionFilter::Is(ConnectionState::Connected),
    ConnectionFilter::NotConnected,
];

pub const fn code(filter: ConnectionFilter) -> &'static str {
    match filter {
        ConnectionFilter::Everyone => "",
        ConnectionFilter::NotConnected => "not_connected",
        ConnectionFilter::Is(state) => state.code(),
    }
}

pub fn asked(wanted: &ConnectionsQuery) -> kalends_store::ListQuery {
    let state = STATES.into_iter().find(|it| code(*it) == wanted.state);
    let through = match wanted.account.trim() {
        "" => AccountKind::Anything,
        typed => typed.parse().map_or_else(
            |_| AccountKind::Host(typed.to_lowercase()),
            AccountKind::Account,
        ),
    };
    kalends_store::ListQuery {
        state: state.unwrap_or(ConnectionFilter::Everyone),
        causes: codes(wanted.cause.trim()),
        through,
        domain: wanted.domain.trim().to_lowercase(),
        search: wanted.q.clone(),
        sort: wanted.sort.parse().unwrap_or_default(),
    }
}

/// The codes of a cause; a cause that nobody knows has itself, and nobody has it.
fn codes(cause: &str) -> Vec<String> {
    let of_it: BTreeSet<&str> = each_problem()
        .iter()
        .filter(|problem| problem.cause() == cause)
        .map(Problem::code)
        .collect();
    if of_it.is_empty() && !cause.is_empty() {
        return vec![cause.to_owned()];
    }
    of_it.into_iter().map(str::to_owned).collect()
}

fn title(cause: &str) -> Option<String> {
    match cause {
        "password" => Some("Anything about the password".to_owned()),
        "role" => Some("Anything about the role".to_owned()),
        code => explained(code, &Names::default()).map(|advice| advice.title),
    }
}

/// Problems that somebody has at present, the commonest first; the one that is chosen stays to be seen.
pub fn cause_choices(held_up: &[HeldUp], chosen: &str) -> Vec<(String, String)> {
    let mut choices: Vec<(String, i64)> = Vec::new();
    for some in held_up {
        let code = if some.problem.cause() == chosen {
            chosen
        } else {
            some.problem.code()
        };
        match choices.iter_mut().find(|(known, _)| known == code) {
            Some((_, number)) => *number += some.people,
            None => choices.push((code.to_owned(), some.people)),
        }
    }
    if !chosen.is_empty() && !choices.iter().any(|(code, _)| code == chosen) {
        choices.push((chosen.to_owned(), 0));
    }
    choices.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    choices
        .into_iter()
        .map(|(code, number)| {
            let title = title(&code);
            let label = format!("{} ({number})", title.as_deref().unwrap_or(&code));
            (code, label)
        })
        .collect()
}

/// Hosts with several accounts, and the one that is chosen, before the accounts themselves.
pub fn account_choices(accounts: &[Account], chosen: &str) -> Vec<(String, String)> {
    let mut hosts: BTreeMap<&str, usize> = BTreeMap::new();
    for account in accounts {
        *hosts.entry(&account.host).or_default() += 1;
    }
    let hosts = hosts
        .into_iter()
        .filter(|(host, number)| *number > 1 || *host == chosen)
        .map(|(host, _)| (host.to_owned(), format!("All at {host}")));
    let mut choices: Vec<(String, String)> = accounts
        .iter()
        .map(|account| {
            let name = if account.label.is_empty() {
                format!("{} at {}", account.name, account.host)
            } else {
                account.label.clone()
            };
            (account.id.to_string(), name)
        })
        .collect();
    choices.sort_by_key(|(_, name)| name.to_lowercase());
    hosts.chain(choices).take(500).collect()
}

/// Works by itself without script: a form that asks for another address.
#[component]
pub fn Form(
    wanted: ConnectionsQuery,
    causes: Vec<(String, String)>,
    accounts: Vec<(String, String)>,
    domains: Vec<(String, String)>,
) -> impl IntoView {
    let narrowed = wanted.is_narrowed();
    let back = format!(
        "/connections{}",
        ConnectionsQuery {
            state: wanted.state.clone(),
            sort: wanted.sort.clone(),
            ..ConnectionsQuery::default()
        }
        .query("")
    );
    view! {
        <form class="list-filter" method="get" action="/connections" role="search" aria-label="Connections">
            {(!wanted.state.is_empty()).then(|| view! { <input type="hidden" name="state" value=wanted.state /> })}
            <div class="field">
                <label for="list-q">"Search"</label>
                <input id="list-q" name="q" type="search" value=wanted.q autocomplete="off" spellcheck="false" placeholder="Name or address" />
            </div>
            <Choice name="cause" label="Cause" any="Any cause" choices=causes chosen=wanted.cause />
            <Choice name="account" label="Account" any="Any account" choices=accounts chosen=wanted.account />
            <Choice name="domain" label="Mail domain" any="Any domain" choices=domains chosen=wanted.domain />
            <Choice
                name="sort"
                label="Order"
                any="Broken first"
                choices=vec![
                    ("name".to_owned(), "By name".to_owned()),
                    ("since".to_owned(), "Longest in its state".to_owned()),
                    ("last-sync".to_owned(), "Oldest sync first".to_owned()),
                ]
                chosen=wanted.sort
            />
            <div class="list-filter-end">
                <button class="button button-primary">"Show"</button>
                {narrowed.then(|| view! { <a class="button button-quiet" href=back>"Reset"</a> })}
            </div>
        </form>
    }
}

#[component]
fn Choice(
    name: &'static str,
    label: &'static str,
    /// What stands for no choice.
    any: &'static str,
    choices: Vec<(String, String)>,
    chosen: String,
) -> impl IntoView {
    let id = format!("list-{name}");
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select id=id name=name>
                <option value="">{any}</option>
                {choices
                    .into_iter()
                    .map(|(value, label)| {
                        let selected = value == chosen;
                        view! { <option value=value selected=selected>{label}</option> }
                    })
                    .collect_view()}
            </select>
        </div>
    }
}
