//! Runs the generator over a lowered document and adds what it does not give.

mod aliases;
mod calls;
mod open_enums;
mod operations;
mod starts;
mod trials;

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use heck::ToPascalCase;
use openapiv3::OpenAPI;
use proc_macro2::TokenStream;
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle, TypeImpl};
use quote::quote;
use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::document::{Document, METHODS, operations as operations_of};
use crate::lint::Finding;
use crate::lower::{Lowered, Plan};

pub use trials::trials;

/// The client, its open enums and its operation table as one formatted Rust source text.
///
/// `module` is the path of the module that will include the text, for example `crate::v8`.
///
/// # Errors
///
/// A finding that names the operation which the generator refuses.
pub fn client(source: &Document, lowered: &Lowered, module: &str) -> Result<String, Finding> {
    Ok(print(source, &client_file(source, lowered, module)?))
}

/// The same as [`client`], parsed instead of printed.
///
/// # Errors
///
/// As [`client`].
pub fn client_file(source: &Document, lowered: &Lowered, module: &str) -> Result<syn::File, Finding> {
    with(source, lowered, module, operations::emit(source))
}

/// The same as [`client_file`], without the operation table.
///
/// # Errors
///
/// As [`client`].
pub fn surface_file(source: &Document, lowered: &Lowered, module: &str) -> Result<syn::File, Finding> {
    with(source, lowered, module, TokenStream::new())
}

fn with(source: &Document, lowered: &Lowered, module: &str, table: TokenStream) -> Result<syn::File, Finding> {
    let generated = generate(source, &lowered.document, &|generator, api| {
        let settings = settings(&lowered.plan, module);
        *generator = Generator::new(&settings);
        generator.generate_tokens(api)
    })?;
    let enums = open_enums::emit(&lowered.plan.open_enums);
    let mut file = parse(source, quote! { #generated #enums #table })?;
    aliases::add(&mut file, &lowered.plan.aliases);
    Ok(file)
}

/// The typed mock helpers for the same client.
///
/// # Errors
///
/// As [`client`].
pub fn mocks(source: &Document, lowered: &Lowered, module: &str) -> Result<String, Finding> {
    Ok(print(source, &mocks_file(source, lowered, module)?))
}

/// The same as [`mocks`], parsed instead of printed.
///
/// # Errors
///
/// As [`client`].
pub fn mocks_file(source: &Document, lowered: &Lowered, module: &str) -> Result<syn::File, Finding> {
    let generated = generate(source, &lowered.document, &|generator, api| {
        let settings = settings(&lowered.plan, module);
        *generator = Generator::new(&settings);
        generator.httpmock(api, module)
    })?;
    parse(source, generated)
}

fn settings(plan: &Plan, module: &str) -> GenerationSettings {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_tag(TagStyle::Merged)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote! { ::backup_sync_runtime::Connection })
        .with_map_type("::std::collections::BTreeMap")
        .with_derive("PartialEq");
    for open in &plan.open_enums {
        let name = open.schema.to_pascal_case();
        let impls = [TypeImpl::Display, TypeImpl::FromStr];
        settings.with_replacement(&name, format!("{module}::open::{name}"), impls.into_iter());
    }
    for replacement in &plan.replacements {
        let rust = replacement.rust.replace("types::", &format!("{module}::types::"));
        settings.with_replacement(replacement.schema.to_pascal_case(), rust, std::iter::empty());
    }
    settings
}

type Run<'a> = &'a dyn Fn(&mut Generator, &OpenAPI) -> Result<TokenStream, progenitor::Error>;

fn generate(source: &Document, lowered: &Document, run: Run<'_>) -> Result<TokenStream, Finding> {
    attempt(&lowered.value, run).map_err(|told| blame(source, lowered, run, &told))
}

/// One run of the generator; a panic becomes an error text.
fn attempt(document: &Value, run: Run<'_>) -> Result<TokenStream, String> {
    let api = OpenAPI::deserialize(document).map_err(|error| error.to_string())?;
    silently(|| run(&mut Generator::default(), &api))?.map_err(|error| error.to_string())
}

/// Finds the operation without which nothing else is wrong.
fn blame(source: &Document, lowered: &Document, run: Run<'_>, told: &str) -> Finding {
    for operation in operations_of(&lowered.value) {
        let mut alone = lowered.value.clone();
        let mut item: Map<String, Value> =
            lowered.value["paths"][operation.path].as_object().cloned().unwrap_or_default();
        item.retain(|key, _| !METHODS.contains(&key.as_str()) || key == operation.method);
        alone["paths"] = Value::Object(Map::from_iter([(operation.path.to_owned(), Value::Object(item))]));
        if let Err(told) = attempt(&alone, run) {
            let what = format!("the generator refuses {}: {told}", operation.id());
            return Finding::refused(source, &operation.pointer(), what);
        }
    }
    Finding::refused(source, "/", format!("the generator refuses the document as a whole: {told}"))
}

thread_local! {
    /// Whether a panic of this thread is told by whoever catches it.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` and returns the message of a panic instead of printing a backtrace.
fn silently<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // Set once and for good, so that generators can run in several threads.
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !CAUGHT.get() {
                usual(panic);
            }
        }));
    });
    let before = CAUGHT.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    CAUGHT.set(before);
    outcome.map_err(|panic| format!("it stopped with {:?}", panic_text(panic.as_ref())))
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no message")
}

fn parse(source: &Document, tokens: TokenStream) -> Result<syn::File, Finding> {
    syn::parse2(tokens)
        .map_err(|error| Finding::refused(source, "/", format!("the generated code is not Rust: {error}")))
}

pub(crate) fn print(source: &Document, file: &syn::File) -> String {
    let head =
        format!("// Generated from {} when the crate is built. Change that file, not this one.\n\n", source.file);
    head + &prettyplease::unparse(file)
}
