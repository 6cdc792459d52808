//! Kalends as the program that people run: a folder of its own, settings of its own, and nothing from outside.
//! A practice Exchange may stand beside it.

use crate::browser::Browser;
use kalends_simulator::{Options, RunningSimulator, SimulatedClock, Simulator, world::practice};
use rustix::process::Rlimit;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Somebody who signs in to Kalends and has a mailbox of the same address in the practice Exchange.
#[derive(Clone, Copy)]
pub struct Person {
    pub name: &'static str,
    pub email: &'static str,
    pub password: &'static str,
    pub admin: bool,
}

pub const ALICE: Person = Person {
    name: "Alice",
    email: "alice@example.test",
    password: "practice-alice",
    admin: true,
};
pub const BOB: Person = Person {
    name: "Bob",
    email: "bob@example.test",
    password: "practice-bob",
    admin: false,
};
pub const CHARLIE: Person = Person {
    name: "Charlie",
    email: "charlie@example.test",
    password: "practice-charlie",
    admin: false,
};

/// Where a Kalends lives: its folder and its settings.
pub struct Place {
    pub settings: BTreeMap<String, String>,
    folder: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// A Kalends that serves; ended with this value at the latest.
pub struct Kalends {
    pub url: String,
    program: Child,
    log: PathBuf,
}

impl Place {
    /// An empty folder with a small site, a free port, and no other settings.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        fs::create_dir_all(folder.path().join("site/pkg")).unwrap();
        for (name, content) in [
            (
                "manifest.json",
                r#"{"css":"/pkg/a-1.css","js":"/pkg/a-1.js","wasm":"/pkg/a-1.wasm","follow":"/pkg/a-2.js"}"#,
            ),
            ("favicon.svg", "<svg/>"),
            ("pkg/a-1.css", "body{}"),
            ("pkg/a-1.js", "export{}"),
            ("pkg/a-2.js", "export{}"),
        ] {
            fs::write(folder.path().join("site").join(name), content).unwrap();
        }
        let settings = [
            ("KALENDS_LISTEN", "127.0.0.1:0".to_owned()),
            ("KALENDS_SITE", at("site")),
            (
                "KALENDS_DATABASE_URL",
                format!("sqlite://{}", at("kalends.db")),
            ),
            (
                "KALENDS_VAULT_DATABASE_URL",
                format!("sqlite://{}", at("vault.db")),
            ),
        ];
        Self {
            settings: settings
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            folder,
        }
    }

    /// A place with people. Who are the same people in another test are added once, and copied.
    pub fn of(people: &[Person]) -> Self {
        static PREPARED: Mutex<BTreeMap<String, Arc<Place>>> = Mutex::new(BTreeMap::new());
        let names: Vec<_> = people.iter().map(|person| person.email).collect();
        let prepared = {
            let mut all = PREPARED.lock().unwrap_or_else(PoisonError::into_inner);
            let first = || {
                let place = Self::new();
                for person in people {
                    place.add(person);
                }
                Arc::new(place)
            };
            Arc::clone(all.entry(names.join(" ")).or_insert_with(first))
        };
        let place = Self::new();
        // What a command has written may still lie in the log of changes beside the file.
        let databases = ["kalends.db", "kalends.db-wal", "vault.db", "vault.db-wal"];
        for name in databases.into_iter().chain(["vault.keys"]) {
            let (from, to) = (prepared.path().join(name), place.path().join(name));
            if from.exists() {
                fs::copy(from, to).unwrap();
            }
        }
        place
    }

    /// Whether the main database holds a text, its log of changes included.
    pub fn main_database_holds(&self, text: &str) -> bool {
        ["kalends.db", "kalends.db-wal"].iter().any(|name| {
            let bytes = fs::read(self.path().join(name)).unwrap_or_default();
            bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
    }

    /// A practice Exchange that this Kalends finds under `mail.example.test` and by Autodiscover.
    pub async fn exchange(&mut self) -> RunningSimulator {
        let clock = SimulatedClock::system();
        let exchange = Simulator::start(Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            control: "127.0.0.1:0".parse().unwrap(),
            folder: self.path().to_owned(),
            world: practice::world(clock.now()).unwrap(),
            clock,
        })
        .await
        .unwrap();
        let names = ["mail", "autodiscover"].map(|name| format!("{name}.example.test"));
        let at = exchange.ews_addr;
        // A host outside the mail domain can be reached; nobody vouches for it.
        let reached = names
            .iter()
            .map(String::as_str)
            .chain(["mail.hosting.test"]);
        let rules: Vec<_> = reached.map(|name| format!("{name}:443={at}")).collect();
        self.set("KALENDS_EXCHANGE_HOSTS", &names.join(","));
        self.set("KALENDS_EXCHANGE_CONNECT_TO", &rules.join(","));
        let ca = exchange.ca_pem_path.display().to_string();
        self.set("KALENDS_EXCHANGE_CA_FILE", &ca);
        exchange
    }

    pub fn add(&self, person: &Person) {
        let mut words = vec![
            "user",
            "add",
            "--email",
            person.email,
            "--name",
            person.name,
        ];
        words.extend(person.admin.then_some("--admin"));
        let added = self.run(&words, person.password);
        assert_eq!(added.code, Some(0), "{added:?}");
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kalends"));
        command.args(words).env_clear().envs(&self.settings);
        command.current_dir(self.path());
        command
    }

    /// Runs a command to its end with `input` on standard input; one that goes on for 20 seconds is ended.
    pub fn run(&self, words: &[&str], input: &str) -> Ended {
        let (out, err) = (self.path().join("run.out"), self.path().join("run.err"));
        let mut child = self
            .command(words)
            .stdin(Stdio::piped())
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap())
            .spawn()
            .unwrap();
        // A command that does not read its input closes it; that is no failure of the test.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        let code = end_of(&mut child, Duration::from_secs(20));
        Ended {
            code,
            out: fs::read_to_string(out).unwrap(),
            err: fs::read_to_string(err).unwrap(),
        }
    }

    /// Serves, once it says so. With a public URL in the settings, `url` is that one.
    pub async fn start(&self) -> Kalends {
        self.start_as(self.command(&["serve"])).await
    }

    /// As `start`, with this limit of open files.
    pub async fn start_with_files(&self, files: Rlimit) -> Kalends {
        let mut command = Command::new("sh");
        let (soft, hard) = (files.current.unwrap(), files.maximum.unwrap());
        let script = format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec \"$0\" serve");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_kalends")]);
        command.env_clear().envs(&self.settings);
        command.current_dir(self.path());
        self.start_as(command).await
    }

    async fn start_as(&self, mut command: Command) -> Kalends {
        let log = self.path().join("kalends.log");
        let file = File::create(&log).unwrap();
        let program = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        let mut kalends = Kalends {
            url: String::new(),
            program,
            log,
        };
        kalends.url = kalends.said("Kalends listens at ").await;
        kalends
    }
}

/// `None` when it was ended by force.
fn end_of(child: &mut Child, limit: Duration) -> Option<i32> {
    let started = Instant::now();
    while started.elapsed() < limit {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

impl Kalends {
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// What stands behind `words` in the first line of the log that holds them; waits for it.
    pub async fn said(&mut self, words: &str) -> String {
        let started = Instant::now();
        loop {
            let log = self.log();
            let whole = log.rfind('\n').map_or("", |end| &log[..end]);
            if let Some((_, rest)) = whole.lines().find_map(|line| line.split_once(words)) {
                return rest.trim().to_owned();
            }
            let ended = self.program.try_wait().unwrap();
            assert!(
                ended.is_none() && started.elapsed() < Duration::from_secs(30),
                "Kalends did not say {words:?}, {ended:?}:\n{log}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// A browser in which somebody is signed in.
    pub async fn browser_of(&self, person: &Person) -> Browser {
        let mut browser = self.browser();
        browser.sign_in(person).await;
        browser
    }

    /// Host and port.
    pub fn authority(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.program.id()
    }

    pub fn terminate(&self) {
        let id = i32::try_from(self.program.id()).unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    }

    /// The exit code, once it has ended.
    pub fn end(&mut self) -> Option<i32> {
        end_of(&mut self.program, Duration::from_secs(20))
    }

    pub fn stop(mut self) {
        self.terminate();
        assert_eq!(self.end(), Some(0), "{}", self.log());
    }
}

impl Drop for Kalends {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.program.kill());
        drop(self.program.wait());
    }
}
