//! Sessions and figures.

use serde_json::{Value, json};

use super::*;
use crate::base::Timestamp;
use crate::intelligence::recommend::{Recommendation, RecommendationSource};
use crate::intelligence::target::Target;

fn tool(name: &str) -> Target {
    Target::Tool(name.to_owned())
}

/// A session whose calls are named `tool start..end` in seconds.
#[derive(Default)]
struct Session {
    memory: SessionMemory,
    calls: usize,
}

impl Session {
    fn call(&mut self, tool: &str, seconds: std::ops::Range<i64>) -> Lessons {
        self.call_with(tool, seconds, &json!({}))
    }

    fn call_with(&mut self, tool: &str, seconds: std::ops::Range<i64>, arguments: &Value) -> Lessons {
        self.calls += 1;
        let id = format!("i{}", self.calls);
        self.memory.observe(&Call {
            id: &id,
            tool,
            arguments: arguments.as_object().unwrap(),
            started: Timestamp(seconds.start * 1_000),
            ended: Timestamp(seconds.end * 1_000),
            success: true,
        })
    }

    fn shown(&mut self, at: i64, tools: &[&str]) {
        let all: Vec<Recommendation> = tools.iter().map(|name| Recommendation::tool(name, "why", 0.7)).collect();
        self.memory.shown(&format!("i{}", self.calls), Timestamp(at * 1_000), &all);
    }
}

fn taken(lessons: &Lessons) -> Vec<(String, usize)> {
    lessons.accepted.iter().map(|one| (one.shown_in.clone(), one.rank)).collect()
}

#[test]
fn a_call_follows_the_one_before_it() {
    let mut session = Session::default();
    assert_eq!(session.call("a", 0..1).followed, None);
    let followed = session.call("b", 4..5).followed.unwrap();
    assert_eq!((followed.id.as_str(), &followed.from, &followed.to), ("i1", &tool("a"), &tool("b")));
    assert!((followed.seconds - 3.0).abs() < 1e-9 && followed.success);
    let workflow = session.call_with("execute_workflow", 5..9, &json!({"template_id": "w"})).followed.unwrap();
    assert_eq!(workflow.to, Target::Workflow("w".to_owned()));
}

#[test]
fn calls_sent_at_once_follow_the_same_one() {
    let mut session = Session::default();
    session.call("a", 0..1);
    assert_eq!(session.call("c", 2..4).followed.unwrap().from, tool("a"));
    assert_eq!(session.call("b", 2..6).followed.unwrap().from, tool("a"));
    assert_eq!(session.call("d", 7..8).followed.unwrap().from, tool("b"));
}

#[test]
fn a_call_after_a_long_pause_follows_nothing() {
    let mut session = Session::default();
    session.call("a", 0..1);
    assert!(session.call("b", 3_601..3_602).followed.is_some());
    assert_eq!(session.call("c", 7_203..7_204).followed, None);
}

#[test]
fn a_recommendation_is_taken_within_the_next_three_calls_and_not_later() {
    let mut session = Session::default();
    session.call("a", 0..1);
    session.shown(1, &["x", "b"]);
    assert_eq!(taken(&session.call("b", 2..3)), [("i1".to_owned(), 1)]);
    assert_eq!(taken(&session.call("b", 4..5)), [], "once");
    assert_eq!(taken(&session.call("x", 6..7)), [("i1".to_owned(), 0)], "the third call");

    session.call("a", 8..9);
    session.shown(9, &["x"]);
    for start in [10, 12, 14] {
        assert_eq!(taken(&session.call("other", start..start + 1)), []);
    }
    assert_eq!(taken(&session.call("x", 16..17)), [], "the fourth call");
}

#[test]
fn a_call_that_was_under_way_took_nothing_that_was_shown_later() {
    let mut session = Session::default();
    session.call("a", 0..2);
    session.shown(2, &["b"]);
    assert_eq!(taken(&session.call("b", 1..9)), []);
    assert_eq!(taken(&session.call("b", 3..4)), [("i1".to_owned(), 0)]);
}

#[test]
fn every_answer_that_recommended_it_is_told() {
    let mut session = Session::default();
    session.call("a", 0..1);
    session.shown(1, &["c"]);
    session.call("b", 2..3);
    session.shown(3, &["c"]);
    assert_eq!(taken(&session.call("c", 4..5)), [("i1".to_owned(), 0), ("i2".to_owned(), 0)]);
}

#[test]
fn of_two_for_one_tool_the_one_with_the_calls_arguments_is_taken() {
    let mut session = Session::default();
    session.call("a", 0..1);
    let of = |model: &str| Recommendation::tool("t", "why", 0.9).with("model", model);
    session.memory.shown("i1", Timestamp(1_000), &[of("A"), of("B")]);
    assert_eq!(taken(&session.call_with("t", 2..3, &json!({"model": "B", "more": 1}))), [("i1".to_owned(), 1)]);
    let workflow = Recommendation::workflow("w", "why", 0.9).with("x", 1);
    session.memory.shown("i2", Timestamp(3_000), &[Recommendation::workflow("w", "why", 0.9).with("x", 2), workflow]);
    let arguments = json!({"template_id": "w", "parameters": {"x": 1}});
    let lessons = session.call_with("execute_workflow", 4..5, &arguments);
    assert_eq!(taken(&lessons), [("i2".to_owned(), 1)]);
    assert_eq!(lessons.accepted[0].source, RecommendationSource::Rule);
}

#[test]
fn a_request_stands_for_the_calls_after_it() {
    let mut session = Session::default();
    assert_eq!(session.call("a", 0..1).user_intent, None);
    let wanted = Some("review it".to_owned());
    assert_eq!(session.call_with("analyze_intent", 2..3, &json!({"request": "review it"})).user_intent, wanted);
    for start in [4, 6, 8, 10, 12] {
        assert_eq!(session.call("a", start..start + 1).user_intent, wanted);
    }
    assert_eq!(session.call("a", 14..15).user_intent, None);
}

#[test]
fn memory_stays_small_in_a_long_session() {
    let mut session = Session::default();
    for at in 0..2_000 {
        session.call("a", at..at + 1);
        session.shown(at + 1, &["x"]);
    }
    assert!(session.memory.history().len() <= 400);
    assert_eq!(session.memory.last(), Some(&tool("a")));
}

fn figures() -> Figures {
    let used = |tool: &str, calls, successes| ToolFigures {
        tool: tool.to_owned(),
        calls,
        successes,
        ..ToolFigures::default()
    };
    let seen = |from: &str, to: &str, frequency| FollowUp {
        from: Target::from_key(from),
        to: Target::from_key(to),
        frequency,
        from_total: 8,
        mean_seconds: 2.0,
        success_rate: 0.5,
    };
    Figures {
        tools: vec![used("a", 3, 3), used("b", 10, 9), used("c", 4, 1), used("never", 0, 0)],
        sequences: vec![seen("a", "b", 2), seen("b", "workflow:w", 6)],
        workflows: vec![WorkflowFigures {
            template_id: "w".to_owned(),
            runs: 4,
            completed: 3,
            mean_duration_seconds: 1.5,
        }],
        shown: 9,
        accepted: 3,
        step_result_bytes: 16_000,
        returned_bytes: 2_000,
        ..Figures::default()
    }
}

#[test]
fn figures_are_told_in_order_and_as_shares() {
    let told = analytics(figures(), 10);
    let used: Vec<_> = told.most_used_tools.iter().map(|one| (one.tool.as_str(), one.count)).collect();
    assert_eq!(used, [("b", 10), ("c", 4), ("a", 3)]);
    let failing: Vec<_> = told.lowest_success_tools.iter().map(|one| (one.tool.as_str(), one.total)).collect();
    assert_eq!(failing, [("c", 4), ("b", 10)], "a tool that never failed is not among them");
    assert_eq!(
        serde_json::to_value(&told.common_sequences[0]).unwrap(),
        json!({"from": "b", "to": "workflow:w", "frequency": 6, "mean_seconds_between": 2.0, "success_rate": 0.5, "confidence": 0.6})
    );
    assert_eq!(
        serde_json::to_value(&told.recommendations).unwrap(),
        json!({"shown": 9, "accepted": 3, "acceptance_rate": 0.333})
    );
    assert_eq!(
        serde_json::to_value(&told.token_savings).unwrap(),
        json!({"step_result_bytes": 16000, "returned_bytes": 2000, "estimated_tokens_saved": 3500, "reduction": 0.875})
    );
    assert_eq!(analytics(figures(), 1).most_used_tools.len(), 1);
}

#[test]
fn without_a_log_shares_are_unknown_and_not_zero() {
    let told = analytics(Figures::default(), 10);
    assert_eq!(told.recommendations.acceptance_rate, None);
    assert_eq!(told.token_savings.reduction, None);
    let more_came_back = analytics(Figures { step_result_bytes: 10, returned_bytes: 50, ..Figures::default() }, 10);
    assert_eq!(
        (more_came_back.token_savings.estimated_tokens_saved, more_came_back.token_savings.reduction),
        (0, Some(0.0))
    );
}

#[test]
fn analytics_read_back_from_their_json_and_have_a_schema() {
    let told = analytics(figures(), 10);
    let schema = serde_json::to_value(schemars::schema_for!(Analytics)).unwrap();
    let value = serde_json::to_value(&told).unwrap();
    jsonschema::validate(&schema, &value).unwrap();
    assert_eq!(serde_json::from_value::<Analytics>(value).unwrap(), told);
}

#[test]
fn the_origin_of_a_call_is_logged_by_its_kind() {
    use crate::contract::Origin;
    let step = Origin::Step { session: None, run: "r".to_owned(), step: "s".to_owned() };
    assert_eq!(CallOrigin::from(&step), CallOrigin::Step);
    assert_eq!(serde_json::to_value(CallOrigin::from(&Origin::Cli { session: "s".to_owned() })).unwrap(), json!("cli"));
}

#[test]
fn the_log_keeps_of_the_arguments_what_the_configuration_lets_it() {
    use crate::config::LogParameters;
    let parameters = || json!({"table": "Sales", "salaries": {"Ann": 7}});
    assert_eq!(kept_parameters(parameters(), LogParameters::Full), parameters());
    assert_eq!(kept_parameters(parameters(), LogParameters::Names), json!({"table": null, "salaries": null}));
    assert_eq!(kept_parameters(parameters(), LogParameters::None), Value::Null);
    assert_eq!(kept_parameters(json!("text"), LogParameters::Names), Value::Null);
}
