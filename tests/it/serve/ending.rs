//! The end of the input, and signals: over within two seconds, in order, and
//! what was under way goes on in the next process.

use std::time::Duration;

use sequitur::base::{Clock as _, SystemClock};
use serde_json::json;

use super::client::Client;
use super::place::{Place, long_template};

const AT_MOST: Duration = Duration::from_secs(2);

/// A server in the midst of a long run; the run's id.
fn busy(place: &Place) -> (Client, String) {
    place.template(&long_template());
    let mut client = place.serve();
    let begun = client.done("execute_workflow", &json!({"template_id": "long_run", "wait_seconds": 0}));
    let id = begun["workflow_id"].as_str().unwrap().to_owned();
    client.request(
        "tools/call",
        json!({"name": "get_workflow_status", "arguments": {"workflow_id": id, "wait_seconds": 50}}),
    );
    (client, id)
}

fn ends_in_order(mut client: Client, how: impl FnOnce(&mut Client)) {
    let clock = SystemClock::new();
    how(&mut client);
    let (status, log) = client.ended();
    assert!(clock.monotonic() < AT_MOST, "it took {:?}:\n{log}", clock.monotonic());
    assert_eq!(status.code(), Some(0), "{log}");
}

fn goes_on(place: &Place, id: &str) {
    let mut client = place.serve();
    let wait = json!({"workflow_id": id, "wait_seconds": 50});
    let status = client.done("get_workflow_status", &wait)["status"].clone();
    assert_eq!((&status["status"], &status["progress_percentage"]), (&json!("completed"), &json!(100.0)));
    client.leave();
}

#[test]
fn the_end_of_the_input_ends_it_and_the_run_goes_on_in_the_next_process() {
    let place = Place::new();
    let (client, id) = busy(&place);
    ends_in_order(client, Client::hang_up);
    goes_on(&place, &id);
}

#[cfg(unix)]
#[test]
fn a_signal_to_terminate_or_interrupt_ends_it_the_same() {
    for signal in ["TERM", "INT"] {
        let place = Place::new();
        let (client, id) = busy(&place);
        ends_in_order(client, |client| super::client::signal(client.id(), signal));
        goes_on(&place, &id);
    }
}

#[test]
fn it_ends_before_anything_was_said_too() {
    let place = Place::new();
    ends_in_order(Client::start(&mut place.command(&["serve"])), Client::hang_up);
}

#[test]
fn a_database_that_somebody_holds_does_not_hold_the_end_up() {
    let place = Place::new();
    let (client, _) = busy(&place);
    let other = rusqlite::Connection::open(place.database()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    ends_in_order(client, Client::hang_up);
}
