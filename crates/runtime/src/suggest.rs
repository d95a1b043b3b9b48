//! "Did you mean": the known word that is nearest to a misspelt one.

/// Less alike than this is no suggestion.
const ALIKE: f64 = 0.7;

/// The candidate that somebody who wrote `word` most likely meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let scored = candidates.into_iter().map(|candidate| (score(&word, &candidate.to_lowercase()), candidate));
    let best = scored.filter(|(score, _)| *score >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, candidate)| candidate)
}

/// How alike two words are, from 0 to 1. Whole words inside longer ones count, because names of operations are long.
fn score(word: &str, candidate: &str) -> f64 {
    let inside = word.len() >= 4 && candidate.contains(word);
    if inside { 0.95 } else { strsim::jaro_winkler(word, candidate) }
}

/// `; did you mean "x"?`, or nothing.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map(|found| format!("; did you mean {found:?}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_and_far_ones_are_not() {
        let known = ["ca_file", "fingerprint", "insecure"];
        assert_eq!(nearest("fingrprint", known), Some("fingerprint"));
        assert_eq!(nearest("FINGERPRINT", known), Some("fingerprint"));
        assert_eq!(nearest("zzz", known), None);
        assert_eq!(nearest("vault", ["ListVault", "ShowBackup"]), Some("ListVault"));
        assert_eq!(did_you_mean("insecur", known), "; did you mean \"insecure\"?");
        assert_eq!(did_you_mean("zzz", known), "");
    }
}
