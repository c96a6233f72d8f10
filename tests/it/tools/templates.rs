//! Listing templates.

use serde_json::json;

use super::Program;

#[test]
fn a_list_has_its_warnings_and_says_what_categories_there_are() {
    let program = Program::new();
    let mut client = program.serve();
    let all = client.call("list_workflow_templates", &json!({}));
    assert_eq!((&all["count"], &all["warnings"]), (&json!(5), &json!([])));
    let none = client.call("list_workflow_templates", &json!({"category": "analysys"}));
    assert_eq!(
        (&none["count"], &none["warnings"]),
        (
            &json!(0),
            &json!([
                "no template is of category `analysys`; there are: analysis, development, exploration, optimization"
            ])
        )
    );
}
