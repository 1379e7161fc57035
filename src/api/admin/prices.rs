//! `/api/admin/prices`: prices of models.

use chrono::{DateTime, Datelike as _};
use serde_json::{Value, json};

use super::ctx::AdminCtx;
use crate::api::fields::Fields;
use crate::api::reply;
use crate::error::{Code, Error, abort_field};
use crate::ports::{Reply, WorkerPorts};

/// Highest price, in US dollars for a million tokens: what the column takes.
const MAX_USD: f64 = 999_999.0;

/// `GET /api/admin/prices`: all prices, with those that hold now.
pub(super) async fn list<W: WorkerPorts>(ctx: &AdminCtx<'_, W>) -> Result<Reply<W::Readable>, Error> {
    Ok(reply::envelope(&ctx.call("all_prices", &json!({})).await?))
}

/// `PUT /api/admin/prices`: a price of a model from a time on.
pub(super) async fn save<W: WorkerPorts>(
    ctx: &AdminCtx<'_, W>,
    body: &[u8],
) -> Result<Reply<W::Readable>, Error> {
    let arguments = json!({ "p_admin": ctx.admin, "p_price": parse(body)? });
    Ok(reply::json(200, ctx.call("save_price", &arguments).await?))
}

/// Reads a price. Tokens from the cache cost as much as others where nothing else is said.
fn parse(body: &[u8]) -> Result<Value, Error> {
    const MODEL: &str = "must have 1 to 100 characters";
    const USD: &str = "must be 0 to 999,999";
    const TIME: &str = "must be an RFC 3339 time from 2000 on";
    let refused = |name, rule| abort_field(Code::InvalidField, name, format!("{name} {rule}."));
    let fields = Fields::parse(body)?;
    let model: Option<String> = fields.get("model", MODEL)?;
    let is_model = |model: &String| (1..=100).contains(&model.chars().count()) && !model.contains('\0');
    let model = model.filter(is_model).ok_or_else(|| refused("model", MODEL))?;
    let usd = |name| {
        let price: Option<f64> = fields.get(name, USD)?;
        if price.is_some_and(|price| !(0.0..=MAX_USD).contains(&price)) {
            return Err(refused(name, USD));
        }
        Ok(price)
    };
    let input = usd("input_usd")?.ok_or_else(|| refused("input_usd", USD))?;
    let cached = usd("cached_input_usd")?.unwrap_or(input);
    let output = usd("output_usd")?.ok_or_else(|| refused("output_usd", USD))?;
    let valid_from: Option<String> = fields.get("valid_from", TIME)?;
    let is_time = |time: &String| {
        DateTime::parse_from_rfc3339(time).is_ok_and(|time| (2001..=9998).contains(&time.year()))
    };
    if valid_from.as_ref().is_some_and(|time| !is_time(time)) {
        return Err(refused("valid_from", TIME));
    }
    Ok(json!({
        "model": model, "input_usd": input, "cached_input_usd": cached, "output_usd": output, "valid_from": valid_from,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_of_a_model_and_not_below_zero() {
        let refused = |body: &str| parse(body.as_bytes()).err().map(|error| error.field().unwrap_or("?"));
        let whole = r#"{"model":"m","input_usd":1,"cached_input_usd":0,"output_usd":2.5,"valid_from":"2026-12-01T00:00:00Z"}"#;
        assert_eq!(refused(whole), None);
        let price = parse(br#"{"model":"m","input_usd":1.5,"output_usd":0}"#).unwrap();
        assert_eq!((&price["cached_input_usd"], &price["valid_from"]), (&json!(1.5), &Value::Null));
        for (body, field) in [
            (r#"{"input_usd":1,"output_usd":1}"#, "model"),
            (r#"{"model":"","input_usd":1,"output_usd":1}"#, "model"),
            (r#"{"model":"m","output_usd":1}"#, "input_usd"),
            (r#"{"model":"m","input_usd":-1,"output_usd":1}"#, "input_usd"),
            (r#"{"model":"m","input_usd":1,"output_usd":1000000}"#, "output_usd"),
            (
                r#"{"model":"m","input_usd":1,"output_usd":1,"valid_from":"0000-01-01T00:00:00Z"}"#,
                "valid_from",
            ),
            (r#"{"model":"m","input_usd":1,"output_usd":1,"valid_from":"soon"}"#, "valid_from"),
        ] {
            assert_eq!(refused(body), Some(field), "{body}");
        }
    }
}
