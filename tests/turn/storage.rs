//! The harness's own storage: durable exactly as far as it was confirmed.

use frontdesk::ports::{Sql as _, SqlError, SqlValue};
use serde_json::json;

use super::harness::sqlite::SqliteStorage;

fn storage() -> SqliteStorage {
    let storage = SqliteStorage::default();
    storage
        .exec("CREATE TABLE one (id INTEGER PRIMARY KEY, text TEXT); CREATE TABLE two (id INTEGER)", &[])
        .unwrap();
    storage.confirm();
    storage
}

fn insert(storage: &SqliteStorage, id: u64) -> Result<(), SqlError> {
    storage.exec("INSERT INTO one (id, text) VALUES (?, ?)", &[id.into(), "a \"quoted\"\nline".into()])
}

fn ids(storage: &SqliteStorage) -> String {
    storage.rows("SELECT id FROM one ORDER BY id", &[]).unwrap()
}

#[test]
fn statements_and_alarms_since_the_last_confirmation_are_lost() {
    let storage = storage();
    insert(&storage, 1).unwrap();
    storage.set_alarm(Some(10));
    storage.confirm();
    insert(&storage, 2).unwrap();
    storage.set_alarm(Some(20));
    assert_eq!((ids(&storage).as_str(), storage.alarm()), (r#"[{"id":1},{"id":2}]"#, Some(20)));
    storage.lose();
    assert_eq!((ids(&storage).as_str(), storage.alarm()), (r#"[{"id":1}]"#, Some(10)));
    storage.lose();
    insert(&storage, 2).unwrap();
    storage.confirm();
    storage.lose();
    assert_eq!(ids(&storage), r#"[{"id":1},{"id":2}]"#);
}

#[test]
fn tables_that_were_not_confirmed_are_lost_too() {
    let storage = SqliteStorage::default();
    storage.exec("CREATE TABLE one (id INTEGER); CREATE TABLE two (id INTEGER)", &[]).unwrap();
    storage.lose();
    assert!(storage.rows("SELECT id FROM one", &[]).is_err());
}

#[test]
fn a_refused_statement_takes_no_effect_and_loses_nothing() {
    let storage = storage();
    insert(&storage, 1).unwrap();
    let refused = insert(&storage, 1).unwrap_err();
    assert_eq!(refused, SqlError("UNIQUE constraint failed: one.id".into()));
    assert!(storage.exec("INSERT INTO two (id) VALUES (7); INSERT INTO one (id) VALUES (1)", &[]).is_err());
    assert_eq!(
        storage.rows("SELECT id FROM two", &[]).unwrap(),
        "[]",
        "a batch takes effect whole or not at all"
    );
    storage.confirm();
    assert_eq!(ids(&storage), r#"[{"id":1}]"#);
}

#[test]
fn rows_are_json_objects_keyed_by_column() {
    let storage = storage();
    insert(&storage, (1 << 53) - 1).unwrap();
    storage.exec("INSERT INTO one (id, text) VALUES (?, ?)", &[1u64.into(), SqlValue::Null]).unwrap();
    let rows = storage.rows("SELECT id, text, count(*) OVER () AS n FROM one ORDER BY id DESC", &[]).unwrap();
    let expected = json!([
        { "id": 9_007_199_254_740_991u64, "text": "a \"quoted\"\nline", "n": 2 },
        { "id": 1, "text": null, "n": 2 },
    ]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&rows).unwrap(), expected);
}

#[test]
fn the_platforms_bounds_hold() {
    let storage = storage();
    let long = "x".repeat(2_000_001);
    let statement = "INSERT INTO one (id, text) VALUES (1, ?)";
    assert!(storage.exec(statement, &[(&long).into()]).is_err());
    let many = vec![SqlValue::Integer(1); 101];
    let statement = format!("SELECT id FROM one WHERE id IN ({})", vec!["?"; 101].join(", "));
    assert!(storage.rows(&statement, &many).is_err());
}

#[test]
fn a_hook_sees_every_statement_and_may_refuse_it() {
    let storage = storage();
    storage.on_statement(|statement, values| {
        if statement.starts_with("INSERT") && values.first() == Some(&SqlValue::Integer(2)) {
            return Err(SqlError("refused".into()));
        }
        Ok(())
    });
    insert(&storage, 1).unwrap();
    assert_eq!(insert(&storage, 2), Err(SqlError("refused".into())));
    storage.without_hook();
    insert(&storage, 2).unwrap();
    assert_eq!(ids(&storage), r#"[{"id":1},{"id":2}]"#);
}
