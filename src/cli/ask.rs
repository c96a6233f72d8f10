//! A question to the person at the terminal: field by field where the answer is
//! a flat object, else as JSON.

use serde_json::{Value, json};

use super::answer::Task;
use super::failure::Failure;
use super::parameters::{parameter, typed};
use super::terminal::Terminal;
use crate::base::json::Object;

/// Whether a person may answer it here.
pub(super) fn is_for_a_person(task: &Task) -> bool {
    task.kind.as_deref() != Some("agent_task") && task.assignee.as_deref() != Some("agent")
}

/// Asks; `None` when the person leaves it open (an empty first line, or the end of the input).
pub(super) async fn ask(terminal: &Terminal, task: &Task) -> Result<Option<Value>, Failure> {
    let prompt = task.prompt.as_deref().unwrap_or("An answer is needed.");
    terminal.note(&format!("\n{prompt}\n(leave the first line empty to answer later)"))?;
    let schema = match (task.answer_schema.clone(), task.kind.as_deref()) {
        (Some(schema), _) => schema,
        (None, Some("interrupted")) => json!({
            "type": "object",
            "properties": {"action": {"type": "string", "enum": ["retry", "done", "fail"]}},
            "required": ["action"],
        }),
        (None, _) => Value::Null,
    };
    let properties = schema.get("properties").and_then(Value::as_object).filter(|fields| !fields.is_empty());
    let Some(properties) = properties else { return ask_whole(terminal, &schema).await };
    let required = |name: &str| {
        schema.get("required").and_then(Value::as_array).is_some_and(|all| all.iter().any(|one| one == name))
    };
    let mut answer = Object::new();
    for (index, (name, field)) in properties.iter().enumerate() {
        let must = required(name);
        loop {
            let Some(line) = terminal.ask(&format!("  {name}{}: ", described(field, must))).await? else {
                return Ok(None);
            };
            if line.trim().is_empty() {
                if index == 0 {
                    return Ok(None);
                }
                if !must {
                    break;
                }
                continue;
            }
            match checked(name, field, &line) {
                Ok(value) => {
                    answer.insert(name.clone(), value);
                    break;
                }
                Err(why) => terminal.note(&format!("  {why}"))?,
            }
        }
    }
    Ok(Some(Value::Object(answer)))
}

async fn ask_whole(terminal: &Terminal, schema: &Value) -> Result<Option<Value>, Failure> {
    let Some(line) = terminal.ask("  answer: ").await? else { return Ok(None) };
    if line.trim().is_empty() {
        return Ok(None);
    }
    typed(&[parameter("answer", schema)], "answer", &line).map(Some)
}

fn described(field: &Value, must: bool) -> String {
    let kind = match field.get("enum").and_then(Value::as_array) {
        Some(choices) => choices.iter().map(super::answer::line).collect::<Vec<_>>().join("/"),
        None => match field.get("type").and_then(Value::as_str) {
            Some("boolean") => "yes/no".to_owned(),
            Some(kind) => kind.to_owned(),
            None => "JSON".to_owned(),
        },
    };
    format!(" ({kind}{})", if must { "" } else { ", optional" })
}

fn checked(name: &str, field: &Value, line: &str) -> Result<Value, String> {
    let value = typed(&[parameter(name, field)], name, line).map_err(|failure| failure.to_string())?;
    // A schema that is none was told when the template was loaded; the tool has the last word.
    if let Ok(validator) = jsonschema::validator_for(field) {
        validator.validate(&value).map_err(|error| error.to_string())?;
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ask, is_for_a_person};
    use crate::cli::answer::{Task, view};
    use crate::cli::terminal::Terminal;
    use crate::cli::tests::Kept;

    async fn answered(task: Value, typed: &str) -> (Option<Value>, String) {
        let kept = Kept::default();
        let terminal = Terminal::fake(Kept::default(), kept.clone(), typed);
        let task: Task = view(&task);
        (ask(&terminal, &task).await.unwrap(), kept.text())
    }

    #[tokio::test]
    async fn a_flat_answer_is_asked_field_by_field_and_checked() {
        let approval = json!({"task_id": "t", "prompt": "Publish?", "answer_schema": {"type": "object",
            "properties": {"approved": {"type": "boolean"}, "comment": {"type": "string"}}, "required": ["approved"]}});
        let (answer, shown) = answered(approval.clone(), "perhaps\nyes\n\n").await;
        assert_eq!(answer, Some(json!({"approved": true})));
        assert!(shown.contains("Publish?") && shown.contains("approved (yes/no): "), "{shown}");
        assert!(shown.contains("comment (string, optional): "), "{shown}");
        assert_eq!(answered(approval.clone(), "\n").await.0, None, "left for later");
        assert_eq!(answered(approval, "").await.0, None, "nobody is there");
    }

    #[tokio::test]
    async fn an_interrupted_step_is_asked_about_and_other_answers_are_one_line() {
        let (answer, shown) = answered(json!({"task_id": "t", "kind": "interrupted"}), "retry\n").await;
        assert_eq!(answer, Some(json!({"action": "retry"})));
        assert!(shown.contains("retry/done/fail"), "{shown}");
        assert_eq!(answered(json!({"task_id": "t"}), "[1, 2]\n").await.0, Some(json!([1, 2])));
    }

    #[test]
    fn the_agents_questions_are_not_asked_here() {
        assert!(!is_for_a_person(&view(&json!({"kind": "agent_task"}))));
        assert!(!is_for_a_person(&view(&json!({"kind": "human_task", "assignee": "agent"}))));
        assert!(is_for_a_person(&view(&json!({"kind": "interrupted"}))));
    }
}
