//! Rounds against the practice Exchange with a clock that the test moves: what is stored, how trouble shows and heals,
//! and how often a refused password goes out.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/engines.rs"]
mod engines;
#[path = "support/hook_server.rs"]
mod hook_server;
#[path = "support/mail_server.rs"]
mod mail_server;
#[path = "rounds/world.rs"]
mod world;

#[path = "rounds/basic.rs"]
mod basic;
#[path = "rounds/busy.rs"]
mod busy;
#[path = "rounds/clocks.rs"]
mod clocks;
#[path = "rounds/damaged.rs"]
mod damaged;
#[path = "rounds/gone.rs"]
mod gone;
#[path = "rounds/instances.rs"]
mod instances;
#[path = "rounds/maps.rs"]
mod mailbox_scopes;
#[path = "rounds/notices.rs"]
mod notices;
#[path = "rounds/one_mailbox.rs"]
mod one_mailbox;
#[path = "rounds/organisation.rs"]
mod organisation;
#[path = "rounds/places.rs"]
mod places;
#[path = "rounds/privacy.rs"]
mod privacy;
#[path = "rounds/refusals.rs"]
mod refusals;
#[path = "rounds/running.rs"]
mod running;
#[path = "rounds/sign_ins.rs"]
mod sign_ins;
#[path = "rounds/trouble.rs"]
mod trouble;
#[path = "rounds/truth.rs"]
mod truth;
#[path = "rounds/vouching.rs"]
mod vouching;
#[path = "rounds/webhooks.rs"]
mod webhooks;
#[path = "rounds/worker.rs"]
mod worker;

use world::World;
