//! From a tree with positions to types: a `serde` deserializer whose errors say
//! which key it was, where it stands and which name was meant.
//!
//! Must not know the types it fills. Every error passes through [`Refusal`].

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::jsonc::{Member, Node, NodeValue, Position};

/// Why a tree does not fit a type.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) cause: String,
    pub(super) hint: Option<String>,
    pub(super) at: Option<Position>,
    /// Keys from the outermost in.
    pub(super) path: Vec<String>,
}

impl Refusal {
    fn inside(mut self, key: &str) -> Self {
        self.path.insert(0, key.to_owned());
        self
    }

    fn or_at(mut self, at: &Position) -> Self {
        self.at.get_or_insert_with(|| at.clone());
        self
    }

    fn unknown(what: &str, name: &str, known: &'static [&'static str]) -> Self {
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known: {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
        };
        Self { cause: format!("unknown {what} `{name}`"), hint: Some(hint), at: None, path: Vec::new() }
    }
}

/// The known name that a mistyped one most likely stands for.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    known
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.cause)
    }
}

impl std::error::Error for Refusal {}

impl serde::de::Error for Refusal {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self { cause: message.to_string(), hint: None, at: None, path: Vec::new() }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown("key", field, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown("value", variant, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format!("key `{field}` is missing"))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format!("expected {expected}, found {}", kind(found)))
    }
}

/// What was found, without its value, which may be a secret.
fn kind(found: Unexpected<'_>) -> &str {
    match found {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "a whole number",
        Unexpected::Float(_) => "a number with a fraction",
        Unexpected::Char(_) | Unexpected::Str(_) => "text",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "a list",
        Unexpected::Map => "an object",
        Unexpected::Bytes(_)
        | Unexpected::NewtypeStruct
        | Unexpected::Enum
        | Unexpected::UnitVariant
        | Unexpected::NewtypeVariant
        | Unexpected::TupleVariant
        | Unexpected::StructVariant => "something else",
        Unexpected::Other(what) => what,
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let result = match &self.value {
            NodeValue::Null => visitor.visit_unit(),
            NodeValue::Bool(value) => visitor.visit_bool(*value),
            NodeValue::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), _, _) => visitor.visit_u64(value),
                (_, Some(value), _) => visitor.visit_i64(value),
                (_, _, Some(value)) => visitor.visit_f64(value),
                (None, None, None) => Err(Refusal::custom("the number is too large")),
            },
            NodeValue::String(text) => visitor.visit_borrowed_str(text),
            NodeValue::Array(items) => visitor.visit_seq(Items { next: items.iter().enumerate() }),
            NodeValue::Object(members) => visitor.visit_map(Members { next: members.iter(), current: None }),
        };
        result.map_err(|refusal| refusal.or_at(&self.at))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.value {
            NodeValue::Null => visitor.visit_none(),
            NodeValue::Bool(_)
            | NodeValue::Number(_)
            | NodeValue::String(_)
            | NodeValue::Array(_)
            | NodeValue::Object(_) => visitor.visit_some(self),
        }
        .map_err(|refusal| refusal.or_at(&self.at))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self).map_err(|refusal| refusal.or_at(&self.at))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let found = match &self.value {
            NodeValue::Object(_) => return self.deserialize_any(visitor),
            // A derived type would take a list as its fields in order: nobody means that.
            NodeValue::Array(_) => Unexpected::Seq,
            NodeValue::Null => Unexpected::Unit,
            NodeValue::Bool(value) => Unexpected::Bool(*value),
            NodeValue::Number(_) => Unexpected::Other("a number"),
            NodeValue::String(text) => Unexpected::Str(text),
        };
        Err(Refusal::invalid_type(found, &visitor).or_at(&self.at))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match &self.value {
            NodeValue::String(name) => visitor.visit_enum(UnitName(name)),
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Number(_)
            | NodeValue::Array(_)
            | NodeValue::Object(_) => self.deserialize_any(visitor),
        }
        .map_err(|refusal| refusal.or_at(&self.at))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'de> {
    next: std::iter::Enumerate<std::slice::Iter<'de, Node>>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refusal> {
        let Some((index, node)) = self.next.next() else { return Ok(None) };
        let value = seed.deserialize(node).map_err(|refusal| refusal.or_at(&node.at).inside(&index.to_string()))?;
        Ok(Some(value))
    }
}

struct Members<'de> {
    next: std::slice::Iter<'de, Member>,
    current: Option<&'de Member>,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        self.current = self.next.next();
        let Some(member) = self.current else { return Ok(None) };
        let key: serde::de::value::StrDeserializer<'_, Refusal> = member.key.as_str().into_deserializer();
        seed.deserialize(key).map(Some).map_err(|refusal| refusal.or_at(&member.key_at))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        let Some(member) = self.current.take() else {
            return Err(Refusal::custom("a value was asked for before its key"));
        };
        seed.deserialize(&member.node).map_err(|refusal| refusal.or_at(&member.node.at).inside(&member.key))
    }
}

/// An enum of plain names.
struct UnitName<'de>(&'de str);

impl<'de> EnumAccess<'de> for UnitName<'de> {
    type Error = Refusal;
    type Variant = UnitOnly;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, UnitOnly), Refusal> {
        let name: serde::de::value::StrDeserializer<'_, Refusal> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, UnitOnly))
    }
}

struct UnitOnly;

impl<'de> VariantAccess<'de> for UnitOnly {
    type Error = Refusal;

    fn unit_variant(self) -> Result<(), Refusal> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Refusal> {
        Err(Refusal::custom("expected an object, found text"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Refusal> {
        Err(Refusal::custom("expected an object, found text"))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Refusal> {
        Err(Refusal::custom("expected an object, found text"))
    }
}
