//! Text with places where a line may end, and where they do end.
//!
//! After "A prettier printer" (Wadler, 2003): a group is written on one line
//! where it fits, else all its own places end lines. Must not know DAX.

/// Characters of a line at most, where that can be helped.
pub(super) const WIDTH: usize = 80;

/// Spaces of a step to the right.
const STEP: usize = 4;

/// Text with places where a line may end.
#[derive(Debug, Clone)]
pub(super) struct Page {
    kind: Kind,
    /// Characters on one line, a comment at its end not counted; none where that is not possible.
    width: Option<usize>,
    /// Nothing can follow on the same line.
    ends: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    /// Written as it is.
    Text(String),
    /// A comment to the end of its line.
    Remark(String),
    /// A space or the end of a line.
    Space,
    /// The end of a line.
    Line,
    /// The end of a line unless nothing stands on it yet.
    Fresh,
    /// One after the other.
    All(Vec<Page>),
    /// One step to the right.
    Inside(Box<Page>),
    /// On one line where it fits.
    Group(Box<Page>),
}

impl Page {
    pub(super) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        let width = if text.contains(['\n', '\r']) { None } else { Some(text.chars().count()) };
        Self { kind: Kind::Text(text), width, ends: false }
    }

    pub(super) fn remark(text: impl Into<String>) -> Self {
        Self { kind: Kind::Remark(text.into()), width: Some(0), ends: true }
    }

    pub(super) fn space() -> Self {
        Self { kind: Kind::Space, width: Some(1), ends: false }
    }

    pub(super) fn line() -> Self {
        Self { kind: Kind::Line, width: None, ends: false }
    }

    pub(super) fn fresh() -> Self {
        Self { kind: Kind::Fresh, width: None, ends: false }
    }

    pub(super) fn all(pages: Vec<Self>) -> Self {
        let mut width = Some(0_usize);
        let mut ends = false;
        for page in pages.iter().filter(|page| page.width != Some(0) || page.ends) {
            width = if ends { None } else { width.and_then(|sum| Some(sum.saturating_add(page.width?))) };
            ends = page.ends;
        }
        Self { kind: Kind::All(pages), width, ends }
    }

    pub(super) fn inside(self) -> Self {
        Self { width: self.width, ends: self.ends, kind: Kind::Inside(Box::new(self)) }
    }

    pub(super) fn group(self) -> Self {
        Self { width: self.width, ends: self.ends, kind: Kind::Group(Box::new(self)) }
    }

    /// Writes it down.
    pub(super) fn write(&self) -> String {
        let mut writer = Writer { text: String::new(), column: 0, ends: false };
        let mut open = vec![(self, 0, true)];
        while let Some((page, indent, broken)) = open.pop() {
            match &page.kind {
                Kind::Text(text) => writer.write(text, indent),
                Kind::Remark(text) => {
                    writer.write(text, indent);
                    writer.ends = true;
                }
                Kind::Space if broken => writer.line(indent),
                Kind::Space => writer.write(" ", indent),
                Kind::Line => writer.line(indent),
                Kind::Fresh => {
                    if !writer.is_fresh() {
                        writer.line(indent);
                    }
                }
                Kind::All(pages) => open.extend(pages.iter().rev().map(|page| (page, indent, broken))),
                Kind::Inside(inner) => open.push((inner, indent + STEP, broken)),
                Kind::Group(inner) => {
                    let fits = inner.width.is_some_and(|width| writer.column + width <= WIDTH);
                    open.push((inner, indent, !fits));
                }
            }
        }
        writer.text.trim_end().to_owned()
    }
}

struct Writer {
    text: String,
    column: usize,
    /// A comment was written that goes on to the end of its line.
    ends: bool,
}

impl Writer {
    fn is_fresh(&self) -> bool {
        self.text.rsplit('\n').next().is_none_or(|line| line.trim().is_empty())
    }

    fn line(&mut self, indent: usize) {
        let kept = self.text.trim_end_matches(' ').len();
        self.text.truncate(kept);
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
        self.ends = false;
    }

    fn write(&mut self, text: &str, indent: usize) {
        if text.is_empty() {
            return;
        }
        if self.ends {
            self.line(indent);
        }
        if text == " " && self.is_fresh() {
            return;
        }
        self.text.push_str(text);
        match text.rsplit_once('\n') {
            Some((_, last)) => self.column = last.chars().count(),
            None => self.column += text.chars().count(),
        }
    }
}
