//! The rules as data: identifier, title, reason, remedy, and the function that looks.

mod authoring;
mod guards;
mod operations;
mod schemas;
mod wording;

pub use guards::GUARDS;

use super::Rule;

/// Rules for the document as written.
pub static RULES: [Rule; 49] = [
    Rule {
        id: "SPEC001",
        title: "OpenAPI 3.0.3",
        why: "the generator reads 3.0 only and takes 3.1 for something else",
        fix: "write `openapi: 3.0.3`",
        check: operations::version,
    },
    Rule {
        id: "SPEC002",
        title: "every operation has an operationId",
        why: "an operation without an id gets no client method",
        fix: "add the vendor's published operation name",
        check: operations::id_missing,
    },
    Rule {
        id: "SPEC003",
        title: "operation ids differ by more than case",
        why: "two ids that fold to one method name produce one method",
        fix: "rename one of them",
        check: operations::id_twice,
    },
    Rule {
        id: "SPEC004",
        title: "references stay inside the document",
        why: "the generator panics on a reference to another file",
        fix: "copy the definition into `components` and refer to it with `#/components/…`",
        check: operations::external_reference,
    },
    Rule {
        id: "SPEC005",
        title: "references lead somewhere",
        why: "a reference that leads nowhere aborts generation without naming its place",
        fix: "correct the name or add the component",
        check: operations::dangling_reference,
    },
    Rule {
        id: "SPEC006",
        title: "path items are written out",
        why: "the generator refuses `$ref` in place of a path item",
        fix: "write the operations below the path itself",
        check: operations::path_item_reference,
    },
    Rule {
        id: "SPEC007",
        title: "no cookie parameters",
        why: "the generator refuses them",
        fix: "leave the cookie to the session code of the vendor crate and describe it in prose",
        check: operations::cookie,
    },
    Rule {
        id: "SPEC008",
        title: "session and token headers are not parameters",
        why: "a header parameter becomes one more builder call on each operation, and secrets pass through user code",
        fix: "declare it under `components.securitySchemes` and drop the parameter",
        check: operations::credential_parameter,
    },
    Rule {
        id: "SPEC009",
        title: "one media type for a body",
        why: "the generator panics on an operation with two request media types",
        fix: "keep the one that the client should send and mention the other in the description",
        check: operations::media_twice,
    },
    Rule {
        id: "SPEC010",
        title: "request bodies are JSON or form fields",
        why: "the generator refuses multipart and treats other types as raw bytes",
        fix: "use `application/json` or `application/x-www-form-urlencoded`",
        check: operations::request_media,
    },
    Rule {
        id: "SPEC011",
        title: "answers are application/json",
        why: "any other media type becomes an untyped byte stream and loses the Accept header",
        fix: "write `application/json` and mention the vendor's spelling in the description",
        check: operations::answer_media,
    },
    Rule {
        id: "SPEC012",
        title: "one shape of success",
        why: "the generator panics when two success statuses carry different bodies",
        fix: "give all success statuses of the operation the same `$ref`, or none of them a body",
        check: operations::success_shapes,
    },
    Rule {
        id: "SPEC013",
        title: "objects have names",
        why: "an inline object is named after the operation and can silently be replaced by a component of that name",
        fix: "move the object to `components.schemas` under the vendor's name and refer to it",
        check: schemas::inline_object,
    },
    Rule {
        id: "SPEC014",
        title: "schema names do not look like generated ones",
        why: "a component called <OperationId>Response or <OperationId>Body takes the place of the generated type",
        fix: "rename the schema",
        check: schemas::generated_name,
    },
    Rule {
        id: "SPEC015",
        title: "no oneOf, anyOf, not",
        why: "they generate types that reject valid answers or cannot be used",
        fix: "write one object with optional members, or `x-wire-types` where a value has several JSON types",
        check: schemas::choice,
    },
    Rule {
        id: "SPEC016",
        title: "allOf is flat",
        why: "nested compositions lose members",
        fix: "list references to plain objects and at most one object with `properties`",
        check: schemas::composition,
    },
    Rule {
        id: "SPEC017",
        title: "value sets of answers are open",
        why: "one value that nobody documented would make the whole answer unreadable",
        fix: "make it a named `type: string` schema with `x-extensible-enum`",
        check: schemas::closed_enum,
    },
    Rule {
        id: "SPEC018",
        title: "values of a set have distinct names",
        why: "values that differ only in case or punctuation collide as Rust variants and the generator panics",
        fix: "keep one of them in the list; the other still decodes as unknown text",
        check: schemas::variant_collision,
    },
    Rule {
        id: "SPEC019",
        title: "x-extensible-enum stands on a named string schema",
        why: "the generator ignores the key, and only named schemas can be given an open type",
        fix: "move it to `components.schemas` as `type: string` and refer to it",
        check: schemas::open_enum_place,
    },
    Rule {
        id: "SPEC020",
        title: "answers may grow",
        why: "`additionalProperties: false` makes the client refuse an answer with a new member",
        fix: "remove the line",
        check: schemas::closed_object,
    },
    Rule {
        id: "SPEC021",
        title: "extra members are a map or nothing",
        why: "`additionalProperties` beside `properties` silently drops the extra members",
        fix: "remove the line; unknown members are ignored anyway",
        check: schemas::map_beside_properties,
    },
    Rule {
        id: "SPEC022",
        title: "array parameters repeat the key",
        why: "the generator always repeats the key, whatever `style` and `explode` say",
        fix: "declare a plain string for a comma list; remove `style` and `explode` otherwise",
        check: operations::parameter_style,
    },
    Rule {
        id: "SPEC023",
        title: "no dropshot paging",
        why: "the generator ignores that key without a word unless names match its own server",
        fix: "describe paging with `x-paging`",
        check: operations::dropshot_paging,
    },
    Rule {
        id: "SPEC024",
        title: "no redirects as answers",
        why: "redirects are never followed, so that credentials are not replayed; a 3XX arm would never match",
        fix: "remove the answer and tell the redirect in the description",
        check: operations::redirect,
    },
    Rule {
        id: "SPEC025",
        title: "parameters differ by more than case",
        why: "names that fold to one Rust name collide in the builder",
        fix: "rename or remove one of them",
        check: operations::parameter_collision,
    },
    Rule {
        id: "SPEC026",
        title: "path and path parameters agree",
        why: "a name in braces without a parameter, or the reverse, makes the generator panic or send braces",
        fix: "declare each name in braces as a required path parameter, and nothing else",
        check: operations::path_template,
    },
    Rule {
        id: "SPEC027",
        title: "x-wire-types names JSON types",
        why: "only known combinations have a tolerant reader",
        fix: "use [integer, string], [number, string], [boolean, string], or [array, object] or [array, string] on a named array",
        check: schemas::wire_types,
    },
    Rule {
        id: "SPEC028",
        title: "nullable is not written beside $ref",
        why: "OpenAPI 3.0 ignores everything beside `$ref`, so the line does nothing",
        fix: "wrap the reference: `allOf: [{$ref: …}]` with `nullable: true` beside it",
        check: schemas::beside_reference,
    },
    Rule {
        id: "SPEC029",
        title: "a component has one Rust name",
        why: "two schema names that fold to one Rust name collide",
        fix: "rename one of them",
        check: schemas::name_collision,
    },
    Rule {
        id: "SPEC030",
        title: "provenance",
        why: "a reviewer cannot check a fact without knowing where it comes from",
        fix: "add `x-source` with doc, version, date and status (documented, observed or inferred)",
        check: authoring::provenance,
    },
    Rule {
        id: "SPEC031",
        title: "things are described",
        why: "the description is the documentation that users of the crate read",
        fix: "say what it means, with its unit, in your own words",
        check: authoring::description,
    },
    Rule {
        id: "SPEC032",
        title: "operations have examples",
        why: "examples are the simulator's fixtures and the contract tests' input",
        fix: "add `examples` to the request body and to the success answer",
        check: authoring::examples,
    },
    Rule {
        id: "SPEC033",
        title: "things stand in order",
        why: "a fixed order keeps large documents reviewable",
        fix: "sort paths by tag, then path, then method; schemas, parameters and responses by name, in byte order",
        check: authoring::order,
    },
    Rule {
        id: "SPEC034",
        title: "extensions are known ones",
        why: "a misspelt extension is ignored without a word",
        fix: "correct the spelling, or document the new key in specs/README.md and add it to the list",
        check: authoring::extension,
    },
    Rule {
        id: "SPEC035",
        title: "security is declared",
        why: "whether an operation is sent with credentials is read from here",
        fix: "declare the scheme, and `security: []` on operations that need none",
        check: authoring::security,
    },
    Rule {
        id: "SPEC036",
        title: "secrets are marked",
        why: "redaction is driven by the mark; an unmarked secret could reach a log",
        fix: "add `format: password`",
        check: authoring::secret,
    },
    Rule {
        id: "SPEC037",
        title: "schemas are used",
        why: "a schema that no operation reaches is dead weight or a misspelt reference",
        fix: "refer to it, remove it, or mark it `x-unused` if the vendor declares it and uses it nowhere",
        check: authoring::unreachable,
    },
    Rule {
        id: "SPEC038",
        title: "paging is complete",
        why: "a pager that does not know the names of its parameters stops at the first page",
        fix: "give style, items and the names of existing query parameters",
        check: authoring::paging,
    },
    Rule {
        id: "SPEC039",
        title: "x-starts-job marks writes only",
        why: "an operation that starts work must never be sent blindly again, a read always may",
        fix: "remove the mark from the read, or correct the method",
        check: authoring::starts_job,
    },
    Rule {
        id: "SPEC040",
        title: "servers and vendor are named",
        why: "the base URL and the crate that the document belongs to are read from here",
        fix: "add `servers`, the usual URL first, and `info.x-vendor`",
        check: authoring::header,
    },
    Rule {
        id: "SPEC041",
        title: "required members exist",
        why: "a misspelt name in `required` makes every value invalid",
        fix: "correct the name or add the property",
        check: schemas::required_unknown,
    },
    Rule {
        id: "SPEC042",
        title: "members differ by more than case",
        why: "two members that fold to one Rust name make the generated type unusable",
        fix: "keep one of them and tell the other in `x-doubts`",
        check: schemas::member_collision,
    },
    Rule {
        id: "SPEC043",
        title: "names of runtime types are free",
        why: "the schema would silently be replaced by the type of the runtime",
        fix: "rename the schema",
        check: schemas::reserved_name,
    },
    Rule {
        id: "SPEC044",
        title: "descriptions say something",
        why: "a sentence that only repeats the name costs the reader's time and hides that nobody knows more",
        fix: "say what the name does not: meaning, unit, when it is absent; or what is not known, in `x-doubts`",
        check: wording::empty_words,
    },
    Rule {
        id: "SPEC045",
        title: "names keep one style",
        why: "names are searched for and become Rust names; two styles in one document make both unpredictable",
        fix: "name components in PascalCase, examples in kebab-case, and operations in the style of the other operations",
        check: wording::naming,
    },
    Rule {
        id: "SPEC046",
        title: "lists say how they are paged",
        why: "without `x-paging` only the first page of a list is ever read, and nobody notices",
        fix: "add `x-paging` with style, items and the names of the parameters, or `{style: none}` where one object is answered",
        check: authoring::paging_missing,
    },
    Rule {
        id: "SPEC047",
        title: "statuses are plausible",
        why: "clients, simulator and conformance tests take the list of statuses for the truth",
        fix: "declare what the vendor answers: 401 (or `default`) where credentials are needed, no body with 204 and 304",
        check: operations::statuses,
    },
    Rule {
        id: "SPEC048",
        title: "schemas end somewhere",
        why: "a schema that consists of itself has no value, and what walks it never ends",
        fix: "break the circle: refer to the schema from a member that may be absent, not from `$ref` or `allOf` alone",
        check: schemas::endless,
    },
    Rule {
        id: "SPEC049",
        title: "what a synchronization needs exists",
        why: "crates that are built without their feature `full` have the operations that `x-sync` lists, and no others",
        fix: "list ids of operations of this document, in byte order, each once",
        check: operations::sync_list,
    },
];

/// Rules that reviewers need and the generated code does not: a build goes on without them, and a finding can be
/// suppressed for a time.
pub(super) const FOR_REVIEW: [&str; 9] =
    ["SPEC030", "SPEC031", "SPEC032", "SPEC033", "SPEC037", "SPEC044", "SPEC045", "SPEC046", "SPEC047"];

/// What is checked elsewhere than in a walk through one document; their findings name these rules.
pub static OTHERS: [&Rule; 4] = [&UNREADABLE, &EXAMPLE, &SUPPRESSION, &REFUSED];

/// Reading a file.
pub static UNREADABLE: Rule = Rule {
    id: "SPEC000",
    title: "the document is plain YAML that can be read",
    why: "nothing can be generated from a document that does not parse",
    fix: "mend the YAML at this place; only plain YAML 1.2 without anchors, tags and duplicate keys is read",
    check: elsewhere,
};

/// Comparing examples with schemas.
pub static EXAMPLE: Rule = Rule {
    id: "SPEC050",
    title: "examples fit their schemas",
    why: "examples are the simulator's fixtures and the contract tests' input",
    fix: "correct the example, or the schema if the vendor really answers so; mark a deliberately wrong one with \
          `x-invalid: true` and `x-finding: {at: POINTER, breaks: KEYWORD}`",
    check: elsewhere,
};

/// Applying suppressions.
pub static SUPPRESSION: Rule = Rule {
    id: "SPEC090",
    title: "suppressions hold",
    why: "a forgotten suppression hides the next mistake at the same place",
    fix: "remove the entry, or correct it: rule, file, pointer, reason, owner and a date that has not passed",
    check: elsewhere,
};

/// Running the generator.
pub static REFUSED: Rule = Rule {
    id: "SPEC099",
    title: "the generator takes the document",
    why: "the client cannot be generated",
    fix: "simplify the construct at this place; if it is right as it stands, it needs a lint rule and a lowering pass",
    check: elsewhere,
};

fn elsewhere(_: &super::Context<'_>, _: &mut super::Breaches) {}
