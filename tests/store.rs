//! The main database, noun by noun, each test on both engines.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/engines.rs"]
mod engines;
#[path = "store/world.rs"]
mod world;

#[path = "store/analyses.rs"]
mod analyses;
#[path = "store/announcements.rs"]
mod announcements;
#[path = "store/audit.rs"]
mod audit;
#[path = "store/baseline.rs"]
mod baseline;
#[path = "store/certificates.rs"]
mod certificates;
#[path = "store/checks.rs"]
mod checks;
#[path = "store/claims.rs"]
mod claims;
#[path = "store/connections.rs"]
mod connections;
#[path = "store/custody.rs"]
mod custody;
#[path = "store/damage.rs"]
mod damage;
#[path = "store/events.rs"]
mod events;
#[path = "store/leases.rs"]
mod leases;
#[path = "store/limits.rs"]
mod limits;
#[path = "store/links.rs"]
mod links;
#[path = "store/list.rs"]
mod list;
#[path = "store/pages.rs"]
mod pages;
#[path = "store/plans.rs"]
mod plans;
#[path = "store/pooler.rs"]
mod pooler;
#[path = "store/refusals.rs"]
mod refusals;
#[path = "store/factors.rs"]
mod second_factors;
#[path = "store/sessions.rs"]
mod sessions;
#[path = "store/trail.rs"]
mod trail;
#[path = "store/users.rs"]
mod users;

use world::World;
