//! Text of a body that is read in place. An alias of `Cow` would not do: behind an `Option`, serde copies what such a field
//! holds, whatever `#[serde(borrow)]` says.

use std::borrow::Cow;

use serde::Deserialize;

/// A piece of the body, unless it has an escape in it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Text<'_> {
    /// The same text, apart from the body.
    pub(crate) fn into_owned(self) -> String {
        self.0.into_owned()
    }
}

impl<'a> From<Cow<'a, str>> for Text<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self(text)
    }
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<Text<'_>> for Box<str> {
    fn from(text: Text<'_>) -> Self {
        text.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_borrowed_also_behind_an_option() {
        let borrowed = |json| match serde_json::from_str::<Option<Text<'_>>>(json) {
            Ok(Some(Text(text))) => matches!(text, Cow::Borrowed(_)),
            _ => panic!("{json} is text"),
        };
        assert!(borrowed(r#""plain""#) && !borrowed(r#""an \n escape""#));
    }
}
