//! How long pages take on the server in a large organisation: the real program over HTTP, beside the page for signing in.
//! `cargo xtask bench pages` fills the database and starts this.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark ends where something is wrong"
)]

#[path = "pages/following.rs"]
mod following;

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::net::TcpStream;

/// How often each page is asked for.
const TIMES: usize = 40;
const PAGES: [&str; 17] = [
    "/sign-in",
    "/connections",
    "/connections?page=biAzICBncmV0YQ",
    "/connections?state=action_needed",
    "/connections?q=anna+albers",
    "/connections?q=ben.ernst.4321%40example.test",
    "/connections?cause=password-refused&sort=since",
    "/connections?domain=branch.test&sort=last-sync",
    "/overview",
    "/people",
    "/people?page=biAwICBncmV0YQ",
    "/people?q=greta",
    "/people?q=ben.ernst.4321%40example.test",
    "/people?which=admins",
    "/calendar",
    "/calendar?view=month",
    "/audit",
];

/// Pages in the middle of a list, behind whoever is called Finn: what is measured is the one that their "Next" leads to.
const FAR: [&str; 2] = [
    "/connections?page=biAzICBncmV0YQ",
    "/people?page=biAwICBncmV0YQ",
];

struct Kalends {
    child: Child,
    address: String,
}

impl Drop for Kalends {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start() -> Kalends {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kalends"))
        .arg("serve")
        .env("KALENDS_LISTEN", "127.0.0.1:0")
        .env("KALENDS_LOG", "error")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines
        .find_map(|line| {
            Some(
                line.unwrap()
                    .strip_prefix("Kalends listens at http://")?
                    .to_owned(),
            )
        })
        .unwrap();
    // What else it says is read and dropped, so that it never waits.
    std::thread::spawn(move || lines.for_each(drop));
    Kalends { child, address }
}

struct Browser {
    connection: SendRequest<Full<Bytes>>,
    host: String,
    cookie: String,
}

impl Browser {
    async fn open(host: &str) -> Self {
        let stream = TcpStream::connect(host).await.unwrap();
        let (connection, work) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(work);
        Self {
            connection,
            host: host.to_owned(),
            cookie: String::new(),
        }
    }

    async fn sign_in(&mut self, email: &str) {
        let form = format!(
            "email={}&password=practice-alice",
            email.replace('@', "%40")
        );
        let (status, ..) = self.ask(Method::POST, "/api/sign_in", &form).await;
        assert_eq!(status, 303, "signing in");
    }

    async fn send(&mut self, method: Method, path: &str, body: &str) -> Response<Incoming> {
        self.send_accepting("gzip, deflate, br, zstd", method, path, body)
            .await
    }

    async fn send_accepting(
        &mut self,
        packed: &str,
        method: Method,
        path: &str,
        body: &str,
    ) -> Response<Incoming> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.host)
            .header("origin", format!("http://{}", self.host))
            .header("sec-fetch-site", "same-origin")
            .header("accept", "text/html")
            .header("accept-encoding", packed)
            .header("sec-fetch-dest", "document")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", &self.cookie)
            .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
            .unwrap();
        self.connection.ready().await.unwrap();
        self.connection.send_request(request).await.unwrap()
    }

    /// What stands on a page.
    async fn text(&mut self, path: &str) -> String {
        let answer = self.send_accepting("identity", Method::GET, path, "").await;
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }

    /// Where "Next" leads on a page of a list.
    async fn next(&mut self, path: &str) -> String {
        let text = self.text(path).await;
        let (link, _) = text.split_once(">Next<").unwrap();
        let link = link.rsplit("<a ").next().unwrap();
        let address = link.split("href=\"").nth(1).unwrap();
        let address = address.split('"').next().unwrap();
        address.replace("&amp;", "&")
    }

    /// Status and length of an answer, and how long it took to its last byte.
    async fn ask(&mut self, method: Method, path: &str, body: &str) -> (u16, usize, Duration) {
        let begun = Instant::now();
        let answer = self.send(method, path, body).await;
        let status = answer.status().as_u16();
        if let Some(set) = answer.headers().get("set-cookie") {
            let set = set.to_str().unwrap();
            set.split(';').next().unwrap().clone_into(&mut self.cookie);
        }
        let length = answer.into_body().collect().await.unwrap().to_bytes().len();
        (status, length, begun.elapsed())
    }
}

#[tokio::main]
async fn main() {
    let kalends = start();
    let mut browser = Browser::open(&kalends.address).await;
    browser.sign_in("alice@example.test").await;
    println!(
        "{:<52} {:>8} {:>10} {:>10} {:>10}",
        "page", "bytes", "median ms", "p95 ms", "p95 ratio"
    );
    let mut base = None;
    for page in PAGES {
        let mut times = Vec::new();
        let mut bytes = 0;
        let kept = browser.cookie.clone();
        if page == "/sign-in" {
            // Whoever is signed in is led on.
            browser.cookie.clear();
        }
        let asked = if FAR.contains(&page) {
            browser.next(page).await
        } else {
            page.to_owned()
        };
        for _ in 0..TIMES {
            let (status, length, took) = browser.ask(Method::GET, &asked, "").await;
            assert_eq!(status, 200, "{page}");
            bytes = length;
            times.push(took.as_secs_f64() * 1000.0);
        }
        browser.cookie = kept;
        times.sort_by(f64::total_cmp);
        let (median, late) = (times[TIMES / 2], times[TIMES * 95 / 100]);
        let base = *base.get_or_insert(median);
        println!(
            "{page:<52} {bytes:>8} {median:>10.2} {late:>10.2} {:>10.2}",
            late / base
        );
    }
    following::measure(&kalends).await;
}
