//! Unpacks answers: servers and proxies pack them whether or not they were asked to, and do not always say so. What comes
//! out is bounded by the same limit as what comes in.

use super::response::{BodyError, BodyStream};
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use futures::{StreamExt as _, stream};
use http::{HeaderMap, header::CONTENT_ENCODING};
use hyper::body::Bytes;
use std::io::{self, Write as _};

/// What Kalends says that it can unpack.
pub const ACCEPTED_ENCODINGS: &str = "gzip, deflate";
/// How often an answer may have been packed.
const MAX_LAYERS: usize = 2;
/// How much is unpacked at a time, in bytes: no more than a thousand times as much comes out of it.
const CHUNK_BYTES: usize = 1024;

/// At most `limit` bytes of a body, after it was unpacked and before.
pub fn decompressed(body: BodyStream, headers: &HeaderMap, limit: usize) -> BodyStream {
    let Some(layers) = layers(headers) else {
        return Box::pin(body.map(|chunk| chunk.and(Err(BodyError::Packed))));
    };
    let mut body = limited(body, limit);
    for layer in 0..MAX_LAYERS {
        let is_deflate = layers.get(layer).is_some_and(|name| name == "deflate");
        body = limited(one_layer(body, is_deflate), limit);
    }
    body
}

/// How a body was packed, the last layer first; `None` if that is more than can be undone.
fn layers(headers: &HeaderMap) -> Option<Vec<String>> {
    let mut layers: Vec<String> = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty() && name != "identity")
        .collect();
    layers.reverse();
    let is_known = |name: &String| matches!(name.as_str(), "gzip" | "x-gzip" | "deflate");
    (layers.len() <= MAX_LAYERS && layers.iter().all(is_known)).then_some(layers)
}

fn limited(body: BodyStream, limit: usize) -> BodyStream {
    let mut left = limit;
    Box::pin(body.map(move |chunk| {
        let chunk = chunk?;
        left = left.checked_sub(chunk.len()).ok_or(BodyError::TooLarge)?;
        Ok(chunk)
    }))
}

/// The bytes themselves say how they were packed, since the header may be wrong about it.
enum Decompressor {
    Unknown,
    None,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Zlib(Box<ZlibDecoder<Vec<u8>>>),
    Deflate(Box<DeflateDecoder<Vec<u8>>>),
}

struct Layer {
    body: BodyStream,
    is_deflate: bool,
    decompressor: Decompressor,
    /// What came in and was not unpacked yet.
    waiting: Bytes,
    has_ended: bool,
}

fn one_layer(body: BodyStream, is_deflate: bool) -> BodyStream {
    let layer = Layer {
        body,
        is_deflate,
        decompressor: Decompressor::Unknown,
        waiting: Bytes::new(),
        has_ended: false,
    };
    Box::pin(stream::try_unfold(layer, |mut layer| async move {
        let next = layer.next().await?;
        Ok(next.map(|bytes| (bytes, layer)))
    }))
}

impl Layer {
    /// The next unpacked bytes; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            // Two bytes tell how it was packed.
            let is_unknown = matches!(self.decompressor, Decompressor::Unknown);
            if self.waiting.is_empty() || (is_unknown && self.waiting.len() < 2) {
                if self.has_ended {
                    return self.end();
                }
                match self.body.next().await {
                    Some(chunk) => self.waiting = concatenated(&self.waiting, chunk?),
                    None => self.has_ended = true,
                }
                if !self.has_ended {
                    continue;
                }
            }
            if matches!(self.decompressor, Decompressor::Unknown) {
                self.decompressor = Decompressor::of(&self.waiting, self.is_deflate);
            }
            if self.waiting.is_empty() {
                continue;
            }
            if matches!(self.decompressor, Decompressor::None) {
                return Ok(Some(std::mem::take(&mut self.waiting)));
            }
            let step = self.waiting.split_to(CHUNK_BYTES.min(self.waiting.len()));
            let out = self
                .decompressor
                .decompress(&step)
                .map_err(|error| body_error(&error))?;
            if !out.is_empty() {
                return Ok(Some(out));
            }
        }
    }

    fn end(&mut self) -> Result<Option<Bytes>, BodyError> {
        let decompressor = std::mem::replace(&mut self.decompressor, Decompressor::None);
        let rest = match decompressor {
            Decompressor::Unknown | Decompressor::None => return Ok(None),
            Decompressor::Gzip(decoder) => decoder.finish(),
            Decompressor::Zlib(decoder) => decoder.finish(),
            Decompressor::Deflate(decoder) => decoder.finish(),
        };
        let rest = rest.map_err(|error| body_error(&error))?;
        Ok((!rest.is_empty()).then(|| Bytes::from(rest)))
    }
}

impl Decompressor {
    fn of(start: &[u8], is_deflate: bool) -> Self {
        match start {
            [0x1F, 0x8B, ..] => Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
            [] => Self::None,
            _ if !is_deflate => Self::None,
            // The header of zlib: deflate, and a checksum.
            [a, b, ..] if a & 0x0F == 8 && u16::from_be_bytes([*a, *b]).is_multiple_of(31) => {
                Self::Zlib(Box::new(ZlibDecoder::new(Vec::new())))
            }
            // XML that nobody packed.
            [b'<' | b'\r' | b'\n' | b' ' | 0xEF, ..] => Self::None,
            _ => Self::Deflate(Box::new(DeflateDecoder::new(Vec::new()))),
        }
    }

    fn decompress(&mut self, step: &[u8]) -> io::Result<Bytes> {
        let out = match self {
            Self::Unknown | Self::None => return Ok(Bytes::copy_from_slice(step)),
            Self::Gzip(decoder) => {
                decoder.write_all(step)?;
                decoder.get_mut()
            }
            Self::Zlib(decoder) => {
                decoder.write_all(step)?;
                decoder.get_mut()
            }
            Self::Deflate(decoder) => {
                decoder.write_all(step)?;
                decoder.get_mut()
            }
        };
        Ok(Bytes::from(std::mem::take(out)))
    }
}

fn concatenated(start: &Bytes, end: Bytes) -> Bytes {
    if start.is_empty() {
        return end;
    }
    let mut both = start.to_vec();
    both.extend_from_slice(&end);
    Bytes::from(both)
}

fn body_error(error: &io::Error) -> BodyError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => BodyError::CutShort,
        _ => BodyError::Packed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};

    async fn read(
        bytes: &[u8],
        chunk: usize,
        encoding: &str,
        limit: usize,
    ) -> Result<Vec<u8>, BodyError> {
        let chunks: Vec<_> = bytes
            .chunks(chunk)
            .map(|part| Ok(Bytes::copy_from_slice(part)))
            .collect();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, encoding.parse().unwrap());
        let mut body = decompressed(Box::pin(stream::iter(chunks)), &headers, limit);
        let mut all = Vec::new();
        while let Some(chunk) = body.next().await {
            all.extend_from_slice(&chunk?);
        }
        Ok(all)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[tokio::test]
    async fn whatever_the_chunks_are_the_bytes_come_out_once() {
        let text: Vec<u8> = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
        for chunk in [1, 2, 3, 1000, 1_000_000] {
            for encoding in ["gzip", "X-GZIP", "identity", "identity, gzip"] {
                let out = read(&gzip(&text), chunk, encoding, 1_000_000).await;
                assert_eq!(out.as_deref(), Ok(&text[..]), "{chunk} {encoding}");
            }
            let out = read(&gzip(&gzip(&text)), chunk, "gzip, gzip", 1_000_000).await;
            assert_eq!(out.as_deref(), Ok(&text[..]), "{chunk}");
        }
        for short in [&b""[..], b"<", b"<a/>"] {
            for encoding in ["gzip", "deflate", ""] {
                assert_eq!(read(short, 1, encoding, 10).await.as_deref(), Ok(short));
            }
        }
    }

    #[tokio::test]
    async fn the_limit_holds_for_what_comes_out() {
        let bomb = gzip(&vec![b' '; 20_000_000]);
        for encoding in ["gzip", ""] {
            let out = read(&bomb, 4096, encoding, 1_000_000).await;
            assert_eq!(out, Err(BodyError::TooLarge));
        }
        let twice = gzip(&bomb);
        assert_eq!(
            read(&twice, 4096, "gzip, gzip", 1_000_000).await,
            Err(BodyError::TooLarge)
        );
        let torn = &bomb[..bomb.len() / 2];
        assert_eq!(
            read(torn, 4096, "gzip", 100_000_000).await,
            Err(BodyError::CutShort)
        );
        for unknown in ["br", "gzip, br", "gzip, gzip, gzip"] {
            assert_eq!(read(&bomb, 4096, unknown, 10).await, Err(BodyError::Packed));
        }
    }
}
