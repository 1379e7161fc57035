//! JSON of which no field can be relied on. A field of another shape than expected is absent and costs no other; one that comes
//! twice counts as it came last.

use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Reads a value; absent if it has another shape.
pub(super) fn read<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

/// An object of an expected shape, read where it stands; absent for another value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lenient<T>(pub(super) Option<T>);

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(AnyVisitor { take: |_: &T| false, of: PhantomData })
            .map(|any| Self(any.object))
    }
}

/// The first object of a list that fits, or the object in place of a list; or a mark that there was neither.
#[derive(Debug)]
pub(super) struct FirstOf<T> {
    /// The object that fits.
    pub(super) first: Option<T>,
    /// True for any value but null.
    pub(super) is_there: bool,
}

impl<T> Default for FirstOf<T> {
    fn default() -> Self {
        Self { first: None, is_there: false }
    }
}

/// An object that may be the one of a list.
pub(super) trait Fits {
    /// True for the one.
    fn fits(&self) -> bool;
}

impl<'de, T: Deserialize<'de> + Fits> Deserialize<'de> for FirstOf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let any = deserializer.deserialize_any(AnyVisitor { take: T::fits, of: PhantomData })?;
        // A list of one is easily written as its one object.
        Ok(Self { first: any.in_list.or(any.object), is_there: any.is_there })
    }
}

/// Any value, as far as it is an object or a list of objects.
struct Any<T> {
    object: Option<T>,
    in_list: Option<T>,
    is_there: bool,
}

struct AnyVisitor<T, F> {
    take: F,
    of: PhantomData<T>,
}

impl<T, F> AnyVisitor<T, F> {
    const fn other() -> Any<T> {
        Any { object: None, in_list: None, is_there: true }
    }
}

impl<'de, T: Deserialize<'de>, F: Fn(&T) -> bool> Visitor<'de> for AnyVisitor<T, F> {
    type Value = Any<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Any<T>, M::Error> {
        let object = T::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Any { object: Some(object), in_list: None, is_there: true })
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Any<T>, S::Error> {
        let mut in_list = None;
        while let Some(Lenient(object)) = list.next_element::<Lenient<T>>()? {
            in_list = in_list.or_else(|| object.filter(&self.take));
        }
        Ok(Any { object: None, in_list, is_there: true })
    }

    fn visit_unit<E: Error>(self) -> Result<Any<T>, E> {
        Ok(Any { object: None, in_list: None, is_there: false })
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Any<T>, E> {
        Ok(Self::other())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Any<T>, E> {
        Ok(Self::other())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Any<T>, E> {
        Ok(Self::other())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Any<T>, E> {
        Ok(Self::other())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Any<T>, E> {
        Ok(Self::other())
    }
}

/// One of several names, or none of them.
pub(super) struct NameOf(pub(super) &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for NameOf {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for NameOf {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().copied().find(|known| *known == name))
    }
}

/// The value of a name that is not known here.
pub(super) type Ignored = IgnoredAny;

/// Declares an object with the fields that matter here, each with its name on the wire.
macro_rules! wire_object {
    ($(#[$meta:meta])* struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty = $key:literal,)* }) => {
        $(#[$meta])*
        #[derive(Default)]
        struct $name<'a> {
            $($(#[$field_meta])* $field: $type,)*
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct ObjectVisitor<'a>(std::marker::PhantomData<&'a ()>);
                impl<'de: 'a, 'a> serde::de::Visitor<'de> for ObjectVisitor<'a> {
                    type Value = $name<'a>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<M: serde::de::MapAccess<'de>>(self, mut map: M) -> Result<$name<'a>, M::Error> {
                        let mut all = $name::default();
                        while let Some(name) = map.next_key_seed($crate::model::lenient::NameOf(&[$($key),*]))? {
                            match name {
                                $(Some($key) => all.$field = map.next_value()?,)*
                                _ => {
                                    map.next_value::<$crate::model::lenient::Ignored>()?;
                                }
                            }
                        }
                        Ok(all)
                    }
                }
                deserializer.deserialize_map(ObjectVisitor(std::marker::PhantomData))
            }
        }
    };
}
pub(super) use wire_object;
