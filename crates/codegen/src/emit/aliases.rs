//! Adds other spellings of members to the generated fields, so that an answer is read whichever of them it uses.

use heck::ToPascalCase;
use syn::{Attribute, File, Item, ItemStruct, LitStr, parse_quote};

use crate::lower::Alias;

pub(super) fn add(file: &mut File, aliases: &[Alias]) {
    let types = file.items.iter_mut().find_map(|item| match item {
        Item::Mod(module) if module.ident == "types" => module.content.as_mut(),
        _ => None,
    });
    for item in types.into_iter().flat_map(|(_, items)| items) {
        if let Item::Struct(item) = item {
            let own = aliases.iter().filter(|alias| item.ident == alias.schema.to_pascal_case());
            own.collect::<Vec<_>>().into_iter().for_each(|alias| extend(item, alias));
        }
    }
}

fn extend(item: &mut ItemStruct, alias: &Alias) {
    for field in &mut item.fields {
        let plain = field.ident.as_ref().is_some_and(|name| *name == alias.member);
        if renamed(&field.attrs).map_or(plain, |name| name == alias.member) {
            for other in &alias.names {
                field.attrs.push(parse_quote!(#[serde(alias = #other)]));
            }
        }
    }
}

/// The name on the wire that a field is given by `#[serde(rename = "…")]`.
fn renamed(attributes: &[Attribute]) -> Option<String> {
    let mut name = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // Other arguments are passed over; what cannot be read holds no name.
        drop(attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = Some(meta.value()?.parse::<LitStr>()?.value());
            } else if let Ok(value) = meta.value() {
                value.parse::<LitStr>()?;
            }
            Ok(())
        }));
    }
    name
}
