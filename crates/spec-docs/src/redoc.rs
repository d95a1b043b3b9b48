//! The bundle of the reference's renderer, made fit to stand inside a page.

/// As the npm package holds it.
const BUNDLE: &str = include_str!("../redoc/redoc.standalone.js");

/// What cannot stay as it is, and what comes in its place. The first three would end or confuse the element around the
/// script, the picture would be fetched from the network, and so would the map, by the tools of a browser.
const REPLACED: [(&str, &str); 5] = [
    ("<!--", "\\x3c!--"),
    ("<script", "\\x3cscript"),
    ("</script", "\\x3c/script"),
    ("https://cdn.redoc.ly/redoc/logo-mini.svg", "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="),
    ("//# sourceMappingURL=redoc.standalone.js.map", ""),
];

/// The script for a page.
pub fn script() -> String {
    REPLACED.iter().fold(BUNDLE.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// JSON for a `script` element: no text in it can end the element.
pub fn json(text: &str) -> String {
    text.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_asks_for_nothing_and_ends_no_element() {
        let script = script();
        for gone in ["cdn.redoc.ly", "<!--", "<script", "</script", "sourceMappingURL=redoc"] {
            assert!(!script.contains(gone), "{gone}");
        }
        for (from, _) in REPLACED.iter().filter(|(from, _)| *from != "</script") {
            assert!(BUNDLE.contains(from), "{from} is no longer in the bundle; look whether it needs replacing");
        }
    }
}
