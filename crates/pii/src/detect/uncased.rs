//! Names in scripts without capitals: by lists of family and given names, and by the words or particles beside them.

use super::finding::{Entity, Findings, Rank};
use super::korean::korean;
use super::scan::Text;
use super::script::{is_hangul, is_spaced};
use super::spaced::spaced;
use super::{chinese, japanese};

/// First byte of the scripts without capitals: Hebrew and all behind it.
const UNCASED: u8 = 0xd6;

pub(super) fn find(text: &Text<'_>, found: &mut Findings) {
    if text.str.is_ascii() || text.bytes.iter().copied().fold(0, u8::max) < UNCASED {
        return;
    }
    let mut add = |span: Option<(usize, usize)>| {
        if let Some((start, end)) = span {
            found.add(Rank::Shape, start, end, Entity::Person);
        }
        span.map(|(_, end)| end)
    };
    let mut before = ' ';
    let mut done = 0;
    for (at, c) in text.str.char_indices() {
        if at >= done {
            let end = match c as u32 {
                0x4e00..=0x9fff => {
                    let japanese =
                        if japanese::begins(c, before) { japanese::japanese(text, at) } else { None };
                    let chinese = || if chinese::begins(c) { chinese::chinese(text, at) } else { None };
                    add(japanese.or_else(chinese))
                }
                0xac00..=0xd7af if !is_hangul(before) => add(korean(text, at)),
                0x590..=0x6ff | 0x900..=0xdff if !is_spaced(before) => add(spaced(text, at)),
                _ => None,
            };
            done = end.unwrap_or(done);
        }
        before = c;
    }
}
