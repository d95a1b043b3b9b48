//! What can be called without changing anything, and where its parameters come from.

use backup_sync_runtime::{Operation, Place};

/// What is going to be called, in this order, and what is not, each with the reason.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Calls, each after those whose answers it needs.
    pub calls: Vec<&'static Operation>,
    /// Operations that are left out, and why.
    pub left: Vec<(&'static Operation, String)>,
}

/// Works out what can be called; `given` are the parameters that the endpoint fills in.
pub fn plan(operations: &'static [Operation], given: &[&str]) -> Plan {
    let mut plan = Plan::default();
    let (mut waiting, changing): (Vec<_>, Vec<_>) =
        operations.iter().partition(|row| row.method == "GET" && !row.starts_job && row.body.is_none());
    let changes = |row: &'static Operation| (row, format!("{} may change something", row.method));
    plan.left.extend(changing.into_iter().map(changes));
    // Each round adds what the calls before it make possible.
    loop {
        let possible = |row: &&'static Operation| {
            let needed = needed(row, given);
            needed.iter().all(|name| source(&plan.calls, row.path, name).is_some())
        };
        let (mut now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(possible);
        if now.is_empty() {
            let lost = |row: &'static Operation| {
                (row, format!("no list of the document gives {}", needed(row, given).join(" and ")))
            };
            plan.left.extend(later.into_iter().map(lost));
            return plan;
        }
        now.sort_by_key(|row| (row.path.matches('{').count(), row.path));
        plan.calls.extend(now);
        waiting = later;
    }
}

/// The parameters that have to be found out.
pub(crate) fn needed(operation: &Operation, given: &[&str]) -> Vec<&'static str> {
    let wanted = operation.parameters.iter().filter(|parameter| parameter.required || parameter.place == Place::Path);
    wanted.map(|parameter| parameter.name).filter(|name| !given.contains(name)).collect()
}

/// The list whose items have the value of a part of a path: `/tasks` for `task_id` in `/tasks/{task_id}`.
pub(crate) fn source(calls: &[&'static Operation], path: &str, name: &str) -> Option<&'static Operation> {
    let cut = path.find(&format!("/{{{name}}}"))?;
    calls.iter().find(|row| row.path == &path[..cut]).copied()
}

#[cfg(test)]
mod tests {
    use backup_sync_runtime::Parameter;

    use super::*;

    static TABLE: [Operation; 4] = [
        Operation {
            id: "one",
            path: "/p/{p_id}/r/{r_id}",
            parameters: &[Parameter::path("p_id"), Parameter::path("r_id")],
            ..Operation::BLANK
        },
        Operation { id: "inner", path: "/p/{p_id}/r", parameters: &[Parameter::path("p_id")], ..Operation::BLANK },
        Operation { id: "list", path: "/p", ..Operation::BLANK },
        Operation { id: "start", path: "/p", method: "POST", ..Operation::BLANK },
    ];

    #[test]
    fn lists_come_before_what_they_lead_to() {
        let planned = plan(&TABLE, &[]);
        let ids: Vec<&str> = planned.calls.iter().map(|row| row.id).collect();
        assert_eq!(ids, ["list", "inner", "one"]);
        let left: Vec<(&str, &str)> = planned.left.iter().map(|(row, why)| (row.id, why.as_str())).collect();
        assert_eq!(left, [("start", "POST may change something")]);
    }

    #[test]
    fn what_nothing_leads_to_is_left_out() {
        let planned = plan(&TABLE[..2], &[]);
        assert!(planned.calls.is_empty());
        assert!(planned.left.iter().all(|(_, why)| why.contains("no list of the document gives")));
        let given: Vec<&str> = plan(&TABLE[..2], &["p_id"]).calls.iter().map(|row| row.id).collect();
        assert_eq!(given, ["inner", "one"]);
    }
}
