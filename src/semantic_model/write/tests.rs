//! The promises of writing, on the sample and on the public models where they are.

use std::path::{Path, PathBuf};

use super::measure::{Action, Inverse, Wish, delete, upsert};
use super::{Draft, ObjectPath, Value};
use crate::semantic_model::error::Error;
use crate::semantic_model::models::Models;

const SAMPLE: &str = "tests/fixtures/models/Bramble Retail/Bramble Retail.SemanticModel";

/// How the files of a copy differ from the original.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Variant {
    AsIs,
    Crlf,
    Bom,
    Spaces,
}

const VARIANTS: [Variant; 4] = [Variant::AsIs, Variant::Crlf, Variant::Bom, Variant::Spaces];

impl Variant {
    fn of(self, text: &str) -> Vec<u8> {
        let text = text.trim_start_matches('\u{feff}').to_owned();
        match self {
            Self::AsIs => text.into_bytes(),
            Self::Crlf => text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes(),
            Self::Bom => [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
            Self::Spaces => {
                let spaced = |line: &str| {
                    let tabs = line.len() - line.trim_start_matches('\t').len();
                    format!("{}{}", "    ".repeat(tabs), &line[tabs..])
                };
                text.split('\n').map(spaced).collect::<Vec<_>>().join("\n").into_bytes()
            }
        }
    }
}

struct Copy {
    _folder: tempfile::TempDir,
    models: Models,
}

fn copy(from: &Path, variant: Variant) -> Copy {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let to = root.join(from.file_name().unwrap());
    copy_all(from, &to, variant);
    let models = Models { roots: vec![root], connected: Some(to), ..Models::default() };
    Copy { _folder: folder, models }
}

fn copy_all(from: &Path, to: &Path, variant: Variant) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_all(&path, &target, variant);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let is_text = path.extension().is_some_and(|end| end == "tmdl" || end == "bim");
            let bytes = if is_text { variant.of(std::str::from_utf8(&bytes).unwrap()) } else { bytes };
            std::fs::write(target, bytes).unwrap();
        }
    }
}

/// The sample, and the public models where they lie beside the project.
fn originals() -> Vec<PathBuf> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![project.join(SAMPLE)];
    let shared = project.join("../shared/models");
    if !shared.is_dir() {
        eprintln!("skipped for the public models: {} is not there", shared.display());
        return found;
    }
    for name in
        ["as-sales-pbip", "finops-storage-pbip", "fuam-core-pbip", "te-adventureworks-bim", "te-allproperties-bim"]
    {
        found.push(shared.join(name));
    }
    found
}

/// The variants in which a model is looked at: the large ones in two.
fn variants(original: &Path) -> &'static [Variant] {
    let large = ["finops-storage-pbip", "fuam-core-pbip", "te-adventureworks-bim"].map(Path::new);
    if large.iter().any(|name| original.ends_with(name)) { &VARIANTS[1..3] } else { &VARIANTS }
}

fn sample(variant: Variant) -> Copy {
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(SAMPLE), variant)
}

fn wish(table: Option<&str>, measure: &str, expression: &str) -> Wish {
    Wish {
        table: table.map(ToOwned::to_owned),
        measure: measure.to_owned(),
        expression: Some(expression.to_owned()),
        ..Wish::default()
    }
}

fn all_measures(draft: &Draft) -> Vec<(String, String, String)> {
    let all = draft.before().measures();
    all.map(|(table, one)| (table.name.clone(), one.name.clone(), one.expression.clone())).collect()
}

#[test]
fn a_measure_that_gets_its_own_expression_leaves_every_byte_alone() {
    let mut seen = 0;
    for original in originals() {
        for variant in variants(&original).iter().copied() {
            let copy = copy(&original, variant);
            let mut draft = Draft::open(&copy.models, None).unwrap();
            for (table, name, expression) in all_measures(&draft) {
                let own = expression.replace('\n', "\r\n");
                let outcome = upsert(&mut draft, &wish(Some(&table), &name, &own)).unwrap();
                assert_eq!((outcome.action, outcome.inverse), (Action::Unchanged, None), "{name}");
                seen += 1;
            }
            assert_eq!(draft.changed_files(), [] as [&str; 0], "{variant:?} of {}", original.display());
        }
    }
    assert!(seen >= 4 * 41, "{seen}");
}

#[test]
fn a_changed_measure_alters_only_its_own_lines_and_can_be_changed_back() {
    for original in originals() {
        for variant in variants(&original).iter().copied() {
            let copy = copy(&original, variant);
            let mut draft = Draft::open(&copy.models, None).unwrap();
            let mut not_as_it_was = Vec::new();
            // Every measure of every form would take minutes without optimisation.
            for (table, name, expression) in all_measures(&draft).into_iter().step_by(23) {
                let object = ObjectPath::Measure(table, name.clone());
                let (file, before) = the_file(&draft, &object);
                let old = draft.declaration(&object).unwrap();
                let new = format!("{}\n+ 0", expression.trim_end());
                draft.set(&object, "expression", &Value::Expression(new.clone())).unwrap();
                let (_, after) = the_file(&draft, &object);
                let declared = draft.declaration(&object).unwrap();
                assert_eq!(before.replacen(&old, &declared, 1), after, "{variant:?} {name}");
                assert_ne!(old, declared, "{name}");
                if variant == Variant::Crlf {
                    assert!(!declared.replace("\r\n", "").contains('\n'), "{name}: {declared:?}");
                }
                draft.set(&object, "expression", &Value::Expression(expression.clone())).unwrap();
                if the_file(&draft, &object).1 != before {
                    not_as_it_was.push(name);
                    draft = Draft::open(&copy.models, None).unwrap();
                }
                assert_eq!(draft.file_name(&object).unwrap(), file);
            }
            let _: crate::semantic_model::model::Model = draft.after().unwrap();
            // Inline becomes a block and stays one; white space that DAX does not see may go.
            let all = draft.before().measures().count() / 23 + 1;
            assert!(not_as_it_was.len() <= all, "{variant:?} of {}: {not_as_it_was:?}", original.display());
        }
    }
}

fn the_file(draft: &Draft, object: &ObjectPath) -> (String, String) {
    let name = draft.file_name(object).unwrap();
    let text = draft.text_of(&name).unwrap();
    (name, text)
}

#[test]
fn adding_a_measure_and_deleting_it_restores_every_byte() {
    for original in originals() {
        for variant in variants(&original).iter().copied() {
            let copy = copy(&original, variant);
            let mut draft = Draft::open(&copy.models, None).unwrap();
            let tables: Vec<String> = draft.before().tables.iter().map(|table| table.name.clone()).collect();
            let mut first = true;
            for table in tables {
                let object = ObjectPath::Measure(table.clone(), "Brand new".into());
                draft
                    .insert(
                        &object,
                        &[
                            ("description", Value::Text("One\n\nTwo".into())),
                            ("expression", Value::Expression("VAR a = 1\n\nRETURN\n    a".into())),
                            ("formatString", Value::Text("0.0 %;-0.0 %".into())),
                            ("isHidden", Value::Flag(true)),
                        ],
                    )
                    .unwrap();
                if first {
                    first = false;
                    let added = draft.after().unwrap();
                    let measure = added.table(&table).unwrap().measure("brand NEW").unwrap();
                    assert_eq!(measure.expression, "VAR a = 1\n\nRETURN\n    a");
                    assert_eq!(measure.description.as_deref(), Some("One\n\nTwo"));
                    assert_eq!((measure.format_string.as_deref(), measure.hidden), (Some("0.0 %;-0.0 %"), true));
                }
                draft.remove(&object).unwrap();
                assert_eq!(draft.changed_files(), [] as [&str; 0], "{variant:?} '{table}' of {}", original.display());
            }
        }
    }
}

#[test]
fn what_was_written_is_on_disk_and_the_inverse_takes_it_back() {
    for variant in VARIANTS {
        let copy = sample(variant);
        let before = files(&copy.models);
        let mut draft = Draft::open(&copy.models, None).unwrap();
        let outcome = upsert(&mut draft, &wish(Some("Figures"), "Twice", "2 * [Net Sales]")).unwrap();
        assert_eq!((outcome.action, outcome.inverse), (Action::Created, Some(Inverse::Delete)));
        assert_eq!(outcome.file, "tables/Figures.tmdl");
        draft.commit().unwrap();
        assert_ne!(files(&copy.models), before);
        let model = copy.models.open(None).unwrap().model;
        assert_eq!(model.table("Figures").unwrap().measure("Twice").unwrap().expression, "2 * [Net Sales]");

        let mut draft = Draft::open(&copy.models, None).unwrap();
        let deleted = delete(&mut draft, "Twice", None).unwrap();
        draft.commit().unwrap();
        assert_eq!(files(&copy.models), before, "{variant:?}");

        let Some(Inverse::Upsert(back)) = deleted.inverse else { panic!("a deletion can be undone") };
        let mut draft = Draft::open(&copy.models, None).unwrap();
        assert_eq!(upsert(&mut draft, &back).unwrap().action, Action::Created);
        assert_eq!(
            draft.after().unwrap().table("Figures").unwrap().measure("Twice").unwrap().expression,
            "2 * [Net Sales]"
        );
    }
}

#[test]
fn every_deleted_measure_comes_back_with_its_tags_and_annotations() {
    let copy = sample(Variant::AsIs);
    let draft = Draft::open(&copy.models, None).unwrap();
    for (table, name, _) in all_measures(&draft) {
        let mut draft = Draft::open(&copy.models, None).unwrap();
        let was = draft.before().table(&table).unwrap().measure(&name).unwrap().clone();
        let declaration = draft.declaration(&ObjectPath::Measure(table.clone(), name.clone())).unwrap();
        let Some(Inverse::Upsert(back)) = delete(&mut draft, &name, None).unwrap().inverse else { panic!("{name}") };
        draft.commit().unwrap();
        let mut draft = Draft::open(&copy.models, None).unwrap();
        upsert(&mut draft, &back).unwrap();
        assert_eq!(draft.declaration(&ObjectPath::Measure(table.clone(), name.clone())).unwrap(), declaration);
        draft.commit().unwrap();
        let now = copy.models.open(None).unwrap().model;
        let now = now.table(&table).unwrap().measure(&name).unwrap().clone();
        assert_eq!((now.expression, now.kpi, now.annotations), (was.expression, was.kpi, was.annotations), "{name}");
    }
}

/// All files of a model with their bytes.
fn files(models: &Models) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![models.connected.clone().unwrap()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push((path.clone(), std::fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn properties_are_set_changed_and_taken_away_by_lines_of_their_own() {
    let copy = sample(Variant::AsIs);
    let mut draft = Draft::open(&copy.models, None).unwrap();
    let change = Wish {
        description: Some("Was taken back.".into()),
        format_string: Some(String::new()),
        display_folder: Some("Sales\\Taken back".into()),
        hidden: Some(true),
        expression: None,
        ..wish(None, "Gross Sales", "")
    };
    let outcome = upsert(&mut draft, &change).unwrap();
    assert_eq!(outcome.action, Action::Updated);
    let expected = "--- a/tables/Figures.tmdl
+++ b/tables/Figures.tmdl
@@ -2,10 +2,10 @@
 table Figures
 \tlineageTag: 62c3d033-1dbf-54bb-9cdf-a970a1d787d9
 
-\t/// At the price on the shelf, before discounts.
+\t/// Was taken back.
 \tmeasure 'Gross Sales' = SUMX ( Sales, Sales[Quantity] * Sales[Unit Price] )
-\t\tformatString: #,0.00
-\t\tdisplayFolder: Sales\\Amounts
+\t\tdisplayFolder: Sales\\Taken back
+\t\tisHidden
 \t\tlineageTag: c8e5ea5f-8a78-598c-a39b-f5eef5b4fea2
 
 \tmeasure Discounts = SUMX ( Sales, Sales[Quantity] * Sales[Unit Price] * Sales[Discount] )
";
    assert_eq!(draft.diff(), expected);
    draft.after().unwrap();
    let Some(Inverse::Upsert(back)) = outcome.inverse else { panic!("a change can be undone") };
    let back_again = Wish {
        table: Some("Figures".into()),
        description: Some("At the price on the shelf, before discounts.".into()),
        format_string: Some("#,0.00".into()),
        display_folder: Some("Sales\\Amounts".into()),
        hidden: Some(false),
        expression: None,
        ..wish(None, "Gross Sales", "")
    };
    assert_eq!(*back, back_again);
}

#[test]
fn columns_relationships_and_the_model_itself_can_be_changed_too() {
    for original in originals() {
        let copy = copy(&original, Variant::AsIs);
        let mut draft = Draft::open(&copy.models, None).unwrap();
        let (table, column) = {
            let (table, column) = draft.before().columns().last().unwrap();
            (table.name.clone(), column.name.clone())
        };
        let object = ObjectPath::Column(table.clone(), column.clone());
        draft.set(&object, "isHidden", &Value::Flag(true)).unwrap();
        draft.set(&object, "summarizeBy", &Value::Word("none".into())).unwrap();
        draft.set(&object, "isAvailableInMdx", &Value::Flag(false)).unwrap();
        draft.set(&ObjectPath::Model, "culture", &Value::Word("fr-FR".into())).unwrap();
        let relationship = ObjectPath::Relationship(draft.before().relationships[0].name.clone());
        draft.set(&relationship, "crossFilteringBehavior", &Value::Word("bothDirections".into())).unwrap();
        let after = draft.after().unwrap();
        let found = after.table(&table).unwrap().column(&column).unwrap();
        assert!(found.hidden && !found.available_in_mdx, "{}", original.display());
        assert_eq!(after.culture.as_deref(), Some("fr-FR"));
        assert_eq!(after.relationships[0].cross_filter, crate::semantic_model::words::CrossFilter::BothDirections);
    }
}

#[test]
fn names_that_need_quoting_are_written_and_found_again() {
    for original in [SAMPLE, "../shared/models/te-adventureworks-bim"] {
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).join(original);
        if !original.is_dir() {
            eprintln!("skipped: {} is not there", original.display());
            continue;
        }
        let copy = copy(&original, Variant::AsIs);
        let table = copy.models.open(None).unwrap().model.tables[0].name.clone();
        for name in ["it's", "a = b", "a.b", "x: y", "\"q\"", "50 % [net]", "Ünïcode 数", "-- no comment", "//", "'"]
        {
            let mut draft = Draft::open(&copy.models, None).unwrap();
            upsert(&mut draft, &wish(Some(&table), name, "1")).unwrap_or_else(|error| panic!("{name}: {error}"));
            let again = draft.after().unwrap();
            assert_eq!(again.table(&table).unwrap().measure(name).unwrap().expression, "1", "{name}");
        }
        for name in ["", " ", "a\nb", "a\u{7}b"] {
            let mut draft = Draft::open(&copy.models, None).unwrap();
            let refused = upsert(&mut draft, &wish(Some(&table), name, "1"));
            assert!(matches!(refused, Err(Error::InvalidArgument { .. })), "{name:?}: {refused:?}");
        }
    }
}

#[test]
fn a_name_that_another_table_or_a_column_has_is_refused() {
    let copy = sample(Variant::AsIs);
    let refused = |wish: &Wish| {
        let mut draft = Draft::open(&copy.models, None).unwrap();
        upsert(&mut draft, wish).unwrap_err().to_string()
    };
    assert_eq!(
        refused(&wish(Some("Sales"), "net sales", "1")),
        "there is already a measure `Net Sales` in table `Figures`"
    );
    assert_eq!(refused(&wish(Some("Sales"), "Quantity", "1")), "there is already a column `Quantity` in table `Sales`");
    assert_eq!(refused(&wish(Some("Saless"), "New", "1")), "there is no table `Saless`");
    assert!(refused(&wish(None, "New", "1")).starts_with("there is no measure `New`"));
    assert_eq!(
        refused(&wish(Some("Figures"), "New", "[Nett Sales]")),
        "the DAX of `New` is not valid: there is no measure `Nett Sales`, and no column of that name here (line 1, column 1)"
    );
    assert!(refused(&wish(Some("Figures"), "Gross Sales", "[Net Sales]")).contains("made from itself"));
    assert!(refused(&wish(Some("Figures"), "New", "EVALUATE Sales")).contains("this is a query"));
}

#[test]
fn fences_line_ends_and_white_space_in_an_expression_are_kept_or_told() {
    for variant in VARIANTS {
        let copy = sample(variant);
        for text in [
            "\"a\r\n```\r\nb\"",
            "\"``` a\"",
            "// ```\n1",
            "\"a  \n  b\" & \"c\"",
            "VAR a = 1\r\n\r\nRETURN a",
            "VAR a =\n\t1\n  RETURN a",
            "\"\t\"",
        ] {
            let mut draft = Draft::open(&copy.models, None).unwrap();
            upsert(&mut draft, &wish(Some("Figures"), "New", text)).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            draft.commit().unwrap();
            let read = copy.models.open(None).unwrap().model;
            let read = read.table("Figures").unwrap().measure("New").unwrap().expression.clone();
            assert_eq!(read, text.replace("\r\n", "\n"), "{variant:?}");
            let mut draft = Draft::open(&copy.models, None).unwrap();
            upsert(&mut draft, &wish(None, "Net Sales", text)).unwrap();
            let read = draft.after().unwrap();
            assert_eq!(
                read.table("Figures").unwrap().measure("Net Sales").unwrap().expression,
                text.replace("\r\n", "\n"),
                "{variant:?}"
            );
            delete(&mut Draft::open(&copy.models, None).unwrap(), "New", None).unwrap();
            let mut draft = Draft::open(&copy.models, None).unwrap();
            delete(&mut draft, "New", None).unwrap();
            draft.commit().unwrap();
        }
    }
}

#[test]
fn a_file_that_changed_since_it_was_read_is_a_conflict_and_stays() {
    let copy = sample(Variant::AsIs);
    let mut draft = Draft::open(&copy.models, None).unwrap();
    upsert(&mut draft, &wish(Some("Figures"), "New", "1")).unwrap();
    let path = copy.models.connected.clone().unwrap().join("definition/tables/Figures.tmdl");
    let other = format!("{}\n", std::fs::read_to_string(&path).unwrap());
    std::fs::write(&path, &other).unwrap();
    let error = draft.commit().unwrap_err();
    assert_eq!(error.kind(), crate::base::ErrorKind::Conflict);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), other);
}

#[test]
fn broken_dax_is_told_with_its_place_and_never_written() {
    let mut refused = 0;
    for original in originals() {
        let copy = copy(&original, Variant::AsIs);
        let opened = Draft::open(&copy.models, None).unwrap();
        let Some((table, _, _)) = all_measures(&opened).into_iter().next() else { continue };
        let expressions: Vec<String> =
            crate::semantic_model::dax::expressions(opened.before()).iter().map(|one| one.text.to_owned()).collect();
        for text in expressions {
            let middle = (text.len() / 2..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let broken = [
                format!("{text}\n)"),
                format!("({text}"),
                format!("{text}\n\"never closed"),
                format!("{text}\n/* never closed"),
                format!("{text}\n+ )"),
                format!("{}\n(", &text[..middle]),
                format!("{text}\n+"),
            ];
            for broken in broken {
                let formula = crate::semantic_model::dax::Formula::parse(&broken);
                let problem = formula.problems.first().unwrap_or_else(|| panic!("accepted: {broken}"));
                let place = crate::semantic_model::dax::Position::of(&broken, problem.span.start);
                assert!(place.line >= 1 && place.column >= 1);
                refused += 1;
            }
        }
        let mut draft = Draft::open(&copy.models, None).unwrap();
        let error = upsert(&mut draft, &wish(Some(&table), "Broken", "SUM((1)")).unwrap_err();
        let Error::InvalidDax { first, validation, .. } = &error else { panic!("{error}") };
        assert!(first.line == 1 && first.column > 1 && !validation.valid);
        assert_eq!(error.kind(), crate::base::ErrorKind::InvalidInput);
    }
    assert!(refused > 300, "{refused}");
}

#[test]
fn a_calculation_group_is_added_with_its_place_in_the_order_and_taken_away_again() {
    use super::calculation_group::{Item, Wish, create, delete};
    let item = |name: &str, expression: &str| Item {
        name: name.into(),
        expression: expression.into(),
        format_string_expression: Some("\"0.0\"".into()),
        description: Some("What it does.".into()),
    };
    let wish = Wish {
        name: "Half & half: 'quoted'".into(),
        items: vec![item("Now", "SELECTEDMEASURE()"), item("Half", "VAR m = SELECTEDMEASURE()\nRETURN\n    m / 2")],
        precedence: 20,
    };
    for original in originals() {
        for variant in variants(&original).iter().copied() {
            let copy = copy(&original, variant);
            let before = files(&copy.models);
            let mut draft = Draft::open(&copy.models, None).unwrap();
            let level = draft.before().compatibility_level;
            let made = create(&mut draft, &wish);
            if level.is_some_and(|level| level < 1470) {
                assert!(made.unwrap_err().to_string().contains("compatibility level 1200"));
                continue;
            }
            let switched = made.unwrap();
            assert_eq!(switched, !draft.before().discourage_implicit_measures);
            draft.commit().unwrap();
            let model = copy.models.open(None).unwrap().model;
            assert!(model.discourage_implicit_measures);
            let table = model.tables.last().unwrap();
            let group = table.calculation_group.as_ref().unwrap();
            assert_eq!((table.name.as_str(), group.precedence), (wish.name.as_str(), 20), "{}", original.display());
            assert_eq!(group.items[1].expression, "VAR m = SELECTEDMEASURE()\nRETURN\n    m / 2");
            assert_eq!(group.items[0].format_string_expression.as_deref(), Some("\"0.0\""));

            let mut draft = Draft::open(&copy.models, None).unwrap();
            assert_eq!(delete(&mut draft, &wish.name, switched).unwrap(), wish);
            draft.commit().unwrap();
            assert_eq!(files(&copy.models), before, "{variant:?} of {}", original.display());
        }
    }
}

#[test]
fn a_template_and_a_read_only_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.pbit"), "PK").unwrap();
    let models = Models { roots: vec![folder.path().canonicalize().unwrap()], ..Models::default() };
    let error = Draft::open(&models, None).unwrap_err();
    assert_eq!(error.kind(), crate::base::ErrorKind::UnsupportedFormat);
    assert!(error.to_string().ends_with("a.pbit` is a .pbit file, which is read only"), "{error}");
}
