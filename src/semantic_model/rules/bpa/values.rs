//! What an expression yields, as far as its text tells.

use super::super::subject::{Read, Subject};
use crate::semantic_model::dax::Target;
use crate::semantic_model::dax::syntax::{Call, Kind, Node, Operator};
use crate::semantic_model::words::DataType;

/// Functions that yield text.
const TEXT: &[&str] = &[
    "COMBINEVALUES",
    "CONCATENATE",
    "CONCATENATEX",
    "FORMAT",
    "LEFT",
    "LOWER",
    "MID",
    "REPLACE",
    "REPT",
    "RIGHT",
    "SUBSTITUTE",
    "SELECTEDMEASURENAME",
    "TRIM",
    "UNICHAR",
    "UPPER",
    "USERNAME",
    "USERPRINCIPALNAME",
    "USERCULTURE",
];

/// Functions that yield a value of the column or expression that is their first argument.
const SAME: &[&str] =
    &["SELECTEDVALUE", "MIN", "MAX", "FIRSTNONBLANK", "LASTNONBLANK", "VALUES", "CALCULATE", "COALESCE"];

/// Deep enough for what people write; deeper is not followed.
const DEPTH: usize = 40;

/// Whether an expression yields text.
pub(super) fn yields_text(subject: &Subject<'_, '_>, read: &Read<'_, '_>) -> bool {
    read.formula.expression().is_some_and(|node| Look { subject, read }.text(node, DEPTH))
}

struct Look<'s, 'f, 'm> {
    subject: &'s Subject<'f, 'm>,
    read: &'s Read<'f, 'm>,
}

impl Look<'_, '_, '_> {
    fn text(&self, node: &Node, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        match &node.bare().kind {
            Kind::Text(_) => true,
            Kind::Chain { rest, .. } => rest.iter().any(|link| link.operator == Operator::Concatenate),
            Kind::Block(block) => {
                let Kind::Name(name) = &block.result.bare().kind else { return self.text(&block.result, depth) };
                let mut variables = block.variables.iter().rev();
                let named = variables.find(|variable| variable.name.eq_ignore_ascii_case(name));
                named.is_some_and(|variable| self.text(&variable.value, depth))
            }
            Kind::Field(_) => self.field(node.bare()),
            Kind::Call(call) => self.call(call, depth),
            Kind::Number(_)
            | Kind::Date(_)
            | Kind::Boolean(_)
            | Kind::Name(_)
            | Kind::Table(_)
            | Kind::Parameter(_)
            | Kind::Unary { .. }
            | Kind::Brackets(_)
            | Kind::Tuple(_)
            | Kind::Set(_)
            | Kind::Omitted
            | Kind::Missing => false,
        }
    }

    fn call(&self, call: &Call, depth: usize) -> bool {
        let text = |index: usize| call.arguments.get(index).is_some_and(|node| self.text(node, depth));
        if call.is_any(TEXT) {
            return true;
        }
        if call.is_any(SAME) {
            return text(0);
        }
        match call.function.to_ascii_uppercase().as_str() {
            "IF" | "IF.EAGER" => text(1) || text(2),
            "SWITCH" => text(2),
            "MAXX" | "MINX" => text(1),
            _ => false,
        }
    }

    /// A column of text.
    fn field(&self, node: &Node) -> bool {
        let at = self.read.analysis.outline.sites().find(|(_, site)| std::ptr::eq(site.node, node));
        let Some(Target::Column { table, column }) = at.and_then(|(at, _)| self.read.analysis.target(at)) else {
            return false;
        };
        let column = self.subject.names.table(table).and_then(|table| table.column(column));
        column.is_some_and(|column| column.data_type == DataType::String)
    }
}
