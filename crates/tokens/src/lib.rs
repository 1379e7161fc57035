//! Exact counts of o200k_base tokens.
//!
//! In scope: counts of texts, chat requests and tool definitions, and the margin for models with other vocabularies. Out of
//! scope: the tokens themselves, and other vocabularies.
//!
//! A text is split into pieces (`split`), and the bytes of each piece are merged (`merge`) by the ranks of the vocabulary
//! (`vocabulary`). Counts are those of OpenAI's tiktoken for every text. A special token such as `<|endoftext|>` in it is text as
//! any other, because that is what the API makes of it: `encode_ordinary`, or npm's gpt-tokenizer with nothing disallowed.
//!
//! `build.rs` lays all tables out, and they are read where they lie: a first count builds nothing.

pub mod chat;
mod class;
mod merge;
mod split;
pub mod tools;
mod vocabulary;

use merge::Merger;

/// Models of OpenAI that do not use o200k_base are those before these.
const O200K_MODELS: [&str; 9] =
    ["gpt-4o", "chatgpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "gpt-oss", "o1", "o3", "o4"];

/// Tokens of `text`.
#[must_use]
pub fn count(text: &str) -> u32 {
    count_up_to(text, u32::MAX).unwrap_or(u32::MAX)
}

/// Tokens of `text`, or nothing as soon as it is known that they are more than `limit`.
#[must_use]
pub fn count_up_to(text: &str, limit: u32) -> Option<u32> {
    if at_least(text) > limit {
        return None;
    }
    let mut merger = Merger::default();
    let mut total = 0u32;
    for piece in split::pieces(text) {
        total = total.checked_add(merger.count(piece.as_bytes()))?;
        if total > limit {
            return None;
        }
    }
    Some(total)
}

/// Whether `text` has no more than `limit` tokens; counts only where its length does not say so.
#[must_use]
pub fn fits(text: &str, limit: u32) -> bool {
    // A token has one byte at least.
    u32::try_from(text.len()).is_ok_and(|bytes| bytes <= limit) || count_up_to(text, limit).is_some()
}

/// The fewest tokens that a text of this length can have.
fn at_least(text: &str) -> u32 {
    u32::try_from(text.len().div_ceil(vocabulary::LONGEST)).unwrap_or(u32::MAX)
}

/// How many percent more than counted here a model may count: none where o200k_base is its vocabulary.
///
/// With those of cl100k, Llama 3, DeepSeek, Qwen 2, Mistral, Kimi, GLM and MiniMax, English and code come to 0.99 to 1.07 times as
/// much. European languages, Chinese, Japanese and Korean stay below 1.3 times, but for cl100k (1.4) in Russian, Chinese and
/// Korean. Arabic takes up to 1.5 times (cl100k: 2), Thai up to 1.65, Indian and smaller scripts up to 2.6: for them no margin
/// is enough that others can afford.
#[must_use]
pub fn margin_percent(model: &str) -> u32 {
    let name = model.rsplit('/').next().unwrap_or(model);
    if O200K_MODELS.iter().any(|family| name.starts_with(family)) { 0 } else { 30 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By npm's gpt-tokenizer 4.0 and OpenAI's tiktoken 0.14.
    #[test]
    fn known_texts() {
        for (text, exact) in [
            ("", 0),
            ("Hello AI!", 3),
            ("The quick brown fox jumps over the lazy dog.", 10),
            ("Das ist ein längerer deutscher Satz mit Überschriften und Maßen.", 15),
            ("123456789", 3),
            ("漢字とかなを混ぜた文章です。", 11),
            ("Ελληνικά και Русский текст", 7),
            ("👩‍👩‍👧‍👦 emoji 😀😀", 14),
            (r#"fn main() { println!("{}", x.unwrap()); }"#, 10),
            ("https://example.com/a?b=c&d=1f3e9a77", 18),
            ("<|endoftext|>", 7),
        ] {
            assert_eq!(count(text), exact, "{text:?}");
        }
    }

    /// A quadratic search would take minutes.
    #[test]
    fn long_pieces_take_no_longer_for_it() {
        assert_eq!(count(&"a".repeat(256 * 1024)), 32_768);
        assert_eq!(count(&" ".repeat(256 * 1024)), 2048);
    }

    #[test]
    fn margins_are_for_other_vocabularies() {
        for (model, percent) in
            [("gpt-4o-mini", 0), ("openai/gpt-5", 0), ("o3", 0), ("gpt-4-turbo", 30), ("qwen", 30)]
        {
            assert_eq!(margin_percent(model), percent, "{model}");
        }
    }

    proptest! {
        #[test]
        fn every_limit_gives_the_count_or_nothing(text in split::texts(), limit in 0u32..40) {
            let exact = count(&text);
            prop_assert_eq!(count_up_to(&text, limit), (exact <= limit).then_some(exact));
            prop_assert_eq!(fits(&text, limit), exact <= limit);
            prop_assert_eq!(count_up_to(&text, exact), Some(exact));
        }

        #[test]
        fn a_count_is_within_its_bounds(text in split::texts()) {
            let exact = count(&text);
            prop_assert!(at_least(&text) <= exact);
            prop_assert!(usize::try_from(exact).is_ok_and(|exact| exact <= text.len()));
        }

        /// Where a space parts words, both sides are counted apart.
        #[test]
        fn words_add_up(words in prop::collection::vec("[a-zäα-ωа-я漢字]{1,12}", 1..8)) {
            let spaced: Vec<_> = words.iter().map(|word| format!(" {word}")).collect();
            let sum: u32 = spaced.iter().map(|word| count(word)).sum();
            prop_assert_eq!(count(&spaced.concat()), sum);
        }
    }
}
