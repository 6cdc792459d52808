//! Certificates that worked: a change is told apart, and the end of those in use is seen coming.

use crate::{engines::on_both_engines, world::SERVICE};
use kalends_core::{clock::Timestamp, problem::Certificate};

fn certificate(fingerprint: &str, ends: Timestamp) -> Certificate {
    Certificate {
        subject: "CN=mail.example.test".to_owned(),
        issuer: format!("CN=Issuer of {fingerprint}"),
        names: vec!["mail.example.test".to_owned()],
        not_before: Timestamp::from_seconds(0),
        not_after: ends,
        fingerprint: fingerprint.to_owned(),
        is_authority: false,
        before: None,
        above: None,
    }
}

on_both_engines! {
    async fn a_change_is_told_with_what_worked_before(world) {
        let (host, now) = ("mail.example.test", Timestamp::from_seconds(1_000));
        let old = certificate("aa", Timestamp::from_seconds(5_000));
        let new = certificate("bb", Timestamp::from_seconds(9_000));
        let store = &world.store;
        assert_eq!(store.certificate_before(host, 443, &new).await.unwrap(), None);
        store.keep_certificate(host, 443, &old, now).await.unwrap();
        store.keep_certificate(host, 443, &old, Timestamp::from_seconds(2_000)).await.unwrap();
        assert_eq!(store.certificate_before(host, 443, &old).await.unwrap(), None);
        assert_eq!(store.certificate_before(host, 8443, &new).await.unwrap(), None);
        let before = store.certificate_before(host, 443, &new).await.unwrap().unwrap();
        assert_eq!((before.issuer.as_str(), before.since), ("CN=Issuer of aa", now));
        store.keep_certificate(host, 443, &new, Timestamp::from_seconds(3_000)).await.unwrap();
        assert_eq!(store.certificate_before(host, 443, &new).await.unwrap(), None);
    }

    async fn only_certificates_in_use_that_end_soon_are_warned_of(world) {
        let alice = world.user("alice").await;
        world.connect(&alice, SERVICE).await;
        let store = &world.store;
        let ends = Timestamp::from_seconds(5_000);
        for host in ["mail.example.test", "unused.example.test"] {
            let shown = certificate("aa", ends);
            store.keep_certificate(host, 443, &shown, Timestamp::from_seconds(1)).await.unwrap();
        }
        assert_eq!(store.certificates_ending(ends).await.unwrap(), []);
        let soon = store.certificates_ending(Timestamp::from_seconds(5_001)).await.unwrap();
        let hosts: Vec<_> = soon.iter().map(|ending| ending.host.as_str()).collect();
        assert_eq!(hosts, ["mail.example.test"]);
    }
}
