//! The table of phrases. A row says for what its phrases speak and how much;
//! the first phrase of a row that matches counts, the others add nothing.
//!
//! Weights: 3 decides, 2 speaks clearly, 1 leans. A row for a category speaks
//! for the verb; a `Detail` counts only where its category has a verb of its own.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::pattern::Pattern;
use super::types::{Category, Subcategory};

/// For what a row speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// The category, whichever subcategory.
    Verb(Category),
    /// The subcategory, by itself.
    Whole(Subcategory),
    /// The subcategory, once its category is in play.
    Detail(Subcategory),
    /// That the request is about a model at all.
    Domain,
    /// That it is about something else.
    Foreign,
}

/// A row with its phrases parsed.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) says: Says,
    pub(super) weight: f64,
    pub(super) patterns: Vec<Pattern>,
}

use Category::{Analysis, Development, Documentation, Exploration, Optimization};
use Says::{Detail, Domain, Foreign, Verb, Whole};
use Subcategory::{
    Aggregation, BestPractices, CalculationGroup, DaxOptimization, Dependencies, GeneralAnalysis, GeneralDevelopment,
    GeneralDocumentation, GeneralOptimization, HtmlExport, MeasureCreation, Performance, RelationshipOptimization,
    Relationships, SchemaExport, TableCreation, WordExport,
};

type Row = (Says, f64, &'static [&'static str]);

const ROWS: &[Row] = &[
    // Analysis: judge or diagnose.
    (
        Verb(Analysis),
        3.0,
        &[
            "analyze|analyse|analysis|analyzing|analysing|analyzer|analyses",
            "audit|audits|auditing",
            "assess*",
            "diagnos*",
            "investigat*",
            "evaluat*",
        ],
    ),
    (
        Verb(Analysis),
        2.4,
        &[
            "check*",
            "review*",
            "inspect*",
            "examine*",
            "verify|validate|validation",
            "look into",
            "what's|whats wrong",
            "what is wrong",
            "scan|lint",
        ],
    ),
    (
        Verb(Analysis),
        1.6,
        &[
            "issue|issues|problem|problems|mistake|mistakes|smells|violations",
            "wrong|broken|weird|strange|suspicious|incorrect|unexpected",
            "quality|health",
        ],
    ),
    (Verb(Analysis), 1.4, &["why", "^ is|are|does|do|did", "cause|causes|causing", "find out"]),
    (
        Whole(BestPractices),
        3.0,
        &[
            "best practice|practices",
            "bpa",
            "naming convention|conventions",
            "anti pattern|patterns",
            "antipattern|antipatterns",
            "code smells",
        ],
    ),
    (
        Whole(BestPractices),
        2.4,
        &[
            "full|complete|comprehensive|thorough|deep|overall|whole analysis|review|audit|check|checkup",
            "check|scan|look|review .. issues|problems|mistakes|errors",
            "find|any|are|what .. issues|problems|mistakes|smells|violations",
            "is|a mess",
        ],
    ),
    (
        Detail(BestPractices),
        1.6,
        &["quality|conventions|standards|rules|hygiene|clean|sloppy|mess|compliant|violations"],
    ),
    (
        Whole(Performance),
        2.0,
        &[
            "what|which|where .. slowest|slow",
            "slowest .. measure|measures|visual|visuals|query|queries",
            "why|what|which|where .. slow|slower|long|bottleneck|bottlenecks|hogging|expensive",
            "where .. time going|spent|lost",
        ],
    ),
    (
        Whole(Performance),
        3.2,
        &[
            "why .. slow|slower|slowest|long|hang|hangs|lag|lags",
            "what|which|where .. slow|slower|slowest|bottleneck|bottlenecks|hogging|expensive",
            "find|identify|locate|detect .. bottleneck|bottlenecks|slow|slowest",
            "takes|take .. seconds|minutes|forever|ages|long",
            "time going|spent|goes",
            "hangs|freezes|times",
        ],
    ),
    (
        Detail(Performance),
        2.4,
        &["performance|slow|slowest|slowly|speed|bottleneck|bottlenecks|latency|fast|expensive|memory|heavy"],
    ),
    (
        Whole(Relationships),
        3.0,
        &[
            "^ is|are|do|does .. relationship|relationships|related .. correct|right|ok|okay|fine|properly|correctly|wrong",
            "wrong|broken relationship|relationships",
        ],
    ),
    (
        Whole(Relationships),
        2.6,
        &[
            "ambiguous .. path|paths|relationships|filter",
            "filter path|paths|propagation|direction",
            "same number|value|total .. every|each|all",
            "many to many .. problem|issue|wrong|right|correct",
            "inactive|circular|missing|orphaned relationship|relationships",
            "related|connected correctly|properly|right",
        ],
    ),
    (
        Detail(Relationships),
        3.0,
        &["relationship|relationships|cardinality|bidirectional|joins|crossfilter", "cross filter*", "star schema"],
    ),
    (
        Whole(Dependencies),
        5.0,
        &[
            "what|which|who|anything|something|nothing|where .. uses|use|using|refers|references|breaks|break|affected|referenced|used",
            "safe to delete|remove|rename|change|drop",
            "impact of|if",
            "dependencies|dependents of|between|for",
            "what happens if|when",
        ],
    ),
    (
        Whole(Dependencies),
        3.0,
        &[
            "depend|depends|dependency|dependencies|dependents|dependent",
            "what|which|who|anything|something|nothing .. uses|use|using|refers|references|breaks|break",
            "what .. breaks|break|happens|affected",
            "impact",
            "lineage",
            "refers|refer|referenced|used by|to|anywhere|in",
            "where .. used|referenced",
            "safe to delete|remove|rename|change|drop",
            "before|if i|we delete|remove|rename|drop|change",
        ],
    ),
    (
        Whole(GeneralAnalysis),
        2.4,
        &[
            "health check|assessment|report",
            "what's|whats wrong",
            "what is wrong",
            "look into it|this|that",
            "numbers|figures|totals|values .. wrong|weird|off|strange|incorrect|odd",
        ],
    ),
    // Development: create or change objects.
    (
        Verb(Development),
        3.0,
        &[
            "create",
            "creating",
            "implement*",
            "develop|developing",
            "new measure|table|column|calculation|role|hierarchy",
            "write .. dax|measure",
            "set up",
            "define|insert",
            "rename|renaming",
            "delete|remove|drop .. measure|table|column|role|hierarchy|relationship|<any>",
            "move <any>",
            "move .. measure|table|column",
        ],
    ),
    (
        Verb(Development),
        2.6,
        &[
            "add|adding",
            "build|building",
            "make .. measure|table|column|group|role|hierarchy|<any>",
            "change|update|modify|edit|set|hide|unhide|format .. <any>|measure|table|column|format|folder|expression|role|measures|columns|tables",
            "need .. measure|table|column|role|hierarchy|kpi|calculation|group",
        ],
    ),
    (
        Verb(Development),
        2.0,
        &[
            "^ make",
            "^ build",
            "we|i need one|something|a|an",
            "lacks|lacking",
            "fix|repair",
            "^ correct",
            "should show|be|have|return",
            "turn .. into",
            "replace",
        ],
    ),
    (
        Whole(MeasureCreation),
        2.4,
        &[
            "new|another measure|measures|kpi",
            "create|add|build|write|make|develop|define|implement|need .. measure|measures|kpi|kpis|ytd|metric",
            "running total|sum|average",
            "year over year",
            "moving average",
            "need .. gives|calculates|computes|shows",
        ],
    ),
    (
        Detail(MeasureCreation),
        2.4,
        &[
            "measure|measures|kpi|kpis|metric|metrics|<measure>",
            "sum|average|avg|count|ratio|share|rate|growth|margin|ytd|mtd|qtd|yoy",
        ],
    ),
    (Detail(MeasureCreation), 1.2, &["dax|<expression>|formula", "calculate|calculates|calculation"]),
    (
        Whole(CalculationGroup),
        3.2,
        &["calculation|calc group|groups|item|items", "time intelligence .. group|items|variants"],
    ),
    (Detail(CalculationGroup), 3.0, &["calculation|calc .. group|groups|items"]),
    (
        Detail(TableCreation),
        2.6,
        &[
            "date|calendar|calculated|dimension|fact|bridge|parameter|new|empty|holder|lookup|a|another table|tables",
            "table|tables called|named|from|with|<table>",
            "create|add|build|make|new .. table|calendar",
        ],
    ),
    (
        Whole(GeneralDevelopment),
        2.0,
        &[
            "row level security",
            "rls",
            "security role",
            "^ rename|move|delete|remove|drop|hide",
            "currency|date|number format",
            "display folder|folders",
            "hierarchy|hierarchies",
        ],
    ),
    (
        Detail(GeneralDevelopment),
        2.6,
        &[
            "rename|renaming|delete|hide|unhide|move|role|roles|hierarchy|hierarchies|relationship|relationships|format|folder|folders|column|columns|partition|perspective|translation|fix",
        ],
    ),
    // Optimization: change for speed or size.
    (
        Verb(Optimization),
        3.0,
        &[
            "optimize|optimise|optimizing|optimising|optimization|optimisation|optimized|optimised",
            "speed up",
            "speed .. up",
            "tune|tuning",
            "make .. faster|quicker|smaller|leaner|cheaper|efficient",
            "run|runs|running|load|loads|loading|refresh|respond faster|quicker",
        ],
    ),
    (Verb(Optimization), 2.0, &["make .. faster|quicker|smaller|leaner|cheaper|efficient"]),
    (
        Verb(Optimization),
        2.4,
        &[
            "improve*",
            "faster|quicker",
            "shrink|slim|trim",
            "reduce|cut|lower .. size|memory|time|down|cardinality|footprint",
            "get rid .. bidirectional|unused|memory",
            "cheaper|leaner",
        ],
    ),
    (
        Verb(Optimization),
        1.8,
        &[
            "slow|slower|sluggish",
            "performance",
            "bottleneck|bottlenecks",
            "refactor|rewrite|simplify",
            "too big|large|slow|long",
            "hogging|bloated|huge",
        ],
    ),
    (
        Whole(DaxOptimization),
        2.6,
        &[
            "rewrite|refactor|simplify|optimize|optimise|improve|tune .. dax|measure|expression|formula|<measure>|<expression>|query",
            "replace|replaceable|replaced .. cheaper|faster|efficient",
        ],
    ),
    (
        Detail(DaxOptimization),
        2.4,
        &["dax|measure|measures|<measure>|<expression>|expression|formula|calculate|filter|iterator|query"],
    ),
    (
        Whole(RelationshipOptimization),
        3.0,
        &[
            "remove|get|replace|reduce|avoid|drop|kill .. bidirectional|bidi",
            "bidirectional .. not needed|necessary",
            "bridge .. replaced|removed|simplified",
        ],
    ),
    (
        Detail(RelationshipOptimization),
        2.8,
        &["relationship|relationships|bidirectional|cardinality|bridge|snowflake", "cross filter*", "star schema"],
    ),
    (
        Whole(Aggregation),
        3.0,
        &[
            "aggregation|aggregations|aggregate|aggregated .. table|tables",
            "pre aggregate*",
            "only need .. totals|monthly|daily|yearly|summary",
            "user defined aggregations",
        ],
    ),
    (Detail(Aggregation), 2.8, &["aggregation|aggregations|aggregate|summary|rollup"]),
    (
        Whole(GeneralOptimization),
        2.6,
        &[
            "model|dataset|file|it smaller|leaner",
            "refresh .. long|slow|hours|time|window|minutes",
            "reduce|cut|shrink|lower .. memory|size",
            "unused columns|tables",
        ],
    ),
    // Documentation: export, describe, explain.
    (
        Verb(Documentation),
        3.0,
        &["document|documents|documenting|documentation|docs|docment", "explain*", "data dictionary"],
    ),
    (
        Verb(Documentation),
        3.2,
        &[
            "generate|write|produce|create|make|fill|add .. documentation|report|document|docs|description|descriptions",
            "overview .. writing",
            "^ explain|describe",
        ],
    ),
    (Verb(Documentation), 2.6, &["export*", "describe", "descriptions", "dump", "write up", "writeup", "publish"]),
    (
        Verb(Documentation),
        2.0,
        &[
            "in writing",
            "overview .. works|how",
            "plain english|words|language",
            "what .. calculates|means|mean",
            "give me the tmdl|json|schema",
        ],
    ),
    (
        Whole(WordExport),
        3.2,
        &[
            "word document|file|doc|report|documentation|export",
            "docx",
            "in|to|as|into word",
            "ms|microsoft word",
            "pdf",
        ],
    ),
    (Whole(HtmlExport), 3.2, &["html", "web page|site|pages", "intranet", "interactive page|explorer|documentation"]),
    (
        Whole(SchemaExport),
        3.0,
        &[
            "export|dump|save|give|extract .. schema|tmdl|bim|definition",
            "schema .. json|file|export",
            "tmdl",
            "mermaid",
        ],
    ),
    (Detail(SchemaExport), 2.0, &["schema|json|definition|metadata|diagram"]),
    (Whole(GeneralDocumentation), 2.4, &["descriptions for|of|to|in"]),
    (
        Whole(GeneralDocumentation),
        1.4,
        &[
            "explain .. dax|measure|<any>|<name>|formula|model|dataset",
            "missing descriptions",
            "fill|write|add .. descriptions|description",
            "document .. <any>|measure|measures|model",
        ],
    ),
    // Exploration: list, show, query.
    (
        Verb(Exploration),
        3.0,
        &[
            "list|listing",
            "show|shows|display",
            "tell me .. about",
            "how many",
            "preview",
            "count .. tables|measures|columns|rows",
            "what|which .. tables|measures|columns|relationships|roles|models|model|hierarchies|groups|datasets|partitions",
            "tables|measures|columns|relationships|roles|models $",
            "do we|you|i have",
            "first .. rows|row",
            "query|evaluate",
        ],
    ),
    (
        Verb(Exploration),
        2.0,
        &[
            "what|what's|whats|which|where|who",
            "get|fetch|retrieve",
            "view|browse|explore|see|open",
            "look at",
            "find|search",
            "is|are there",
            "forgot|remember",
            "give me",
        ],
    ),
    // About a model at all.
    (
        Domain,
        0.0,
        &[
            "table|tables|measure|measures|column|columns|model|models|dataset|datasets|semantic|relationship|relationships|dax|kpi|kpis|schema|cardinality|hierarchy|hierarchies|rls|partition|partitions|refresh|visual|visuals|slicer|slicing|aggregation|aggregations|tmdl|pbip|pbix|pbit|bim|bidirectional|calculation|calculations|report|reports|dashboard|docx",
            "power bi|query|pivot",
            "pbi|bpa|ytd|mtd|qtd|yoy",
            "best practice|practices",
            "<any>|<expression>|<path>",
            "star schema",
            "metric|metrics|filter|filters|memory|bottleneck|bottlenecks|rows|numbers|total|totals",
            "issues|documentation|performance|analysis|calc|date|data",
        ],
    ),
    (
        Foreign,
        3.0,
        &[
            "weather|poem|joke|song|recipe|recipes|email|emails|github|gitlab|slack|jira|kubernetes|docker|flight|flights|hotel|restaurant|movie|movies|football|bitcoin|translate|javascript|typescript|homepage|essay|haiku|tweet|linkedin|instagram|birthday|sandwich|pizza|homework|password|wifi|printer|laptop|playlist|alarm|tonight",
            "pull request|requests",
            "deploy .. production|staging|application|app",
            "capital of",
            "tomorrow",
        ],
    ),
    // Greeting, help, control of the session.
    (
        Whole(Subcategory::General),
        3.0,
        &[
            "^ hello|hi|hey|thanks|thank|bye|goodbye|cheers $",
            "^ good morning|evening|afternoon",
            "thanks|thank",
            "that's all",
            "who are you",
            "how are you",
            "what can you do",
            "what .. you .. capable|able",
            "^ help $",
            "help me $",
            "how does this|it work",
        ],
    ),
    (
        Whole(Subcategory::General),
        4.0,
        &[
            "connect|reconnect .. model|file|instance|desktop|power|<path>|it|one",
            "disconnect",
            "^ connect",
            "cancel|stop|abort|pause|resume|continue|undo .. that|it|this|run|workflow|everything",
            "^ no|yes|ok|stop|cancel|continue|undo|nevermind|wait $",
            "never mind",
            "start over",
            "try again",
        ],
    ),
];

/// The rows, parsed once.
pub(super) fn rules() -> &'static [Rule] {
    static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        ROWS.iter()
            .map(|(says, weight, patterns)| Rule {
                says: *says,
                weight: *weight,
                patterns: patterns.iter().map(|pattern| Pattern::parse(pattern)).collect(),
            })
            .collect()
    });
    &RULES
}

static VOCABULARY: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| rules().iter().flat_map(|rule| &rule.patterns).flat_map(Pattern::literals).collect());

/// Whole words that some phrase asks for, in no order.
pub(super) fn vocabulary() -> impl Iterator<Item = &'static str> {
    VOCABULARY.iter().copied()
}

/// Whether some phrase asks for `word`, in lower case.
pub(super) fn knows(word: &str) -> bool {
    VOCABULARY.contains(word)
}
