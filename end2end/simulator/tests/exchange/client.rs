//! A practice Exchange at a held clock, and a client of a few lines that speaks to it.
//! Every request has a connection of its own, so that its end can be seen.

use std::{net::SocketAddr, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use kalends_simulator::{
    Options, RunningSimulator, SimulatedClock, Simulator, fault::Plan, world::practice,
};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

pub const SERVICE: (&str, &str) = ("EXAMPLE\\svc-kalends", "Practice-2026!");
pub const EWS: &str = "/EWS/Exchange.asmx";

pub struct Practice {
    pub running: RunningSimulator,
    tls: TlsConnector,
    folder: tempfile::TempDir,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    /// The body ended as its framing promised.
    pub complete: bool,
    /// How reading ended, when it did not end well.
    pub broken: Option<std::io::ErrorKind>,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// All values of a header.
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }
}

/// A request before it is sent.
#[derive(Clone, Debug)]
pub struct Call {
    pub host: &'static str,
    pub path: &'static str,
    pub method: &'static str,
    pub account: Option<(&'static str, &'static str)>,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Call {
    pub fn ews(body: impl Into<String>) -> Self {
        Self {
            host: "mail.example.test",
            path: EWS,
            method: "POST",
            account: Some(SERVICE),
            headers: vec![("Content-Type", "text/xml; charset=utf-8".to_owned())],
            body: body.into(),
        }
    }
}

impl Practice {
    /// The practice world on Monday, 2 March 2026, 09:00 in Berlin.
    pub async fn start() -> Self {
        let clock = SimulatedClock::fixed("2026-03-02T08:00:00Z".parse().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let running = Simulator::start(Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            control: "127.0.0.1:0".parse().unwrap(),
            folder: folder.path().to_owned(),
            world: practice::world(clock.now()).unwrap(),
            clock,
        })
        .await
        .unwrap();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(&running.ca_pem_path).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            running,
            tls: TlsConnector::from(Arc::new(config)),
            folder,
        }
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub fn plan(&self, plan: Plan) {
        self.running.world().faults.plan(plan);
    }

    /// Sends a call; errs if TLS fails or nothing at all comes back.
    pub async fn try_ask(&self, call: &Call) -> std::io::Result<Reply> {
        let stream = TcpStream::connect(self.running.ews_addr).await?;
        let name = ServerName::try_from(call.host).unwrap();
        let stream = self.tls.connect(name, stream).await?;
        let authorization = call.account.map(|(name, password)| {
            let token = STANDARD.encode(format!("{name}:{password}"));
            format!("Authorization: Basic {token}\r\n")
        });
        let headers: Vec<_> = call
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let request = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{}{}\r\n{}",
            call.method,
            call.path,
            call.host,
            call.body.len(),
            authorization.unwrap_or_default(),
            headers.concat(),
            call.body
        );
        exchange(stream, &request).await
    }

    pub async fn ask(&self, call: &Call) -> Reply {
        self.try_ask(call).await.unwrap()
    }

    /// Sends an EWS body under the service account.
    pub async fn ews(&self, body: impl Into<String>) -> Reply {
        self.ask(&Call::ews(body)).await
    }

    /// Sends a request to the control endpoint.
    pub async fn control(&self, method: &str, path: &str, json: &str) -> (u16, serde_json::Value) {
        let stream = connect_plain(self.running.control_addr).await;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{json}",
            json.len()
        );
        let reply = exchange(stream, &request).await.unwrap();
        let value = serde_json::from_slice(&reply.body).unwrap_or_default();
        (reply.status, value)
    }

    /// What the view of a mailbox must hold.
    pub fn expected_items(
        &self,
        address: &str,
        start: &str,
        end: &str,
    ) -> Vec<kalends_simulator::world::view::ExpectedItem> {
        let window = kalends_simulator::world::view::ViewRange {
            start: instant(start),
            end: instant(end),
        };
        self.running
            .world()
            .expected_items(address, window)
            .unwrap()
    }
}

pub fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn connect_plain(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

async fn exchange(
    mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin,
    request: &str,
) -> std::io::Result<Reply> {
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let broken = loop {
        match stream.read(&mut buffer).await {
            Ok(0) => break None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(error) => break Some(error.kind()),
        }
    };
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Err(broken.unwrap_or(std::io::ErrorKind::UnexpectedEof).into());
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let rest = &bytes[end + 4..];
    let lower = head.to_ascii_lowercase();
    let (body, complete) = if lower.contains("transfer-encoding: chunked") {
        unchunk(rest)
    } else {
        let length = lower
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        (rest.to_vec(), rest.len() == length)
    };
    Ok(Reply {
        status: head[9..12].parse().unwrap(),
        head,
        body,
        complete,
        broken,
    })
}

/// The chunks' content, and whether the last one came.
fn unchunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(line) = rest.windows(2).position(|two| two == b"\r\n") {
        let digits = String::from_utf8_lossy(&rest[..line]).into_owned();
        let size = usize::from_str_radix(&digits, 16).unwrap();
        if size == 0 {
            return (body, true);
        }
        let start = line + 2;
        let Some(chunk) = rest.get(start..start + size) else {
            body.extend_from_slice(&rest[start..]);
            return (body, false);
        };
        body.extend_from_slice(chunk);
        rest = rest.get(start + size + 2..).unwrap_or_default();
    }
    (body, false)
}

/// An envelope with header entries and a body, both raw XML.
pub fn envelope(header: &str, body: &str) -> String {
    format!(
        concat!(
            r#"<?xml version="1.0" encoding="utf-8"?>"#,
            r#"<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">"#,
            "<soap:Header>{}</soap:Header><soap:Body>{}</soap:Body></soap:Envelope>"
        ),
        header, body
    )
}

pub fn version() -> &'static str {
    r#"<t:RequestServerVersion Version="Exchange2013_SP1"/>"#
}

/// Version and impersonation by the given kind of id.
pub fn as_user(kind: &str, value: &str) -> String {
    format!(
        "{}<t:ExchangeImpersonation><t:ConnectingSID><t:{kind}>{value}</t:{kind}></t:ConnectingSID></t:ExchangeImpersonation>",
        version()
    )
}

pub fn get_folder(address: &str) -> String {
    envelope(&as_user("PrimarySmtpAddress", address), GET_FOLDER)
}

pub const GET_FOLDER: &str = r#"<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:FieldURI FieldURI="folder:DisplayName"/><t:FieldURI FieldURI="folder:TotalCount"/><t:ExtendedFieldURI PropertyTag="0x670b" PropertyType="Integer"/></t:AdditionalProperties></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="calendar"/></m:FolderIds></m:GetFolder>"#;

/// A calendar view; `most` is an attribute such as `MaxEntriesReturned="2"` or empty.
pub fn find_item(address: &str, start: &str, end: &str, most: &str) -> String {
    envelope(
        &as_user("PrimarySmtpAddress", address),
        &view(start, end, most),
    )
}

pub fn view(start: &str, end: &str, most: &str) -> String {
    let paths = [
        "item:Subject",
        "item:Sensitivity",
        "item:LastModifiedTime",
        "calendar:UID",
        "calendar:Start",
        "calendar:End",
        "calendar:IsAllDayEvent",
        "calendar:LegacyFreeBusyStatus",
        "calendar:IsCancelled",
        "calendar:CalendarItemType",
        "calendar:MyResponseType",
        "calendar:Organizer",
    ];
    let fields: Vec<_> = paths
        .iter()
        .map(|path| format!(r#"<t:FieldURI FieldURI="{path}"/>"#))
        .collect();
    format!(
        r#"<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>{}</t:AdditionalProperties></m:ItemShape><m:CalendarView {most} StartDate="{start}" EndDate="{end}"/><m:ParentFolderIds><t:DistinguishedFolderId Id="calendar"/></m:ParentFolderIds></m:FindItem>"#,
        fields.concat()
    )
}
