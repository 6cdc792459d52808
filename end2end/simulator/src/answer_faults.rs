//! Planned faults that change a finished answer: its body, its headers, or how it is delivered.
//! Several may apply to one answer, each kind once.

use crate::{
    body_encoding,
    fault::{FaultKind, FaultStage, RequestTarget},
    http_response::{Delivery, HttpResponse},
    soap::text::shuffle_prefixes,
    world::World,
};

/// Applies every matching fault to the answer, each kind once.
pub fn apply(world: &mut World, target: RequestTarget<'_>, answer: &mut HttpResponse) {
    let kinds: [fn(&FaultKind) -> bool; 13] = [
        |kind| matches!(kind, FaultKind::Slow { .. }),
        |kind| matches!(kind, FaultKind::ResetBeforeAnswer),
        |kind| matches!(kind, FaultKind::Garbled),
        |kind| matches!(kind, FaultKind::PrefixShuffle),
        |kind| matches!(kind, FaultKind::Oversized { .. }),
        |kind| matches!(kind, FaultKind::Bom),
        |kind| matches!(kind, FaultKind::Preceded { .. }),
        |kind| matches!(kind, FaultKind::Utf16 { .. }),
        |kind| matches!(kind, FaultKind::ContentType { .. }),
        |kind| matches!(kind, FaultKind::Encoded { .. }),
        |kind| matches!(kind, FaultKind::SlowDrip { .. }),
        |kind| matches!(kind, FaultKind::ResetMidBody),
        |kind| matches!(kind, FaultKind::Truncated { .. }),
    ];
    // Only the first two make sense without a body, such as that of a 401.
    let applicable = if answer.body.is_empty() {
        2
    } else {
        kinds.len()
    };
    for is_kind in &kinds[..applicable] {
        if let Some(kind) = world.faults.take_if(FaultStage::Answer, target, is_kind) {
            world.counters_mut().fault();
            apply_fault(answer, &kind);
        }
    }
}

fn apply_fault(answer: &mut HttpResponse, kind: &FaultKind) {
    match kind {
        FaultKind::Slow { milliseconds } => answer.delay_ms = *milliseconds,
        FaultKind::SlowDrip {
            bytes,
            milliseconds,
        } => {
            answer.delivery = Delivery::Drip {
                bytes: (*bytes).max(1),
                pause_ms: *milliseconds,
            };
        }
        FaultKind::ResetMidBody => answer.delivery = Delivery::ResetMidBody,
        FaultKind::ResetBeforeAnswer => answer.delivery = Delivery::ResetBefore,
        FaultKind::Truncated { framing } => answer.delivery = Delivery::Cut(*framing),
        FaultKind::Garbled => {
            answer.status = 200;
            answer.body.truncate(answer.body.len() / 2);
            answer.body.extend_from_slice(b"<<&\xff</s:Envelope>");
        }
        FaultKind::Oversized { bytes } => pad_body(&mut answer.body, *bytes),
        FaultKind::Bom => {
            answer.body.splice(0..0, *b"\xef\xbb\xbf");
        }
        FaultKind::Preceded { text } => {
            answer.body.splice(0..0, text.bytes());
        }
        FaultKind::Utf16 { big_endian, mark } => {
            answer.body = to_utf16(&answer.body, *big_endian, *mark);
        }
        FaultKind::ContentType { content_type } => {
            answer.headers.retain(|(name, _)| *name != "Content-Type");
            if !content_type.is_empty() {
                answer.headers.push(("Content-Type", content_type.clone()));
            }
        }
        FaultKind::Encoded { encoding } => body_encoding::encode_body(answer, *encoding),
        FaultKind::PrefixShuffle => {
            let text = String::from_utf8_lossy(&answer.body);
            answer.body = shuffle_prefixes(&text).into_bytes();
        }
        _ => {}
    }
}

/// Pads an XML document to this size. White space between elements is harmless, so that only the size is at fault.
fn pad_body(body: &mut Vec<u8>, size: usize) {
    let missing = size.saturating_sub(body.len());
    if let Some(last_tag) = body.iter().rposition(|byte| *byte == b'<') {
        let tail = body.split_off(last_tag);
        body.resize(last_tag + missing, b' ');
        body.extend(tail);
    }
}

fn to_utf16(body: &[u8], big_endian: bool, mark: bool) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let text = text.replacen(r#"encoding="utf-8""#, r#"encoding="utf-16""#, 1);
    let mark = mark.then_some(0xfeff);
    let units = mark.into_iter().chain(text.encode_utf16());
    units
        .flat_map(|unit| {
            if big_endian {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        })
        .collect()
}
