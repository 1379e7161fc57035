//! Whatever the bytes: what was masked has nothing left to find, and comes back as it was.
#![no_main]

use pii::identity::Identity;
use pii::detect::{KnownValues, Patterns, People, Scope};
use pii::mask::{Author, Draft, Piece};
use pii::policy::Policy;
use pii::seal::{KeyId, MasterKeys, Secret, UserKey};
use pii::unmask::{Escape, PlaceholderMap, restore};
use pii::vault::{MaskRequest, Vault};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let patterns = Patterns::default();
    let identity = Identity { email: None, phone: None, name: Some("Ada Lovelace".into()) };
    let mut vault = vault();
    let request =
        MaskRequest { text: &text, author: Author::Outside, identity: &identity, patterns: &patterns, people: People::default(), recognized: &[] };
    let Ok(masked) = vault.mask(request, || Some(Secret::default())) else { return };
    // A second time, with everything known, it is the same.
    let again = vault.mask(request, || Some(Secret::default()));
    assert_eq!(again.map(|again| again.text), Ok(masked.text.clone()));

    let values = masked.values.iter().map(|(placeholder, value)| (placeholder, value.as_str()));
    let back = restore(&masked.text, &PlaceholderMap::new(values, &Policy::full()), Escape::None);
    // Placeholders apart, nothing is left or lost: only a value that is spelled in two ways may come back in another.
    let kept = |text: &str| {
        let mut draft = Draft::new(text, Author::Outside);
        let known = KnownValues::new();
        draft.settle(&Scope::new(&patterns, &known)).map(|()| {
            draft.pieces().iter().filter(|piece| matches!(piece, Piece::Value(..))).count()
        })
    };
    assert!(back == text || kept(&text).is_ok_and(|values| values > 0), "{back:?}");
});

fn vault() -> Vault {
    let id = KeyId { key_id: Default::default(), founded_at: Default::default() };
    let master = MasterKeys::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").expect("32 bytes");
    let (key, _) =
        UserKey::found(Default::default(), id, &Secret::default(), &Secret::default(), &master).expect("a key");
    Vault::open(key, &[]).expect("an empty vault")
}
