//! What the workspace has to know of a new vendor: small insertions into files that list all vendors.

use std::fs;
use std::path::Path;

/// A changed file.
#[derive(Debug)]
pub struct Wired {
    /// Below the root.
    pub path: &'static str,
    /// The whole new text.
    pub text: String,
    /// What was changed, in words.
    pub what: &'static str,
}

/// Words that cannot name a crate, because they would be its name in Rust.
const KEYWORDS: [&str; 30] = [
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "fn", "for", "if",
    "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "struct", "test",
    "type", "use",
];

/// Whether a vendor can have this name.
pub fn usable(root: &Path, name: &str) -> Result<(), String> {
    let word = |word: &str| word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) && !word.is_empty();
    if !name.split('-').all(word) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(format!(
            "{name:?} cannot name a vendor; a name is small letters, digits and single hyphens and begins with a letter, \
             as in \"acme-vault\""
        ));
    }
    if name.starts_with("backup-sync") || KEYWORDS.contains(&name) {
        return Err(format!("{name:?} cannot name a vendor; it is a name of this workspace or a word of Rust"));
    }
    let folder = format!("crates/{name}");
    let specs = fs::read_dir(root.join("specs")).into_iter().flatten().flatten();
    let mut specs = specs.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let spec = specs.find(|file| file.starts_with(&format!("{name}-")) && file.ends_with(".yaml"));
    let taken = root.join(&folder).exists().then_some(folder).or(spec.map(|file| format!("specs/{file}")));
    match taken {
        Some(path) => Err(format!("{path} exists already; choose another name, or remove it first")),
        None => Ok(()),
    }
}

/// All insertions, worked out and not yet written.
pub fn all(root: &Path, name: &str, title: &str) -> Result<Vec<Wired>, String> {
    let snake = name.replace('-', "_");
    let one = |path: &'static str, what, edit: &dyn Fn(&str) -> Option<String>| {
        let text = fs::read_to_string(root.join(path)).map_err(|error| format!("{path} cannot be read: {error}"))?;
        let text = edit(&text).ok_or_else(|| {
            format!("{path} does not look as expected ({what}); nothing was written; wire it by hand")
        })?;
        Ok::<_, String>(Wired { path, text, what })
    };
    Ok(vec![
        one("Cargo.toml", "the crate as a dependency of the workspace", &|text| {
            let line =
                format!("{name} = {{ path = \"crates/{name}\", version = \"0.1.0\", default-features = false }}");
            sorted(text, "= { path = \"crates/", &line)
        })?,
        one("crates/backup-sync/Cargo.toml", "feature and dependency of the umbrella", &|text| {
            let text = end_of_line(text, "default = [", "]", &format!(", \"{name}\"]"))?;
            let text = end_of_line(&text, "full = [", "]", &format!(", \"{name}?/full\"]"))?;
            let text = end_of_line(&text, "httpmock = [", "]", &format!(", \"{name}?/httpmock\"]"))?;
            let mocks = "## Typed mock helpers of the vendors";
            let text = before(&text, mocks, &format!("## {title}.\n{name} = [\"dep:{name}\"]\n"))?;
            let dependency = format!("{name} = {{ workspace = true, optional = true }}");
            sorted(&text, "= { workspace = true, optional = true }", &dependency)
        })?,
        one("crates/backup-sync/src/lib.rs", "re-export of the umbrella", &|text| {
            let export = format!("/// {title}. Feature `{name}`.\n#[cfg(feature = \"{name}\")]\npub use {snake};\n");
            Some(text.trim_end().to_owned() + "\n" + &export)
        })?,
        one("specs/OWNERS.toml", "who answers for the document", &|text| {
            let entry = format!("\n[specs.\"{name}-v1.yaml\"]\nowners = [\"@backup-sync/maintainers\"]\n");
            Some(text.trim_end().to_owned() + "\n" + &entry)
        })?,
        one("xtask/tests/layers.rs", "what the crate may depend on", &|text| {
            let row = format!(
                "    (\"{name}\", &[\"backup-sync-runtime\", \"backup-sync-engine\"], &[\"backup-sync-codegen\"]),\n"
            );
            let text = before(text, "    (\n        \"backup-sync\",\n", &row)?;
            let list = "        &[\"backup-sync-runtime\", \"backup-sync-engine\", \"veeam-vb365\"";
            end_of_line(&text, list, "],", &format!(", \"{name}\"],"))
        })?,
    ])
}

/// Puts `line` among the lines that hold `mark`, which are sorted.
fn sorted(text: &str, mark: &str, line: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.iter().rposition(|other| other.contains(mark))?;
    let at = lines.iter().position(|other| other.contains(mark) && *other > line).unwrap_or(last + 1);
    let all = lines[..at].iter().chain([&line]).chain(&lines[at..]);
    Some(all.map(|line| format!("{line}\n")).collect())
}

fn before(text: &str, mark: &str, new: &str) -> Option<String> {
    let at = text.find(mark)?;
    Some(format!("{}{new}{}", &text[..at], &text[at..]))
}

/// Replaces the end of the one line that begins with `start`.
fn end_of_line(text: &str, start: &str, end: &str, new: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(start))?;
    Some(text.replacen(line, &format!("{}{new}", line.strip_suffix(end)?), 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_names_are_refused_with_a_sentence() {
        let root = crate::workspace::root();
        for (name, part) in [
            ("Acme", "small letters"),
            ("acme_vault", "small letters"),
            ("acme--vault", "small letters"),
            ("9lives", "begins with a letter"),
            ("", "small letters"),
            ("backup-sync-acme", "a name of this workspace"),
            ("async", "a word of Rust"),
            ("huawei-cbr", "exists already"),
            ("huawei", "exists already"),
        ] {
            let told = usable(&root, name).err().unwrap_or_default();
            assert!(told.contains(part), "{name}: {told}");
        }
        assert_eq!(usable(&root, "acme-vault"), Ok(()));
    }

    #[test]
    fn every_file_of_this_workspace_can_be_wired() {
        let wired = all(&crate::workspace::root(), "acme-vault", "Acme Vault");
        let wired = wired.map(|all| all.into_iter().map(|wired| (wired.path, wired.text)).collect::<Vec<_>>());
        let text = |path: &str| wired.iter().flatten().find(|(other, _)| *other == path).map(|(_, text)| text.as_str());
        let umbrella = text("crates/backup-sync/Cargo.toml").unwrap_or_default();
        for line in ["\nacme-vault = [\"dep:acme-vault\"]\n", "\nacme-vault = { workspace = true, optional = true }\n"]
        {
            assert_eq!(umbrella.matches(line).count(), 1, "{line} in {umbrella}");
        }
        let root = text("Cargo.toml").unwrap_or_default();
        assert!(root.contains("[workspace.dependencies]\nacme-vault = { path"), "{root}");
        assert!(
            text("xtask/tests/layers.rs").unwrap_or_default().contains("\"vsphere-replication\", \"acme-vault\"],")
        );
    }
}
