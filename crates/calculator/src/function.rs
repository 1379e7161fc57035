//! Functions and constants.

use rust_decimal::Decimal;

use crate::error::Reason;
use crate::value::Value;

/// A function of the calculator.
#[derive(Clone, Copy)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    compute: Compute,
}

#[derive(Clone, Copy)]
enum Compute {
    /// Takes one number.
    One(fn(Value) -> Result<Value, Reason>),
    /// Takes one or more numbers.
    Any(fn(&[Value]) -> Result<Value, Reason>),
    /// Rounds a number to the given decimal places, by default to none.
    Round,
    /// Computes the remainder of two numbers.
    Modulo,
}

const fn of_one(name: &'static str, compute: fn(Value) -> Result<Value, Reason>) -> Function {
    Function { name, compute: Compute::One(compute) }
}

const fn of_any(name: &'static str, compute: fn(&[Value]) -> Result<Value, Reason>) -> Function {
    Function { name, compute: Compute::Any(compute) }
}

const FUNCTIONS: [Function; 13] = [
    of_any("sum", sum),
    of_any("avg", average),
    of_any("min", |values| fold(values, |one, other| Ok(one.least(other)))),
    of_any("max", |values| fold(values, |one, other| Ok(one.most(other)))),
    Function { name: "round", compute: Compute::Round },
    of_one("floor", |value| Ok(value.floor())),
    of_one("ceil", |value| Ok(value.ceiling())),
    of_one("abs", |value| Ok(value.absolute())),
    of_one("sqrt", Value::root),
    of_one("ln", Value::logarithm),
    of_one("log10", Value::decimal_logarithm),
    of_one("exp", Value::exponential),
    Function { name: "mod", compute: Compute::Modulo },
];

/// Finds a function by its name.
pub(crate) fn function(name: &str) -> Option<Function> {
    FUNCTIONS.into_iter().find(|function| function.name == name)
}

/// Finds a constant by its name.
pub(crate) fn constant(name: &str) -> Option<Value> {
    match name {
        "pi" | "π" => Some(Value::rounded(Decimal::PI)),
        "e" => Some(Value::rounded(Decimal::E)),
        _ => None,
    }
}

/// The names of all functions except `mod`, which is an operator as well.
pub(crate) fn names() -> String {
    let names: Vec<_> =
        FUNCTIONS.iter().map(|function| function.name).filter(|name| *name != "mod").collect();
    names.join(", ")
}

impl Function {
    pub(crate) fn of(self, arguments: &[Value]) -> Result<Value, Reason> {
        match (self.compute, arguments) {
            (Compute::One(compute), [value]) => compute(*value),
            (Compute::Any(compute), [_, ..]) => compute(arguments),
            (Compute::Round, [value]) => value.round(Value::exact(Decimal::ZERO)),
            (Compute::Round, [value, places]) => value.round(*places),
            (Compute::Modulo, [value, divisor]) => value.modulo(*divisor),
            (Compute::One(_), _) => Err(Reason::Arguments(self.name, "one number")),
            (Compute::Any(_), _) => Err(Reason::Arguments(self.name, "one number or more")),
            (Compute::Round, _) => Err(Reason::Arguments(self.name, "a number, and how many decimals")),
            (Compute::Modulo, _) => Err(Reason::Arguments(self.name, "two numbers")),
        }
    }
}

fn fold(values: &[Value], with: impl Fn(Value, Value) -> Result<Value, Reason>) -> Result<Value, Reason> {
    let (first, more) = values.split_first().ok_or(Reason::MissingOperand)?;
    more.iter().try_fold(*first, |one, other| with(one, *other))
}

fn sum(values: &[Value]) -> Result<Value, Reason> {
    fold(values, Value::plus)
}

fn average(values: &[Value]) -> Result<Value, Reason> {
    sum(values)?.over(Value::exact(Decimal::from(values.len())))
}
