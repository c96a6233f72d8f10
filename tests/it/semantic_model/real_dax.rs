//! Every DAX expression of the public models and of our sample: read without a
//! problem, and told to be wrong when it is made wrong.

use std::collections::BTreeMap;

use sequitur::semantic_model::dax::{
    Analysis, Expression, Names, Object, Position, TokenKind, expressions, format, parse_expression, same_shape, tokens,
};
use sequitur::semantic_model::model::Model;

use super::real_models::{load, real_models};
use super::sample::load_sample;

/// The models with their names, our sample among them.
fn models() -> Vec<(&'static str, Model)> {
    let mut all: Vec<_> = real_models().into_iter().map(|(name, path, _)| (name, load(&path))).collect();
    all.push(("sample", load_sample()));
    all
}

/// What is wrong with an expression, each with its place.
fn wrong(expression: &Expression<'_>, text: &str, names: &Names<'_>) -> Vec<String> {
    let formula = Expression { text, ..*expression }.parse();
    let problems = Analysis::of(&formula, expression.home, names).problems;
    let told = problems.iter().map(|problem| {
        assert!(text.get(problem.span.start..problem.span.end).is_some(), "{text}");
        let at = Position::of(text, problem.span.start);
        format!("{}:{} {}", at.line, at.column, problem.message)
    });
    told.collect()
}

/// Real mistakes in the models: each was looked at.
const REVIEWED: &[(&str, &str, &str)] = &[
    // A measure over a table that the model does not have.
    (
        "fuam-core-pbip",
        "[Workspace Monitoring URL]",
        "4:15 there is no variable or table `workspace_monitoring_reports`",
    ),
    ("fuam-core-pbip", "[Workspace Monitoring URL]", "8:19 there is no table `workspace_monitoring_reports`"),
    // Targets of performance indicators that were written as `1,1` on a computer with decimal commas.
    ("te-adventureworks-bim", "[Total Current Quarter Sales Performance]", OUTSIDE),
    ("te-adventureworks-bim", "[Total Current Quarter Gross Profit Performance]", OUTSIDE),
    ("te-adventureworks-bim", "[Internet Current Quarter Sales Performance]", OUTSIDE),
    ("te-adventureworks-bim", "[Internet Current Quarter Gross Profit Performance]", OUTSIDE),
    ("te-adventureworks-bim", "[Reseller Current Quarter Sales Performance]", OUTSIDE),
    ("te-adventureworks-bim", "[Reseller Current Quarter Gross Profit Performance]", OUTSIDE),
    // The sample has a measure whose column is gone, on purpose.
    // The template was saved without its table `Date`: its date table is called `DimDate`.
    ("te-advworks1465-pbit", "[Extended Amount YTD]", "1:29 there is no table `Date`"),
    ("te-advworks1465-pbit", "[Extended Amount PY]", "1:43 there is no table `Date`"),
    ("te-advworks1465-pbit", "[Extended Amount QTD]", "1:29 there is no table `Date`"),
    ("te-advworks1465-pbit", "[Extended Amount MTD]", "1:29 there is no table `Date`"),
    ("te-advworks1465-pbit", "[Sales Amount YTD]", "1:26 there is no table `Date`"),
    ("te-advworks1465-pbit", "[Sales Amount PY]", "1:40 there is no table `Date`"),
    ("te-advworks1465-pbit", "[Sales Amount QTD]", "1:26 there is no table `Date`"),
    ("te-advworks1465-pbit", "[Sales Amount MTD]", "1:26 there is no table `Date`"),
    ("te-advworks1465-pbit", "[Tax Amt YTD]", "1:21 there is no table `Date`"),
    ("te-advworks1465-pbit", "[Tax Amt PY]", "1:35 there is no table `Date`"),
    ("te-advworks1465-pbit", "[Tax Amt QTD]", "1:21 there is no table `Date`"),
    ("te-advworks1465-pbit", "[Tax Amt MTD]", "1:21 there is no table `Date`"),
    ("te-advworks1465-pbit", "[Total Product Cost YTD]", "1:32 there is no table `Date`"),
    ("te-advworks1465-pbit", "[Total Product Cost PY]", "1:46 there is no table `Date`"),
    ("te-advworks1465-pbit", "[Total Product Cost QTD]", "1:32 there is no table `Date`"),
    ("te-advworks1465-pbit", "[Total Product Cost MTD]", "1:32 there is no table `Date`"),
    ("sample", "[Loyalty Points]", "1:15 there is no column or measure `Points` in table `Customer`"),
];

const OUTSIDE: &str = "1:2 this `,` stands outside of brackets";

#[test]
fn every_expression_of_the_models_is_right_but_for_those_that_were_looked_at() {
    let mut found = Vec::new();
    for (model_name, model) in models() {
        let names = Names::of(&model);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for expression in expressions(&model) {
            *counts.entry(expression.object.kind()).or_default() += 1;
            for problem in wrong(&expression, expression.text, &names) {
                found.push((model_name, expression.object.to_string(), problem));
            }
        }
        eprintln!("{model_name}: {counts:?}");
    }
    let found: Vec<_> =
        found.iter().map(|(model, object, problem)| (*model, object.as_str(), problem.as_str())).collect();
    let present: Vec<_> = models().into_iter().map(|(name, _)| name).collect();
    let reviewed: Vec<_> = REVIEWED.iter().filter(|(model, ..)| present.contains(model)).copied().collect();
    assert_eq!(found, reviewed);
}

fn comments(text: &str) -> Vec<String> {
    let all = tokens(text).into_iter().filter(|token| token.kind == TokenKind::Comment);
    all.map(|token| token.text.trim_end().to_owned()).collect()
}

#[test]
fn every_expression_is_formatted_stably_and_stays_the_same() {
    for (model_name, model) in models() {
        for expression in expressions(&model).iter().filter(|one| !matches!(one.object, Object::Function(_))) {
            let text = expression.text;
            let tree = parse_expression(text);
            if !tree.problems.is_empty() {
                continue;
            }
            let label = format!("{} of {model_name}", expression.object);
            let once = format(text).expect("it is read");
            assert_eq!(format(&once).as_ref(), Some(&once), "{label}");
            assert!(same_shape(&tree.tree, &parse_expression(&once).tree), "{label}:\n{once}");
            assert_eq!(comments(text), comments(&once), "{label}");
        }
    }
}

/// Whether brackets, quotes and comments do not close each other: a scan that shares nothing with the parser.
fn unbalanced(text: &str) -> bool {
    let mut open = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\'' | '[' => {
                let end = if c == '[' { ']' } else { c };
                loop {
                    match chars.next() {
                        None => return true,
                        Some(next) if next == end => {
                            if chars.next_if_eq(&end).is_none() {
                                break;
                            }
                        }
                        Some(_) => {}
                    }
                }
            }
            '/' if chars.peek() == Some(&'*') => {
                chars.next();
                let mut last = ' ';
                loop {
                    match chars.next() {
                        None => return true,
                        Some('/') if last == '*' => break,
                        Some(next) => last = next,
                    }
                }
            }
            '/' | '-' if chars.peek() == Some(&c) => {
                while chars.next_if(|next| !matches!(next, '\n' | '\r')).is_some() {}
            }
            '(' | '{' => open.push(c),
            ')' | '}' if open.pop() != Some(if c == ')' { '(' } else { '{' }) => return true,
            _ => {}
        }
    }
    !open.is_empty()
}

/// Whether a text stops where something must follow.
fn stops_short(text: &str) -> bool {
    let all: Vec<_> = tokens(text).into_iter().filter(|token| token.kind != TokenKind::Comment).collect();
    let Some(last) = all.last() else { return true };
    let words = ["VAR", "RETURN", "IN", "NOT"];
    let blocks = |word: &str| all.iter().filter(|token| token.is_word(word)).count();
    let symbols = ["+", "-", "*", "/", "^", "&", "&&", "||", "=", "==", "<>", "<", ">", "<=", ">=", ",", "(", "{"];
    symbols.iter().any(|symbol| last.is_symbol(symbol))
        || words.iter().any(|word| last.is_word(word))
        || (blocks("VAR") > 0 && blocks("RETURN") == 0)
}

/// Of many places at most so many, spread evenly.
fn some(places: Vec<usize>, most: usize) -> impl Iterator<Item = usize> {
    let step = places.len().div_ceil(most).max(1);
    places.into_iter().step_by(step)
}

#[test]
fn expressions_that_were_broken_are_told_to_be_wrong() {
    let mut tried = BTreeMap::new();
    for (model_name, model) in models() {
        let names = Names::of(&model);
        for expression in expressions(&model) {
            let text = expression.text;
            if !wrong(&expression, text, &names).is_empty() {
                continue;
            }
            let all: Vec<_> = tokens(text).into_iter().filter(|token| token.kind != TokenKind::Comment).collect();
            let starts: Vec<usize> = all.iter().map(|token| token.offset).collect();
            let mut broken = Vec::new();
            for at in some(starts, 6) {
                let (before, after) = text.split_at(at);
                if unbalanced(before) || stops_short(before) {
                    broken.push(("cut", before.to_owned()));
                }
                for opened in ["\"", "'", "[", "(", "{", "/*"] {
                    broken.push((opened, format!("{before}{opened}{after}")));
                }
                for closed in [")", "}"] {
                    broken.push((closed, format!("{before}{closed}{after}")));
                }
            }
            let is_bracket = |token: &TokenKind| matches!(token, TokenKind::Bracket | TokenKind::Symbol);
            let brackets = all.iter().filter(|token| is_bracket(&token.kind));
            let doubled = brackets.flat_map(|token| [token.offset, token.end() - 1]);
            let doubled = doubled.filter(|at| matches!(text.as_bytes()[*at], b'(' | b')' | b'{' | b'}' | b'[' | b']'));
            for at in some(doubled.collect(), 6) {
                broken.push(("doubled", format!("{}{}", &text[..=at], &text[at..])));
            }
            for token in all.iter().filter(|token| matches!(token.kind, TokenKind::Text | TokenKind::Quoted)).take(6) {
                broken.push(("unclosed", format!("{}{}", &text[..token.end() - 1], &text[token.end()..])));
            }
            for (what, changed) in broken {
                // A quote or `/*` may be closed by one further on that was in a string or comment: then it is no mistake.
                if matches!(what, "\"" | "'" | "[" | "/*" | "unclosed") && !unbalanced(&changed) {
                    continue;
                }
                let told = wrong(&expression, &changed, &names);
                assert!(!told.is_empty(), "{what} in {} of {model_name} is accepted:\n{changed}", expression.object);
                *tried.entry(what).or_insert(0_usize) += 1;
            }
        }
    }
    eprintln!("{tried:?}");
    assert!(tried.values().sum::<usize>() > 1000);
}
