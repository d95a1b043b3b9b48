//! `cargo xtask diff` in a repository made for the purpose: what it prints, and how it ends.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const SPEC: &str = "specs/toy-v1.yaml";

/// A repository whose branch `main` holds one document; the working tree is on a branch of its own.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(TempDir::new().unwrap());
        std::fs::create_dir(repository.path().join("specs")).unwrap();
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.write(SPEC, &base());
        repository.commit("one document");
        repository.git(&["checkout", "--quiet", "-b", "work"]);
        repository
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.path().join(file), text).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=Tests", "-c", "user.email=tests@example.com", "-c", "commit.gpgsign=false"];
        let output = Command::new("git").args(identity).args(arguments).current_dir(self.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    fn diff(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("diff").args(arguments).arg("--root").arg(self.path());
        command.output().unwrap()
    }
}

fn base() -> String {
    let path: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "..", "crates", "spec-diff", "tests", "base.yaml"].iter().collect();
    std::fs::read_to_string(path).unwrap()
}

/// A member of an answer is another one now, which breaks callers and Rust users.
fn broken() -> String {
    base().replace(
        "size: {type: integer, description: How large it is.}",
        "bytes: {type: integer, description: How large.}",
    )
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn no_change_is_told_and_is_no_failure() {
    let (code, out, _) = told(&Repository::new().diff(&[]));
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("No changes in 1 document."), "{out}");
}

#[test]
fn an_unexplained_break_ends_with_1_and_an_explained_one_with_0() {
    let repository = Repository::new();
    repository.write(SPEC, &broken());
    let (code, out, talk) = told(&repository.diff(&[]));
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("Vault.size: the member `size` is gone"), "{out}");
    assert!(out.contains("rust     breaking: `Vault.size` is gone"), "{out}");
    assert!(out.contains("merge base with main"), "{out}");
    assert!(talk.contains("1 breaking change has no reason"), "{talk}");
    let note = "x-change: [{schema: Vault, reason: spec-correction, note: It is bytes., date: '2026-11-21'}]\n";
    repository.write(SPEC, &(note.to_owned() + &broken()));
    let (code, out, talk) = told(&repository.diff(&[]));
    assert_eq!((code, talk.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("spec-correction (2026-11-21): It is bytes."), "{out}");
}

#[test]
fn the_base_is_where_the_branch_left_main_or_what_is_named() {
    let repository = Repository::new();
    repository.write(SPEC, &broken());
    repository.commit("another name");
    repository.git(&["checkout", "--quiet", "main"]);
    repository.write(SPEC, &base().replace("title: Toy", "title: Toys"));
    repository.commit("what main does meanwhile is no change of the branch");
    repository.git(&["checkout", "--quiet", "work"]);
    let (_, out, _) = told(&repository.diff(&[]));
    assert!(out.contains("is gone") && !out.contains("title"), "{out}");
    let (code, out, _) = told(&repository.diff(&["HEAD"]));
    assert_eq!(code, Some(0), "{out}");
    let (_, out, _) = told(&repository.diff(&["main"]));
    assert!(out.contains("`title` was `Toys` and is `Toy`"), "{out}");
}

#[test]
fn documents_come_and_go() {
    let repository = Repository::new();
    std::fs::remove_file(repository.path().join(SPEC)).unwrap();
    repository.write("specs/other-v1.yaml", &base().replace("title: Toy", "title: Other"));
    let (code, out, _) = told(&repository.diff(&[]));
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("specs/toy-v1.yaml (gone, 1 change)"), "{out}");
    assert!(out.contains("specs/other-v1.yaml (new, 1 change)"), "{out}");
}

#[test]
fn one_file_is_compared_with_one_spec() {
    let repository = Repository::new();
    let given = repository.path().join("given.yaml");
    repository.write("given.yaml", &broken());
    let (code, out, _) =
        told(&repository.diff(&["--against", given.to_str().unwrap(), "--spec", SPEC, "--format", "json"]));
    assert_eq!(code, Some(1), "{out}");
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let gone = &report["specs"][0]["changes"][0];
    assert_eq!((gone["kind"].as_str(), gone["callers"].as_str()), (Some("member-removed"), Some("breaking")), "{gone}");
    assert_eq!(gone["old"]["pointer"], "/components/schemas/Vault/properties/bytes");
    let (code, _, talk) = told(&repository.diff(&["--against", given.to_str().unwrap()]));
    assert_eq!(code, Some(2));
    assert!(talk.contains("say with --spec which one is meant: toy-v1.yaml"), "{talk}");
}

#[test]
fn a_report_can_be_written_to_a_file() {
    let repository = Repository::new();
    repository.write(SPEC, &broken());
    let page = repository.path().join("diff.html");
    let (code, out, talk) = told(&repository.diff(&["--format", "html", "--out", page.to_str().unwrap()]));
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(talk.contains("diff.html is written"), "{talk}");
    let text = std::fs::read_to_string(page).unwrap();
    assert!(text.starts_with("<!doctype html>") && text.contains("id=\"C1\""), "{text}");
    assert!(!text.contains("http://") && !text.contains("src="), "the page needs a network");
}

#[test]
fn what_cannot_be_compared_is_told_with_its_place() {
    let repository = Repository::new();
    let cases: [(&[u8], &str); 4] = [
        (b"openapi: 3.0.3\npaths: [\n", "specs/toy-v1.yaml:3:"),
        (b"openapi: 3.0.3\nopenapi: 3.0.3\n", "specs/toy-v1.yaml:2:1: SPEC000"),
        (b"openapi: 3.0.3\ninfo: \xff\n", "specs/toy-v1.yaml:2:7: "),
        (b"a: &x [1]\nb: *x\n", "an anchor"),
    ];
    for (bytes, wanted) in cases {
        std::fs::write(repository.path().join(SPEC), bytes).unwrap();
        let (code, out, talk) = told(&repository.diff(&[]));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{talk}");
        assert!(talk.contains(wanted) && !talk.contains("panicked"), "{talk}");
    }
    repository.write(SPEC, "[1, 2]\n");
    let (code, out, talk) = told(&repository.diff(&[]));
    assert!(
        matches!(code, Some(0 | 1)) && !talk.contains("panicked"),
        "a document that is a list: {code:?} {out} {talk}"
    );
}

#[test]
fn an_unknown_revision_is_told() {
    let (code, _, talk) = told(&Repository::new().diff(&["no-such-revision"]));
    assert_eq!(code, Some(2));
    assert!(talk.contains("git knows no revision \"no-such-revision\""), "{talk}");
    let (code, _, talk) = told(&Repository::new().diff(&["--output=x"]));
    assert_eq!(code, Some(2), "{talk}");
}
