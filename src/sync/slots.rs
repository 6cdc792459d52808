//! Whose turns go on at the same time in one instance: no server and no kind of account takes every slot, so that slow
//! ones hold up nobody but themselves.

use super::account_run::AccountRunOutcome;
use kalends_core::{connection::Mode, id::AccountId};
use kalends_store::{Account, Members, Room};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use tokio::{task::Id, time::Instant};

/// Accounts at work at the same time in one instance.
const MAX_CONCURRENT: usize = 16;
/// Of them, those that only the organisation's accounts take, and those that they leave to others.
const FOR_ORGANISATION: usize = 2;
const FOR_OTHERS: usize = 4;
/// Accounts of other people at one host.
const AT_ONE_HOST: usize = 8;
/// Accounts of other people at all hosts that have not shown that they are quick, and at one of them.
const IN_DOUBT: usize = 8;
const AT_ONE_HOST_IN_DOUBT: usize = 4;
/// A host is quick if its sync runs take less than this on average.
const QUICK_RUN: Duration = Duration::from_secs(15);
/// For how long a host that was slow is not taken for quick.
const SLOW_FOR: Duration = Duration::from_mins(15);
/// Hosts that are remembered; the oldest are forgotten.
const MAX_HOSTS: usize = 500;
/// An account whose turn came to nothing while something of it is due has its next one after this.
const HOST_REST: Duration = Duration::from_secs(10);
const MAX_RESTING: usize = 64;

/// The turns that go on, and what is known of the hosts.
#[derive(Debug, Default)]
pub struct Slots {
    at_work: HashMap<Id, AtWork>,
    hosts: HashMap<String, Pace>,
    resting: Vec<(AccountId, Instant)>,
}

#[derive(Debug)]
struct AtWork {
    account: AccountId,
    host: String,
    is_organisation: bool,
    since: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Pace {
    seen: Instant,
    slow_until: Option<Instant>,
}

impl Slots {
    /// Whose turn may begin; `None` while every slot is taken.
    pub fn room(&mut self, now: Instant) -> Option<Room> {
        self.resting.retain(|(_, until)| *until > now);
        let (of_organisation, at_hosts) = self.count();
        let of_others: usize = at_hosts.values().sum();
        if of_organisation + of_others >= MAX_CONCURRENT {
            return None;
        }
        let members = if of_others >= MAX_CONCURRENT - FOR_ORGANISATION {
            Members::OnlyAt(Vec::new())
        } else {
            self.members(&at_hosts, now)
        };
        Some(Room {
            organisation: of_organisation < MAX_CONCURRENT - FOR_OTHERS,
            members,
            but: self.resting.iter().map(|(account, _)| *account).collect(),
        })
    }

    fn members(&self, at_hosts: &BTreeMap<&str, usize>, now: Instant) -> Members {
        let in_doubt = at_hosts
            .iter()
            .filter(|(host, _)| !self.is_quick(host, now));
        if in_doubt.map(|(_, count)| count).sum::<usize>() >= IN_DOUBT {
            let quick = self.hosts.keys().filter(|host| {
                let count = at_hosts.get(host.as_str()).copied();
                self.is_quick(host, now) && count.unwrap_or(0) < AT_ONE_HOST
            });
            return Members::OnlyAt(quick.cloned().collect());
        }
        let full = at_hosts.iter().filter(|(host, count)| {
            let most = if self.is_quick(host, now) {
                AT_ONE_HOST
            } else {
                AT_ONE_HOST_IN_DOUBT
            };
            **count >= most
        });
        Members::AnywhereBut(full.map(|(host, _)| (*host).to_owned()).collect())
    }

    /// Turns of the organisation's accounts, and those of others by host.
    fn count(&self) -> (usize, BTreeMap<&str, usize>) {
        let mut at_hosts = BTreeMap::new();
        let mut of_organisation = 0;
        for turn in self.at_work.values() {
            if turn.is_organisation {
                of_organisation += 1;
            } else {
                *at_hosts.entry(turn.host.as_str()).or_default() += 1;
            }
        }
        (of_organisation, at_hosts)
    }

    fn is_quick(&self, host: &str, now: Instant) -> bool {
        let pace = self.hosts.get(host);
        pace.is_some_and(|pace| pace.slow_until.is_none_or(|until| until <= now))
    }

    /// A turn has begun, as this task.
    pub fn begun(&mut self, task: Id, account: &Account, now: Instant) {
        let turn = AtWork {
            account: account.id,
            host: account.host.clone(),
            is_organisation: account.mode == Mode::Organisation,
            since: now,
        };
        self.at_work.insert(task, turn);
    }

    /// A turn has ended; `None`: its task broke.
    pub fn ended(&mut self, task: Id, turned: Option<&AccountRunOutcome>, now: Instant) {
        let Some(turn) = self.at_work.remove(&task) else {
            return;
        };
        let sync_runs = turned.map_or(0, |turned| turned.sync_runs);
        if sync_runs == 0 || turned.is_none_or(|turned| turned.is_broken_off) {
            if self.resting.len() >= MAX_RESTING {
                self.resting.remove(0);
            }
            self.resting.push((turn.account, now + HOST_REST));
        }
        let each =
            now.duration_since(turn.since) / u32::try_from(sync_runs.max(1)).unwrap_or(u32::MAX);
        if each >= QUICK_RUN {
            let slow_until = Some(now + SLOW_FOR);
            self.remember(
                turn.host,
                Pace {
                    seen: now,
                    slow_until,
                },
            );
        } else if sync_runs > 0 {
            let known = self.hosts.get(&turn.host);
            let slow_until = known.and_then(|pace| pace.slow_until);
            let slow_until = slow_until.filter(|until| *until > now);
            self.remember(
                turn.host,
                Pace {
                    seen: now,
                    slow_until,
                },
            );
        }
    }

    fn remember(&mut self, host: String, pace: Pace) {
        self.hosts.insert(host, pace);
        if self.hosts.len() > MAX_HOSTS {
            let oldest = self.hosts.iter().min_by_key(|(_, pace)| pace.seen);
            if let Some(host) = oldest.map(|(host, _)| host.clone()) {
                self.hosts.remove(&host);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Office {
        slots: Slots,
        tasks: tokio::task::JoinSet<()>,
        now: Instant,
    }

    impl Office {
        fn new() -> Self {
            Self {
                slots: Slots::default(),
                tasks: tokio::task::JoinSet::new(),
                now: Instant::now(),
            }
        }

        /// Begins a turn if there is room for it.
        fn begin(&mut self, host: &str, is_organisation: bool) -> Option<Id> {
            let room = self.slots.room(self.now)?;
            let may = match &room.members {
                _ if is_organisation => room.organisation,
                Members::AnywhereBut(hosts) => !hosts.iter().any(|it| it == host),
                Members::OnlyAt(hosts) => hosts.iter().any(|it| it == host),
            };
            let task = self.tasks.spawn(async {}).id();
            let turn = AtWork {
                account: AccountId::new(kalends_core::clock::Timestamp::from_seconds(0), [0; 10]),
                host: host.to_owned(),
                is_organisation,
                since: self.now,
            };
            may.then(|| self.slots.at_work.insert(task, turn));
            may.then_some(task)
        }

        fn many(&mut self, host: &str, is_organisation: bool) -> usize {
            std::iter::from_fn(|| self.begin(host, is_organisation)).count()
        }

        /// A turn of one sync run that took so long has ended.
        fn prove(&mut self, host: &str, seconds: u64) {
            let task = self.begin(host, false).unwrap();
            self.now += Duration::from_secs(seconds);
            let turned = AccountRunOutcome {
                sync_runs: 1,
                is_broken_off: false,
            };
            self.slots.ended(task, Some(&turned), self.now);
        }
    }

    #[tokio::test]
    async fn no_host_and_no_kind_of_account_takes_every_slot() {
        let mut office = Office::new();
        office.prove("quick.test", 1);
        assert_eq!(office.many("slow.test", false), AT_ONE_HOST_IN_DOUBT);
        assert_eq!(
            office.many("slower.test", false),
            IN_DOUBT - AT_ONE_HOST_IN_DOUBT
        );
        assert_eq!(office.many("new.test", false), 0);
        assert_eq!(
            office.many("quick.test", false),
            MAX_CONCURRENT - FOR_ORGANISATION - IN_DOUBT
        );
        assert_eq!(office.many("quick.test", true), FOR_ORGANISATION);
        assert_eq!(office.slots.room(office.now), None);
        let mut office = Office::new();
        office.prove("quick.test", 1);
        assert_eq!(office.many("mail.test", true), MAX_CONCURRENT - FOR_OTHERS);
        assert_eq!(office.many("quick.test", false), FOR_OTHERS);
    }

    #[tokio::test]
    async fn a_host_that_was_slow_is_quick_again_after_a_while() {
        let mut office = Office::new();
        office.prove("one.test", 1);
        office.prove("one.test", 60);
        office.prove("one.test", 1);
        assert!(!office.slots.is_quick("one.test", office.now));
        office.now += SLOW_FOR;
        office.prove("one.test", 1);
        assert!(office.slots.is_quick("one.test", office.now));
        assert!(!office.slots.is_quick("two.test", office.now));
    }

    #[tokio::test]
    async fn an_account_whose_turn_came_to_nothing_rests() {
        let mut office = Office::new();
        let task = office.begin("one.test", false).unwrap();
        office.slots.ended(task, None, office.now);
        assert_eq!(office.slots.room(office.now).unwrap().but.len(), 1);
        office.now += HOST_REST;
        assert_eq!(office.slots.room(office.now), Some(Room::for_all()));
    }
}
