//! Named points between two writes, at which a test ends the process as a power cut would.
//!
//! In a release they are nothing.

/// Every point, so that a test can hit each.
pub const ALL: [&str; 32] = [
    "save-before-announce",
    "save-before-seal",
    "save-after-seal",
    "save-after-main",
    "forget-before-main",
    "forget-after-main",
    "forget-before-unlist",
    "forget-after-vault",
    "switch-before-main",
    "switch-after-main",
    "switch-after-vault",
    "rotate-before-memory",
    "rotate-after-memory",
    "rotate-after-seal",
    "rotate-after-main",
    "rotate-before-line",
    "prune-before-main",
    "prune-after-main",
    "prune-between-rows",
    "prune-after-vault",
    "adopt-before-main",
    "adopt-after-main",
    "adopt-after-vault",
    "adopt-after-memory",
    "run-between-entries",
    "run-before-commit",
    "run-after-commit",
    "job-after-lease",
    "job-in-step",
    "job-after-step",
    "job-before-end",
    "job-after-end",
];

/// Ends the process with SIGKILL if `KALENDS_FAIL_POINT` names this point.
#[cfg(debug_assertions)]
pub fn reached(name: &str) {
    debug_assert!(ALL.contains(&name), "{name} is not in the list");
    if std::env::var("KALENDS_FAIL_POINT").is_ok_and(|wanted| wanted == name) {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        // The signal takes the process before this is left.
        loop {
            std::thread::park();
        }
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub const fn reached(_name: &str) {}
