//! The semantic-model pack: one file per tool, each a question of
//! `semantic_model::facts` asked for the caller's roots and connected model.
//!
//! Must not know files or formats. A new tool is a file here, a line in
//! `tools::ALL`, and its question in `semantic_model::facts`.

mod analyze_measure_dependencies;
mod asked;
mod comprehensive_analysis;
mod connect_to_instance;
mod create_calculation_group;
mod dax_intelligence;
mod delete_calculation_group;
mod delete_measure;
mod describe_table;
mod detect_instances;
mod export_explorer;
mod export_model_schema;
mod fix;
mod generate_documentation;
mod get_measure_details;
mod get_measure_impact;
mod list_calculation_groups;
mod list_measures;
mod list_relationships;
mod list_tables;
mod preview_table_data;
mod run_dax;
mod upsert_measure;

pub(super) use analyze_measure_dependencies::AnalyzeMeasureDependencies;
pub(super) use comprehensive_analysis::ComprehensiveAnalysis;
pub(super) use connect_to_instance::ConnectToInstance;
pub(super) use create_calculation_group::CreateCalculationGroup;
pub(super) use dax_intelligence::DaxIntelligence;
pub(super) use delete_calculation_group::DeleteCalculationGroup;
pub(super) use delete_measure::DeleteMeasure;
pub(super) use describe_table::DescribeTable;
pub(super) use detect_instances::DetectInstances;
pub(super) use export_explorer::ExportExplorer;
pub(super) use export_model_schema::ExportModelSchema;
pub(super) use fix::fix;
pub(super) use generate_documentation::GenerateDocumentation;
pub(super) use get_measure_details::GetMeasureDetails;
pub(super) use get_measure_impact::GetMeasureImpact;
pub(super) use list_calculation_groups::ListCalculationGroups;
pub(super) use list_measures::ListMeasures;
pub(super) use list_relationships::ListRelationships;
pub(super) use list_tables::ListTables;
pub(super) use preview_table_data::PreviewTableData;
pub(super) use run_dax::RunDax;
pub(super) use upsert_measure::UpsertMeasure;
