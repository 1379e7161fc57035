//! Exact counts of o200k_base tokens.
//!
//! In scope: counts of texts, chat requests and tool definitions, and the margin for models with other vocabularies. Out of
//! scope: the tokens themselves, and other vocabularies.
//!
//! A text is split into pieces (`split`), and the bytes of each piece are merged (`merge`) by the ranks of the vocabulary
//! (`vocabulary`). Counts equal those of OpenAI's tiktoken for every text. A special token such as `<|endoftext|>` counts as
//! ordinary text, as in the API: `encode_ordinary`, or npm's gpt-tokenizer with nothing disallowed.
//!
//! `build.rs` generates all tables, and they are read in place: the first count builds nothing.

pub mod chat;
mod class;
mod merge;
mod split;
pub mod tools;
mod vocabulary;

use merge::Merger;

/// Prefixes of OpenAI's models that use o200k_base. Only older models use another vocabulary.
const O200K_MODELS: [&str; 9] =
    ["gpt-4o", "chatgpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "gpt-oss", "o1", "o3", "o4"];

/// Counts the tokens of `text`.
#[must_use]
pub fn count(text: &str) -> u32 {
    count_up_to(text, u32::MAX).unwrap_or(u32::MAX)
}

/// Counts the tokens of `text`. Stops with `None` as soon as they exceed `limit`.
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

/// Returns true if `text` has at most `limit` tokens. Counts only if the length does not decide it.
#[must_use]
pub fn fits(text: &str, limit: u32) -> bool {
    // A token has at least one byte.
    u32::try_from(text.len()).is_ok_and(|bytes| bytes <= limit) || count_up_to(text, limit).is_some()
}

/// The fewest tokens that a text of this length can have.
fn at_least(text: &str) -> u32 {
    u32::try_from(text.len().div_ceil(vocabulary::LONGEST)).unwrap_or(u32::MAX)
}

/// Safety margin for a model's own count, in percent of the count here: 0 if its vocabulary is o200k_base.
///
/// Measured with the vocabularies of cl100k, Llama 3, DeepSeek, Qwen 2, Mistral, Kimi, GLM and MiniMax. English and code take
/// 0.99 to 1.07 times as many tokens. European languages, Chinese, Japanese and Korean take less than 1.3 times, except with
/// cl100k (1.4) in Russian, Chinese and Korean. Arabic takes up to 1.5 times (cl100k: 2), Thai up to 1.65, Indian and smaller
/// scripts up to 2.6: a margin for these would waste too much of the context for all others.
#[must_use]
pub fn margin_percent(model: &str) -> u32 {
    let name = model.rsplit('/').next().unwrap_or(model);
    if O200K_MODELS.iter().any(|family| name.starts_with(family)) { 0 } else { 30 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Counts by npm's gpt-tokenizer 4.0 and OpenAI's tiktoken 0.14.
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

        /// Words that a space separates are counted independently.
        #[test]
        fn words_add_up(words in prop::collection::vec("[a-zäα-ωа-я漢字]{1,12}", 1..8)) {
            let spaced: Vec<_> = words.iter().map(|word| format!(" {word}")).collect();
            let sum: u32 = spaced.iter().map(|word| count(word)).sum();
            prop_assert_eq!(count(&spaced.concat()), sum);
        }
    }
}
