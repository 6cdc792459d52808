//! What server functions need of the request they answer: who asks, in which session, and how to send them on.

mod answer;
mod connection;
mod context;
mod device;
mod draft;
mod job;
mod session;
mod user;

pub use answer::{
    as_data, busy, failure, internal, not_there, see_other, set_not_found, set_status, status_of,
};
pub use connection::{
    advice_for, analysis_of, connection_by_id, ending_certificates, formatter, mode_words,
};
pub use context::{
    ClientAddress, FailedForm, HttpRequestId, PublicOrigin, is_follow_up, is_plain, public_origin,
    services,
};
pub use device::{DeviceCookie, visitor};
pub use draft::{keep_draft, keep_question, look_at_draft, take_draft, take_question};
pub use job::{given_up_because, job, own_job};
pub use kalends_core::rights::Right;
pub use session::{
    AWAITED_KEY, DEVICE_KEY, USER_KEY, await_code, awaited, end_all_sessions, end_other_sessions,
    end_session, flash, may_see_enrolment, show_enrolment, start_session, take_flash, this_session,
};
pub use user::{local_path, may, user, user_if_signed_in, user_with};
