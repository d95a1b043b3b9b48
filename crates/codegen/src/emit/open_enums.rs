//! Emits value sets that may grow as enums that keep any other text.

use heck::ToPascalCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::lower::OpenEnum;
use crate::lower::enums::variant_name;

pub(super) fn emit(enums: &[OpenEnum]) -> TokenStream {
    let items = enums.iter().map(one);
    quote! {
        /// Value sets that the vendor may extend. A value that is not known is kept as text, never refused.
        pub mod open {
            #(#items)*
        }
    }
}

fn one(open: &OpenEnum) -> TokenStream {
    let name = format_ident!("{}", open.schema.to_pascal_case());
    let doc = &open.description;
    let values: Vec<&str> = open.values.iter().map(|(value, _)| value.as_str()).collect();
    let variants: Vec<_> = values.iter().map(|value| format_ident!("{}", variant_name(value))).collect();
    let docs = open.values.iter().map(|(value, meaning)| match meaning.as_str() {
        "" => format!("`{value}`"),
        meaning => format!("`{value}`: {meaning}"),
    });
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum #name {
            #( #[doc = #docs] #variants, )*
            /// A value that is not in the list above, as it came.
            Other(::std::string::String),
        }

        impl #name {
            /// All values known today, as they are on the wire.
            pub const KNOWN: &'static [&'static str] = &[#(#values),*];

            /// The value as it is on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    #( Self::#variants => #values, )*
                    Self::Other(text) => text,
                }
            }

            /// Whether the value is in the list known today.
            pub fn is_known(&self) -> bool {
                !::std::matches!(self, Self::Other(_))
            }
        }

        impl ::std::convert::From<&str> for #name {
            fn from(text: &str) -> Self {
                match text {
                    #( #values => Self::#variants, )*
                    other => Self::Other(::std::borrow::ToOwned::to_owned(other)),
                }
            }
        }

        impl ::std::convert::From<::std::string::String> for #name {
            fn from(text: ::std::string::String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl ::std::str::FromStr for #name {
            type Err = ::std::convert::Infallible;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                ::std::result::Result::Ok(Self::from(text))
            }
        }

        impl ::std::fmt::Display for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::serde::Serialize for #name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for #name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let text: ::std::borrow::Cow<'de, str> = ::serde::Deserialize::deserialize(deserializer)?;
                ::std::result::Result::Ok(Self::from(text.as_ref()))
            }
        }
    }
}
