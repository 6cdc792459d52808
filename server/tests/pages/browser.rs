//! A browser without script: a cookie jar, forms posted with the headers that browsers send, redirects followed when
//! asked to.

use crate::{
    page::{Form, Page},
    program::Person,
};
use flate2::read::GzDecoder;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::{collections::BTreeMap, fmt::Write as _, io::Read as _, sync::Arc};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

pub const FORM: &str = "application/x-www-form-urlencoded";
pub const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[derive(Clone)]
pub struct Browser {
    pub origin: String,
    pub cookies: BTreeMap<String, String>,
    /// The page that is shown, for `Referer`.
    pub at: String,
    tls: Option<Arc<rustls::ClientConfig>>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Whether a browser without script loads it again by itself.
    pub fn looks_again(&self) -> bool {
        !self.header("refresh").is_empty() || self.body.contains("http-equiv=\"refresh\"")
    }

    pub fn page(&self) -> Page {
        Page::read(&self.body)
    }

    /// Where a redirect leads.
    pub fn leads_to(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{self:?}");
        self.header("location")
    }
}

impl Browser {
    pub fn new(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            cookies: BTreeMap::new(),
            at: "/".to_owned(),
            tls: None,
        }
    }

    /// Trusts one certificate, for https.
    pub fn trusting(mut self, tls: rustls::ClientConfig) -> Self {
        self.tls = Some(Arc::new(tls));
        self
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[("accept", HTML)], "").await
    }

    /// The page behind all redirects.
    pub async fn open(&mut self, path: &str) -> Page {
        path.clone_into(&mut self.at);
        let answer = self.get(path).await;
        self.follow(answer).await
    }

    /// Follows redirects within Kalends to a page, and pages that ask to be loaded again until they do not.
    pub async fn follow(&mut self, mut answer: Answer) -> Page {
        for _ in 0..30 {
            if answer.status.is_redirection() {
                answer.header("location").clone_into(&mut self.at);
            } else {
                assert!(answer.status.is_success(), "{answer:?}");
                if !answer.looks_again() {
                    return answer.page();
                }
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            let at = self.at.clone();
            answer = self.get(&at).await;
        }
        panic!("no end of it: {answer:?}");
    }

    /// Posts a form as a browser does, and follows nothing.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_body(path, &encoded(fields)).await
    }

    pub async fn post_body(&mut self, path: &str, body: &str) -> Answer {
        let origin = self.origin.clone();
        let referer = format!("{}{}", self.origin, self.at);
        let headers = [
            ("accept", HTML),
            ("content-type", FORM),
            ("origin", &*origin),
            ("referer", &*referer),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send(Method::POST, path, &headers, body).await
    }

    /// Posts a form in parts, as one that takes a file does.
    pub async fn post_parts(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = String::new();
        for (name, value) in fields {
            let _ = write!(
                body,
                "--part\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
        }
        body.push_str("--part--\r\n");
        let origin = self.origin.clone();
        let headers = [
            ("accept", HTML),
            ("content-type", "multipart/form-data; boundary=part"),
            ("origin", &*origin),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send(Method::POST, path, &headers, &body).await
    }

    /// Posts a filled form and shows what it leads to.
    pub async fn submit(&mut self, form: &Form) -> Page {
        let answer = self.post_body(&form.action, &form.body()).await;
        assert!(answer.status.is_redirection(), "{answer:?}");
        self.follow(answer).await
    }

    pub async fn sign_in(&mut self, person: &Person) {
        let form = self.open("/sign-in").await.form("Sign in");
        let form = form
            .fill("Email", person.email)
            .fill("Password", person.password);
        let answer = self.post_body(&form.action, &form.body()).await;
        assert_eq!(answer.leads_to(), "/");
    }

    /// One request on a connection of its own.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.authority());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies.is_empty() {
            request = request.header("cookie", self.cookie());
        }
        let request = request
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        let stream = TcpStream::connect(self.authority()).await.unwrap();
        let answer = match &self.tls {
            Some(tls) => {
                let name = ServerName::try_from("localhost").unwrap();
                let connector = TlsConnector::from(Arc::clone(tls));
                let stream = connector.connect(name, stream).await.unwrap();
                exchange(TokioIo::new(stream), request).await
            }
            None => exchange(TokioIo::new(stream), request).await,
        };
        self.keep_cookies(&answer.headers);
        answer
    }

    fn authority(&self) -> &str {
        self.origin.split_once("://").unwrap().1
    }

    /// The header with all cookies.
    pub fn cookie(&self) -> String {
        let cookies = self.cookies.iter();
        let cookies: Vec<_> = cookies.map(|(n, v)| format!("{n}={v}")).collect();
        cookies.join("; ")
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for line in headers.get_all("set-cookie") {
            let line = line.to_str().unwrap();
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() || attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

pub fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Answer
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(stream).await.unwrap();
    let driving = tokio::spawn(connection);
    let answer = sender.send_request(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let packed = body.collect().await.unwrap().to_bytes();
    driving.abort();
    let mut body = String::new();
    let read = if head
        .headers
        .get("content-encoding")
        .is_some_and(|it| it == "gzip")
    {
        GzDecoder::new(&*packed).read_to_string(&mut body)
    } else {
        (&*packed).read_to_string(&mut body)
    };
    read.unwrap();
    Answer {
        status: head.status,
        headers: head.headers,
        body,
    }
}
