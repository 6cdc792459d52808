//! The names of the operations.

/// The only elements that a request's body can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationName {
    GetFolder,
    FindItem,
}

impl OperationName {
    pub const ALL: [Self; 2] = [Self::GetFolder, Self::FindItem];

    /// The spelling of the schema.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GetFolder => "GetFolder",
            Self::FindItem => "FindItem",
        }
    }
}
