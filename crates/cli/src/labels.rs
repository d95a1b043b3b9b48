//! Short names of targets for people: the address with the name in place of the id where that is unambiguous.
//!
//! Such a label is itself an address that `sync` takes.

use std::collections::HashMap;

use backup_sync::engine::Address;

/// Labels of a set of targets.
#[derive(Debug, Default)]
pub struct Labels(HashMap<Address, String>);

impl Labels {
    /// Makes labels for these targets.
    pub fn of<'a>(targets: impl IntoIterator<Item = (&'a Address, &'a str)>) -> Self {
        let targets: Vec<(&Address, &str)> = targets.into_iter().collect();
        let mut seen: HashMap<String, usize> = HashMap::new();
        let named = |address: &Address, name: &str| format!("{}/{}/{name}", address.endpoint, address.kind);
        for (address, name) in &targets {
            *seen.entry(named(address, name)).or_default() += 1;
        }
        let label = |(address, name): &(&Address, &str)| {
            let label = named(address, name);
            let special = |character: char| "*?[]{}\\".contains(character) || character.is_control();
            let usable = seen[&label] == 1 && !name.is_empty() && !name.contains(special);
            ((*address).clone(), if usable { label } else { address.to_string() })
        };
        Self(targets.iter().map(label).collect())
    }

    /// The label of a target; its address when it is not in the set.
    pub fn get(&self, address: &Address) -> String {
        self.0.get(address).cloned().unwrap_or_else(|| address.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_stand_for_one_target_replace_its_id() {
        let address = |id: &str| Address { endpoint: "e".into(), kind: "k".into(), id: id.into() };
        let (a, b, c, d) = (address("1"), address("2"), address("3"), address("4"));
        let labels = Labels::of([(&a, "web"), (&b, "db"), (&c, "db"), (&d, "w*")]);
        let labels: Vec<String> = [&a, &b, &c, &d].into_iter().map(|address| labels.get(address)).collect();
        assert_eq!(labels, ["e/k/web", "e/k/2", "e/k/3", "e/k/4"]);
    }
}
