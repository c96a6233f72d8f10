//! Hosts in every spelling, entries of the list, URLs.

use crate::engine::webhook::host::Host;
use crate::engine::webhook::hosts::{Hosts, Listed};
use crate::engine::webhook::target::Target;

fn host(text: &str) -> String {
    Host::parse(text).map_or_else(|why| format!("error: {why}"), |host| host.to_string())
}

#[test]
fn every_spelling_of_an_address_is_that_address() {
    for text in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0X7F000001",
        "017700000001",
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0177.0.0.01",
        "127.0.0.1.",
        "0x7f.0.0x0.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "::ffff:127.0.0.1",
        "0000000177.0.0.1",
    ] {
        assert_eq!(host(text), "127.0.0.1", "{text}");
    }
    assert_eq!(host("[0:0::1]"), "[::1]");
    assert_eq!(host("4294967295"), "255.255.255.255");
    assert_eq!(host("0x"), "0.0.0.0");
}

#[test]
fn what_looks_like_an_address_must_be_one() {
    for text in [
        "256.1.1.1",
        "1.2.3.4.5",
        "4294967296",
        "127.0.0.256",
        "1.1.65536",
        "08.0.0.1",
        "1..1",
        "a.1",
        "[::1",
        "[fe80::1%eth0]",
        "0x7f.0.0.0xg.9",
        "::1]",
        "+1.2.3.4",
        "99999999999999999999999",
    ] {
        assert!(host(text).starts_with("error: "), "{text}: {}", host(text));
    }
}

#[test]
fn names_are_lower_case_without_a_last_dot() {
    assert_eq!(host("Hooks.Example.COM."), "hooks.example.com");
    assert_eq!(host("xn--bcher-kva.example"), "xn--bcher-kva.example");
    assert_eq!(host("1.example"), "1.example");
    for text in ["", ".", "a..b", "a b", "bücher.example", "a%62.com", "a/b", "x,y", &"a".repeat(64), &"a.".repeat(200)]
    {
        assert!(host(text).starts_with("error: "), "{text}");
    }
}

#[test]
fn the_list_knows_hosts_ports_and_domains() {
    let list = |entries: &[&str], text: &str, port: u16| {
        let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
        Hosts::parse(&entries).expect("entries").find(&Host::parse(text).expect("a host"), port)
    };
    assert_eq!(list(&["example.com"], "example.com", 443), Some(Listed::Literally));
    assert_eq!(list(&["Example.com."], "EXAMPLE.com", 8080), Some(Listed::Literally));
    assert_eq!(list(&["example.com"], "www.example.com", 443), None);
    assert_eq!(list(&["example.com:8443"], "example.com", 8443), Some(Listed::Literally));
    assert_eq!(list(&["example.com:8443"], "example.com", 443), None);
    assert_eq!(list(&["*.example.com"], "a.b.example.com", 443), Some(Listed::ByDomain));
    assert_eq!(list(&["*.example.com"], "example.com", 443), None);
    assert_eq!(list(&["*.example.com"], "badexample.com", 443), None);
    assert_eq!(list(&["*.example.com:8443"], "a.example.com", 443), None);
    assert_eq!(list(&["*.example.com", "a.example.com"], "a.example.com", 443), Some(Listed::Literally));
    assert_eq!(list(&["[::1]:80"], "[::1]", 80), Some(Listed::Literally));
    assert_eq!(list(&["::1"], "[0::1]", 80), Some(Listed::Literally));
    assert_eq!(list(&["127.0.0.1"], "0x7f.1", 80), Some(Listed::Literally));
    assert_eq!(list(&[], "example.com", 443), None);
}

#[test]
fn an_entry_that_cannot_be_read_is_told() {
    for entry in [
        "https://example.com",
        "example.com/path",
        "*",
        "*.",
        "exa*mple.com",
        "example.com:0",
        "example.com:http",
        "*.10.0.0.1",
        "",
        "user@example.com",
        "[::1",
        "example.com:99999",
    ] {
        let error = Hosts::parse(&[entry.to_owned()]).expect_err(entry).to_string();
        assert!(error.starts_with(&format!("`{entry}` in `security.webhook_hosts` is none of")), "{error}");
    }
}

fn target(url: &str) -> String {
    let told = |target: Target| {
        format!("{} {} {}", if target.https { "https" } else { "http" }, target.authority(), target.path)
    };
    Target::parse(url).map_or_else(|failure| failure.message, told)
}

#[test]
fn a_url_is_taken_apart_or_refused() {
    let cases = [
        ("https://Example.com", "https example.com /"),
        ("HTTPS://example.com:443/a?b=c#d", "https example.com /a?b=c"),
        ("http://example.com:443/", "http example.com:443 /"),
        ("http://example.com:/", "http example.com /"),
        ("http://[::1]:81?x", "http [::1]:81 /?x"),
        ("http://0x7f.1/a%20b", "http 127.0.0.1 /a%20b"),
        ("ftp://example.com", "the webhook's `url` begins with neither `https://` nor `http://`"),
        ("example.com/a", "the webhook's `url` is no URL"),
        ("/a", "the webhook's `url` begins with neither `https://` nor `http://`"),
        ("https://", "the webhook's `url` is no URL"),
        ("https:///a", "the webhook's `url` is no URL"),
        ("http://a b/", "the webhook's `url` is no URL"),
        ("http://a.com\\@b.com/", "the webhook's `url` is no URL"),
        ("http://a.com\r\nb/", "the webhook's `url` is no URL"),
        ("http://localhost@example.com/", "the webhook's `url` holds a user's name before its host"),
        ("http://a:b@example.com/", "the webhook's `url` holds a user's name before its host"),
        ("http://example.com:0/", "the webhook's `url` has no usable port"),
        ("http://1.2.3.4.5/", "the webhook's `url` has no usable host: it looks like an address and is none"),
        ("http://bücher.example/", "the webhook's `url` is no URL"),
    ];
    for (url, expected) in cases {
        assert_eq!(target(url), expected, "{url}");
    }
}

#[test]
fn a_location_leads_on_from_where_it_was_said() {
    let from = Target::parse("http://example.com:81/a/b?c").expect("a url");
    let to = |location: &str| {
        let to = from.follow(location).expect("a location");
        format!("{} {} {}", to.https, to.authority(), to.path)
    };
    assert_eq!(to("/x"), "false example.com:81 /x");
    assert_eq!(to("x?y"), "false example.com:81 /a/x?y");
    assert_eq!(to("//other/x"), "false other /x");
    assert_eq!(to("?d"), "false example.com:81 /a/?d");

    assert!(from.follow("file:///etc/passwd").is_err());
    assert_eq!(to("https://example.com/x"), "true example.com /x");
}
