//! Packed bodies, told truly or not. A server may pack whether or not it was asked to, and proxies forget to say so.

use std::io::Write;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};

use crate::{answer::Answer, fault::Encoding};

/// What the small answer unpacks to that is meant to burst its reader.
const BOMB: usize = 64 * 1024 * 1024;

/// Packs the body of an answer and says what `encoding` says about it.
pub fn pack(answer: &mut Answer, encoding: Encoding) {
    let body = std::mem::take(&mut answer.body);
    let (packed, told) = match encoding {
        Encoding::Gzip => (gzip(&body), "gzip"),
        Encoding::Zlib => (zlib(&body), "deflate"),
        Encoding::Deflate => (deflate(&body), "deflate"),
        Encoding::GzipGzip => (gzip(&gzip(&body)), "gzip, gzip"),
        Encoding::UntoldGzip => (gzip(&body), ""),
        Encoding::OnlySaidGzip => (body, "gzip"),
        Encoding::TornGzip => {
            let mut packed = gzip(&body);
            packed.truncate(packed.len() / 2);
            (packed, "gzip")
        }
        Encoding::Bomb => (gzip(&vec![b' '; BOMB]), "gzip"),
        Encoding::Unknown => (body, "x-unheard-of"),
    };
    answer.body = packed;
    if !told.is_empty() {
        answer.headers.push(("Content-Encoding", told.to_owned()));
    }
}

// Writing into a Vec cannot fail.
fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    drop(encoder.write_all(body));
    encoder.finish().unwrap_or_default()
}

fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    drop(encoder.write_all(body));
    encoder.finish().unwrap_or_default()
}

fn deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    drop(encoder.write_all(body));
    encoder.finish().unwrap_or_default()
}
