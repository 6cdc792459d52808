//! The response codes of Exchange that Kalends acts on; the schema of Exchange SE lists about 430, so the list is open.

use std::fmt;

macro_rules! codes {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// A response code, from a fault or a response message.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum ResponseCode {
            /// Success: the one code that is no error.
            NoError,
            $(#[doc = concat!("`", $text, "`")] $name,)*
            /// A code without a meaning of its own here, as sent and at most 100 characters long.
            Other(String),
        }

        impl ResponseCode {
            /// Each code that has a name here.
            pub const NAMED: &[Self] = &[$(Self::$name),*];

            /// The spelling of the schema.
            pub fn as_str(&self) -> &str {
                match self {
                    Self::NoError => "NoError",
                    $(Self::$name => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for ResponseCode {
            fn from(text: &str) -> Self {
                match schema_spelling(text.trim()) {
                    "NoError" => Self::NoError,
                    $($text => Self::$name,)*
                    other => Self::Other(
                        other.chars().filter(|c| c.is_ascii_graphic()).take(100).collect(),
                    ),
                }
            }
        }
    };
}

codes! {
    ImpersonateUserDenied = "ErrorImpersonateUserDenied",
    ImpersonationDenied = "ErrorImpersonationDenied",
    ImpersonationFailed = "ErrorImpersonationFailed",
    InvalidExchangeImpersonationHeaderData = "ErrorInvalidExchangeImpersonationHeaderData",
    InvalidUserPrincipalName = "ErrorInvalidUserPrincipalName",
    InvalidUserSid = "ErrorInvalidUserSid",
    NonExistentMailbox = "ErrorNonExistentMailbox",
    InvalidSmtpAddress = "ErrorInvalidSmtpAddress",
    CannotFindUser = "ErrorCannotFindUser",
    MailRecipientNotFound = "ErrorMailRecipientNotFound",
    MissingEmailAddress = "ErrorMissingEmailAddress",
    NonPrimarySmtpAddress = "ErrorNonPrimarySmtpAddress",
    AccessDenied = "ErrorAccessDenied",
    AccountDisabled = "ErrorAccountDisabled",
    PasswordExpired = "ErrorPasswordExpired",
    PasswordChangeRequired = "ErrorPasswordChangeRequired",
    CallerIsInvalidADAccount = "ErrorCallerIsInvalidADAccount",
    MailboxMoveInProgress = "ErrorMailboxMoveInProgress",
    MailboxStoreUnavailable = "ErrorMailboxStoreUnavailable",
    MailboxFailover = "ErrorMailboxFailover",
    ConnectionFailed = "ErrorConnectionFailed",
    MailboxLogonFailed = "ErrorMailboxLogonFailed",
    MailboxConfiguration = "ErrorMailboxConfiguration",
    ADUnavailable = "ErrorADUnavailable",
    ADOperation = "ErrorADOperation",
    InternalServerTransientError = "ErrorInternalServerTransientError",
    InternalServerError = "ErrorInternalServerError",
    ServerBusy = "ErrorServerBusy",
    ExceededConnectionCount = "ErrorExceededConnectionCount",
    ExceededSubscriptionCount = "ErrorExceededSubscriptionCount",
    ExceededFindCountLimit = "ErrorExceededFindCountLimit",
    TooManyObjectsOpened = "ErrorTooManyObjectsOpened",
    InsufficientResources = "ErrorInsufficientResources",
    NotEnoughMemory = "ErrorNotEnoughMemory",
    TimeoutExpired = "ErrorTimeoutExpired",
    RequestAborted = "ErrorRequestAborted",
    ClientDisconnected = "ErrorClientDisconnected",
    BatchProcessingStopped = "ErrorBatchProcessingStopped",
    FolderNotFound = "ErrorFolderNotFound",
    NoCalendar = "ErrorNoCalendar",
    CalendarFolderIsInvalidForCalendarView = "ErrorCalendarFolderIsInvalidForCalendarView",
    ItemNotFound = "ErrorItemNotFound",
    CorruptData = "ErrorCorruptData",
    ItemCorrupt = "ErrorItemCorrupt",
    CalendarInvalidPropertyState = "ErrorCalendarInvalidPropertyState",
    CalendarInvalidTimeZone = "ErrorCalendarInvalidTimeZone",
    CalendarInvalidRecurrence = "ErrorCalendarInvalidRecurrence",
    InvalidServerVersion = "ErrorInvalidServerVersion",
    InvalidSchemaVersionForMailboxVersion = "ErrorInvalidSchemaVersionForMailboxVersion",
    WrongServerVersion = "ErrorWrongServerVersion",
    IncorrectSchemaVersion = "ErrorIncorrectSchemaVersion",
    InvalidPropertyRequest = "ErrorInvalidPropertyRequest",
    UnsupportedPropertyDefinition = "ErrorUnsupportedPropertyDefinition",
    SchemaValidation = "ErrorSchemaValidation",
    InvalidRequest = "ErrorInvalidRequest",
    MissingArgument = "ErrorMissingArgument",
    InvalidArgument = "ErrorInvalidArgument",
    CalendarViewRangeTooBig = "ErrorCalendarViewRangeTooBig",
    NoRespondingCASInDestinationSite = "ErrorNoRespondingCASInDestinationSite",
    NoApplicableProxyCASServersAvailable = "ErrorNoApplicableProxyCASServersAvailable",
    CrossSiteRequest = "ErrorCrossSiteRequest",
    ProxyRequestProcessingFailed = "ErrorProxyRequestProcessingFailed",
    ProxyServiceDiscoveryFailed = "ErrorProxyServiceDiscoveryFailed",
    ProxyRequestNotAllowed = "ErrorProxyRequestNotAllowed",
    ServiceDiscoveryFailed = "ErrorServiceDiscoveryFailed",
    OrganizationAccessBlocked = "ErrorOrganizationAccessBlocked",
    InvalidSyncStateData = "ErrorInvalidSyncStateData",
    SyncFolderNotFound = "ErrorSyncFolderNotFound",
    ObjectTypeChanged = "ErrorObjectTypeChanged",
    IrresolvableConflict = "ErrorIrresolvableConflict",
    StaleObject = "ErrorStaleObject",
    ChangeKeyRequiredForWriteOperations = "ErrorChangeKeyRequiredForWriteOperations",
    InvalidChangeKey = "ErrorInvalidChangeKey",
    InvalidIdMalformed = "ErrorInvalidIdMalformed",
    InvalidIdEmpty = "ErrorInvalidIdEmpty",
    InvalidId = "ErrorInvalidId",
    NoDestinationCASDueToKerberosRequirements = "ErrorNoDestinationCASDueToKerberosRequirements",
    NoDestinationCASDueToSSLRequirements = "ErrorNoDestinationCASDueToSSLRequirements",
    NoDestinationCASDueToVersionMismatch = "ErrorNoDestinationCASDueToVersionMismatch",
    ProxiedSubscriptionCallFailure = "ErrorProxiedSubscriptionCallFailure",
    ProxyGroupSidLimitExceeded = "ErrorProxyGroupSidLimitExceeded",
    SubscriptionNotFound = "ErrorSubscriptionNotFound",
    InvalidSubscription = "ErrorInvalidSubscription",
    ExpiredSubscription = "ErrorExpiredSubscription",
    SubscriptionUnsubscribed = "ErrorSubscriptionUnsubscribed",
    ReadEventsFailed = "ErrorReadEventsFailed",
    EventNotFound = "ErrorEventNotFound",
    SubscriptionAccessDenied = "ErrorSubscriptionAccessDenied",
    SubscriptionDelegateAccessNotSupported = "ErrorSubscriptionDelegateAccessNotSupported",
    MissedNotificationEvents = "ErrorMissedNotificationEvents",
    NewEventStreamConnectionOpened = "ErrorNewEventStreamConnectionOpened",
    InvalidWatermark = "ErrorInvalidWatermark",
    NameResolutionNoResults = "ErrorNameResolutionNoResults",
    NameResolutionMultipleResults = "ErrorNameResolutionMultipleResults",
    QuotaExceeded = "ErrorQuotaExceeded",
    SendMeetingInvitationsRequired = "ErrorSendMeetingInvitationsRequired",
    SendMeetingCancellationsRequired = "ErrorSendMeetingCancellationsRequired",
    SendMeetingInvitationsOrCancellationsRequired = "ErrorSendMeetingInvitationsOrCancellationsRequired",
}

impl ResponseCode {
    /// The server limits how much it is asked.
    pub const fn is_throttling(&self) -> bool {
        matches!(
            self,
            Self::ServerBusy
                | Self::ExceededConnectionCount
                | Self::ExceededSubscriptionCount
                | Self::TooManyObjectsOpened
        )
    }

    /// The mailbox's server does not know the schema of the request.
    pub const fn refuses_the_schema(&self) -> bool {
        matches!(
            self,
            Self::InvalidServerVersion
                | Self::InvalidSchemaVersionForMailboxVersion
                | Self::WrongServerVersion
                | Self::IncorrectSchemaVersion
        )
    }

    /// The mailbox's server does not know a property that was asked for.
    pub const fn refuses_a_property(&self) -> bool {
        matches!(
            self,
            Self::InvalidPropertyRequest | Self::UnsupportedPropertyDefinition
        )
    }

    /// An entry of what was asked for cannot be read by the server itself; the others can, if they are asked for alone.
    pub const fn is_of_one_entry(&self) -> bool {
        matches!(
            self,
            Self::CorruptData
                | Self::ItemCorrupt
                | Self::CalendarInvalidPropertyState
                | Self::CalendarInvalidTimeZone
                | Self::CalendarInvalidRecurrence
        )
    }

    /// Says nothing by itself: an inner error may.
    pub const fn is_a_wrapper(&self) -> bool {
        matches!(
            self,
            Self::InternalServerError | Self::InternalServerTransientError
        )
    }
}

/// Some servers and documents spell a code otherwise than the schema does.
fn schema_spelling(text: &str) -> &str {
    match text {
        "ErrorAccountDisable" => "ErrorAccountDisabled",
        "ErrorSubscriptionUnsubsribed" => "ErrorSubscriptionUnsubscribed",
        "ErrorSidNotFound" | "ErrorUserSidNotFound" => "ErrorInvalidUserSid",
        text => text,
    }
}

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_their_spelling_and_unknown_ones_are_kept() {
        for code in ResponseCode::NAMED {
            assert_eq!(ResponseCode::from(code.as_str()), *code);
        }
        for (text, code) in [
            ("ErrorAccountDisable", ResponseCode::AccountDisabled),
            (
                "ErrorSubscriptionUnsubsribed",
                ResponseCode::SubscriptionUnsubscribed,
            ),
            ("ErrorSidNotFound", ResponseCode::InvalidUserSid),
        ] {
            assert_eq!(ResponseCode::from(text), code);
        }
        assert_eq!(
            ResponseCode::from(" ErrorNew2030\n").as_str(),
            "ErrorNew2030"
        );
    }
}
