//! What the control endpoint changes: people, calendars, faults and switches.
//! Each change takes effect with the next request.

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::handler::Simulation;
use crate::{
    fault::Plan,
    world::{
        Refused, Scope,
        entry::Draft,
        settings::{AuthOffer, Product, Protection, Told},
    },
};

type Done = Result<StatusCode, Refused>;

const DONE: StatusCode = StatusCode::NO_CONTENT;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    password: String,
}

pub async fn password(
    State(shared): Simulation,
    Path(name): Path<String>,
    Json(NewPassword { password }): Json<NewPassword>,
) -> Done {
    shared.with(|world| {
        world.account_mut(&name)?.password = password;
        Ok(DONE)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    granted: bool,
}

pub async fn role(
    State(shared): Simulation,
    Path(name): Path<String>,
    Json(Role { granted }): Json<Role>,
) -> Done {
    shared.with(|world| {
        world.account_mut(&name)?.role = granted;
        Ok(DONE)
    })
}

pub async fn unlock(State(shared): Simulation, Path(name): Path<String>) -> Done {
    shared.with(|world| {
        world.account_mut(&name)?.unlock();
        Ok(DONE)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disabled {
    disabled: bool,
}

pub async fn disabled(
    State(shared): Simulation,
    Path(name): Path<String>,
    Json(Disabled { disabled }): Json<Disabled>,
) -> Done {
    shared.with(|world| {
        world.account_mut(&name)?.disabled = disabled;
        Ok(DONE)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewScope {
    #[serde(default)]
    include: Option<BTreeSet<String>>,
    #[serde(default)]
    exclude: BTreeSet<String>,
}

pub async fn scope(
    State(shared): Simulation,
    Json(NewScope { include, exclude }): Json<NewScope>,
) -> StatusCode {
    let lower =
        |list: BTreeSet<String>| list.iter().map(|each| each.to_ascii_lowercase()).collect();
    let scope = Scope {
        include: include.map(lower),
        exclude: lower(exclude),
    };
    shared.with(|world| world.scope = scope);
    DONE
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewMailbox {
    name: Option<String>,
    principal_name: Option<String>,
    moved_to: Option<String>,
    ews_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewServer {
    /// Empty: the one of the settings.
    ews_url: String,
}

pub async fn server(
    State(shared): Simulation,
    Path(address): Path<String>,
    Json(NewServer { ews_url }): Json<NewServer>,
) -> Done {
    shared.with(|world| {
        world.mailbox_mut(&address)?.ews_url = Some(ews_url).filter(|url| !url.is_empty());
        Ok(DONE)
    })
}

pub async fn create_mailbox(
    State(shared): Simulation,
    Path(address): Path<String>,
    body: Option<Json<NewMailbox>>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let wish = body.map(|Json(wish)| wish).unwrap_or_default();
    let now = shared.clock.now();
    shared.with(|world| {
        let name = wish.name.unwrap_or_else(|| address.clone());
        let mailbox = world.add_mailbox(&address, &name, now)?;
        if let Some(principal_name) = wish.principal_name {
            mailbox.principal_name = principal_name;
        }
        mailbox.moved_to = wish.moved_to;
        mailbox.ews_url = wish.ews_url;
        let told = json!({"address": mailbox.address, "sid": mailbox.sid});
        Ok((StatusCode::CREATED, Json(told)))
    })
}

pub async fn delete_mailbox(State(shared): Simulation, Path(address): Path<String>) -> Done {
    shared.with(|world| world.remove_mailbox(&address).map(|()| DONE))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAlias {
    alias: String,
}

pub async fn alias(
    State(shared): Simulation,
    Path(address): Path<String>,
    Json(NewAlias { alias }): Json<NewAlias>,
) -> Done {
    shared.with(|world| world.add_alias(&address, &alias).map(|()| DONE))
}

pub async fn add_entry(
    State(shared): Simulation,
    Path(address): Path<String>,
    Json(draft): Json<Draft>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let now = shared.clock.now();
    let id = shared.with(|world| world.add_entry(&address, draft, now))?;
    Ok((StatusCode::CREATED, Json(json!({"id": id}))))
}

pub async fn replace_entry(
    State(shared): Simulation,
    Path((address, id)): Path<(String, String)>,
    Json(draft): Json<Draft>,
) -> Done {
    let now = shared.clock.now();
    shared.with(|world| {
        world
            .replace_entry(&address, &id, draft, now)
            .map(|()| DONE)
    })
}

pub async fn delete_entry(
    State(shared): Simulation,
    Path((address, id)): Path<(String, String)>,
) -> Done {
    let now = shared.clock.now();
    shared.with(|world| world.remove_entry(&address, &id, now).map(|()| DONE))
}

/// Plans a fault; a misspelt condition must not widen it, so unknown fields are refused.
pub async fn plan_fault(
    State(shared): Simulation,
    Json(wish): Json<Value>,
) -> Result<StatusCode, (StatusCode, Json<Value>)> {
    let refuse = |why: String| {
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            Json(json!({"error": why})),
        )
    };
    let plan: Plan =
        serde_json::from_value(wish.clone()).map_err(|error| refuse(error.to_string()))?;
    let understood = serde_json::to_value(&plan).map_err(|error| refuse(error.to_string()))?;
    let unknown = wish
        .as_object()
        .and_then(|fields| fields.keys().find(|name| understood.get(name).is_none()));
    if let Some(name) = unknown {
        return Err(refuse(format!("unknown field {name}")));
    }
    shared.with(|world| world.faults.plan(plan));
    Ok(DONE)
}

pub async fn clear_faults(State(shared): Simulation) -> StatusCode {
    shared.with(|world| world.faults.clear());
    DONE
}

pub async fn auth_offer(State(shared): Simulation, Json(offer): Json<AuthOffer>) -> StatusCode {
    shared.with(|world| world.settings.offer = offer);
    DONE
}

/// Switches; what is absent stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switches {
    accept_alias_as_primary: Option<bool>,
    ews_url: Option<String>,
    find_limit: Option<usize>,
    total_items_in_view: Option<Told>,
    includes_last_item: Option<Told>,
    product: Option<Product>,
    extended_protection: Option<Protection>,
    close_after_challenge: Option<bool>,
    tls_proxy: Option<bool>,
    /// 0 never locks.
    lock_out_threshold: Option<u32>,
    lock_out_window_minutes: Option<u32>,
    directory_down: Option<bool>,
    slow_refusal_milliseconds: Option<u64>,
    /// Empty refuses bare names.
    default_domain: Option<String>,
    /// Empty: none.
    http_redirect: Option<String>,
    /// Empty: none.
    autodiscover_url: Option<String>,
    pox: Option<bool>,
    soap_autodiscover: Option<bool>,
}

pub async fn settings(State(shared): Simulation, Json(wish): Json<Switches>) -> StatusCode {
    shared.with(|world| {
        let settings = &mut world.settings;
        if let Some(accept) = wish.accept_alias_as_primary {
            settings.accept_alias_as_primary = accept;
        }
        if let Some(url) = wish.ews_url {
            settings.ews_url = url;
        }
        if let Some(limit) = wish.find_limit {
            settings.find_limit = limit;
        }
        if let Some(told) = wish.total_items_in_view {
            settings.total_items_in_view = told;
        }
        if let Some(told) = wish.includes_last_item {
            settings.includes_last_item = told;
        }
        if let Some(product) = wish.product {
            settings.product = product;
        }
        if let Some(protection) = wish.extended_protection {
            settings.extended_protection = protection;
        }
        if let Some(close) = wish.close_after_challenge {
            settings.close_after_challenge = close;
        }
        if let Some(proxy) = wish.tls_proxy {
            settings.tls_proxy = proxy;
        }
        if let Some(threshold) = wish.lock_out_threshold {
            settings.lock_out.threshold = Some(threshold).filter(|limit| *limit > 0);
        }
        if let Some(minutes) = wish.lock_out_window_minutes {
            settings.lock_out.window = SignedDuration::from_mins(i64::from(minutes));
        }
        if let Some(down) = wish.directory_down {
            settings.directory_down = down;
        }
        if let Some(milliseconds) = wish.slow_refusal_milliseconds {
            settings.slow_refusal_milliseconds = milliseconds;
        }
        if let Some(domain) = wish.default_domain {
            settings.default_domain = Some(domain).filter(|name| !name.is_empty());
        }
        if let Some(to) = wish.http_redirect {
            settings.http_redirect = Some(to).filter(|to| !to.is_empty());
        }
        if let Some(url) = wish.autodiscover_url {
            settings.autodiscover_url = Some(url).filter(|url| !url.is_empty());
        }
        if let Some(pox) = wish.pox {
            settings.pox = pox;
        }
        if let Some(soap) = wish.soap_autodiscover {
            settings.soap_autodiscover = soap;
        }
    });
    DONE
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTime {
    now: Timestamp,
}

/// Holds the clock at an instant.
pub async fn clock(State(shared): Simulation, Json(NewTime { now }): Json<NewTime>) -> StatusCode {
    shared.clock.set(now);
    DONE
}
