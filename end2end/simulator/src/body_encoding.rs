//! Compressed bodies, and what `Content-Encoding` says about them.
//! A server may compress an answer that nobody asked to be compressed, and proxies forget to say so.

use std::io::Write;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};

use crate::{fault::Encoding, http_response::HttpResponse};

/// How many bytes the decompression bomb decompresses to.
const BOMB_SIZE: usize = 64 * 1024 * 1024;

/// Compresses the body of an answer and sets `Content-Encoding` as `encoding` says.
pub fn encode_body(answer: &mut HttpResponse, encoding: Encoding) {
    let body = std::mem::take(&mut answer.body);
    let (packed, header) = match encoding {
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
        Encoding::Bomb => (gzip(&vec![b' '; BOMB_SIZE]), "gzip"),
        Encoding::Unknown => (body, "x-unheard-of"),
    };
    answer.body = packed;
    if !header.is_empty() {
        answer.headers.push(("Content-Encoding", header.to_owned()));
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
