//! Names in a request: in quotes, as `Table[Column]` or `[Measure]`, after
//! "called", by the connected model's own names, beside the words "table",
//! "measure" and "column", and paths and expressions.
//!
//! Earlier ways win over later ones; no two mentions overlap.

use std::ops::Range;

use serde_json::Value;

use super::rules;
use super::types::{Entities, Mention, MentionKind};
use crate::base::json::Object;
use crate::intelligence::catalogue::{KnownName, ModelNames, NameKind};

/// Longest quoted text that counts as a name, in bytes.
const LONGEST_NAME: usize = 100;

/// A mention while the request is read. Bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) kind: MentionKind,
    /// With quotes and brackets: what no other mention may claim.
    pub(super) outer: Range<usize>,
    /// The mention's text.
    pub(super) inner: Range<usize>,
    /// The object's own name, where it is not the text.
    name: Option<String>,
    /// The table that the mention names beside the object.
    table: Option<String>,
}

/// What was found, in order.
#[derive(Debug)]
pub(super) struct Found<'a> {
    request: &'a str,
    pub(super) mentions: Vec<Span>,
}

/// A piece of the request between white space, without the punctuation around it.
#[derive(Debug, Clone, Copy)]
struct Chunk<'a> {
    start: usize,
    text: &'a str,
    /// Punctuation follows.
    closes: bool,
}

impl Chunk<'_> {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }

    fn lower(&self) -> String {
        self.text.to_lowercase()
    }

    /// Whether it looks like a part of a name: a capital, a digit, an underscore, a sign.
    fn proper(&self) -> bool {
        let first = self.text.chars().next();
        self.text.contains('_')
            || first.is_some_and(|first| first.is_uppercase() || first.is_ascii_digit() || matches!(first, '%' | '#'))
    }
}

pub(super) fn find<'a>(request: &'a str, names: &ModelNames) -> Found<'a> {
    let mut finder = Finder { request, names, chunks: chunks(request), spans: Vec::new() };
    finder.expression();
    finder.quoted();
    finder.bracketed();
    finder.paths();
    finder.called();
    finder.known();
    finder.beside_nouns();
    finder.spans.sort_by_key(|span| span.outer.start);
    Found { request, mentions: finder.spans }
}

/// The answer's entities; `last_table` and `last_measure` of `context` fill gaps.
pub(super) fn fill(found: Found<'_>, context: &Object) -> Entities {
    let mut entities = Entities::default();
    for span in found.mentions {
        let text = found.request[span.inner.clone()].to_owned();
        let name = span.name.unwrap_or_else(|| text.clone());
        let field = match span.kind {
            MentionKind::Table => &mut entities.table,
            MentionKind::Measure => &mut entities.measure,
            MentionKind::Column => &mut entities.column,
            MentionKind::Expression => &mut entities.expression,
            MentionKind::Path => &mut entities.path,
            MentionKind::Name => &mut entities.name,
        };
        field.get_or_insert(name);
        if let Some(table) = span.table {
            entities.table.get_or_insert(table);
        }
        let start = found.request[..span.inner.start].chars().count();
        let end = start + text.chars().count();
        entities.mentions.push(Mention { kind: span.kind, text, start, end });
    }
    for (key, field, label) in
        [("last_table", &mut entities.table, "table"), ("last_measure", &mut entities.measure, "measure")]
    {
        if let (None, Some(last)) = (&field, context.get(key).and_then(Value::as_str).filter(|last| !last.is_empty())) {
            *field = Some(last.to_owned());
            entities.from_context.push(label.to_owned());
        }
    }
    entities
}

struct Finder<'a, 'n> {
    request: &'a str,
    names: &'n ModelNames,
    chunks: Vec<Chunk<'a>>,
    spans: Vec<Span>,
}

impl Finder<'_, '_> {
    fn free(&self, range: &Range<usize>) -> bool {
        !range.is_empty()
            && self.spans.iter().all(|span| span.outer.end <= range.start || span.outer.start >= range.end)
    }

    fn claim(&mut self, kind: MentionKind, outer: Range<usize>, inner: Range<usize>) {
        if self.free(&outer) {
            let name = self.canonical(kind, &self.request[inner.clone()]);
            self.spans.push(Span { kind, outer, inner, name, table: None });
        }
    }

    /// The model's own spelling of a name.
    fn canonical(&self, kind: MentionKind, text: &str) -> Option<String> {
        let known = self.names.find(text);
        known.iter().find(|known| MentionKind::from(known.kind) == kind).map(|known| known.name.clone())
    }

    /// `= SUM(...)` up to the end of the expression.
    fn expression(&mut self) {
        let Some(at) = self.request.find(":=").map(|at| at + 2).or_else(|| self.request.find(" = ").map(|at| at + 3))
        else {
            return;
        };
        let rest = &self.request[at..];
        let start = at + (rest.len() - rest.trim_start().len());
        let end = start + expression_length(&self.request[start..]);
        if self.request[start..end].contains(['(', '[']) {
            self.claim(MentionKind::Expression, start..end, start..end);
        }
    }

    fn quoted(&mut self) {
        const PAIRS: [(char, char); 6] = [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’'), ('«', '»')];
        let mut from = 0;
        while let Some((at, open)) =
            self.request[from..].char_indices().find(|(_, char)| PAIRS.iter().any(|pair| pair.0 == *char))
        {
            let outer_start = from + at;
            let start = outer_start + open.len_utf8();
            from = start;
            let close = PAIRS.iter().find(|pair| pair.0 == open).map_or(open, |pair| pair.1);
            // An apostrophe inside a word opens and closes nothing.
            let glued = self.request[..outer_start].chars().next_back().is_some_and(char::is_alphanumeric);
            let end = self.request[start..].match_indices(close).map(|(length, _)| start + length).find(|&end| {
                let after = self.request[end + close.len_utf8()..].chars().next();
                !after.is_some_and(char::is_alphanumeric)
            });
            let Some(end) = end.filter(|&end| !glued && end > start && end - start <= LONGEST_NAME) else { continue };
            let outer_end = end + close.len_utf8();
            from = outer_end;
            if self.request[outer_end..].starts_with('[') {
                continue;
            }
            let text = &self.request[start..end];
            let kind = if text.contains('(') && text.contains(')') {
                MentionKind::Expression
            } else if text.starts_with('[') || text.ends_with(']') {
                continue;
            } else if is_path(text) {
                MentionKind::Path
            } else {
                self.kind_of(text, outer_start, outer_end)
            };
            self.claim(kind, outer_start..outer_end, start..end);
        }
    }

    /// `Table[Column]`, `'A table'[Column]`, `[Measure]`.
    fn bracketed(&mut self) {
        let mut from = 0;
        while let Some(open) = self.request[from..].find('[').map(|at| from + at) {
            from = open + 1;
            let Some(close) = self.request[from..].find(']').map(|at| from + at) else { return };
            let column = self.request[from..close].trim();
            if column.is_empty() || close - from > LONGEST_NAME || column.contains('[') {
                continue;
            }
            from = close + 1;
            let before = &self.request[..open];
            let (table_start, table) = if let Some(quoted) = before.strip_suffix('\'') {
                let start = quoted.rfind('\'').unwrap_or(open);
                (start, quoted.get(start + 1..).unwrap_or_default())
            } else {
                let word = |char: char| char.is_alphanumeric() || char == '_';
                let start = before.char_indices().rev().take_while(|(_, char)| word(*char)).last();
                let start = start.map_or(open, |(at, _)| at);
                (start, &before[start..])
            };
            let known = self.names.find(column);
            let has = |kind| known.iter().any(|known| known.kind == kind);
            let column_only = has(NameKind::Column) && !has(NameKind::Measure);
            let measure_only = has(NameKind::Measure) && !has(NameKind::Column);
            let measure = measure_only || table.is_empty() && !column_only;
            let kind = if measure { MentionKind::Measure } else { MentionKind::Column };
            let outer = table_start..close + 1;
            let inner = if table.is_empty() { open + 1..close } else { outer.clone() };
            if !self.free(&outer) {
                continue;
            }
            let table = (!table.is_empty())
                .then(|| self.canonical(MentionKind::Table, table).unwrap_or_else(|| table.to_owned()));
            let name = self.canonical(kind, column).unwrap_or_else(|| column.to_owned());
            self.spans.push(Span { kind, outer, inner, name: Some(name), table });
        }
    }

    fn paths(&mut self) {
        for chunk in self.chunks.clone() {
            if is_path(chunk.text) {
                self.claim(MentionKind::Path, chunk.start..chunk.end(), chunk.start..chunk.end());
            }
        }
    }

    /// What follows "called" or "named".
    fn called(&mut self) {
        for at in 0..self.chunks.len() {
            let word = self.chunks[at].lower();
            let two = at.checked_sub(1).map(|before| self.chunks[before].lower());
            let opens = matches!(word.as_str(), "called" | "named" | "titled")
                || word == "it" && two.is_some_and(|two| matches!(two.as_str(), "call" | "name"));
            if !opens || self.chunks[at].closes {
                continue;
            }
            let mut last = None;
            for next in at + 1..self.chunks.len().min(at + 9) {
                let chunk = self.chunks[next];
                let named = self.chunks.get(next + 1).is_some_and(Chunk::proper);
                if last.is_some() && ends_name(&chunk.lower(), named) || !self.free(&(chunk.start..chunk.end())) {
                    break;
                }
                last = Some(next);
                if chunk.closes {
                    break;
                }
            }
            let Some(last) = last else { continue };
            let range = self.chunks[at + 1].start..self.chunks[last].end();
            let back = self.chunks[at.saturating_sub(6)..at].iter().rev().find_map(|chunk| noun(&chunk.lower()));
            let kind = back.unwrap_or_else(|| self.kind_of(&self.request[range.clone()], range.start, range.end));
            self.claim(kind, range.clone(), range);
        }
    }

    /// Names of the connected model, the longest first, whatever their case.
    fn known(&mut self) {
        let mut at = 0;
        while at < self.chunks.len() {
            let most = self.names.longest().min(self.chunks.len() - at);
            let hit = (1..=most).rev().find_map(|count| self.known_at(at, count).map(|range| (count, range)));
            match hit {
                Some((count, range)) => {
                    let text = &self.request[range.clone()];
                    let kind = self.kind_of(text, range.start, range.end);
                    self.claim(kind, range.clone(), range);
                    at += count;
                }
                None => at += 1,
            }
        }
    }

    fn known_at(&self, at: usize, count: usize) -> Option<Range<usize>> {
        let range = self.chunks[at].start..self.chunks[at + count - 1].end();
        if !self.free(&range) || self.chunks[at..at + count - 1].iter().any(|chunk| chunk.closes) {
            return None;
        }
        let text = &self.request[range.clone()];
        let (text, known) = match self.names.find(text) {
            [] => {
                let bare = text.strip_suffix("'s").or_else(|| text.strip_suffix("’s"))?;
                (bare, self.names.find(bare))
            }
            known => (text, known),
        };
        (!known.is_empty() && self.meant(text, known, &range)).then(|| range.start..range.start + text.len())
    }

    /// A single everyday word is a name only if it is written as the name is, or beside its noun.
    fn meant(&self, text: &str, known: &[KnownName], range: &Range<usize>) -> bool {
        let everyday = text.len() < 3 || rules::knows(&text.to_lowercase());
        let only_column = known.iter().all(|known| known.kind == NameKind::Column);
        if text.contains(char::is_whitespace) || !(everyday || only_column) {
            return true;
        }
        let opens_request = self.request[..range.start].trim().is_empty();
        let exact = known.iter().any(|known| known.name == text) && !(everyday && opens_request);
        exact
            || self
                .noun_beside(range.start, range.end)
                .is_some_and(|kind| known.iter().any(|known| MentionKind::from(known.kind) == kind))
    }

    /// `the Sales table`, `measure Total Sales`, `column Amount`.
    fn beside_nouns(&mut self) {
        for at in 0..self.chunks.len() {
            let Some(kind) = noun(&self.chunks[at].lower()) else { continue };
            if let Some(range) = self.name_before(at, kind).or_else(|| self.name_after(at)) {
                self.claim(kind, range.clone(), range);
            }
        }
    }

    fn name_before(&self, at: usize, kind: MentionKind) -> Option<Range<usize>> {
        if self.chunks[at].text.ends_with('s') || self.chunks[at].text.ends_with('S') {
            return None;
        }
        let mut first = at;
        while let Some(before) = first.checked_sub(1) {
            let chunk = self.chunks[before];
            // The capital of a sentence's first word names nothing.
            let opens = (before == 0 || self.chunks[before - 1].closes) && rules::knows(&chunk.lower());
            if chunk.closes || opens || !chunk.proper() || !self.free(&(chunk.start..chunk.end())) {
                break;
            }
            first = before;
        }
        if first < at && !plain(&self.request[self.chunks[first].start..self.chunks[at - 1].end()]) {
            return Some(self.chunks[first].start..self.chunks[at - 1].end());
        }
        // In lower case only "the sales table".
        let [the, name] = self.chunks.get(at.checked_sub(2)?..at)? else { return None };
        let one = the.lower() == "the" && !name.closes && kind == MentionKind::Table && !plain(&name.lower());
        (one && !rules::knows(&name.lower())).then(|| name.start..name.end())
    }

    fn name_after(&self, at: usize) -> Option<Range<usize>> {
        if self.chunks[at].closes {
            return None;
        }
        let mut last = at;
        for next in at + 1..self.chunks.len() {
            let chunk = self.chunks[next];
            if !chunk.proper() || !self.free(&(chunk.start..chunk.end())) || plain(&chunk.lower()) {
                break;
            }
            last = next;
            if chunk.closes {
                break;
            }
        }
        // In a title every word has a capital: "Analyze Measure Dependencies".
        let title = self.chunks[at].proper();
        let everyday = title && self.chunks[at + 1..=last].iter().all(|chunk| rules::knows(&chunk.lower()));
        (last > at && !everyday).then(|| self.chunks[at + 1].start..self.chunks[last].end())
    }

    /// What a name at this place names: the noun beside it, else what the model says.
    fn kind_of(&self, text: &str, start: usize, end: usize) -> MentionKind {
        let known = self.names.find(text);
        let is = |kind: MentionKind| known.iter().any(|known| MentionKind::from(known.kind) == kind);
        let beside = self.noun_beside(start, end);
        if let Some(kind) = beside.filter(|&kind| known.is_empty() || is(kind)) {
            return kind;
        }
        known.iter().map(|known| MentionKind::from(known.kind)).min().or(beside).unwrap_or(MentionKind::Name)
    }

    /// The noun right after, or right before.
    fn noun_beside(&self, start: usize, end: usize) -> Option<MentionKind> {
        let after = self.chunks.iter().find(|chunk| chunk.start >= end);
        let apart = |chunk: &&Chunk<'_>| !self.request[end..chunk.start].contains([',', '.', ';', '?', '!']);
        if let Some(kind) = after.filter(apart).and_then(|chunk| noun(&chunk.lower())) {
            return Some(kind);
        }
        let skip = ["called", "named", "the", "of", "for", "titled"];
        let before = self.chunks.iter().rev().filter(|chunk| chunk.end() <= start);
        before.take(3).map(Chunk::lower).find(|word| !skip.contains(&word.as_str())).and_then(|word| noun(&word))
    }
}

fn chunks(request: &str) -> Vec<Chunk<'_>> {
    let mut chunks: Vec<Chunk<'_>> = Vec::new();
    let mut from = 0;
    for raw in request.split(char::is_whitespace) {
        let at = from;
        // What separates is one character, of one to three bytes.
        from += raw.len() + request[at + raw.len()..].chars().next().map_or(0, char::len_utf8);
        if raw.is_empty() {
            continue;
        }
        let opened = raw.trim_start_matches(['(', '"', '\'', '`', '“', '‘', '«']);
        let text = opened.trim_end_matches([',', '.', ';', ':', '?', '!', ')', '"', '\'', '`', '”', '’', '»']);
        if text.is_empty() {
            if let Some(last) = chunks.last_mut() {
                last.closes = true;
            }
            continue;
        }
        let tail = &opened[text.len()..];
        chunks.push(Chunk {
            start: at + (raw.len() - opened.len()),
            text,
            closes: tail.contains([',', '.', ';', ':', '?', '!']),
        });
    }
    chunks
}

fn noun(word: &str) -> Option<MentionKind> {
    match word {
        "table" | "tables" => Some(MentionKind::Table),
        "measure" | "measures" | "mesure" | "kpi" | "metric" => Some(MentionKind::Measure),
        "column" | "columns" | "field" => Some(MentionKind::Column),
        _ => None,
    }
}

/// Words that stand before "table" and the like without naming one.
fn plain(name: &str) -> bool {
    const PLAIN: [&str; 50] = [
        "a",
        "aggregated",
        "aggregation",
        "all",
        "an",
        "another",
        "any",
        "base",
        "big",
        "biggest",
        "bridge",
        "calculated",
        "calendar",
        "date",
        "dax",
        "dimension",
        "each",
        "empty",
        "every",
        "excel",
        "existing",
        "fact",
        "first",
        "hidden",
        "holder",
        "kpi",
        "largest",
        "lookup",
        "main",
        "measures",
        "new",
        "old",
        "one",
        "other",
        "parameter",
        "power",
        "same",
        "second",
        "slow",
        "slowest",
        "small",
        "smallest",
        "that",
        "the",
        "these",
        "this",
        "time",
        "whole",
        "word",
        "wide",
    ];
    PLAIN.contains(&name.to_lowercase().as_str())
}

/// Whether `word` ends a name after "called"; `named` when a capital follows, as in "Return on Investment".
fn ends_name(word: &str, named: bool) -> bool {
    match word {
        "in" | "into" | "to" | "that" | "which" | "using" | "where" | "so" | "under" | "inside" | "please" | "pls"
        | "=" | ":=" | "now" | "because" | "is" => true,
        "on" | "for" | "with" | "from" | "as" | "and" | "of" | "by" | "or" | "then" | "at" => !named,
        _ => false,
    }
}

fn is_path(text: &str) -> bool {
    const ENDINGS: [&str; 9] = [".pbip", ".pbit", ".pbix", ".bim", ".tmdl", ".docx", ".html", ".json", ".md"];
    let lower = text.to_lowercase();
    ENDINGS.iter().any(|ending| lower.len() > ending.len() && lower.ends_with(ending))
        || lower.ends_with(".semanticmodel")
}

/// The length of the DAX expression that `text` begins with: it ends where,
/// outside of brackets, a word of the sentence goes on.
fn expression_length(text: &str) -> usize {
    const GOES_ON: [&str; 9] = ["in", "on", "into", "to", "with", "and", "for", "as", "then"];
    let mut depth = 0_i32;
    let mut quote = false;
    for (at, char) in text.char_indices() {
        match char {
            '"' => quote = !quote,
            '(' | '[' if !quote => depth += 1,
            ')' | ']' if !quote => depth -= 1,
            ' ' if !quote && depth <= 0 && at > 0 => {
                let word =
                    text[at..].trim_start().split(|char: char| !char.is_alphanumeric()).next().unwrap_or_default();
                if GOES_ON.contains(&word) {
                    return at;
                }
            }
            _ => {}
        }
    }
    text.trim_end_matches(|char: char| char.is_whitespace() || matches!(char, '.' | '?' | '!' | ',' | ';')).len()
}

#[cfg(test)]
mod tests;
