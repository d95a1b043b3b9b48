//! What one call costs beside a call written by hand, and what 10,000 waiting calls hold.
//!
//! `cargo bench -p backup-sync-bench --bench call` prints three things:
//!
//! - two tables of ratios, wall and processor time of our call over that of the call by hand, with the limits;
//! - a table of the memory that waiting calls hold, with the limit;
//! - criterion's figures for each side alone, and for a signature.
//!
//! Criterion runs one side for seconds and then the other, and whatever else the machine does in between lands in the
//! ratio. So the ratios come from many short rounds in which both sides take turns, and criterion tells how the time of
//! each side is spread. The server is a process of its own, so that the processor time is that of the client alone.
//! The program ends with a failure when a limit is not kept.

mod answers;
mod hold;
mod rounds;
mod server;
mod sides;

use std::error::Error;
use std::process::ExitCode;

/// Whatever goes wrong ends the benchmark.
type Failure = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = match arguments.as_slice() {
        ["serve"] => server::serve().map(|()| true),
        ["hold", case, side, address] => hold::child(case, side, address).map(|()| true),
        // Only `cargo bench` says so; a run of all tests must not measure.
        _ if arguments.contains(&"--bench") => measure(),
        _ => Ok(true),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the benchmark cannot go on: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every limit is kept.
fn measure() -> Result<bool, Failure> {
    let mut criterion = criterion::Criterion::default().without_plots().configure_from_args();
    let held = hold::measure()?;
    let quick = sides::measure(&mut criterion)?;
    criterion.final_summary();
    Ok(held && quick)
}
