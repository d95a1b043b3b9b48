//! The text form of Prometheus, written and read again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The first line of a file that may be written over.
pub const MARK: &str = "# Written by backup-sync";

/// Samples by the name of their metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples(BTreeMap<String, BTreeMap<Labels, f64>>);

/// Labels by name.
type Labels = BTreeMap<String, String>;

/// A metric. All of them are gauges.
#[derive(Clone, Copy)]
pub struct Family {
    pub name: &'static str,
    pub help: &'static str,
}

impl Samples {
    /// Adds a sample, or replaces it.
    pub fn add(&mut self, metric: &str, labels: Labels, value: f64) {
        self.0.entry(metric.to_owned()).or_default().insert(labels, value);
    }

    /// Removes samples, and gives the value of the last of them.
    pub fn remove(&mut self, metric: &str, meant: impl Fn(&Labels) -> bool) -> Option<f64> {
        let samples = self.0.get_mut(metric)?;
        let mut last = None;
        samples.retain(|labels, value| {
            let gone = meant(labels);
            last = if gone { Some(*value) } else { last };
            !gone
        });
        last
    }
}

/// The text of these families.
pub fn written(samples: &Samples, families: &[Family]) -> String {
    let mut text = format!("{MARK}; what it says of targets is kept when the next run writes over it.\n");
    for Family { name, help } in families {
        let Some(samples) = samples.0.get(*name).filter(|samples| !samples.is_empty()) else { continue };
        // Writing to a text cannot fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        for (labels, value) in samples {
            let labels: Vec<String> =
                labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    }
    text
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Reads what [`written`] has made; lines that it would not make are left out.
pub fn read(text: &str) -> Samples {
    let mut samples = Samples::default();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some((metric, labels, value)) = sample(line) {
            samples.add(metric, labels, value);
        }
    }
    samples
}

fn sample(line: &str) -> Option<(&str, Labels, f64)> {
    let end = line.find(['{', ' '])?;
    let (metric, mut rest) = line.split_at(end);
    let mut labels = Labels::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (key, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            labels.insert(key.to_owned(), value);
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = rest.strip_prefix('}')?;
    }
    Some((metric, labels, rest.trim().parse().ok()?))
}

/// The value up to its closing quote, and what comes after that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[index + 1..])),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let family = Family { name: "m", help: "Help." };
        for value in ["plain", "", "a\"b", "a\\", "\\n", "a\nb", "{a=\"b\",c=\"d\"} 5", "ü", "a,b}"] {
            let mut samples = Samples::default();
            let labels = [("id", value), ("name", "x"), ("a", value)].map(|(k, v)| (k.to_owned(), v.to_owned()));
            samples.add("m", labels.into(), 1.5);
            samples.add("m", Labels::new(), 1_763_712_000.0);
            let text = written(&samples, &[family]);
            assert_eq!(read(&text), samples, "{text}");
            assert_eq!(text.lines().count(), 5, "{text}");
        }
    }

    #[test]
    fn what_nobody_wrote_is_left_out() {
        for line in ["", "m", "m{", "m{a=\"b", "m{a=\"b\"", "m x", "m{a} 1", "{} x"] {
            assert_eq!(read(line), Samples::default(), "{line}");
        }
    }
}
