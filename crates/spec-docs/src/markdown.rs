//! Descriptions are CommonMark. What comes out is HTML that can neither run nor load anything.

use pulldown_cmark::{CowStr, Event, Parser, Tag, TagEnd, html};

use crate::model::Html;

/// A description as HTML. Markup in it is shown as text, pictures as their words, links only when they lead to a page.
pub fn html(text: &str) -> Html {
    let mut depth = 0_usize;
    let events = Parser::new(text).filter_map(move |event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Some(Event::Text(raw)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link { ref dest_url, .. }) if !is_page(dest_url) => {
            depth += 1;
            None
        }
        // Links do not nest.
        Event::End(TagEnd::Link) if depth > 0 => {
            depth -= 1;
            None
        }
        other => Some(other),
    });
    let mut out = String::with_capacity(text.len() * 5 / 4);
    html::push_html(&mut out, events);
    Html(out)
}

/// A sentence as HTML, without the paragraph around it.
pub fn inline(text: &str) -> Html {
    let Html(whole) = html(text);
    let inner = whole.strip_prefix("<p>").and_then(|rest| rest.strip_suffix("</p>\n"));
    Html(inner.filter(|inner| !inner.contains("<p>")).unwrap_or(&whole).to_owned())
}

fn is_page(url: &CowStr<'_>) -> bool {
    url.starts_with("https://") || url.starts_with("http://") || url.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_description_runs_or_loads() {
        let told = html("a <script>alert(1)</script> ![x](http://e/x.png) [y](javascript:alert(1)) [z](https://e/)").0;
        assert!(told.contains("&lt;script&gt;"), "{told}");
        assert!(!told.contains("<img") && !told.contains("javascript"), "{told}");
        assert!(told.contains("<a href=\"https://e/\">z</a>"), "{told}");
    }

    #[test]
    fn a_sentence_has_no_paragraph() {
        assert_eq!(inline("a `b` & c").0, "a <code>b</code> &amp; c");
        assert_eq!(inline("a\n\nb").0, "<p>a</p>\n<p>b</p>\n");
    }
}
