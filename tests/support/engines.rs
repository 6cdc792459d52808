//! Both engines for one test: a pair of `SQLite` files in a folder of its own, and a pair of fresh databases in the
//! Postgres that `KALENDS_TEST_POSTGRES_URL` names.

use kalends_core::random::Random;
use kalends_store::{
    Store,
    database::Engine,
    vault::{KeySource, Vault},
};
use sqlx::{AnyConnection, Connection as _};
use std::{
    fs,
    io::{self, Write as _},
    panic::resume_unwind,
    sync::Once,
};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Makes each test twice, below `sqlite` and `postgres`; `crate::World` opens and closes what it works with.
macro_rules! on_both_engines {
    ($(async fn $name:ident($world:ident) $body:block)+) => {
        $(async fn $name($world: &crate::World) $body)+

        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let world = crate::World::open(kalends_store::database::Engine::Sqlite).await;
                super::$name(&world).await;
                world.close().await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let world = crate::World::open(kalends_store::database::Engine::Postgres).await;
                super::$name(&world).await;
                world.close().await;
            })+
        }
    };
}
pub(crate) use on_both_engines;

/// The URLs of a main database and a vault.
pub struct Databases {
    pub main: String,
    pub vault: String,
    engine: Engine,
    /// A throwaway folder, which holds the files of `SQLite`.
    pub folder: TempDir,
}

/// A pair whose tables are made and empty: every test begins with a copy of it.
struct Template {
    main: String,
    vault: String,
    /// Where the files of `SQLite` lie.
    folder: TempDir,
}

impl Template {
    /// Made once for all tests of a program.
    async fn of(engine: Engine) -> &'static Self {
        static SQLITE: OnceCell<Template> = OnceCell::const_new();
        static POSTGRES: OnceCell<Template> = OnceCell::const_new();
        let made = match engine {
            Engine::Sqlite => &SQLITE,
            Engine::Postgres => &POSTGRES,
        };
        made.get_or_init(|| Self::make(engine)).await
    }

    async fn make(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (main, vault) = match engine {
            Engine::Sqlite => (file(&folder, "kalends.db"), file(&folder, "vault.db")),
            Engine::Postgres => {
                let name = database_name();
                let (main, vault) = (format!("{name}_main"), format!("{name}_vault"));
                (create(&main, None).await, create(&vault, None).await)
            }
        };
        let store = Store::open(&main, Random::from_system()).await.unwrap();
        store.pool().close().await;
        let keys = KeySource {
            keys: Some(format!("template:{}A=", "1".repeat(42)).into()),
            file: None,
            new_file: folder.path().join("vault.keys"),
        };
        let opened = Vault::open(&vault, &keys, Random::from_system()).await;
        opened.unwrap().pool().close().await;
        Self {
            main,
            vault,
            folder,
        }
    }
}

impl Databases {
    /// Both without a row, and with all tables.
    pub async fn fresh(engine: Engine) -> Self {
        let template = Template::of(engine).await;
        let folder = tempfile::tempdir().unwrap();
        let (main, vault) = match engine {
            Engine::Sqlite => {
                for name in ["kalends.db", "vault.db"] {
                    fs::copy(template.folder.path().join(name), folder.path().join(name)).unwrap();
                }
                (file(&folder, "kalends.db"), file(&folder, "vault.db"))
            }
            Engine::Postgres => {
                let name = database_name();
                let (main, vault) = (format!("{name}_main"), format!("{name}_vault"));
                (
                    create(&main, Some(&template.main)).await,
                    create(&vault, Some(&template.vault)).await,
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
                administer(&format!("DROP DATABASE {} WITH (FORCE)", name_in(url))).await;
            }
        }
        self.folder.close().unwrap();
    }
}

/// Where there is none, a test ends without a word of its own: the reason is told once for all of them.
fn server() -> String {
    std::env::var("KALENDS_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        static TOLD: Once = Once::new();
        // Written past what the test harness captures, which it would show once a test.
        TOLD.call_once(|| {
            let _ = io::stderr().write_all(NO_POSTGRES.as_bytes());
        });
        resume_unwind(Box::new(NO_POSTGRES))
    })
}

const NO_POSTGRES: &str = "
The tests below `postgres` fail because they have no Postgres. `cargo xtask test store protocol` starts one for them;
or name one that may be filled: KALENDS_TEST_POSTGRES_URL=postgres://user@127.0.0.1:5432/postgres cargo test

";

fn file(folder: &TempDir, name: &str) -> String {
    format!("sqlite://{}", folder.path().join(name).display())
}

fn database_name() -> String {
    let number = u64::from_le_bytes(Random::from_system().bytes());
    format!("kalends_{number:016x}")
}

fn name_in(url: &str) -> &str {
    url.rsplit_once('/').unwrap().1
}

async fn create(name: &str, template: Option<&str>) -> String {
    let like = match template {
        Some(url) => format!(" TEMPLATE {}{}", name_in(url), by_files().await),
        None => String::new(),
    };
    administer(&format!("CREATE DATABASE {name}{like}")).await;
    let server = server();
    let (before, _) = server.rsplit_once('/').unwrap();
    format!("{before}/{name}")
}

/// Has a template's files copied. Since Postgres 15 each page goes through the log otherwise, which takes ten times the
/// work; older ones know no other way.
async fn by_files() -> &'static str {
    static KNOWN: OnceCell<&str> = OnceCell::const_new();
    let ask = async || {
        let version: String = sqlx::query_scalar("SELECT current_setting('server_version_num')")
            .fetch_one(&mut connect().await)
            .await
            .unwrap();
        if version.parse::<u32>().unwrap() >= 150_000 {
            " STRATEGY FILE_COPY"
        } else {
            ""
        }
    };
    KNOWN.get_or_init(ask).await
}

async fn connect() -> AnyConnection {
    sqlx::any::install_default_drivers();
    AnyConnection::connect(&server()).await.unwrap()
}

async fn administer(sql: &str) {
    let mut connection = connect().await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}
