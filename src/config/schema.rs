//! The JSON Schema of a configuration file, for editors. It is checked in as
//! `docs/schemas/config.schema.json`; a test tells when it no longer fits.

use serde_json::Value;

use super::model::Config;

/// The schema.
#[must_use]
pub fn schema() -> Value {
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
    #[expect(clippy::disallowed_methods, reason = "a switch of this test alone")]
    fn the_schema_in_the_repository_is_the_one_of_the_types() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schemas/config.schema.json");
        let now = format!("{:#}\n", super::schema());
        if std::env::var_os("SEQUITUR_BLESS").is_some() {
            std::fs::write(file, &now).unwrap();
        }
        let kept = std::fs::read_to_string(file).unwrap_or_default();
        assert_eq!(kept, now, "run the tests with SEQUITUR_BLESS=1 and look at the difference");
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
