//! Values of expressions, and messages for mistakes in them.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;

fn shown(expression: &str) -> String {
    match evaluate(expression) {
        Ok(value) if value.is_exact() => value.to_string(),
        Ok(value) => format!("~{value}"),
        Err(wrong) => wrong.to_string(),
    }
}

fn reason(expression: &str) -> (usize, Reason) {
    let wrong = evaluate(expression).expect_err(expression);
    (wrong.at, wrong.reason)
}

#[test]
fn decimals_are_exact_and_rounded_results_are_marked() {
    for (expression, value) in [
        ("0.1 + 0.2", "0.3"),
        ("1.10 * 3", "3.3"),
        ("2.50 - 0.5", "2"),
        ("1/3", "~0.3333333333333333333333333333"),
        ("2/3", "~0.6666666666666666666666666667"),
        ("1/3*3", "~0.9999999999999999999999999999"),
        ("1/8", "0.125"),
        ("100000000 * 100000000", "10000000000000000"),
        ("0.00000000000001 * 0.00000000000001", "0.0000000000000000000000000001"),
        ("0.00000000000005 * 0.000000000000025", "~0.0000000000000000000000000012"),
        ("0.000000000000025 * 0.000000000000004", "0.0000000000000000000000000001"),
        ("1 + 0.0000000000000000000000000001", "1.0000000000000000000000000001"),
        ("100 + 0.0000000000000000000000000001", "~100"),
        ("79228162514264337593543950335", "79228162514264337593543950335"),
        ("0 * -1", "0"),
        ("-0.0", "0"),
        ("1.50", "1.5"),
        (".5", "0.5"),
    ] {
        assert_eq!(shown(expression), value, "{expression}");
    }
}

#[test]
fn operators_bind_as_in_mathematics() {
    for (expression, value) in [
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("10 - 4 - 3", "3"),
        ("100 / 10 / 5", "2"),
        ("2 ^ 3 ^ 2", "512"),
        ("2**10", "1024"),
        ("-2^2", "-4"),
        ("(-2)^2", "4"),
        ("2^-1", "0.5"),
        ("2 * -3", "-6"),
        ("- - 3 + +4", "7"),
        ("6 ÷ 3 × 2 − 1", "3"),
        ("17 mod 5", "2"),
        ("-7 mod 3", "2"),
        ("7 mod -3", "-2"),
        ("-7 MOD -3", "-1"),
        ("6 mod 3", "0"),
        ("mod(17.5, 5)", "2.5"),
        ("2 + 17 mod 5 * 3", "8"),
    ] {
        assert_eq!(shown(expression), value, "{expression}");
    }
}

#[test]
fn percentages_need_a_base() {
    for (expression, value) in [
        ("19%", "0.19"),
        ("19% of 200", "38"),
        ("200 + 19% of 200", "238"),
        ("200 * 19%", "38"),
        ("200 * (1 + 19%)", "238"),
        ("100% - 19%", "0.81"),
        ("1 - 19%", "0.81"),
        ("19% * 3 mod 2", "0.57"),
        ("-5% of 40", "-2"),
        ("50%^2", "0.25"),
        ("200 + (19%)", "200.19"),
        ("7.5%", "0.075"),
    ] {
        assert_eq!(shown(expression), value, "{expression}");
    }
    assert_eq!(reason("200 + 19%"), (9, Reason::PercentAdded));
    assert_eq!(reason("200 - -19%"), (10, Reason::PercentAdded));
    assert_eq!(reason("17 % 5"), (4, Reason::PercentBetween));
    assert_eq!(reason("5%%"), (2, Reason::PercentBetween));
    assert_eq!(reason("3 of 4"), (3, Reason::StrayOf));
}

#[test]
fn functions_and_constants() {
    for (expression, value) in [
        ("sum(1, 2.5, 3)", "6.5"),
        ("SUM(1,2,3)", "6"),
        ("avg(1, 2)", "1.5"),
        ("avg(1, 2, 2)", "~1.6666666666666666666666666667"),
        ("min(3, -1, 2) + max(3, -1, 2)", "2"),
        ("round(2.345, 2)", "2.35"),
        ("round(-2.5)", "-3"),
        ("round(1250, -2)", "1300"),
        ("round(-1249.99, -2)", "-1200"),
        ("round(49, -28)", "0"),
        ("floor(-1.5)", "-2"),
        ("ceil(1.2)", "2"),
        ("abs(-3)", "3"),
        ("sqrt(16)", "4"),
        ("sqrt(0.25)", "0.5"),
        ("sqrt(2)", "~1.4142135623730950488016887242"),
        ("2^0.5", "~1.4142135623730950488016887242"),
        ("0^0.5", "0"),
        ("9^0.5", "3"),
        ("ln(1)", "0"),
        ("ln(2)", "~0.6931471805599453094172321"),
        ("log10(1000)", "3"),
        ("log10(0.01)", "-2"),
        ("exp(0)", "1"),
        ("exp(1)", "~2.71828182845904523536028747"),
        ("pi", "~3.1415926535897932384626433833"),
        ("2 * e", "~5.4365636569180904707205749428"),
        ("1000 * (1 + 3.5%)^10", "~1410.598760621"),
    ] {
        let found = shown(expression);
        // The last digits of irrational results depend on the algorithm.
        assert!(found == value || (value.len() > 12 && found.starts_with(value)), "{expression}: {found}");
    }
}

#[test]
fn numbers_are_never_guessed_at() {
    for (expression, value) in [
        ("1_000_000", "1000000"),
        ("1,234,567", "1234567"),
        ("1,234.50", "1234.5"),
        ("12,345,678.9 + 1", "12345679.9"),
        ("max(1,5)", "5"),
        ("max(1000,2000)", "2000"),
        ("max(0,123)", "123"),
        ("max((1,234.5), 2)", "1234.5"),
        ("max(1234, 567)", "1234"),
        ("round(2.345,2)", "2.35"),
        ("sum(1, 2, )", "Character 11: A number is missing here."),
        ("1,5", "Character 1: Decimals follow a point. Write 1.5."),
        ("2 * 0,123", "Character 5: Decimals follow a point. Write 0.123."),
        ("1,234", "Character 1: The comma can be read in two ways. Write 1234 or 1.234."),
    ] {
        assert_eq!(shown(expression), value, "{expression}");
    }
    for (expression, at) in
        [("1.234.567", 1), ("1.234,56", 1), ("12,34,567", 1), ("3 + 5.", 5), ("1__0", 1), (".", 1)]
    {
        assert!(
            matches!(reason(expression), (found, Reason::MalformedNumber(_)) if found == at),
            "{expression}"
        );
    }
    for (expression, at) in [("sum(100,200)", 5), ("max(3, 1,234.5)", 8), ("sum(1,2,345)", 5)] {
        assert!(
            matches!(reason(expression), (found, Reason::ThousandsInFunction(_)) if found == at),
            "{expression}"
        );
    }
    assert_eq!(reason("0.00000000000000000000000000001"), (1, Reason::TooManyDigits));
    assert_eq!(reason("1 + 79228162514264337593543950336"), (5, Reason::TooManyDigits));
}

#[test]
fn errors_have_a_position_and_a_reason() {
    let unknown = |name: &str| Reason::UnknownName { name: name.into(), known: function::names() };
    for (expression, at, reason_there) in [
        ("", 1, Reason::MissingOperand),
        ("1 +", 4, Reason::MissingOperand),
        ("1 + * 2", 5, Reason::MissingOperand),
        ("1 000", 3, Reason::MissingOperator),
        ("2(3)", 2, Reason::MissingOperator),
        ("2 pi", 3, Reason::MissingOperator),
        ("1e5", 2, Reason::MissingOperator),
        ("max(1 2)", 7, Reason::MissingOperator),
        ("(1 + 2", 1, Reason::MissingClose),
        ("sqrt(4", 5, Reason::MissingClose),
        ("1 + 2)", 6, Reason::ExtraClose),
        ("(1, 2)", 3, Reason::StrayComma),
        ("1, 2", 2, Reason::StrayComma),
        ("ü5 + 1", 1, unknown("ü5")),
        ("ä + 1", 1, unknown("ä")),
        ("3 € + 1", 3, Reason::UnknownCharacter('€')),
        ("3 + log(5)", 5, unknown("log")),
        ("of", 1, Reason::MissingOperand),
        ("sqrt 4", 1, Reason::MissingArguments("sqrt")),
        ("1 + sum()", 5, Reason::Arguments("sum", "one number or more")),
        ("sqrt(1, 2)", 1, Reason::Arguments("sqrt", "one number")),
        ("1 / (2 - 2)", 3, Reason::DivisionByZero),
        ("1 mod 0", 3, Reason::DivisionByZero),
        ("0^-1", 2, Reason::DivisionByZero),
        ("0^-0.5", 2, Reason::DivisionByZero),
        ("1 + 10^29", 7, Reason::TooLarge),
        ("10^28 * 10", 7, Reason::TooLarge),
        ("2^-100", 2, Reason::TooSmall),
        ("0.1^29", 4, Reason::TooSmall),
        ("0.1^-29", 4, Reason::TooLarge),
        ("exp(1000)", 1, Reason::TooLarge),
        ("exp(-1000)", 1, Reason::TooSmall),
        ("0.5^1000.5", 4, Reason::TooSmall),
        ("sqrt(-1)", 1, Reason::NegativeRoot),
        ("(-8)^0.5", 5, Reason::NegativeRoot),
        ("ln(0)", 1, Reason::Logarithm),
        ("log10(-1)", 1, Reason::Logarithm),
        ("round(1, 0.5)", 1, Reason::Places),
        ("round(1, 29)", 1, Reason::Places),
    ] {
        assert_eq!(reason(expression), (at, reason_there), "{expression}");
    }
    assert!(shown("3 + log(5)").starts_with("Character 5: \"log\" is not known. Use sum, avg, "));
}

#[test]
fn bounds_hold() {
    let nested = |open: &str, close: &str, levels| open.repeat(levels) + "1" + &close.repeat(levels);
    assert_eq!(shown(&nested("(", ")", MAX_DEPTH)), "1");
    assert_eq!(reason(&nested("(", ")", MAX_DEPTH + 1)), (66, Reason::TooDeep));
    assert_eq!(reason(&nested("abs(", ")", 199)).1, Reason::TooDeep);
    assert_eq!(reason(&nested("-", "", 999)).1, Reason::TooDeep);
    assert_eq!(reason(&nested("1^", "", 499)).1, Reason::TooDeep);
    assert_eq!(shown(&nested("1+", "", 499)), "500");
    assert_eq!(reason(&nested("1+", "", 500)), (1, Reason::TooLong));
}

/// An expression tree that can be written as text and computed.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(Decimal),
    Minus(Box<Self>),
    Two(char, Box<Self>, Box<Self>),
}

impl Tree {
    fn strength(&self) -> u8 {
        match self {
            Self::Two('+' | '-', ..) => 0,
            Self::Two(..) => 1,
            Self::Minus(_) => 2,
            Self::Leaf(_) => 3,
        }
    }

    /// The expression with the fewest parentheses.
    fn written(&self, least: u8) -> String {
        let written = match self {
            Self::Leaf(number) => number.to_string(),
            Self::Minus(inner) => format!("-{}", inner.written(2)),
            Self::Two(operator, left, right) => {
                format!("{} {operator}{}", left.written(self.strength()), right.written(self.strength() + 1))
            }
        };
        if self.strength() < least { format!("({written})") } else { written }
    }

    fn computed(&self) -> Option<Decimal> {
        match self {
            Self::Leaf(number) => Some(*number),
            Self::Minus(inner) => inner.computed().map(|number| -number),
            Self::Two(operator, left, right) => {
                let (left, right) = (left.computed()?.normalize(), right.computed()?.normalize());
                match operator {
                    '+' => left.checked_add(right),
                    '-' => left.checked_sub(right),
                    '*' => left.checked_mul(right),
                    _ => left.checked_div(right),
                }
            }
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = (0i64..1_000_000, 0u32..5).prop_map(|(digits, scale)| Tree::Leaf(Decimal::new(digits, scale)));
    leaf.prop_recursive(5, 24, 2, |inner| {
        let operator = prop::sample::select(vec!['+', '-', '*', '/']);
        prop_oneof![
            inner.clone().prop_map(|tree| Tree::Minus(Box::new(tree))),
            (operator, inner.clone(), inner).prop_map(|(operator, left, right)| Tree::Two(
                operator,
                Box::new(left),
                Box::new(right)
            )),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_decimals(tree in tree()) {
        let written = tree.written(0);
        match (evaluate(&written), tree.computed()) {
            (Ok(value), Some(number)) => prop_assert_eq!(value.to_string(), number.normalize().to_string(), "{}", written),
            (Err(CalculatorError { reason: Reason::TooSmall | Reason::TooLong, .. }), Some(_)) | (Err(_), None) => {}
            (found, number) => prop_assert!(false, "{}: {:?} {:?}", written, found, number),
        }
    }

    #[test]
    fn exact_is_exact(a in -1_000_000_000i128..1_000_000_000, b in 1i128..1_000_000, scale in 0u32..15) {
        let (one, other) = (Decimal::from_i128_with_scale(a, scale), Decimal::from_i128_with_scale(b, 0));
        let product = evaluate(&format!("({one}) * {other} + {one}")).unwrap();
        prop_assert!(product.is_exact());
        // A fraction has at most 28 decimal places if its denominator divides ten to the power of 28.
        let unit = 10i128.pow(28 - scale);
        let value = evaluate(&format!("({one}) / {other}")).unwrap();
        prop_assert_eq!(value.is_exact(), a % b == 0 || (a % b) * (unit % b) % b == 0, "{}", value);
    }

    #[test]
    fn printed_and_read_again_is_the_same(digits in any::<i64>(), scale in 0u32..29, divisor in 1u32..) {
        let number = Decimal::from_i128_with_scale(digits.into(), scale);
        for expression in [format!("({number}) / {divisor}"), format!("({number}) * {divisor}"), number.to_string()] {
            let Ok(value) = evaluate(&expression) else { continue };
            let printed = value.to_string();
            let again = evaluate(&printed).unwrap();
            prop_assert_eq!(again.to_string(), printed.clone());
            prop_assert!(again.is_exact() && !printed.contains(['e', 'E']));
            prop_assert!(!printed.contains('.') || !printed.ends_with(['0', '.']));
        }
    }

    #[test]
    fn no_text_panics(text in "([0-9.,_+*/^%() -]|sum\\(|round\\(|ln\\(|exp\\(|log10\\(|sqrt\\(| mod | of |pi|e|[0-9]{20}|[a-z€ü−]){0,80}") {
        if let Err(wrong) = evaluate(&text) {
            prop_assert!(wrong.at >= 1 && wrong.at <= text.chars().count() + 1, "{}", wrong);
        }
    }

    #[test]
    fn no_numbers_panic(
        a in any::<i128>(), b in any::<i128>(), scales in (0u32..29, 0u32..29), shift in (0u32..120, 0u32..120),
        with in prop::sample::select(vec!["({a}) ^ ({b})", "exp({a})", "ln({a})", "log10({a})", "sqrt({a})", "({a}) mod ({b})", "round({a}, {b})", "({a}) / ({b})", "({a}) * ({b})", "avg({a}, {b})"]),
    ) {
        let cut = |number: i128, shift: u32, scale| {
            Decimal::try_from_i128_with_scale((number >> 32) >> shift.min(90), scale).unwrap_or(Decimal::ONE)
        };
        let (a, b) = (cut(a, shift.0, scales.0), cut(b, shift.1, scales.1));
        let _ = evaluate(&with.replace("{a}", &a.to_string()).replace("{b}", &b.to_string()));
    }
}
