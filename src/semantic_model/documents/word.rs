//! A Word document: Office Open XML in a zip file.
//!
//! Only what Word, LibreOffice and the converters all know: styles, tables of fixed
//! widths, links inside the document, pictures as metafiles. Nothing asks to be
//! updated when it is opened. Source: ECMA-376, part 1.

use std::io::Write as _;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::Content;
use super::diagram::Picture;
use super::markup::escape;
use super::metafile::metafile;
use crate::semantic_model::dax::{Branch, Object, TokenKind, Way, tokens};
use crate::semantic_model::error::Error;
use body::{Body, LANDSCAPE, PORTRAIT};

mod body;

const CONTENT_TYPES: &str = include_str!("word/content_types.xml");
const RELATIONSHIPS: &str = include_str!("word/relationships.xml");
const STYLES: &str = include_str!("word/styles.xml");
const FOOTER: &str = include_str!("word/footer.xml");

/// The document.
pub(super) fn write(content: &Content<'_>) -> Result<Vec<u8>, Error> {
    let mut body = Body::default();
    title(&mut body, content);
    relationships(&mut body, content);
    tables(&mut body, content);
    measures(&mut body, content);
    calculation_groups(&mut body, content);
    roles(&mut body, content);
    pack(content, &body.finish())
}

fn pack(content: &Content<'_>, document: &str) -> Result<Vec<u8>, Error> {
    let mut links = String::from(include_str!("word/document_relationships.xml").trim_end());
    // Closed again behind the pictures.
    if let Some(open) = links.strip_suffix("</Relationships>") {
        links.truncate(open.len());
    }
    links.extend((1..=content.pictures.len()).map(|number| {
        format!(
            "<Relationship Id=\"picture{number}\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/image\" Target=\"media/picture{number}.emf\"/>"
        )
    }));
    links.push_str("</Relationships>");
    let core = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>{}</dc:title><dc:creator>Sequitur</dc:creator></cp:coreProperties>",
        escape(content.name)
    );
    let mut parts: Vec<(String, Vec<u8>)> = vec![
        ("[Content_Types].xml".into(), CONTENT_TYPES.into()),
        ("_rels/.rels".into(), RELATIONSHIPS.into()),
        ("docProps/core.xml".into(), core.into_bytes()),
        ("word/document.xml".into(), document.as_bytes().to_vec()),
        ("word/styles.xml".into(), STYLES.into()),
        ("word/footer.xml".into(), FOOTER.into()),
        ("word/_rels/document.xml.rels".into(), links.into_bytes()),
    ];
    for (number, picture) in content.pictures.iter().enumerate() {
        parts.push((format!("word/media/picture{}.emf", number + 1), metafile(picture)));
    }
    let failed = |cause: String| Error::Internal { cause };
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        // The default time is the same for every file: equal content is equal bytes.
        zip.start_file(name, SimpleFileOptions::default()).map_err(|error| failed(error.to_string()))?;
        zip.write_all(&bytes).map_err(|error| failed(error.to_string()))?;
    }
    Ok(zip.finish().map_err(|error| failed(error.to_string()))?.into_inner())
}

fn title(body: &mut Body, content: &Content<'_>) {
    body.styled("Title", content.name);
    body.styled("Subtitle", "Semantic model documentation");
    if let Some(description) = &content.model.description {
        body.text(description);
    }
    body.facts(&content.overview());
    body.plain_heading("Contents");
    for (anchor, name, there) in [
        ("relationships", "Relationships", !content.model.relationships.is_empty()),
        ("tables", "Tables", !content.tables.is_empty()),
    ] {
        if there {
            body.contents(1, anchor, name);
        }
    }
    for (number, table) in content.tables.iter().enumerate() {
        body.contents(2, &format!("table{number}"), &table.name);
    }
    if content.measures().next().is_some() {
        body.contents(1, "measures", "Measures");
    }
    if content.model.calculation_groups().next().is_some() {
        body.contents(1, "groups", "Calculation groups");
    }
    if !content.model.roles.is_empty() {
        body.contents(1, "roles", "Security roles");
    }
    body.section(&PORTRAIT);
}

fn relationships(body: &mut Body, content: &Content<'_>) {
    if content.model.relationships.is_empty() {
        return;
    }
    body.heading(1, "relationships", "Relationships");
    body.text(
        "Each picture has the table in its middle that leads to the others. Lines go from column to column, \
         dashed where a relationship is inactive; * is the side of many, 1 the side of one, <> filters both ways.",
    );
    for (number, picture) in content.pictures.iter().enumerate() {
        body.heading_without_anchor(2, &picture.caption());
        body.picture(number + 1, picture);
    }
    body.heading_without_anchor(2, "All relationships");
    let rows: Vec<Vec<String>> =
        content.model.relationships.iter().map(|one| Content::relationship(one).to_vec()).collect();
    body.table(&LANDSCAPE, &["From", "", "To", "Notes"], &[38, 8, 38, 16], &rows);
    body.section(&LANDSCAPE);
}

fn tables(body: &mut Body, content: &Content<'_>) {
    if content.tables.is_empty() {
        return;
    }
    body.heading(1, "tables", "Tables");
    for (number, table) in content.tables.iter().enumerate() {
        body.heading(2, &format!("table{number}"), &table.name);
        if let Some(description) = &table.description {
            body.text(description);
        }
        body.facts(&content.table_facts(table));
        let rows: Vec<Vec<String>> = content
            .columns(table)
            .map(|column| {
                vec![
                    column.name.clone(),
                    column.data_type.as_str().to_owned(),
                    content.column_notes(table, column),
                    column.description.clone().unwrap_or_default(),
                ]
            })
            .collect();
        if !rows.is_empty() {
            body.table(&PORTRAIT, &["Column", "Type", "Notes", "Description"], &[30, 13, 25, 32], &rows);
        }
        for column in content.columns(table) {
            if let Some(expression) = &column.expression {
                body.label(&format!("{} =", column.name));
                body.code(&lines(&Content::dax(expression)));
            }
        }
    }
}

fn measures(body: &mut Body, content: &Content<'_>) {
    if content.measures().next().is_none() {
        return;
    }
    body.heading(1, "measures", "Measures");
    for (table, measure) in content.measures() {
        body.heading_without_anchor(3, &measure.name);
        if let Some(description) = &measure.description {
            body.text(description);
        }
        body.facts(&Content::measure_facts(table, measure));
        body.code(&lines(&Content::dax(&measure.expression)));
        for (label, way) in [("Made from", Way::Up), ("Used by", Way::Down)] {
            let branches = content.tree(measure, way);
            if !branches.is_empty() {
                body.label(label);
                for branch in branches {
                    body.branch(branch.depth, &told(branch));
                }
            }
        }
    }
}

fn told(branch: Branch<'_>) -> String {
    let kind = match branch.object {
        Object::Measure(_) | Object::Column(..) => String::new(),
        other @ (Object::Table(_) | Object::Item(..) | Object::Role(..) | Object::Function(_)) => {
            format!("{} ", other.kind().replace('_', " "))
        }
    };
    let note = if branch.circular {
        " (circular)"
    } else if branch.repeated {
        " (see above)"
    } else {
        ""
    };
    format!("{kind}{}{note}", branch.object)
}

fn calculation_groups(body: &mut Body, content: &Content<'_>) {
    for (number, (table, group)) in content.model.calculation_groups().enumerate() {
        if number == 0 {
            body.heading(1, "groups", "Calculation groups");
        }
        body.heading_without_anchor(2, &table.name);
        body.facts(&[("Precedence", group.precedence.to_string())]);
        for item in &group.items {
            body.label(&item.name);
            body.code(&lines(&Content::dax(&item.expression)));
        }
    }
}

fn roles(body: &mut Body, content: &Content<'_>) {
    for (number, role) in content.model.roles.iter().enumerate() {
        if number == 0 {
            body.heading(1, "roles", "Security roles");
        }
        body.heading_without_anchor(2, &role.name);
        if let Some(description) = &role.description {
            body.text(description);
        }
        for permission in &role.table_permissions {
            body.label(&permission.table);
            match &permission.filter {
                Some(filter) => body.code(&lines(&Content::dax(filter))),
                None => body.text("all rows"),
            }
        }
    }
}

/// A stretch of code with its style.
type Run = (&'static str, String);

/// DAX in lines, each in stretches of one style.
fn lines(text: &str) -> Vec<Vec<Run>> {
    let mut lines: Vec<Vec<Run>> = vec![Vec::new()];
    let mut at = 0;
    let mut put = |style: &'static str, text: &str| {
        for (index, part) in text.split('\n').enumerate() {
            if index > 0 {
                lines.push(Vec::new());
            }
            let part = part.trim_end_matches('\r');
            if let Some(line) = lines.last_mut()
                && !part.is_empty()
            {
                line.push((style, part.to_owned()));
            }
        }
    };
    for token in tokens(text) {
        let style = match token.kind {
            TokenKind::Comment => "Comment",
            TokenKind::Text | TokenKind::Date => "Literal",
            TokenKind::Word => "Keyword",
            TokenKind::Bracket | TokenKind::Quoted | TokenKind::Parameter | TokenKind::Number | TokenKind::Symbol => "",
        };
        put("", text.get(at..token.offset).unwrap_or_default());
        put(style, token.text);
        at = token.offset + token.text.len();
    }
    put("", text.get(at..).unwrap_or_default());
    lines
}

#[cfg(test)]
mod tests;
