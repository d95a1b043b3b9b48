//! Measures runs over many targets against the bound that vendors' quotas and the lengths of jobs give, and says whether
//! each limit is kept: time, requests, memory, and how soon the program answers. Fails when one is missed.
//!
//! `cargo build --release && cargo run --release -p backup-sync-bench --bin scale`. Time is simulated: it moves when everybody
//! waits, so hours take seconds.

mod bound;
mod estate;
mod process;
mod tracked;

use std::error::Error;
use std::process::{Command, ExitCode};

type Anything<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Anything<ExitCode> {
    if std::env::args().nth(1).as_deref() == Some(tracked::CHILD) {
        return tracked::child().map(|()| ExitCode::SUCCESS);
    }
    let mut verdicts = Verdicts::default();
    paused()?.block_on(estate::measure(&mut verdicts))?;
    // A process of its own: what the estate has held would hide what the targets hold.
    let child = Command::new(std::env::current_exe()?).arg(tracked::CHILD).output()?;
    let told = String::from_utf8(child.stdout)?;
    if !child.status.success() {
        return Err(format!("the tracked targets could not be measured: {told}").into());
    }
    tracked::judge(&told, &mut verdicts)?;
    process::measure(&mut verdicts)?;
    Ok(verdicts.end())
}

/// A runtime whose clock moves when nothing else does.
fn paused() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()
}

/// Whether limits are kept.
#[derive(Default)]
struct Verdicts {
    missed: Vec<String>,
}

impl Verdicts {
    /// Prints a figure beside its limit.
    fn judge(&mut self, what: &str, figure: f64, limit: f64, unit: &str) {
        let kept = figure <= limit;
        println!("{what}: {figure:.3} {unit}, limit {limit} {unit}: {}", if kept { "kept" } else { "MISSED" });
        if !kept {
            self.missed.push(what.to_owned());
        }
    }

    fn end(self) -> ExitCode {
        if self.missed.is_empty() {
            println!("all limits are kept");
            return ExitCode::SUCCESS;
        }
        println!("missed: {}", self.missed.join("; "));
        ExitCode::FAILURE
    }
}
