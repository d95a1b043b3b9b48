//! What Rust sources of the workspace name: tests, methods that are called, texts, and names that stand for documents.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

use crate::workspace::Error;

/// What some files name, outside of their unit tests.
#[derive(Debug, Default)]
pub struct Sources {
    /// Functions marked as tests.
    pub tests: BTreeSet<String>,
    /// Methods that are called.
    pub methods: BTreeSet<String>,
    /// Texts, those in macros included.
    pub texts: BTreeSet<String>,
    /// Macros that are called.
    pub macros: BTreeSet<String>,
    /// Texts that a variant of `Self` is matched to, with the name of the variant.
    variants: BTreeMap<String, String>,
}

impl Sources {
    /// Reads `files`; messages name them relative to `root`.
    ///
    /// # Errors
    ///
    /// When one cannot be read or is no Rust.
    pub fn read(root: &Path, files: &[PathBuf]) -> Result<Self, Error> {
        let mut sources = Self::default();
        for path in files {
            let failed = |source| Error::File { path: path.clone(), verb: "read", source };
            let text = fs::read_to_string(path).map_err(failed)?;
            let file = syn::parse_file(&text).map_err(|error| {
                let shown = path.strip_prefix(root).unwrap_or(path).display();
                Error::Wrong(format!("{shown}: this is not Rust: {error}"))
            })?;
            sources.visit_file(&file);
        }
        Ok(sources)
    }

    /// The variant that is matched to `text`, as in `Self::V5 => "veeam-vb365-v5"`.
    pub fn variant_of(&self, text: &str) -> Option<&str> {
        self.variants.get(text).map(String::as_str)
    }

    /// Macros are not parsed; whatever they are, their texts, calls and names stand in them.
    fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
        let mut before = None;
        for token in tokens {
            match token {
                proc_macro2::TokenTree::Group(group) => self.tokens(group.stream()),
                proc_macro2::TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.texts.insert(text.value());
                    }
                    before = None;
                }
                proc_macro2::TokenTree::Ident(ident) => {
                    if before == Some('.') {
                        self.methods.insert(ident.to_string());
                    }
                    before = None;
                }
                proc_macro2::TokenTree::Punct(punct) => before = Some(punct.as_char()),
            }
        }
    }
}

fn marked(attributes: &[syn::Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| attribute.path().segments.last().is_some_and(|segment| segment.ident == name))
}

fn for_tests_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|ident| ident == "test")
    })
}

impl<'ast> Visit<'ast> for Sources {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !for_tests_only(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if marked(&function.attrs, "test") {
            self.tests.insert(function.sig.ident.to_string());
        }
        visit::visit_item_fn(self, function);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.methods.insert(call.method.to_string());
        visit::visit_expr_method_call(self, call);
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.texts.insert(text.value());
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.macros.extend(call.path.segments.last().map(|segment| segment.ident.to_string()));
        self.tokens(call.tokens.clone());
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let (syn::Pat::Path(path), syn::Expr::Lit(literal)) = (&arm.pat, &*arm.body)
            && let syn::Lit::Str(text) = &literal.lit
            && let Some(variant) = path.path.segments.last()
        {
            self.variants.insert(text.value(), variant.ident.to_string());
        }
        visit::visit_arm(self, arm);
    }
}

/// An operation id as the name of the generated method.
pub fn snake(id: &str) -> String {
    heck::ToSnakeCase::to_snake_case(id)
}

/// The Rust files in a folder and in the folders within it, sorted.
///
/// # Errors
///
/// When a folder cannot be read.
pub fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::File { path: folder.to_owned(), verb: "read", source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            found.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
