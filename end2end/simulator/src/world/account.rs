//! Accounts that may sign in, and how wrong passwords lock them.
//! Refusals are counted for good: nothing in the simulator sets a total back.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

#[derive(Clone)]
pub struct DomainAccount {
    /// The part after `DOMAIN\`.
    pub name: String,
    pub principal_name: String,
    pub password: String,
    /// Holds `ApplicationImpersonation` for mailboxes within the management scope.
    pub role: bool,
    pub disabled: bool,
    /// Primary address of its own mailbox.
    pub mailbox: Option<String>,
    wrong_in_a_row: u32,
    last_wrong: Option<Timestamp>,
    locked: bool,
    refused: u64,
    accepted: u64,
}

/// When wrong passwords lock an account.
#[derive(Clone, Copy, Debug)]
pub struct LockoutPolicy {
    /// Wrong ones in a row; `None` never locks.
    pub threshold: Option<u32>,
    /// A wrong one older than this is forgotten.
    pub window: SignedDuration,
}

impl fmt::Debug for DomainAccount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Account")
            .field("principal_name", &self.principal_name)
            .field("role", &self.role)
            .field("locked", &self.locked)
            .finish_non_exhaustive()
    }
}

impl DomainAccount {
    pub fn new(name: &str, domain: &str, password: &str) -> Self {
        Self {
            name: name.to_owned(),
            principal_name: format!("{name}@{domain}"),
            password: password.to_owned(),
            role: false,
            disabled: false,
            mailbox: None,
            wrong_in_a_row: 0,
            last_wrong: None,
            locked: false,
            refused: 0,
            accepted: 0,
        }
    }

    /// Tries one password, by a check that is told the right one. A locked or disabled account refuses the right one too.
    pub(super) fn sign_in(
        &mut self,
        is_right: &dyn Fn(&str) -> bool,
        rule: LockoutPolicy,
        now: Timestamp,
    ) -> bool {
        let right = is_right(&self.password);
        if right && !self.locked && !self.disabled {
            self.wrong_in_a_row = 0;
            self.accepted += 1;
            return true;
        }
        self.refused += 1;
        if !right {
            let fresh = self
                .last_wrong
                .is_some_and(|last| now.duration_since(last) <= rule.window);
            self.wrong_in_a_row = if fresh { self.wrong_in_a_row + 1 } else { 1 };
            self.last_wrong = Some(now);
            if rule
                .threshold
                .is_some_and(|limit| self.wrong_in_a_row >= limit)
            {
                self.locked = true;
            }
        }
        false
    }

    pub fn unlock(&mut self) {
        self.locked = false;
        self.wrong_in_a_row = 0;
    }

    pub fn locked(&self) -> bool {
        self.locked
    }

    pub fn wrong_in_a_row(&self) -> u32 {
        self.wrong_in_a_row
    }

    /// Sign-ins refused since the start.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Sign-ins accepted since the start.
    pub fn accepted(&self) -> u64 {
        self.accepted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: LockoutPolicy = LockoutPolicy {
        threshold: Some(5),
        window: SignedDuration::from_mins(30),
    };

    #[test]
    fn five_wrong_passwords_in_a_row_lock_the_account_for_the_right_one_too() {
        let mut account = DomainAccount::new("alice", "example.test", "right");
        let now = Timestamp::UNIX_EPOCH;
        for _ in 0..5 {
            assert!(!account.sign_in(&|_| false, RULE, now));
        }
        assert!(account.locked());
        assert!(!account.sign_in(&|right| right == "right", RULE, now));
        assert_eq!((account.refused(), account.accepted()), (6, 0));
        account.unlock();
        assert!(account.sign_in(&|right| right == "right", RULE, now));
        assert_eq!((account.refused(), account.accepted()), (6, 1));
    }

    #[test]
    fn wrong_passwords_outside_the_window_are_forgotten() {
        let mut account = DomainAccount::new("alice", "example.test", "right");
        for hour in 0..10 {
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour);
            assert!(!account.sign_in(&|_| false, RULE, now));
        }
        assert!(!account.locked());
        assert_eq!(account.refused(), 10);
    }
}
