use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::mask::LITERAL;
use crate::placeholder::{Reading, Spelling, read};
use crate::policy::Policy;
use crate::seal::{KeyId, MasterKeys};
use crate::unmask::{Escape, PlaceholderMap, Unmasker, restore, unmask};

const USER: Uuid = Uuid::from_u128(0xada);

fn key() -> UserKey {
    let id = KeyId { key_id: Uuid::nil(), founded_at: chrono::DateTime::UNIX_EPOCH };
    let master = MasterKeys::parse("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=").unwrap();
    UserKey::found(USER, id, &[1; 32], &[2; 32], &master).unwrap().0
}

fn empty() -> Vault {
    Vault::open(key(), &[]).unwrap()
}

/// Nonces that are all different.
fn entropy() -> impl FnMut() -> Option<Secret> {
    let mut n = 0u8;
    move || {
        n = n.wrapping_add(1);
        Some([n; 32])
    }
}

fn try_to_mask(text: &str, entropy: impl FnMut() -> Option<Secret>) -> Result<Masked, MaskError> {
    let (identity, patterns) = (Identity::default(), Patterns::default());
    let request = MaskRequest {
        text,
        author: Author::Outside,
        identity: &identity,
        patterns: &patterns,
        people: People::default(),
        recognized: &[],
    };
    empty().mask(request, entropy)
}

fn mask_for(vault: &mut Vault, text: &str, identity: &Identity) -> Masked {
    let request = MaskRequest {
        text,
        author: Author::Outside,
        identity,
        patterns: &Patterns::default(),
        people: People::default(),
        recognized: &[],
    };
    vault.mask(request, entropy()).unwrap()
}

fn mask(vault: &mut Vault, text: &str) -> Masked {
    mask_for(vault, text, &Identity::default())
}

fn shown(vault: &Vault, policy: &Policy) -> PlaceholderMap {
    let placeholders: Vec<Placeholder> = vault.by_placeholder.keys().cloned().collect();
    let values = vault.resolve_placeholders(&placeholders);
    PlaceholderMap::new(values.iter().map(|(placeholder, value)| (placeholder, value.as_str())), policy)
}

fn unmasked(vault: &Vault, text: &str) -> String {
    restore(text, &shown(vault, &Policy::full()), Escape::None)
}

#[test]
fn a_value_gets_a_number_and_keeps_it_in_every_spelling() {
    let mut vault = empty();
    let first = mask(&mut vault, "Write to ann@example.com and bob@example.com, ssn 078-05-1120.");
    assert_eq!(first.text, "Write to [EMAIL_1] and [EMAIL_2], ssn [US_SSN_1].");
    assert_eq!(first.new.len(), 3);
    let second = mask(&mut vault, "ANN@example.com, ann (at) example (dot) com, eve@example.com");
    assert_eq!(second.text, "[EMAIL_1], [EMAIL_1], [EMAIL_3]");
    assert_eq!(second.new.iter().map(|entry| entry.placeholder.as_str()).collect::<Vec<_>>(), ["[EMAIL_3]"]);
    assert_eq!(second.values.len(), 2, "what stands behind the text's placeholders comes with it");
}

#[test]
fn a_date_is_hidden_where_it_means_the_birthday_and_a_value_keeps_its_kind() {
    let mut vault = empty();
    assert_eq!(mask(&mut vault, "My date of birth: 1987-05-03").text, "My date of birth: [DATE_OF_BIRTH_1]");
    for other in
        ["The contract began on 1987-05-03.", "Meeting 1987-05-03 at ten", "1987-05-03 15:20 rebooted"]
    {
        assert_eq!(mask(&mut vault, other).text, other);
    }
    let both = mask(&mut vault, "Born 1987-05-03. The law of 1987-05-03 applies.").text;
    assert_eq!(both, "Born [DATE_OF_BIRTH_1]. The law of 1987-05-03 applies.");
    assert_eq!(mask(&mut vault, "née le 1987-05-03").text, "née le [DATE_OF_BIRTH_1]");
    assert_eq!(mask(&mut vault, "Geburtsdatum 3.5.1987").text, "Geburtsdatum [DATE_OF_BIRTH_2]");
    assert_eq!(mask(&mut vault, "Phone: 0151 23456789").text, "Phone: [PHONE_1]");
    assert_eq!(mask(&mut vault, "Account 015123456789").text, "Account [PHONE_1]", "no second kind");
}

#[test]
fn a_vault_that_is_opened_again_goes_on_where_it_was() {
    let mut vault = empty();
    let kept = mask(&mut vault, "ann@example.com, bob@example.com, password: hunter2!").new;
    let mut again = Vault::open(key(), &kept).unwrap();
    let masked = mask(&mut again, "it was hunter2! for bob@example.com and eve@example.com");
    assert_eq!(masked.text, "it was [PASSWORD_1] for [EMAIL_2] and [EMAIL_3]");
    assert_eq!(unmasked(&again, &masked.text), "it was hunter2! for bob@example.com and eve@example.com");
}

#[test]
fn an_entry_that_does_not_open_keeps_the_vault_shut() {
    let mut kept = mask(&mut empty(), "ann@example.com").new;
    kept[0].placeholder = "[EMAIL_2]".into();
    assert!(matches!(Vault::open(key(), &kept), Err(DecryptError)));
}

#[test]
fn what_the_access_token_says_of_them_is_hidden_and_numbered_when_it_occurs() {
    let mut vault = empty();
    let identity =
        Identity { email: Some("ada@example.com".into()), phone: None, name: Some("Ada Lovelace".into()) };
    let masked = mask_for(
        &mut vault,
        "eve@example.com wrote to ADA LOVELACE. Lovelace, Ada: see ada@example.com",
        &identity,
    );
    assert_eq!(masked.text, "[EMAIL_1] wrote to [PERSON_1]. [PERSON_1]: see [EMAIL_2]");
    assert_eq!(mask_for(&mut vault, "Ada Lovelace", &identity).new, []);
}

#[test]
fn a_known_value_does_not_swallow_another_that_stands_in_it() {
    let mut vault = empty();
    mask(&mut vault, "my password: hunter2!, bank account 12345678");
    for text in ["Ada[EMAIL_1] Lovelace", "1234[EMAIL_1]5678"] {
        let masked = mask_for(&mut vault, text, &ada());
        assert_eq!(unmasked(&vault, &masked.text), text, "{}", masked.text);
    }
}

#[test]
fn what_looks_like_a_placeholder_comes_back_as_it_was_typed() {
    let mut vault = empty();
    mask(&mut vault, "ann@example.com");
    for typed in
        ["what is [EMAIL_1]?", "\\[email\\_1\\]", "[EMAIL_7] and [LITERAL_1]", "%5BEMAIL_1%5D", "[FIG_1](x)"]
    {
        let masked = mask(&mut vault, typed);
        assert!(!masked.text.contains("EMAIL") && !masked.text.contains("email"), "{}", masked.text);
        assert_eq!(unmasked(&vault, &masked.text), typed);
        let mut stream = Unmasker::new(shown(&vault, &Policy::default()));
        let echoed = stream.feed(&masked.text) + &stream.end();
        assert!(!echoed.contains("ann@example.com"), "{echoed}");
    }
}

#[test]
fn a_models_text_keeps_the_placeholders_it_was_shown_in_the_one_spelling_and_loses_what_it_made_up() {
    let mut vault = empty();
    mask(&mut vault, "ann@example.com bob@example.com");
    let author = [Placeholder::new("EMAIL", 1)];
    let text = "**[email_1]**, [EMAIL_1](mailto:[EMAIL_1]), [EMAIL_2], [EMAIL_9], eve@example.com";
    let request = MaskRequest {
        text,
        author: Author::Model(&author),
        identity: &Identity::default(),
        patterns: &Patterns::default(),
        people: People::default(),
        recognized: &[],
    };
    let masked = vault.mask(request, entropy()).unwrap();
    assert_eq!(
        masked.text,
        "**[EMAIL_1]**, [[EMAIL_1]](mailto:[EMAIL_1]), [LITERAL_1], [LITERAL_2], [EMAIL_3]"
    );
    let known = PlaceholderMap::new([(&author[0], "ann@example.com")], &Policy::full());
    let mut stream = Unmasker::new(known);
    let streamed = stream.feed(text) + &stream.end();
    let later = unmask(&masked.text, &shown(&vault, &Policy::full()), Escape::None);
    assert_eq!(later, streamed, "what is read later is what was streamed");
}

#[test]
fn a_long_value_gets_several_placeholders() {
    let mut vault = empty();
    let text = format!(
        "-----BEGIN {0}-----\n{1}\n-----END {0}-----",
        concat!("PRIVATE", " KEY"),
        (0..3000).map(|n| format!("aB{n:05}+")).collect::<String>()
    );
    let text = format!("key:\n{text}\nthanks");
    let masked = mask(&mut vault, &text);
    assert_eq!(unmasked(&vault, &masked.text), text);
    assert!(masked.new.len() > 3 && masked.new.iter().all(|entry| entry.ciphertext.0.len() <= 8192));
}

#[test]
fn too_many_new_values_are_refused() {
    let text = |count: usize| (0..count).map(|n| format!("u{n}@example.com ")).collect::<String>();
    assert_eq!(mask(&mut empty(), &text(MAX_NEW_VALUES)).new.len(), MAX_NEW_VALUES);
    let refused = try_to_mask(&text(MAX_NEW_VALUES + 1), entropy());
    assert_eq!(refused, Err(MaskError::TooManyValues));
}

#[test]
fn without_random_bytes_nothing_is_masked() {
    let refused = try_to_mask("ann@example.com", || None);
    assert_eq!(refused, Err(MaskError::Entropy(EntropyError)));
}

/// Texts of what masking could trip over: values, placeholders, brackets, what joins and what disguises.
fn awkward() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "ann@example.com",
            "4111 1111 1111 1111",
            "078-05-1120",
            "+1 415 555 2671",
            "password: hunter2!",
            "card ",
            "ssn ",
            "[EMAIL_1]",
            "[email_1]",
            "\\[EMAIL_1\\]",
            "[LITERAL_1]",
            "[",
            "]",
            "\\",
            "%5B",
            "(",
            "\u{fffc}",
            "\u{200b}",
            "１",
            "@",
            "::",
            "203.0.113.7",
            "https://a:b@c.de/",
            "born on 3 May 1990",
            "Ada Lovelace",
            "-----BEGIN PRIVATE KEY-----",
            "é",
            "\n",
            ",",
            "passport no ",
        ])
        .prop_map(String::from),
        any::<char>().prop_map(String::from),
        "[0-9 ().+x/-]{1,12}",
        "[a-zA-Z0-9@.:_-]{1,16}",
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

fn ada() -> Identity {
    Identity {
        email: Some("ada@example.com".into()),
        phone: Some("15551234567".into()),
        name: Some("Ada Lovelace".into()),
    }
}

proptest! {
    /// A value that is spelled in two ways in one text comes back as it was spelled first: such texts are left out.
    #[test]
    fn mask_then_unmask_is_the_identity(text in awkward()) {
        let mut vault = empty();
        let masked = mask_for(&mut vault, &text, &ada());
        let back = unmasked(&vault, &masked.text);
        let is_respelled = {
            let mut draft = Draft::new(&text, Author::Outside);
            draft.settle(&Scope::new(&Patterns::default(), &vault.known)).unwrap();
            draft.pieces().iter().any(|piece| match piece {
                Piece::Value(Kind::Known(place), value) => vault.values[*place].text != *value,
                Piece::Value(Kind::Named(kind), value) => vault.values[vault.by_fingerprint[&vault.key.fingerprint(kind, value)]].text != *value,
                _ => false,
            })
        };
        if !is_respelled {
            prop_assert_eq!(&back, &text);
            prop_assert_eq!(mask_for(&mut vault, &text, &ada()).text, masked.text, "the same a second time");
        }
    }

    #[test]
    fn nothing_is_found_in_what_was_masked(text in awkward()) {
        let mut vault = empty();
        let masked = mask_for(&mut vault, &text, &ada());
        let mut draft = Draft::new(&masked.text, Author::Outside);
        draft.settle(&Scope::new(&Patterns::default(), &vault.known)).unwrap();
        let left: Vec<_> = draft.pieces().iter().filter(|piece| !matches!(piece, Piece::Text(_))).collect();
        let is_placeholder = |piece: &&&Piece| matches!(piece, Piece::Value(Kind::Named(kind), placeholder) if kind == LITERAL && matches!(read(placeholder, Spelling::Loose), Reading::Placeholder(..)));
        prop_assert_eq!(left.len(), left.iter().filter(is_placeholder).count(), "{:?}", left);
    }
}

#[test]
fn placeholders_are_found_by_a_part_of_their_value() {
    let mut vault = empty();
    mask(&mut vault, "Write to Ann@example.com and bob@example.org.");
    let found = |text: &str| -> Vec<String> {
        vault.placeholders_with(text).iter().map(Placeholder::to_string).collect()
    };
    assert_eq!(found("ann"), ["[EMAIL_1]"]);
    assert_eq!(found("EXAMPLE"), ["[EMAIL_1]", "[EMAIL_2]"]);
    assert!(found("zoe").is_empty());
}
