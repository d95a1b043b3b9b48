//! Keeps the workspace readable: files say what they are for and stay short, links lead somewhere, what is left to do
//! names where it is tracked, and commands that are shown exist.

mod markdown;
mod sources;

use std::path::Path;

pub use markdown::Shown;

use crate::workspace::{Error, git, read};

/// What tidying found.
#[derive(Debug, Default)]
pub struct Report {
    /// What is wrong, each with file and line.
    pub wrong: Vec<String>,
    /// What might be better.
    pub advice: Vec<String>,
    /// `cargo xtask` commands that documents show.
    pub commands: Vec<Shown>,
}

/// Looks at every file that git knows below `root`.
///
/// # Errors
///
/// When `root` is no repository or a file cannot be read.
pub fn check(root: &Path) -> Result<Report, Error> {
    let mut report = Report::default();
    let files = tracked(root)?;
    for file in &files {
        match file.rsplit('.').next() {
            Some("rs") => sources::check(file, &read(root, file)?, &mut report),
            Some("md") => markdown::check(root, file, &read(root, file)?, &mut report),
            Some("toml" | "yaml" | "sh") => sources::marks(file, &read(root, file)?, "#", &mut report),
            _ => {}
        }
    }
    report.wrong.sort();
    Ok(report)
}

/// The files that git knows and that are still there.
fn tracked(root: &Path) -> Result<Vec<String>, Error> {
    let names = git(root, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let there = |name: &&str| root.join(name).is_file() && !root.join(name).is_symlink();
    Ok(names.split('\0').filter(|name| !name.is_empty()).filter(there).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::write;

    /// What is told about a repository with these files.
    fn told(files: &[(&str, &str)]) -> Report {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "-q"]).unwrap();
        files.iter().for_each(|(name, text)| write(folder.path(), name, text).unwrap());
        check(folder.path()).unwrap()
    }

    #[test]
    fn sources_say_what_they_are_for_and_stay_short() {
        let report = told(&[
            ("good.rs", "//! What it is for.\nfn a() {}\n"),
            ("bare.rs", "fn a() {}\n"),
            ("long.rs", &format!("//! Long.\n{}", "\n".repeat(700))),
            ("longish.rs", &format!("//! Long.\n{}", "\n".repeat(550))),
        ]);
        assert_eq!(
            report.wrong,
            [
                "bare.rs:1: opens without a `//!` line; say what the file is for",
                "long.rs:601: longer than 600 lines; split it where its parts have names of their own",
            ]
        );
        assert_eq!(report.advice, ["longish.rs: 551 lines; 500 are a good length"]);
    }

    #[test]
    fn what_is_left_to_do_names_where_it_is_tracked() {
        // Written in two parts, so that this file is not one of them.
        let mark = concat!("TO", "DO");
        let report = told(&[
            ("a.rs", &format!("//! A.\n// {mark}: later\nlet text = \"{mark}\";\n// {mark} https://x.example/1\n")),
            ("b.yaml", &format!("a: 1 # {mark} (#12) later\nb: {mark}\n# {mark}\n")),
            ("c.md", &format!("{mark} now\n")),
        ]);
        let place = |line: &String| line.split(": ").next().unwrap_or_default().to_owned();
        assert_eq!(report.wrong.iter().map(place).collect::<Vec<_>>(), ["a.rs:2", "b.yaml:3", "c.md:1"]);
    }

    #[test]
    fn links_lead_to_files_and_headings() {
        let report = told(&[
            (
                "a.md",
                "# A `b` c!\n\n[x](#a-b-c) [y](d/b.md#two-1) [z](https://x.example) [w](d)\n\n[q](#b)\n[r](none.md)\n[s](d/b.md#three)\n[t]\n\n[t]: /d\n\n```sh\n[no](link)\n```\n",
            ),
            ("d/b.md", "# Two\n\n## Two\n\n[up](../a.md) [out](../../a.md)\n"),
        ]);
        assert_eq!(
            report.wrong,
            [
                "a.md:5: the link #b leads nowhere: a.md has no such heading",
                "a.md:6: the link none.md leads nowhere: there is no such file",
                "a.md:7: the link d/b.md#three leads nowhere: d/b.md has no such heading",
                "a.md:8: the link /d is not relative; links start at the folder of the file",
                "d/b.md:5: the link ../../a.md leads nowhere: it leaves the repository",
            ]
        );
    }

    #[test]
    fn commands_are_collected_with_their_place() {
        let text = "Run `cargo xtask owners --check` or `cargo build`.\n\n```sh\ncargo xtask a 'b c'   # why\n  cargo \
                    xtask\ncargo test\n```\n\n```text\ncargo xtask no\n```\n";
        let shown: Vec<String> = told(&[("a.md", text)]).commands.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["a.md:1: cargo xtask owners --check", "a.md:4: cargo xtask a 'b c'", "a.md:5: cargo xtask"]);
        assert_eq!(told(&[("a.md", text)]).commands[1].words(), ["cargo xtask", "a", "b c"]);
    }
}
