//! The control endpoint's own rules.

use std::os::unix::fs::PermissionsExt;

use kalends_simulator::{Options, SimulatedClock, Simulator, StartError, World};

use crate::client::{Practice, find_item, get_folder};

#[tokio::test]
async fn entries_are_added_replaced_and_deleted_and_their_change_keys_move() {
    let practice = Practice::start().await;
    let entries = "/mailboxes/charlie@example.test/entries";
    let draft = r#"{"subject":"Audit","start":"2026-03-09T10:00:00","end":"2026-03-09T11:00:00"}"#;
    let (status, told) = practice.control("POST", entries, draft).await;
    assert_eq!(status, 201, "{told}");
    let id = told["id"].as_str().unwrap().to_owned();
    let window =
        "/mailboxes/charlie@example.test/view?start=2026-03-09T09:00:00Z&end=2026-03-09T09:30:00Z";
    let find = |view: &serde_json::Value| {
        view.as_array()
            .unwrap()
            .iter()
            .find(|line| line["id"] == id.as_str())
            .cloned()
    };
    let (_, view) = practice.control("GET", window, "").await;
    let before = find(&view).unwrap();
    assert_eq!(before["start"], "2026-03-09T09:00:00Z");
    let path = format!(
        "{entries}/{}",
        id.replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D")
    );
    let (status, told) = practice
        .control("PUT", &path, &draft.replace("Audit", "Audit 2"))
        .await;
    assert_eq!(status, 204, "{told}");
    let (_, view) = practice.control("GET", window, "").await;
    let after = find(&view).unwrap();
    assert_eq!(after["subject"], "Audit 2");
    assert_ne!(after["change_key"], before["change_key"]);
    assert_eq!(practice.control("DELETE", &path, "").await.0, 204);
    assert_eq!(practice.control("DELETE", &path, "").await.0, 404);
    let (_, view) = practice.control("GET", window, "").await;
    assert_eq!(find(&view), None);
    let text = practice
        .ews(get_folder("charlie@example.test"))
        .await
        .text();
    assert!(
        text.contains("<t:Value>1</t:Value>"),
        "one deletion: {text}"
    );
}

#[tokio::test]
async fn mailboxes_roles_scopes_and_passwords_change_at_once() {
    let practice = Practice::start().await;
    let (status, _) = practice
        .control("POST", "/mailboxes/gerd@example.test", r#"{"name":"Gerd"}"#)
        .await;
    assert_eq!(status, 201);
    assert_eq!(
        practice
            .control("POST", "/mailboxes/gerd@example.test", "{}")
            .await
            .0,
        409
    );
    let alias = r#"{"alias":"gerhard@example.test"}"#;
    assert_eq!(
        practice
            .control("POST", "/mailboxes/gerd@example.test/alias", alias)
            .await
            .0,
        204
    );
    assert_eq!(
        practice.ews(get_folder("gerd@example.test")).await.status,
        200
    );
    assert_eq!(
        practice
            .control("POST", "/scope", r#"{"include":["alice@example.test"]}"#)
            .await
            .0,
        204
    );
    assert_eq!(
        practice.ews(get_folder("gerd@example.test")).await.status,
        500
    );
    assert_eq!(
        practice.ews(get_folder("alice@example.test")).await.status,
        200
    );
    let account = "/accounts/svc-kalends@example.test";
    assert_eq!(
        practice
            .control("POST", &format!("{account}/role"), r#"{"granted":false}"#)
            .await
            .0,
        204
    );
    assert_eq!(
        practice.ews(get_folder("alice@example.test")).await.status,
        500
    );
    assert_eq!(
        practice
            .control(
                "POST",
                &format!("{account}/password"),
                r#"{"password":"New"}"#
            )
            .await
            .0,
        204
    );
    assert_eq!(
        practice.ews(get_folder("alice@example.test")).await.status,
        401
    );
    assert_eq!(
        practice
            .control("DELETE", "/mailboxes/gerd@example.test", "")
            .await
            .0,
        204
    );
    assert_eq!(
        practice
            .control("POST", "/accounts/nobody@example.test/unlock", "")
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn faults_are_planned_listed_and_cleared() {
    let practice = Practice::start().await;
    let plan = r#"{"kind":"response-code","code":"ErrorMailboxStoreUnavailable","only_mailbox":"alice@example.test"}"#;
    assert_eq!(practice.control("POST", "/fault", plan).await.0, 204);
    let (start, end) = ("2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z");
    let text = practice
        .ews(find_item("alice@example.test", start, end, ""))
        .await
        .text();
    assert!(text.contains(">ErrorMailboxStoreUnavailable<"));
    let text = practice
        .ews(find_item("bob@example.test", start, end, ""))
        .await
        .text();
    assert!(text.contains(">NoError<"));
    let (_, planned) = practice.control("GET", "/fault", "").await;
    assert_eq!(planned[0]["kind"], "response-code");
    assert_eq!(practice.control("DELETE", "/fault", "").await.0, 204);
    let text = practice
        .ews(find_item("alice@example.test", start, end, ""))
        .await
        .text();
    assert!(text.contains(">NoError<"));
    let settings =
        r#"{"product":"ExchangeSE","ews_url":"https://alt.example.test/EWS/Exchange.asmx"}"#;
    assert_eq!(practice.control("POST", "/settings", settings).await.0, 204);
    assert_eq!(
        practice
            .control("POST", "/settings", r#"{"colour":"red"}"#)
            .await
            .0,
        422
    );
    assert_eq!(
        practice
            .control("POST", "/clock", r#"{"now":"2026-06-01T00:00:00Z"}"#)
            .await
            .0,
        204
    );
    let (_, state) = practice.control("GET", "/state", "").await;
    assert_eq!(state["product"], "ExchangeSE");
    assert_eq!(state["now"], "2026-06-01T00:00:00Z");
}

#[tokio::test]
async fn the_authority_is_kept_private_and_used_again_and_only_loopback_is_served() {
    let practice = Practice::start().await;
    let folder = practice.folder().to_owned();
    let mode = std::fs::metadata(folder.join("ca.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = std::fs::read(folder.join("ca.pem")).unwrap();
    let options = |listen: &str| Options {
        listen: listen.parse().unwrap(),
        control: "127.0.0.1:0".parse().unwrap(),
        folder: folder.clone(),
        world: World::empty("example.test", "EXAMPLE"),
        clock: SimulatedClock::system(),
    };
    let second = Simulator::start(options("127.0.0.1:0")).await.unwrap();
    assert_eq!(std::fs::read(&second.ca_pem_path).unwrap(), before);
    second.shutdown().await;
    let refused = Simulator::start(options("0.0.0.0:0")).await;
    assert!(matches!(refused, Err(StartError::NotLoopback(_))));
}
