//! The process that is killed: this test program, run again. The test it is asked for finds in its environment what to
//! do and where to die, and does that instead.

use crate::{
    engines::Databases,
    jobs::Reach,
    office::{BOTH, OLD, Office, new_entries},
};
use kalends_core::connection::Mode;
use kalends_store::database::Engine;
use std::{
    os::unix::process::ExitStatusExt,
    process::{Command, Stdio},
};

/// What the killed process saves.
pub const PASSWORD: &str = "Practice-2026!";

/// The test that the second process is asked for; any would do.
const DOOR: &str = "sqlite::a_round_that_is_cut_off_leaves_the_old_entries_or_the_new_ones";

const DEED: &str = "KALENDS_TEST_DEED";
const MAIN: &str = "KALENDS_TEST_MAIN";
const VAULT: &str = "KALENDS_TEST_VAULT";

/// What Alice is in the middle of.
#[derive(Debug, Clone, Copy)]
pub enum Deed {
    Save,
    Forget,
    Round,
    Switch,
    Rotate,
    Prune,
    Adopt,
    /// Works on whatever is due.
    Work,
}

impl Deed {
    const ALL: [Self; 8] = [
        Self::Save,
        Self::Forget,
        Self::Round,
        Self::Switch,
        Self::Rotate,
        Self::Prune,
        Self::Adopt,
        Self::Work,
    ];

    async fn does(self, office: &Office) {
        match self {
            Self::Save => {
                office
                    .connect("alice", Mode::ServiceAccount, PASSWORD)
                    .await;
            }
            Self::Forget => assert!(office.disconnect("alice").await),
            Self::Round => office.round("alice", &new_entries()).await,
            Self::Switch => office.switch().await,
            Self::Rotate => office.rotate().await,
            Self::Prune => office.prune().await,
            Self::Adopt => office.adopt().await,
            Self::Work => office.work(&Reach::from_environment()).await,
        }
    }
}

/// An engine to make fresh databases in.
pub struct World(Engine);

impl World {
    pub async fn open(engine: Engine) -> Self {
        let named = |name: &str| std::env::var(name).ok();
        if let (Some(deed), Some(main), Some(vault)) = (named(DEED), named(MAIN), named(VAULT)) {
            let deed = Deed::ALL
                .into_iter()
                .find(|known| format!("{known:?}") == deed);
            deed.unwrap()
                .does(&Office::open(&main, &vault, &BOTH).await)
                .await;
            panic!("the point was not reached");
        }
        Self(engine)
    }

    /// Each office closes its own databases.
    #[expect(clippy::unused_self, reason = "every world is closed")]
    pub fn close(self) -> std::future::Ready<()> {
        std::future::ready(())
    }

    /// Prepares an office, kills a process that does a deed in it at a point, and comes back a day later, swept.
    /// A newer key was added in between.
    pub async fn fresh(
        &self,
        point: &str,
        deed: Deed,
        prepare: impl AsyncFnOnce(&Office),
    ) -> Office {
        let databases = self.cut_off(point, deed, prepare).await;
        let mut office = Office::open(&databases.main, &databases.vault, &BOTH).await;
        office.a_day_later().await;
        office.databases = Some(databases);
        office
    }

    /// Prepares an office, and kills a process that does a deed in it at a point.
    pub async fn cut_off(
        &self,
        point: &str,
        deed: Deed,
        prepare: impl AsyncFnOnce(&Office),
    ) -> Databases {
        self.cut_off_reaching(&Reach::default(), point, deed, prepare)
            .await
    }

    /// As [`World::cut_off`], with servers around the process.
    pub async fn cut_off_reaching(
        &self,
        reach: &Reach,
        point: &str,
        deed: Deed,
        prepare: impl AsyncFnOnce(&Office),
    ) -> Databases {
        let databases = Databases::fresh(self.0).await;
        let office = Office::open(&databases.main, &databases.vault, &OLD).await;
        office.add_people().await;
        prepare(&office).await;
        office.close().await;
        kill(point, deed, &databases, reach).await;
        databases
    }
}

async fn kill(point: &str, deed: Deed, databases: &Databases, reach: &Reach) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([DOOR, "--exact", "--nocapture"])
        .env("KALENDS_FAIL_POINT", point)
        .env(DEED, format!("{deed:?}"))
        .env(MAIN, &databases.main)
        .env(VAULT, &databases.vault)
        .envs(reach.to_environment())
        .stdin(Stdio::null());
    let ended = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        ended.status.signal(),
        Some(9),
        "{deed:?} at {point}: {}",
        String::from_utf8_lossy(&ended.stderr)
    );
}
