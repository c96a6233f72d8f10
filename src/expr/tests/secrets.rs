//! Secrets: markers in what is recorded, values only at dispatch.

use serde_json::json;

use super::{World, fault, object, render, value};
use crate::expr::{
    Expression, Fault, Known, NoResults, Reference, Scope, Target, Template, UnknownSecret, has_secret, readable,
    reveal,
};

fn lookup(name: &str) -> Option<String> {
    (name == "TOKEN").then(|| "s3cret".to_owned())
}

#[test]
fn a_secret_whole_or_joined_leaves_a_marker_that_dispatch_replaces() {
    for (source, revealed) in [
        ("{{ secrets.TOKEN }}", "s3cret"),
        ("${secrets.TOKEN}", "${secrets.TOKEN}"),
        ("Bearer {{ secrets.TOKEN }}", "Bearer s3cret"),
        ("{{ 'Bearer ' ~ secrets.TOKEN ~ '!' }}", "Bearer s3cret!"),
        ("{{ 'Bearer ' + secrets.TOKEN }}", "Bearer s3cret"),
        ("{{ params.limit ~ secrets.TOKEN }}", "50s3cret"),
        ("{{ secrets.TOKEN if params.on else secrets.OTHER }}", "s3cret"),
        ("{{ secrets['TOKEN'] }}{{ secrets.TOKEN }}", "s3crets3cret"),
    ] {
        let recorded = render(&json!({"header": source}));
        assert!(!recorded.to_string().contains("s3cret"), "{source}");
        assert_eq!(has_secret(&recorded), source.contains("{{"), "{source}");
        assert_eq!(reveal(&recorded, &lookup), Ok(json!({"header": revealed})), "{source}");
    }
}

#[test]
fn a_marker_reads_well_and_names_what_is_missing() {
    let recorded = render(&json!(["x{{ secrets.OTHER }}y", 1]));
    assert_eq!(readable(&recorded), json!(["x{{ secrets.OTHER }}y", 1]));
    assert_eq!(reveal(&recorded, &lookup), Err(UnknownSecret { name: "OTHER".to_owned() }));
    assert_eq!(value("secrets.TOKEN"), render(&json!("{{ secrets.TOKEN }}")));
}

#[test]
fn every_other_use_of_a_secret_fails() {
    for source in [
        "secrets.TOKEN|upper",
        "secrets.TOKEN == 'x'",
        "secrets.TOKEN < 'x'",
        "'s' in secrets.TOKEN",
        "secrets.TOKEN in ['x']",
        "len(secrets.TOKEN)",
        "secrets.TOKEN[0]",
        "secrets.TOKEN[:2]",
        "secrets.TOKEN.upper()",
        "secrets.TOKEN * 2",
        "not secrets.TOKEN",
        "1 if secrets.TOKEN else 2",
        "secrets.TOKEN and 1",
        "1 and secrets.TOKEN",
        "[secrets.TOKEN]",
        "{'a': secrets.TOKEN}",
        "secrets.TOKEN|default('x')",
        "secrets.TOKEN is string",
        "str(secrets.TOKEN)",
        "secrets",
        "secrets.TOKEN.x",
        "secrets[params.text]",
        "['a']|join(secrets.TOKEN)",
        "'%s'|format(secrets.TOKEN)",
        "secrets.get('TOKEN')",
        "(secrets.TOKEN ~ 'x')|upper",
        "(secrets.TOKEN ~ 'x') == 'x'",
        "min(secrets.TOKEN, 'a')",
        "params[secrets.TOKEN]",
        "{secrets.TOKEN: 1}",
        "dict(a=secrets.TOKEN)",
        "'x'.replace('x', secrets.TOKEN)",
        "params.get(secrets.TOKEN)",
        "params.get('x', secrets.TOKEN)|upper",
        "secrets.TOKEN + 1",
        "(params.missing|default(secrets.TOKEN))|length",
    ] {
        assert!(matches!(fault(source), Fault::Secret | Fault::Type), "{source}");
    }
}

#[test]
fn references_tell_a_secret_that_is_more_than_passed_on() {
    let uses = |source: &str| -> Vec<(String, bool)> {
        let expression = Expression::parse(source, &World::known()).unwrap();
        let secret = |reference: &Reference| match &reference.target {
            Target::Secret(name) => Some((name.clone(), reference.transformed)),
            _ => None,
        };
        expression.references().iter().filter_map(secret).collect()
    };
    assert_eq!(uses("secrets.A"), [("A".to_owned(), false)]);
    assert_eq!(uses("'x' ~ secrets.A + secrets.B"), [("A".to_owned(), false), ("B".to_owned(), false)]);
    assert_eq!(uses("secrets.A if params.on else secrets.B"), [("A".to_owned(), false), ("B".to_owned(), false)]);
    for source in [
        "secrets.A|upper",
        "secrets.A == 'x'",
        "1 if secrets.A else 2",
        "len(secrets.A)",
        "[secrets.A]",
        "secrets.A[0:1]",
        "secrets.A is defined",
        "secrets.A|default('')",
        "not secrets.A",
        "secrets.A * 2",
        "(secrets.A ~ 'x')|upper",
        "params[secrets.A]",
        "secrets.A.upper()",
    ] {
        assert_eq!(uses(source), [("A".to_owned(), true)], "{source}");
    }
}

#[test]
fn text_that_looks_like_a_marker_is_refused_wherever_it_comes_from() {
    let forged = "\u{FDD0}TOKEN\u{FDD1}";
    let params = object(json!({"forged": forged, "open": "\u{FDD0}", "list": [{"deep": forged}], "key": {forged: 1}}));
    let context = object(json!({}));
    let scope = Scope::new(&params, &context, &NoResults);
    for source in [
        "{{ params.forged }}",
        "x{{ params.forged }}",
        "{{ params.open ~ 'TOKEN' }}",
        "{{ params.list }}",
        "{{ params }}",
        "{{ params.key }}",
        "{{ params.list|tojson }}",
        "{{ params.forged|upper }}",
        "{{ '%c'|format(64976) }}",
        "{{ [params.open, 'TOKEN']|join }}",
        "a{{ params.list }}",
        "{{ params.key|items }}",
        "{{ secrets.A ~ params.open }}",
    ] {
        let template = Template::parse(&json!(source), &Known::new()).unwrap();
        let error = template.render(&scope).unwrap_err();
        assert_eq!(error.fault, Fault::Value, "{source}: {error}");
    }
    for source in [json!(forged), json!({forged: 1}), json!(format!("{{{{ '{forged}' }}}}")), json!(r"{{ '\uFDD0' }}")]
    {
        assert!(Template::parse(&source, &Known::new()).is_err(), "{source}");
    }
}
