//! Plans: files that say what is synchronized, and how, so that it can be reviewed like code.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use backup_sync::engine::{Own, Selector};
use backup_sync::runtime::suggest::reworded;
use backup_sync_simulator::scenario::Length;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::parse::Source;
use crate::exit::Failure;
use crate::selection::Group;
use crate::selection::label::{Labels, Requirements};

/// What is synchronized, and how. What is said on the command line counts before what is said here.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Stop watching a target after this long; 24h when left out.
    #[serde(default)]
    pub deadline: Option<Length>,
    /// End the run after this long; no limit when left out.
    #[serde(default)]
    pub run_deadline: Option<Length>,
    /// So many synchronizations are at work at a time; no limit when left out.
    #[serde(default)]
    pub max_jobs: Option<NonZeroUsize>,
    /// The same for each endpoint.
    #[serde(default)]
    pub max_jobs_per_endpoint: Option<NonZeroUsize>,
    /// Longest pause between two looks while nothing changes; 60s when left out.
    #[serde(default)]
    pub poll: Option<Length>,
    /// How long a claimed end may take to become visible before it counts as not proven; 5m when left out.
    #[serde(default)]
    pub settle: Option<Length>,
    /// Start targets too of which the vendor says that they are in sync; false when left out.
    #[serde(default)]
    pub force: Option<bool>,
    /// Watch a synchronization that runs already; true when left out.
    #[serde(default)]
    pub adopt: Option<bool>,
    /// Which targets. The first entry that means a target decides about its options.
    #[serde(default)]
    #[schemars(required, length(min = 1))]
    pub targets: Vec<Entry>,
}

/// Targets that are meant together.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Address as ENDPOINT/KIND/ID-OR-NAME, in which `*` and `?` match as in a shell; every target when left out.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub select: Option<Selector>,
    /// Only targets with these labels.
    #[serde(default)]
    pub labels: Labels,
    /// Only targets with these labels, as `--label` takes them: `site=berlin,tier!=test`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub label: Option<Requirements>,
    /// Stop watching each of them after this long.
    #[serde(default)]
    pub deadline: Option<Length>,
    /// Start them also when the vendor says that they are in sync.
    #[serde(default)]
    pub force: Option<bool>,
    /// Watch a synchronization of them that runs already.
    #[serde(default)]
    pub adopt: Option<bool>,
    /// That there is no such target is no error.
    #[serde(default)]
    pub optional: bool,
    /// Where it is written.
    #[serde(skip)]
    place: String,
}

impl Plan {
    /// Reads a file. All problems are told at once.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|cause| Failure::usage(format!("the plan {shown} cannot be read: {cause}")))?;
        let json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let plan = if json { from_json(&text, &shown) } else { from_toml(&text, &shown) };
        let plan = plan.map_err(Failure::Problems)?;
        if plan.targets.is_empty() {
            return Err(Failure::usage(format!("{shown}: the plan names no targets; add [[targets]]")));
        }
        Ok(plan)
    }

    /// What is meant.
    pub fn groups(&self) -> Vec<Group> {
        let group = |entry: &Entry| {
            let mut labels = Requirements::exactly(&entry.labels);
            entry.label.iter().for_each(|more| labels.and(more));
            Group {
                place: entry.place.clone(),
                selector: entry.select.clone(),
                labels,
                optional: entry.optional,
                own: Own { deadline: get(entry.deadline), adopt: entry.adopt, force: entry.force },
            }
        };
        self.targets.iter().map(group).collect()
    }
}

/// A length of time that may be left out.
pub fn get(length: Option<Length>) -> Option<Duration> {
    length.map(Length::get)
}

fn from_json(text: &str, shown: &str) -> Result<Plan, Vec<String>> {
    let mut plan: Plan = serde_json::from_str(text).map_err(|error| {
        let told = error.to_string();
        let why = told.rsplit_once(" at line ").map_or(told.as_str(), |(why, _)| why);
        vec![format!("{shown}:{}:{}: {}", error.line(), error.column(), reworded(why))]
    })?;
    for (index, entry) in plan.targets.iter_mut().enumerate() {
        entry.place = format!("{shown}, targets[{index}]: ");
    }
    Ok(plan)
}

fn from_toml(text: &str, shown: &str) -> Result<Plan, Vec<String>> {
    let source = Source { text, shown };
    let mut root = DeTable::parse(text).map_err(|error| vec![source.told(&error, "")])?;
    // Each entry is read on its own, so that the problems of all are told.
    let targets = match root.get_ref().get("targets").map(Spanned::get_ref) {
        Some(DeValue::Array(_)) => root.get_mut().remove("targets"),
        _ => None,
    };
    let mut problems = Vec::new();
    let mut entries = Vec::new();
    if let Some(DeValue::Array(listed)) = targets.as_ref().map(Spanned::get_ref) {
        for (index, value) in listed.iter().enumerate() {
            match entry(&source, index, value) {
                Ok(entry) => entries.push(entry),
                Err(wrong) => problems.extend(wrong),
            }
        }
    }
    let left_out = ["targets".to_owned()];
    match source.fields::<Plan>("the plan", root, &left_out) {
        Ok(plan) if problems.is_empty() => Ok(Plan { targets: entries, ..plan }),
        Ok(_) => Err(problems),
        Err(more) => Err([more, problems].concat()),
    }
}

fn entry(source: &Source<'_>, index: usize, value: &Spanned<DeValue<'_>>) -> Result<Entry, Vec<String>> {
    let what = format!("targets[{index}]");
    let DeValue::Table(table) = value.get_ref() else {
        return Err(vec![source.at(value.span(), &format!("{what} is no table; write [[targets]]"))]);
    };
    let entry: Entry = source.fields(&what, Spanned::new(value.span(), table.clone()), &[])?;
    Ok(Entry { place: source.at(value.span(), ""), ..entry })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
deadline = \"8h\"

[[targets]]
select = \"m365/repository/*\"
labels = { site = \"berlin\" }
deadline = \"4h\"

[[targets]]
label = \"tier!=test\"
optional = true
";

    #[test]
    fn a_plan_is_read_from_both_forms() {
        let json = r#"{"deadline": "8h", "targets": [
            {"select": "m365/repository/*", "labels": {"site": "berlin"}, "deadline": "4h"},
            {"label": "tier!=test", "optional": true}]}"#;
        for plan in [from_toml(GOOD, "x"), from_json(json, "x")] {
            let plan = plan.unwrap();
            assert_eq!(get(plan.deadline), Some(Duration::from_secs(8 * 3600)));
            let groups = plan.groups();
            let told: Vec<String> = groups.iter().map(|group| group.labels.to_string()).collect();
            assert_eq!(told, ["site=berlin", "tier!=test"]);
            assert_eq!(groups[0].own.deadline, Some(Duration::from_secs(4 * 3600)));
            assert!(groups[1].optional && groups[1].selector.is_none());
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_line_and_column() {
        for (from, to, wanted) in [
            (
                "deadline = \"8h\"",
                "dedline = \"8h\"\npoll = 5",
                &[
                    "x:2:1: the plan: unknown field `dedline`; did you mean `deadline`? (known are deadline, run_deadline, \
                     max_jobs, max_jobs_per_endpoint, poll, settle, force, adopt, targets)",
                    "x:3:8: the plan, poll: invalid type: integer `5`, expected a string",
                ][..],
            ),
            (
                "select = \"m365/repository/*\"",
                "selct = \"m365/repository/*\"\nforce = 1",
                &[
                    "x:5:1: targets[0]: unknown field `selct`; did you mean `select`? (known are select, labels, label, \
                     deadline, force, adopt, optional)",
                    "x:6:9: targets[0], force: invalid type: integer `1`, expected a boolean",
                ],
            ),
            (
                "m365/repository/*",
                "m365",
                &[
                    "x:5:10: targets[0], select: \"m365\" is no target address; write ENDPOINT/KIND/ID-OR-NAME, for example \
                  m365/repository/*",
                ],
            ),
            (
                "tier!=test",
                "=",
                &[
                    "x:10:9: targets[1], label: \"=\" asks nothing of labels; write KEY=VALUE, KEY!=VALUE, KEY or !KEY, \
                  joined by commas",
                ],
            ),
            ("[[targets]]\nselect", "[targets]\nselect", &["x:9:3: "]),
            ("\"4h\"", "\"soon\"", &["x:7:12: targets[0], deadline: \"soon\" is no length of time"]),
        ] {
            let text = GOOD.replacen(from, to, 1);
            let mut told = from_toml(&text, "x").err().unwrap_or_default();
            told.sort_unstable();
            let fits = told.len() == wanted.len() && told.iter().zip(wanted).all(|(told, part)| told.starts_with(part));
            assert!(fits, "{text}: {told:#?}");
        }
        let told = from_json("{\n\"targts\": []}", "x.json").err().unwrap_or_default().concat();
        assert!(told.starts_with("x.json:2:8: unknown field `targts`; did you mean `targets`?"), "{told}");
    }
}
