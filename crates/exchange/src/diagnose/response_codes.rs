//! What each response code means for people. Codes that share a remedy share a problem, which then shows the code.

use super::evidence::Evidence;
use crate::ews::{ErrorResponse, response_code::ResponseCode as Code};
use kalends_core::{
    back_off::wait_millis, mailbox::SmtpAddress, pasted::addresses_in, problem::Problem,
};

/// What a server said instead of an answer, and what is known of the call.
struct Refusal<'a> {
    said: &'a ErrorResponse,
    evidence: &'a Evidence<'a>,
}

/// Makes the problem of a refusal.
type ToProblem = fn(&Refusal<'_>) -> Problem;

/// Each response code with a name, and its problem.
#[rustfmt::skip]
const PROBLEMS: &[(&[Code], ToProblem)] = &[
    (&[Code::ImpersonateUserDenied, Code::ImpersonationDenied],
     |_| Problem::ImpersonationDenied),
    (&[Code::ImpersonationFailed],
     |_| Problem::ImpersonationFailed),
    (&[Code::NonExistentMailbox, Code::NameResolutionNoResults, Code::InvalidSmtpAddress, Code::CannotFindUser,
       Code::MailRecipientNotFound, Code::InvalidUserPrincipalName, Code::InvalidUserSid],
     |_| Problem::MailboxNotFound),
    (&[Code::MissingEmailAddress],
     |_| Problem::AccountWithoutMailbox),
    (&[Code::NonPrimarySmtpAddress],
     mailbox_alias),
    (&[Code::AccessDenied, Code::SubscriptionDelegateAccessNotSupported],
     |_| Problem::AccessDenied),
    (&[Code::NameResolutionMultipleResults],
     |_| Problem::MailboxAmbiguous),
    (&[Code::CallerIsInvalidADAccount],
     |_| Problem::AccountNotInDomain),
    (&[Code::MailboxConfiguration],
     |_| Problem::MailboxMisconfigured),
    (&[Code::QuotaExceeded],
     |_| Problem::MailboxFull),
    (&[Code::AccountDisabled],
     |_| Problem::AccountDisabled),
    (&[Code::PasswordExpired, Code::PasswordChangeRequired],
     |_| Problem::PasswordExpired),
    (&[Code::MailboxMoveInProgress],
     |_| Problem::MailboxMoving),
    (&[Code::ServerBusy, Code::ExceededConnectionCount, Code::ExceededSubscriptionCount,
       Code::TooManyObjectsOpened],
     throttled),
    (&[Code::FolderNotFound, Code::SyncFolderNotFound, Code::NoCalendar,
       Code::CalendarFolderIsInvalidForCalendarView],
     |_| Problem::CalendarNotFound),
    (&[Code::InvalidServerVersion, Code::InvalidSchemaVersionForMailboxVersion, Code::WrongServerVersion,
       Code::IncorrectSchemaVersion],
     |_| Problem::ServerTooOld),
    (&[Code::OrganizationAccessBlocked],
     |_| Problem::ExchangeOnline),
    (&[Code::MailboxStoreUnavailable, Code::MailboxFailover, Code::ConnectionFailed, Code::MailboxLogonFailed,
       Code::ADUnavailable, Code::ADOperation, Code::InternalServerTransientError, Code::InternalServerError,
       Code::InsufficientResources, Code::NotEnoughMemory, Code::TimeoutExpired, Code::RequestAborted,
       Code::ClientDisconnected, Code::BatchProcessingStopped],
     |refusal| refusal.server_error(refusal.code())),
    (&[Code::NoRespondingCASInDestinationSite, Code::NoApplicableProxyCASServersAvailable,
       Code::CrossSiteRequest, Code::ProxyRequestProcessingFailed, Code::ProxyServiceDiscoveryFailed,
       Code::ProxyRequestNotAllowed, Code::ServiceDiscoveryFailed,
       Code::NoDestinationCASDueToKerberosRequirements, Code::NoDestinationCASDueToSSLRequirements,
       Code::NoDestinationCASDueToVersionMismatch, Code::ProxiedSubscriptionCallFailure,
       Code::ProxyGroupSidLimitExceeded],
     |refusal| Problem::MailboxServerUnreachable { response_code: refusal.code() }),
    (&[Code::ExceededFindCountLimit, Code::CalendarViewRangeTooBig],
     |_| Problem::AnswerTooLarge),
    (&[Code::CorruptData, Code::ItemCorrupt, Code::CalendarInvalidPropertyState, Code::CalendarInvalidTimeZone,
       Code::CalendarInvalidRecurrence],
     |refusal| Problem::EntryDamaged { response_code: refusal.code(), periods: Vec::new() }),
    (&[Code::ItemNotFound, Code::ObjectTypeChanged, Code::InvalidSyncStateData, Code::IrresolvableConflict,
       Code::StaleObject, Code::ChangeKeyRequiredForWriteOperations, Code::InvalidChangeKey,
       Code::InvalidIdMalformed, Code::InvalidIdEmpty, Code::InvalidId, Code::SubscriptionNotFound,
       Code::InvalidSubscription, Code::ExpiredSubscription, Code::SubscriptionUnsubscribed,
       Code::ReadEventsFailed, Code::EventNotFound, Code::SubscriptionAccessDenied,
       Code::MissedNotificationEvents, Code::NewEventStreamConnectionOpened, Code::InvalidWatermark],
     |refusal| Problem::OutOfStep { response_code: refusal.code() }),
    (&[Code::InvalidExchangeImpersonationHeaderData, Code::InvalidPropertyRequest,
       Code::UnsupportedPropertyDefinition, Code::SchemaValidation, Code::InvalidRequest,
       Code::MissingArgument, Code::InvalidArgument, Code::SendMeetingInvitationsRequired,
       Code::SendMeetingCancellationsRequired, Code::SendMeetingInvitationsOrCancellationsRequired],
     |refusal| Problem::RequestRejected { said: refusal.code() }),
];

/// The problem behind a response code.
pub(super) fn problem(said: &ErrorResponse, evidence: &Evidence<'_>) -> Problem {
    let refusal = Refusal { said, evidence };
    let code = said.specific_code();
    let row = PROBLEMS.iter().find(|(codes, _)| codes.contains(code));
    match (row, code) {
        (Some((_, to_problem)), _) => to_problem(&refusal),
        (None, Code::NoError) => Problem::AnswerNotUnderstood {
            reason: "a failure that says it is none".to_owned(),
        },
        (None, code) => refusal.of_other_code(code.as_str()),
    }
}

impl Refusal<'_> {
    fn code(&self) -> String {
        self.said.specific_code().to_string()
    }

    fn server_error(&self, response_code: String) -> Problem {
        Problem::ServerError {
            status: if self.said.is_fault { 500 } else { 200 },
            response_code: Some(response_code),
            wait_millis: None,
        }
    }

    /// The codes of SOAP itself say only whose fault it is.
    fn of_other_code(&self, code: &str) -> Problem {
        match code {
            "Client" | "Sender" => Problem::RequestRejected {
                said: without_reason(code),
            },
            "Server" | "Receiver" | "InternalServiceFault" => {
                self.server_error(without_reason(code))
            }
            _ => Problem::UnknownResponseCode {
                response_code: self.code(),
            },
        }
    }
}

fn mailbox_alias(refusal: &Refusal<'_>) -> Problem {
    Problem::MailboxAlias {
        primary: primary_address(refusal.said, refusal.evidence.mailbox),
    }
}

fn throttled(refusal: &Refusal<'_>) -> Problem {
    let value = |name| refusal.said.value(name);
    Problem::Throttled {
        wait_millis: wait_millis(
            value("BackOffMilliseconds"),
            value("retry-after").and_then(|text| text.parse().ok()),
        ),
    }
}

fn without_reason(code: &str) -> String {
    format!("{code}, a SOAP fault that gives no reason")
}

/// Exchange names the primary address in a value or in its words; another than the one typed is it.
fn primary_address(said: &ErrorResponse, typed: &SmtpAddress) -> Option<SmtpAddress> {
    let values = said.values.iter().map(|(_, value)| value.as_str());
    values
        .chain([said.text.as_str()])
        .flat_map(addresses_in)
        .filter_map(|found| found.parse().ok())
        .find(|address| address != typed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kalends_core::{
        advice::{Names, advice},
        problem::{
            Owner::{self, ExchangeAdmin, Nobody, Operator, You},
            Retry,
        },
    };
    use std::time::Duration;

    const CHANGED: Retry = Retry::WhenChanged;
    const SOON: Retry = Retry::After(Duration::from_mins(1));
    const LATER: Retry = Retry::After(Duration::from_mins(5));

    /// Response codes, their problem, who acts, and when it is tried again.
    #[rustfmt::skip]
    const TABLE: &[(&str, &str, Owner, Retry)] = &[
        ("ErrorImpersonateUserDenied ErrorImpersonationDenied", "impersonation-denied", ExchangeAdmin, CHANGED),
        ("ErrorImpersonationFailed", "impersonation-failed", Nobody, LATER),
        ("ErrorInvalidExchangeImpersonationHeaderData", "request-rejected", Operator, CHANGED),
        ("ErrorInvalidUserPrincipalName ErrorInvalidUserSid ErrorNonExistentMailbox ErrorInvalidSmtpAddress ErrorCannotFindUser ErrorMailRecipientNotFound", "mailbox-not-found", You, CHANGED),
        ("ErrorMissingEmailAddress", "account-without-mailbox", ExchangeAdmin, CHANGED),
        ("ErrorNonPrimarySmtpAddress", "mailbox-alias", You, CHANGED),
        ("ErrorAccessDenied", "access-denied", ExchangeAdmin, CHANGED),
        ("ErrorAccountDisabled", "account-disabled", ExchangeAdmin, CHANGED),
        ("ErrorPasswordExpired ErrorPasswordChangeRequired", "password-expired", ExchangeAdmin, CHANGED),
        ("ErrorCallerIsInvalidADAccount", "account-not-in-domain", You, CHANGED),
        ("ErrorMailboxMoveInProgress", "mailbox-moving", Nobody, LATER),
        ("ErrorMailboxStoreUnavailable ErrorMailboxFailover ErrorConnectionFailed ErrorMailboxLogonFailed", "server-error", Nobody, LATER),
        ("ErrorMailboxConfiguration", "mailbox-misconfigured", ExchangeAdmin, CHANGED),
        ("ErrorADUnavailable ErrorADOperation ErrorInternalServerTransientError ErrorInternalServerError", "server-error", Nobody, LATER),
        ("ErrorServerBusy ErrorExceededConnectionCount ErrorExceededSubscriptionCount ErrorTooManyObjectsOpened", "throttled", Nobody, SOON),
        ("ErrorExceededFindCountLimit ErrorCalendarViewRangeTooBig", "answer-too-large", ExchangeAdmin, CHANGED),
        ("ErrorInsufficientResources ErrorNotEnoughMemory ErrorTimeoutExpired ErrorRequestAborted ErrorClientDisconnected ErrorBatchProcessingStopped", "server-error", Nobody, LATER),
        ("ErrorInvalidSyncStateData", "out-of-step", Nobody, SOON),
        ("ErrorSyncFolderNotFound ErrorFolderNotFound ErrorNoCalendar ErrorCalendarFolderIsInvalidForCalendarView", "calendar-not-found", ExchangeAdmin, CHANGED),
        ("ErrorItemNotFound ErrorObjectTypeChanged", "out-of-step", Nobody, SOON),
        ("ErrorCorruptData ErrorItemCorrupt ErrorCalendarInvalidPropertyState ErrorCalendarInvalidTimeZone ErrorCalendarInvalidRecurrence", "entry-damaged", You, CHANGED),
        ("ErrorIrresolvableConflict ErrorStaleObject ErrorChangeKeyRequiredForWriteOperations ErrorInvalidChangeKey ErrorInvalidIdMalformed ErrorInvalidIdEmpty ErrorInvalidId", "out-of-step", Nobody, SOON),
        ("ErrorInvalidServerVersion ErrorInvalidSchemaVersionForMailboxVersion ErrorWrongServerVersion ErrorIncorrectSchemaVersion", "server-too-old", ExchangeAdmin, CHANGED),
        ("ErrorInvalidPropertyRequest ErrorUnsupportedPropertyDefinition ErrorSchemaValidation ErrorInvalidRequest ErrorMissingArgument ErrorInvalidArgument", "request-rejected", Operator, CHANGED),
        ("ErrorNoRespondingCASInDestinationSite ErrorNoApplicableProxyCASServersAvailable ErrorNoDestinationCASDueToKerberosRequirements ErrorNoDestinationCASDueToSSLRequirements ErrorNoDestinationCASDueToVersionMismatch ErrorCrossSiteRequest ErrorProxyRequestProcessingFailed ErrorProxyServiceDiscoveryFailed ErrorProxiedSubscriptionCallFailure ErrorProxyRequestNotAllowed ErrorProxyGroupSidLimitExceeded ErrorServiceDiscoveryFailed", "mailbox-server-unreachable", Nobody, LATER),
        ("ErrorSubscriptionNotFound ErrorInvalidSubscription ErrorExpiredSubscription ErrorSubscriptionUnsubscribed ErrorReadEventsFailed ErrorEventNotFound ErrorSubscriptionAccessDenied", "out-of-step", Nobody, SOON),
        ("ErrorSubscriptionDelegateAccessNotSupported", "access-denied", ExchangeAdmin, CHANGED),
        ("ErrorMissedNotificationEvents ErrorNewEventStreamConnectionOpened ErrorInvalidWatermark", "out-of-step", Nobody, SOON),
        ("ErrorNameResolutionNoResults", "mailbox-not-found", You, CHANGED),
        ("ErrorNameResolutionMultipleResults", "mailbox-ambiguous", You, CHANGED),
        ("ErrorQuotaExceeded", "mailbox-full", You, CHANGED),
        ("ErrorSendMeetingInvitationsRequired ErrorSendMeetingCancellationsRequired ErrorSendMeetingInvitationsOrCancellationsRequired", "request-rejected", Operator, CHANGED),
        ("ErrorOrganizationAccessBlocked", "exchange-online", You, CHANGED),
    ];

    fn problem_of(code: Code, values: &[(&str, &str)], text: &str) -> Problem {
        let own = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        let mailbox = "bob@example.test".parse().unwrap();
        let evidence = Evidence {
            url: "https://mail.example.test/EWS/Exchange.asmx",
            mailbox: &mailbox,
        };
        let said = ErrorResponse {
            code,
            text: text.to_owned(),
            inner: None,
            values: values.iter().map(own).collect(),
            is_fault: true,
        };
        problem(&said, &evidence)
    }

    #[test]
    fn a_busy_server_says_how_long_or_a_minute_is_taken() {
        let wait = |values| problem_of(Code::ServerBusy, values, "").retry();
        let minute = Retry::After(Duration::from_mins(1));
        assert_eq!(
            wait(&[("BackOffMilliseconds", "300000")]),
            Retry::After(Duration::from_mins(5))
        );
        assert_eq!(wait(&[("BackOffMilliseconds", "0")]), minute);
        assert_eq!(wait(&[]), minute);
    }

    #[test]
    fn an_alias_names_the_primary_address_wherever_it_stands() {
        let primary = Problem::MailboxAlias {
            primary: "bob.long@example.test".parse().ok(),
        };
        let code = || Code::NonPrimarySmtpAddress;
        assert_eq!(
            problem_of(code(), &[("Primary", "bob.long@example.test")], ""),
            primary
        );
        assert_eq!(
            problem_of(
                code(),
                &[],
                "The primary SMTP address must be specified: Bob.Long@example.test."
            ),
            primary
        );
        assert_eq!(
            problem_of(code(), &[], "for bob@example.test"),
            Problem::MailboxAlias { primary: None }
        );
    }

    #[test]
    fn every_named_code_has_a_problem_that_somebody_owns() {
        let mut listed = 0;
        for (codes, problem, owner, retry) in TABLE {
            for code in codes.split_whitespace() {
                let found = problem_of(Code::from(code), &[], "");
                let seen = (found.code(), found.owner(), found.retry());
                assert_eq!(seen, (*problem, *owner, *retry), "{code}");
                let told = format!("{:?}", advice(&found, &Names::default()));
                // Where one problem stands for many codes, its reader learns which it was.
                let many = [
                    "server-error",
                    "out-of-step",
                    "entry-damaged",
                    "request-rejected",
                ];
                assert!(
                    !many.contains(problem) || told.contains(code),
                    "{code}: {told}"
                );
                listed += 1;
            }
        }
        assert_eq!(
            listed,
            Code::NAMED.len(),
            "codes without a line in the table"
        );
        let unknown = problem_of(Code::from("ErrorNew2030"), &[], "");
        assert_eq!(
            unknown,
            Problem::UnknownResponseCode {
                response_code: "ErrorNew2030".to_owned()
            }
        );
    }
}
