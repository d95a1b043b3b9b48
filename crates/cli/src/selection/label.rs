//! Labels, and what may be asked of them in the words of kubectl.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// Labels of an endpoint or a target.
pub type Labels = BTreeMap<String, String>;

/// Conditions that hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Requirements(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Is(String),
    IsNot(String),
    There,
    Missing,
}

impl Requirements {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Both.
    pub fn and(&mut self, more: &Self) {
        self.0.extend_from_slice(&more.0);
    }

    /// Labels with exactly these values.
    pub fn exactly(labels: &Labels) -> Self {
        let is = |(key, value): (&String, &String)| Requirement { key: key.clone(), test: Test::Is(value.clone()) };
        Self(labels.iter().map(is).collect())
    }

    /// Whether labels fulfil all of it.
    pub fn fits(&self, labels: &Labels) -> bool {
        self.0.iter().all(|one| one.fits(labels))
    }

    /// Whether targets can fulfil it that have these labels, and others where the vendor gives `more`.
    pub fn can_fit(&self, labels: &Labels, more: bool) -> bool {
        self.0.iter().all(|one| (more && !labels.contains_key(&one.key)) || one.fits(labels))
    }

    /// The keys that are asked about.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|one| one.key.as_str())
    }
}

impl Requirement {
    fn fits(&self, labels: &Labels) -> bool {
        let found = labels.get(&self.key);
        match &self.test {
            Test::Is(value) => found == Some(value),
            Test::IsNot(value) => found != Some(value),
            Test::There => found.is_some(),
            Test::Missing => found.is_none(),
        }
    }
}

impl fmt::Display for Requirements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Requirement { key, test }) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            match test {
                Test::Is(value) => write!(f, "{key}={value}")?,
                Test::IsNot(value) => write!(f, "{key}!={value}")?,
                Test::There => f.write_str(key)?,
                Test::Missing => write!(f, "!{key}")?,
            }
        }
        Ok(())
    }
}

impl FromStr for Requirements {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} asks nothing of labels; write KEY=VALUE, KEY!=VALUE, KEY or !KEY, joined by commas");
        let one = |part: &str| {
            let part = part.trim();
            let (key, test) = if let Some((key, value)) = part.split_once("!=") {
                (key, Test::IsNot(value.trim().to_owned()))
            } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
                (key, Test::Is(value.trim().to_owned()))
            } else if let Some(key) = part.strip_prefix('!') {
                (key, Test::Missing)
            } else {
                (part, Test::There)
            };
            let key = key.trim();
            let good = !key.is_empty() && !key.contains(['!', '=', ' ']);
            good.then(|| Requirement { key: key.to_owned(), test }).ok_or_else(wrong)
        };
        text.split(',').map(one).collect::<Result<_, _>>().map(Self)
    }
}

impl TryFrom<String> for Requirements {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// What is wrong with labels that somebody has configured: they could not be asked for.
pub fn problem(labels: &Labels) -> Option<String> {
    let bad = |text: &str| text.contains([',', '=', '!']) || text.chars().any(char::is_control) || text.trim() != text;
    let (key, value) = labels.iter().find(|(key, value)| key.is_empty() || bad(key) || bad(value))?;
    Some(format!("the label {key:?} = {value:?} cannot be asked for: no commas, = or ! and no blanks at the ends"))
}

/// Labels in one line.
pub fn line(labels: &Labels) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Labels {
        [("site", "berlin"), ("tier", "gold")].map(|(key, value)| (key.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn conditions_mean_what_they_mean_to_kubectl() {
        for (text, fits) in [
            ("site=berlin", true),
            ("site==berlin", true),
            ("site = berlin , tier=gold", true),
            ("site=berlin,tier=silver", false),
            ("site!=paris", true),
            ("site!=berlin", false),
            ("owner!=me", true),
            ("owner=me", false),
            ("site", true),
            ("owner", false),
            ("!owner", true),
            ("!site", false),
        ] {
            let asked: Requirements = text.parse().unwrap();
            assert_eq!(asked.fits(&labels()), fits, "{text}");
            assert_eq!(asked.can_fit(&labels(), false), fits, "{text}");
            assert_eq!(asked.to_string().parse(), Ok(asked), "{text}");
        }
        for wrong in ["", ",", "=x", "a b=c", "site=berlin,", "!!a", "!a=b"] {
            assert!(wrong.parse::<Requirements>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_the_vendor_may_add_is_not_decided_early_and_what_is_configured_is() {
        let can = |text: &str| text.parse::<Requirements>().unwrap().can_fit(&labels(), true);
        assert!(can("owner=me") && can("!owner") && can("site=berlin"));
        assert!(!can("site=paris") && !can("!site") && !can("owner=me,site=paris"));
    }

    #[test]
    fn labels_that_nobody_could_ask_for_are_refused() {
        assert_eq!(problem(&labels()), None);
        for (key, value) in [("", "a"), ("a=b", "c"), ("a", "b,c"), ("a", " b")] {
            assert!(problem(&[(key.to_owned(), value.to_owned())].into()).is_some(), "{key:?} {value:?}");
        }
    }
}
