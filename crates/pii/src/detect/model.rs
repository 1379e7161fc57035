//! The trained model of names, which is a part of the program.

use std::sync::LazyLock;

use super::lexeme::{IS_COMMON, IS_FAMILY, IS_GIVEN};
use super::tagger::Model;

/// Made by `train/names`, which says of what.
pub(super) static MODEL: LazyLock<Model<'static>> = LazyLock::new(|| Model::new(include_bytes!("names.bin")));

/// Tells if a word of small letters is frequent and no name.
pub(super) fn is_frequent(word: &str) -> bool {
    MODEL.traits_of(word) == IS_COMMON
}

/// Tells if a word is a given name, as far as the lists know.
pub(super) fn is_given(word: &str) -> bool {
    MODEL.traits_of(word) & IS_GIVEN != 0
}

/// Tells if a word is a given name or a family name.
pub(super) fn is_listed(word: &str) -> bool {
    MODEL.traits_of(word) & (IS_GIVEN | IS_FAMILY) != 0
}
