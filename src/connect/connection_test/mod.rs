//! The connection test: ten steps from a typed form to calendar entries, each told as it happens with what was seen.
//! The password goes out only after the gate opened, and a refused one is never sent twice.

mod facts;
mod failed_step;
mod progress;
mod request;
mod stop;

use facts::{certificate_seen, ends_soon, folder_seen, greeting_seen, proof, tls_seen};
use failed_step::failing_step;
pub use failed_step::is_stale;
use kalends_core::{
    advice,
    calendar::Window,
    check::{Step, StepReport, TestProof},
    endpoint::EwsUrl,
    mailbox::SmtpAddress,
    problem::{Certificate, Problem, Tried},
};
use kalends_exchange::{
    auth::Credentials,
    autodiscover::{self, Autodiscover, Discovered, is_elsewhere},
    diagnose::{Evidence, control::narrowed, diagnose},
    ews::{CallError, Client, EwsError, FolderFacts, Greeting, MailboxAccess, greet, read_window},
    outbound::{OutboundError, connection::HttpConnection},
};
use progress::Progress;
pub use request::{Controls, Failure, Success, TestRequest, Tools};
use std::{sync::Arc, time::Duration};
use stop::Stop;
use tokio::time::timeout;

/// How long the test may take.
pub const LIMIT: Duration = Duration::from_mins(5);
/// The days that are read as proof.
const PROOF_DAYS: u64 = 30;
/// The most entries shown as proof.
const PROOF_ENTRIES: usize = 5;

/// Takes the steps in the order of [`Step::ALL`]; `report` hears of each when it begins and when it ends. Dropping the
/// future ends the test.
#[tracing::instrument(name = "connect.check", skip_all)]
pub async fn run(
    tools: &Tools,
    request: TestRequest,
    report: impl FnMut(StepReport) + Send,
) -> Result<Success, Failure> {
    let mut progress = Progress::new(report);
    let test = TestRun {
        tools,
        request: &request,
        progress: &mut progress,
        told_by: None,
    };
    match timeout(LIMIT, test.run()).await {
        Ok(Ok(success)) => Ok(success),
        Ok(Err(stop)) => {
            progress.fail(&stop.seen);
            Err(*stop.failure)
        }
        Err(_) => {
            let seconds = LIMIT.as_secs();
            progress.fail(&format!("no answer within {seconds} s"));
            Err(Problem::AnswerTimedOut {
                seconds,
                operation: None,
            }
            .into())
        }
    }
}

struct TestRun<'a, F> {
    tools: &'a Tools,
    request: &'a TestRequest,
    progress: &'a mut Progress<F>,
    /// The host that told the endpoint, and what it showed.
    told_by: Option<(EwsUrl, Box<Certificate>)>,
}

fn shown_at(host: &str, certificate: Option<Certificate>) -> Option<(EwsUrl, Box<Certificate>)> {
    Some((host.parse().ok()?, Box::new(certificate?)))
}

impl<F: FnMut(StepReport) + Send> TestRun<'_, F> {
    /// A remembered endpoint that does not work any more is no reason to fail: Autodiscover is asked then.
    async fn run(mut self) -> Result<Success, Stop> {
        if let (None, Some(remembered)) = (&self.request.endpoint, &self.request.remembered) {
            self.progress.begin(Step::Autodiscover);
            self.progress
                .pass_at_once(&format!("{remembered}, found for a colleague"));
            match self.test(remembered.clone(), false).await {
                Err(stop) if is_stale(&stop.failure) => self.progress.restart(),
                ended => return ended,
            }
        }
        let endpoint = self.endpoint().await?;
        let is_discovered = self.request.endpoint.is_none();
        self.test(endpoint, is_discovered).await
    }

    async fn test(&mut self, endpoint: EwsUrl, is_discovered: bool) -> Result<Success, Stop> {
        let connection = self.connection(&endpoint).await?;
        let certificate = connection.facts().certificate.clone();
        let (connection, greeting) = self.greeting(connection, &endpoint).await?;
        let mut client = self.client(connection, greeting, &endpoint)?;
        let folder = self.folder(&mut client, &endpoint).await?;
        let proof = self.entries(&mut client, &endpoint).await?;
        Ok(Success {
            build: client.greeting().build,
            endpoint,
            is_discovered,
            folder,
            proof,
            certificate,
            told_by: self.told_by.take(),
        })
    }

    async fn endpoint(&mut self) -> Result<EwsUrl, Stop> {
        if let Some(endpoint) = &self.request.endpoint {
            self.progress.not_needed(Step::Autodiscover);
            return Ok(endpoint.clone());
        }
        self.progress.begin(Step::Autodiscover);
        let credentials = self.credentials();
        let autodiscover = self.autodiscover(&credentials);
        match autodiscover.find(&self.request.mailbox).await {
            Ok(Discovered {
                endpoint,
                by,
                certificate,
                tried,
            }) => {
                self.tell_tried(&tried);
                self.progress.pass(&format!("{endpoint}, told by {by}"));
                self.told_by = shown_at(&by, certificate);
                Ok(endpoint)
            }
            Err(autodiscover::DiscoveryFailure {
                problem,
                request_id,
                refused_at,
                asked,
                tried,
            }) => {
                self.tell_tried(&tried);
                let mut certificate = None;
                if let Some(asked) = asked {
                    let offered = asked.offered.join(", ");
                    self.progress
                        .detail(&format!("{} offers {offered}", asked.host));
                    if let Some(shown) = &asked.certificate {
                        self.progress.detail(&certificate_seen(shown));
                    }
                    certificate = shown_at(&asked.host, asked.certificate);
                }
                Err(Stop {
                    seen: match &problem {
                        Problem::AutodiscoverFailed { tried } => {
                            self.tell_tried(tried);
                            format!("{} places asked, none led to Exchange", tried.len())
                        }
                        Problem::LeadsElsewhere { host } => format!("leads to {host}"),
                        other => advice::in_few_words(other),
                    },
                    failure: Box::new(Failure {
                        problem,
                        request_id,
                        refused_sign_in: refused_at,
                        certificate,
                    }),
                })
            }
        }
    }

    fn tell_tried(&mut self, tried: &[Tried]) {
        for tried in tried {
            self.progress.detail(&advice::tried(tried));
        }
    }

    /// From the name to an encrypted connection. Whether the address is allowed shows only once it is known, so both
    /// steps are told after the look-up.
    async fn connection(&mut self, endpoint: &EwsUrl) -> Result<HttpConnection, Stop> {
        self.progress.begin(Step::AddressAllowed);
        if endpoint.is_exchange_online() {
            return Err(self.stop(&CallError::ExchangeOnline.into(), endpoint));
        }
        let outbound = &self.tools.outbound;
        let allowed = if outbound.is_listed(endpoint.host(), endpoint.port()) {
            "named by the administrator"
        } else {
            "public addresses only"
        };
        let route = match outbound.route(endpoint.host(), endpoint.port()).await {
            Ok(route) => route,
            Err(error) => {
                if matches!(error, OutboundError::NameNotFound { .. }) {
                    self.progress.pass_at_once(allowed);
                    self.progress.begin(Step::Dns);
                }
                return Err(self.stop(&CallError::from(error).into(), endpoint));
            }
        };
        let took = self.progress.elapsed();
        self.progress.pass_at_once(allowed);
        self.progress.begin(Step::Dns);
        let addresses: Vec<String> = route
            .addresses()
            .iter()
            .map(|at| at.ip().to_string())
            .collect();
        self.progress.pass_after(took, &addresses.join(", "));

        self.progress.begin(Step::Tcp);
        let dialled = outbound.dial(route).await;
        let dialled =
            dialled.map_err(|error| self.stop(&CallError::from(error).into(), endpoint))?;
        self.progress
            .pass(&format!("{} from {}", dialled.peer, dialled.local));

        self.progress.begin(Step::Tls);
        let connection = match self.tools.outbound.secure(dialled).await {
            Ok(connection) => connection,
            Err(error) => {
                if let OutboundError::Certificate { chain, .. } = &error {
                    self.tell_chain(chain);
                }
                return Err(self.stop(&CallError::from(error).into(), endpoint));
            }
        };
        self.tell_chain(&connection.facts().chain);
        let now = self.tools.clock.now();
        if ends_soon(connection.facts(), now) {
            self.progress.warn();
        }
        self.progress.pass(&tls_seen(connection.facts(), now));
        Ok(connection)
    }

    fn tell_chain(&mut self, chain: &[Certificate]) {
        for certificate in chain {
            self.progress.detail(&certificate_seen(certificate));
        }
    }

    async fn greeting(
        &mut self,
        mut connection: HttpConnection,
        endpoint: &EwsUrl,
    ) -> Result<(HttpConnection, Greeting), Stop> {
        self.progress.begin(Step::EwsAnswers);
        let greeting = greet(&mut connection, endpoint, &self.tools.random).await;
        let greeting = greeting.map_err(|error| self.stop(&error, endpoint))?;
        Ok((connection, greeting))
    }

    /// What is offered is part of the step "EWS answers": a server that offers nothing usable fails it.
    fn client(
        &mut self,
        connection: HttpConnection,
        greeting: Greeting,
        endpoint: &EwsUrl,
    ) -> Result<Client, Stop> {
        let seen = greeting_seen(&greeting);
        let tools = self.tools;
        let client = Client::new(
            &tools.outbound,
            &tools.random,
            connection,
            greeting,
            endpoint.clone(),
            self.credentials(),
            Arc::clone(&tools.gate),
        );
        let client = client.map_err(|error| self.stop(&error, endpoint))?;
        self.progress.pass(&seen);
        Ok(client)
    }

    /// One call proves sign-in, impersonation and calendar, and its time is told with the first; how it fails tells at
    /// which of the three, which has the time then.
    async fn folder(
        &mut self,
        client: &mut Client,
        endpoint: &EwsUrl,
    ) -> Result<FolderFacts, Stop> {
        self.progress.begin(Step::SignIn);
        let whose = self.whose();
        let result = client.get_calendar(&whose).await;
        let took = self.progress.elapsed();
        let signed_in = format!("{} by {}", self.request.account, client.method());
        let acting = format!("acts for {}", self.request.mailbox);
        let is_service = self.request.mode.impersonates();
        match result {
            Ok(folder) => {
                self.progress.pass_after(took, &signed_in);
                if is_service {
                    self.progress.begin(Step::Impersonation);
                    self.progress.pass_at_once(&acting);
                } else {
                    self.progress.not_needed(Step::Impersonation);
                }
                self.progress.begin(Step::Calendar);
                self.progress.pass_at_once(&folder_seen(&folder));
                Ok(folder)
            }
            Err(error) => {
                let mut stop = self.stop(&error, endpoint);
                let shown = client.connection().facts().certificate.clone();
                stop.failure.certificate = shown.map(|shown| (endpoint.clone(), Box::new(shown)));
                if let (true, Some(control)) = (is_service, self.control(endpoint)) {
                    let problem = stop.failure.problem.clone();
                    stop.failure.problem = narrowed(problem, client, control).await;
                }
                if is_elsewhere(&stop.failure.problem)
                    && let Some(moved) = self.moved(endpoint).await
                {
                    stop.failure.problem = moved;
                }
                let failed = failing_step(
                    &stop.failure.problem,
                    &error,
                    client.is_accepted(),
                    is_service,
                );
                if failed > Step::SignIn {
                    // The time was taken by what failed.
                    self.progress.pass_untimed(&signed_in);
                    if !is_service {
                        self.progress.not_needed(Step::Impersonation);
                    } else if failed > Step::Impersonation {
                        self.progress.begin(Step::Impersonation);
                        self.progress.pass_untimed(&acting);
                    }
                }
                self.progress.fail_at(failed, took);
                Err(stop)
            }
        }
    }

    async fn entries(
        &mut self,
        client: &mut Client,
        endpoint: &EwsUrl,
    ) -> Result<Vec<TestProof>, Stop> {
        self.progress.begin(Step::Entries);
        if client.greeting().offer.proxy.is_some() {
            self.ask_as_nobody(endpoint).await?;
        }
        let now = self.tools.clock.now();
        let end = now + Duration::from_secs(PROOF_DAYS * 24 * 3600);
        let window = Window { start: now, end };
        let whose = self.whose();
        let reading = read_window(
            client,
            &whose,
            window,
            self.request.level,
            &self.request.fallback_zone,
        );
        let read = reading.await.map_err(|error| self.stop(&error, endpoint))?;
        if let Some(damaged) = &read.damaged {
            let stop = self.stop(&damaged.error, endpoint);
            return Err(stop.lying_in(&damaged.periods));
        }
        let (level, events) = (self.request.level, read.events);
        self.progress
            .pass(&format!("{} in the next {PROOF_DAYS} days", events.len()));
        let shown = events.iter().take(PROOF_ENTRIES);
        Ok(shown.map(|event| proof(event, level)).collect())
    }

    /// A proxy may have kept the connection that has just signed in, and hand it to whoever calls next.
    async fn ask_as_nobody(&self, endpoint: &EwsUrl) -> Result<(), Stop> {
        let outbound = &self.tools.outbound;
        let Ok(mut connection) = outbound.connect(endpoint.host(), endpoint.port()).await else {
            return Ok(());
        };
        match greet(&mut connection, endpoint, &self.tools.random).await {
            Err(error) if matches!(*error.cause, CallError::AnsweredWithoutSignIn(_)) => {
                Err(self.stop(&error, endpoint))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Whether the server that was asked knows where the mailbox is now.
    async fn moved(&self, endpoint: &EwsUrl) -> Option<Problem> {
        let credentials = self.credentials();
        let autodiscover = self.autodiscover(&credentials);
        let mailbox = &self.request.mailbox;
        autodiscover.moved(endpoint.host(), mailbox, endpoint).await
    }

    /// A control mailbox that is another one.
    fn control(&self, endpoint: &EwsUrl) -> Option<&SmtpAddress> {
        let control = self.request.controls.at(endpoint.host())?;
        (*control != self.request.mailbox).then_some(control)
    }

    fn autodiscover<'b>(&'b self, credentials: &'b Credentials) -> Autodiscover<'b> {
        Autodiscover {
            outbound: &self.tools.outbound,
            random: &self.tools.random,
            credentials,
            gate: Arc::clone(&self.tools.gate),
            confirmed: &self.request.confirmed,
        }
    }

    fn credentials(&self) -> Credentials {
        Credentials {
            account: self.request.account.clone(),
            password: self.request.password.clone(),
        }
    }

    fn whose(&self) -> MailboxAccess {
        let mailbox = self.request.mailbox.clone();
        if self.request.mode.impersonates() {
            MailboxAccess::impersonated(mailbox)
        } else {
            MailboxAccess::own(mailbox)
        }
    }

    fn stop(&self, error: &EwsError, endpoint: &EwsUrl) -> Stop {
        let url = endpoint.to_string();
        let evidence = Evidence {
            url: &url,
            mailbox: &self.request.mailbox,
        };
        let refused = matches!(*error.cause, CallError::SignInRefused(_));
        Stop {
            seen: error.to_string(),
            failure: Box::new(Failure {
                problem: diagnose(error, &evidence),
                request_id: error.ids.shown().map(str::to_owned),
                refused_sign_in: refused.then(|| endpoint.host().to_owned()),
                certificate: None,
            }),
        }
    }
}
