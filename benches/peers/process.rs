//! The clients of others, each a script in a process of its own that measures its own processor time.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

pub struct Peer {
    pub name: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    pub fn start_all() -> Vec<Self> {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
        let python = env::var_os("PEERS_PYTHON").unwrap();
        let exchangelib = |way| {
            let mut command = Command::new(&python);
            command.arg(scripts.join("view.py")).arg(way);
            command
        };
        let mut javascript = Command::new("node");
        javascript.arg(scripts.join("view.js"));
        [
            exchangelib("find-item"),
            exchangelib("documented"),
            javascript,
        ]
        .map(Self::start)
        .into()
    }

    /// Account, window and trusted authority are in the environment.
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut peer = Self {
            name: String::new(),
            child,
            input,
            output,
        };
        peer.name = peer.line();
        peer
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Seconds of processor time of so many readings, after one that is not counted.
    pub fn seconds(&mut self, times: u32, entries: u32) -> f64 {
        writeln!(self.input, "{times}").unwrap();
        let line = self.line();
        let (seconds, read) = line.split_once(' ').unwrap();
        assert_eq!(read.parse(), Ok(entries), "{}", self.name);
        seconds.parse().unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
