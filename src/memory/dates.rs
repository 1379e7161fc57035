//! Dates that a question names: memories of these days are looked for.

use chrono::{Datelike, Days, Months, NaiveDate};

/// Days after a named one that count as well: people tell of things after they happen.
const DAYS_AFTER: u64 = 7;

/// Days before a named one that count as well: where the user is, it may be another day than in UTC.
const DAYS_BEFORE: u64 = 1;

/// Years that a date without one may be of, at most: the newest of the memories.
const MAX_YEARS: i32 = 10;

/// Names of each month in the languages whose words are stemmed, with their usual abbreviations.
const MONTHS: [&str; 12] = [
    "january jan januar jänner januari janvier enero gennaio janeiro ocak январь января январе يناير",
    "february feb februar februari février fevrier febrero febbraio fevereiro şubat февраль февраля феврале فبراير",
    "march mar märz maart mars marzo março mart март марта марте مارس",
    "april apr avril abril aprile nisan апрель апреля апреле أبريل",
    "may mai mei maj mayo maggio maio mayıs май мая мае مايو",
    "june jun juni juin junio giugno junho haziran июнь июня июне يونيو",
    "july jul juli juillet julio luglio julho temmuz июль июля июле يوليو",
    "august aug augustus augusti août aout agosto ağustos август августа августе أغسطس",
    "september sep sept septembre septiembre settembre setembro eylül сентябрь сентября сентябре سبتمبر",
    "october oct oktober okt octobre octubre ottobre outubro ekim октябрь октября октябре أكتوبر",
    "november nov novembre noviembre novembro kasım ноябрь ноября ноябре نوفمبر",
    "december dec dezember dez décembre diciembre dicembre dezembro aralık декабрь декабря декабре ديسمبر",
];

/// Words before a month that has neither day nor year. Without one it may be a name or a verb: June, May, March.
const BEFORE_MONTH: &str = "in of last this since until by during early late mid im seit bis letzten anfang mitte ende en au de depuis \
    desde em nel a da di sedan i sinds vanaf в с до في";

/// Words between the parts of a date.
const BETWEEN: [&str; 4] = ["of", "de", "del", "the"];

/// A date as far as it was named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamedDate {
    day: Option<u32>,
    month: Option<u32>,
    year: Option<i32>,
}

/// Days from one to another, both of them included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
}

impl NamedDate {
    /// The days that may be meant: of each year of the memories where none was named, the newest first.
    #[must_use]
    pub fn spans(self, memories: Span) -> Vec<Span> {
        let newest = self.year.unwrap_or_else(|| memories.to.year());
        let oldest = self.year.unwrap_or_else(|| memories.from.year().max(newest - MAX_YEARS + 1));
        (oldest..=newest).rev().filter_map(|year| self.span(year)).collect()
    }

    fn span(self, year: i32) -> Option<Span> {
        let first = NaiveDate::from_ymd_opt(year, self.month.unwrap_or(1), self.day.unwrap_or(1))?;
        let months = match self {
            Self { day: Some(_), .. } => 0,
            Self { month: Some(_), .. } => 1,
            _ => 12,
        };
        let last =
            if months == 0 { first } else { first.checked_add_months(Months::new(months))?.pred_opt()? };
        let from = first.checked_sub_days(Days::new(DAYS_BEFORE))?;
        Some(Span { from, to: last.checked_add_days(Days::new(DAYS_AFTER))? })
    }
}

/// Dates that a text names, in its order.
#[must_use]
pub fn named_dates(text: &str) -> Vec<NamedDate> {
    let lower = text.to_lowercase();
    let parts = parts(&lower);
    let mut dates = Vec::new();
    let mut rest = parts.as_slice();
    let mut before = None;
    while let Some((first, after)) = rest.split_first() {
        let (date, taken) = date_at(before, rest).map_or((None, 1), |(date, taken)| (Some(date), taken));
        dates.extend(date);
        before = Some(*first);
        rest = if taken == 1 { after } else { rest.get(taken..).unwrap_or_default() };
    }
    dates
}

/// Runs of digits and runs of letters.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let kind = kind(first);
        let end = rest.find(|char| self::kind(char) != kind).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        if kind.is_some() && !BETWEEN.contains(&part) {
            parts.push(part);
        }
        rest = after;
    }
    parts
}

/// `None` for a character between words; else true for a digit.
fn kind(char: char) -> Option<bool> {
    char.is_alphanumeric().then(|| char.is_ascii_digit())
}

/// The date with which these parts begin, and their number.
fn date_at(before: Option<&str>, parts: &[&str]) -> Option<(NamedDate, usize)> {
    // With the ending of an ordinal between day and month, as "8th May".
    let endings =
        usize::from(parts.get(1).is_some_and(|ending| ["st", "nd", "rd", "th", "er"].contains(ending)));
    let part = |place: usize| parts.get(place).copied().unwrap_or_default();
    let (first, second, third) = (part(0), part(1), part(2));
    if let Some(month) = month(first) {
        let ending = usize::from(["st", "nd", "rd", "th"].contains(&third));
        let (day, year_at) = day(second).map_or((None, 1), |day| (Some(day), 2 + ending));
        let year = year(part(year_at));
        let is_one =
            day.is_some() || year.is_some() || before.is_some_and(|word| has_word(BEFORE_MONTH, word));
        let date = NamedDate { day, month: Some(month), year };
        return is_one.then_some((date, year_at + usize::from(year.is_some())));
    }
    if let (Some(day), Some(month)) = (day(first), month(part(1 + endings))) {
        let year = year(part(2 + endings));
        let date = NamedDate { day: Some(day), month: Some(month), year };
        return Some((date, 2 + endings + usize::from(year.is_some())));
    }
    numeric(parts)
}

/// A date in numbers: the year first, or with the signs of Chinese, Japanese and Korean; or a year alone.
fn numeric(parts: &[&str]) -> Option<(NamedDate, usize)> {
    let part = |place: usize| parts.get(place).copied().unwrap_or_default();
    let is = |place: usize, signs: [char; 2]| part(place).starts_with(signs);
    let year = year(part(0));
    let signed = if year.is_some() && is(1, ['年', '년']) { 2 } else { 0 };
    if let Some(month) = day(part(signed)).filter(|month| *month <= 12 && is(signed + 1, ['月', '월'])) {
        let day = day(part(signed + 2)).filter(|_| is(signed + 3, ['日', '일']));
        let taken = signed + if day.is_some() { 4 } else { 2 };
        return Some((NamedDate { day, month: Some(month), year: year.filter(|_| signed > 0) }, taken));
    }
    let year = year?;
    let month = day(part(1)).filter(|month| *month <= 12 && part(1).len() == 2);
    let day = month.and_then(|_| day(part(2)));
    let taken = 1 + usize::from(month.is_some()) + usize::from(day.is_some());
    Some((NamedDate { day, month, year: Some(year) }, taken))
}

fn month(word: &str) -> Option<u32> {
    let place = MONTHS.iter().position(|names| has_word(names, word))?;
    u32::try_from(place + 1).ok()
}

fn has_word(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|known| known == word)
}

fn day(number: &str) -> Option<u32> {
    number.parse().ok().filter(|day| (1..=31).contains(day) && number.len() <= 2)
}

fn year(number: &str) -> Option<i32> {
    number.parse().ok().filter(|year| (1900..2200).contains(year))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(day: u32, month: u32, year: i32) -> NamedDate {
        let part = |number: u32| (number > 0).then_some(number);
        NamedDate { day: part(day), month: part(month), year: (year > 0).then_some(year) }
    }

    #[test]
    fn dates_are_read_in_many_spellings() {
        for (text, expected) in [
            ("What did I buy on 8 May 2023?", date(8, 5, 2023)),
            ("What happened on May 8th, 2023?", date(8, 5, 2023)),
            ("the 8th of May", date(8, 5, 0)),
            ("Who came on Oct 3?", date(3, 10, 0)),
            ("trips in June", date(0, 6, 0)),
            ("the trip of June 2023", date(0, 6, 2023)),
            ("What did I do in 2022?", date(0, 0, 2022)),
            ("2023-05-08", date(8, 5, 2023)),
            ("Was war am 8. Mai 2023?", date(8, 5, 2023)),
            ("Wo war ich im März?", date(0, 3, 0)),
            ("le 1er août 2024", date(1, 8, 2024)),
            ("el 3 de enero de 2024", date(3, 1, 2024)),
            ("2023年5月8日に何をした？", date(8, 5, 2023)),
            ("5월 8일", date(8, 5, 0)),
            ("5月に", date(0, 5, 0)),
        ] {
            assert_eq!(named_dates(text), [expected], "{text}");
        }
        assert_eq!(named_dates("in June or on 3 July").len(), 2);
        for text in
            ["May I ask June?", "We march on", "version 12", "It costs 45 euros", "10000 steps", "Mars", ""]
        {
            assert_eq!(named_dates(text), [], "{text}");
        }
    }

    #[test]
    fn a_date_without_a_year_is_looked_for_in_each_year_of_the_memories() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let memories = Span { from: day("2023-03-01"), to: day("2024-09-01") };
        let span = |from, to| Span { from: day(from), to: day(to) };
        assert_eq!(
            date(0, 6, 0).spans(memories),
            [span("2024-05-31", "2024-07-07"), span("2023-05-31", "2023-07-07")]
        );
        assert_eq!(date(8, 5, 2023).spans(memories), [span("2023-05-07", "2023-05-15")]);
        assert_eq!(date(0, 0, 2023).spans(memories), [span("2022-12-31", "2024-01-07")]);
        assert_eq!(date(30, 2, 2023).spans(memories), []);
    }

    proptest! {
        #[test]
        fn no_text_breaks_dates(text in "(\\PC{0,3}|may|8|2023|-|日|月| ){0,20}") {
            let memories = Span { from: NaiveDate::MIN, to: NaiveDate::MAX };
            for date in named_dates(&text) {
                prop_assert!(date.spans(memories).len() <= MAX_YEARS.unsigned_abs() as usize);
            }
        }
    }
}
