//! Rules about M: what a refresh cannot do elsewhere, what it must not hold,
//! what keeps the source from doing the work.

use super::super::element::{Element, ElementKind};
use super::super::hits::Hits;
use super::super::rule::{Analysis, Category, Check, Look, Rule, Severity};
use super::super::subject::Subject;
use super::script::{Kind, Script};
use crate::semantic_model::dax::Position;
use crate::semantic_model::words::SourceKind;

const SCRIPTS: &[ElementKind] = &[ElementKind::Partition, ElementKind::Expression];

const fn rule(id: &'static str, name: &'static str, severity: Severity, texts: [&'static str; 2], look: Look) -> Rule {
    Rule::of(Analysis::MPractices, id, name, Category::PowerQuery, severity, SCRIPTS, texts, Check::Expressions(look))
}

pub(in super::super) const RULES: &[Rule] = &[
    rule(
        "M_CREDENTIALS_IN_TEXT",
        "Queries hold no credentials",
        Severity::Error,
        [
            "the query holds what looks like a password or key, which everybody reads who has the file",
            "take it out, change it at the source, and sign in through the data source settings",
        ],
        credentials,
    ),
    rule(
        "M_NOT_CLOSED",
        "Texts and comments of queries are closed",
        Severity::Error,
        ["a text or comment is never closed, so that the refresh fails", "close it"],
        not_closed,
    ),
    rule(
        "M_LOCAL_PATH",
        "Queries read no files of one computer",
        Severity::Warning,
        [
            "the query reads a path that only one computer or network has: a refresh in the service fails without a gateway",
            "read the file from SharePoint or a storage account, or make the path a parameter",
        ],
        local_paths,
    ),
    rule(
        "M_NATIVE_QUERY",
        "Native queries let later steps fold",
        Severity::Warning,
        [
            "the query sends its own SQL, and the steps after it are not folded into it",
            "use the source's tables and let steps fold, or give `Value.NativeQuery` the option `[EnableFolding = true]`",
        ],
        native_queries,
    ),
    rule(
        "M_FOLDING_BREAKER",
        "Steps fold into the source",
        Severity::Warning,
        [
            "a step makes the source hand over all rows, and it and the steps after it work on them here",
            "do the step in the source, or put it last",
        ],
        folding,
    ),
    rule(
        "M_SOURCE_NOT_A_PARAMETER",
        "Servers are parameters",
        Severity::Info,
        [
            "the server stands in the query itself, so that test and production cannot differ in a parameter alone",
            "make the server and the database parameters",
        ],
        fixed_servers,
    ),
];

/// All M of the model.
fn scripts<'m>(subject: &Subject<'_, 'm>) -> Vec<(Element<'m>, &'m str, Script<'m>)> {
    let mut found = Vec::new();
    for table in &subject.model.tables {
        for partition in table.partitions.iter().filter(|partition| partition.source == SourceKind::M) {
            if let Some(text) = partition.expression.as_deref() {
                found.push((Element::Partition(table, partition), text, Script::of(text)));
            }
        }
    }
    for expression in &subject.model.expressions {
        found.push((Element::Expression(expression), &expression.expression, Script::of(&expression.expression)));
    }
    found
}

fn tell<'m>(hits: &mut Hits<'m>, element: Element<'m>, text: &str, offset: usize, message: String) {
    hits.at(element, Position::of(text, offset), Some(message), None);
}

/// Names of what opens a door.
const SECRET_NAMES: [&str; 10] = [
    "password",
    "pwd",
    "secret",
    "clientsecret",
    "apikey",
    "xapikey",
    "accountkey",
    "accesstoken",
    "authorization",
    "ocpapimsubscriptionkey",
];

/// What stands before a secret in a connection string or address.
const SECRET_PARTS: [&str; 6] = ["password=", "pwd=", "accountkey=", "sharedaccesskey=", "client_secret=", "&sig="];

fn is_secret_name(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    SECRET_NAMES.contains(&plain.to_ascii_lowercase().as_str())
}

/// Whether a text holds a secret: never shown, not even in part.
fn holds_secret(text: &str) -> bool {
    let lower = text.to_lowercase();
    let after = |part: &str| {
        let value = lower.split(part).nth(1)?;
        let value = value.split([';', '&', '"']).next()?.trim();
        (value.len() >= 4 && !value.starts_with(['{', '<', '*'])).then_some(())
    };
    let bearer = lower.strip_prefix("bearer ").is_some_and(|token| token.trim().len() >= 16);
    bearer || SECRET_PARTS.iter().any(|part| after(part).is_some())
}

fn credentials<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (element, text, script) in scripts(subject) {
        let mut places: Vec<(usize, String)> = Vec::new();
        for token in script.tokens().iter().filter(|token| token.kind == Kind::Text && holds_secret(&token.text)) {
            places.push((token.offset, "a text holds what looks like a password or key".to_owned()));
        }
        for (at, name, value) in script.text_fields() {
            if is_secret_name(name) && value.trim().len() >= 6 && !holds_secret(value) {
                let offset = script.token(at).map_or(0, |token| token.offset);
                places.push((offset, format!("the value of `{name}` stands in the query")));
            }
        }
        let alone = script.token(0).filter(|token| token.kind == Kind::Text && token.text.trim().len() >= 6);
        if let (Element::Expression(expression), Some(_)) = (element, alone)
            && script.is_parameter()
            && is_secret_name(&expression.name)
        {
            places.push((0, "the parameter's value is written into the model".to_owned()));
        }
        for (offset, message) in places {
            tell(hits, element, text, offset, message);
        }
    }
}

fn not_closed<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (element, text, script) in scripts(subject) {
        if let Some((offset, what)) = script.unclosed() {
            tell(hits, element, text, offset, format!("this {what} is never closed"));
        }
    }
}

/// A path of one computer or of one network.
fn is_local(text: &str) -> bool {
    let drive = |text: &str| {
        let mut chars = text.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic())
            && chars.next() == Some(':')
            && matches!(chars.next(), Some('\\' | '/'))
    };
    let unix = ["/Users/", "/home/", "file:///"].iter().any(|start| text.starts_with(start));
    drive(text) || unix || (text.starts_with("\\\\") && text.len() > 4)
}

fn local_paths<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (element, text, script) in scripts(subject) {
        if script.is_parameter() {
            continue;
        }
        if let Some(token) = script.tokens().iter().find(|token| token.kind == Kind::Text && is_local(&token.text)) {
            tell(hits, element, text, token.offset, format!("the query reads `{}`", token.text));
        }
    }
}

fn native_queries<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (element, text, script) in scripts(subject) {
        let folds = script.tokens().iter().any(|token| token.kind == Kind::Name && token.text == "EnableFolding");
        let call = script.calls().find(|call| match call.function {
            "Value.NativeQuery" => !folds,
            "Odbc.Query" | "OleDb.Query" => true,
            _ => false,
        });
        let option = script.native_query_option();
        let at = match (call, option) {
            (Some(call), _) => Some((call.offset, format!("`{}` sends its own SQL", call.function))),
            (None, Some(at)) => Some((at, "the option `Query` sends its own SQL".to_owned())),
            (None, None) => None,
        };
        if let Some((offset, message)) = at {
            tell(hits, element, text, offset, format!("{message}, and later steps do not fold into it"));
        }
    }
}

/// Sources that can do the work of steps.
const FOLDING: [&str; 18] = [
    "AmazonRedshift.Database",
    "AnalysisServices.Database",
    "Databricks.Catalogs",
    "DB2.Database",
    "GoogleBigQuery.Database",
    "Lakehouse.Contents",
    "MySQL.Database",
    "OData.Feed",
    "Odbc.DataSource",
    "Oracle.Database",
    "PostgreSQL.Database",
    "SapHana.Database",
    "Snowflake.Databases",
    "Sql.Database",
    "Sql.Databases",
    "Sybase.Database",
    "Teradata.Database",
    "Fabric.Warehouse",
];

/// Steps that no source does.
const BREAKERS: [&str; 9] = [
    "Table.AddIndexColumn",
    "Table.Buffer",
    "Table.FillDown",
    "Table.FillUp",
    "Table.RemoveRowsWithErrors",
    "Table.ReplaceErrorValues",
    "Table.ReverseRows",
    "Table.StopFolding",
    "Table.Transpose",
];

/// Only after a source that could have done the work.
fn folding<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (element, text, script) in scripts(subject) {
        let Some(source) = script.calls().find(|call| FOLDING.contains(&call.function)) else { continue };
        let breaker = script.calls().find(|call| BREAKERS.contains(&call.function) && call.offset > source.offset);
        if let Some(call) = breaker {
            let message = format!("`{}` does not fold: all rows of `{}` are read here", call.function, source.function);
            tell(hits, element, text, call.offset, message);
        }
    }
}

fn fixed_servers<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (element, text, script) in scripts(subject) {
        let fixed = script.calls().find(|call| {
            let known = FOLDING.contains(&call.function) && call.function.ends_with("Database");
            known && script.token(call.arguments).is_some_and(|token| token.kind == Kind::Text)
        });
        if let Some(call) = fixed {
            tell(hits, element, text, call.offset, format!("the server of `{}` stands in the query", call.function));
        }
    }
}
