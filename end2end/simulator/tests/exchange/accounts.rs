//! Sign-in names, lock-out and the totals that never go back.

use crate::client::{Call, Practice, get_folder};

#[tokio::test]
async fn accounts_are_known_by_principal_name_and_by_domain_and_name_but_not_bare() {
    let practice = Practice::start().await;
    for (name, status) in [
        ("svc-kalends@example.test", 200),
        ("SVC-KALENDS@EXAMPLE.TEST", 200),
        ("example\\svc-kalends", 200),
        ("example.test\\svc-kalends", 200),
        ("OTHER\\svc-kalends", 401),
        ("svc-kalends", 401),
    ] {
        let mut call = Call::ews(get_folder("alice@example.test"));
        call.account = Some((name, "Practice-2026!"));
        assert_eq!(practice.ask(&call).await.status, status, "{name}");
    }
    practice.running.world().settings.default_domain = Some("EXAMPLE".to_owned());
    let mut call = Call::ews(get_folder("alice@example.test"));
    call.account = Some(("svc-kalends", "Practice-2026!"));
    assert_eq!(practice.ask(&call).await.status, 200);
    let world = practice.running.world();
    assert_eq!(world.counters().accepted(), 5);
    assert_eq!(world.counters().refused(), 2);
    assert_eq!(world.counters().unknown_names(), 2);
}

#[tokio::test]
async fn five_wrong_passwords_lock_the_account_and_unlocking_keeps_the_totals() {
    let practice = Practice::start().await;
    let mut wrong = Call::ews(get_folder("alice@example.test"));
    wrong.account = Some(("EXAMPLE\\svc-kalends", "wrong"));
    for _ in 0..5 {
        assert_eq!(practice.ask(&wrong).await.status, 401);
    }
    let right = Call::ews(get_folder("alice@example.test"));
    assert_eq!(practice.ask(&right).await.status, 401);
    let path = "/accounts/EXAMPLE%5Csvc-kalends/unlock";
    assert_eq!(practice.control("POST", path, "").await.0, 204);
    assert_eq!(practice.ask(&right).await.status, 200);
    let (_, state) = practice.control("GET", "/state", "").await;
    let account = &state["accounts"]["svc-kalends@example.test"];
    assert_eq!(account["refused"], 6);
    assert_eq!(account["accepted"], 1);
    assert_eq!(account["locked"], false);
    assert_eq!(state["sign_ins"]["refused"], 6);
    assert_eq!(state["requests"]["alice@example.test"]["GetFolder"], 1);
}

#[tokio::test]
async fn basic_is_refused_uncounted_while_it_is_not_offered() {
    let practice = Practice::start().await;
    let json = r#"{"basic":false,"ntlm":true,"negotiate":false}"#;
    assert_eq!(practice.control("POST", "/auth-offer", json).await.0, 204);
    let reply = practice.ews(get_folder("alice@example.test")).await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.values("WWW-Authenticate"), ["NTLM"]);
    assert_eq!(practice.running.world().counters().refused(), 0);
}
