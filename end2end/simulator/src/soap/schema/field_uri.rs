//! The property paths that `FieldURI` may name.
//! Folder, item and calendar paths are listed; of other item classes only the prefix is checked.

const FOLDER: &str = "FolderId ParentFolderId DisplayName UnreadCount TotalCount ChildFolderCount \
    FolderClass SearchParameters ManagedFolderInformation PermissionSet EffectiveRights \
    SharingEffectiveRights DistinguishedFolderId PolicyTag ArchiveTag ReplicaList";

const ITEM: &str = "ItemId ParentFolderId ItemClass MimeContent MimeContentUTF8 Attachments Subject \
    DateTimeReceived Size Categories HasAttachments Importance InReplyTo InternetMessageHeaders \
    IsAssociated IsDraft IsFromMe IsResend IsSubmitted IsUnmodified DateTimeSent DateTimeCreated Body \
    ResponseObjects Sensitivity ReminderDueBy ReminderIsSet ReminderNextTime \
    ReminderMinutesBeforeStart DisplayTo DisplayCc DisplayBcc Culture EffectiveRights \
    LastModifiedName LastModifiedTime ConversationId UniqueBody Flag StoreEntryId InstanceKey \
    NormalizedBody EntityExtractionResult PolicyTag ArchiveTag RetentionDate Preview \
    NextPredictedAction GroupingAction PredictedActionReasons IsClutter RightsManagementLicenseData \
    BlockStatus HasBlockedImages WebClientReadFormQueryString WebClientEditFormQueryString TextBody \
    IconIndex MentionedMe Hashtags Mentions";

const CALENDAR: &str = "Start End OriginalStart StartWallClock EndWallClock StartTimeZoneId \
    EndTimeZoneId IsAllDayEvent LegacyFreeBusyStatus Location EnhancedLocation When IsMeeting \
    IsCancelled IsRecurring MeetingRequestWasSent IsResponseRequested CalendarItemType MyResponseType \
    Organizer RequiredAttendees OptionalAttendees Resources ConflictingMeetingCount \
    AdjacentMeetingCount ConflictingMeetings AdjacentMeetings Duration TimeZone AppointmentReplyTime \
    AppointmentSequenceNumber AppointmentState Recurrence FirstOccurrence LastOccurrence \
    ModifiedOccurrences DeletedOccurrences MeetingTimeZone ConferenceType AllowNewTimeProposal \
    IsOnlineMeeting MeetingWorkspaceUrl NetShowUrl UID RecurrenceId DateTimeStamp StartTimeZone \
    EndTimeZone JoinOnlineMeetingUrl OnlineMeetingSettings IsOrganizer InboxReminders";

const OTHER_CLASS_PREFIXES: [&str; 10] = [
    "meeting:",
    "meetingRequest:",
    "message:",
    "task:",
    "contacts:",
    "distributionlist:",
    "postitem:",
    "conversation:",
    "persona:",
    "rolemember:",
];

/// Whether the schema knows the path.
pub fn is_known(path: &str) -> bool {
    let listed = |names: &str, name: &str| names.split_ascii_whitespace().any(|each| each == name);
    match path.split_once(':') {
        Some(("folder", name)) => listed(FOLDER, name),
        Some(("item", name)) => listed(ITEM, name),
        Some(("calendar", name)) => listed(CALENDAR, name),
        Some((_, name)) => {
            OTHER_CLASS_PREFIXES
                .iter()
                .any(|prefix| path.starts_with(prefix))
                && !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }
        None => false,
    }
}

/// The first schema version with the path, for paths that came after 2007.
pub fn introduced_in(path: &str) -> &'static str {
    match path {
        "calendar:StartWallClock"
        | "calendar:EndWallClock"
        | "calendar:StartTimeZoneId"
        | "calendar:EndTimeZoneId"
        | "calendar:EnhancedLocation"
        | "calendar:JoinOnlineMeetingUrl"
        | "calendar:OnlineMeetingSettings"
        | "calendar:IsOrganizer"
        | "item:Flag"
        | "item:InstanceKey"
        | "item:NormalizedBody"
        | "item:Preview"
        | "item:TextBody" => "Exchange2013",
        "calendar:StartTimeZone"
        | "calendar:EndTimeZone"
        | "item:UniqueBody"
        | "item:ConversationId" => "Exchange2010",
        "calendar:UID" | "calendar:RecurrenceId" | "calendar:DateTimeStamp" => "Exchange2007_SP1",
        _ => "Exchange2007",
    }
}
