//! Time as an input. Only this file reads the system's clocks.

use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// An instant of wall-clock time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This instant plus `duration`, saturating.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Time from `earlier` to this instant; zero when the clock went back.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// RFC 3339 with milliseconds and `Z`, as every answer shows times.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let millis = self.0.rem_euclid(1000);
        let seconds = self.0.div_euclid(1000);
        let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
        let of_day = seconds.rem_euclid(86_400);
        format!(
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{millis:03}Z",
            of_day / 3600,
            of_day / 60 % 60,
            of_day % 60
        )
    }
}

impl Timestamp {
    /// Reads a date, which is its first moment in UTC, or an instant of RFC 3339
    /// with its zone. Digits of a second past the third are cut off.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if !text.is_ascii() || bytes.len() < 10 {
            return None;
        }
        let separators = bytes[4] == b'-' && bytes[7] == b'-';
        let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..10])?);
        let days = days_from_civil(year, month, day);
        // A day that a month does not have comes back as one of the next.
        if !separators || civil_from_days(days) != (year, month, day) {
            return None;
        }
        let midnight = days * 86_400_000;
        if bytes.len() == 10 {
            return Some(Self(midnight));
        }
        let time = text[10..].strip_prefix(['T', 't', ' '])?;
        let (time, offset) = split_zone(time)?;
        let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let minutes = clock_minutes(clock.get(..5)?)?;
        let seconds = number(clock.get(5..)?.strip_prefix(':')?)?;
        let of_fraction: String = fraction.chars().chain("00".chars()).take(3).collect();
        number(fraction)?;
        // RFC 3339 knows the leap second 60; it is the next minute's first.
        let of_day = (minutes - offset) * 60_000 + seconds * 1_000 + number(&of_fraction)?;
        (clock.len() == 8 && seconds <= 60).then_some(Self(midnight + of_day))
    }
}

/// Digits alone, few enough for the type.
fn number(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// `hh:mm` in minutes.
fn clock_minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':').filter(|(hours, _)| hours.len() == 2)?;
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|_| minutes.len() == 2)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// The time without its zone, and the zone's minutes east of UTC.
fn split_zone(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let at = time.rfind(['+', '-'])?;
    let minutes = clock_minutes(&time[at + 1..])?;
    Some((&time[..at], if time[at..].starts_with('-') { -minutes } else { minutes }))
}

/// The inverse of [`civil_from_days`], from the same source.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Days since the epoch to (year, month, day), proleptic Gregorian.
///
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Where time comes from.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Wall-clock time, for what is stored and shown.
    fn now(&self) -> Timestamp;
    /// Monotonic time since some fixed start, for timeouts and leases.
    fn monotonic(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: std::time::Instant,
}

impl SystemClock {
    /// A clock whose monotonic side starts now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clocks")]
    pub fn new() -> Self {
        Self { start: std::time::Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clocks")]
    fn now(&self) -> Timestamp {
        match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => Timestamp::default().plus(since),
            Err(before) => Timestamp(-i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX)),
        }
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A clock that moves only when it is told to.
#[derive(Debug, Default)]
pub struct ManualClock {
    elapsed: Mutex<Duration>,
}

impl ManualClock {
    /// Moves both sides forward.
    pub fn advance(&self, by: Duration) {
        let mut elapsed = self.elapsed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *elapsed += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000).plus(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        *self.elapsed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn rfc3339_of_known_instants() {
        assert_eq!(Timestamp(0).rfc3339(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp(1_709_210_096_789).rfc3339(), "2024-02-29T12:34:56.789Z");
        assert_eq!(Timestamp(-1).rfc3339(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn instants_and_dates_read_back_in_any_zone() {
        for instant in [-1, 0, 951_782_400_000, 1_709_210_096_789, 4_102_444_799_999] {
            assert_eq!(Timestamp::parse(&Timestamp(instant).rfc3339()), Some(Timestamp(instant)));
        }
        let read = |text| Timestamp::parse(text).map(Timestamp::rfc3339);
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(read("2026-11-30"), is("2026-11-30T00:00:00.000Z"));
        assert_eq!(read("2026-11-30T01:30:00+02:00"), is("2026-11-29T23:30:00.000Z"));
        assert_eq!(read("2026-11-30 23:30:00.5-01:00"), is("2026-12-01T00:30:00.500Z"));
        assert_eq!(read("2026-11-30T00:00:00.123456789z"), is("2026-11-30T00:00:00.123Z"));
    }

    #[test]
    fn what_is_no_instant_is_not_guessed() {
        for text in [
            "",
            "yesterday",
            "2026",
            "2026-13-01",
            "2026-02-29",
            "2026-11-31",
            "2026/11/30",
            "2026-11-30T",
            "2026-11-30T08:00:00",
            "2026-11-30T08:00Z",
            "2026-11-30T24:00:00Z",
            "2026-11-30T08:61:00Z",
            "2026-11-30T08:00:0Z",
            "2026-11-30T08:00:00.Z",
            "2026-11-30T08:00:00+2",
            "+026-11-30",
            "2026-11-30T08:00:0\u{e9}Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}
