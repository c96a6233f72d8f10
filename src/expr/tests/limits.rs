//! What is too deep, too long or too much is refused, and nothing panics.

use std::sync::Arc;

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use proptest::prop_assert_eq;
use serde_json::{Value, json};

use super::{World, fault};
use crate::base::ErrorKind;
use crate::expr::{
    Expression, Fault, Known, NoResults, ResultSource, Scope, StepView, Template, has_secret, lower, lower_text,
};

fn parse_fault(source: &str) -> Fault {
    match Expression::parse(source, &World::known()) {
        Ok(_) => panic!("{} characters were taken", source.len()),
        Err(error) => error.fault,
    }
}

#[test]
fn nesting_is_refused_before_it_can_overflow_the_stack() {
    for source in [
        "(".repeat(10_000) + "1" + &")".repeat(10_000),
        "[".repeat(10_000) + &"]".repeat(10_000),
        "{'a':".repeat(5_000) + "1" + &"}".repeat(5_000),
        "(".repeat(10_000),
        "not ".repeat(10_000) + "true",
        "!".repeat(10_000) + "true",
        "-".repeat(10_000) + "1",
        "params".to_owned() + &".a".repeat(10_000),
        "$.params".to_owned() + &".a".repeat(10_000),
        "params".to_owned() + &"[0]".repeat(10_000),
        "params.text".to_owned() + &"|upper".repeat(5_000),
        "1".to_owned() + &" + 1".repeat(3_000),
        "1".to_owned() + &" if true else 1".repeat(1_000),
        "true ? 1 : ".repeat(1_000) + "1",
        "1".to_owned() + &" is odd".repeat(1_000),
        "f(".repeat(3_000) + &")".repeat(3_000),
        "'a'".to_owned() + &" ~ 'a'".repeat(3_000),
        "1".to_owned() + &" < 2".repeat(3_000),
        "1".repeat(100_000),
        " ".repeat(100_000) + "1",
        "[".to_owned() + &"1,".repeat(20_000) + "]",
    ] {
        assert_eq!(parse_fault(&source), Fault::Limit, "{}", &source[..40]);
        let text = format!("{{{{ {source} }}}}");
        let errors = Template::parse(&json!(text), &World::known()).unwrap_err();
        assert_eq!(errors[0].kind(), ErrorKind::LimitExceeded, "{}", &source[..40]);
    }
}

#[test]
fn what_is_within_the_limits_is_evaluated_in_half_of_a_threads_stack() {
    let run = || {
        for source in [
            "(".repeat(32) + "1" + &")".repeat(32),
            "[".repeat(32) + &"]".repeat(32),
            "len(".repeat(32) + "'a'" + &")".repeat(32),
            "not ".repeat(150) + "true",
            "1".to_owned() + &" + 1".repeat(150),
            "'a'".to_owned() + &"|upper".repeat(150),
            "true ? 1 : ".repeat(28) + "1",
            "1".to_owned() + &" if true else 1".repeat(70),
            "params.table".to_owned() + &".a".repeat(500) + "|default(1)",
            "[".to_owned() + &"1,".repeat(4_000) + "]",
        ] {
            let world = World::new();
            let scope = world.scope();
            let expression = Expression::parse(&source, &World::known());
            let evaluated = expression.map(|expression| expression.eval(&scope));
            match evaluated {
                Ok(Err(error)) => assert_eq!(error.fault, Fault::Type, "{}: {error}", &source[..20]),
                Ok(Ok(_)) => {}
                Err(error) => panic!("{}: {error}", &source[..20]),
            }
        }
    };
    std::thread::Builder::new().stack_size(1024 * 1024).spawn(run).unwrap().join().unwrap();
}

#[test]
fn work_and_size_are_limited() {
    let times_ten = "|replace('a', 'aaaaaaaaaa')".repeat(12);
    for source in [
        "range(100000000)",
        "'x' * 1000000000",
        "range(100000)|map('string')|join('x' * 1000)",
        "'a'|indent(999999999)",
        "[1]|batch(999999999, 0)",
        "[1]|slice(999999999)",
        "'%999999999d'|format(1)",
        "'%*d'|format(999999999, 1)",
        "'{:999999999}'.format(1)",
        "range(200000)|select('in', range(200000))|list",
        "('x' * 8000000) ~ ('y' * 8000000)",
        "(('%s' * 3000000)|format('a'))",
        "['x' * 4000000, 'y' * 4000000, 'z' * 4000000]",
        "('ab' * 3000000)|upper|lower|upper|lower|upper|lower|upper|lower|upper|lower|upper",
    ] {
        let error = super::eval(source).unwrap_err();
        assert_eq!((error.fault, error.kind()), (Fault::Limit, ErrorKind::LimitExceeded), "{source}: {error}");
    }
    assert_eq!(fault(&format!("'aaaaaaaaaa'{times_ten}")), Fault::Limit);
}

#[test]
fn a_whole_template_shares_one_limit() {
    let template: Vec<Value> = (0..10).map(|_| json!("{{ 'x' * 1000000 }}")).collect();
    let error = super::try_render(&json!(template)).unwrap_err();
    assert_eq!(error.fault, Fault::Limit);
    assert_eq!(error.message, "the expression yields more than 8 MiB");
    assert_eq!(error.pointer, "/8");
}

/// Pieces of the language and of its dialects, and noise.
fn source() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(vec![
            "params", "context", "fetch", "item", ".", ".a", "[0]", "[", "]", "(", ")", "{", "}", "{{", "}}", "{%", "%}", "{#",
            "${", "$.", "$", "${params.a}", "$.fetch.a[0]", "?", ":", "|", "|default:", "|default(", "||", "&&", "!", "!=", "==",
            "<", ">=", "not ", " in ", " is ", "None", "null", "defined", " if ", " else ", "'a'", "\"", "'", "\\", "~", "+", "-",
            "*", "**", "/", "//", "%", "1", "0", "2.5", "1e9", ",", " ", "\n", "=", "len(", "range(", "|upper", "|join(", "|map(",
            "|format(", "'%5.2f'", "'{:>4}'.format(", ".get(", ".split(", "secrets.A", "ä", "\u{FDD0}", "|round(", "|sort",
            "region", "slowest", "[1:", "::-1]", "9999999999999999999999", "|groupby('a')", "|slice(", "|batch(", "|int(",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop_oneof![
        prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat()),
        any::<String>(),
        Just(String::new())
    ]
}

proptest! {
    #[test]
    fn no_source_panics_and_lowering_twice_changes_nothing(source in source()) {
        let world = World::new();
        let scope = world.scope();
        let known = World::known();
        for known in [&known, &Known::new()] {
            let bare = lower(&source, known);
            prop_assert_eq!(lower(&bare, known), bare.clone());
            let text = lower_text(&source, known);
            prop_assert_eq!(lower_text(&text, known), text.clone());
            if let Ok(expression) = Expression::parse(&source, known) {
                let direct = expression.eval(&scope);
                if let Ok(value) = &direct
                    && !has_secret(value)
                {
                    let truth = !matches!(value.to_string().as_str(), "null" | "false" | "0" | "0.0" | "-0.0" | "\"\"" | "[]" | "{}");
                    prop_assert_eq!(expression.is_true(&scope), Ok(truth));
                }
                let again = Expression::parse(&bare, known).map(|expression| expression.eval(&scope).ok());
                prop_assert_eq!(again.ok(), Some(direct.ok()));
            }
            if let Ok(template) = Template::parse(&json!(source), known) {
                let direct = template.render(&scope);
                let again = Template::parse(&json!(text), known).map(|template| template.render(&scope).ok());
                prop_assert_eq!(again.ok(), Some(direct.ok()));
            }
        }
    }

    #[test]
    fn any_text_without_an_expression_is_itself(text in "[^{$]*") {
        let rendered = super::try_render(&json!(text));
        match rendered {
            Ok(rendered) => prop_assert_eq!(rendered, json!(text)),
            Err(error) => assert!(text.contains(['\u{FDD0}', '\u{FDD1}']), "{error}"),
        }
    }

    #[test]
    fn any_json_passes_through_a_whole_expression_unchanged(number in any::<i64>(), float in -1e300..1e300_f64, text in "[a-z\"\\\\\n{}]*") {
        let context = super::object(json!({"v": {"z": number, "a": [float, text, null], "m": true}}));
        let params = super::object(json!({}));
        let scope = Scope::new(&params, &context, &NoResults);
        let rendered = |source: &str| Template::parse(&json!(source), &Known::new()).unwrap().render(&scope).unwrap();
        prop_assert_eq!(rendered("{{ context.v }}"), context["v"].clone());
        prop_assert_eq!(rendered("{{ context.v|chain({}) }}").to_string(), context["v"].to_string());
        prop_assert_eq!(rendered(" {{ context.v }}"), json!(format!(" {}", context["v"])));
    }
}

#[test]
fn a_large_result_is_read_by_reference() {
    // A million numbers: copying them for every field would take the fuel of any expression.
    let big = json!({"rows": (0..1_000_000).collect::<Vec<_>>(), "total": 5});
    let empty = super::object(json!({}));
    let scope = Scope::new(&empty, &empty, &NoResults).with_result(&big);
    let expression = Expression::parse("result.total + result.rows[999999] + result.total", &Known::new()).unwrap();
    for _ in 0..1_000 {
        assert_eq!(expression.eval(&scope).unwrap(), json!(1_000_009));
    }
    let condition = Expression::parse("result and result.rows and result.rows is defined", &Known::new()).unwrap();
    for _ in 0..3 {
        assert!(condition.is_true(&scope).unwrap());
    }
}

/// Ten thousand steps whose results share one large value.
struct Large(Arc<Value>);

impl ResultSource for Large {
    fn step(&self, _: &str) -> Option<StepView> {
        Some(StepView::default())
    }

    fn result(&self, _: &str) -> Result<Option<Arc<Value>>, String> {
        Ok(Some(Arc::clone(&self.0)))
    }

    fn finished(&self) -> Vec<String> {
        (0..10_000).map(|step| format!("s{step}")).collect()
    }
}

#[test]
fn all_results_together_are_charged_before_they_are_copied() {
    let (empty, steps) = (super::object(json!({})), Large(Arc::new(json!("x".repeat(1_000_000)))));
    let scope = Scope::new(&empty, &empty, &steps);
    for source in ["results", "steps", "results|length", "steps|tojson"] {
        let error = Expression::parse(source, &Known::new()).unwrap().eval(&scope).unwrap_err();
        assert_eq!(error.fault, Fault::Limit, "{source}");
    }
}
