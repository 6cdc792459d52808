//! Rules for the operations that are answered, and the names of all others that the schema has.
//! The order of elements is that of the schema of Exchange SE.

use super::{
    Content, ElementType, SimpleType, UNBOUNDED, attributes, optional, particle,
    property_path::{EXTENDED_FIELD_URI, FIELD_URI, INDEXED_FIELD_URI},
    required,
    restriction::RESTRICTION,
    sequence, text,
};

static ANY: ElementType = ElementType {
    attributes: &[],
    content: Content::Anything,
};
static BOOLEAN: ElementType = text(SimpleType::Boolean);
static INTEGER: ElementType = text(SimpleType::Integer);
static STRING: ElementType = text(SimpleType::String);
static NON_EMPTY: ElementType = text(SimpleType::NonEmpty);

const BASE_SHAPES: SimpleType =
    SimpleType::OneOf(&["IdOnly", "Default", "AllProperties", "PcxPeopleSearch"]);
static BASE_SHAPE: ElementType = text(BASE_SHAPES);
static BODY_TYPE: ElementType = text(SimpleType::OneOf(&["Best", "HTML", "Text"]));

static ADDITIONAL_PROPERTIES: ElementType = sequence(&[particle(
    &[
        ("t:FieldURI", &FIELD_URI),
        ("t:IndexedFieldURI", &INDEXED_FIELD_URI),
        ("t:ExtendedFieldURI", &EXTENDED_FIELD_URI),
        ("t:ExceptionFieldURI", &ANY),
    ],
    1,
    UNBOUNDED,
)]);
static FOLDER_SHAPE: ElementType = sequence(&[
    particle(&[("t:BaseShape", &BASE_SHAPE)], 1, 1),
    particle(&[("t:AdditionalProperties", &ADDITIONAL_PROPERTIES)], 0, 1),
]);
static ITEM_SHAPE: ElementType = sequence(&[
    particle(&[("t:BaseShape", &BASE_SHAPE)], 1, 1),
    particle(&[("t:IncludeMimeContent", &BOOLEAN)], 0, 1),
    particle(&[("t:BodyType", &BODY_TYPE)], 0, 1),
    particle(&[("t:UniqueBodyType", &BODY_TYPE)], 0, 1),
    particle(&[("t:NormalizedBodyType", &BODY_TYPE)], 0, 1),
    particle(&[("t:FilterHtmlContent", &BOOLEAN)], 0, 1),
    particle(&[("t:ConvertHtmlCodePageToUTF8", &BOOLEAN)], 0, 1),
    particle(&[("t:InlineImageUrlTemplate", &STRING)], 0, 1),
    particle(&[("t:BlockExternalImages", &BOOLEAN)], 0, 1),
    particle(&[("t:AddBlankTargetToLinks", &BOOLEAN)], 0, 1),
    particle(&[("t:MaximumBodySize", &INTEGER)], 0, 1),
    particle(&[("t:AdditionalProperties", &ADDITIONAL_PROPERTIES)], 0, 1),
]);

static FOLDER_ID: ElementType = attributes(&[
    required("Id", SimpleType::String),
    optional("ChangeKey", SimpleType::String),
]);
static MAILBOX: ElementType = sequence(&[
    particle(&[("t:Name", &STRING)], 0, 1),
    particle(&[("t:EmailAddress", &NON_EMPTY)], 0, 1),
    particle(&[("t:RoutingType", &NON_EMPTY)], 0, 1),
    particle(&[("t:MailboxType", &NON_EMPTY)], 0, 1),
    particle(&[("t:ItemId", &FOLDER_ID)], 0, 1),
]);
static DISTINGUISHED_FOLDER_ID: ElementType = ElementType {
    attributes: &[
        required(
            "Id",
            SimpleType::OneOf(&[
                "calendar",
                "contacts",
                "deleteditems",
                "drafts",
                "inbox",
                "journal",
                "notes",
                "outbox",
                "sentitems",
                "tasks",
                "msgfolderroot",
                "publicfoldersroot",
                "root",
                "junkemail",
                "searchfolders",
                "voicemail",
                "recoverableitemsroot",
                "recoverableitemsdeletions",
                "recoverableitemsversions",
                "recoverableitemspurges",
                "recoverableitemsdiscoveryholds",
                "archiveroot",
                "archivemsgfolderroot",
                "archivedeleteditems",
                "archiveinbox",
                "archiverecoverableitemsroot",
                "archiverecoverableitemsdeletions",
                "archiverecoverableitemsversions",
                "archiverecoverableitemspurges",
                "archiverecoverableitemsdiscoveryholds",
                "syncissues",
                "conflicts",
                "localfailures",
                "serverfailures",
                "recipientcache",
                "quickcontacts",
                "conversationhistory",
                "adminauditlogs",
                "todosearch",
                "mycontacts",
                "directory",
                "imcontactlist",
                "peopleconnect",
                "favorites",
            ]),
        ),
        optional("ChangeKey", SimpleType::String),
    ],
    content: Content::Sequence(&[particle(&[("t:Mailbox", &MAILBOX)], 0, 1)]),
};
static FOLDER_IDS: ElementType = sequence(&[particle(
    &[
        ("t:FolderId", &FOLDER_ID),
        ("t:DistinguishedFolderId", &DISTINGUISHED_FOLDER_ID),
    ],
    1,
    UNBOUNDED,
)]);

static OCCURRENCE_ID: ElementType = attributes(&[
    required("RecurringMasterId", SimpleType::String),
    optional("ChangeKey", SimpleType::String),
    required("InstanceIndex", SimpleType::Integer),
]);
static MASTER_ID: ElementType = attributes(&[
    required("OccurrenceId", SimpleType::String),
    optional("ChangeKey", SimpleType::String),
]);
static ITEM_IDS: ElementType = sequence(&[particle(
    &[
        ("t:ItemId", &FOLDER_ID),
        ("t:OccurrenceItemId", &OCCURRENCE_ID),
        ("t:RecurringMasterItemId", &MASTER_ID),
    ],
    1,
    UNBOUNDED,
)]);

static CALENDAR_VIEW: ElementType = attributes(&[
    optional("MaxEntriesReturned", SimpleType::Integer),
    required("StartDate", SimpleType::DateTime),
    required("EndDate", SimpleType::DateTime),
]);
const BASE_POINTS: SimpleType = SimpleType::OneOf(&["Beginning", "End"]);
static INDEXED_VIEW: ElementType = attributes(&[
    optional("MaxEntriesReturned", SimpleType::Integer),
    required("Offset", SimpleType::Integer),
    required("BasePoint", BASE_POINTS),
]);
static FRACTIONAL_VIEW: ElementType = attributes(&[
    optional("MaxEntriesReturned", SimpleType::Integer),
    required("Numerator", SimpleType::Integer),
    required("Denominator", SimpleType::Integer),
]);
static CONTACTS_VIEW: ElementType = attributes(&[
    optional("MaxEntriesReturned", SimpleType::Integer),
    optional("InitialName", SimpleType::String),
    optional("FinalName", SimpleType::String),
]);
static SORT_ORDER: ElementType =
    sequence(&[particle(&[("t:FieldOrder", &FIELD_ORDER)], 1, UNBOUNDED)]);
static FIELD_ORDER: ElementType = ElementType {
    attributes: &[required(
        "Order",
        SimpleType::OneOf(&["Ascending", "Descending"]),
    )],
    content: Content::Sequence(&[particle(
        &[
            ("t:FieldURI", &FIELD_URI),
            ("t:IndexedFieldURI", &INDEXED_FIELD_URI),
            ("t:ExtendedFieldURI", &EXTENDED_FIELD_URI),
        ],
        1,
        1,
    )]),
};
static QUERY_STRING: ElementType = ElementType {
    attributes: &[
        optional("ResetCache", SimpleType::Boolean),
        optional("ReturnHighlightTerms", SimpleType::Boolean),
        optional("ReturnDeletedItems", SimpleType::Boolean),
    ],
    content: Content::Text(SimpleType::String),
};

static GET_FOLDER: ElementType = sequence(&[
    particle(&[("m:FolderShape", &FOLDER_SHAPE)], 1, 1),
    particle(&[("m:FolderIds", &FOLDER_IDS)], 1, 1),
]);
static FIND_ITEM: ElementType = ElementType {
    attributes: &[required(
        "Traversal",
        SimpleType::OneOf(&["Shallow", "SoftDeleted", "Associated"]),
    )],
    content: Content::Sequence(&[
        particle(&[("m:ItemShape", &ITEM_SHAPE)], 1, 1),
        particle(
            &[
                ("m:IndexedPageItemView", &INDEXED_VIEW),
                ("m:FractionalPageItemView", &FRACTIONAL_VIEW),
                ("m:SeekToConditionPageItemView", &ANY),
                ("m:CalendarView", &CALENDAR_VIEW),
                ("m:ContactsView", &CONTACTS_VIEW),
            ],
            0,
            1,
        ),
        particle(
            &[("m:GroupBy", &ANY), ("m:DistinguishedGroupBy", &ANY)],
            0,
            1,
        ),
        particle(&[("m:Restriction", &RESTRICTION)], 0, 1),
        particle(&[("m:SortOrder", &SORT_ORDER)], 0, 1),
        particle(&[("m:ParentFolderIds", &FOLDER_IDS)], 1, 1),
        particle(&[("m:QueryString", &QUERY_STRING)], 0, 1),
    ]),
};
static GET_ITEM: ElementType = sequence(&[
    particle(&[("m:ItemShape", &ITEM_SHAPE)], 1, 1),
    particle(&[("m:ItemIds", &ITEM_IDS)], 1, 1),
]);
static RESOLVE_NAMES: ElementType = ElementType {
    attributes: &[
        required("ReturnFullContactData", SimpleType::Boolean),
        optional(
            "SearchScope",
            SimpleType::OneOf(&[
                "ActiveDirectory",
                "ActiveDirectoryContacts",
                "Contacts",
                "ContactsActiveDirectory",
            ]),
        ),
        optional("ContactDataShape", BASE_SHAPES),
    ],
    content: Content::Sequence(&[
        particle(&[("m:ParentFolderIds", &FOLDER_IDS)], 0, 1),
        particle(&[("m:UnresolvedEntry", &NON_EMPTY)], 1, 1),
    ]),
};
const ID_FORMATS: SimpleType = SimpleType::OneOf(&[
    "EwsLegacyId",
    "EwsId",
    "EntryId",
    "HexEntryId",
    "StoreId",
    "OwaId",
]);
static ALTERNATE_ID: ElementType = attributes(&[
    required("Format", ID_FORMATS),
    required("Id", SimpleType::String),
    required("Mailbox", SimpleType::NonEmpty),
    optional("IsArchive", SimpleType::Boolean),
]);
static SOURCE_IDS: ElementType = sequence(&[particle(
    &[
        ("t:AlternateId", &ALTERNATE_ID),
        ("t:AlternatePublicFolderId", &ANY),
        ("t:AlternatePublicFolderItemId", &ANY),
    ],
    1,
    UNBOUNDED,
)]);
static CONVERT_ID: ElementType = ElementType {
    attributes: &[required("DestinationFormat", ID_FORMATS)],
    content: Content::Sequence(&[particle(&[("m:SourceIds", &SOURCE_IDS)], 1, 1)]),
};

/// The operations that are answered.
static ANSWERED_OPERATIONS: &[(&str, &ElementType)] = &[
    ("GetFolder", &GET_FOLDER),
    ("FindItem", &FIND_ITEM),
    ("GetItem", &GET_ITEM),
    ("ResolveNames", &RESOLVE_NAMES),
    ("ConvertId", &CONVERT_ID),
];

/// Operations of the schema that a practice Exchange refuses, whatever their content.
const UNANSWERED_OPERATIONS: &str = "AddDelegate AddDistributionGroupToImList AddImContactToGroup AddImGroup \
    AddNewImContactToGroup AddNewTelUriContactToGroup ApplyConversationAction ArchiveItem CopyFolder \
    CopyItem CreateAttachment CreateFolder CreateFolderPath CreateItem CreateManagedFolder \
    CreateUserConfiguration DeleteAttachment DeleteFolder DeleteItem DeleteUserConfiguration \
    DisableApp DisconnectPhoneCall EmptyFolder ExpandDL ExportItems FindConversation FindFolder \
    FindMailboxStatisticsByKeywords FindMessageTrackingReport FindPeople GetAppManifests \
    GetAppMarketplaceUrl GetAttachment GetClientAccessToken GetClientExtension GetConversationItems \
    GetDelegate GetDiscoverySearchConfiguration GetEncryptionConfiguration GetEvents GetHoldOnMailboxes \
    GetImItemList GetImItems GetInboxRules GetMailTips GetMessageTrackingReport \
    GetNonIndexableItemDetails GetNonIndexableItemStatistics GetPasswordExpirationDate GetPersona \
    GetPhoneCallInformation GetReminders GetRoomLists GetRooms GetSearchableMailboxes \
    GetServerTimeZones GetServiceConfiguration GetSharingFolder GetSharingMetadata GetStreamingEvents \
    GetUserAvailabilityRequest GetUserConfiguration GetUserOofSettingsRequest GetUserPhoto \
    GetUserRetentionPolicyTags InstallApp MarkAllItemsAsRead MarkAsJunk MoveFolder MoveItem \
    PerformReminderAction PlayOnPhone RefreshSharingFolder RemoveContactFromImList RemoveDelegate \
    RemoveDistributionGroupFromImList RemoveImContactFromGroup RemoveImGroup SearchMailboxes SendItem \
    SetClientExtension SetEncryptionConfiguration SetHoldOnMailboxes SetImGroup \
    SetImListMigrationCompleted SetUserOofSettingsRequest Subscribe SyncFolderHierarchy \
    SyncFolderItems UninstallApp Unsubscribe UpdateDelegate UpdateFolder UpdateInboxRules UpdateItem \
    UpdateItemInRecoverableItems UpdateUserConfiguration UploadItems";

/// The rule for the Body child `name`; `None` if the schema has no such operation.
pub fn rule(name: &str) -> Option<&'static ElementType> {
    ANSWERED_OPERATIONS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, kind)| *kind)
        .or_else(|| {
            UNANSWERED_OPERATIONS
                .split_ascii_whitespace()
                .any(|known| known == name)
                .then_some(&ANY)
        })
}

/// Whether an operation is answered at all.
pub fn is_answered(name: &str) -> bool {
    ANSWERED_OPERATIONS.iter().any(|(known, _)| *known == name)
}
