//! The body of a request, held to a size and a pace. What is wrong with it decides the answer, whatever the handler made
//! of a body that broke off.

use axum::{
    body::{Body, Bytes, HttpBody},
    http::StatusCode,
};
use hyper::body::{Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep_until};

/// How a body may come.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Between two pieces.
    pub pause: Duration,
    /// For the whole, before any of it came.
    pub whole: Duration,
    /// Each so many bytes win a second more.
    pub bytes_a_second: u32,
}

/// What browsers on slow lines keep up with.
pub const PACE: Pace = Pace {
    pause: Duration::from_secs(10),
    whole: Duration::from_secs(20),
    bytes_a_second: 8 * 1024,
};

/// What was wrong with a body, once it is known.
#[derive(Debug, Clone, Default)]
pub struct BodyFault(Arc<OnceLock<StatusCode>>);

impl BodyFault {
    /// 413 for too large, 408 for too slow, 400 for what is no HTTP.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.get().copied()
    }
}

/// Why no more of a body is read.
#[derive(Debug, thiserror::Error)]
#[error("the body is not read on: {0}")]
struct Broken(StatusCode);

/// A body with its limits; its time starts when somebody begins to read it.
pub struct LimitedBody {
    body: Body,
    left: usize,
    pace: Pace,
    read: usize,
    begun: Option<Instant>,
    sleep: Pin<Box<Sleep>>,
    fault: BodyFault,
    null: Option<NullFilter>,
}

/// Puts another control character in the place of each null character of a form, where it is written `%00`: no text of a
/// database holds that one, and no field takes either.
#[derive(Debug, Default)]
struct NullFilter {
    matched: usize,
}

impl NullFilter {
    const NULL: &[u8] = b"%00";

    /// The piece without null characters; `None` where it has none.
    fn filtered(&mut self, piece: &[u8]) -> Option<Vec<u8>> {
        let mut filtered = None;
        for (place, byte) in piece.iter().enumerate() {
            self.matched = match byte {
                b'%' => 1,
                b'0' if self.matched > 0 => self.matched + 1,
                _ => 0,
            };
            if self.matched == Self::NULL.len() {
                self.matched = 0;
                let text = filtered.get_or_insert_with(|| piece.to_vec());
                if let Some(last) = text.get_mut(place) {
                    *last = b'1';
                }
            }
        }
        filtered
    }
}

impl LimitedBody {
    pub fn new(body: Body, limit: usize, pace: Pace) -> (Self, BodyFault) {
        let fault = BodyFault::default();
        let limited = Self {
            body,
            left: limit,
            pace,
            read: 0,
            begun: None,
            sleep: Box::pin(sleep_until(Instant::now())),
            fault: fault.clone(),
            null: None,
        };
        (limited, fault)
    }

    /// As it is for a form: without null characters.
    pub fn without_null(mut self) -> Self {
        self.null = Some(NullFilter::default());
        self
    }

    /// Sets the time by which the next piece has to come.
    fn expect_next(&mut self, begun: Instant) {
        let won = u32::try_from(self.read).unwrap_or(u32::MAX) / self.pace.bytes_a_second;
        let end = begun + self.pace.whole + Duration::from_secs(won.into());
        let next = Instant::now() + self.pace.pause;
        self.sleep.as_mut().reset(end.min(next));
    }

    fn broken(&self, status: StatusCode) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let status = *self.fault.0.get_or_init(|| status);
        Poll::Ready(Some(Err(axum::Error::new(Broken(status)))))
    }
}

impl HttpBody for LimitedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(status) = self.fault.status() {
            return self.broken(status);
        }
        let begun = if let Some(begun) = self.begun {
            begun
        } else {
            let now = Instant::now();
            self.begun = Some(now);
            self.expect_next(now);
            now
        };
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                let Some(left) = self.left.checked_sub(length) else {
                    return self.broken(StatusCode::PAYLOAD_TOO_LARGE);
                };
                self.left = left;
                self.read += length;
                self.expect_next(begun);
                let filter = self.null.as_mut().zip(frame.data_ref());
                let filtered = filter.and_then(|(filter, data)| filter.filtered(data));
                let frame = filtered.map_or(frame, |data| Frame::data(data.into()));
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(_))) => self.broken(StatusCode::BAD_REQUEST),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match self.sleep.as_mut().poll(cx) {
                Poll::Ready(()) => self.broken(StatusCode::REQUEST_TIMEOUT),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{StreamExt as _, stream};
    use std::io;

    const FAST: Pace = Pace {
        pause: Duration::from_millis(20),
        whole: Duration::from_hours(1),
        bytes_a_second: 1024,
    };

    type Piece = Result<&'static str, io::Error>;

    /// What comes of a body of which these pieces come, and then nothing more unless it has an end.
    async fn read(pieces: Vec<Piece>, has_end: bool, pace: Pace) -> Option<StatusCode> {
        let pieces = stream::iter(pieces);
        let body = if has_end {
            Body::from_stream(pieces)
        } else {
            Body::from_stream(pieces.chain(stream::pending()))
        };
        let (limited, fault) = LimitedBody::new(body, 10, pace);
        let read = axum::body::to_bytes(Body::new(limited), usize::MAX).await;
        assert_eq!(read.is_err(), fault.status().is_some());
        fault.status()
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_body_is_known_afterwards() {
        let broken = || Err(io::Error::other("no chunk size"));
        for (pieces, has_end, expected) in [
            (vec![Ok("12345"), Ok("67890")], true, None),
            (vec![Ok("12345"), Ok("678901")], true, Some(413)),
            (vec![Ok("12345"), broken()], true, Some(400)),
            (vec![Ok("12345")], false, Some(408)),
            (vec![], false, Some(408)),
        ] {
            let status = read(pieces, has_end, FAST).await;
            assert_eq!(status.map(|it| it.as_u16()), expected);
        }
    }

    #[test]
    fn a_null_character_is_taken_out_wherever_a_form_is_cut() {
        let filtered = |pieces: &[&str]| {
            let mut filter = NullFilter::default();
            let piece = |piece: &&str| {
                filter
                    .filtered(piece.as_bytes())
                    .unwrap_or_else(|| piece.as_bytes().to_vec())
            };
            String::from_utf8(pieces.iter().flat_map(piece).collect()).unwrap()
        };
        for (pieces, expected) in [
            (&["name=%00"][..], "name=%01"),
            (&["name=a%", "00b"], "name=a%01b"),
            (&["%", "0", "0", "%00"], "%01%01"),
            (&["%%00"], "%%01"),
            (&["%0%00"], "%0%01"),
            (&["name=%2500"], "name=%2500"),
            (&["%0", "a0", "0"], "%0a00"),
            (&["%20%0A"], "%20%0A"),
        ] {
            assert_eq!(filtered(pieces), expected);
        }
    }

    #[tokio::test]
    async fn a_body_that_drips_has_an_end_as_well() {
        let pace = Pace {
            pause: Duration::from_hours(1),
            whole: Duration::from_millis(20),
            bytes_a_second: 1024,
        };
        let status = read(vec![Ok("1"), Ok("2")], false, pace).await;
        assert_eq!(status, Some(StatusCode::REQUEST_TIMEOUT));
    }
}
