//! Sync runs against the practice Exchange with a clock that the test moves: what is stored, how trouble shows and heals,
//! and how often a refused password goes out.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/engines.rs"]
mod engines;
#[path = "support/hook_server.rs"]
mod hook_server;
#[path = "support/mail_server.rs"]
mod mail_server;
#[path = "sync/world.rs"]
mod world;

#[path = "sync/basic.rs"]
mod basic;
#[path = "sync/busy.rs"]
mod busy;
#[path = "sync/clocks.rs"]
mod clocks;
#[path = "sync/damaged.rs"]
mod damaged;
#[path = "sync/gone.rs"]
mod gone;
#[path = "sync/instances.rs"]
mod instances;
#[path = "sync/mailbox_scopes.rs"]
mod mailbox_scopes;
#[path = "sync/notices.rs"]
mod notices;
#[path = "sync/one_mailbox.rs"]
mod one_mailbox;
#[path = "sync/organisation.rs"]
mod organisation;
#[path = "sync/places.rs"]
mod places;
#[path = "sync/privacy.rs"]
mod privacy;
#[path = "sync/refusals.rs"]
mod refusals;
#[path = "sync/running.rs"]
mod running;
#[path = "sync/sign_ins.rs"]
mod sign_ins;
#[path = "sync/trouble.rs"]
mod trouble;
#[path = "sync/truth.rs"]
mod truth;
#[path = "sync/vouching.rs"]
mod vouching;
#[path = "sync/webhooks.rs"]
mod webhooks;
#[path = "sync/worker.rs"]
mod worker;

use world::World;
