//! `05_comprehensive_analysis`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{READS, ask};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::analysis;

/// `05_comprehensive_analysis`.
pub(in crate::tools) struct ComprehensiveAnalysis;

impl Tool for ComprehensiveAnalysis {
    type Arguments = analysis::Args;
    type Answer = analysis::Answer;

    const NAME: &'static str = "05_comprehensive_analysis";
    const TITLE: &'static str = "Review a model";
    const DESCRIPTION: &'static str = "Review a model by rules: Microsoft's best practices, DAX and design that cost time, relationships, broken or unused \
        objects, M queries; a score, counts, and rows per rule with three examples. For one expression use 03_dax_intelligence.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = READS;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("limit", "page_size"), ("rule", "rule_id")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        ask(&services, &call, move |models| analysis::run(models, &arguments)).await.map(Answered::from)
    }
}
