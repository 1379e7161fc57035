//! The call of a user's object: everything of a request but its body, verified by the stateless Worker.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::query::Query;
use super::routes::UserRoute;
use crate::auth::User;
use crate::error::{Code, Fault};
use crate::text::ascii_json;

/// A call of a user's object.
#[derive(Serialize, Deserialize)]
pub struct ObjectCall {
    /// The user, whose object it is.
    pub user: User,
    /// The route that was found for the request.
    pub route: UserRoute,
    /// The query of the URL.
    pub query: Query,
    /// Value of `Last-Event-ID`.
    pub last_event_id: Option<String>,
    /// Value of `x-session-id`.
    pub session: Option<String>,
    /// Value of `If-None-Match`.
    pub if_none_match: Option<String>,
}

impl ObjectCall {
    /// A call about a user who did not send the request.
    #[must_use]
    pub fn of(user: Uuid, route: UserRoute) -> Self {
        Self {
            user: User::absent(user),
            route,
            query: Query::default(),
            last_event_id: None,
            session: None,
            if_none_match: None,
        }
    }

    /// The call as the value of a header: JSON in printable ASCII.
    ///
    /// # Errors
    /// `internal`.
    pub fn to_header(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map(|json| ascii_json(&json)).map_err(|error| malformed(&error))
    }

    /// Reads a call from its header.
    ///
    /// # Errors
    /// `internal`: only the Worker makes calls.
    pub fn from_header(value: &str) -> Result<Self, Fault> {
        serde_json::from_str(value).map_err(|error| malformed(&error))
    }
}

fn malformed(error: &serde_json::Error) -> Fault {
    Fault::new(Code::Internal, format!("call: {:?}", error.classify()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn call(chat: &str, query: &str) -> ObjectCall {
        let mut user = User::absent(Uuid::from_u128(1));
        user.identity.name = Some(format!("Zoë {chat}"));
        ObjectCall {
            user,
            route: UserRoute::Resume(chat.into()),
            query: Query::parse(query),
            last_event_id: None,
            session: Some(chat.into()),
            if_none_match: None,
        }
    }

    #[test]
    fn a_header_that_is_no_call_is_refused() {
        for header in ["", "{}", "null"] {
            assert!(ObjectCall::from_header(header).is_err(), "{header}");
        }
    }

    proptest! {
        #[test]
        fn a_call_passes_through_a_header_whatever_stands_in_it(chat in any::<String>(), query in any::<String>()) {
            let call = call(&chat, &query);
            let header = call.to_header().unwrap();
            prop_assert!(header.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{}", header);
            let read = ObjectCall::from_header(&header).unwrap();
            prop_assert_eq!((read.user == call.user, read.route, read.query), (true, call.route, call.query));
        }
    }
}
