use std::io::Read as _;

use super::*;
use crate::semantic_model::model::{Column, Measure, Model, Relationship, Table};

fn model() -> Model {
    let table = |name: &str, columns: &[&str], measures: Vec<Measure>| Table {
        name: name.into(),
        all_columns: columns.iter().map(|name| Column { name: (*name).into(), ..Column::default() }).collect(),
        measures,
        ..Table::default()
    };
    let measure = |name: &str, expression: &str| Measure {
        name: name.into(),
        expression: expression.into(),
        ..Measure::default()
    };
    let measures =
        vec![measure("Revenue", "SUM ( Sales[Amount] )"), measure("A <& B>", "[Revenue]\n  /* two\n lines */ + 1")];
    Model {
        tables: vec![table("Sales", &["Amount", "ShopKey"], measures), table("Shop", &["Key"], Vec::new())],
        relationships: vec![Relationship {
            from_table: "Sales".into(),
            from_column: "ShopKey".into(),
            to_table: "Shop".into(),
            to_column: "Key".into(),
            active: true,
            ..Relationship::default()
        }],
        ..Model::default()
    }
}

fn parts(model: &Model) -> Vec<(String, String)> {
    let bytes = write(&Content::of(model, "Shop & Co", false, 2)).unwrap();
    assert_eq!(bytes, write(&Content::of(model, "Shop & Co", false, 2)).unwrap(), "the same input, the same bytes");
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut member = zip.by_index(index).unwrap();
            let name = member.name().unwrap().to_string();
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).unwrap();
            (name, String::from_utf8_lossy(&bytes).into_owned())
        })
        .collect()
}

/// Elements that are opened are closed in their order: well-formed enough for a reader that stops at the first fault.
fn is_well_formed(xml: &str) {
    let mut open: Vec<&str> = Vec::new();
    for piece in xml.split('<').skip(1) {
        let tag = piece.split('>').next().unwrap();
        if tag.starts_with('?') || tag.ends_with('/') {
            continue;
        }
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "in {piece}"),
            None => open.push(tag.split(' ').next().unwrap()),
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[test]
fn the_parts_are_well_formed_and_name_each_other() {
    let parts = parts(&model());
    let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
    for name in
        ["[Content_Types].xml", "_rels/.rels", "word/document.xml", "word/styles.xml", "word/media/picture1.emf"]
    {
        assert!(names.contains(&name), "{name} of {names:?}");
    }
    for (name, text) in parts.iter().filter(|(name, _)| name.ends_with("xml") || name.ends_with("rels")) {
        is_well_formed(text);
        for target in text.split("Target=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let folder = if name.starts_with("word/") { "word/" } else { "" };
            assert!(names.contains(&format!("{folder}{target}").as_str()), "{name} names {target}");
        }
    }
}

#[test]
fn every_measure_is_told_once_and_every_style_is_known() {
    let parts = parts(&model());
    let text = |wanted: &str| parts.iter().find(|(name, _)| name == wanted).unwrap().1.clone();
    let (document, styles) = (text("word/document.xml"), text("word/styles.xml"));
    for heading in ["Revenue", "A &lt;&amp; B&gt;"] {
        let told = format!("<w:pStyle w:val=\"Heading3\"/></w:pPr><w:r><w:t xml:space=\"preserve\">{heading}</w:t>");
        assert_eq!(document.matches(&told).count(), 1, "{heading}");
    }
    for kind in ["pStyle", "rStyle", "tblStyle"] {
        for style in document.split(&format!("<w:{kind} w:val=\"")).skip(1).map(|rest| rest.split('"').next().unwrap())
        {
            assert!(styles.contains(&format!("w:styleId=\"{style}\"")), "{style}");
        }
    }
    for anchor in document.split("w:anchor=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert_eq!(document.matches(&format!("w:name=\"{anchor}\"")).count(), 1, "{anchor}");
    }
}

#[test]
fn tables_are_as_wide_as_their_columns_and_no_wider_than_the_page() {
    let document = parts(&model()).into_iter().find(|(name, _)| name == "word/document.xml").unwrap().1;
    let tables: Vec<&str> =
        document.split("<w:tbl>").skip(1).map(|rest| rest.split("</w:tbl>").next().unwrap()).collect();
    assert!(tables.len() >= 4);
    for table in tables {
        let number = |text: &str| text.split('"').next().unwrap().parse::<u32>().unwrap();
        let whole = number(table.split("<w:tblW w:w=\"").nth(1).unwrap());
        let columns: u32 = table.split("<w:gridCol w:w=\"").skip(1).map(number).sum();
        assert_eq!(whole, columns);
        assert!(whole <= 14570);
    }
}

#[test]
fn comments_over_lines_stay_in_their_style() {
    let found = lines("1 /* a\nb */ + 2");
    let comment = |text: &str| ("Comment", text.to_owned());
    assert_eq!(found.len(), 2);
    assert!(found[0].contains(&comment("/* a")) && found[1].contains(&comment("b */")), "{found:?}");
}
