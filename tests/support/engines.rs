//! Both engines for one test: a pair of `SQLite` files in a folder of its own, and a pair of fresh databases in the
//! Postgres that `KALENDS_TEST_POSTGRES_URL` names.

use kalends::{database::Engine, random::Random};
use sqlx::{AnyConnection, Connection as _};

/// Makes each test twice, below `sqlite` and `postgres`; `crate::World` opens and closes what it works with.
macro_rules! on_both_engines {
    ($(async fn $name:ident($world:ident) $body:block)+) => {
        $(async fn $name($world: &crate::World) $body)+

        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let world = crate::World::open(kalends::database::Engine::Sqlite).await;
                super::$name(&world).await;
                world.close().await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let world = crate::World::open(kalends::database::Engine::Postgres).await;
                super::$name(&world).await;
                world.close().await;
            })+
        }
    };
}
pub(crate) use on_both_engines;

/// The URLs of an empty main database and an empty vault.
pub struct Databases {
    pub main: String,
    pub vault: String,
    engine: Engine,
    /// A throwaway folder, which holds the files of `SQLite`.
    pub folder: tempfile::TempDir,
}

impl Databases {
    pub async fn fresh(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (main, vault) = match engine {
            Engine::Sqlite => {
                let file = |name| format!("sqlite://{}", folder.path().join(name).display());
                (file("kalends.db"), file("vault.db"))
            }
            Engine::Postgres => {
                let name = format!(
                    "kalends_{:016x}",
                    u64::from_le_bytes(Random::from_system().bytes())
                );
                (
                    create(&format!("{name}_main")).await,
                    create(&format!("{name}_vault")).await,
                )
            }
        };
        Self {
            main,
            vault,
            engine,
            folder,
        }
    }

    /// Takes the databases away; those of a failed test stay to be looked at, until their Postgres goes.
    pub async fn remove(self) {
        if self.engine == Engine::Postgres {
            for url in [&self.main, &self.vault] {
                let (_, name) = url.rsplit_once('/').unwrap();
                administer(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
            }
        }
        self.folder.close().unwrap();
    }
}

fn server() -> String {
    std::env::var("KALENDS_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!(
            "This half needs a Postgres. Run `cargo xtask test store`: it starts one and names it in \
             KALENDS_TEST_POSTGRES_URL."
        )
    })
}

async fn create(name: &str) -> String {
    administer(&format!("CREATE DATABASE {name}")).await;
    let server = server();
    let (before, _) = server.rsplit_once('/').unwrap();
    format!("{before}/{name}")
}

async fn administer(sql: &str) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(&server()).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}
