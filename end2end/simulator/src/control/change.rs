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

use super::handler::SimulatorState;
use crate::{
    fault::Plan,
    world::{
        ManagementScope, WorldError,
        entry::EntryDraft,
        settings::{AuthOffer, ExtendedProtection, Product, ReportedValue, Settings},
    },
};

type ChangeResult = Result<StatusCode, WorldError>;

const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    password: String,
}

pub async fn set_password(
    State(shared): SimulatorState,
    Path(name): Path<String>,
    Json(NewPassword { password }): Json<NewPassword>,
) -> ChangeResult {
    shared.with(|world| {
        world.account_mut(&name)?.password = password;
        Ok(NO_CONTENT)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImpersonationRole {
    granted: bool,
}

pub async fn set_impersonation_role(
    State(shared): SimulatorState,
    Path(name): Path<String>,
    Json(ImpersonationRole { granted }): Json<ImpersonationRole>,
) -> ChangeResult {
    shared.with(|world| {
        world.account_mut(&name)?.role = granted;
        Ok(NO_CONTENT)
    })
}

pub async fn unlock(State(shared): SimulatorState, Path(name): Path<String>) -> ChangeResult {
    shared.with(|world| {
        world.account_mut(&name)?.unlock();
        Ok(NO_CONTENT)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountDisabled {
    disabled: bool,
}

pub async fn set_disabled(
    State(shared): SimulatorState,
    Path(name): Path<String>,
    Json(AccountDisabled { disabled }): Json<AccountDisabled>,
) -> ChangeResult {
    shared.with(|world| {
        world.account_mut(&name)?.disabled = disabled;
        Ok(NO_CONTENT)
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

pub async fn set_scope(
    State(shared): SimulatorState,
    Json(NewScope { include, exclude }): Json<NewScope>,
) -> StatusCode {
    let lower =
        |list: BTreeSet<String>| list.iter().map(|each| each.to_ascii_lowercase()).collect();
    let scope = ManagementScope {
        include: include.map(lower),
        exclude: lower(exclude),
    };
    shared.with(|world| world.scope = scope);
    NO_CONTENT
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
pub struct NewEwsUrl {
    /// An empty text goes back to the URL of the settings.
    ews_url: String,
}

pub async fn set_ews_url(
    State(shared): SimulatorState,
    Path(address): Path<String>,
    Json(NewEwsUrl { ews_url }): Json<NewEwsUrl>,
) -> ChangeResult {
    shared.with(|world| {
        world.mailbox_mut(&address)?.ews_url = Some(ews_url).filter(|url| !url.is_empty());
        Ok(NO_CONTENT)
    })
}

pub async fn create_mailbox(
    State(shared): SimulatorState,
    Path(address): Path<String>,
    body: Option<Json<NewMailbox>>,
) -> Result<(StatusCode, Json<Value>), WorldError> {
    let new = body.map(|Json(new)| new).unwrap_or_default();
    let now = shared.clock.now();
    shared.with(|world| {
        let name = new.name.unwrap_or_else(|| address.clone());
        let mailbox = world.add_mailbox(&address, &name, now)?;
        if let Some(principal_name) = new.principal_name {
            mailbox.principal_name = principal_name;
        }
        mailbox.moved_to = new.moved_to;
        mailbox.ews_url = new.ews_url;
        let created = json!({"address": mailbox.address, "sid": mailbox.sid});
        Ok((StatusCode::CREATED, Json(created)))
    })
}

pub async fn delete_mailbox(
    State(shared): SimulatorState,
    Path(address): Path<String>,
) -> ChangeResult {
    shared.with(|world| world.remove_mailbox(&address).map(|()| NO_CONTENT))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAlias {
    alias: String,
}

pub async fn add_alias(
    State(shared): SimulatorState,
    Path(address): Path<String>,
    Json(NewAlias { alias }): Json<NewAlias>,
) -> ChangeResult {
    shared.with(|world| world.add_alias(&address, &alias).map(|()| NO_CONTENT))
}

pub async fn add_entry(
    State(shared): SimulatorState,
    Path(address): Path<String>,
    Json(draft): Json<EntryDraft>,
) -> Result<(StatusCode, Json<Value>), WorldError> {
    let now = shared.clock.now();
    let id = shared.with(|world| world.add_entry(&address, draft, now))?;
    Ok((StatusCode::CREATED, Json(json!({"id": id}))))
}

pub async fn replace_entry(
    State(shared): SimulatorState,
    Path((address, id)): Path<(String, String)>,
    Json(draft): Json<EntryDraft>,
) -> ChangeResult {
    let now = shared.clock.now();
    shared.with(|world| {
        world
            .replace_entry(&address, &id, draft, now)
            .map(|()| NO_CONTENT)
    })
}

pub async fn delete_entry(
    State(shared): SimulatorState,
    Path((address, id)): Path<(String, String)>,
) -> ChangeResult {
    let now = shared.clock.now();
    shared.with(|world| world.remove_entry(&address, &id, now).map(|()| NO_CONTENT))
}

/// Plans a fault. Unknown fields are refused, since a fault with a misspelt condition would hit other requests too.
pub async fn plan_fault(
    State(shared): SimulatorState,
    Json(body): Json<Value>,
) -> Result<StatusCode, (StatusCode, Json<Value>)> {
    let refuse = |why: String| {
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            Json(json!({"error": why})),
        )
    };
    let plan: Plan =
        serde_json::from_value(body.clone()).map_err(|error| refuse(error.to_string()))?;
    let understood = serde_json::to_value(&plan).map_err(|error| refuse(error.to_string()))?;
    let unknown = body
        .as_object()
        .and_then(|fields| fields.keys().find(|name| understood.get(name).is_none()));
    if let Some(name) = unknown {
        return Err(refuse(format!("unknown field {name}")));
    }
    shared.with(|world| world.faults.plan(plan));
    Ok(NO_CONTENT)
}

pub async fn clear_faults(State(shared): SimulatorState) -> StatusCode {
    shared.with(|world| world.faults.clear());
    NO_CONTENT
}

pub async fn set_auth_offer(
    State(shared): SimulatorState,
    Json(offer): Json<AuthOffer>,
) -> StatusCode {
    shared.with(|world| world.settings.offer = offer);
    NO_CONTENT
}

/// Switches; what is absent stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsChange {
    accept_alias_as_primary: Option<bool>,
    ews_url: Option<String>,
    find_limit: Option<usize>,
    total_items_in_view: Option<ReportedValue>,
    includes_last_item: Option<ReportedValue>,
    product: Option<Product>,
    extended_protection: Option<ExtendedProtection>,
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

pub async fn change_settings(
    State(shared): SimulatorState,
    Json(change): Json<SettingsChange>,
) -> StatusCode {
    shared.with(|world| apply_settings(&mut world.settings, change));
    NO_CONTENT
}

fn apply_settings(settings: &mut Settings, change: SettingsChange) {
    replace(
        &mut settings.accept_alias_as_primary,
        change.accept_alias_as_primary,
    );
    replace(&mut settings.ews_url, change.ews_url);
    replace(&mut settings.find_limit, change.find_limit);
    replace(
        &mut settings.total_items_in_view,
        change.total_items_in_view,
    );
    replace(&mut settings.includes_last_item, change.includes_last_item);
    replace(&mut settings.product, change.product);
    replace(
        &mut settings.extended_protection,
        change.extended_protection,
    );
    replace(
        &mut settings.close_after_challenge,
        change.close_after_challenge,
    );
    replace(&mut settings.tls_proxy, change.tls_proxy);
    if let Some(threshold) = change.lock_out_threshold {
        settings.lock_out.threshold = Some(threshold).filter(|limit| *limit > 0);
    }
    if let Some(minutes) = change.lock_out_window_minutes {
        settings.lock_out.window = SignedDuration::from_mins(i64::from(minutes));
    }
    replace(&mut settings.directory_down, change.directory_down);
    replace(
        &mut settings.slow_refusal_milliseconds,
        change.slow_refusal_milliseconds,
    );
    replace_or_clear(&mut settings.default_domain, change.default_domain);
    replace_or_clear(&mut settings.http_redirect, change.http_redirect);
    replace_or_clear(&mut settings.autodiscover_url, change.autodiscover_url);
    replace(&mut settings.pox, change.pox);
    replace(&mut settings.soap_autodiscover, change.soap_autodiscover);
}

fn replace<T>(setting: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *setting = value;
    }
}

/// As [`replace`]; an empty text clears the setting.
fn replace_or_clear(setting: &mut Option<String>, value: Option<String>) {
    if let Some(value) = value {
        *setting = Some(value).filter(|text| !text.is_empty());
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockChange {
    now: Timestamp,
}

/// Holds the clock at an instant.
pub async fn set_clock(
    State(shared): SimulatorState,
    Json(ClockChange { now }): Json<ClockChange>,
) -> StatusCode {
    shared.clock.set(now);
    NO_CONTENT
}
