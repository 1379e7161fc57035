//! Names in Arabic, in Hebrew and in the scripts of India.

use super::model::{is_given, is_listed};
use super::scan::Text;
use super::script::{NEAR, before, is_spaced};

/// Words of a name.
const MOST_WORDS: usize = 3;

const SPACED_CUES: &str = "السيد السيدة الدكتور الدكتورة الأستاذ الأستاذة المهندس المهندسة زميلي زميلتي صديقي صديقتي أخي أختي \
     ابني ابنتي زوجي زوجتي جاري مديري مديرتي العميل المريض المريضة خالي عمي श्री श्रीमती डॉ डॉ. डॉक्टर \
     बेटी बेटा बेटे भाई बहन पति पत्नी दोस्त मित्र मरीज מר גברת גב' דוקטור אחי אחותי בעלי אשתי חברי חברתי \
     בני בתי מנהל";

/// محمد العلي, राहुल शर्मा, דוד כהן: a given name with a family name behind it, or behind a word for a person.
pub(super) fn spaced(text: &Text<'_>, at: usize) -> Option<(usize, usize)> {
    let rest = text.str_ahead(at, 3 * NEAR);
    let length = |text: &str| text.find(|c| !is_spaced(c)).unwrap_or(text.len());
    let first = rest.get(..length(rest))?;
    let last_word = before(text, at)
        .trim_end_matches([' ', '"'])
        .rsplit([' ', '\n', ':', ','])
        .next()
        .unwrap_or_default();
    let has_cue =
        SPACED_CUES.split_ascii_whitespace().any(|cue| cue == last_word) || last_word.ends_with("ד\"ר");
    // A word for "and", "to" or "of" is written together with the name.
    let prefix = first.chars().next().filter(|c| "ولبفكשהלבמכו".contains(*c)).map_or(0, char::len_utf8);
    let own = if is_given(first) { 0 } else { prefix };
    let name = first.get(own..).filter(|name| is_given(name) && name.chars().count() >= 3)?;
    let mut end = at + own + name.len();
    let mut count = 1;
    while count < MOST_WORDS {
        let Some(next) = text.str_ahead(end, 2 * NEAR).strip_prefix(' ') else { break };
        let word = next.get(..length(next)).unwrap_or_default();
        if word.chars().count() < 2
            || !(is_listed(word)
                || word.strip_prefix("ال").is_some_and(is_listed)
                || count == 1 && is_title_name(word))
        {
            break;
        }
        end += 1 + word.len();
        count += 1;
    }
    let has_honour = text.str_ahead(end, 8).starts_with(" जी");
    (count > 1 || has_cue || has_honour).then_some((at + own, end))
}

/// Tells if a word has the article that Arabic family names have.
fn is_title_name(word: &str) -> bool {
    word.starts_with("ال") && word.chars().count() >= 5
}
