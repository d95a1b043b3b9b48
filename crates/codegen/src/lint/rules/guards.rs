//! Rules about the lowered document: each fires when a trap of the generator has survived lowering.

use serde_json::Value;

use crate::document::{join, operations, resolve};
use crate::lint::{Breaches, Context, Role, Rule, SchemaSite};
use crate::lower::defaults::required as names_of_required;
use crate::lower::tolerance::BOUNDS;

/// Rules for the lowered document: what lowering must have removed.
pub static GUARDS: [Rule; 10] = [
    Rule {
        id: "SPEC101",
        title: "only success is left",
        why: "mixed error bodies make the generator panic, and a modelled error whose body does not parse loses its status",
        fix: "mend the lowering pass `responses`",
        check: only_success,
    },
    Rule {
        id: "SPEC102",
        title: "no member of an answer but keys is required",
        why: "an absent or null member would make the whole answer unreadable",
        fix: "mend the lowering pass `tolerance`",
        check: required,
    },
    Rule {
        id: "SPEC103",
        title: "optional members of answers may be null",
        why: "null fails for optional lists, maps and values with a default",
        fix: "mend the lowering pass `tolerance`",
        check: nullable,
    },
    Rule {
        id: "SPEC104",
        title: "answers carry no constraints and no defaults",
        why: "the generator enforces lengths, patterns and ranges on answers",
        fix: "mend the lowering pass `tolerance`",
        check: constraints,
    },
    Rule {
        id: "SPEC105",
        title: "no date-time and uuid formats",
        why: "a time without offset or a surprising id would make the whole answer unreadable",
        fix: "mend the lowering pass `formats`",
        check: formats,
    },
    Rule {
        id: "SPEC106",
        title: "whole numbers are 64 bits wide",
        why: "a counter beyond 32 bits would make the whole answer unreadable",
        fix: "mend the lowering pass `formats`",
        check: narrow,
    },
    Rule {
        id: "SPEC107",
        title: "no closed value sets in answers",
        why: "one unknown word would make the whole answer unreadable",
        fix: "mend the lowering pass `enums`",
        check: enums,
    },
    Rule {
        id: "SPEC108",
        title: "no compositions",
        why: "flattened structs decode slowly and lose null tolerance",
        fix: "mend the lowering pass `compositions`",
        check: compositions,
    },
    Rule {
        id: "SPEC109",
        title: "mock helpers see no array parameters",
        why: "the generated mock helpers do not compile with them",
        fix: "mend the lowering pass `mocks`",
        check: mock_arrays,
    },
    Rule {
        id: "SPEC110",
        title: "optional members of requests have no default",
        why: "the generator sends a default that the caller has left out, so that an update would set back what it should not touch",
        fix: "mend the lowering pass `defaults`",
        check: defaults,
    },
];

fn each_answer<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a SchemaSite<'a>> {
    context.sites.schemas.iter().filter(|site| site.direction.answer)
}

pub(super) fn only_success(context: &Context<'_>, breaches: &mut Breaches) {
    for operation in operations(&context.document.value) {
        let at = join(&operation.pointer(), "responses");
        let statuses: Vec<&String> =
            operation.node.get("responses").and_then(Value::as_object).into_iter().flatten().map(|(s, _)| s).collect();
        if statuses != ["2XX"] {
            breaches.add(at, format!("{} answers {statuses:?} instead of one 2XX", operation.id()));
        }
    }
}

pub(super) fn required(context: &Context<'_>, breaches: &mut Breaches) {
    for site in each_answer(context) {
        for name in site.node.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            let property = site.node.get("properties").and_then(|properties| properties.get(name));
            if !property.is_some_and(|node| node.get("x-key") == Some(&Value::Bool(true))) {
                breaches.add(join(&site.pointer, "required"), format!("{name} is required and is no key"));
            }
        }
    }
}

pub(super) fn nullable(context: &Context<'_>, breaches: &mut Breaches) {
    for site in each_answer(context) {
        let Role::Property(name) = &site.role else { continue };
        let key = site.node.get("x-key") == Some(&Value::Bool(true));
        let null = site.node.get("nullable") == Some(&Value::Bool(true));
        if !key && !null && site.node.get("type").is_some() {
            breaches.add(site.pointer.clone(), format!("the property {name} does not accept null"));
        }
    }
}

pub(super) fn constraints(context: &Context<'_>, breaches: &mut Breaches) {
    for site in each_answer(context) {
        for key in BOUNDS.into_iter().filter(|key| site.node.get(key).is_some()) {
            breaches.add(join(&site.pointer, key), format!("an answer has {key}"));
        }
    }
}

pub(super) fn formats(context: &Context<'_>, breaches: &mut Breaches) {
    for site in &context.sites.schemas {
        let format = site.node.get("format").and_then(Value::as_str).unwrap_or_default();
        if matches!(format, "date-time" | "date" | "uuid" | "ip" | "ipv4" | "ipv6" | "uri") {
            breaches.add(join(&site.pointer, "format"), format!("the format {format} is enforced"));
        }
    }
}

pub(super) fn narrow(context: &Context<'_>, breaches: &mut Breaches) {
    for site in &context.sites.schemas {
        let format = site.node.get("format").and_then(Value::as_str).unwrap_or_default();
        if site.node.get("type") == Some(&"integer".into()) && format != "int64" {
            breaches.add(site.pointer.clone(), "a whole number is not declared int64");
        }
    }
}

pub(super) fn enums(context: &Context<'_>, breaches: &mut Breaches) {
    for site in each_answer(context) {
        if site.node.get("enum").is_some() {
            breaches.add(join(&site.pointer, "enum"), "a closed value set is left");
        }
    }
}

pub(super) fn compositions(context: &Context<'_>, breaches: &mut Breaches) {
    for site in &context.sites.schemas {
        if site.node.get("allOf").is_some() {
            breaches.add(join(&site.pointer, "allOf"), "a composition is left");
        }
    }
}

pub(super) fn defaults(context: &Context<'_>, breaches: &mut Breaches) {
    for site in context.sites.schemas.iter().filter(|site| !site.direction.answer) {
        let required: Vec<&str> = names_of_required(site.node).collect();
        let properties = site.node.get("properties").and_then(Value::as_object).into_iter().flatten();
        for (name, property) in properties.filter(|(name, _)| !required.contains(&name.as_str())) {
            if property.get("default").is_some() {
                let at = join(&join(&join(&site.pointer, "properties"), name), "default");
                breaches.add(at, format!("{name} is optional and has a default"));
            }
        }
    }
}

/// Looks at documents lowered for the mock helpers only; they carry the mark `x-mocks`.
pub(super) fn mock_arrays(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    if root.get("x-mocks").is_none() {
        return;
    }
    for operation in operations(root) {
        for (index, node) in
            operation.node.get("parameters").and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            let array = resolve(root, node).and_then(|node| node.pointer("/schema/type")) == Some(&"array".into());
            if array {
                let at = join(&join(&operation.pointer(), "parameters"), &index.to_string());
                breaches.add(at, format!("{} has an array parameter", operation.id()));
            }
        }
    }
}
