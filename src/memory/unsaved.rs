//! Outputs of background jobs on their way to Postgres. Each was paid: it is kept in the object until it is saved, so that no failure of
//! Postgres has it made again.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::change::change;
use crate::account::UserCtx;
use crate::account::paid_call::{self, PaidCall, Purpose};
use crate::database;
use crate::error::{Code, Fault};
use crate::ports::{Caller, Platform, Sql};
use crate::storage::{from_json, row, to_json};

/// An output, as the function of its purpose takes it.
#[derive(Debug)]
pub(super) struct UnsavedOutput {
    /// Row of `chat_usage_log`, which is saved with it.
    pub(super) call: PaidCall,
    /// Arguments of the function: masked texts and ids.
    pub(super) arguments: Box<RawValue>,
    /// Times that Postgres canceled it.
    timeouts: u32,
}

/// Times that Postgres may cancel an output before its text is given up.
const MAX_TIMEOUTS: u32 = 5;

#[derive(Deserialize)]
struct OutputRow {
    call: String,
    arguments: String,
    timeouts: u32,
}

/// Saves an output. It is kept until Postgres has it.
///
/// # Errors
/// That of the database; `internal`, when the storage refuses.
pub(super) async fn save<P: Platform, T: DeserializeOwned>(
    ctx: &UserCtx<'_, P>,
    call: &PaidCall,
    arguments: &impl Serialize,
) -> Result<T, Fault> {
    let malformed = |error: serde_json::Error| database::malformed("output", &error);
    let arguments = to_raw_value(arguments).map_err(malformed)?;
    let output = UnsavedOutput { call: call.clone(), arguments, timeouts: 0 };
    output.keep(&ctx.ports.sql)?;
    output.send(ctx).await
}

/// The oldest output that Postgres lacks.
///
/// # Errors
/// `internal`, when the storage refuses.
pub(super) fn oldest(sql: &impl Sql) -> Result<Option<UnsavedOutput>, Fault> {
    let query = "SELECT call, arguments, timeouts FROM unsaved_output ORDER BY rowid LIMIT 1";
    let found: Option<OutputRow> = row(sql, query, &[])?;
    let read = |found: OutputRow| {
        let OutputRow { call, arguments, timeouts } = found;
        let column = "unsaved output";
        let (call, arguments) = (from_json(&call, column)?, from_json(&arguments, column)?);
        Ok(UnsavedOutput { call, arguments, timeouts })
    };
    found.map(read).transpose()
}

/// True if Postgres has every output.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn is_all_saved(sql: &impl Sql) -> Result<bool, Fault> {
    Ok(oldest(sql)?.is_none())
}

/// Deletes the texts of all outputs, which may have what was forgotten meanwhile. What they cost is kept.
///
/// # Errors
/// `internal`, when the storage refuses.
pub(super) fn abandon_all(sql: &impl Sql) -> Result<(), Fault> {
    while let Some(output) = oldest(sql)? {
        output.abandon(sql)?;
    }
    Ok(())
}

impl UnsavedOutput {
    const fn function(&self) -> &'static str {
        match self.call.purpose {
            Purpose::Title => "save_title",
            Purpose::Summary => "save_summary",
            _ => "save_facts",
        }
    }

    fn keep(&self, sql: &impl Sql) -> Result<(), Fault> {
        let (id, call) = (self.call.id.to_string(), to_json(&self.call)?);
        let statement = "INSERT OR IGNORE INTO unsaved_output (id, call, arguments) VALUES (?, ?, ?)";
        Ok(sql.exec(statement, &[(&id).into(), (&call).into(), self.arguments.get().into()])?)
    }

    /// Sends the output. The caller applies the result, without an `await` in between.
    pub(super) async fn send<P: Platform, T: DeserializeOwned>(
        &self,
        ctx: &UserCtx<'_, P>,
    ) -> Result<T, Fault> {
        let saving = database::call(&ctx.ports.postgrest, Caller::Service, self.function(), &self.arguments);
        let saved = match self.call.purpose {
            Purpose::Facts => change(ctx, saving).await,
            _ => saving.await,
        };
        let sql = &ctx.ports.sql;
        match &saved {
            Ok(_) => self.remove(sql)?,
            // The same arguments would be refused again.
            Err(fault) if fault.code == Code::DatabaseRefused => self.abandon(sql)?,
            Err(fault) if fault.code == Code::DatabaseTimeout => self.count_timeout(sql)?,
            Err(_) => {}
        }
        saved
    }

    fn count_timeout(&self, sql: &impl Sql) -> Result<(), Fault> {
        if self.timeouts + 1 >= MAX_TIMEOUTS {
            return self.abandon(sql);
        }
        let id = self.call.id.to_string();
        let statement = "UPDATE unsaved_output SET timeouts = timeouts + 1 WHERE id = ?";
        Ok(sql.exec(statement, &[(&id).into()])?)
    }

    fn abandon(&self, sql: &impl Sql) -> Result<(), Fault> {
        paid_call::keep(sql, &self.call)?;
        self.remove(sql)
    }

    fn remove(&self, sql: &impl Sql) -> Result<(), Fault> {
        let id = self.call.id.to_string();
        Ok(sql.exec("DELETE FROM unsaved_output WHERE id = ?", &[(&id).into()])?)
    }
}
