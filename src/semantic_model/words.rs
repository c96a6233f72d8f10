//! The fixed words of model files as types, spelled as the files spell them.
//!
//! Must not know where they stand. A word that Microsoft adds is a line in its
//! list; until then readers warn and keep the default.

/// An enum whose variants are words of the files, read without looking at case.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// The word in the files.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word; anything unknown is `None`.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                $(if word.eq_ignore_ascii_case($word) { return Some(Self::$variant); })+
                None
            }
        }
    };
}

words! {
    /// The type of a column's values.
    DataType {
        /// Decided by the engine.
        #[default] Automatic = "automatic",
        /// Text.
        String = "string",
        /// A whole number.
        Int64 = "int64",
        /// A floating point number.
        Double = "double",
        /// A fixed decimal number.
        Decimal = "decimal",
        /// A date, a time or both.
        DateTime = "dateTime",
        /// True or false.
        Boolean = "boolean",
        /// Bytes.
        Binary = "binary",
        /// Differs by row.
        Variant = "variant",
        /// Not known.
        Unknown = "unknown",
    }
}

words! {
    /// Where rows are kept.
    Mode {
        /// In memory.
        #[default] Import = "import",
        /// In the source.
        DirectQuery = "directQuery",
        /// Both.
        Dual = "dual",
        /// In files of a lake.
        DirectLake = "directLake",
        /// Pushed by a program.
        Push = "push",
        /// The model's default.
        Default = "default",
    }
}

words! {
    /// What fills a partition.
    SourceKind {
        /// An M expression.
        #[default] M = "m",
        /// A DAX expression.
        Calculated = "calculated",
        /// A query to a data source.
        Query = "query",
        /// A table of a lake or another model.
        Entity = "entity",
        /// A calculation group's own rows.
        CalculationGroup = "calculationGroup",
        /// A range of incremental refresh.
        PolicyRange = "policyRange",
        /// Decided by the engine.
        Inferred = "inferred",
        /// A file.
        Parquet = "parquet",
        /// Nothing.
        None = "none",
    }
}

words! {
    /// Where a column's values come from.
    ColumnKind {
        /// The source.
        #[default] Data = "data",
        /// A DAX expression.
        Calculated = "calculated",
        /// The expression of its table.
        CalculatedTableColumn = "calculatedTableColumn",
        /// The engine.
        RowNumber = "rowNumber",
    }
}

words! {
    /// What a visual does with a column's numbers.
    SummarizeBy {
        /// Decided by the type.
        #[default] Default = "default",
        /// Nothing.
        None = "none",
        /// Adds.
        Sum = "sum",
        /// The smallest.
        Min = "min",
        /// The largest.
        Max = "max",
        /// Counts.
        Count = "count",
        /// The mean.
        Average = "average",
        /// Counts different ones.
        DistinctCount = "distinctCount",
    }
}

words! {
    /// How often a value may come on one side of a relationship.
    Cardinality {
        /// Any number of times.
        #[default] Many = "many",
        /// Once.
        One = "one",
        /// Not said.
        None = "none",
    }
}

words! {
    /// Which way filters go over a relationship.
    CrossFilter {
        /// From the to side to the from side.
        #[default] OneDirection = "oneDirection",
        /// Both ways.
        BothDirections = "bothDirections",
        /// Decided by the engine.
        Automatic = "automatic",
    }
}

words! {
    /// Which way row-level security goes over a relationship.
    SecurityFilter {
        /// From the to side to the from side.
        #[default] OneDirection = "oneDirection",
        /// Both ways.
        BothDirections = "bothDirections",
        /// Not at all.
        None = "none",
    }
}

words! {
    /// What members of a role may do.
    Permission {
        /// Nothing.
        #[default] None = "none",
        /// Read.
        Read = "read",
        /// Read and refresh.
        ReadRefresh = "readRefresh",
        /// Refresh.
        Refresh = "refresh",
        /// Everything.
        Administrator = "administrator",
    }
}
