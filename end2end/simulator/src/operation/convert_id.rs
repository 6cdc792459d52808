//! `ConvertId`, as far as clients use it: to probe version and authentication with an id that cannot be converted.
//! Every id is told to be malformed, which is what a made-up one gets from Exchange.

use super::{Scene, refuse};
use crate::soap::{envelope::ResponseError, request::Request};

pub fn answer(_: Scene<'_>, request: &Request<'_, '_>) -> String {
    refuse(
        request,
        &ResponseError::new("ErrorInvalidIdMalformed", "Id is malformed."),
    )
}
