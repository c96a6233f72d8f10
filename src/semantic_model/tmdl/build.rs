//! Trees to a model: what the words of TMDL mean.
//!
//! Words that it does not know are read over, so that a file of a newer version
//! still loads; a known word with an unknown value is a warning. Must not parse.

use std::collections::HashMap;
use std::sync::Arc;

use crate::semantic_model::bim::PARAMETER;
use crate::semantic_model::error::Error;
use crate::semantic_model::model::{
    Annotation, CalculationGroup, CalculationItem, Column, Culture, DataSource, Hierarchy, Kpi, Level, Location,
    Measure, Model, NamedExpression, Partition, Perspective, Relationship, Role, Table, TablePermission, Warning,
};
use crate::semantic_model::tmdl::name;
use crate::semantic_model::tmdl::tree::{Body, Node, parse};
use crate::semantic_model::words::{
    Cardinality, ColumnKind, CrossFilter, DataType, Mode, Permission, SecurityFilter, SourceKind, SummarizeBy,
};

/// The model that the files of one folder make together. Each is `(name, text)`.
pub(crate) fn build(files: &[(Arc<str>, &str)]) -> Result<Model, Error> {
    let mut builder = Builder::default();
    for (file, text) in files {
        for node in &parse(text, file)? {
            In { builder: &mut builder, file }.root_object(node)?;
        }
    }
    Ok(builder.finish())
}

#[derive(Default)]
struct Builder {
    model: Model,
    /// Where a table's name, in lower case, stands in `model.tables`.
    tables: HashMap<String, usize>,
    /// Names in the order of the `ref table` lines.
    order: Vec<String>,
}

impl Builder {
    /// Puts the tables in the order of the `ref` lines; the others follow in the order of their files.
    fn finish(mut self) -> Model {
        let places: HashMap<String, usize> =
            self.order.iter().enumerate().rev().map(|(place, name)| (name.to_lowercase(), place)).collect();
        self.model.tables.sort_by_key(|table| places.get(&table.name.to_lowercase()).copied().unwrap_or(usize::MAX));
        self.model
    }

    /// The table of that name, which may be declared in several files.
    fn table(&mut self, name: &str, location: &Location) -> &mut Table {
        let tables = &mut self.model.tables;
        let index = *self.tables.entry(name.to_lowercase()).or_insert_with(|| {
            tables.push(Table { name: name.to_owned(), location: Some(location.clone()), ..Table::default() });
            tables.len() - 1
        });
        &mut tables[index]
    }
}

/// The builder while it reads one file.
struct In<'b> {
    builder: &'b mut Builder,
    file: &'b Arc<str>,
}

impl In<'_> {
    fn location(&self, node: &Node<'_>) -> Location {
        Location { file: self.file.clone(), line: node.line, column: node.column }
    }

    fn warn(&mut self, node: &Node<'_>, message: String) {
        let location = Some(self.location(node));
        self.builder.model.warnings.push(Warning { message, location });
    }

    /// The name of an object that must have one.
    fn name(&self, node: &Node<'_>) -> Result<String, Error> {
        node.name.as_ref().map(|name| name.clone().into_owned()).ok_or_else(|| {
            let hint = "write the name after the word, in single quotes when it holds spaces";
            Error::syntax(self.location(node), format!("this `{}` has no name", node.keyword), hint)
        })
    }

    /// An object of the model: at the top of a file, or inside `model`.
    fn root_object(&mut self, node: &Node<'_>) -> Result<(), Error> {
        if node.is_ref {
            if node.is("table") {
                let name = self.name(node)?;
                self.builder.order.push(name);
            }
            return Ok(());
        }
        match node.keyword.to_ascii_lowercase().as_str() {
            "createorreplace" | "create" => {
                for child in &node.children {
                    self.root_object(child)?;
                }
            }
            "database" => {
                self.builder.model.database_name = node.name.clone().map(std::borrow::Cow::into_owned);
                self.builder.model.compatibility_level =
                    node.child("compatibilityLevel").and_then(Node::text).and_then(|level| level.parse().ok());
                for child in node.children.iter().filter(|child| child.is("model")) {
                    self.root_object(child)?;
                }
            }
            "model" => self.model(node)?,
            "table" => self.table(node)?,
            "relationship" => {
                let relationship = self.relationship(node)?;
                self.builder.model.relationships.push(relationship);
            }
            "role" => {
                let role = self.role(node)?;
                self.builder.model.roles.push(role);
            }
            "expression" => {
                let expression = self.named_expression(node)?;
                self.builder.model.expressions.push(expression);
            }
            "function" => {
                let function = self.named_expression(node)?;
                self.builder.model.functions.push(function);
            }
            "datasource" => {
                let structured = node.text().is_some_and(|kind| kind.eq_ignore_ascii_case("structured"));
                let source = DataSource { name: self.name(node)?, structured };
                self.builder.model.data_sources.push(source);
            }
            "culture" | "cultureinfo" => {
                let name = self.name(node)?;
                let translates =
                    node.child("translations").is_some_and(|translations| !translations.children.is_empty());
                self.builder.model.cultures.push(Culture { name, translates });
            }
            "perspective" => {
                let tables = node.children.iter().filter(|child| child.is("perspectiveTable")).count();
                let perspective = Perspective { name: self.name(node)?, tables };
                self.builder.model.perspectives.push(perspective);
            }
            "annotation" => {
                let annotation = self.annotation(node)?;
                self.builder.model.annotations.push(annotation);
            }
            _ => {}
        }
        Ok(())
    }

    fn model(&mut self, node: &Node<'_>) -> Result<(), Error> {
        let default_mode = self.word(node, "defaultMode", Mode::parse);
        let discourage = self.flag(node, "discourageImplicitMeasures");
        let model = &mut self.builder.model;
        model.description.clone_from(&node.description);
        model.culture = property(node, "culture");
        model.default_mode = default_mode;
        model.default_data_source_version = property(node, "defaultPowerBIDataSourceVersion");
        model.discourage_implicit_measures = discourage;
        // `culture: en-US` is the model's own; `culture en-US` with a name is an object.
        for child in node.children.iter().filter(|child| child.name.is_some()) {
            self.root_object(child)?;
        }
        Ok(())
    }

    fn table(&mut self, node: &Node<'_>) -> Result<(), Error> {
        let name = self.name(node)?;
        let hidden = self.flag(node, "isHidden");
        let mut part = Table { name, hidden, ..Table::default() };
        let source = node
            .children
            .iter()
            .filter(|child| child.is("partition"))
            .find_map(|child| child.text().and_then(|kind| SourceKind::parse(&kind)));
        let column_kind = match source {
            Some(SourceKind::Calculated) => ColumnKind::CalculatedTableColumn,
            Some(_) | None => ColumnKind::Data,
        };
        for child in node.children.iter().filter(|child| !child.is_ref) {
            match child.keyword.to_ascii_lowercase().as_str() {
                "column" => part.all_columns.push(self.column(child, column_kind)?),
                "measure" => part.measures.push(self.measure(child)?),
                "hierarchy" => part.hierarchies.push(self.hierarchy(child)?),
                "partition" => part.partitions.push(self.partition(child)?),
                "calculationgroup" => part.calculation_group = Some(self.calculation_group(child)?),
                "annotation" => part.annotations.push(self.annotation(child)?),
                _ => {}
            }
        }
        let location = self.location(node);
        let table = self.builder.table(&part.name, &location);
        table.hidden |= part.hidden;
        table.description = node.description.clone().or_else(|| table.description.take());
        table.data_category = property(node, "dataCategory").or_else(|| table.data_category.take());
        table.calculation_group = part.calculation_group.or_else(|| table.calculation_group.take());
        table.all_columns.append(&mut part.all_columns);
        table.measures.append(&mut part.measures);
        table.hierarchies.append(&mut part.hierarchies);
        table.partitions.append(&mut part.partitions);
        table.annotations.append(&mut part.annotations);
        Ok(())
    }

    fn column(&mut self, node: &Node<'_>, default_kind: ColumnKind) -> Result<Column, Error> {
        let expression = node.text();
        let kind = match &expression {
            Some(_) => ColumnKind::Calculated,
            None => self.word(node, "type", ColumnKind::parse).unwrap_or(default_kind),
        };
        Ok(Column {
            name: self.name(node)?,
            kind,
            data_type: self.word(node, "dataType", DataType::parse).unwrap_or_default(),
            description: node.description.clone(),
            hidden: self.flag(node, "isHidden"),
            key: self.flag(node, "isKey"),
            format_string: property(node, "formatString"),
            display_folder: property(node, "displayFolder"),
            sort_by: property(node, "sortByColumn").as_deref().map(name::whole),
            source_column: property(node, "sourceColumn"),
            summarize_by: self.word(node, "summarizeBy", SummarizeBy::parse).unwrap_or_default(),
            data_category: property(node, "dataCategory"),
            available_in_mdx: node.child("isAvailableInMdx").is_none() || self.flag(node, "isAvailableInMdx"),
            expression,
            expression_line: node.text_line(),
            group_by: node
                .child("relatedColumnDetails")
                .iter()
                .flat_map(|details| &details.children)
                .filter(|child| child.is("groupByColumn"))
                .filter_map(Node::text)
                .map(|column| name::whole(&column))
                .collect(),
            alternate: node.child("alternateOf").is_some(),
            parameter: node
                .children
                .iter()
                .any(|child| child.is("extendedProperty") && child.name.as_deref() == Some(PARAMETER)),
            default_columns: node
                .children
                .iter()
                .filter(|child| child.is("variation"))
                .filter_map(|variation| property(variation, "defaultColumn").as_deref().and_then(name::pair))
                .collect(),
            annotations: self.annotations(node)?,
            location: Some(self.location(node)),
        })
    }

    fn measure(&mut self, node: &Node<'_>) -> Result<Measure, Error> {
        Ok(Measure {
            name: self.name(node)?,
            expression: node.text().unwrap_or_default(),
            expression_line: node.text_line(),
            description: node.description.clone(),
            format_string: property(node, "formatString"),
            format_string_expression: property(node, "formatStringDefinition"),
            display_folder: property(node, "displayFolder"),
            hidden: self.flag(node, "isHidden"),
            kpi: node.child("kpi").map(|kpi| Kpi {
                target: property(kpi, "targetExpression"),
                status: property(kpi, "statusExpression"),
                trend: property(kpi, "trendExpression"),
            }),
            detail_rows: property(node, "detailRowsDefinition"),
            annotations: self.annotations(node)?,
            location: Some(self.location(node)),
        })
    }

    fn hierarchy(&mut self, node: &Node<'_>) -> Result<Hierarchy, Error> {
        let mut levels = Vec::new();
        for level in node.children.iter().filter(|child| child.is("level")) {
            let column = property(level, "column").as_deref().map(name::whole).unwrap_or_default();
            levels.push(Level { name: self.name(level)?, column });
        }
        Ok(Hierarchy {
            name: self.name(node)?,
            hidden: self.flag(node, "isHidden"),
            description: node.description.clone(),
            levels,
            annotations: self.annotations(node)?,
            location: Some(self.location(node)),
        })
    }

    fn partition(&mut self, node: &Node<'_>) -> Result<Partition, Error> {
        let source = match node.text() {
            None => SourceKind::default(),
            Some(kind) => SourceKind::parse(&kind).unwrap_or_else(|| {
                self.warn(node, format!("`{kind}` is no known kind of partition"));
                SourceKind::None
            }),
        };
        let body = node.child("source");
        Ok(Partition {
            name: self.name(node)?,
            source,
            mode: self.word(node, "mode", Mode::parse),
            expression: body.and_then(|body| body.text().or_else(|| property(body, "query"))),
            expression_line: body.and_then(|body| body.text_line().or_else(|| body.child("query")?.text_line())),
            entity: body.and_then(|body| property(body, "entityName")),
            data_source: body.and_then(|body| property(body, "dataSource")).as_deref().map(name::whole),
            annotations: self.annotations(node)?,
            location: Some(self.location(node)),
        })
    }

    fn calculation_group(&mut self, node: &Node<'_>) -> Result<CalculationGroup, Error> {
        let mut items = Vec::new();
        for item in node.children.iter().filter(|child| child.is("calculationItem")) {
            items.push(CalculationItem {
                name: self.name(item)?,
                expression: item.text().unwrap_or_default(),
                ordinal: self.integer(item, "ordinal"),
                format_string_expression: property(item, "formatStringDefinition"),
                description: item.description.clone(),
                expression_line: item.text_line(),
                location: Some(self.location(item)),
            });
        }
        let precedence = self.integer(node, "precedence").unwrap_or_default();
        Ok(CalculationGroup { precedence, description: node.description.clone(), items })
    }

    fn relationship(&mut self, node: &Node<'_>) -> Result<Relationship, Error> {
        let (from_table, from_column) = self.end_of_relationship(node, "fromColumn")?;
        let (to_table, to_column) = self.end_of_relationship(node, "toColumn")?;
        Ok(Relationship {
            name: node.name.clone().map(std::borrow::Cow::into_owned).unwrap_or_default(),
            from_table,
            from_column,
            to_table,
            to_column,
            from_cardinality: self.word(node, "fromCardinality", Cardinality::parse).unwrap_or(Cardinality::Many),
            to_cardinality: self.word(node, "toCardinality", Cardinality::parse).unwrap_or(Cardinality::One),
            cross_filter: self.word(node, "crossFilteringBehavior", CrossFilter::parse).unwrap_or_default(),
            security_filter: self.word(node, "securityFilteringBehavior", SecurityFilter::parse).unwrap_or_default(),
            active: node.child("isActive").is_none() || self.flag(node, "isActive"),
            annotations: self.annotations(node)?,
            location: Some(self.location(node)),
        })
    }

    fn end_of_relationship(&self, node: &Node<'_>, word: &str) -> Result<(String, String), Error> {
        let hint = "a relationship says `fromColumn: Table.Column` and `toColumn: Table.Column`";
        let Some(end) = node.child(word) else {
            return Err(Error::syntax(self.location(node), format!("this relationship has no `{word}`"), hint));
        };
        end.text()
            .as_deref()
            .and_then(name::pair)
            .ok_or_else(|| Error::syntax(self.location(end), format!("`{word}` names no column of a table"), hint))
    }

    fn role(&mut self, node: &Node<'_>) -> Result<Role, Error> {
        let mut table_permissions = Vec::new();
        for permission in node.children.iter().filter(|child| child.is("tablePermission")) {
            let filter = permission.text().or_else(|| property(permission, "filterExpression"));
            let hides = |node: &Node<'_>, text: Option<String>| {
                let word = text.or_else(|| property(node, "metadataPermission"));
                word.is_some_and(|word| word.eq_ignore_ascii_case("none"))
            };
            let columns = permission.children.iter().filter(|child| child.is("columnPermission"));
            let hidden_columns = columns.filter(|column| hides(column, column.text()));
            table_permissions.push(TablePermission {
                table: self.name(permission)?,
                filter,
                filter_line: permission
                    .text_line()
                    .or_else(|| permission.child("filterExpression").and_then(Node::text_line)),
                hides_table: hides(permission, None),
                hidden_columns: hidden_columns.map(|column| self.name(column)).collect::<Result<_, _>>()?,
                location: Some(self.location(permission)),
            });
        }
        Ok(Role {
            name: self.name(node)?,
            description: node.description.clone(),
            permission: self.word(node, "modelPermission", Permission::parse).unwrap_or_default(),
            table_permissions,
            members: node.children.iter().filter(|child| child.is("member")).count(),
            annotations: self.annotations(node)?,
            location: Some(self.location(node)),
        })
    }

    fn named_expression(&mut self, node: &Node<'_>) -> Result<NamedExpression, Error> {
        Ok(NamedExpression {
            name: self.name(node)?,
            expression: node.text().unwrap_or_default(),
            expression_line: node.text_line(),
            description: node.description.clone(),
            annotations: self.annotations(node)?,
            location: Some(self.location(node)),
        })
    }

    fn annotations(&mut self, node: &Node<'_>) -> Result<Vec<Annotation>, Error> {
        node.children.iter().filter(|child| child.is("annotation")).map(|child| self.annotation(child)).collect()
    }

    fn annotation(&mut self, node: &Node<'_>) -> Result<Annotation, Error> {
        Ok(Annotation { name: self.name(node)?, value: node.text().unwrap_or_default() })
    }

    /// A property whose value is one of the format's words.
    fn word<T>(&mut self, node: &Node<'_>, property: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let child = node.child(property)?;
        let text = child.text()?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.warn(child, format!("`{text}` is no known value of `{property}`"));
        }
        parsed
    }

    fn integer(&mut self, node: &Node<'_>, property: &str) -> Option<i64> {
        self.word(node, property, |text| text.parse().ok())
    }

    /// A flag: there, or `true`.
    fn flag(&mut self, node: &Node<'_>, property: &str) -> bool {
        match node.child(property) {
            None => false,
            Some(child) if matches!(child.body, Body::Nothing) => true,
            Some(_) => self.word(node, property, |text| text.to_ascii_lowercase().parse().ok()).unwrap_or(false),
        }
    }
}

/// The text of a property.
fn property(node: &Node<'_>, word: &str) -> Option<String> {
    node.child(word).and_then(Node::text)
}

#[cfg(test)]
mod tests;
