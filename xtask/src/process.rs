//! Runs other programs, says what it does and how long that takes, and leaves none behind.
//!
//! Every child leads a process group of its own, so that a signal to this program can end all of them in order.

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpid};
use std::{
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus, Stdio, exit},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How long a program may take to end once told to.
const PATIENCE: Duration = Duration::from_secs(12);
const TICK: Duration = Duration::from_millis(50);

static GROUPS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());
static STOPPING: AtomicBool = AtomicBool::new(false);

/// From here on Ctrl-C, SIGTERM and SIGHUP end every child before this program.
pub fn end_children_on_signal() -> Result<()> {
    ctrlc::set_handler(|| {
        STOPPING.store(true, Ordering::SeqCst);
        let mut groups = GROUPS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for group in &groups {
            let _ = kill_process_group(*group, Signal::TERM);
        }
        let deadline = Instant::now() + PATIENCE;
        while !groups.is_empty() && Instant::now() < deadline {
            groups.retain(|group| matches!(waitpid(Some(*group), WaitOptions::NOHANG), Ok(None)));
            thread::sleep(TICK);
        }
        for group in groups {
            let _ = kill_process_group(group, Signal::KILL);
        }
        eprintln!("\nStopped.");
        exit(130);
    })
    .context("signals cannot be caught")
}

/// Blocks while the signal handler ends the children; it ends this program too.
pub fn park_if_stopping() {
    while STOPPING.load(Ordering::SeqCst) {
        thread::park();
    }
}

/// Announces a step, does it, and says how long it took.
pub fn step<T>(what: &str, usually: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("· {what} ({usually})");
    let start = Instant::now();
    let outcome = work();
    if outcome.is_ok() {
        println!("  done in {:.1} s", start.elapsed().as_secs_f32());
    }
    outcome
}

/// Runs a program to its end with its output on the terminal. Fails unless it ends well.
pub fn run(command: &mut Command) -> Result<()> {
    let status = wait(spawn(command)?)?;
    if !status.success() {
        bail!("{} ended with {status}", told(command));
    }
    Ok(())
}

/// Runs a program to its end and returns what it printed. Fails unless it ends well.
pub fn read(command: &mut Command) -> Result<String> {
    let (status, text) = listen(command, false)?;
    if !status.success() {
        bail!("{} ended with {status}", told(command));
    }
    Ok(text)
}

/// Runs a program to its end, shows what it prints and returns that too.
pub fn show_and_read(command: &mut Command) -> Result<(ExitStatus, String)> {
    listen(command, true)
}

fn listen(command: &mut Command, show: bool) -> Result<(ExitStatus, String)> {
    let mut child = spawn(command.stdout(Stdio::piped()))?;
    let mut text = String::new();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            if show {
                println!("{line}");
            }
            text.push_str(&line);
            text.push('\n');
        }
    }
    Ok((wait(child)?, text))
}

/// Runs a program that takes its input, such as a password, from `input` alone. Fails unless it ends well.
pub fn run_with_input(command: &mut Command, input: &str) -> Result<()> {
    let mut child = spawn_with(command, Stdio::piped())?;
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(input.as_bytes())?;
    }
    let status = wait(child)?;
    if !status.success() {
        bail!("{} ended with {status}", told(command));
    }
    Ok(())
}

fn spawn(command: &mut Command) -> Result<Child> {
    spawn_with(command, Stdio::null())
}

fn spawn_with(command: &mut Command, input: Stdio) -> Result<Child> {
    park_if_stopping();
    let child = command
        .process_group(0)
        .stdin(input)
        .env_remove("LD_LIBRARY_PATH") // cargo's own libraries are for cargo's own children
        .spawn()
        .with_context(|| format!("{} does not start", told(command)))?;
    GROUPS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(Pid::from_child(&child));
    Ok(child)
}

fn wait(mut child: Child) -> Result<ExitStatus> {
    let status = child.wait();
    forget(&child);
    park_if_stopping();
    Ok(status?)
}

fn forget(child: &Child) {
    let group = Pid::from_child(child);
    GROUPS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .retain(|known| *known != group);
}

fn told(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A program that runs beside this one until it is dropped.
#[derive(Debug)]
pub struct Background {
    child: Child,
}

impl Background {
    pub fn start(command: &mut Command) -> Result<Self> {
        Ok(Self {
            child: spawn(command)?,
        })
    }

    /// Its exit status, if it has ended.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.try_wait();
        park_if_stopping();
        Ok(status?)
    }

    /// Its standard output, where the command asked for a pipe. Only the first call gets it.
    pub fn output(&mut self) -> Option<impl BufRead + Send + use<>> {
        self.child.stdout.take().map(BufReader::new)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.child);
        let deadline = Instant::now() + PATIENCE;
        let _ = kill_process_group(group, Signal::TERM);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(TICK);
        }
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
        forget(&self.child);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_is_told_with_its_arguments() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "sh -c exit 3 ended with exit status: 3");
    }

    #[test]
    fn a_dropped_background_program_is_gone_with_its_children() {
        let mut shell = Background::start(
            Command::new("sh")
                .args(["-c", "sleep 60 & echo $!; wait"])
                .stdout(Stdio::piped()),
        )
        .unwrap();
        let mut line = String::new();
        shell.output().unwrap().read_line(&mut line).unwrap();
        drop(shell);
        let sleeper = Pid::from_raw(line.trim().parse().unwrap()).unwrap();
        // The signal is on its way when the drop returns; the kernel takes a moment to end the process.
        let ended = || {
            let state = std::fs::read_to_string(format!("/proc/{}/stat", sleeper.as_raw_nonzero()))
                .unwrap_or_default();
            state.is_empty() || state.contains(") Z ")
        };
        let deadline = Instant::now() + Duration::from_secs(5);
        while !ended() && Instant::now() < deadline {
            thread::sleep(TICK);
        }
        assert!(ended());
    }
}
