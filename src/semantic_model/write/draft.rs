//! A model's files as they were read and as they are to be.

use std::path::PathBuf;
use std::sync::Arc;

use super::path::ObjectPath;
use super::replace::{Change, replace};
use super::splice::Splice;
use super::value::Value;
use super::{bim, diff, tmdl};
use crate::semantic_model::error::Error;
use crate::semantic_model::model::Model;
use crate::semantic_model::models::{ModelIdentity, ModelName, Models};
use crate::semantic_model::place::{Format, Place};
use crate::semantic_model::source::Source;
use crate::semantic_model::text::decode;

const BOM: &[u8] = &[0xEF, 0xBB, 0xBF];

/// A change of a model that is not yet in its files.
#[derive(Debug)]
pub struct Draft {
    identity: ModelIdentity,
    place: Place,
    files: Vec<File>,
    before: Model,
    touched: Vec<ObjectPath>,
}

#[derive(Debug)]
struct File {
    /// Relative to the model, with `/`.
    name: Arc<str>,
    path: PathBuf,
    before: Option<Vec<u8>>,
    /// The text without byte order mark; none when the file is to go.
    after: Option<String>,
    marked: bool,
}

impl Draft {
    /// Reads the model that is meant; one that cannot be written is refused.
    pub fn open(models: &Models, named: Option<&ModelName>) -> Result<Self, Error> {
        let place = models.choose(named)?;
        if place.format == Format::Pbit {
            return Err(Error::NoWriting { path: place.path.display().to_string(), format: ".pbit" });
        }
        let source = Source::read(&place, &models.limits)?;
        let before = source.model()?;
        let base = Source::base(&place).to_path_buf();
        let mut files = Vec::new();
        for (name, bytes) in source.into_files() {
            let after = decode(&bytes, &name)?.to_owned();
            let marked = bytes.starts_with(BOM);
            files.push(File { path: base.join(&*name), name, before: Some(bytes), after: Some(after), marked });
        }
        let identity =
            ModelIdentity { name: place.name.clone(), path: crate::semantic_model::roots::shown(&place.path) };
        Ok(Self { identity, place, files, before, touched: Vec::new() })
    }

    /// Name and path of the model.
    #[must_use]
    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    /// The model as it was read.
    #[must_use]
    pub fn before(&self) -> &Model {
        &self.before
    }

    /// Sets a property of an object: `isHidden`, `formatString`, `description`, `expression` and so on,
    /// by the name that the formats have for it.
    pub fn set(&mut self, object: &ObjectPath, property: &str, value: &Value) -> Result<(), Error> {
        let index = self.file_of(object)?;
        let format = self.place.format;
        let file = self.file(index)?;
        let text = file.after.clone().unwrap_or_default();
        let wanted = value.text();
        let splices = if format == Format::Bim {
            vec![bim::File::parse(&text)?.set(object, property, value)?]
        } else {
            tmdl::File::parse(&text, &file.name)?.set(object, property, value)?
        };
        for splice in splices {
            let changed = splice.apply(&text);
            let read = if format == Format::Bim {
                bim::File::parse(&changed)?.read(object, property)
            } else {
                tmdl::File::parse(&changed, &file.name).ok().and_then(|file| file.read(object, property))
            };
            // `0.0 ` is meant with its space.
            let exact = matches!(value, Value::Text(text) if read.as_ref() == Some(text));
            if exact || read.as_ref() == Some(&wanted) {
                file.after = Some(changed);
                self.touch(object);
                return Ok(());
            }
        }
        Err(Error::InvalidArgument {
            message: format!("this value of `{property}` cannot be written to {object} without changing it"),
            hint: "write it without blank lines and white space at its edges, and without lines of three backticks"
                .into(),
        })
    }

    /// Takes a property of an object away. Nothing happens when it is not there.
    pub fn clear(&mut self, object: &ObjectPath, property: &str) -> Result<(), Error> {
        let index = self.file_of(object)?;
        let format = self.place.format;
        let file = self.file(index)?;
        let text = file.after.clone().unwrap_or_default();
        let splice = if format == Format::Bim {
            bim::File::parse(&text)?.clear(object, property)?
        } else {
            tmdl::File::parse(&text, &file.name)?.clear(object, property)?
        };
        if let Some(splice) = splice {
            file.after = Some(splice.apply(&text));
            self.touch(object);
        }
        Ok(())
    }

    /// Adds an object behind the others of its kind. Tables, relationships and roles have their own ways.
    pub fn insert(&mut self, object: &ObjectPath, properties: &[(&str, Value)]) -> Result<(), Error> {
        self.add(object, |format, file, text| {
            if format == Format::Bim {
                bim::File::parse(text)?.insert(object, properties)
            } else {
                tmdl::File::parse(text, file)?.insert(object, properties)
            }
        })
    }

    /// Adds an object by its declaration, as [`Draft::declaration`] gave it.
    pub fn insert_declaration(&mut self, object: &ObjectPath, declaration: &str) -> Result<(), Error> {
        self.add(object, |format, file, text| {
            if format == Format::Bim {
                bim::File::parse(text)?.insert_declaration(object, declaration)
            } else {
                tmdl::File::parse(text, file)?.insert_declaration(object, declaration)
            }
        })
    }

    fn add(
        &mut self,
        object: &ObjectPath,
        splice: impl Fn(Format, &Arc<str>, &str) -> Result<Splice, Error>,
    ) -> Result<(), Error> {
        let owner = if let ObjectPath::CalculationItem(table, _) = object {
            ObjectPath::CalculationGroup(table.clone())
        } else {
            ObjectPath::Table(object.table().unwrap_or_default().to_owned())
        };
        let index = self.file_for(object, &owner)?;
        let format = self.place.format;
        let file = self.file(index)?;
        let text = file.after.clone().unwrap_or_default();
        file.after = Some(splice(format, &file.name, &text)?.apply(&text));
        self.touch(object);
        Ok(())
    }

    /// Takes an object away.
    pub fn remove(&mut self, object: &ObjectPath) -> Result<(), Error> {
        let index = self.file_of(object)?;
        let format = self.place.format;
        let file = self.file(index)?;
        let text = file.after.clone().unwrap_or_default();
        file.after = if format == Format::Bim {
            Some(bim::File::parse(&text)?.remove(object)?.apply(&text))
        } else {
            let parsed = tmdl::File::parse(&text, &file.name)?;
            let whole_file = matches!(object, ObjectPath::Table(name) if parsed.is_only(name));
            if whole_file { None } else { Some(parsed.remove(object)?.apply(&text)) }
        };
        self.touch(object);
        if let ObjectPath::Table(name) = object {
            self.edit_order(|file| file.remove_ref(name))?;
        }
        Ok(())
    }

    /// Adds a table that holds these objects, in a file of its own where the format has files for tables.
    pub fn insert_table(&mut self, table: &str, children: &[(ObjectPath, Vec<(&str, Value)>)]) -> Result<(), Error> {
        let object = ObjectPath::Table(table.to_owned());
        if self.place.format == Format::Bim {
            let file = self.file(0)?;
            let text = file.after.clone().unwrap_or_default();
            let value = table_json(table, children);
            file.after = Some(bim::File::parse(&text)?.insert_value(&object, &value)?.apply(&text));
        } else {
            let name: Arc<str> = format!("tables/{}.tmdl", file_stem(table)).into();
            let like = self.files.iter().find(|file| file.name.starts_with("tables/")).or(self.files.first());
            let text = like.and_then(|file| file.after.clone()).unwrap_or_default();
            let (unit, end) = (crate::semantic_model::tmdl::lines::indent(&text), super::splice::line_end(&text));
            let marked = like.is_some_and(|file| file.marked);
            if self.files.iter().any(|file| file.name.eq_ignore_ascii_case(&name)) {
                return Err(Error::Taken { what: "file", name: name.to_string(), owner: "the model".into() });
            }
            let path = Source::base(&self.place).join(&*name);
            let after = Some(tmdl::new_table(table, children, &unit, end)?);
            self.files.push(File { name, path, before: None, after, marked });
            self.edit_order(|file| file.insert_ref(table))?;
        }
        self.touch(&object);
        Ok(())
    }

    /// Changes the `ref` lines of the file that holds them.
    fn edit_order(&mut self, splice: impl Fn(&tmdl::File<'_>) -> Option<Splice>) -> Result<(), Error> {
        if self.place.format == Format::Bim {
            return Ok(());
        }
        for file in &mut self.files {
            let Some(text) = file.after.clone() else { continue };
            if text.contains("ref ")
                && let Some(splice) = splice(&tmdl::File::parse(&text, &file.name)?)
            {
                file.after = Some(splice.apply(&text));
                return Ok(());
            }
        }
        Ok(())
    }

    /// The lines, or the JSON, by which an object is declared.
    pub fn declaration(&self, object: &ObjectPath) -> Result<String, Error> {
        let file = self.files.get(self.file_of(object)?);
        let unknown = || Error::NoObject { object: object.to_string() };
        let file = file.ok_or_else(unknown)?;
        let text = file.after.as_deref().unwrap_or_default();
        let found = if self.place.format == Format::Bim {
            bim::File::parse(text)?.declaration(object).map(ToOwned::to_owned)
        } else {
            tmdl::File::parse(text, &file.name)?.declaration(object).map(ToOwned::to_owned)
        };
        found.ok_or_else(unknown)
    }

    /// The file, relative to the model, that declares an object.
    pub fn file_name(&self, object: &ObjectPath) -> Result<String, Error> {
        let index = self.file_of(object)?;
        Ok(self.files.get(index).map(|file| file.name.to_string()).unwrap_or_default())
    }

    #[cfg(test)]
    pub(super) fn text_of(&self, file: &str) -> Option<String> {
        self.files.iter().find(|one| *one.name == *file)?.after.clone()
    }

    /// The model as the changed files have it. Fails when anything but the changed objects became another.
    pub fn after(&self) -> Result<Model, Error> {
        let files = self.files.iter().filter_map(|file| Some((file.name.to_string(), file.bytes_after()?)));
        let after = Source::of(self.place.format, files.collect()).model()?;
        let compared = |model: &Model| {
            let mut model = model.clone();
            model.forget_places();
            for object in &self.touched {
                object.leave_out(&mut model);
            }
            model
        };
        if compared(&self.before) != compared(&after) {
            return Err(Error::Internal { cause: "the change would have touched other objects too".into() });
        }
        Ok(after)
    }

    /// Names of the files that change, relative to the model.
    #[must_use]
    pub fn changed_files(&self) -> Vec<String> {
        self.files.iter().filter(|file| file.changed()).map(|file| file.name.to_string()).collect()
    }

    /// All changes as a unified diff.
    #[must_use]
    pub fn diff(&self) -> String {
        let shown = |file: &File| {
            let before = file.before.as_ref().and_then(|bytes| decode(bytes, &file.name).ok());
            diff::unified(&file.name, before, file.after.as_deref())
        };
        self.files.iter().filter(|file| file.changed()).map(shown).collect()
    }

    /// Puts the changes into the files, if they are still what was read.
    pub fn commit(&self) -> Result<(), Error> {
        self.after()?;
        let changes: Vec<Change> = self
            .files
            .iter()
            .filter(|file| file.changed())
            .map(|file| Change { path: file.path.clone(), before: file.before.clone(), after: file.bytes_after() })
            .collect();
        replace(&changes)
    }

    fn touch(&mut self, object: &ObjectPath) {
        if !self.touched.contains(object) {
            self.touched.push(object.clone());
        }
    }

    fn file(&mut self, index: usize) -> Result<&mut File, Error> {
        self.files.get_mut(index).ok_or_else(|| Error::Internal { cause: "a model without files".into() })
    }

    /// The file that a new object of an owner goes to: where its like are, else where the owner is.
    fn file_for(&self, object: &ObjectPath, owner: &ObjectPath) -> Result<usize, Error> {
        if self.place.format != Format::Bim
            && let ObjectPath::Measure(table, _) = object
            && let Some(table) = self.before.table(table)
            && let Some(location) = table.measures.last().and_then(|measure| measure.location.as_ref())
            && let Some(index) = self.files.iter().position(|file| file.name == location.file)
        {
            return Ok(index);
        }
        self.file_of(owner)
    }

    /// The file that declares an object.
    fn file_of(&self, object: &ObjectPath) -> Result<usize, Error> {
        let unknown = || Error::NoObject { object: object.to_string() };
        if self.place.format == Format::Bim {
            let text = self.files.first().and_then(|file| file.after.as_deref()).unwrap_or_default();
            return if bim::File::parse(text)?.has(object) { Ok(0) } else { Err(unknown()) };
        }
        let likely = self.likely_file(object);
        let order = likely.into_iter().chain(0..self.files.len());
        for index in order {
            let Some(file) = self.files.get(index) else { continue };
            let Some(text) = &file.after else { continue };
            if tmdl::File::parse(text, &file.name)?.has(object) {
                return Ok(index);
            }
        }
        Err(unknown())
    }

    /// Where an object was when the model was read: most often it is there still.
    fn likely_file(&self, object: &ObjectPath) -> Option<usize> {
        let location = if let ObjectPath::Relationship(name) = object {
            self.before.relationships.iter().find(|one| one.name == *name)?.location.as_ref()?
        } else if let ObjectPath::Column(table, name) = object {
            self.before.table(table)?.column(name)?.location.as_ref()?
        } else if let ObjectPath::Measure(table, name) = object {
            self.before.table(table)?.measure(name)?.location.as_ref()?
        } else {
            self.before.table(object.table()?)?.location.as_ref()?
        };
        self.files.iter().position(|file| file.name == location.file)
    }
}

impl File {
    fn bytes_after(&self) -> Option<Vec<u8>> {
        let text = self.after.as_ref()?;
        let mark = if self.marked { BOM } else { &[] };
        Some([mark, text.as_bytes()].concat())
    }

    fn changed(&self) -> bool {
        self.before != self.bytes_after()
    }
}

/// A table with its children as JSON.
fn table_json(table: &str, children: &[(ObjectPath, Vec<(&str, Value)>)]) -> serde_json::Value {
    let mut json = serde_json::Map::new();
    json.insert("name".to_owned(), table.into());
    for (object, properties) in children {
        let mut made = bim::object_json(object.name(), properties);
        if let ObjectPath::CalculationGroup(_) = object {
            if let Some(group) = made.as_object_mut() {
                group.shift_remove("name");
            }
            json.insert("calculationGroup".to_owned(), made);
        } else if let ObjectPath::CalculationItem(..) = object {
            let group = json.entry("calculationGroup").or_insert_with(|| serde_json::json!({}));
            push(group, "calculationItems", made);
        } else if let ObjectPath::Partition(..) = object {
            // TMDL's `partition P = calculationGroup` is a `source` here.
            let kind = made.as_object_mut().and_then(|part| part.shift_remove("expression"));
            made["source"] = serde_json::json!({ "type": kind });
            push_in(&mut json, "partitions", made);
        } else {
            push_in(&mut json, &format!("{}s", object.keyword()), made);
        }
    }
    serde_json::Value::Object(json)
}

fn push(object: &mut serde_json::Value, list: &str, value: serde_json::Value) {
    if let Some(object) = object.as_object_mut() {
        push_in(object, list, value);
    }
}

fn push_in(object: &mut serde_json::Map<String, serde_json::Value>, list: &str, value: serde_json::Value) {
    let list = object.entry(list).or_insert_with(|| serde_json::json!([]));
    if let Some(list) = list.as_array_mut() {
        list.push(value);
    }
}

/// A file's name for a table: what file systems refuse becomes `_`.
fn file_stem(table: &str) -> String {
    let plain = |c: char| !c.is_control() && !"<>:\"/\\|?*".contains(c);
    let stem: String = table.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    stem.trim_matches(['.', ' ']).to_owned()
}
