//! What the overview is made of, as the main database has it.

use super::{
    plot,
    restored::RestoredView,
    view::{CauseView, FirstStep, OverviewView, OwnerView, PlotView, ServerView},
};
use crate::moment::Formatter;
use kalends::notify::current_problems::{CurrentProblem, link, troubles};
use kalends_core::{
    advice::{Names, advice},
    clock::Timestamp,
    problem::{ENDS_SOON, Owner},
};
use kalends_store::{DELAYS, ListQuery, Store, StoreError, SyncRunEnd};
use std::{collections::BTreeMap, time::Duration};

const HOUR: Duration = Duration::from_hours(1);
/// How many hours the sync runs are shown for, and how many days the delays are counted over.
const HOURS: usize = 48;
const DAYS: u64 = 7;

pub async fn overview(
    store: &Store,
    words: &Formatter,
    endings: Vec<String>,
    is_mail_refused: bool,
) -> Result<OverviewView, StoreError> {
    let counts = store.count_connections(&ListQuery::default()).await?;
    let troubles = troubles(store).await?;
    let states = super::super::connections::filter::STATES
        .into_iter()
        .skip(1)
        .map(|state| {
            let code = super::super::connections::filter::code(state);
            (code.to_owned(), counts.of(state))
        })
        .collect();
    let people = counts.connections() + counts.not_connected;
    let failed = store.count_failed_notices().await?;
    let silence = if is_mail_refused {
        Some("No mail leaves: the mail server refuses the name or password of Kalends.".to_owned())
    } else {
        match failed {
            0 => None,
            1 => Some(
                "1 alert was given up, and nothing has reached its recipient since.".to_owned(),
            ),
            many => Some(format!(
                "{many} alerts were given up, and nothing has reached their recipients since."
            )),
        }
    };
    Ok(OverviewView {
        silence,
        only_peer: None,
        warnings: Vec::new(),
        restored: RestoredView::default(),
        steps: steps(store, counts.connections(), people).await?,
        owners: by_owner(troubles, words),
        endings,
        states,
        requests: store.count_waiting_requests().await?,
        is_paused: store.global_pause().await?.is_some(),
        sync_runs: sync_runs(store, words).await?,
        delays: delays(store, words).await?,
        servers: servers(store, words).await?,
    })
}

/// Shown until somebody's calendar beside the admin's own is connected.
async fn steps(store: &Store, connections: i64, people: i64) -> Result<Vec<FirstStep>, StoreError> {
    if connections > 1 {
        return Ok(Vec::new());
    }
    let has_account = !store.held_accounts().await?.is_empty();
    let has_map = !store.mailbox_scopes().await?.is_empty();
    let step = |title: &str, why: &str, link: &str, is_done| FirstStep {
        title: title.to_owned(),
        why: why.to_owned(),
        link: link.to_owned(),
        is_done,
    };
    Ok(vec![
        step(
            "Add the service account",
            "One account that may act for everybody's mailbox: nobody else has to type a password.",
            "/organisation/accounts/new",
            has_account,
        ),
        step(
            "Map the mailboxes",
            "See which mailboxes the account reaches before anybody relies on it.",
            "/organisation/mailboxes",
            has_map,
        ),
        step(
            "Invite people",
            "They sign in and connect with one click, or you connect them.",
            "/people",
            people > 1,
        ),
    ])
}

/// What people have with accounts of their own is one for all of a host.
fn gathered(troubles: Vec<CurrentProblem>) -> Vec<CurrentProblem> {
    let mut found: BTreeMap<String, CurrentProblem> = BTreeMap::new();
    for mut trouble in troubles {
        if !trouble.names.held {
            let code = trouble.problem.code();
            trouble.name = format!("{code} {}", trouble.host);
            if let Some(there) = found.get_mut(&trouble.name) {
                there.people += trouble.people;
                there.since = there.since.min(trouble.since);
                there.place.clone_from(&trouble.host);
                there.link = link(code, &trouble.host);
                continue;
            }
        }
        found.insert(trouble.name.clone(), trouble);
    }
    found.into_values().collect()
}

/// What somebody must act on first, then what will pass; the most people first within.
fn by_owner(troubles: Vec<CurrentProblem>, words: &Formatter) -> Vec<OwnerView> {
    let mut sorted = gathered(troubles);
    sorted.sort_by_key(|trouble| std::cmp::Reverse(trouble.people));
    [
        (
            Owner::Operator,
            "For you, or another administrator of Kalends",
        ),
        (Owner::ExchangeAdmin, "For the Exchange administrator"),
        (Owner::You, "For the people themselves"),
        (Owner::Nobody, "Passes by itself"),
    ]
    .into_iter()
    .map(|(owner, title)| OwnerView {
        title: title.to_owned(),
        will_pass: owner == Owner::Nobody,
        causes: sorted
            .iter()
            .filter(|trouble| trouble.owner == owner)
            .map(|trouble| cause(trouble, words))
            .collect(),
    })
    .filter(|group| !group.causes.is_empty())
    .collect()
}

fn cause(trouble: &CurrentProblem, words: &Formatter) -> CauseView {
    // Of many mailboxes none is named.
    let names = Names {
        mailbox: String::new(),
        utc_offset: Some(words.utc_offset()),
        ..trouble.names.clone()
    };
    CauseView {
        title: advice(&trouble.problem, &names).title,
        place: trouble.place.clone(),
        people: match trouble.people {
            1 => "1 person waits".to_owned(),
            many => format!("{many} people wait"),
        },
        since: words.appointment(trouble.since, false),
        link: trouble.link.clone(),
        cure: (trouble.names.held && trouble.problem.is_about_password())
            .then(|| format!("/organisation/accounts/{}", trouble.account)),
    }
}

async fn sync_runs(store: &Store, words: &Formatter) -> Result<PlotView, StoreError> {
    let since = words.now - HOUR * u32::try_from(HOURS - 1).unwrap_or(0);
    let found = store.run_hours(since).await?;
    let first = since.millis().div_euclid(3_600_000);
    let mut stacks = vec![[0i64; 3]; HOURS];
    for (hour, end, number) in found {
        let place = usize::try_from(hour.millis().div_euclid(3_600_000) - first);
        if let Some(stack) = place.ok().and_then(|place| stacks.get_mut(place)) {
            stack[match end {
                SyncRunEnd::Fine => 0,
                SyncRunEnd::Delayed => 1,
                SyncRunEnd::Failed => 2,
            }] += number;
        }
    }
    let hour_at = |place: usize| {
        let hours = i64::try_from(place).unwrap_or(0);
        words.zoned(Timestamp::from_millis((first + hours) * 3_600_000))
    };
    let labels = (0..HOURS)
        // At the edges there is no room for words.
        .filter(|place| (1..HOURS - 2).contains(place) && hour_at(*place).hour() % 6 == 0)
        .map(|place| {
            let at = hour_at(place);
            let form = if at.hour() == 0 { "%a" } else { "%H:%M" };
            (place, at.strftime(form).to_string())
        })
        .collect();
    let sum = |part: usize| stacks.iter().map(|stack| stack[part]).sum::<i64>();
    let summary = format!(
        "Syncs of the last {HOURS} hours: {} went well, {} delayed and tried again, {} failed.",
        sum(0),
        sum(1),
        sum(2)
    );
    let rows = stacks
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, stack)| stack.iter().any(|number| *number > 0))
        .map(|(place, stack)| {
            let mut cells = vec![hour_at(place).strftime("%a %-d %b %H:00").to_string()];
            cells.extend(stack.iter().map(ToString::to_string));
            cells
        })
        .collect();
    Ok(PlotView {
        svg: plot::svg(&plot::Bars { stacks, labels }),
        summary,
        head: ["Hour", "Fine", "Delayed", "Failed"]
            .map(str::to_owned)
            .to_vec(),
        rows,
    })
}

async fn delays(store: &Store, words: &Formatter) -> Result<PlotView, StoreError> {
    let since = words.now - HOUR * 24 * u32::try_from(DAYS).unwrap_or(0);
    let mut counted: BTreeMap<i64, i64> = BTreeMap::new();
    for (_, minutes, entries) in store.delay_hours(since).await? {
        *counted.entry(minutes).or_default() += entries;
    }
    let label = |minutes: i64| match minutes {
        0 => "longer".to_owned(),
        60 => "1 hour".to_owned(),
        minutes => format!("{minutes} min"),
    };
    let numbers: Vec<(i64, i64)> = DELAYS
        .into_iter()
        .map(|minutes| (minutes, counted.get(&minutes).copied().unwrap_or(0)))
        .collect();
    let total: i64 = numbers.iter().map(|(_, entries)| entries).sum();
    let soon: i64 = numbers
        .iter()
        .filter(|(minutes, _)| (1..=10).contains(minutes))
        .map(|(_, entries)| entries)
        .sum();
    let summary = if total == 0 {
        format!("No entry has changed in Exchange in the last {DAYS} days.")
    } else {
        format!("Of {total} changes in the last {DAYS} days, {soon} were here within 10 minutes.")
    };
    Ok(PlotView {
        svg: plot::svg(&plot::Bars {
            stacks: numbers
                .iter()
                .map(|(_, entries)| [*entries, 0, 0])
                .collect(),
            labels: numbers
                .iter()
                .enumerate()
                .map(|(place, (minutes, _))| (place, label(*minutes)))
                .collect(),
        }),
        summary,
        head: ["Within", "Changes"].map(str::to_owned).to_vec(),
        rows: numbers
            .iter()
            .filter(|_| total > 0)
            .map(|(minutes, entries)| vec![label(*minutes), entries.to_string()])
            .collect(),
    })
}

async fn servers(store: &Store, words: &Formatter) -> Result<Vec<ServerView>, StoreError> {
    let found = store.servers().await?;
    Ok(found
        .into_iter()
        .map(|server| ServerView {
            host: server.host,
            product: server
                .build
                .map_or(
                    "not known yet",
                    kalends_core::exchange_version::ServerBuild::product,
                )
                .to_owned(),
            build: server
                .build
                .map(|build| build.to_string())
                .unwrap_or_default(),
            ends_soon: server
                .certificate
                .as_ref()
                .is_some_and(|it| it.not_after < words.now + ENDS_SOON),
            ends: server
                .certificate
                .map(|certificate| words.appointment(certificate.not_after, true)),
        })
        .collect())
}
