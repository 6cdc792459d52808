//! To which addresses names lead, and who reads it.

use crate::{
    connect::{office, service_form},
    program::{ALICE, BOB},
};
use serde_json::Value;

#[tokio::test]
async fn to_which_address_a_name_leads_is_told_to_administrators_alone() {
    let (mut place, exchange, kalends) = office().await;
    kalends.stop();
    // Nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = free.local_addr().unwrap();
    drop(free);
    let rules = format!(
        "mail.example.test:443={},alt.example.test:443={nobody}",
        exchange.ews_addr
    );
    place.set(
        "KALENDS_EXCHANGE_HOSTS",
        "mail.example.test,alt.example.test",
    );
    place.set("KALENDS_EXCHANGE_CONNECT_TO", &rules);
    let kalends = place.start().await;
    let mut bob = kalends.browser_of(&BOB).await;
    let mut alice = kalends.browser_of(&ALICE).await;
    for server in ["mail.example.test", "alt.example.test"] {
        let form = service_form(&mut bob, BOB.email).await;
        let check = bob.submit(&form.fill("Exchange server", server)).await;
        assert!(!check.text().contains("127.0.0.1"), "{}", check.text());
        let at = bob.at.clone();
        let id = at.rsplit('/').next().unwrap();
        for function in ["check", "check_page"] {
            let told = bob.post(&format!("/api/{function}"), &[("id", id)]).await;
            assert!(!told.body.contains("127.0.0.1"), "{server}: {}", told.body);
        }
        let told = alice.open(&at).await;
        assert!(
            told.text().contains("127.0.0.1"),
            "{server}: {}",
            told.text()
        );
    }
    for page in ["/profile", "/profile/data"] {
        let told = bob.get(page).await;
        assert!(!told.body.contains("127.0.0.1"), "{page}: {}", told.body);
    }
    // His own address, from which he signed in, is his to know.
    let stored: Value = serde_json::from_str(&bob.get("/profile/data.json").await.body).unwrap();
    for part in ["connection", "checks", "sync_runs", "calls", "states"] {
        let told = stored[part].to_string();
        assert!(!told.contains("127.0.0.1"), "{part}: {told}");
    }
    assert_eq!(stored["checks"].as_array().unwrap().len(), 2);
}
