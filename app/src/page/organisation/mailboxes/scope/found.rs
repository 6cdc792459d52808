//! What was found about the mailboxes of a scope, in words.

use super::{rows::ScopeRowView, view::ScopeView};
use crate::{
    AppError,
    moment::Formatter,
    request::{internal, not_there, services, take_flash},
};
use kalends_core::advice::{Names, advice};
use kalends_store::{MailboxScope, ScopeConnection, ScopePlace, ScopeRow};

/// How many addresses a page holds.
const PAGE_SIZE: i64 = 50;

/// The codes of the filter, in the order of the page.
const PLACES: [(ScopePlace, &str); 7] = [
    (ScopePlace::InScope, "in-scope"),
    (ScopePlace::Outside, "outside"),
    (ScopePlace::NotFound, "not-found"),
    (ScopePlace::Alias, "alias"),
    (ScopePlace::Moved, "moved"),
    (ScopePlace::NotAnAddress, "not-an-address"),
    (ScopePlace::Failed, "failed"),
];

pub async fn scope_by_id(id: &str) -> Result<MailboxScope, AppError> {
    let found = match id.parse() {
        Ok(id) => services().store.mailbox_scope(id).await.map_err(internal)?,
        Err(_) => None,
    };
    found.ok_or_else(not_there)
}

/// One page of what was found, narrowed to one place where its code is asked for.
pub async fn view_of(
    found: MailboxScope,
    place: &str,
    page: &str,
    words: &Formatter,
) -> Result<ScopeView, AppError> {
    let services = services();
    let store = &services.store;
    let held = store.held_account(found.account_id).await;
    let held = held.map_err(internal)?;
    let counts = Counts(store.scope_counts(found.id).await.map_err(internal)?);
    let filter = PLACES.iter().find(|(_, code)| *code == place);
    let shown = filter.map_or(found.total, |(place, _)| counts.of(Some(*place)));
    let pages = ((shown + PAGE_SIZE - 1) / PAGE_SIZE).max(1);
    let page = page.parse().unwrap_or(1).clamp(1, pages);
    let part = (PAGE_SIZE, (page - 1) * PAGE_SIZE);
    let rows = store
        .scope_rows(found.id, filter.map(|(place, _)| *place), part)
        .await
        .map_err(internal)?;
    let choices = store.scope_choices(found.id).await;
    let (chosen, connected, connectable) = choices.map_err(internal)?;
    let is_running = found.finished_at.is_none();
    let now = services.clock.now();
    Ok(ScopeView {
        id: found.id.to_string(),
        label: held.map(|held| held.account.label).unwrap_or_default(),
        started: words.appointment(found.started_at, false),
        total: found.total,
        done: found.total - counts.of(None),
        no_addresses: counts.of(Some(ScopePlace::NotAnAddress)),
        is_running,
        is_cancelled: found.is_cancelled,
        problem: found.problem.as_ref().map(|problem| {
            let told = advice(problem, &names_for("", words));
            format!("{} {}", told.title, told.meaning)
        }),
        waits_until: (is_running && found.due_at > now).then(|| words.upcoming(found.due_at)),
        counts: counts.told(),
        filter: filter.map_or(String::new(), |(_, code)| (*code).to_owned()),
        rows: rows
            .into_iter()
            .map(|row| row_view(row, is_running, words))
            .collect(),
        page,
        pages,
        chosen,
        connected,
        connectable,
        flash: take_flash().await?,
    })
}

/// How many addresses are in which place; `None` for those not asked about yet.
struct Counts(Vec<(Option<ScopePlace>, i64)>);

impl Counts {
    fn of(&self, place: Option<ScopePlace>) -> i64 {
        let found = self.0.iter().find(|(it, _)| *it == place);
        found.map_or(0, |(_, count)| *count)
    }

    /// Codes, labels and counts of the places that hold something.
    fn told(&self) -> Vec<(String, String, i64)> {
        PLACES
            .iter()
            .map(|(place, code)| {
                let label = place_words(Some(*place)).to_owned();
                ((*code).to_owned(), label, self.of(Some(*place)))
            })
            .filter(|(_, _, count)| *count > 0)
            .collect()
    }
}

fn row_view(row: ScopeRow, is_running: bool, words: &Formatter) -> ScopeRowView {
    ScopeRowView {
        position: row.position,
        place: place_words(row.place).to_owned(),
        is_bad: row.place.is_some_and(|it| it != ScopePlace::InScope),
        detail: match (&row.primary, &row.problem) {
            (Some(primary), _) => format!("The primary address is {primary}."),
            (None, Some(problem)) if !says_it_all(row.place) => {
                advice(problem, &names_for(&row.address, words)).title
            }
            (None, _) => String::new(),
        },
        // While it runs the page is drawn anew, and ticks would be lost.
        can_choose: !is_running
            && row.place == Some(ScopePlace::InScope)
            && row.person.is_some()
            && !row.is_disabled
            && !row.has_connection
            && !row.is_chosen,
        result: match row.result {
            None if row.has_connection => Some("Connected"),
            None if row.is_disabled => Some("May not sign in"),
            result => result_words(result, row.is_chosen),
        }
        .map(str::to_owned),
        person: row.person.map(|(_, name)| name),
        address: row.address,
    }
}

/// Whether the words for a place say all that is known.
const fn says_it_all(place: Option<ScopePlace>) -> bool {
    matches!(place, Some(ScopePlace::Outside | ScopePlace::NotFound))
}

fn names_for(mailbox: &str, words: &Formatter) -> Names {
    Names {
        mailbox: mailbox.to_owned(),
        held: true,
        utc_offset: Some(words.utc_offset()),
        tells_addresses: true,
        ..Default::default()
    }
}

const fn place_words(place: Option<ScopePlace>) -> &'static str {
    match place {
        None => "Not asked yet",
        Some(ScopePlace::InScope) => "In scope",
        Some(ScopePlace::Outside) => "Outside the scope",
        Some(ScopePlace::NotFound) => "No such mailbox",
        Some(ScopePlace::Alias) => "Alias",
        Some(ScopePlace::Moved) => "Moved",
        Some(ScopePlace::NotAnAddress) => "Not an address",
        Some(ScopePlace::Failed) => "Other trouble",
    }
}

const fn result_words(result: Option<ScopeConnection>, chosen: bool) -> Option<&'static str> {
    match result {
        None if chosen => Some("Waits to be connected"),
        None => None,
        Some(ScopeConnection::Connected) => Some("Connected"),
        Some(ScopeConnection::HadOne) => Some("Had a connection already"),
        Some(ScopeConnection::Taken) => Some("Somebody else reads it"),
        Some(ScopeConnection::Nobodys) => Some("Nobody has this address"),
        Some(ScopeConnection::Failed) => Some("Could not be read"),
    }
}
