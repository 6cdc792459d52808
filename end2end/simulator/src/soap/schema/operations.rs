//! Rules for the operations that are answered, and the names of all others that the schema has.
//! The order of elements is that of the schema of Exchange SE.

use super::{
    Content, MANY, Simple, Type, attributes, optional, place,
    property_path::{EXTENDED_FIELD_URI, FIELD_URI, INDEXED_FIELD_URI},
    required,
    search::RESTRICTION,
    sequence, text,
};

static ANY: Type = Type {
    attributes: &[],
    content: Content::Anything,
};
static BOOLEAN: Type = text(Simple::Boolean);
static INTEGER: Type = text(Simple::Integer);
static STRING: Type = text(Simple::String);
static NON_EMPTY: Type = text(Simple::NonEmpty);

const BASE_SHAPES: Simple =
    Simple::OneOf(&["IdOnly", "Default", "AllProperties", "PcxPeopleSearch"]);
static BASE_SHAPE: Type = text(BASE_SHAPES);
static BODY_TYPE: Type = text(Simple::OneOf(&["Best", "HTML", "Text"]));

static ADDITIONAL_PROPERTIES: Type = sequence(&[place(
    &[
        ("t:FieldURI", &FIELD_URI),
        ("t:IndexedFieldURI", &INDEXED_FIELD_URI),
        ("t:ExtendedFieldURI", &EXTENDED_FIELD_URI),
        ("t:ExceptionFieldURI", &ANY),
    ],
    1,
    MANY,
)]);
static FOLDER_SHAPE: Type = sequence(&[
    place(&[("t:BaseShape", &BASE_SHAPE)], 1, 1),
    place(&[("t:AdditionalProperties", &ADDITIONAL_PROPERTIES)], 0, 1),
]);
static ITEM_SHAPE: Type = sequence(&[
    place(&[("t:BaseShape", &BASE_SHAPE)], 1, 1),
    place(&[("t:IncludeMimeContent", &BOOLEAN)], 0, 1),
    place(&[("t:BodyType", &BODY_TYPE)], 0, 1),
    place(&[("t:UniqueBodyType", &BODY_TYPE)], 0, 1),
    place(&[("t:NormalizedBodyType", &BODY_TYPE)], 0, 1),
    place(&[("t:FilterHtmlContent", &BOOLEAN)], 0, 1),
    place(&[("t:ConvertHtmlCodePageToUTF8", &BOOLEAN)], 0, 1),
    place(&[("t:InlineImageUrlTemplate", &STRING)], 0, 1),
    place(&[("t:BlockExternalImages", &BOOLEAN)], 0, 1),
    place(&[("t:AddBlankTargetToLinks", &BOOLEAN)], 0, 1),
    place(&[("t:MaximumBodySize", &INTEGER)], 0, 1),
    place(&[("t:AdditionalProperties", &ADDITIONAL_PROPERTIES)], 0, 1),
]);

static FOLDER_ID: Type = attributes(&[
    required("Id", Simple::String),
    optional("ChangeKey", Simple::String),
]);
static MAILBOX: Type = sequence(&[
    place(&[("t:Name", &STRING)], 0, 1),
    place(&[("t:EmailAddress", &NON_EMPTY)], 0, 1),
    place(&[("t:RoutingType", &NON_EMPTY)], 0, 1),
    place(&[("t:MailboxType", &NON_EMPTY)], 0, 1),
    place(&[("t:ItemId", &FOLDER_ID)], 0, 1),
]);
static DISTINGUISHED_FOLDER_ID: Type = Type {
    attributes: &[
        required(
            "Id",
            Simple::OneOf(&[
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
        optional("ChangeKey", Simple::String),
    ],
    content: Content::Sequence(&[place(&[("t:Mailbox", &MAILBOX)], 0, 1)]),
};
static FOLDER_IDS: Type = sequence(&[place(
    &[
        ("t:FolderId", &FOLDER_ID),
        ("t:DistinguishedFolderId", &DISTINGUISHED_FOLDER_ID),
    ],
    1,
    MANY,
)]);

static OCCURRENCE_ID: Type = attributes(&[
    required("RecurringMasterId", Simple::String),
    optional("ChangeKey", Simple::String),
    required("InstanceIndex", Simple::Integer),
]);
static MASTER_ID: Type = attributes(&[
    required("OccurrenceId", Simple::String),
    optional("ChangeKey", Simple::String),
]);
static ITEM_IDS: Type = sequence(&[place(
    &[
        ("t:ItemId", &FOLDER_ID),
        ("t:OccurrenceItemId", &OCCURRENCE_ID),
        ("t:RecurringMasterItemId", &MASTER_ID),
    ],
    1,
    MANY,
)]);

static CALENDAR_VIEW: Type = attributes(&[
    optional("MaxEntriesReturned", Simple::Integer),
    required("StartDate", Simple::DateTime),
    required("EndDate", Simple::DateTime),
]);
const BASE_POINTS: Simple = Simple::OneOf(&["Beginning", "End"]);
static INDEXED_VIEW: Type = attributes(&[
    optional("MaxEntriesReturned", Simple::Integer),
    required("Offset", Simple::Integer),
    required("BasePoint", BASE_POINTS),
]);
static FRACTIONAL_VIEW: Type = attributes(&[
    optional("MaxEntriesReturned", Simple::Integer),
    required("Numerator", Simple::Integer),
    required("Denominator", Simple::Integer),
]);
static CONTACTS_VIEW: Type = attributes(&[
    optional("MaxEntriesReturned", Simple::Integer),
    optional("InitialName", Simple::String),
    optional("FinalName", Simple::String),
]);
static SORT_ORDER: Type = sequence(&[place(&[("t:FieldOrder", &FIELD_ORDER)], 1, MANY)]);
static FIELD_ORDER: Type = Type {
    attributes: &[required(
        "Order",
        Simple::OneOf(&["Ascending", "Descending"]),
    )],
    content: Content::Sequence(&[place(
        &[
            ("t:FieldURI", &FIELD_URI),
            ("t:IndexedFieldURI", &INDEXED_FIELD_URI),
            ("t:ExtendedFieldURI", &EXTENDED_FIELD_URI),
        ],
        1,
        1,
    )]),
};
static QUERY_STRING: Type = Type {
    attributes: &[
        optional("ResetCache", Simple::Boolean),
        optional("ReturnHighlightTerms", Simple::Boolean),
        optional("ReturnDeletedItems", Simple::Boolean),
    ],
    content: Content::Text(Simple::String),
};

static GET_FOLDER: Type = sequence(&[
    place(&[("m:FolderShape", &FOLDER_SHAPE)], 1, 1),
    place(&[("m:FolderIds", &FOLDER_IDS)], 1, 1),
]);
static FIND_ITEM: Type = Type {
    attributes: &[required(
        "Traversal",
        Simple::OneOf(&["Shallow", "SoftDeleted", "Associated"]),
    )],
    content: Content::Sequence(&[
        place(&[("m:ItemShape", &ITEM_SHAPE)], 1, 1),
        place(
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
        place(
            &[("m:GroupBy", &ANY), ("m:DistinguishedGroupBy", &ANY)],
            0,
            1,
        ),
        place(&[("m:Restriction", &RESTRICTION)], 0, 1),
        place(&[("m:SortOrder", &SORT_ORDER)], 0, 1),
        place(&[("m:ParentFolderIds", &FOLDER_IDS)], 1, 1),
        place(&[("m:QueryString", &QUERY_STRING)], 0, 1),
    ]),
};
static GET_ITEM: Type = sequence(&[
    place(&[("m:ItemShape", &ITEM_SHAPE)], 1, 1),
    place(&[("m:ItemIds", &ITEM_IDS)], 1, 1),
]);
static RESOLVE_NAMES: Type = Type {
    attributes: &[
        required("ReturnFullContactData", Simple::Boolean),
        optional(
            "SearchScope",
            Simple::OneOf(&[
                "ActiveDirectory",
                "ActiveDirectoryContacts",
                "Contacts",
                "ContactsActiveDirectory",
            ]),
        ),
        optional("ContactDataShape", BASE_SHAPES),
    ],
    content: Content::Sequence(&[
        place(&[("m:ParentFolderIds", &FOLDER_IDS)], 0, 1),
        place(&[("m:UnresolvedEntry", &NON_EMPTY)], 1, 1),
    ]),
};
const ID_FORMATS: Simple = Simple::OneOf(&[
    "EwsLegacyId",
    "EwsId",
    "EntryId",
    "HexEntryId",
    "StoreId",
    "OwaId",
]);
static ALTERNATE_ID: Type = attributes(&[
    required("Format", ID_FORMATS),
    required("Id", Simple::String),
    required("Mailbox", Simple::NonEmpty),
    optional("IsArchive", Simple::Boolean),
]);
static SOURCE_IDS: Type = sequence(&[place(
    &[
        ("t:AlternateId", &ALTERNATE_ID),
        ("t:AlternatePublicFolderId", &ANY),
        ("t:AlternatePublicFolderItemId", &ANY),
    ],
    1,
    MANY,
)]);
static CONVERT_ID: Type = Type {
    attributes: &[required("DestinationFormat", ID_FORMATS)],
    content: Content::Sequence(&[place(&[("m:SourceIds", &SOURCE_IDS)], 1, 1)]),
};

/// The operations that are answered.
static ANSWERED: &[(&str, &Type)] = &[
    ("GetFolder", &GET_FOLDER),
    ("FindItem", &FIND_ITEM),
    ("GetItem", &GET_ITEM),
    ("ResolveNames", &RESOLVE_NAMES),
    ("ConvertId", &CONVERT_ID),
];

/// Operations of the schema that a practice Exchange refuses, whatever their content.
const KNOWN: &str = "AddDelegate AddDistributionGroupToImList AddImContactToGroup AddImGroup \
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
pub fn rule(name: &str) -> Option<&'static Type> {
    ANSWERED
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, kind)| *kind)
        .or_else(|| {
            KNOWN
                .split_ascii_whitespace()
                .any(|known| known == name)
                .then_some(&ANY)
        })
}

/// Whether an operation is answered at all.
pub fn answered(name: &str) -> bool {
    ANSWERED.iter().any(|(known, _)| *known == name)
}
