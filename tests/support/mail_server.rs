//! A mail server that keeps what it takes: an SMTP session for each connection, on a port of its own.

use mailin::{Action, AuthMechanism, Handler, Response, SessionBuilder, response};
use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// A mail as it was taken.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    pub to: Vec<String>,
    /// Head and body as sent.
    pub raw: String,
}

impl Mail {
    /// A header's value, its continued lines joined; empty if it is missing.
    pub fn header(&self, name: &str) -> String {
        let head = self.raw.split("\r\n\r\n").next().unwrap_or_default();
        let head = head.replace("\r\n ", " ");
        head.lines()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")))
            .unwrap_or_default()
            .to_owned()
    }

    /// The body with soft line ends of quoted-printable joined.
    pub fn text(&self) -> String {
        let body = self.raw.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        body.replace("=\r\n", "").replace("=3D", "=")
    }
}

/// What the mail server does and has seen; clones share it.
#[derive(Clone, Default)]
pub struct MailServer {
    mails: Arc<Mutex<Vec<Mail>>>,
    /// The answer to every recipient in place of "OK".
    refuses: Arc<Mutex<Option<(u16, String)>>>,
    /// The password that it takes; none: it asks for none.
    password: Arc<Mutex<Option<String>>>,
    sign_ins: Arc<AtomicU64>,
    arriving: Mail,
}

impl MailServer {
    /// Serves until the process ends.
    pub fn start(password: Option<&str>) -> (Self, SocketAddr) {
        let server = Self::default();
        *server.password.lock().unwrap() = password.map(str::to_owned);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let serving = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let session = serving.clone();
                // How a client leaves is its own business.
                thread::spawn(move || drop(session.converse(stream)));
            }
        });
        (server, address)
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    /// How often a password was sent to it.
    pub fn sign_ins(&self) -> u64 {
        self.sign_ins.load(Ordering::SeqCst)
    }

    /// Answers every recipient so from now on.
    pub fn refuse(&self, answer: Option<(u16, &str)>) {
        *self.refuses.lock().unwrap() = answer.map(|(code, text)| (code, text.to_owned()));
    }

    pub fn set_password(&self, password: &str) {
        *self.password.lock().unwrap() = Some(password.to_owned());
    }

    fn converse(self, stream: TcpStream) -> io::Result<()> {
        let mut builder = SessionBuilder::new("mail.example.test");
        if self.password.lock().unwrap().is_some() {
            builder.insecure_enable_plaintext_auth();
            builder.enable_auth(AuthMechanism::Plain);
        }
        let remote = stream.peer_addr()?.ip();
        let mut session = builder.build(remote, self);
        let (mut reader, mut writer) = (BufReader::new(stream.try_clone()?), stream);
        session.greeting().write_to(&mut writer)?;
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            let answer = session.process(&line);
            line.clear();
            if answer.action != Action::NoReply {
                answer.write_to(&mut writer)?;
                writer.flush()?;
            }
            if answer.action == Action::Close {
                break;
            }
        }
        Ok(())
    }
}

impl Handler for MailServer {
    fn mail(&mut self, _ip: IpAddr, _domain: &str, _from: &str) -> Response {
        self.arriving = Mail::default();
        response::OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        if let Some((code, text)) = self.refuses.lock().unwrap().clone() {
            return Response::custom(code, text);
        }
        self.arriving.to.push(to.to_owned());
        response::OK
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.arriving.raw.push_str(&String::from_utf8_lossy(bytes));
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        self.mails
            .lock()
            .unwrap()
            .push(std::mem::take(&mut self.arriving));
        response::OK
    }

    fn auth_plain(&mut self, _authorised: &str, _name: &str, password: &str) -> Response {
        self.sign_ins.fetch_add(1, Ordering::SeqCst);
        if self.password.lock().unwrap().as_deref() == Some(password) {
            response::AUTH_OK
        } else {
            response::INVALID_CREDENTIALS
        }
    }
}
