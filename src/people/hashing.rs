//! The one gate through which passwords are hashed: argon2id takes 19 MiB and a core for a moment, so few run at the
//! same time, few wait, and whoever comes beyond that is told when to come again.
//!
//! Devices that have signed in before queue apart from everybody else. The memory of a hash is kept and used again for
//! the next one: given back to the allocator, it would be split up and lost.

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use kalends_core::{account_name::Password, random::Random};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Hashes that run at the same time in each queue, and that wait behind them.
const MAX_CONCURRENT: usize = 2;
const WAITING: usize = 32;
/// When somebody who found the queue full comes again: a full queue is worked through by then.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Too many wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Many people sign in at this moment. Try again in {} seconds.", retry_after.as_secs())]
pub struct HashingBusy {
    pub retry_after: Duration,
}

/// Where a hash waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// For people who are signed in, or at a device that they have signed in on before.
    Known,
    Anybody,
}

/// The gate. Clones share it.
#[derive(Clone)]
pub struct Hashing(Arc<Gate>);

struct Gate {
    known: Lane,
    anybody: Lane,
    /// Memory of hashes that have ended.
    memory: Mutex<Vec<Vec<Block>>>,
    random: Random,
}

struct Lane {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// A place in a queue whose turn has come.
struct Turn {
    _place: OwnedSemaphorePermit,
    _turn: OwnedSemaphorePermit,
}

impl Hashing {
    pub fn new(random: Random) -> Self {
        let lane = || Lane {
            turns: Arc::new(Semaphore::new(MAX_CONCURRENT)),
            places: Arc::new(Semaphore::new(MAX_CONCURRENT + WAITING)),
        };
        Self(Arc::new(Gate {
            known: lane(),
            anybody: lane(),
            memory: Mutex::default(),
            random,
        }))
    }

    /// Whether a password is the one of a hash in PHC form.
    pub async fn verify(
        &self,
        queue: Queue,
        password: &Password,
        hash: String,
    ) -> Result<bool, HashingBusy> {
        let password = password.clone();
        let verified = self.work(queue, move |memory, _| {
            let hash = PasswordHash::new(&hash).ok()?;
            let output = again(&hash, password.reveal().as_bytes(), memory)?;
            Some(hash.hash? == output)
        });
        Ok(verified.await?.unwrap_or(false))
    }

    /// The hash of a password in PHC form, with a new salt, if `is_good` takes the password; that may be slow too.
    pub async fn hash<E: Send + 'static>(
        &self,
        queue: Queue,
        password: &Password,
        is_good: impl FnOnce(&Password) -> Result<(), E> + Send + 'static,
    ) -> Result<Result<Option<String>, E>, HashingBusy> {
        let password = password.clone();
        self.work(queue, move |memory, random| {
            is_good(&password)?;
            Ok(anew(password.reveal().as_bytes(), memory, random))
        })
        .await
    }

    /// Works off the async threads. The turn ends with the work, even where nobody waits for it any more.
    async fn work<T: Send + 'static>(
        &self,
        queue: Queue,
        work: impl FnOnce(&mut [Block], &Random) -> T + Send + 'static,
    ) -> Result<T, HashingBusy> {
        let turn = self.turn(queue).await?;
        let gate = Arc::clone(&self.0);
        let working = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let mut memory = gate.take_memory();
            let worked = work(&mut memory, &gate.random);
            gate.keep_memory(memory);
            worked
        });
        working.await.map_err(|_| HashingBusy {
            retry_after: RETRY_AFTER,
        })
    }

    async fn turn(&self, queue: Queue) -> Result<Turn, HashingBusy> {
        let busy = HashingBusy {
            retry_after: RETRY_AFTER,
        };
        let lane = match queue {
            Queue::Known => &self.0.known,
            Queue::Anybody => &self.0.anybody,
        };
        let place = Arc::clone(&lane.places).try_acquire_owned();
        let place = place.map_err(|_| busy)?;
        let turn = Arc::clone(&lane.turns).acquire_owned().await;
        Ok(Turn {
            _place: place,
            _turn: turn.map_err(|_| busy)?,
        })
    }
}

impl Gate {
    fn take_memory(&self) -> Vec<Block> {
        let kept = self
            .memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        kept.unwrap_or_else(|| vec![Block::new(); params().map_or(0, |it| it.block_count())])
    }

    fn keep_memory(&self, memory: Vec<Block>) {
        self.memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(memory);
    }
}

impl std::fmt::Debug for Hashing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hashing")
    }
}

/// OWASP's first choice of parameters for argon2id.
fn params() -> Option<Params> {
    Params::new(19_456, 2, 1, None).ok()
}

/// The output for the salt and the parameters of a hash; `None` if it is none of ours.
fn again(hash: &PasswordHash, password: &[u8], memory: &mut [Block]) -> Option<Output> {
    let params = Params::try_from(hash).ok()?;
    if hash.algorithm != Algorithm::Argon2id.ident() || params.block_count() > memory.len() {
        return None;
    }
    let version = Version::try_from(hash.version?).ok()?;
    let salt = hash.salt?;
    output(
        &Argon2::new(Algorithm::Argon2id, version, params),
        password,
        &salt,
        memory,
    )
}

fn anew(password: &[u8], memory: &mut [Block], random: &Random) -> Option<String> {
    let params = params()?;
    let version = Version::V0x13;
    let salt = Salt::new(&random.bytes::<16>()).ok()?;
    let shown = ParamsString::try_from(&params).ok()?;
    let argon2 = Argon2::new(Algorithm::Argon2id, version, params);
    let output = output(&argon2, password, &salt, memory)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(version.into()),
        params: shown,
        salt: Some(salt),
        hash: Some(output),
    };
    Some(hash.to_string())
}

fn output(
    argon2: &Argon2<'_>,
    password: &[u8],
    salt: &Salt,
    memory: &mut [Block],
) -> Option<Output> {
    let length = argon2
        .params()
        .output_len()
        .unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let mut bytes = [0; Output::MAX_LENGTH];
    let bytes = bytes.get_mut(..length)?;
    argon2
        .hash_password_into_with_memory(password, salt, bytes, memory)
        .ok()?;
    Output::new(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::sign_in::NOBODYS_HASH;
    use argon2::password_hash::PasswordVerifier as _;

    fn password(text: &str) -> Password {
        Password::from(text.to_owned())
    }

    async fn hashed(hashing: &Hashing, text: &str) -> String {
        let password = password(text);
        let hashed = hashing.hash(Queue::Anybody, &password, |_| Ok::<_, ()>(()));
        hashed.await.expect("free").expect("good").expect("hash")
    }

    async fn is_right(hashing: &Hashing, text: &str, hash: &str) -> bool {
        let password = password(text);
        let verified = hashing.verify(Queue::Known, &password, hash.to_owned());
        verified.await.expect("free")
    }

    #[tokio::test]
    async fn hashes_are_those_of_argon2id_and_memory_that_was_used_before_changes_nothing() {
        let hashing = Hashing::new(Random::seeded(1));
        let argon2 = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            params().expect("params"),
        );
        for text in ["practice-alice", "practice-bob", ""] {
            let hash = hashed(&hashing, text).await;
            let parsed = PasswordHash::new(&hash).expect("a PHC string");
            assert!(
                argon2.verify_password(text.as_bytes(), &parsed).is_ok(),
                "{hash}"
            );
            assert!(is_right(&hashing, text, &hash).await);
            assert!(!is_right(&hashing, "another", &hash).await);
        }
        assert!(!is_right(&hashing, "", NOBODYS_HASH).await);
        for broken in [
            "",
            "$argon2id$",
            "$argon2id$v=19$m=999999,t=2,p=1$a2FsZW5kcw$9qWzv0p1u3xWm6z0bqkQ1m4c",
        ] {
            assert!(!is_right(&hashing, "", broken).await, "{broken}");
        }
    }

    #[tokio::test]
    async fn nobodys_hash_costs_what_everybodys_costs() {
        let real = hashed(&Hashing::new(Random::seeded(1)), "practice-alice").await;
        let (real, nobodys) = (PasswordHash::new(&real), PasswordHash::new(NOBODYS_HASH));
        let (real, nobodys) = (real.expect("real"), nobodys.expect("nobody's"));
        assert_eq!(real.algorithm, nobodys.algorithm);
        assert_eq!(real.version, nobodys.version);
        assert_eq!(real.params, nobodys.params);
        let length = |hash: &PasswordHash| hash.hash.as_ref().map(|output| output.as_bytes().len());
        assert_eq!(length(&real), length(&nobodys));
    }

    #[tokio::test]
    async fn beyond_a_full_queue_everybody_is_told_to_come_again_and_known_devices_are_not() {
        let hashing = Hashing::new(Random::seeded(1));
        let gate = &hashing.0;
        let _working = Arc::clone(&gate.anybody.turns)
            .try_acquire_many_owned(u32::try_from(MAX_CONCURRENT).expect("few"))
            .expect("turns");
        let waiting: Vec<_> = (0..MAX_CONCURRENT + WAITING)
            .map(|_| {
                Arc::clone(&gate.anybody.places)
                    .try_acquire_owned()
                    .expect("place")
            })
            .collect();
        let hash = NOBODYS_HASH.to_owned();
        let told = hashing
            .verify(Queue::Anybody, &password("x"), hash.clone())
            .await;
        assert_eq!(
            told,
            Err(HashingBusy {
                retry_after: RETRY_AFTER
            })
        );
        assert_eq!(
            hashing.verify(Queue::Known, &password("x"), hash).await,
            Ok(false)
        );
        drop(waiting);
    }

    #[tokio::test]
    async fn as_much_memory_is_kept_as_hashes_ran_at_the_same_time() {
        let hashing = Hashing::new(Random::seeded(1));
        let many = (0..20).map(|_| hashing.verify(Queue::Anybody, &EMPTY, NOBODYS_HASH.to_owned()));
        let ended = futures::future::join_all(many).await;
        assert!(ended.iter().all(|right| *right == Ok(false)));
        let kept = hashing.0.memory.lock().expect("memory").len();
        assert!((1..=MAX_CONCURRENT).contains(&kept), "{kept}");
    }

    static EMPTY: std::sync::LazyLock<Password> = std::sync::LazyLock::new(Password::default);
}
