//! What `analyze_intent` answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::json::Object;
use crate::intelligence::catalogue::NameKind;

/// What a request wants, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Judge or diagnose.
    Analysis,
    /// Create or change objects.
    Development,
    /// Change for speed or size.
    Optimization,
    /// Export, describe, explain.
    Documentation,
    /// List, show, query.
    Exploration,
    /// Greeting, help, control of a session, everything out of scope.
    General,
}

impl Category {
    /// Every category; equal scores are decided in this order.
    pub const ALL: [Self; 6] =
        [Self::Analysis, Self::Development, Self::Optimization, Self::Documentation, Self::Exploration, Self::General];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Analysis => "analysis",
            Self::Development => "development",
            Self::Optimization => "optimization",
            Self::Documentation => "documentation",
            Self::Exploration => "exploration",
            Self::General => "general",
        }
    }

    /// The subcategory of a request that says no more than the category.
    #[must_use]
    pub fn fallback(self) -> Subcategory {
        match self {
            Self::Analysis => Subcategory::GeneralAnalysis,
            Self::Development => Subcategory::GeneralDevelopment,
            Self::Optimization => Subcategory::GeneralOptimization,
            Self::Documentation => Subcategory::GeneralDocumentation,
            Self::Exploration => Subcategory::Exploration,
            Self::General => Subcategory::General,
        }
    }
}

/// What a request wants, more closely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subcategory {
    /// Check against best practices.
    BestPractices,
    /// Find out what is slow.
    Performance,
    /// Judge how tables are related.
    Relationships,
    /// What depends on what.
    Dependencies,
    /// Any other diagnosis.
    GeneralAnalysis,
    /// A measure.
    MeasureCreation,
    /// A calculation group or its items.
    CalculationGroup,
    /// A table.
    TableCreation,
    /// Any other change.
    GeneralDevelopment,
    /// A faster expression.
    DaxOptimization,
    /// Relationships that cost less.
    RelationshipOptimization,
    /// Aggregations.
    Aggregation,
    /// Any other gain in speed or size.
    GeneralOptimization,
    /// A Word document.
    WordExport,
    /// A web page.
    HtmlExport,
    /// The schema itself.
    SchemaExport,
    /// Any other description.
    GeneralDocumentation,
    /// Look at what is there.
    Exploration,
    /// None of the others.
    General,
}

impl Subcategory {
    /// Every subcategory; equal scores are decided in this order.
    pub const ALL: [Self; 19] = [
        Self::BestPractices,
        Self::Performance,
        Self::Relationships,
        Self::Dependencies,
        Self::GeneralAnalysis,
        Self::MeasureCreation,
        Self::CalculationGroup,
        Self::TableCreation,
        Self::GeneralDevelopment,
        Self::DaxOptimization,
        Self::RelationshipOptimization,
        Self::Aggregation,
        Self::GeneralOptimization,
        Self::WordExport,
        Self::HtmlExport,
        Self::SchemaExport,
        Self::GeneralDocumentation,
        Self::Exploration,
        Self::General,
    ];

    /// The category it belongs to.
    #[must_use]
    pub fn category(self) -> Category {
        match self {
            Self::BestPractices
            | Self::Performance
            | Self::Relationships
            | Self::Dependencies
            | Self::GeneralAnalysis => Category::Analysis,
            Self::MeasureCreation | Self::CalculationGroup | Self::TableCreation | Self::GeneralDevelopment => {
                Category::Development
            }
            Self::DaxOptimization | Self::RelationshipOptimization | Self::Aggregation | Self::GeneralOptimization => {
                Category::Optimization
            }
            Self::WordExport | Self::HtmlExport | Self::SchemaExport | Self::GeneralDocumentation => {
                Category::Documentation
            }
            Self::Exploration => Category::Exploration,
            Self::General => Category::General,
        }
    }

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BestPractices => "best_practices",
            Self::Performance => "performance",
            Self::Relationships => "relationships",
            Self::Dependencies => "dependencies",
            Self::GeneralAnalysis => "general_analysis",
            Self::MeasureCreation => "measure_creation",
            Self::CalculationGroup => "calculation_group",
            Self::TableCreation => "table_creation",
            Self::GeneralDevelopment => "general_development",
            Self::DaxOptimization => "dax_optimization",
            Self::RelationshipOptimization => "relationship_optimization",
            Self::Aggregation => "aggregation",
            Self::GeneralOptimization => "general_optimization",
            Self::WordExport => "word_export",
            Self::HtmlExport => "html_export",
            Self::SchemaExport => "schema_export",
            Self::GeneralDocumentation => "general_documentation",
            Self::Exploration => "exploration",
            Self::General => "general",
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Intent {
    /// What the request wants first.
    pub intent_category: Category,
    /// The same, more closely.
    pub intent_subcategory: Subcategory,
    /// 0 to 1: the share of the evidence that speaks for this reading. Not calibrated.
    pub confidence: f64,
    /// Names found in the request, gaps filled from the context.
    pub entities: Entities,
    /// Names of tools that fit, best first. Empty when nothing fits.
    pub suggested_tools: Vec<String>,
    /// A workflow that does the whole of it.
    pub suggested_workflow: Option<String>,
    /// Arguments for the suggested workflow, or else for the first suggested tool.
    pub suggested_parameters: Object,
    /// Other readings, best first.
    pub alternatives: Vec<Alternative>,
    /// Which phrases decided.
    pub explanation: String,
}

/// Another reading of the request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alternative {
    /// The other category.
    pub intent_category: Category,
    /// The other subcategory.
    pub intent_subcategory: Subcategory,
    /// 0 to 1, as for the first reading.
    pub confidence: f64,
    /// The workflow it would suggest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested_workflow: Option<String>,
}

/// Names in the request. The named fields hold the first of their kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entities {
    /// A table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// A measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<String>,
    /// A column, without its table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// A DAX expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// A file or folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// A quoted name of which nothing more is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Every name with its place in the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<Mention>,
    /// The fields above that the context filled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from_context: Vec<String>,
}

/// A name in the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mention {
    /// What it names.
    #[serde(rename = "type")]
    pub kind: MentionKind,
    /// As written in the request.
    pub text: String,
    /// Where it begins, in characters.
    pub start: usize,
    /// Where it ends, in characters, exclusive.
    pub end: usize,
}

/// What a mention names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MentionKind {
    /// A table.
    Table,
    /// A measure.
    Measure,
    /// A column.
    Column,
    /// A DAX expression.
    Expression,
    /// A file or folder.
    Path,
    /// Something quoted.
    Name,
}

impl From<NameKind> for MentionKind {
    fn from(kind: NameKind) -> Self {
        match kind {
            NameKind::Table => Self::Table,
            NameKind::Measure => Self::Measure,
            NameKind::Column => Self::Column,
        }
    }
}
