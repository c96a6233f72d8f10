//! Measures: added, changed, taken away.
//!
//! Says in terms of a [`Draft`] what a caller wants, and refuses what the
//! engine would refuse. Must not know tools.

use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::path::ObjectPath;
use super::value::{Value, normal};
use crate::semantic_model::dax::{
    Analysis, DaxError, Dependencies, Formula, Home, Level, Names, Object, Problem, Span, Validation, Way,
};
use crate::semantic_model::error::Error;
use crate::semantic_model::facts::measure_details::find_measure;
use crate::semantic_model::facts::table::{bare_name, find_table};
use crate::semantic_model::model::{Measure, Model, same};

/// What a measure is to be. What is `None` stays as it is; an empty text takes a property away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Its table; needed for a new measure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Its name.
    pub measure: String,
    /// Its DAX; needed for a new measure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// As `#,0.00`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format_string: Option<String>,
    /// As `Money\Gross`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_folder: Option<String>,
    /// Not shown to report authors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<bool>,
    /// The declaration of a measure that was deleted, word for word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declaration: Option<String>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is new.
    Created,
    /// It is another.
    Updated,
    /// It was so already.
    Unchanged,
    /// It is gone.
    Deleted,
}

/// What a change of a measure comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What was done.
    pub action: Action,
    /// The measure, as the model spells it.
    pub measure: String,
    /// Its table.
    pub table: String,
    /// The file, relative to the model.
    pub file: String,
    /// What undoes it.
    pub inverse: Option<Inverse>,
    /// What stands on the measure and breaks without it.
    pub used_by: Vec<String>,
}

/// What undoes a change of a measure.
#[derive(Debug, Clone, PartialEq)]
pub enum Inverse {
    /// Change it so.
    Upsert(Box<Wish>),
    /// Take it away.
    Delete,
}

/// Characters of a name at most.
const NAME_LENGTH: usize = 100;

/// Adds or changes a measure.
pub fn upsert(draft: &mut Draft, wish: &Wish) -> Result<Outcome, Error> {
    let name = bare_name(&wish.measure).to_owned();
    let there = draft.before().measures().find(|(_, measure)| same(&measure.name, &name));
    let there = there.map(|(table, measure)| (table.name.clone(), measure.clone()));
    let outcome = match there {
        Some((table, measure)) => {
            if let Some(wanted) = &wish.table
                && find_table(draft.before(), wanted)?.name != table
            {
                return Err(Error::Taken { what: "measure", name: measure.name, owner: format!("table `{table}`") });
            }
            update(draft, wish, &table, &measure)?
        }
        None => create(draft, wish, &name)?,
    };
    if outcome.action != Action::Unchanged {
        let after = draft.after()?;
        let expression = after.table(&outcome.table).and_then(|table| table.measure(&outcome.measure));
        let expression = expression.map(|measure| measure.expression.clone()).unwrap_or_default();
        // What is put back as it was may have been broken before.
        if wish.declaration.is_none() && (outcome.action == Action::Created || wish.expression.is_some()) {
            check(&after, &outcome.table, &outcome.measure, &expression)?;
        }
    }
    Ok(outcome)
}

fn create(draft: &mut Draft, wish: &Wish, name: &str) -> Result<Outcome, Error> {
    let refuse = |message: String, hint: &str| Err(Error::InvalidArgument { message, hint: hint.to_owned() });
    let Some(table) = &wish.table else {
        return refuse(
            format!("there is no measure `{name}`, and `table` does not say where it should be"),
            "give the table that it is to belong to",
        );
    };
    let table = find_table(draft.before(), table)?;
    refuse_name(name)?;
    if let Some(column) = table.column(name) {
        let owner = format!("table `{}`", table.name);
        return Err(Error::Taken { what: "column", name: column.name.clone(), owner });
    }
    let table = table.name.clone();
    let object = ObjectPath::Measure(table.clone(), name.to_owned());
    if let Some(declaration) = &wish.declaration {
        draft.insert_declaration(&object, declaration)?;
    } else {
        let Some(expression) = wish.expression.as_deref().filter(|text| !text.trim().is_empty()) else {
            return refuse(format!("the new measure `{name}` has no `expression`"), "give its DAX");
        };
        let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let mut properties = Vec::new();
        if let Some(description) = text(&wish.description) {
            properties.push(("description", Value::Text(lines_trimmed(&description))));
        }
        properties.push(("expression", Value::Expression(expression.to_owned())));
        for (property, text) in
            [("formatString", text(&wish.format_string)), ("displayFolder", text(&wish.display_folder))]
        {
            properties.extend(text.map(|text| (property, Value::Text(text))));
        }
        if wish.hidden == Some(true) {
            properties.push(("isHidden", Value::Flag(true)));
        }
        draft.insert(&object, &properties)?;
    }
    Ok(Outcome {
        action: Action::Created,
        measure: name.to_owned(),
        table,
        file: draft.file_name(&object)?,
        inverse: Some(Inverse::Delete),
        used_by: Vec::new(),
    })
}

fn update(draft: &mut Draft, wish: &Wish, table: &str, old: &Measure) -> Result<Outcome, Error> {
    let object = ObjectPath::Measure(table.to_owned(), old.name.clone());
    let mut back = Wish { table: Some(table.to_owned()), measure: old.name.clone(), ..Wish::default() };
    let mut changed = false;
    if let Some(expression) = &wish.expression
        && normal(expression) != normal(&old.expression)
    {
        if expression.trim().is_empty() {
            return Err(Error::InvalidArgument {
                message: format!("the `expression` of `{}` would be empty", old.name),
                hint: "give its DAX, or delete it with `04_delete_measure`".into(),
            });
        }
        draft.set(&object, "expression", &Value::Expression(expression.clone()))?;
        back.expression = Some(old.expression.clone());
        changed = true;
    }
    let description = wish.description.as_deref().map(lines_trimmed);
    let texts = [
        ("description", &description, &old.description, &mut back.description),
        ("formatString", &wish.format_string, &old.format_string, &mut back.format_string),
        ("displayFolder", &wish.display_folder, &old.display_folder, &mut back.display_folder),
    ];
    for (property, wanted, had, back) in texts {
        let Some(wanted) = wanted else { continue };
        let had = had.clone().unwrap_or_default();
        if *wanted == had || (property == "description" && normal(wanted) == normal(&had)) {
            continue;
        }
        if wanted.is_empty() {
            draft.clear(&object, property)?;
        } else {
            draft.set(&object, property, &Value::Text(wanted.clone()))?;
        }
        *back = Some(had);
        changed = true;
    }
    if let Some(hidden) = wish.hidden
        && hidden != old.hidden
    {
        if hidden {
            draft.set(&object, "isHidden", &Value::Flag(true))?;
        } else {
            draft.clear(&object, "isHidden")?;
        }
        back.hidden = Some(old.hidden);
        changed = true;
    }
    Ok(Outcome {
        action: if changed { Action::Updated } else { Action::Unchanged },
        measure: old.name.clone(),
        table: table.to_owned(),
        file: draft.file_name(&object)?,
        inverse: changed.then(|| Inverse::Upsert(Box::new(back))),
        used_by: Vec::new(),
    })
}

/// Takes a measure away.
pub fn delete(draft: &mut Draft, measure: &str, table: Option<&str>) -> Result<Outcome, Error> {
    let (home, found) = find_measure(draft.before(), measure, table)?;
    let (table, measure) = (home.name.clone(), found.name.clone());
    let used_by = {
        let names = Names::of(draft.before());
        let dependencies = Dependencies::of(draft.before(), &names);
        dependencies.next(Object::Measure(&measure), Way::Down).map(|object| object.to_string()).collect()
    };
    let object = ObjectPath::Measure(table.clone(), measure.clone());
    let file = draft.file_name(&object)?;
    let declaration = draft.declaration(&object)?;
    draft.remove(&object)?;
    draft.after()?;
    let back = Wish {
        table: Some(table.clone()),
        measure: measure.clone(),
        declaration: Some(declaration),
        ..Wish::default()
    };
    let inverse = Some(Inverse::Upsert(Box::new(back)));
    Ok(Outcome { action: Action::Deleted, measure, table, file, inverse, used_by })
}

/// Refuses DAX with problems, and a measure that is made from itself.
fn check(after: &Model, table: &str, measure: &str, expression: &str) -> Result<(), Error> {
    let names = Names::of(after);
    let formula = Formula::parse(expression);
    let mut problems = Analysis::of(&formula, Home::Measure(table), &names).problems;
    if formula.expression().is_none() && problems.is_empty() {
        problems.push(Problem::new(Span::default(), "this is a query, and a measure is one expression"));
    }
    if problems.is_empty() {
        let dependencies = Dependencies::of(after, &names);
        let circle = dependencies
            .cycles()
            .into_iter()
            .find(|circle| circle.iter().any(|object| matches!(object, Object::Measure(name) if same(name, measure))));
        if let Some(circle) = circle {
            let way: Vec<String> = circle.iter().map(ToString::to_string).collect();
            let message = format!("the measure would be made from itself: {}", way.join(" uses "));
            problems.push(Problem::new(Span::default(), message));
        }
    }
    refuse(measure, expression, &problems)
}

/// Refuses an expression with problems.
pub(super) fn refuse(name: &str, expression: &str, problems: &[Problem]) -> Result<(), Error> {
    let Some(first) = problems.first() else { return Ok(()) };
    Err(Error::InvalidDax {
        name: name.to_owned(),
        first: Box::new(DaxError::of(expression, first)),
        validation: Box::new(Validation::of(expression, problems, Level::References)),
    })
}

/// Refuses what cannot be the name of an object.
pub(super) fn refuse_name(name: &str) -> Result<(), Error> {
    let cause = if name.trim().is_empty() {
        "is empty"
    } else if name.trim() != name {
        "begins or ends with white space"
    } else if name.chars().any(char::is_control) {
        "holds a control character"
    } else if name.chars().count() > NAME_LENGTH {
        "is longer than 100 characters"
    } else {
        return Ok(());
    };
    Err(Error::InvalidArgument { message: format!("the name `{name}` {cause}"), hint: "choose another name".into() })
}

fn lines_trimmed(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    normal(&text.split('\n').map(str::trim_end).collect::<Vec<_>>().join("\n"))
}
