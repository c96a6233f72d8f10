//! The JSON Schema of a configuration file, for editors. It is checked in as
//! `docs/schemas/config.schema.json`; a test tells when it no longer fits.

use serde_json::Value;

use super::model::Config;

/// The schema's text, as it is checked in.
#[must_use]
pub fn schema_text() -> String {
    format!("{:#}\n", schema())
}

fn schema() -> Value {
    let mut schema = schemars::schema_for!(Config).to_value();
    // VS Code's name for the same block.
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut)
        && let Some(servers) = properties.get("mcpServers").cloned()
    {
        properties.insert("servers".to_owned(), servers);
    }
    schema
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    #[test]
    fn the_schema_in_the_repository_is_the_one_of_the_types() {
        let kept = include_str!("../../docs/schemas/config.schema.json");
        assert!(kept == super::schema_text(), "run `cargo run --example schemas` and look at the difference");
    }

    #[test]
    fn the_schema_knows_what_the_reader_knows() {
        let schema = jsonschema::validator_for(&super::schema()).unwrap();
        let valid = |config: Value| schema.is_valid(&config);
        assert!(valid(json!({"workflows": {"max_parallel_steps": 4}, "servers": {"git": {"command": "uvx"}}})));
        assert!(!valid(json!({"workflows": {"max_parallel_step": 4}})));
        assert!(!valid(json!({"workflows": {"max_parallel_steps": 0}})));
        assert!(!valid(json!({"intelligence": {"min_confidence_threshold": 1.5}})));
    }
}
