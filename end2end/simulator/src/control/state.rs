//! What the control endpoint reports: counters, and what a calendar view must hold.
//! Passwords are never shown.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::handler::SimulatorState;
use crate::{
    fault::Plan,
    world::{
        World, WorldError,
        view::{ExpectedItem, ViewRange},
    },
};

pub async fn get_state(State(shared): SimulatorState) -> Json<Value> {
    let now = shared.clock.now();
    Json(shared.with(|world| state_json(world, now)))
}

fn state_json(world: &World, now: Timestamp) -> Value {
    let counters = world.counters();
    let accounts: serde_json::Map<_, _> = world
        .accounts()
        .iter()
        .map(|account| {
            let summary = json!({
                "name": format!("{}\\{}", world.netbios, account.name),
                "role": account.role,
                "mailbox": account.mailbox,
                "locked": account.locked(),
                "disabled": account.disabled,
                "wrong_in_a_row": account.wrong_in_a_row(),
                "refused": account.refused(),
                "accepted": account.accepted(),
            });
            (account.principal_name.clone(), summary)
        })
        .collect();
    let mailboxes: serde_json::Map<_, _> = world
        .mailboxes()
        .map(|mailbox| {
            let summary = json!({
                "name": mailbox.name,
                "aliases": mailbox.aliases,
                "principal_name": mailbox.principal_name,
                "sid": mailbox.sid,
                "moved_to": mailbox.moved_to,
                "in_scope": world.scope.covers(&mailbox.address),
                "entries": mailbox.entries().len(),
                "requests": counters.requests().get(&mailbox.address),
            });
            (mailbox.address.clone(), summary)
        })
        .collect();
    json!({
        "now": now,
        "sign_ins": {
            "refused": counters.refused(),
            "accepted": counters.accepted(),
            "bad_bindings": counters.bad_bindings(),
            "anonymous": counters.anonymous(),
            "unknown_names": counters.unknown_names(),
        },
        "requests": counters.requests(),
        "autodiscover": counters.autodiscover(),
        "faults_done": counters.faults(),
        "faults_planned": world.faults.plans(),
        "auth_offer": world.settings.offer,
        "product": world.settings.product,
        "ews_url": world.settings.ews_url,
        "accounts": accounts,
        "mailboxes": mailboxes,
    })
}

pub async fn list_faults(State(shared): SimulatorState) -> Json<Vec<Plan>> {
    Json(shared.with(|world| world.faults.plans().to_vec()))
}

#[derive(Deserialize)]
pub struct ViewQuery {
    start: Timestamp,
    end: Timestamp,
}

pub async fn expected_view(
    State(shared): SimulatorState,
    Path(address): Path<String>,
    Query(ViewQuery { start, end }): Query<ViewQuery>,
) -> Result<Json<Vec<ExpectedItem>>, WorldError> {
    let range = ViewRange { start, end };
    shared
        .with(|world| world.expected_items(&address, range))
        .map(Json)
}
