//! An expression as it was read, and what is found in it for a place of a model.
//!
//! Everything else asks these two: `references`, `complexity`, `transitions`,
//! `patterns`. Must not know files.

use crate::semantic_model::dax::home::Home;
use crate::semantic_model::dax::locals::Locals;
use crate::semantic_model::dax::names::Names;
use crate::semantic_model::dax::outline::{Outline, Root};
use crate::semantic_model::dax::parser::{MAX_PROBLEMS, Parsed, Script, parse_function};
use crate::semantic_model::dax::problem::Problem;
use crate::semantic_model::dax::resolve::{Target, resolve};
use crate::semantic_model::dax::syntax::{Definition, DefinitionKind, FunctionParameter, Node};

/// An expression, query or function as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formula {
    /// What it is.
    pub script: Script,
    /// The parameters, where it is the function of a model.
    pub parameters: Vec<FunctionParameter>,
    /// What is wrong with its syntax.
    pub problems: Vec<Problem>,
}

impl Formula {
    /// Reads an expression, or a query where the text begins as one.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let Parsed { tree, problems } = Script::parse(text);
        Self { script: tree, parameters: Vec::new(), problems }
    }

    /// Reads a function of a model.
    #[must_use]
    pub fn parse_function(text: &str) -> Self {
        let Parsed { tree, problems } = parse_function(text);
        Self { script: Script::Expression(tree.body), parameters: tree.parameters, problems }
    }

    /// The tree, where it is one expression.
    #[must_use]
    pub fn expression(&self) -> Option<&Node> {
        if let Script::Expression(node) = &self.script { Some(node) } else { None }
    }

    /// Its nodes; an expression is written at `home`.
    #[must_use]
    pub fn outline<'t>(&'t self, home: Home<'t>) -> Outline<'t> {
        let mut roots = Vec::new();
        match &self.script {
            Script::Expression(node) => roots.push(Root { node, home }),
            Script::Query(query) => {
                roots.extend(query.definitions.iter().map(definition_root));
                for evaluation in &query.evaluations {
                    let order = evaluation.order.iter().map(|(by, _)| by);
                    let nodes = std::iter::once(&evaluation.table).chain(order).chain(&evaluation.start);
                    roots.extend(nodes.map(|node| Root { node, home: Home::Query }));
                }
            }
        }
        let defaults = self.parameters.iter().filter_map(|parameter| parameter.default.as_ref());
        roots.extend(defaults.map(|node| Root { node, home: Home::Query }));
        Outline::of(&roots)
    }

    fn definitions(&self) -> &[Definition] {
        if let Script::Query(query) = &self.script { &query.definitions } else { &[] }
    }
}

fn definition_root(definition: &Definition) -> Root<'_> {
    let home = match &definition.kind {
        DefinitionKind::Measure(field) => field.table.as_ref().map_or(Home::Query, |table| Home::Measure(&table.name)),
        DefinitionKind::Column(field) => field.table.as_ref().map_or(Home::Query, |table| Home::Column(&table.name)),
        DefinitionKind::Table(_)
        | DefinitionKind::Variable(_)
        | DefinitionKind::Parameter(_)
        | DefinitionKind::Function(..) => Home::Query,
    };
    Root { node: &definition.value, home }
}

/// What is found in a formula for a place of a model.
#[derive(Debug)]
pub struct Analysis<'f, 'm> {
    /// Its nodes.
    pub outline: Outline<'f>,
    /// What each node means, where it is a name.
    pub targets: Vec<Option<Target<'m>>>,
    /// What is wrong: syntax, names and counts of arguments, in the order of the text.
    pub problems: Vec<Problem>,
}

impl<'f, 'm> Analysis<'f, 'm> {
    /// Of `formula`, written at `home` of the model with these names.
    #[must_use]
    pub fn of(formula: &'f Formula, home: Home<'f>, names: &Names<'m>) -> Self {
        let outline = formula.outline(home);
        let locals = Locals::of(&outline, formula.definitions(), &formula.parameters);
        let (targets, found) = resolve(&outline, &locals, names);
        let mut problems = formula.problems.clone();
        problems.extend(found);
        problems.sort_by_key(|problem| problem.span);
        problems.truncate(MAX_PROBLEMS);
        Self { outline, targets, problems }
    }

    /// What the node at a site means, where it is a name.
    #[must_use]
    pub fn target(&self, at: usize) -> Option<Target<'m>> {
        self.targets.get(at).copied().flatten()
    }

    /// The measure that the node at a site is.
    #[must_use]
    pub fn measure(&self, at: usize) -> Option<&'m str> {
        if let Some(Target::Measure(name)) = self.target(at) { Some(name) } else { None }
    }
}
