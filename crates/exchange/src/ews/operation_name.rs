//! The names of the operations that exist here: both read, so that nothing in a mailbox can be changed.

/// The only elements that a request's body can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationName {
    /// Reads the facts of a folder.
    GetFolder,
    /// Reads the entries of a window.
    FindItem,
}

impl OperationName {
    /// Every operation there is.
    pub const ALL: [Self; 2] = [Self::GetFolder, Self::FindItem];

    /// The spelling of the schema.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GetFolder => "GetFolder",
            Self::FindItem => "FindItem",
        }
    }
}
