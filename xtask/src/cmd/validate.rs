//! `cargo xtask validate`: rules, examples, generator.

use backup_sync_codegen::lint::{GUARDS, RULES};
use backup_sync_codegen::{Document, Error, generate};

use super::Failure;
use crate::{examples, workspace};

/// Options of `validate`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// List all rules instead, with reason and remedy.
    #[arg(long)]
    rules: bool,
    /// Workspace to look at, for tests of this command.
    #[arg(long, hide = true)]
    root: Option<std::path::PathBuf>,
}

/// Findings that come from reading, from examples and from the generator instead of a rule.
const OTHERS: [(&str, &str); 3] = [
    ("SPEC000", "the document is plain YAML that can be read"),
    ("SPEC050", "examples fit their schemas"),
    ("SPEC099", "the generator takes the document"),
];

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.rules {
        for (id, title) in OTHERS {
            println!("{id}  {title}");
        }
        for rule in RULES.iter().chain(&GUARDS) {
            println!("{}  {}\n    why: {}\n    fix: {}", rule.id, rule.title, rule.why, rule.fix);
        }
        return Ok(());
    }
    let root = arguments.root.clone().unwrap_or_else(workspace::root);
    let mut wrong = 0;
    for document in workspace::specs(&root)? {
        let messages = match &document {
            Ok(document) => check(document),
            Err(finding) => vec![finding.to_string()],
        };
        wrong += messages.len();
        messages.iter().for_each(|message| eprintln!("{message}"));
    }
    match wrong {
        0 => Ok(()),
        1 => Err(Failure::Found("1 finding; nothing was generated from the document concerned".to_owned())),
        many => Err(Failure::Found(format!("{many} findings; nothing was generated from the documents concerned"))),
    }
}

fn check(document: &Document) -> Vec<String> {
    let report = examples::check(document);
    let mut messages: Vec<String> = report
        .wrong
        .iter()
        .map(|wrong| {
            let place = document.place(&wrong.pointer);
            format!(
                "{}:{place}: SPEC050 at {}: the example does not fit its schema: {}. Why: examples are the simulator's \
                 fixtures and the contract tests' input. Fix: correct the example, or the schema if the vendor really \
                 answers so.",
                document.file, wrong.pointer, wrong.what
            )
        })
        .collect();
    match generate(document) {
        Ok(generated) => {
            if messages.is_empty() {
                println!(
                    "{}: {} lines of client, {} examples valid",
                    document.file,
                    generated.client.lines().count(),
                    report.checked
                );
            }
        }
        Err(Error::Findings(findings)) => messages.extend(findings.iter().map(ToString::to_string)),
        Err(error) => messages.push(error.to_string()),
    }
    messages
}
