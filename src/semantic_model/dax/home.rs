//! Where an expression is written, which decides what its names mean.
//!
//! Must not know models.

/// Where an expression is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home<'a> {
    /// In a measure of this table.
    Measure(&'a str),
    /// In a calculated column of this table.
    Column(&'a str),
    /// In a calculated table.
    Table,
    /// In an item of the calculation group that is this table.
    Item(&'a str),
    /// In a role, as the filter of this table.
    Filter(&'a str),
    /// In a query, or nowhere yet.
    Query,
}

impl<'a> Home<'a> {
    /// The table whose columns need no table before them.
    #[must_use]
    pub fn table(self) -> Option<&'a str> {
        match self {
            Self::Measure(table) | Self::Column(table) | Self::Item(table) | Self::Filter(table) => Some(table),
            Self::Table | Self::Query => None,
        }
    }

    /// Whether it is evaluated for each row of its table.
    #[must_use]
    pub fn row_by_row(self) -> bool {
        match self {
            Self::Column(_) | Self::Filter(_) => true,
            Self::Measure(_) | Self::Item(_) | Self::Table | Self::Query => false,
        }
    }
}
