//! `/api/admin`: routes for users whose `app_metadata.role` is `admin`. The stateless Worker answers them with the service key; the
//! database functions stand in `supabase/migrations/008_admin.sql`. No answer has text of users.

pub(super) mod ctx;

mod audit;
mod employees;
mod mcp;
mod overview;
mod prices;
mod profile_fields;
mod users;

use uuid::Uuid;

use self::ctx::AdminCtx;

use super::admin_route::AdminRoute;
use super::body::read;
use super::query::Query;
use super::routes::UserRoute;
use crate::error::Error;
use crate::ports::{Reply, WorkerPorts};

/// Answer to an admin's request.
pub(super) enum Answered<R> {
    /// The reply is complete.
    Here(Reply<R>),
    /// The object of that user answers.
    ByObject(Uuid, UserRoute),
}

/// Answers a request of an admin.
///
/// # Errors
/// As the routes.
pub(super) async fn answer<W: WorkerPorts>(
    ctx: &AdminCtx<'_, W>,
    route: AdminRoute,
    query: &Query,
    request: &mut W::Request,
) -> Result<Answered<W::Readable>, Error> {
    let reply = match route {
        AdminRoute::Employees => employees::list(ctx).await,
        AdminRoute::CreateEmployee => employees::create(ctx, &read(request).await?).await,
        AdminRoute::UpdateEmployee(slug) => employees::update(ctx, &slug, &read(request).await?).await,
        AdminRoute::EmployeeVersions(slug) => employees::versions(ctx, &slug, query).await,
        AdminRoute::RollBackEmployee(slug) => employees::roll_back(ctx, &slug, &read(request).await?).await,
        AdminRoute::Overview => overview::get(ctx, query).await,
        AdminRoute::Health => overview::health(ctx).await,
        AdminRoute::CheckMcp => mcp::check(ctx, &read(request).await?).await,
        AdminRoute::Users => users::list(ctx, query).await,
        AdminRoute::UserLimits(user) => users::limits(ctx, user).await,
        AdminRoute::UpdateUserLimits(user) => users::update_limits(ctx, user, &read(request).await?).await,
        AdminRoute::Prices => prices::list(ctx).await,
        AdminRoute::SavePrice => prices::save(ctx, &read(request).await?).await,
        AdminRoute::Audit => audit::list(ctx, query).await,
        AdminRoute::EraseUser(user) => {
            users::note_erasure(ctx, user).await?;
            return Ok(Answered::ByObject(user, UserRoute::EraseUser));
        }
        AdminRoute::Erasure(user) => return Ok(Answered::ByObject(user, UserRoute::Erasure)),
    };
    reply.map(Answered::Here)
}
