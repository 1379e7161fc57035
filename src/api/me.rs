//! `DELETE /api/me`: erasure of the user.

use super::reply::{self, ReplyOf};
use crate::auth::User;
use crate::error::Error;
use crate::ports::Platform;
use crate::user::{ErasedCounts, Object};

/// Erases the user, and replies with the number of rows by table.
pub(super) async fn erase<P: Platform>(object: &Object<P>, user: &User) -> Result<ReplyOf<P>, Error> {
    let ErasedCounts(counts) = object.erase(user).await?;
    Ok(reply::envelope(&counts))
}
