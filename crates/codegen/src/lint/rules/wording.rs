//! Rules about words: names of one style, and descriptions that say more than a name.

use std::collections::BTreeSet;

use heck::ToSnakeCase;
use serde_json::Value;

use crate::document::{join, operations};
use crate::lint::rules::operations::parameters;
use crate::lint::{Breaches, Context, Role};

/// Words that add nothing to a name.
const FILLERS: [&str; 12] = ["a", "an", "and", "are", "for", "in", "is", "of", "s", "the", "this", "value"];

/// Texts that stand for a sentence that nobody has written yet.
const PLACEHOLDERS: [&str; 8] = ["todo", "tbd", "fixme", "n a", "none", "description", "no description", "see title"];

/// The words of a name or a sentence in lower case, without plural endings, so that `repositoryIds` and "the repository
/// ID" are comparable.
fn words(text: &str) -> impl Iterator<Item = String> {
    let singular = |word: &str| word.strip_suffix('s').filter(|rest| rest.len() > 2).unwrap_or(word).to_owned();
    text.split_whitespace().flat_map(move |part| {
        let parts = part.to_snake_case();
        parts.split('_').filter(|word| !word.is_empty()).map(singular).collect::<Vec<_>>()
    })
}

/// Whether `text` says nothing that `names` do not say.
fn is_empty(text: &str, names: &[&str]) -> bool {
    const LONGEST_PLACEHOLDER: usize = 20;
    if text.len() <= LONGEST_PLACEHOLDER && PLACEHOLDERS.contains(&text.to_snake_case().replace('_', " ").as_str()) {
        return true;
    }
    let known: Vec<String> = names.iter().flat_map(|name| words(name)).collect();
    let filler = |word: &String| FILLERS.contains(&word.as_str());
    // Most texts say something new within a few words, and the rest need not be looked at.
    let mut told = words(text).peekable();
    told.peek().is_some() && told.all(|word| filler(&word) || known.contains(&word))
}

fn text<'a>(node: &'a Value, key: &str) -> &'a str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn empty_words(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    let mut check = |at: String, node: &Value, names: &[&str]| {
        let said = text(node, "description");
        if !said.trim().is_empty() && is_empty(said, names) {
            breaches.add(join(&at, "description"), format!("{said:?} says no more than the name {}", names[0]));
        }
    };
    for operation in operations(root) {
        check(operation.pointer(), operation.node, &[operation.id(), text(operation.node, "summary")]);
        for parameter in parameters(root, &operation) {
            // A shared parameter is judged where it stands.
            let at = match root.pointer(&parameter.pointer).map(|node| text(node, "$ref")) {
                Some(reference) if reference.starts_with('#') => reference[1..].to_owned(),
                _ => parameter.pointer.clone(),
            };
            check(at, parameter.node, &[parameter.text("name")]);
        }
    }
    for site in &context.sites.schemas {
        let (Role::Named(name) | Role::Property(name)) = &site.role else { continue };
        check(site.pointer.clone(), site.node, &[name]);
    }
}

/// One way to write a name of several words.
struct Style {
    name: &'static str,
    fits: fn(&str) -> bool,
}

/// Words that begin with a capital letter, joined by `joint`.
fn capitals(name: &str, joint: &[char]) -> bool {
    name.split(joint).all(|part| part.starts_with(|c: char| c.is_ascii_uppercase()) && alphanumeric(part))
}

fn alphanumeric(part: &str) -> bool {
    !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric())
}

fn small(name: &str, joint: char) -> bool {
    name.split(joint).all(|part| alphanumeric(part) && !part.contains(|c: char| c.is_ascii_uppercase()))
}

const PASCAL: Style = Style { name: "PascalCase", fits: |name| capitals(name, &[]) };
const CAMEL: Style =
    Style { name: "camelCase", fits: |name| name.starts_with(|c: char| c.is_ascii_lowercase()) && alphanumeric(name) };
const SNAKE: Style = Style { name: "snake_case", fits: |name| small(name, '_') };
const KEBAB: Style = Style { name: "kebab-case", fits: |name| small(name, '-') };
/// A group and what is done in it, as in `BackupRepository_Get`.
const GROUPED: Style = Style { name: "Group_Action", fits: |name| name.contains('_') && capitals(name, &['_']) };

/// The style that most names have; with equal numbers the first of the list.
fn prevailing<'a>(names: &[(String, &str)], styles: &'a [Style]) -> Option<&'a Style> {
    let count = |style: &Style| names.iter().filter(|(_, name)| (style.fits)(name)).count();
    styles.iter().rev().max_by_key(|style| count(style))
}

pub(super) fn naming(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    let all = operations(root);
    // Some vendors name the body of one answer after its operation, in the style of operations.
    let answers: BTreeSet<String> = all.iter().map(|operation| format!("{}Response", operation.id())).collect();
    let ids: Vec<(String, &str)> =
        all.iter().map(|o| (join(&o.pointer(), "operationId"), o.id())).filter(|(_, id)| !id.is_empty()).collect();
    let mut groups = vec![("operations", ids, vec![CAMEL, PASCAL, GROUPED, SNAKE])];
    for (section, styles) in
        [("schemas", vec![PASCAL]), ("responses", vec![PASCAL]), ("parameters", vec![PASCAL, CAMEL])]
    {
        let at = format!("/components/{section}");
        let members = root.pointer(&at).and_then(Value::as_object).into_iter().flatten();
        groups.push((section, members.map(|(name, _)| (join(&at, name), name.as_str())).collect(), styles));
    }
    let mut named = Vec::new();
    examples(root, "", &mut named);
    groups.push(("examples", named, vec![KEBAB]));
    for (what, names, styles) in groups {
        let Some(style) = prevailing(&names, &styles) else { continue };
        for (at, name) in names.into_iter().filter(|(_, name)| !(style.fits)(name)) {
            if what == "schemas" && answers.contains(name) {
                continue;
            }
            breaches.add(at, format!("{name} is not written in {}, like the other names of {what}", style.name));
        }
    }
}

/// The names of all examples below `node`.
fn examples<'a>(node: &'a Value, pointer: &str, found: &mut Vec<(String, &'a str)>) {
    for (key, child) in node.as_object().into_iter().flatten() {
        let at = join(pointer, key);
        match (key.as_str(), child) {
            // A property may have this name.
            ("examples", Value::Object(named)) if !pointer.ends_with("/properties") => {
                found.extend(named.keys().map(|name| (join(&at, name), name.as_str())));
            }
            _ => examples(child, &at, found),
        }
    }
    for (index, child) in node.as_array().into_iter().flatten().enumerate() {
        examples(child, &join(pointer, &index.to_string()), found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_repeat_the_name_are_empty() {
        for (said, name) in [
            ("The repository ID.", "repositoryId"),
            ("Is enabled", "isEnabled"),
            ("Ids of the vaults.", "vault_ids"),
            ("TODO", "state"),
            ("n/a", "state"),
        ] {
            assert!(is_empty(said, &[name]), "{said}");
        }
        for (said, name) in [("Time of the last change, UTC.", "time"), ("Whether jobs run.", "isEnabled")] {
            assert!(!is_empty(said, &[name]), "{said}");
        }
    }

    #[test]
    fn the_style_of_most_names_prevails() {
        let names = ["listJobs", "startJob", "get_job", "logout"].map(|name| (String::new(), name));
        let style = prevailing(&names, &[CAMEL, PASCAL, GROUPED, SNAKE]).map(|style| style.name);
        assert_eq!(style, Some("camelCase"));
        let names = ["Auth_Token", "Job_List"].map(|name| (String::new(), name));
        assert_eq!(prevailing(&names, &[CAMEL, PASCAL, GROUPED, SNAKE]).map(|style| style.name), Some("Group_Action"));
    }
}
