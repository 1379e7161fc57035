//! Lines of the deployment's log: one JSON object for each event, never message text, names of files or secrets.

use serde::Serialize;
use uuid::Uuid;

use crate::error::{Abort, Code, Error, Fault};
use crate::ports::Host;

#[derive(Serialize)]
struct FaultLine<'a> {
    event: &'static str,
    code: &'static str,
    cause: &'a str,
}

#[derive(Serialize)]
struct RefusedLine {
    event: &'static str,
    what: &'static str,
    session: Uuid,
    code: &'static str,
}

/// Logs a fault, once, where it is caught.
pub fn fault(host: &impl Host, fault: &Fault) {
    line(host, &FaultLine { event: "fault", code: fault.code.as_str(), cause: &fault.cause });
}

/// The line of a fault, for the stateless Worker.
#[must_use]
pub fn fault_line(fault: &Fault) -> String {
    let line = FaultLine { event: "fault", code: fault.code.as_str(), cause: &fault.cause };
    serde_json::to_string(&line).unwrap_or_default()
}

/// Logs an error, if it is a fault.
pub fn error(host: &impl Host, error: &Error) {
    if let Error::Fault(cause) = error {
        fault(host, cause);
    }
}

/// Logs a refusal that may be an attack if it repeats.
pub fn refused(host: &impl Host, what: &'static str, session: Uuid, error: &Error) {
    if let Error::Abort(Abort { code, .. }) = error {
        line(host, &RefusedLine { event: "refused", what, session, code: code.as_str() });
    }
}

/// Writes any event as one line.
pub fn line(host: &impl Host, line: &impl Serialize) {
    match serde_json::to_string(line) {
        Ok(json) => host.log(&json),
        Err(error) => {
            let cause = format!("log: {:?}", error.classify());
            fault(host, &Fault::new(Code::Internal, cause));
        }
    }
}
