//! What is left when we end, however we end: nothing.

use std::time::Duration;

use serde_json::json;

use crate::client::{Client, signal};
use crate::gateway::Gateway;
use crate::ledger::{Act, Child, End, Mark, Spec, Tool};
use crate::process::{children_of, lives, until, within};

const AT_MOST: Duration = Duration::from_secs(3);

/// Servers of every kind of stubbornness, one with a call in flight.
fn busy() -> (Gateway, Client) {
    let mut gateway = Gateway::new();
    let family = vec![
        Child::default(),
        Child { ignores_signals: true, ..Child::default() },
        Child { holds_streams: true, ..Child::default() },
        Child { own_session: true, ignores_signals: true, ..Child::default() },
    ];
    let tools = [Tool::new("look").reads(), Tool::new("hang").does([Act::Hang]).deaf_to_cancel()];
    let plain = gateway.spec("plain", tools.clone());
    let stubborn = Spec {
        end: End { ignores_eof: true, ignores_signals: true },
        children: family,
        ..gateway.spec("stubborn", tools)
    };
    gateway.add("plain", plain.entry());
    gateway.add("stubborn", stubborn.entry());
    let mut client = gateway.serve();
    client.tools();
    for server in ["plain", "stubborn"] {
        assert_eq!(client.call(&format!("{server}__look"), &json!({}))["isError"], false);
    }
    client.request("tools/call", json!({"name": "stubborn__hang", "arguments": {}}));
    until("the call in flight", || !gateway.book().of("hang", Mark::Begin).is_empty());
    until("the whole family", || gateway.book().marked(Mark::Child).len() == 4);
    (gateway, client)
}

/// What a gateway and its servers have started.
struct Started(Vec<(String, u32)>);

impl Started {
    /// So many servers and children of theirs, and whatever the gateway needs itself.
    fn by(gateway: &Gateway, client: &Client, count: usize) -> Self {
        let lines = gateway.book().read();
        let told = lines.iter().filter(|line| matches!(line.mark, Mark::Started | Mark::Child));
        let mut started: Vec<_> = told.map(|line| (format!("{:?} of {}", line.mark, line.server), line.pid)).collect();
        assert_eq!(started.len(), count, "{lines:?}");
        for pid in children_of(client.id()) {
            if started.iter().all(|(_, known)| *known != pid) {
                started.push(("of the gateway".to_owned(), pid));
            }
        }
        Self(started)
    }

    /// All of it ends in time.
    fn end_in_time(mut self) {
        within(AT_MOST, || {
            self.0.retain(|(_, pid)| lives(*pid));
            self.0.is_empty()
        });
        for (_, pid) in &self.0 {
            signal(*pid, "KILL");
        }
        assert!(self.0.is_empty(), "left are {:?}", self.0);
    }
}

pub(crate) fn after_the_end_of_the_input() {
    let (gateway, mut client) = busy();
    let started = Started::by(&gateway, &client, 6);
    client.hang_up();
    started.end_in_time();
    let (status, log) = client.ended();
    assert!(status.success(), "{log}");
}

pub(crate) fn after_a_signal_to_terminate() {
    let (gateway, client) = busy();
    let started = Started::by(&gateway, &client, 6);
    signal(client.id(), "TERM");
    started.end_in_time();
    assert!(client.ended().0.success());
}

pub(crate) fn after_a_kill() {
    let (gateway, client) = busy();
    let started = Started::by(&gateway, &client, 6);
    signal(client.id(), "KILL");
    started.end_in_time();
}

pub(crate) fn after_a_kill_of_our_whole_group() {
    use std::os::unix::process::CommandExt as _;
    // As a terminal or a service manager does it.
    let mut gateway = Gateway::new();
    let spec = Spec {
        end: End { ignores_eof: true, ignores_signals: true },
        children: vec![Child::default(); 5],
        ..gateway.spec("stubborn", [Tool::new("look").reads()])
    };
    gateway.add("stubborn", spec.entry());
    let mut client = Client::greeted(gateway.command(&["serve"]).process_group(0), crate::client::Era::Legacy);
    client.tools();
    until("the whole family", || gateway.book().marked(Mark::Child).len() == 5);
    let started = Started::by(&gateway, &client, 6);
    signal_group(client.id());
    started.end_in_time();
}

fn signal_group(leader: u32) {
    let kill = format!("kill -KILL -{leader}");
    assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}
