//! Decimals that record if a computation rounded them.

use std::fmt;

use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, MathematicalOps as _, RoundingStrategy};

use crate::error::Reason;

/// A number of 28 digits (some of 29), of which at most 28 are decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    number: Decimal,
    is_exact: bool,
}

/// Writes all digits, without an exponent or trailing zeros.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.normalize().fmt(f)
    }
}

/// Computes a power of ten. `None` above 28.
fn ten_to(power: u32) -> Option<Decimal> {
    10i128.checked_pow(power).and_then(|ten| Decimal::try_from_i128_with_scale(ten, 0).ok())
}

/// The number in units of ten to the minus `scale`, modulo 2^128.
///
/// The numbers compared here differ by a rounding error far below 2^127: they are equal if they are equal modulo 2^128.
fn units(number: Decimal, scale: u32) -> i128 {
    number.mantissa().wrapping_mul(10i128.wrapping_pow(scale.saturating_sub(number.scale())))
}

impl Value {
    /// Makes an exact value.
    pub(crate) const fn exact(number: Decimal) -> Self {
        Self { number, is_exact: true }
    }

    /// Makes a value of which digits were rounded off.
    pub(crate) const fn rounded(number: Decimal) -> Self {
        Self { number, is_exact: false }
    }

    /// Returns false if a computation rounded digits off. Rounding by `round`, `floor` and `ceil` does not count.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.is_exact
    }

    pub(crate) fn is_one(self) -> bool {
        self.number == Decimal::ONE
    }

    pub(crate) fn negated(self) -> Self {
        Self { number: -self.number, ..self }
    }

    pub(crate) fn plus(self, other: Self) -> Result<Self, Reason> {
        let (a, b) = (self.number.normalize(), other.number.normalize());
        let sum = a.checked_add(b).ok_or(Reason::TooLarge)?;
        let scale = a.scale().max(b.scale()).max(sum.scale());
        let is_exact = units(a, scale).wrapping_add(units(b, scale)) == units(sum, scale);
        Ok(Self { number: sum, is_exact: is_exact && self.is_exact && other.is_exact })
    }

    pub(crate) fn minus(self, other: Self) -> Result<Self, Reason> {
        self.plus(other.negated())
    }

    pub(crate) fn times(self, other: Self) -> Result<Self, Reason> {
        let (a, b) = (self.number.normalize(), other.number.normalize());
        let product = a.checked_mul(b).ok_or(Reason::TooLarge)?;
        if product.is_zero() && !a.is_zero() && !b.is_zero() {
            return Err(Reason::TooSmall);
        }
        let scale = a.scale() + b.scale();
        // With more dropped decimals, the rounding error may be 2^127 or more: too large to compare modulo 2^128.
        let is_near = scale.saturating_sub(product.scale()) <= 38;
        let is_exact = is_near && a.mantissa().wrapping_mul(b.mantissa()) == units(product, scale);
        let is_zero = product.is_zero();
        let is_exact = (is_exact || is_zero) && self.is_exact && other.is_exact;
        Ok(Self { number: product, is_exact })
    }

    pub(crate) fn over(self, other: Self) -> Result<Self, Reason> {
        let (a, b) = (self.number.normalize(), other.number.normalize());
        if b.is_zero() {
            return Err(Reason::DivisionByZero);
        }
        let quotient = a.checked_div(b).ok_or(Reason::TooLarge)?.normalize();
        if quotient.is_zero() && !a.is_zero() {
            return Err(Reason::TooSmall);
        }
        let scale = quotient.scale() + b.scale();
        // A dividend with more decimals than the product cannot equal it.
        let is_exact =
            a.scale() <= scale && quotient.mantissa().wrapping_mul(b.mantissa()) == units(a, scale);
        Ok(Self { number: quotient, is_exact: is_exact && self.is_exact && other.is_exact })
    }

    /// Computes the remainder with the sign of the divisor, as spreadsheets do.
    pub(crate) fn modulo(self, divisor: Self) -> Result<Self, Reason> {
        if divisor.number.is_zero() {
            return Err(Reason::DivisionByZero);
        }
        let rest = self.number.checked_rem(divisor.number).ok_or(Reason::TooLarge)?;
        let rest = Self { number: rest, is_exact: self.is_exact && divisor.is_exact };
        let is_other_sign = rest.number.is_sign_negative() != divisor.number.is_sign_negative();
        if rest.number.is_zero() || !is_other_sign { Ok(rest) } else { rest.plus(divisor) }
    }

    pub(crate) fn to_power(self, exponent: Self) -> Result<Self, Reason> {
        let whole = exponent.number.normalize();
        let power = if whole.scale() == 0 {
            let power = whole.abs().to_u128().ok_or(Reason::TooLarge)?;
            if whole.is_sign_positive() { self.to_whole_power(power) } else { self.to_negative_power(power) }
        } else {
            self.to_fractional_power(exponent.number)
        }?;
        Ok(Self { is_exact: power.is_exact && exponent.is_exact, ..power })
    }

    fn to_whole_power(self, mut power: u128) -> Result<Self, Reason> {
        let (mut square, mut result) = (self, Self::exact(Decimal::ONE));
        while power > 0 {
            if power % 2 == 1 {
                result = result.times(square)?;
            }
            power /= 2;
            if power > 0 {
                square = square.times(square)?;
            }
        }
        Ok(result)
    }

    fn to_negative_power(self, power: u128) -> Result<Self, Reason> {
        match self.to_whole_power(power) {
            Ok(result) => Self::exact(Decimal::ONE).over(result),
            Err(Reason::TooLarge) => Err(Reason::TooSmall),
            Err(Reason::TooSmall) => Err(Reason::TooLarge),
            Err(other) => Err(other),
        }
    }

    fn to_fractional_power(self, power: Decimal) -> Result<Self, Reason> {
        if self.number.is_zero() {
            return if power.is_sign_positive() { Ok(self) } else { Err(Reason::DivisionByZero) };
        }
        if self.number.is_sign_negative() {
            return Err(Reason::NegativeRoot);
        }
        if power == Decimal::new(5, 1) {
            return self.root();
        }
        let is_small = (self.number < Decimal::ONE) == power.is_sign_positive();
        rounded_result(
            self.number.checked_powd(power),
            if is_small { Reason::TooSmall } else { Reason::TooLarge },
        )
    }

    /// Computes the square root.
    pub(crate) fn root(self) -> Result<Self, Reason> {
        let root = self.number.sqrt().ok_or(Reason::NegativeRoot)?;
        let root = Self::exact(root);
        let is_exact = root.times(root).is_ok_and(|square| square.is_exact && square.number == self.number);
        Ok(Self { is_exact: is_exact && self.is_exact, ..root })
    }

    /// Computes the natural logarithm.
    pub(crate) fn logarithm(self) -> Result<Self, Reason> {
        if self.number == Decimal::ONE {
            return Ok(Self { number: Decimal::ZERO, ..self });
        }
        self.number.checked_ln().map(Self::rounded).ok_or(Reason::Logarithm)
    }

    /// Computes the logarithm to base ten.
    pub(crate) fn decimal_logarithm(self) -> Result<Self, Reason> {
        let logarithm = self.number.checked_log10().map(Self::rounded).ok_or(Reason::Logarithm)?;
        let whole = Self::exact(logarithm.number.round());
        let ten = Self::exact(Decimal::TEN).to_power(whole);
        let is_whole = ten.is_ok_and(|ten| ten.is_exact && ten.number == self.number);
        Ok(if is_whole { Self { is_exact: self.is_exact, ..whole } } else { logarithm })
    }

    /// Computes e to the power of this value.
    pub(crate) fn exponential(self) -> Result<Self, Reason> {
        if self.number.is_zero() {
            return Ok(Self { number: Decimal::ONE, ..self });
        }
        let is_small = self.number.is_sign_negative();
        rounded_result(self.number.checked_exp(), if is_small { Reason::TooSmall } else { Reason::TooLarge })
    }

    pub(crate) fn absolute(self) -> Self {
        Self { number: self.number.abs(), ..self }
    }

    pub(crate) fn floor(self) -> Self {
        Self { number: self.number.floor(), ..self }
    }

    pub(crate) fn ceiling(self) -> Self {
        Self { number: self.number.ceil(), ..self }
    }

    /// Rounds to decimal places, or to tens, hundreds and so on if `places` is negative; halves away from zero.
    pub(crate) fn round(self, places: Self) -> Result<Self, Reason> {
        let places = places.number.normalize();
        let places = if places.scale() == 0 { places.to_i32() } else { None };
        let places = places.filter(|places| (-28..=28).contains(places)).ok_or(Reason::Places)?;
        if places >= 0 {
            let strategy = RoundingStrategy::MidpointAwayFromZero;
            let number = self.number.round_dp_with_strategy(places.unsigned_abs(), strategy);
            return Ok(Self { number, ..self });
        }
        let unit = ten_to(places.unsigned_abs()).ok_or(Reason::Places)?;
        let rest = self.number.abs() % unit;
        let mut number = self.number.abs() - rest;
        if rest + rest >= unit {
            number = number.checked_add(unit).ok_or(Reason::TooLarge)?;
        }
        Ok(Self { number: if self.number.is_sign_negative() { -number } else { number }, ..self })
    }

    /// The smaller of both values.
    pub(crate) fn least(self, other: Self) -> Self {
        Self { number: self.number.min(other.number), is_exact: self.is_exact && other.is_exact }
    }

    /// The larger of both values.
    pub(crate) fn most(self, other: Self) -> Self {
        Self { number: self.number.max(other.number), is_exact: self.is_exact && other.is_exact }
    }
}

/// Makes a rounded value of a result that is in range, or the error `out_of_range`.
fn rounded_result(number: Option<Decimal>, out_of_range: Reason) -> Result<Value, Reason> {
    number.filter(|number| !number.is_zero()).map(Value::rounded).ok_or(out_of_range)
}
