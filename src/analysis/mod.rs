//! Looking closely at an Exchange without connecting anything: the connection test for a mailbox, then for the
//! control mailbox, as a report to read and to send on. It is a row for a while, so that every instance shows it; the
//! password lives in the task that works on it alone.

mod analyse;
mod report;
mod result;
mod run;

pub use analyse::analyse;
pub use report::report;
pub use result::{Analysis, AnalysisEnd, Part, PartEnd, TOLD_ABOVE};
pub use run::{cancel, read, start};
