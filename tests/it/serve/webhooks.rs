//! Webhooks over the real server: `kill -9` between the request and its answer.

use serde_json::{Value, json};

use super::place::Place;
use crate::receiver::{OK, Receiver, Reply};

fn template(method: &str, receiver: &Receiver) -> Value {
    json!({"template_id": "tell", "template_name": "Tell", "description": "Tells.",
           "steps": [{"step_id": "tell", "type": "webhook", "method": method, "url": receiver.url("/orders"),
                      "body": {"n": 1}}],
           "outputs": {"id": "{{ tell.body.id }}"}})
}

fn configured(receiver: &Receiver) -> (Place, String) {
    let place = Place::new();
    let config = json!({"security": {"webhook_hosts": [receiver.address.to_string()]}});
    let config = place.write("user.json", &config.to_string()).display().to_string();
    (place, config)
}

#[test]
fn a_webhook_whose_process_was_killed_is_repeated_or_asked_about() {
    for (method, safe) in [("PUT", true), ("POST", false)] {
        let receiver = Receiver::answering(&[Reply::Nothing, OK]);
        let (place, config) = configured(&receiver);
        place.template(&template(method, &receiver));
        let serve = || {
            let mut command = place.command(&["serve", "--config", &config]);
            super::client::Client::greeted(&mut command, super::client::Era::Legacy)
        };
        let mut first = serve();
        let begun = first.done("execute_workflow", &json!({"template_id": "tell", "wait_seconds": 0}));
        let id = begun["workflow_id"].clone();
        receiver.asked(1);
        first.killed();

        let mut second = serve();
        second.tools();
        let wait = json!({"workflow_id": id, "wait_seconds": 40});
        let mut status = second.done("get_workflow_status", &wait)["status"].clone();
        if !safe {
            assert_eq!((&status["status"], receiver.requests().len()), (&json!("paused"), 1), "{status:#}");
            let task = status["waiting_for"][0]["name"].clone();
            let answer = place.run(&[
                "respond",
                id.as_str().unwrap(),
                task.as_str().unwrap(),
                "--answer",
                r#"{"action":"retry"}"#,
                "--config",
                &config,
            ]);
            assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
            status = second.done("get_workflow_status", &wait)["status"].clone();
        }
        assert_eq!(status["status"], "completed", "{method}: {status:#}");
        let keys = receiver.keys();
        assert!(keys.len() == 2 && keys[0] == keys[1], "{method}: {keys:?}");
        second.leave();
    }
}

#[test]
fn a_webhook_to_a_place_that_is_not_listed_fails_and_says_what_to_do() {
    let receiver = Receiver::answering(&[OK]);
    let place = Place::new();
    place.template(&template("POST", &receiver));
    let mut client = place.serve();
    let ended = client.refused("execute_workflow", &json!({"template_id": "tell"}));
    assert_eq!((&ended["status"], &ended["error_type"]), (&json!("failed"), &json!("invalid_input")), "{ended:#}");
    let error = ended["error"].as_str().unwrap();
    assert!(error.contains("`security.webhook_hosts`, which lists none"), "{error}");
    assert!(receiver.requests().is_empty());
    client.leave();
}
