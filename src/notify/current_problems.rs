//! What is wrong at present: one trouble for each password, role, account or server and for each kind of mailbox
//! problem, however many connections it holds up. The overview lists them, and notices tell of them.

use kalends_core::{
    advice::{Names, advice},
    clock::Timestamp,
    id::AccountId,
    problem::{Concerns, Owner, Problem},
};
use kalends_store::{Account, HeldUp, Store, StoreError};
use std::collections::{BTreeMap, HashMap};

/// Connections that one cause holds up; nothing of it is paused.
#[derive(Debug, Clone, PartialEq)]
pub struct CurrentProblem {
    /// The cause and what it is the cause of: no two have the same.
    pub name: String,
    /// As most of them have it.
    pub problem: Problem,
    pub names: Names,
    /// The account that most of them go through.
    pub account: AccountId,
    /// The account as people call it, or the server.
    pub place: String,
    pub host: String,
    pub owner: Owner,
    pub people: i64,
    /// Since when the first of them has it.
    pub since: Timestamp,
    /// The path of the page that shows who waits.
    pub link: String,
}

/// All of them, by name.
pub async fn troubles(store: &Store) -> Result<Vec<CurrentProblem>, StoreError> {
    let accounts = store.accounts().await?;
    let accounts: HashMap<AccountId, &Account> = accounts
        .iter()
        .map(|account| (account.id, account))
        .collect();
    let mut found = BTreeMap::new();
    for held_up in store.held_up().await? {
        if let Some(account) = accounts.get(&held_up.account) {
            join(&mut found, trouble(held_up, account));
        }
    }
    Ok(found.into_values().collect())
}

/// Two problems of one cause are one: the words are those of the one that holds up more people.
fn join(found: &mut BTreeMap<String, CurrentProblem>, new: CurrentProblem) {
    let Some(there) = found.get_mut(&new.name) else {
        found.insert(new.name.clone(), new);
        return;
    };
    let (people, since) = (there.people + new.people, there.since.min(new.since));
    if new.people > there.people {
        *there = new;
    }
    (there.people, there.since) = (people, since);
}

/// The path of the list of who has a cause through an account or at a host.
pub fn link(cause: &str, of: &str) -> String {
    format!("/connections?cause={cause}&account={of}")
}

fn trouble(held_up: HeldUp, account: &Account) -> CurrentProblem {
    let problem = held_up.problem;
    let cause = problem.cause();
    let is_servers = problem.concerns() == Concerns::Server;
    let of = if is_servers {
        account.host.clone()
    } else {
        account.id.to_string()
    };
    let names = Names {
        mailbox: held_up.mailbox.to_string(),
        ..account.names(None)
    };
    CurrentProblem {
        owner: advice(&problem, &names).owner,
        name: format!("{cause} {of}"),
        link: link(cause, &of),
        names,
        account: account.id,
        place: if is_servers { of } else { account.called() },
        host: account.host.clone(),
        people: held_up.people,
        since: held_up.since,
        problem,
    }
}
