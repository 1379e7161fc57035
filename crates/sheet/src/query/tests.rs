//! Tests of queries.

use serde_json::{Value, json};

use super::super::Kind;
use super::*;

fn table() -> Vec<Column> {
    [("Client", Kind::Text), ("Amount", Kind::Number), ("Day", Kind::Date), ("Paid", Kind::Boolean)]
        .map(|(name, kind)| Column { name: name.into(), kind })
        .to_vec()
}

fn rows() -> Vec<Vec<Cell>> {
    let rows = [
        json!(["Zoë", 10.1, "2024-05-01", true]),
        json!(["anna", 0.2, "2024-05-01 18:30", false]),
        json!(["Anna", -5, null, true]),
        json!(["[PERSON_1]", "[MONEY_1]", "2023-12-31", null]),
        json!([null, 100, "2024-06-01", true]),
    ];
    let cells = |row: Value| {
        let values = row.as_array().unwrap().clone();
        values.into_iter().zip(table()).map(|(value, column)| Cell::of_json(value, column.kind)).collect()
    };
    rows.into_iter().map(cells).collect()
}

fn run(query: Value) -> Result<(Vec<String>, u32), TableError> {
    let query: Query = serde_json::from_value(query).unwrap();
    let mut run = Run::new(&query, &table())?;
    let mut found = Vec::new();
    for row in rows() {
        found.extend(run.row(&row)?);
    }
    let outcome = run.finish()?;
    found.extend(outcome.rows.map(Result::unwrap));
    let spell = |row: &Vec<Cell>| row.iter().map(Cell::spelled).collect::<Vec<_>>().join("|");
    Ok((found.iter().map(spell).collect(), outcome.left_out))
}

fn found(query: Value) -> Vec<String> {
    run(query).unwrap().0
}

fn clients(condition: &Value) -> Vec<String> {
    found(json!({"columns": ["Client"], "where": [condition]}))
}

fn refused(query: Value) -> String {
    run(query).unwrap_err().0
}

#[test]
fn an_empty_query_returns_the_whole_table() {
    assert_eq!(
        found(json!({})),
        [
            "Zoë|10.1|2024-05-01|TRUE",
            "anna|0.2|2024-05-01 18:30:00|FALSE",
            "Anna|-5||TRUE",
            "[PERSON_1]|[MONEY_1]|2023-12-31|",
            "|100|2024-06-01|TRUE"
        ]
    );
    assert_eq!(found(json!({"columns": ["amount ", "Client"], "limit": 1})), ["10.1|Zoë"]);
    assert_eq!(found(json!({"limit": 0})), [""; 0]);
}

#[test]
fn cells_are_compared_as_what_they_are() {
    for (condition, expected) in [
        (json!({"column": "Client", "op": "eq", "value": "ANNA"}), &["anna", "Anna"][..]),
        (json!({"column": "Client", "op": "eq", "value": "[PERSON_1]"}), &["[PERSON_1]"]),
        (json!({"column": "Client", "op": "ne", "value": "anna"}), &["Zoë", "[PERSON_1]", ""]),
        (json!({"column": "Client", "op": "contains", "value": "O"}), &["Zoë", "[PERSON_1]"]),
        (json!({"column": "Client", "op": "is_empty"}), &[""]),
        (json!({"column": "Day", "op": "is_empty", "value": false}), &["Zoë", "anna", "[PERSON_1]", ""]),
        (json!({"column": "Amount", "op": "gt", "value": 9}), &["Zoë", ""]),
        (json!({"column": "Amount", "op": "lte", "value": "0.2"}), &["anna", "Anna"]),
        (json!({"column": "Amount", "op": "eq", "value": "[MONEY_1]"}), &["[PERSON_1]"]),
        (json!({"column": "Day", "op": "eq", "value": "2024-05-01"}), &["Zoë", "anna"]),
        (json!({"column": "Day", "op": "lte", "value": "2024-05-01"}), &["Zoë", "anna", "[PERSON_1]"]),
        (json!({"column": "Day", "op": "gte", "value": "2024-05-01 12:00"}), &["anna", ""]),
        (json!({"column": "Paid", "op": "eq", "value": false}), &["anna"]),
    ] {
        assert_eq!(clients(&condition), expected, "{condition}");
    }
}

#[test]
fn rows_are_sorted_and_empty_cells_come_last() {
    let ordered = |order: Value| found(json!({"columns": ["Client"], "order_by": order}));
    assert_eq!(ordered(json!([{"column": "Client"}])), ["[PERSON_1]", "anna", "Anna", "Zoë", ""]);
    assert_eq!(
        ordered(json!([{"column": "Client", "descending": true}])),
        ["Zoë", "anna", "Anna", "[PERSON_1]", ""]
    );
    assert_eq!(
        ordered(json!([{"column": "Amount", "descending": true}])),
        ["[PERSON_1]", "", "Zoë", "anna", "Anna"]
    );
    assert_eq!(ordered(json!([{"column": "Day"}])), ["[PERSON_1]", "Zoë", "anna", "", "Anna"]);
    let both = json!([{"column": "Paid", "descending": true}, {"column": "Amount"}]);
    assert_eq!(ordered(both), ["Anna", "Zoë", "", "anna", "[PERSON_1]"]);
}

#[test]
fn of_many_rows_only_the_first_are_held() {
    let query: Query =
        serde_json::from_value(json!({"order_by": [{"column": "Amount"}], "limit": 3})).unwrap();
    let mut run = Run::new(&query, &table()).unwrap();
    for number in 0..10_000_u32 {
        let amount = Cell::Number(f64::from(number.wrapping_mul(7919) % 10_000));
        run.row(&[Cell::Text("x".repeat(10_000)), amount]).unwrap();
    }
    let rows: Vec<_> = run.finish().unwrap().rows.map(|row| row.unwrap()[1].clone()).collect();
    assert_eq!(rows, [0.0, 1.0, 2.0].map(Cell::Number));
}

#[test]
fn held_rows_are_bounded() {
    let text = |number: u32| [Cell::Text(format!("{number:x>9000}"))];
    let all = |query: Value, rows: u32| {
        let mut run = Run::new(&serde_json::from_value(query).unwrap(), &table()).unwrap();
        (0..rows)
            .try_for_each(|number| run.row(&text(number)).map(drop))
            .and_then(|()| run.finish().map(drop))
    };
    assert_eq!(all(json!({"order_by": [{"column": "Client"}]}), 100), Ok(()));
    assert!(all(json!({"order_by": [{"column": "Client"}]}), 4000).is_err());
    assert_eq!(all(json!({"group_by": ["Client"]}), 100), Ok(()));
    assert!(all(json!({"group_by": ["Client"]}), 1000).is_err());
}

#[test]
fn aggregates_are_those_of_a_spreadsheet() {
    let sums = json!([
        {"op": "count"}, {"op": "count", "column": "Day"}, {"op": "sum", "column": "Amount"},
        {"op": "avg", "column": "Amount"}, {"op": "min", "column": "Day"}, {"op": "max", "column": "Amount", "name": "Most"},
    ]);
    assert_eq!(
        run(json!({"group_by": ["Client"], "aggregates": sums, "order_by": [{"column": "Most"}]})).unwrap(),
        (
            vec![
                "anna|2|1|-4.8|-2.4|2024-05-01 18:30:00|0.2".into(),
                "Zoë|1|1|10.1|10.1|2024-05-01|10.1".into(),
                "|1|1|100|100|2024-06-01|100".into(),
                "[PERSON_1]|1|1|0||2023-12-31|".into(),
            ],
            // A masked amount is in no sum, no mean and no maximum.
            1
        )
    );
    assert_eq!(found(json!({"group_by": ["Paid"], "limit": 2})), ["TRUE", "FALSE"]);
}

#[test]
fn without_group_by_all_rows_are_one_group_even_if_there_are_none() {
    let sums = json!([{"op": "sum", "column": "Amount"}, {"op": "avg", "column": "Amount"}, {"op": "count"}]);
    let none = json!([{"column": "Client", "op": "eq", "value": "nobody"}]);
    assert_eq!(found(json!({"aggregates": sums, "where": none})), ["0||0"]);
    assert_eq!(found(json!({"aggregates": sums})), ["105.3|26.325|5"]);
    let query = serde_json::from_value(json!({"aggregates": sums})).unwrap();
    let names: Vec<_> =
        Run::new(&query, &table()).unwrap().columns().iter().map(|one| one.name.clone()).collect();
    assert_eq!(names, ["Sum of Amount", "Average of Amount", "Count"]);
}

#[test]
fn errors_name_valid_alternatives() {
    for (query, told) in [
        (
            json!({"columns": ["Amont"]}),
            r#"There is no column "Amont". There are: Client, Amount, Day, Paid."#,
        ),
        (
            json!({"group_by": ["Client"], "order_by": [{"column": "Day"}]}),
            r#"There is no column "Day". There are: Client."#,
        ),
        (
            json!({"aggregates": [{"op": "sum", "column": "Client"}]}),
            "Sum needs a column of another kind. There are: Amount.",
        ),
        (
            json!({"aggregates": [{"op": "max"}]}),
            "Max needs a column of another kind. There are: Amount, Day.",
        ),
        (
            json!({"group_by": ["Client"], "columns": ["Client"]}),
            "With group_by or aggregates, the columns are those of group_by and the aggregates: leave out columns.",
        ),
        (
            json!({"where": [{"column": "Amount", "op": "gt", "value": "much"}]}),
            r#"The value for "Amount" must be like the column, which holds numbers."#,
        ),
        (
            json!({"where": [{"column": "Amount", "op": "gt", "value": "[MONEY_1]"}]}),
            r#"The value for "Amount" must be like the column, which holds numbers."#,
        ),
        (
            json!({"where": [{"column": "Paid", "op": "lt", "value": true}]}),
            r#"The value for "Paid" must be like the column, which holds true or false."#,
        ),
        (
            json!({"where": [{"column": "Day", "op": "eq"}]}),
            r#"The value for "Day" must be there, and one: is_empty asks for empty cells."#,
        ),
        (
            json!({"where": [{"column": "Day", "op": "contains", "value": 5}]}),
            r#"The value for "Day" must be a text."#,
        ),
        (json!({"columns": ["Day", "day"]}), "Two columns are called Day: each must have a name of its own."),
    ] {
        assert_eq!(refused(query.clone()), told, "{query}");
    }
    assert!(serde_json::from_value::<Query>(json!({"join": []})).is_err());
    assert!(serde_json::from_value::<Query>(json!({"where": [{"column": "a", "op": "like"}]})).is_err());
}
