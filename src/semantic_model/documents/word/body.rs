//! The body of a document, block by block.

use std::fmt::Write as _;

use super::{Picture, Run, escape};
use crate::semantic_model::documents::content::Fact;

/// A page: its size, and the width and height that text has on it, in twentieths of a point.
pub(super) struct Page {
    width: u32,
    height: u32,
    text_width: u32,
    text_height: u32,
    orientation: &'static str,
}

/// A4 upright with margins of 2 cm.
pub(super) const PORTRAIT: Page =
    Page { width: 11906, height: 16838, text_width: 9638, text_height: 14570, orientation: "portrait" };
/// A4 across.
pub(super) const LANDSCAPE: Page =
    Page { width: 16838, height: 11906, text_width: 14570, text_height: 9638, orientation: "landscape" };
const MARGIN: u32 = 1134;

/// Of a picture, English metric units a pixel of 1/96 inch.
const EMU: f32 = 9525.0;
/// English metric units in a twentieth of a point.
const EMU_PER_TWENTIETH: u32 = 635;

/// Blocks, one after another.
#[derive(Debug, Default)]
pub(super) struct Body {
    xml: String,
    bookmarks: u32,
}

impl Body {
    fn put(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        if self.xml.write_fmt(arguments).is_err() {
            self.xml.push('?');
        }
    }

    /// A paragraph of a style.
    pub(super) fn styled(&mut self, style: &str, text: &str) {
        self.put(format_args!("<w:p><w:pPr><w:pStyle w:val=\"{style}\"/></w:pPr>{}</w:p>", runs(text)));
    }

    /// A paragraph.
    pub(super) fn text(&mut self, text: &str) {
        self.put(format_args!("<w:p>{}</w:p>", runs(text)));
    }

    /// A few words over what follows.
    pub(super) fn label(&mut self, text: &str) {
        self.styled("Label", text);
    }

    /// A heading that the contents do not list.
    pub(super) fn plain_heading(&mut self, text: &str) {
        self.styled("PlainHeading", text);
    }

    /// A heading that links can lead to.
    pub(super) fn heading(&mut self, level: u8, anchor: &str, text: &str) {
        self.bookmarks += 1;
        let id = self.bookmarks;
        self.put(format_args!(
            "<w:p><w:pPr><w:pStyle w:val=\"Heading{level}\"/></w:pPr><w:bookmarkStart w:id=\"{id}\" w:name=\"{anchor}\"/>{}<w:bookmarkEnd w:id=\"{id}\"/></w:p>",
            runs(text)
        ));
    }

    /// A heading.
    pub(super) fn heading_without_anchor(&mut self, level: u8, text: &str) {
        self.styled(&format!("Heading{level}"), text);
    }

    /// A line of the contents.
    pub(super) fn contents(&mut self, level: u8, anchor: &str, text: &str) {
        self.put(format_args!(
            "<w:p><w:pPr><w:pStyle w:val=\"TOC{level}\"/></w:pPr><w:hyperlink w:anchor=\"{anchor}\" w:history=\"1\">{}</w:hyperlink></w:p>",
            runs(text)
        ));
    }

    /// A line of what an object is made from.
    pub(super) fn branch(&mut self, depth: u32, text: &str) {
        let indent = 200 * depth;
        self.put(format_args!(
            "<w:p><w:pPr><w:pStyle w:val=\"Branch\"/><w:ind w:left=\"{indent}\"/></w:pPr>{}</w:p>",
            runs(text)
        ));
    }

    /// Names and values in two columns.
    pub(super) fn facts(&mut self, facts: &[Fact]) {
        if facts.is_empty() {
            return;
        }
        let rows: Vec<Vec<String>> =
            facts.iter().map(|(what, value)| vec![(*what).to_owned(), value.clone()]).collect();
        self.grid(&PORTRAIT, "Facts", &[], &[28, 72], &rows);
    }

    /// A table; `shares` are its columns' parts of the page's width in hundredths.
    pub(super) fn table(&mut self, page: &Page, heads: &[&str], shares: &[u32], rows: &[Vec<String>]) {
        self.grid(page, "Grid", heads, shares, rows);
    }

    fn grid(&mut self, page: &Page, style: &str, heads: &[&str], shares: &[u32], rows: &[Vec<String>]) {
        let widths: Vec<u32> = shares.iter().map(|share| page.text_width * share / 100).collect();
        let whole: u32 = widths.iter().sum();
        self.put(format_args!(
            "<w:tbl><w:tblPr><w:tblStyle w:val=\"{style}\"/><w:tblW w:w=\"{whole}\" w:type=\"dxa\"/><w:tblLayout w:type=\"fixed\"/><w:tblLook w:val=\"0420\" w:firstRow=\"1\" w:lastRow=\"0\" w:firstColumn=\"0\" w:lastColumn=\"0\" w:noHBand=\"0\" w:noVBand=\"1\"/></w:tblPr><w:tblGrid>"
        ));
        for width in &widths {
            self.put(format_args!("<w:gridCol w:w=\"{width}\"/>"));
        }
        self.xml.push_str("</w:tblGrid>");
        if !heads.is_empty() {
            self.xml.push_str("<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>");
            for (head, width) in heads.iter().zip(&widths) {
                self.cell(*width, "CellHead", head);
            }
            self.xml.push_str("</w:tr>");
        }
        for row in rows {
            self.xml.push_str("<w:tr><w:trPr><w:cantSplit/></w:trPr>");
            for (index, (value, width)) in row.iter().zip(&widths).enumerate() {
                self.cell(*width, if style == "Facts" && index == 0 { "CellHead" } else { "Cell" }, value);
            }
            self.xml.push_str("</w:tr>");
        }
        self.xml.push_str("</w:tbl><w:p><w:pPr><w:pStyle w:val=\"Gap\"/></w:pPr></w:p>");
    }

    fn cell(&mut self, width: u32, style: &str, text: &str) {
        self.put(format_args!(
            "<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/></w:tcPr><w:p><w:pPr><w:pStyle w:val=\"{style}\"/></w:pPr>{}</w:p></w:tc>",
            runs(text)
        ));
    }

    /// Code, one paragraph a line.
    pub(super) fn code(&mut self, lines: &[Vec<Run>]) {
        for line in lines {
            self.xml.push_str("<w:p><w:pPr><w:pStyle w:val=\"Code\"/></w:pPr>");
            for (style, text) in line {
                let text = text.replace('\t', "    ");
                if style.is_empty() {
                    self.put(format_args!("<w:r><w:t xml:space=\"preserve\">{}</w:t></w:r>", escape(&text)));
                } else {
                    self.put(format_args!(
                        "<w:r><w:rPr><w:rStyle w:val=\"{style}\"/></w:rPr><w:t xml:space=\"preserve\">{}</w:t></w:r>",
                        escape(&text)
                    ));
                }
            }
            self.xml.push_str("</w:p>");
        }
        self.xml.push_str("<w:p><w:pPr><w:pStyle w:val=\"Gap\"/></w:pPr></w:p>");
    }

    /// A picture, at its own size or as large as the page across lets it be.
    pub(super) fn picture(&mut self, number: usize, picture: &Picture) {
        // Room for its heading and the paragraph it stands in.
        let room = (LANDSCAPE.text_width, LANDSCAPE.text_height - 1400);
        let (width, height) = (emu(picture.width), emu(picture.height));
        let within = |room: u32, size: u32| f64::from(room) * f64::from(EMU_PER_TWENTIETH) / f64::from(size.max(1));
        let scale = within(room.0, width).min(within(room.1, height)).min(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "made smaller, never larger")]
        let [width, height] = [width, height].map(|size| (f64::from(size) * scale) as u32);
        let (name, told) = (escape(&picture.caption()), escape(&picture.description()));
        self.put(format_args!(
            "<w:p><w:pPr><w:pStyle w:val=\"Picture\"/></w:pPr><w:r><w:drawing><wp:inline distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\"><wp:extent cx=\"{width}\" cy=\"{height}\"/><wp:docPr id=\"{number}\" name=\"{name}\" descr=\"{told}\"/><a:graphic><a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:pic><pic:nvPicPr><pic:cNvPr id=\"{number}\" name=\"{name}\"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed=\"picture{number}\"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext cx=\"{width}\" cy=\"{height}\"/></a:xfrm><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
        ));
    }

    /// Ends the pages of one orientation; what comes next begins a page.
    pub(super) fn section(&mut self, page: &Page) {
        let properties = section_properties(page);
        self.put(format_args!("<w:p><w:pPr>{properties}</w:pPr></w:p>"));
    }

    /// The whole part of the file.
    pub(super) fn finish(self) -> String {
        let last = section_properties(&PORTRAIT);
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><w:body>{}{last}</w:body></w:document>",
            self.xml
        )
    }
}

fn section_properties(page: &Page) -> String {
    format!(
        "<w:sectPr><w:footerReference w:type=\"default\" r:id=\"footer\"/><w:type w:val=\"nextPage\"/><w:pgSz w:w=\"{}\" w:h=\"{}\" w:orient=\"{}\"/><w:pgMar w:top=\"{MARGIN}\" w:right=\"{MARGIN}\" w:bottom=\"{MARGIN}\" w:left=\"{MARGIN}\" w:header=\"567\" w:footer=\"567\" w:gutter=\"0\"/></w:sectPr>",
        page.width, page.height, page.orientation
    )
}

/// Text in runs, its line ends as breaks.
fn runs(text: &str) -> String {
    let lines: Vec<String> =
        text.lines().map(|line| format!("<w:t xml:space=\"preserve\">{}</w:t>", escape(line))).collect();
    format!("<w:r>{}</w:r>", lines.join("<w:br/>"))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a picture is some thousand pixels wide")]
fn emu(pixels: f32) -> u32 {
    (pixels * EMU).clamp(1.0, 1e9) as u32
}
