//! Compiles the reviewed documents in `specs/` into this crate's clients.

fn main() {
    backup_sync_codegen::build_script();
}
