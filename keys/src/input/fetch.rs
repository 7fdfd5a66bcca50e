//! What an app asks for when it fetches many keys with one request.

use std::collections::HashMap;

use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Type};

use keyward_store::model::{Environment, Id};

use super::KeyRef;

/// What an app fetches with one request.
#[derive(Default, ToSchema)]
pub struct FetchMany {
    /// The keys, 1 to 1,000.
    #[schema(required = false, schema_with = keys_schema)]
    pub keys: Vec<KeyRef>,
    /// Instead of naming keys: all of this environment that the token was granted.
    pub environment: Option<Environment>,
    /// The version that the app has of each key: of a key that still has it, the value is left out.
    #[schema(required = false, value_type = HashMap<String, u32>)]
    pub have: HashMap<Id, u32>,
}

/// A list of ids, or of objects that name a key by `_id`, `keyId`, or environment and name.
fn keys_schema() -> Array {
    let text =
        || ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(128)).build();
    let named = |fields: &[&str]| -> Object {
        let object = ObjectBuilder::new().schema_type(Type::Object);
        fields.iter().fold(object, |object, field| object.property(*field, text()).required(*field)).build()
    };
    let environments = ["development", "staging", "production"];
    let environment = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(environments)).build();
    let in_environment = ObjectBuilder::new()
        .property("environment", environment)
        .required("environment")
        .property("name", text());
    let item = OneOfBuilder::new()
        .item(text())
        .item(named(&["_id"]))
        .item(named(&["keyId"]))
        .item(in_environment.required("name").build());
    ArrayBuilder::new().items(item).min_items(Some(1)).max_items(Some(1000)).build()
}
