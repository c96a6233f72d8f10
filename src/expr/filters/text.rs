//! Filters and methods on text. What can grow a text says how large the
//! result is before it is made.

use minijinja::formatting::{FormatStyle, format};

use crate::expr::datum::Datum;
use crate::expr::error::Problem;
use crate::expr::inputs::Inputs;
use crate::expr::meter::Meter;

pub(in crate::expr) fn of(value: &Datum) -> Result<&str, Problem> {
    match value {
        Datum::Text(text) => Ok(text),
        other => Err(Problem::kind(format!("a string is needed here, not {}", other.kind()))
            .hint("make it text with `str(...)` or `|string`")),
    }
}

/// A change that makes at most a few bytes of each.
pub(in crate::expr) fn change(value: &Datum, meter: &mut Meter, by: fn(&str) -> String) -> Result<Datum, Problem> {
    let text = of(value)?;
    meter.write(text.len())?;
    Ok(Datum::text(by(text)))
}

pub(in crate::expr) fn capitalize(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters.as_str().to_lowercase().chars()).collect())
}

pub(in crate::expr) fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for letter in text.chars() {
        if inside {
            out.extend(letter.to_lowercase());
        } else {
            out.extend(letter.to_uppercase());
        }
        inside = letter.is_alphanumeric() || letter == '\'';
    }
    out
}

pub(in crate::expr) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            other => out.push(other),
        }
    }
    out
}

pub(in crate::expr) fn urlencode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            // Writing to a String cannot fail.
            other => write!(out, "%{other:02X}").unwrap_or_default(),
        }
    }
    out
}

type Cut = for<'a> fn(&'a str, &[char]) -> &'a str;

fn cut(
    value: &Datum,
    inputs: &mut Inputs,
    meter: &mut Meter,
    by: Cut,
    blank: fn(&str) -> &str,
) -> Result<Datum, Problem> {
    let text = of(value)?;
    meter.write(text.len())?;
    Ok(Datum::text(match inputs.text("chars")? {
        Some(chars) => by(text, &chars.chars().collect::<Vec<_>>()),
        None => blank(text),
    }))
}

pub(in crate::expr) fn trim(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    cut(value, inputs, meter, |text, chars| text.trim_matches(chars), str::trim)
}

pub(in crate::expr) fn trim_start(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    cut(value, inputs, meter, |text, chars| text.trim_start_matches(chars), str::trim_start)
}

pub(in crate::expr) fn trim_end(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    cut(value, inputs, meter, |text, chars| text.trim_end_matches(chars), str::trim_end)
}

pub(in crate::expr) fn replace(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    let text = of(value)?;
    let (from, to) = (inputs.need_text("old")?, inputs.need_text("new")?);
    let times = inputs.count("count", 0)?.unwrap_or(usize::MAX);
    let found = text.matches(&*from).take(times).count();
    meter.write(text.len().saturating_add(found.saturating_mul(to.len())))?;
    Ok(Datum::text(text.replacen(&*from, &to, times)))
}

pub(in crate::expr) fn split(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    let text = of(value)?;
    let between = inputs.text("sep")?;
    let most = inputs.count("maxsplit", 0)?.map_or(usize::MAX, |splits| splits.saturating_add(1));
    meter.write(text.len())?;
    meter.spend(text.len())?;
    let parts: Vec<Datum> = match between.as_deref() {
        Some("") => return Err(Problem::value("the argument `sep` is empty")),
        Some(between) => text.splitn(most, between).map(Datum::text).collect(),
        None => split_blank(text, most).into_iter().map(Datum::text).collect(),
    };
    Ok(Datum::list(parts))
}

/// At most `most` parts; the last keeps its inner blanks.
fn split_blank(text: &str, most: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if parts.len() + 1 >= most {
            parts.push(rest);
            break;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        parts.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    parts
}

pub(in crate::expr) fn lines(value: &Datum, meter: &mut Meter) -> Result<Datum, Problem> {
    let text = of(value)?;
    meter.write(text.len())?;
    meter.spend(text.len())?;
    Ok(Datum::list(text.lines().map(Datum::text).collect()))
}

pub(in crate::expr) fn join(items: &Datum, between: &str, meter: &mut Meter) -> Result<Datum, Problem> {
    let Datum::List(items) = items else {
        return Err(Problem::kind(format!("`join` takes a list, not {}", items.kind())));
    };
    let mut out = String::new();
    for (place, item) in items.iter().enumerate() {
        let text = item.to_text(meter)?;
        let between = if place == 0 { "" } else { between };
        meter.write(between.len() + text.len() + 1)?;
        out.push_str(between);
        out.push_str(&text);
    }
    Ok(Datum::text(out))
}

pub(in crate::expr) fn indent(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    let text = of(value)?;
    let width = inputs.count("width", 0)?.unwrap_or(4);
    let (first, blank) = (inputs.flag("first")?, inputs.flag("blank")?);
    let lines = text.split('\n').count();
    meter.write(text.len().saturating_add(lines.saturating_mul(width)))?;
    let margin = " ".repeat(width);
    let lines: Vec<String> = text
        .split('\n')
        .enumerate()
        .map(|(place, line)| {
            let indented = if place == 0 { first } else { blank || !line.trim_end().is_empty() };
            if indented { format!("{margin}{line}") } else { line.to_owned() }
        })
        .collect();
    Ok(Datum::text(lines.join("\n")))
}

pub(in crate::expr) fn tojson(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    let pretty = match inputs.take("indent") {
        None | Some(Datum::Null | Datum::Bool(false)) => false,
        Some(Datum::Bool(true) | Datum::Int(_)) => true,
        Some(other) => return Err(Problem::kind(format!("the argument `indent` cannot be {}", other.kind()))),
    };
    let json = value.to_json(meter)?;
    let text = if pretty { format!("{json:#}") } else { json.to_string() };
    meter.write(text.len())?;
    Ok(Datum::text(text))
}

/// `'%s: %.2f'|format(name, value)`.
pub(in crate::expr) fn printf(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    formatted(FormatStyle::Printf, value, inputs, meter)
}

/// `'{}: {:.2f}'.format(name, value)`.
pub(in crate::expr) fn str_format(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    formatted(FormatStyle::StrFormat, value, inputs, meter)
}

fn formatted(style: FormatStyle, value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    const WIDEST: usize = 999;
    let pattern = of(value)?;
    let mark = if style == FormatStyle::Printf { '%' } else { '{' };
    let widest_number = pattern.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    if widest_number > 3 || (style == FormatStyle::Printf && pattern.contains('*')) {
        return Err(Problem::limit("a width in a format is at most three digits, written in the pattern"));
    }
    let mut arguments = Vec::new();
    let mut bytes = WIDEST;
    for input in inputs.rest() {
        arguments.push(convert(&input, &mut bytes, meter)?);
    }
    let mut named = Vec::new();
    for (name, input) in inputs.rest_named() {
        named.push((name.to_string(), convert(&input, &mut bytes, meter)?));
    }
    if !named.is_empty() {
        arguments.push(minijinja::value::Kwargs::from_iter(named).into());
    }
    // Every field could be the largest argument: refused before it is made.
    meter.write(pattern.len().saturating_add(pattern.matches(mark).count().saturating_mul(bytes)))?;
    let text = format(style, pattern, &arguments)
        .map_err(|error| Problem::value(error.detail().unwrap_or("the format does not fit").to_owned()))?;
    Ok(Datum::text(text))
}

fn convert(input: &Datum, bytes: &mut usize, meter: &mut Meter) -> Result<minijinja::Value, Problem> {
    // Lists and objects read as JSON here too, as everywhere in text.
    Ok(match input {
        Datum::Int(value) => minijinja::Value::from(*value),
        Datum::Float(value) => minijinja::Value::from(*value),
        other => {
            let text = other.to_text(meter)?;
            *bytes = bytes.saturating_add(text.len());
            minijinja::Value::from(&*text)
        }
    })
}
