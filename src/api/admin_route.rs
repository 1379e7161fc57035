//! Routes of admins.

use uuid::Uuid;

use super::path::{decode, uuid};
use crate::error::Error;

/// A route of admins. The stateless Worker answers it, or the object of the user that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminRoute {
    /// List of all employees.
    Employees,
    /// Creation of an employee.
    CreateEmployee,
    /// Changes to the employee with that slug.
    UpdateEmployee(String),
    /// Versions of the profile of the employee with that slug.
    EmployeeVersions(String),
    /// Return of the employee with that slug to an earlier version.
    RollBackEmployee(String),
    /// Check of an MCP server.
    CheckMcp,
    /// Figures of the last hours.
    Overview,
    /// Parked turns, stalled work and the like.
    Health,
    /// List of the users.
    Users,
    /// Limits of a user.
    UserLimits(Uuid),
    /// Changes to the limits of a user.
    UpdateUserLimits(Uuid),
    /// List of the prices.
    Prices,
    /// A price of a model.
    SavePrice,
    /// The audit log.
    Audit,
    /// Erasure of a user, who may have no account any more.
    EraseUser(Uuid),
    /// State of a user's erasure.
    Erasure(Uuid),
}

impl AdminRoute {
    /// Routes at an address, by the segments after `/api/admin/`; none at an unknown address.
    ///
    /// # Errors
    /// `invalid_field` for an id that is no UUID.
    pub(super) fn all_at(segments: &[&str]) -> Result<Vec<Self>, Error> {
        Ok(match segments {
            ["employees"] => vec![Self::Employees, Self::CreateEmployee],
            ["employees", slug] => vec![Self::UpdateEmployee(decode(slug))],
            ["employees", slug, "versions"] => vec![Self::EmployeeVersions(decode(slug))],
            ["employees", slug, "rollback"] => vec![Self::RollBackEmployee(decode(slug))],
            ["mcp-check"] => vec![Self::CheckMcp],
            ["overview"] => vec![Self::Overview],
            ["health"] => vec![Self::Health],
            ["users"] => vec![Self::Users],
            ["users", id, "limits"] => {
                let id = uuid("id", id)?;
                vec![Self::UserLimits(id), Self::UpdateUserLimits(id)]
            }
            ["prices"] => vec![Self::Prices, Self::SavePrice],
            ["audit"] => vec![Self::Audit],
            ["users", id] => vec![Self::EraseUser(uuid("id", id)?)],
            ["users", id, "erasure"] => vec![Self::Erasure(uuid("id", id)?)],
            _ => Vec::new(),
        })
    }

    /// The HTTP method of the route.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Employees
            | Self::EmployeeVersions(_)
            | Self::Overview
            | Self::Health
            | Self::Users
            | Self::UserLimits(_)
            | Self::Prices
            | Self::Audit
            | Self::Erasure(_) => "GET",
            Self::CreateEmployee | Self::RollBackEmployee(_) | Self::CheckMcp => "POST",
            Self::SavePrice => "PUT",
            Self::UpdateEmployee(_) | Self::UpdateUserLimits(_) => "PATCH",
            Self::EraseUser(_) => "DELETE",
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The path of a route: a new route must be given one here.
    fn path(route: &AdminRoute) -> String {
        match route {
            AdminRoute::Employees | AdminRoute::CreateEmployee => "employees".into(),
            AdminRoute::UpdateEmployee(slug) => format!("employees/{slug}"),
            AdminRoute::EmployeeVersions(slug) => format!("employees/{slug}/versions"),
            AdminRoute::RollBackEmployee(slug) => format!("employees/{slug}/rollback"),
            AdminRoute::CheckMcp => "mcp-check".into(),
            AdminRoute::Overview => "overview".into(),
            AdminRoute::Health => "health".into(),
            AdminRoute::Users => "users".into(),
            AdminRoute::UserLimits(id) | AdminRoute::UpdateUserLimits(id) => format!("users/{id}/limits"),
            AdminRoute::Prices | AdminRoute::SavePrice => "prices".into(),
            AdminRoute::Audit => "audit".into(),
            AdminRoute::EraseUser(id) => format!("users/{id}"),
            AdminRoute::Erasure(id) => format!("users/{id}/erasure"),
        }
    }

    pub(in crate::api) fn every_admin_route(id: Uuid) -> Vec<AdminRoute> {
        vec![
            AdminRoute::Employees,
            AdminRoute::CreateEmployee,
            AdminRoute::UpdateEmployee(id.to_string()),
            AdminRoute::EmployeeVersions(id.to_string()),
            AdminRoute::RollBackEmployee(id.to_string()),
            AdminRoute::CheckMcp,
            AdminRoute::Overview,
            AdminRoute::Health,
            AdminRoute::Users,
            AdminRoute::UserLimits(id),
            AdminRoute::UpdateUserLimits(id),
            AdminRoute::Prices,
            AdminRoute::SavePrice,
            AdminRoute::Audit,
            AdminRoute::EraseUser(id),
            AdminRoute::Erasure(id),
        ]
    }

    #[test]
    fn each_admin_route_is_found_at_its_path_with_its_method() {
        for route in every_admin_route(Uuid::from_u128(7)) {
            let path = path(&route);
            let found = AdminRoute::all_at(&path.split('/').collect::<Vec<_>>()).unwrap();
            let found: Vec<_> = found.into_iter().filter(|one| one.method() == route.method()).collect();
            assert_eq!(found, [route]);
        }
        assert_eq!(AdminRoute::all_at(&["nothing"]), Ok(Vec::new()));
        assert!(AdminRoute::all_at(&["users", "me"]).is_err());
    }
}
