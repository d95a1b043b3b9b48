//! Makes a call of every operation of every document, with everything that it takes.

fn main() {
    backup_sync_codegen::trial_script("../specs");
}
