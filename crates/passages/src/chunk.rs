//! Chunks of masked text, split at headings, paragraphs, rows and sentences. Each starts with its headings, and with the end of
//! the chunk before if it continues its section.

use tokens::count;

use crate::prose::{Unit, units};
use crate::{Form, MAX_CHUNKS, Part, TooManyChunks};

/// Most tokens of a chunk's own text.
const TARGET: u32 = 300;

/// Tokens from which on a chunk may end at a paragraph or a section.
const ENOUGH: u32 = 150;

/// Most tokens that a chunk repeats from the chunk before.
const OVERLAP: u32 = 40;

/// Most tokens of a single repeated sentence, which may exceed the overlap.
const LONG_OVERLAP: u32 = 60;

/// Most bytes of the headings above a chunk. Longer headings are truncated.
const LONGEST_TRAIL: usize = 200;

/// Most tokens of a table's header. A longer one is not repeated.
const LONGEST_HEADER: u32 = 100;

/// A passage of a document, which is stored and retrieved as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The page number, the headings, the overlap and the own text.
    pub content: String,
    /// Tokens of the content.
    pub tokens: u32,
    /// Start in bytes of the text that no chunk before contains.
    pub fresh: usize,
}

/// Splits a document's parts into chunks.
///
/// # Errors
/// [`TooManyChunks`].
pub fn chunk(parts: &[Part]) -> Result<Vec<Chunk>, TooManyChunks> {
    let mut splitter = Splitter::default();
    for part in parts {
        splitter.split(part);
        if splitter.chunks.len() > MAX_CHUNKS {
            return Err(TooManyChunks);
        }
    }
    Ok(splitter.chunks)
}

#[derive(Default)]
struct Splitter {
    chunks: Vec<Chunk>,
    /// The headings above the current unit, by their level.
    trail: [String; 6],
}

impl Splitter {
    fn split(&mut self, part: &Part) {
        let units = units(part);
        let is_table = part.form == Form::Table;
        let header = units
            .first()
            .filter(|header| is_table && header.tokens <= LONGEST_HEADER && header.text.ends_with('\n'));
        let mut start = 0;
        let mut fresh = 0;
        while fresh < units.len() {
            let end = end(&units, start, fresh);
            let above = self.above(part.page, header.filter(|_| start > 0));
            self.add(
                above,
                units.get(start..fresh).unwrap_or_default(),
                units.get(fresh..end).unwrap_or_default(),
            );
            for unit in units.get(fresh..end).unwrap_or_default() {
                self.pass(unit);
            }
            start = if is_table { end } else { overlap(&units, fresh, end) };
            fresh = end;
        }
    }

    /// Makes the first lines of a chunk: its page, its headings, its table's header.
    fn above(&self, page: Option<u32>, header: Option<&Unit<'_>>) -> String {
        let mut above = page.map_or_else(String::new, |page| format!("Page {page}\n"));
        let trail: Vec<_> = self.trail.iter().map(String::as_str).filter(|title| !title.is_empty()).collect();
        if !trail.is_empty() {
            above.extend([trail.join(" > ").as_str(), "\n"]);
        }
        above.push_str(header.map_or("", |header| header.text));
        above
    }

    fn add(&mut self, above: String, repeated: &[Unit<'_>], new: &[Unit<'_>]) {
        let mut content = above;
        content.extend(repeated.iter().map(|unit| unit.text));
        let fresh = content.len();
        content.extend(new.iter().map(|unit| unit.text));
        if content.get(fresh..).is_none_or(|text| text.trim().is_empty()) {
            return;
        }
        content.truncate(content.trim_end().len());
        self.chunks.push(Chunk { tokens: count(&content), fresh, content });
    }

    /// Updates the headings after a unit that is one.
    fn pass(&mut self, unit: &Unit<'_>) {
        let Some(level) = unit.level else { return };
        let title = unit.text.trim_start_matches('#').trim();
        let most = LONGEST_TRAIL / self.trail.len();
        // A title that is too long ends before its first placeholder, so that none is cut.
        let title = if title.len() <= most || !title.contains('[') {
            title.get(..title.floor_char_boundary(most)).unwrap_or_default()
        } else {
            title.split('[').next().unwrap_or_default()
        };
        for (at, slot) in self.trail.iter_mut().enumerate().skip(level.saturating_sub(1)) {
            slot.clear();
            if at + 1 == level {
                slot.push_str(title.get(..title.floor_char_boundary(most)).unwrap_or_default());
            }
        }
    }
}

/// Finds the end of a chunk that starts with unit `start`. The units from `fresh` on are new.
fn end(units: &[Unit<'_>], start: usize, fresh: usize) -> usize {
    let mut tokens = units.get(start..fresh).unwrap_or_default().iter().map(|unit| unit.tokens).sum::<u32>();
    // The last start of a section or a paragraph after enough text.
    let mut better = None;
    let mut end = fresh;
    for (at, unit) in units.iter().enumerate().skip(fresh) {
        if at > fresh && tokens >= ENOUGH && (unit.level.is_some() || unit.is_paragraph_start) {
            better = Some(at);
            // A section of level 1 or 2 starts a chunk; deeper ones may share the chunk.
            if unit.level.is_some_and(|level| level <= 2) {
                return at;
            }
        }
        tokens = tokens.saturating_add(unit.tokens);
        if at > fresh && tokens > TARGET {
            return without_headings(units, fresh, better.unwrap_or(end));
        }
        end = at + 1;
    }
    end
}

/// Moves the end of a chunk before trailing headings, which belong to the text after them.
fn without_headings(units: &[Unit<'_>], fresh: usize, end: usize) -> usize {
    let is_text = |unit: &Unit<'_>| unit.level.is_none() && !unit.text.trim().is_empty();
    let last = units.get(fresh..end).unwrap_or_default().iter().rposition(is_text);
    last.map_or(end, |last| {
        // Blank lines stay at the end of this chunk.
        let headings =
            units.get(fresh + last + 1..end).unwrap_or_default().iter().position(|unit| unit.level.is_some());
        headings.map_or(end, |first| fresh + last + 1 + first)
    })
}

/// Finds the start of the chunk after `end`: as far back as the overlap allows, but never before a heading.
fn overlap(units: &[Unit<'_>], fresh: usize, end: usize) -> usize {
    if units.get(end).is_none_or(|next| next.level.is_some()) {
        return end;
    }
    let mut tokens = 0u32;
    let mut start = end;
    for unit in units.get(fresh..end).unwrap_or_default().iter().rev() {
        tokens = tokens.saturating_add(unit.tokens);
        let most = if start == end { LONG_OVERLAP } else { OVERLAP };
        if unit.level.is_some() || tokens > most {
            break;
        }
        start -= 1;
    }
    start
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(form: Form, text: &str) -> Vec<Chunk> {
        chunk(&[Part { form, page: None, text: text.into() }]).unwrap()
    }

    fn sentences(topic: &str, count: usize) -> String {
        (0..count).map(|n| format!("Sentence {n} says something about {topic} and more. ")).collect()
    }

    #[test]
    fn sections_are_chunks_under_their_headings() {
        let text = format!(
            "# Handbook\n\n{}\n\n## Leave\n\n{}\n\n### Sick days\n\n{}",
            sentences("work", 20),
            sentences("leave", 20),
            sentences("being ill", 40)
        );
        let chunks = cut(Form::Markdown, &text);
        let starts: Vec<_> = chunks.iter().map(|chunk| chunk.content.lines().next().unwrap()).collect();
        assert_eq!(starts[0], "# Handbook");
        assert!(chunks.iter().any(|chunk| chunk.content.starts_with("Handbook\n## Leave")), "{starts:?}");
        assert!(starts.last().unwrap().starts_with("Handbook > Leave > Sick days"), "{starts:?}");
    }

    #[test]
    fn a_chunk_repeats_the_end_of_the_one_before() {
        let chunks = cut(Form::Plain, &sentences("tides", 100));
        assert!(chunks.len() > 3);
        for pair in chunks.windows(2) {
            let repeated = pair[1].content.get(..pair[1].fresh).unwrap();
            let tokens = count(repeated);
            assert!((20..=LONG_OVERLAP).contains(&tokens), "{repeated}");
            assert!(pair[0].content.ends_with(repeated.trim_end()), "{repeated}");
        }
    }

    #[test]
    fn rows_keep_their_header_and_pages_their_number() {
        let rows: String = (0..200).map(|n| format!("{n}\tname {n}\tmail {n}\n")).collect();
        let chunks = cut(Form::Table, &format!("id\tname\tmail\n{rows}"));
        assert!(chunks.len() > 3);
        assert!(chunks.iter().all(|chunk| chunk.content.starts_with("id\tname\tmail\n")));
        let pages =
            [1, 2].map(|page| Part { form: Form::Plain, page: Some(page), text: format!("Text {page}.") });
        let contents: Vec<_> = chunk(&pages).unwrap().into_iter().map(|chunk| chunk.content).collect();
        assert_eq!(contents, ["Page 1\nText 1.", "Page 2\nText 2."]);
    }

    #[test]
    fn too_many_are_refused() {
        let text = sentences("nothing", 40_000);
        let parts = [Part { form: Form::Plain, page: None, text }];
        assert_eq!(chunk(&parts), Err(TooManyChunks));
    }

    fn check(parts: &[Part]) {
        let chunks = chunk(parts).unwrap();
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        let fresh: String = chunks.iter().map(|chunk| chunk.content.get(chunk.fresh..).unwrap()).collect();
        let whole: String = parts.iter().map(|part| part.text.as_str()).collect();
        assert_eq!(squeezed(&fresh), squeezed(&whole), "nothing is lost, and nothing is new twice");
        for chunk in &chunks {
            assert_eq!(chunk.tokens, count(&chunk.content));
            assert!(
                chunk.tokens <= TARGET + LONGEST_HEADER + 160,
                "{} tokens: {}",
                chunk.tokens,
                chunk.content
            );
            assert!(chunk.content.chars().count() <= 32_000);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_bounds_hold(
            text in "(?s)(([a-zA-Z漢😀]{1,90}[.]?|#{1,3} [a-z\\[]{1,90}|\n\n|\n| |\t|\\[EMAIL_[1-9]\\]|```\n)){0,600}", form in 0..3,
        ) {
            let form = [Form::Plain, Form::Markdown, Form::Table][usize::try_from(form).unwrap()];
            check(&[Part { form, page: Some(3), text }]);
        }
    }
}
