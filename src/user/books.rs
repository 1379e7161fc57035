//! What a user spends: reserved before a model is asked, booked once when it has answered. All of a user's sessions ask the
//! same object, one after the other, so that no two of them spend the same rest of a budget.

use uuid::Uuid;

use super::record::{Refused, Restored, Wanted};
use super::vault::{Ports, UserState, unlock};
use crate::auth::User;
use crate::config::Config;
use crate::error::Fault;
use crate::limit::bucket::Standing;
use crate::limit::quota::{Entry, RESERVED_FOR, Spend, check, day, until_tomorrow};
use crate::ports::{Clock, Database, Model, Strongbox};
use crate::time::Millis;

/// Lets a turn begin, and reserves what it may take.
///
/// # Errors
/// [`Refused`].
pub async fn reserve(
    state: &UserState,
    user: &User,
    wanted: &Wanted,
    config: &Config,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<Option<Standing>, Refused> {
    unlock(state, user, config, ports).await?;
    // No await from here on: what is checked is still so when it is reserved.
    let now = ports.clock.now();
    let mut bucket = state.bucket.get();
    let standing = match wanted.user.messages_per_minute {
        Some(quota) => {
            let taken = bucket.take(quota, now).map_err(|wait| Refused::TooFast { quota, wait });
            Some(taken?)
        }
        None => None,
    };
    let Wanted { entry, user: limits, employee } = wanted;
    let (all, own) = ports.strongbox.spent(entry, now)?;
    check(entry.spend, (all, &limits.budget), (own, employee))
        .map_err(|budget| Refused::Exceeded { budget, wait: until_tomorrow(now) })?;
    ports.strongbox.reserve(entry, now + RESERVED_FOR)?;
    // A message that the budget refuses does not count as one.
    state.bucket.set(bucket);
    Ok(standing)
}

/// Takes over what a user spent today before this object was theirs.
///
/// # Errors
/// `internal`, when the storage refuses.
pub(super) fn restore(
    user: Uuid,
    restored: &Restored,
    strongbox: &impl Strongbox,
    now: Millis,
) -> Result<(), Fault> {
    for (employee, spent) in &restored.spent {
        strongbox.settle(&Entry {
            // The same each time, so that doing it again changes nothing.
            turn_id: Uuid::new_v5(&user, employee.as_bytes()),
            employee: employee.clone(),
            day: day(now),
            spend: Spend::new(spent.tokens, spent.usd),
        })?;
    }
    Ok(())
}
