//! The files of words, joined. Autodiscover's stands apart: its words quote those of other problems.

use super::{
    certificate, damaged, mailbox, names::Names, network, organisation, passing, password, proxied,
    server, sign_in, tls, unusable, wording::AdviceBuilder,
};
use crate::problem::Problem;

/// The words for a problem, in the file that has them.
pub(super) fn words_of(problem: &Problem, names: &Names) -> Option<AdviceBuilder> {
    network::words_of(problem)
        .or_else(|| certificate::words_of(problem))
        .or_else(|| unusable::words_of(problem))
        .or_else(|| tls::words_of(problem))
        .or_else(|| server::words_of(problem, names))
        .or_else(|| proxied::words_of(problem, names))
        .or_else(|| sign_in::words_of(problem, names))
        .or_else(|| password::words_of(problem, names))
        .or_else(|| organisation::words_of(problem, names))
        .or_else(|| mailbox::words_of(problem, names))
        .or_else(|| passing::words_of(problem, names))
        .or_else(|| damaged::words_of(problem, names))
}

/// The examples of all of them.
pub(super) fn examples() -> Vec<Problem> {
    [
        network::examples(),
        certificate::examples(),
        unusable::examples(),
        tls::examples(),
        server::examples(),
        proxied::examples(),
        sign_in::examples(),
        password::examples(),
        organisation::examples(),
        mailbox::examples(),
        passing::examples(),
        damaged::examples(),
    ]
    .concat()
}
