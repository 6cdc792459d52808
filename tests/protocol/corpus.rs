//! What fuzzing keeps: each reader of remote bytes reads its corpus to the end without a panic.

use kalends_exchange::untrusted::READERS;
use std::{fs, path::Path};

#[test]
fn every_reader_reads_its_corpus_whole_and_in_pieces() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, read) in READERS {
        let mut files = 0;
        for entry in fs::read_dir(corpus.join(name)).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            files += 1;
            // Cut off anywhere, and with each byte spoilt in turn: what a first minute of fuzzing does.
            for at in 0..=bytes.len() {
                read(&bytes[..at]);
                let mut spoilt = bytes.clone();
                if let Some(byte) = spoilt.get_mut(at) {
                    *byte ^= 0x80;
                    read(&spoilt);
                }
            }
        }
        assert!(files >= 2, "{name} has {files} files");
    }
    let folders = fs::read_dir(&corpus).unwrap().count();
    assert_eq!(folders, READERS.len(), "a corpus without a reader");
}
