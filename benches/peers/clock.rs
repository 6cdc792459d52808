//! Processor time.

use rustix::time::{ClockId, clock_gettime};

/// Seconds of processor time of this process for doing some work so many times.
pub fn seconds(times: u32, mut work: impl FnMut()) -> f64 {
    let begun = now();
    for _ in 0..times {
        work();
    }
    now() - begun
}

#[expect(clippy::cast_precision_loss, reason = "seconds of one run")]
fn now() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
