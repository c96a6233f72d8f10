//! The semantic-model pack: one file per tool, each a question of
//! `semantic_model::facts` asked for the caller's roots and connected model.
//!
//! Must not know files or formats. A new tool is a file here, a line in
//! `tools::ALL`, and its question in `semantic_model::facts`.

mod asked;
mod connect_to_instance;
mod describe_table;
mod detect_instances;
mod export_model_schema;
mod fix;
mod get_measure_details;
mod list_calculation_groups;
mod list_measures;
mod list_relationships;
mod list_tables;

pub(super) use connect_to_instance::ConnectToInstance;
pub(super) use describe_table::DescribeTable;
pub(super) use detect_instances::DetectInstances;
pub(super) use export_model_schema::ExportModelSchema;
pub(super) use fix::fix;
pub(super) use get_measure_details::GetMeasureDetails;
pub(super) use list_calculation_groups::ListCalculationGroups;
pub(super) use list_measures::ListMeasures;
pub(super) use list_relationships::ListRelationships;
pub(super) use list_tables::ListTables;
