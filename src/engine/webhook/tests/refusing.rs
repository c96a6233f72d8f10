//! Where webhooks do not go.

use std::sync::Arc;

use serde_json::json;

use super::{KEY, Names, Server, answer, object, webhooks};
use crate::base::ErrorKind;
use crate::contract::CallFailure;

async fn refused(hosts: &[&str], names: Names, url: &str) -> (CallFailure, Vec<String>) {
    let names = Arc::new(names);
    let webhooks = webhooks(hosts).with_network(Arc::clone(&names) as _);
    let failure = webhooks.send(&object(json!({"url": url})), KEY, None).await.expect_err(url);
    assert!(!failure.outcome_unknown, "{url}");
    (failure, names.dialled())
}

#[tokio::test]
async fn a_host_that_is_not_listed_is_not_even_looked_up() {
    for (hosts, url) in [
        (&[][..], "https://example.com/"),
        (&["example.com"], "https://www.example.com/"),
        (&["example.com:443"], "http://example.com/"),
        (&["*.example.com"], "https://example.com/"),
        (&["localhost"], "http://127.0.0.1/"),
        (&["127.0.0.1"], "http://localhost/"),
        (&["example.com"], "http://2130706433/"),
        (&["example.com"], "http://0x7f.1/"),
        (&["example.com"], "http://0177.0.0.1/"),
        (&["example.com"], "http://[::ffff:127.0.0.1]/"),
        (&["example.com"], "http://[::1]/"),
        (&["example.com"], "http://169.254.169.254/latest/meta-data/"),
    ] {
        let (failure, dialled) = refused(hosts, Names::default(), url).await;
        assert_eq!(failure.kind, ErrorKind::InvalidInput, "{url}");
        assert!(failure.message.contains("is not among `security.webhook_hosts`"), "{url}: {}", failure.message);
        assert!(dialled.is_empty(), "{url}");
    }
    let (failure, _) = refused(&[], Names::default(), "https://Example.com:8443/").await;
    assert_eq!(
        failure.message,
        "webhooks may not go to `example.com:8443`: it is not among `security.webhook_hosts`, which lists none"
    );
    assert_eq!(failure.hint.as_deref(), Some("a person can add `example.com` there in the configuration"));
}

#[tokio::test]
async fn a_listed_name_does_not_lead_to_this_machine_or_its_neighbourhood() {
    for (listed, address, told) in [
        ("a.example.com", "127.0.0.1", "127.0.0.1 is a loopback address"),
        ("a.example.com", "::1", "::1 is a loopback address"),
        ("a.example.com", "::ffff:127.0.0.1", "127.0.0.1 is a loopback address"),
        ("a.example.com", "169.254.169.254", "169.254.169.254 is a cloud's metadata address"),
        ("a.example.com", "169.254.1.1", "169.254.1.1 is a link-local address"),
        ("a.example.com", "0.0.0.0", "0.0.0.0 is a reserved address"),
        ("*.example.com", "10.0.0.1", "10.0.0.1 is a private address"),
    ] {
        let names = Names::default().with("a.example.com", &[&["1.1.1.1", address]]);
        let (failure, dialled) = refused(&[listed], names, "https://a.example.com/").await;
        assert_eq!(failure.message, format!("webhooks may not go to `a.example.com`: {told}"));
        assert_eq!(failure.kind, ErrorKind::InvalidInput);
        assert!(failure.hint.is_some());
        // The public one beside it is not tried either.
        assert!(dialled.is_empty());
    }
}

#[tokio::test]
async fn a_name_that_changes_its_address_is_taken_at_its_first_word() {
    let server = Server::answering([answer("200 OK", "", "")]).await;
    let names =
        Names::default().with("rebind.example.com", &[&["93.184.216.34"], &["127.0.0.1"]]).leading_to(server.address);
    let names = Arc::new(names);
    let webhooks = webhooks(&["rebind.example.com"]).with_network(Arc::clone(&names) as _);
    let request = object(json!({"url": "http://rebind.example.com:8080/"}));

    webhooks.send(&request, KEY, None).await.expect("the public address answers");
    assert_eq!(names.dialled(), ["93.184.216.34:8080"]);

    let failure = webhooks.send(&request, KEY, None).await.expect_err("refused");
    assert_eq!(failure.message, "webhooks may not go to `rebind.example.com`: 127.0.0.1 is a loopback address");
    assert_eq!(names.dialled().len(), 1);
}

#[tokio::test]
async fn localhost_and_literal_addresses_open_themselves() {
    for (listed, url, address) in [
        ("localhost", "http://localhost:9/", "127.0.0.1"),
        ("127.0.0.1:9", "http://0x7f000001:9/", "127.0.0.1"),
        ("10.1.2.3", "http://10.1.2.3:9/", "10.1.2.3"),
        ("intranet.example.com", "http://intranet.example.com:9/", "10.1.2.3"),
    ] {
        let server = Server::answering([answer("204 No Content", "", "")]).await;
        let names =
            Names::default().with("localhost", &[&["127.0.0.1"]]).with("intranet.example.com", &[&["10.1.2.3"]]);
        let names = Arc::new(names.leading_to(server.address));
        let webhooks = webhooks(&[listed]).with_network(Arc::clone(&names) as _);
        webhooks.send(&object(json!({"url": url})), KEY, None).await.expect(url);
        assert_eq!(names.dialled(), [format!("{address}:9")]);
    }
}

#[tokio::test]
async fn a_name_nobody_knows_is_unavailable() {
    let (failure, _) = refused(&["gone.example.com"], Names::default(), "https://gone.example.com/").await;
    assert_eq!(failure.kind, ErrorKind::Unavailable);
    assert_eq!(failure.message, "the name `gone.example.com` cannot be looked up: no such name");
}
