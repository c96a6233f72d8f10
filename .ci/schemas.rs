//! Writes `tool_schemas/*.json` and `docs/api.md` from the types of the tools, and the
//! schema and page of template keys from the loader's tables, the configuration's schema, and the
//! tables of rules in `docs/models.md`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("tool_schemas");
    std::fs::create_dir_all(&folder)?;
    let published = sequitur::tools::published(sequitur::tools::ALL);
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.extension().is_some_and(|extension| extension == "json") && !published.schemas.contains_key(name) {
            std::fs::remove_file(&path)?;
        }
    }
    for (name, text) in &published.schemas {
        std::fs::write(folder.join(name), text)?;
    }
    std::fs::write(root.join("docs/api.md"), &published.api)?;
    std::fs::write(root.join("workflows/template.schema.json"), sequitur::workflow::template_schema_text())?;
    std::fs::write(root.join("docs/schemas/config.schema.json"), sequitur::config::schema_text())?;
    std::fs::write(root.join("docs/workflow-keys.md"), sequitur::workflow::template_keys_page())?;
    // The page on models is written by hand but for the tables of rules at its end.
    let models = root.join("docs/models.md");
    let page = std::fs::read_to_string(&models)?;
    let by_hand = page.split_once(sequitur::semantic_model::rules::MARK).map_or(page.as_str(), |(by_hand, _)| by_hand);
    std::fs::write(&models, format!("{by_hand}{}", sequitur::semantic_model::rules::page()))
}
