//! A user who was here before: Postgres has a copy of the vault, and the object stores nothing yet.

use frontdesk::account::vault::SealedVault;
use frontdesk::ports::{Clock as _, Secret};
use frontdesk::time::timestamp;
use pii::detect::People;
use pii::mask::Author;
use pii::seal::{KeyId, UserKey};
use pii::vault::{MaskRequest, Vault};

use super::object::{ObjectNode, Surroundings};
use super::platform::SimClock;
use super::values::Message;
use super::world::START;

/// Milliseconds before the run at which the user was here.
const BEFORE: u64 = 60 * 60 * 1000;

/// Gives Postgres a vault with the values of a few messages, and tells the oracle of it.
pub fn store_vault(around: &Surroundings, object: &ObjectNode, values: &[std::rc::Rc<str>]) {
    let Surroundings { world, config, postgres, .. } = around;
    let (user, clock) = (&object.user, SimClock(std::rc::Rc::clone(world)));
    let secret = || -> Secret { clock.secret().expect("the simulated clock has secrets") };
    let key_id = uuid::Builder::from_random_bytes(clock.random()).into_uuid();
    let id = KeyId { key_id, founded_at: timestamp(START - BEFORE) };
    let found = UserKey::found(user.id, id, &secret(), &secret(), &config.pii_master_keys);
    let (key, wrapped) = found.expect("a key is wrapped");
    let mut vault = Vault::open(key, &[]).expect("an empty vault opens");
    let text: Vec<_> = (0..4).map(|number| Message::new(number, values, &world.rng).text()).collect();
    let (identity, patterns) = (&user.identity, &config.pii_patterns);
    let request = MaskRequest {
        text: &text.join(" "),
        author: Author::Outside,
        identity,
        patterns,
        people: People::default(),
        recognized: &[],
    };
    let masked = vault.mask(request, || Some(secret())).expect("a message is masked");
    world.key_stored(user.id, &wrapped, &config.pii_master_keys);
    for entry in &masked.new {
        world.value_stored(user.id, entry);
    }
    world.oracle.vault(user.id, |vault| vault.is_stored = false);
    postgres.restore(user.id, SealedVault { key: Some(wrapped), entries: masked.new });
}
