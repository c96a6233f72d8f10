//! Our own tools and those of the packs, one file each.
//!
//! A tool is a type that implements [`Tool`], or [`Relay`] where another tool
//! answers: its arguments and its answer are types, its schema is made from them. To add one: a file here, a line in
//! [`ALL`], then `cargo run --example schemas`, which writes
//! `tool_schemas/<name>.json` and `docs/api.md`; tests hold both. A tool must
//! not know the protocol's wire, and does its work through what [`Services`]
//! holds: no SQL, no files of the store, no printing.

mod advice;
mod analyze_intent;
mod cancel_workflow;
mod execute_workflow;
mod failure;
mod find_tools;
mod gateway;
mod get_learning_analytics;
mod get_recommendations;
mod get_workflow_status;
mod list_workflow_templates;
mod model;
mod model_names;
mod pause_workflow;
mod provider;
mod reference;
mod respond_to_task;
mod resume_workflow;
mod run_answer;
mod run_answer_size;
mod run_wait;
mod schema;
mod services;
mod signal_workflow;
mod spec;

pub use advice::{Advice, ModelNamesOf};
pub use failure::ToolFailure;
pub use model_names::ConnectedNames;
pub use provider::OwnTools;
pub use reference::{Published, published};
pub use services::{Services, Unavailable};
pub use spec::{Answered, Relay, Relayed, Spec, Tool, blocking};

/// Every tool of ours, in the order of the list.
pub const ALL: &[Spec] = &[
    Spec::of::<execute_workflow::ExecuteWorkflow>(),
    Spec::of::<list_workflow_templates::ListWorkflowTemplates>(),
    Spec::of::<get_workflow_status::GetWorkflowStatus>(),
    Spec::of::<cancel_workflow::CancelWorkflow>(),
    Spec::of::<analyze_intent::AnalyzeIntent>(),
    Spec::of::<get_recommendations::GetRecommendations>(),
    Spec::of::<get_learning_analytics::GetLearningAnalytics>(),
    Spec::of::<pause_workflow::PauseWorkflow>(),
    Spec::of::<resume_workflow::ResumeWorkflow>(),
    Spec::of::<respond_to_task::RespondToTask>(),
    Spec::of::<signal_workflow::SignalWorkflow>(),
    Spec::of::<find_tools::FindTools>(),
    Spec::relaying::<gateway::CallTool>(),
    Spec::relaying::<gateway::CallToolWrite>(),
    Spec::of::<model::DetectInstances>(),
    Spec::of::<model::ConnectToInstance>(),
    Spec::of::<model::ListTables>(),
    Spec::of::<model::DescribeTable>(),
    Spec::of::<model::ListMeasures>(),
    Spec::of::<model::GetMeasureDetails>(),
    Spec::of::<model::ListRelationships>(),
    Spec::of::<model::DaxIntelligence>(),
    Spec::of::<model::RunDax>(),
    Spec::of::<model::PreviewTableData>(),
    Spec::of::<model::UpsertMeasure>(),
    Spec::of::<model::DeleteMeasure>(),
    Spec::of::<model::ListCalculationGroups>(),
    Spec::of::<model::CreateCalculationGroup>(),
    Spec::of::<model::DeleteCalculationGroup>(),
    Spec::of::<model::ComprehensiveAnalysis>(),
    Spec::of::<model::AnalyzeMeasureDependencies>(),
    Spec::of::<model::GetMeasureImpact>(),
    Spec::of::<model::ExportModelSchema>(),
    Spec::of::<model::GenerateDocumentation>(),
    Spec::of::<model::ExportExplorer>(),
];
