//! "Did you mean": the known word that is nearest to a misspelt one.

/// The candidate that somebody who wrote `word` most likely meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let most = (word.chars().count() / 3).max(1);
    let rated = candidates.into_iter().map(|candidate| (slips(&word, &candidate.to_lowercase()), candidate));
    rated.filter(|(slips, _)| *slips <= most).min_by_key(|(slips, _)| *slips).map(|(_, candidate)| candidate)
}

/// How many slips of the finger lie between two words. A word inside a longer one counts as one, because names of
/// operations are long.
fn slips(word: &str, candidate: &str) -> usize {
    let inside = word.len() >= 4 && candidate.contains(word) && candidate != word;
    if inside { 1 } else { strsim::osa_distance(word, candidate) }
}

/// What to add to a sentence about an unknown word: the one that was meant, or nothing.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map(|found| format!("; did you mean `{found}`?")).unwrap_or_default()
}

/// What a parser says of an unknown name, as an operator knows the words, with the name that was meant.
pub fn reworded(message: &str) -> String {
    let message = message.replace("unknown variant", "unknown value");
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted.split_first() {
        Some((wrong, known)) if message.starts_with("unknown ") && !known.is_empty() => {
            let kind = if message.starts_with("unknown field") { "field" } else { "value" };
            let meant = did_you_mean(wrong, known.iter().copied());
            format!("unknown {kind} `{wrong}`{meant} (known are {})", known.join(", "))
        }
        _ => message,
    }
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
        assert_eq!(nearest("evn", ["env", "file"]), Some("env"));
        assert_eq!(nearest("vault", ["ListVault", "ShowBackup"]), Some("ListVault"));
        assert_eq!(did_you_mean("insecur", known), "; did you mean `insecure`?");
        assert_eq!(did_you_mean("zzz", known), "");
    }
}
