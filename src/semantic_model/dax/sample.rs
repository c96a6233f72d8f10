//! A small model for tests of this room.

use crate::semantic_model::model::{Column, Measure, Model, NamedExpression, Table};

fn table(name: &str, columns: &[&str], measures: &[(&str, &str)]) -> Table {
    let column = |name: &&str| Column { name: (*name).into(), ..Column::default() };
    let measure = |(name, expression): &(&str, &str)| Measure {
        name: (*name).into(),
        expression: (*expression).into(),
        ..Measure::default()
    };
    Table {
        name: name.into(),
        all_columns: columns.iter().map(column).collect(),
        measures: measures.iter().map(measure).collect(),
        ..Table::default()
    }
}

/// Sales, dates and a third table; two measures and a function.
pub(super) fn model() -> Model {
    let total = ("Total", "SUMX(Sales, Sales[Qty] * Sales[Price])");
    Model {
        tables: vec![
            table("Sales", &["Qty", "Price", "Both", "Customer Key"], &[total, ("Margin %", "[Total] * 0.4")]),
            table("Dates", &["Date", "Year"], &[]),
            table("Other Table", &["Both", "Only"], &[]),
        ],
        functions: vec![NamedExpression {
            name: "Own.Double".into(),
            expression: "(x : NUMERIC) => x * 2".into(),
            ..NamedExpression::default()
        }],
        ..Model::default()
    }
}
