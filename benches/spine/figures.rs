//! Medians and the table.

use std::fmt::Write as _;
use std::time::Duration;

/// A figure with what it may be at most.
pub(crate) struct Bound {
    pub(crate) what: String,
    pub(crate) figure: f64,
    pub(crate) unit: &'static str,
    /// None for figures that are only shown.
    pub(crate) at_most: Option<f64>,
}

impl Bound {
    pub(crate) fn holds(&self) -> bool {
        self.at_most.is_none_or(|most| self.figure <= most)
    }
}

/// A figure that is only shown.
pub(crate) fn shown(what: impl Into<String>, figure: f64, unit: &'static str) -> Bound {
    Bound { what: what.into(), figure, unit, at_most: None }
}

/// A figure with a bound.
pub(crate) fn bounded(what: impl Into<String>, figure: f64, unit: &'static str, at_most: f64) -> Bound {
    Bound { at_most: Some(at_most), ..shown(what, figure, unit) }
}

/// The middle one; the mean of two.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    let middle = figures.len() / 2;
    if figures.len().is_multiple_of(2) { f64::midpoint(figures[middle - 1], figures[middle]) } else { figures[middle] }
}

pub(crate) fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

pub(crate) fn table(bounds: &[Bound]) -> String {
    let mut text = String::from("| figure | measured | bound | |\n| --- | ---: | ---: | --- |\n");
    for bound in bounds {
        let most = bound.at_most.map_or_else(String::new, |most| format!("{most} {}", bound.unit));
        let verdict = match bound.at_most {
            None => "",
            Some(_) if bound.holds() => "ok",
            Some(_) => "missed",
        };
        writeln!(text, "| {} | {:.2} {} | {most} | {verdict} |", bound.what, bound.figure, bound.unit).unwrap();
    }
    text
}
