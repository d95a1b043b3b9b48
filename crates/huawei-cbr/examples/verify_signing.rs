//! Checks a file of signing cases: `cargo run -p huawei-cbr --example verify_signing -- FILE.json`.
//!
//! Prints every difference and exits with 1 if there is one, with 2 if the file cannot be used.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("name a file of signing cases");
        return ExitCode::from(2);
    };
    let compared = std::fs::read_to_string(&path)
        .map_err(|cause| cause.to_string())
        .and_then(|text| huawei_cbr::signing::vectors::compare(&text).map_err(|cause| cause.to_string()));
    match compared {
        Err(cause) => {
            eprintln!("{path} cannot be used: {cause}");
            ExitCode::from(2)
        }
        Ok(comparison) => {
            comparison.differences.iter().for_each(|difference| println!("{difference}"));
            println!("{} cases, {} differences", comparison.cases, comparison.differences.len());
            ExitCode::from(u8::from(!comparison.differences.is_empty()))
        }
    }
}
