//! The wire against the practice Exchange: the connection test, every problem it can end with, and whole windows.
//! The practice Exchange shares no code with the client, so that a misunderstanding cannot hide on both sides.
//! Beside it an acceptor that others wrote, answers made to harm the reader, and what fuzzing keeps.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "protocol/acceptor.rs"]
mod acceptor;
#[path = "protocol/autodiscover.rs"]
mod autodiscover;
#[path = "protocol/causes.rs"]
mod causes;
#[path = "protocol/certificates.rs"]
mod certificates;
#[path = "protocol/corpus.rs"]
mod corpus;
#[path = "protocol/faults.rs"]
mod faults;
#[path = "protocol/hostile.rs"]
mod hostile;
#[path = "protocol/issuing.rs"]
mod issuing;
#[path = "protocol/negotiate.rs"]
mod negotiate;
#[path = "protocol/ntlm.rs"]
mod ntlm;
#[path = "protocol/office.rs"]
mod office;
#[path = "protocol/other_letters.rs"]
mod other_letters;
#[path = "protocol/packed.rs"]
mod packed;
#[path = "protocol/problems.rs"]
mod problems;
#[path = "protocol/proxied.rs"]
mod proxied;
#[path = "protocol/success.rs"]
mod success;
#[path = "protocol/throttled.rs"]
mod throttled;
#[path = "protocol/tls.rs"]
mod tls;
#[path = "protocol/window.rs"]
mod window;
#[path = "protocol/wire.rs"]
mod wire;
