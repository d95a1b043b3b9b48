//! The bounds that CBR documents for what is sent to it. The generated types keep members and their types; lengths,
//! ranges and forms of shared schemas are checked here.

use serde_json::Value;

/// What a value has to be.
enum Rule {
    /// Given at all.
    Needed,
    Number(i64, i64),
    /// The same, or -1 for no limit.
    OrUnlimited(i64, i64),
    /// A number from 0 to 1.
    Share,
    /// So many characters.
    Text(usize, usize),
    /// So many entries.
    Items(usize, usize),
    /// Letters, digits, Chinese characters, `_` and `-`, 1 to 64 of them.
    Name,
    /// The same, and dots.
    DottedName,
    /// The same without Chinese characters.
    Code,
    /// Without `<` and `>`, so many characters at most.
    Plain(usize),
    /// Name of a region.
    Region,
    /// `UTC+08:00`.
    Zone,
    /// Three numbers with dots.
    Version,
    /// An absolute path.
    Path,
    OneOf(&'static [&'static str]),
}

use Rule::{
    Code, DottedName, Items, Name, Needed, Number, OneOf, OrUnlimited, Path, Plain, Region, Share, Text, Version, Zone,
};

const OBJECTS: Rule = OneOf(&["server", "disk", "turbo", "workspace", "vmware", "rds", "file"]);
const LEVELS: Rule = OneOf(&["app_consistent", "crash_consistent"]);
const CLOUDS: Rule = OneOf(&["public", "hybrid"]);
const PERIODS: Rule = OneOf(&["year", "month"]);
/// GB of a vault that is made, or has been made.
const NEW_SIZE: Rule = Number(10, 10_485_760);
const SIZE: Rule = Number(1, 10_485_760);
const KINDS: Rule = OneOf(&["backup", "replication"]);

/// For these operations the values at this path follow the rule; `[]` goes through a list.
#[rustfmt::skip]
const RULES: &[(&[&str], &str, Rule)] = &[
    (&["CreateVault"], "vault.name", Name),
    (&["CreatePostPaidVault"], "vault.name", DottedName),
    (&["CreateVault", "CreatePostPaidVault"], "vault.description", Plain(255)),
    (&["CreateVault", "CreatePostPaidVault"], "vault.resources", Items(0, 256)),
    (&["CreateVault", "CreatePostPaidVault"], "vault.threshold", Number(1, 100)),
    (&["CreateVault"], "vault.tags", Items(0, 10)),
    (&["CreatePostPaidVault"], "vault.tags", Items(1, 10)),
    (&["CreatePostPaidVault"], "vault.parameters.combined_order.combined_order_num", Number(1, 1000)),
    (&["CreatePostPaidVault"], "vault.parameters.combined_order.combined_order_ecs_num", Number(1, 1000)),
    (&["CreateVault", "CreatePostPaidVault"], "vault.tags[].key", Needed),
    (&["CreateVault", "CreatePostPaidVault"], "vault.tags[].key", Text(1, 36)),
    (&["CreateVault", "CreatePostPaidVault"], "vault.tags[].value", Text(0, 43)),
    (&["CreateVault", "CreatePostPaidVault", "UpdateVault"], "vault.bind_rules.tags", Items(0, 5)),
    (&["CreateVault", "CreatePostPaidVault", "UpdateVault"], "vault.bind_rules.tags[].key", Needed),
    (&["CreateVault", "CreatePostPaidVault", "UpdateVault"], "vault.bind_rules.tags[].value", Needed),
    (&["CreateVault"], "vault.backup_name_prefix", Text(0, 32)),
    (&["CreateVault"], "vault.availability_zone", Text(1, 32)),
    (&["CreateVault", "CreatePostPaidVault"], "vault.billing.size", NEW_SIZE),
    (&["CreateVault", "CreatePostPaidVault"], "vault.billing.object_type", OBJECTS),
    (&["CreateVault", "CreatePostPaidVault"], "vault.billing.protect_type", KINDS),
    (&["CreateVault", "CreatePostPaidVault"], "vault.billing.cloud_type", CLOUDS),
    (&["CreateVault", "CreatePostPaidVault", "UpdateVault"], "vault.billing.consistent_level", LEVELS),
    (&["CreateVault", "CreatePostPaidVault"], "vault.billing.charging_mode", OneOf(&["post_paid", "pre_paid"])),
    (&["CreateVault", "CreatePostPaidVault"], "vault.billing.period_type", PERIODS),
    (&["CreateVault", "CreatePostPaidVault"], "vault.billing.console_url", Text(1, 255)),
    (&["UpdateVault"], "vault.name", Name),
    (&["UpdateVault"], "vault.billing.size", SIZE),
    (&["UpdateVault", "BatchUpdateVault"], "vault.threshold", Number(1, 100)),
    (&["AddVaultResource"], "resources", Items(1, 256)),
    (&["RemoveVaultResource", "MigrateVaultResource", "SetVaultResource"], "resource_ids", Items(1, 256)),
    (&["SetVaultResource"], "action", OneOf(&["suspend", "unsuspend"])),
    (&["UpdateExpirationTime"], "time_zone", Zone),
    (&["CreateCheckpoint"], "checkpoint.parameters.name", Name),
    (&["CreateCheckpoint"], "checkpoint.parameters.description", Plain(255)),
    (&["CreateCheckpoint"], "checkpoint.parameters.resource_details", Items(0, 256)),
    (&["CreateCheckpoint"], "checkpoint.parameters.resource_details[].id", Needed),
    (&["CreateCheckpoint"], "checkpoint.parameters.resource_details[].name", Text(0, 255)),
    (&["CreateCheckpoint"], "checkpoint.parameters.retention_duration_days", OrUnlimited(1, 36_500)),
    (&["CopyBackup", "CopyCheckpoint"], "replicate.destination_region", Region),
    (&["CopyBackup"], "replicate.name", Name),
    (&["CopyBackup"], "replicate.description", Plain(255)),
    (&["RestoreBackup"], "restore.details.destination_path", Text(1, 255)),
    (&["UpdateBackup"], "backup.name", Text(1, 64)),
    (&["CreatePolicy", "UpdatePolicy"], "policy.name", Name),
    (&["CreatePolicy"], "policy.trigger.properties", Needed),
    (&["CreatePolicy", "UpdatePolicy"], "policy.trigger.properties.pattern", Needed),
    (&["CreatePolicy", "UpdatePolicy"], "policy.trigger.properties.pattern", Items(1, 24)),
    (&["CreatePolicy", "UpdatePolicy"], "policy.trigger.properties.start_window_minutes", Number(60, 480)),
    (&["CreateOrganizationPolicy"], "policy.policy_trigger.properties", Needed),
    (&["CreateOrganizationPolicy", "UpdateOrganizationPolicy"], "policy.policy_trigger.properties.pattern", Needed),
    (&["CreateOrganizationPolicy", "UpdateOrganizationPolicy"], "policy.policy_trigger.properties.pattern", Items(1, 24)),
    (&["CreateOrganizationPolicy", "UpdateOrganizationPolicy"], "policy.policy_trigger.properties.start_window_minutes", Number(60, 480)),
    (&["CreateOrganizationPolicy", "UpdateOrganizationPolicy"], "policy.name", Text(1, 64)),
    (&["CreateOrganizationPolicy", "UpdateOrganizationPolicy"], "policy.policy_name", Text(1, 64)),
    (&["CreateOrganizationPolicy", "UpdateOrganizationPolicy"], "policy.description", Text(0, 255)),
    (&["CreateOrganizationPolicy", "UpdateOrganizationPolicy"], "policy.effective_scope", Text(0, 255)),
    (&["RegisterAgent"], "agent.agent_version", Version),
    (&["UpdateAgent"], "agent.status", OneOf(&["uninstall"])),
    (&["AddAgentPath"], "add_path", Items(1, usize::MAX)),
    (&["AddAgentPath"], "add_path[]", Path),
    (&["AddMember"], "members", Items(1, 10)),
    (&["CreateVaultTags"], "tag.key", Text(1, 36)),
    (&["CreateVaultTags"], "tag.value", Text(0, 43)),
    (&["BatchCreateAndDeleteVaultTags"], "tags", Items(1, 10)),
    (&["BatchCreateAndDeleteVaultTags"], "tags[].key", Text(1, 36)),
    (&["BatchCreateAndDeleteVaultTags"], "tags[].value", Text(0, 43)),
    (&["BatchCreateAndDeleteVaultTags"], "action", OneOf(&["create", "delete"])),
    (&["ShowVaultResourceInstances"], "action", OneOf(&["filter", "count"])),
    (&["ShowVaultResourceInstances"], "matches", Items(0, 1)),
    (&["ShowVaultResourceInstances"], "matches[].key", OneOf(&["resource_name"])),
    (&["ShowVaultResourceInstances"], "tags", Items(0, 10)),
    (&["ShowVaultResourceInstances"], "tags_any", Items(0, 10)),
    (&["ShowVaultResourceInstances"], "not_tags", Items(0, 10)),
    (&["ShowVaultResourceInstances"], "not_tags_any", Items(0, 10)),
    (&["ChangeOrder"], "product_info.resource_size", NEW_SIZE),
    (&["ChangeOrder"], "product_info.product_id", Code),
    (&["ChangeOrder"], "cloud_service_console_url", Text(1, 512)),
    (&["UpdateOrder"], "productInfo.resourceSize", NEW_SIZE),
    (&["UpdateOrder"], "productInfo.productId", Code),
    (&["UpdateOrder"], "cloudServiceConsoleURL", Text(1, 512)),
    (&["ChangeVaultChargeMode"], "charging_mode", OneOf(&["pre_paid"])),
    (&["ChangeVaultChargeMode"], "period_type", PERIODS),
    (&["ChangeVaultChargeMode"], "period_num", Number(1, 9)),
    (&["ChangeVaultChargeMode"], "vault_ids", Items(1, 60)),
    (&["MigrateDomain"], "reservation", Share),
];

/// The same for what a policy of either kind does, below the member that says it.
#[rustfmt::skip]
const OF_POLICIES: &[(&str, Rule)] = &[
    ("max_backups", OrUnlimited(1, 99_999)),
    ("retention_duration_days", OrUnlimited(1, 99_999)),
    ("day_backups", Number(0, 100)),
    ("week_backups", Number(0, 100)),
    ("month_backups", Number(0, 100)),
    ("year_backups", Number(0, 100)),
    ("full_backup_interval", OrUnlimited(0, 100)),
    ("destination_region", Region),
    ("timezone", Zone),
    ("advanced_retention_rules.weekly_retention_rules.days_of_week", Items(0, 7)),
    ("advanced_retention_rules.monthly_retention_rules.days_of_week", Items(0, 7)),
    ("advanced_retention_rules.monthly_retention_rules.retention_weeks", Items(0, 5)),
    ("advanced_retention_rules.monthly_retention_rules.days_of_month", Items(0, 29)),
    ("advanced_retention_rules.monthly_retention_rules.days_of_month[]", Number(-1, 28)),
    ("advanced_retention_rules.yearly_retention_rules.days_of_week", Items(0, 7)),
    ("advanced_retention_rules.yearly_retention_rules.retention_weeks", Items(0, 5)),
    ("advanced_retention_rules.yearly_retention_rules.days_of_month", Items(0, 29)),
    ("advanced_retention_rules.yearly_retention_rules.days_of_month[]", Number(-1, 28)),
    ("advanced_retention_rules.yearly_retention_rules.retention_months", Items(0, 12)),
    ("advanced_retention_rules.weekly_retention_rules.retention_duration_periods", OrUnlimited(1, 5200)),
    ("advanced_retention_rules.monthly_retention_rules.retention_duration_periods", OrUnlimited(1, 1200)),
    ("advanced_retention_rules.yearly_retention_rules.retention_duration_periods", OrUnlimited(1, 100)),
];

/// A sentence about the first value of a body that breaks a rule.
pub(crate) fn fault(operation: &str, body: &Value) -> Option<String> {
    let mine = RULES.iter().filter(|(operations, ..)| operations.contains(&operation));
    let fault = mine.filter_map(|(_, path, rule)| broken(body, path, rule)).next();
    let definition = match operation {
        "CreatePolicy" | "UpdatePolicy" => "/policy/operation_definition",
        "CreateOrganizationPolicy" | "UpdateOrganizationPolicy" => "/policy/policy_operation_definition",
        _ => return fault,
    };
    let definition = body.pointer(definition);
    fault.or_else(|| OF_POLICIES.iter().find_map(|(path, rule)| broken(definition?, path, rule)))
}

fn broken(body: &Value, path: &str, rule: &Rule) -> Option<String> {
    if matches!(rule, Needed) {
        let (parent, member) = path.rsplit_once('.')?;
        let lacks = |value: &&Value| value.get(member).is_none_or(Value::is_null);
        return at(body, parent).iter().any(lacks).then(|| format!("{path} is missing"));
    }
    at(body, path).into_iter().find(|value| !fits(value, rule)).map(|_| format!("{path} is not acceptable"))
}

/// The values at a path that are there.
fn at<'a>(body: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![body];
    for part in path.split('.') {
        let (name, list) = part.strip_suffix("[]").map_or((part, false), |name| (name, true));
        let members = found.into_iter().filter_map(|value| value.get(name));
        found = match list {
            true => members.filter_map(Value::as_array).flatten().collect(),
            false => members.collect(),
        };
    }
    found.retain(|value| !value.is_null());
    found
}

/// Whether a value follows a rule; one of another JSON type is the business of the generated types.
fn fits(value: &Value, rule: &Rule) -> bool {
    let number = |fits: &dyn Fn(i64) -> bool| value.as_i64().is_none_or(fits);
    let text = |fits: &dyn Fn(&str) -> bool| value.as_str().is_none_or(fits);
    match rule {
        Needed => true,
        Number(least, most) => number(&|number| (*least..=*most).contains(&number)),
        OrUnlimited(least, most) => number(&|number| number == -1 || (*least..=*most).contains(&number)),
        Share => value.as_f64().is_none_or(|share| (0.0..=1.0).contains(&share)),
        Text(least, most) => text(&|text| (*least..=*most).contains(&text.trim().chars().count())),
        Items(least, most) => value.as_array().is_none_or(|items| (*least..=*most).contains(&items.len())),
        Name => text(&|text| is_name(text, "_-")),
        DottedName => text(&|text| is_name(text, "_-.")),
        Code => text(&|text| text.is_ascii() && is_name(text, "_-")),
        Plain(most) => text(&|text| text.chars().count() <= *most && !text.contains(['<', '>'])),
        Region => text(&|text| text.chars().all(|one| one.is_ascii_alphanumeric() || "._-".contains(one))),
        Zone => text(&|text| zone(text).is_some()),
        Version => text(&|text| {
            let numbers: Vec<&str> = text.split('.').collect();
            numbers.len() == 3 && numbers.iter().all(|number| matches!(number.len(), 1..=3) && digits(number))
        }),
        Path => {
            text(&|text| text.starts_with('/') || text.get(1..3).is_some_and(|drive| drive == ":\\" || drive == ":/"))
        }
        OneOf(words) => text(&|text| words.contains(&text)),
    }
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_name(text: &str, marks: &str) -> bool {
    let usual = |one: char| {
        let chinese = matches!(one, '\u{4e00}'..='\u{9fa5}' | '\u{f900}'..='\u{fa2d}');
        chinese || one.is_ascii_alphanumeric() || marks.contains(one)
    };
    (1..=64).contains(&text.chars().count()) && text.chars().all(usual)
}

/// Minutes that a zone like `UTC+08:00` is ahead.
pub(crate) fn zone(text: &str) -> Option<i64> {
    let rest = text.strip_prefix("UTC")?;
    let sign = if rest.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = rest.strip_prefix(['+', '-'])?.split_once(':')?;
    let two = |text: &str| (text.len() == 2 && digits(text)).then(|| text.parse::<i64>().ok()).flatten();
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_out_of_bounds_are_named() {
        let vault = |name: &str, size: i64| json!({"vault": {"name": name, "billing": {"size": size}}});
        let policy = |most: i64| {
            json!({"policy": {"name": "p", "operation_definition": {"max_backups": most},
            "trigger": {"properties": {"pattern": ["FREQ=DAILY"]}}}})
        };
        let cases: [(&str, Value, Option<&str>); 11] = [
            ("CreateVault", vault("vault_百-1", 10), None),
            ("CreateVault", vault("vault.1", 10), Some("vault.name")),
            ("CreatePostPaidVault", vault("vault.1", 10), None),
            ("CreateVault", vault("v", 9), Some("vault.billing.size")),
            ("CreatePolicy", policy(-1), None),
            ("CreatePolicy", policy(0), Some("max_backups")),
            ("CreatePolicy", json!({"policy": {"trigger": {"properties": {}}}}), Some("pattern is missing")),
            (
                "CreateVault",
                json!({"vault": {"tags": [{"key": "k"}, {"value": "v"}]}}),
                Some("vault.tags[].key is missing"),
            ),
            ("AddAgentPath", json!({"add_path": ["/var", "C:\\data", "data"]}), Some("add_path[]")),
            ("RegisterAgent", json!({"agent": {"agent_version": "1.20.3"}}), None),
            ("UpdateExpirationTime", json!({"time_zone": "UTC+8"}), Some("time_zone")),
        ];
        for (operation, body, expected) in cases {
            let found = fault(operation, &body);
            assert_eq!(found.is_some(), expected.is_some(), "{operation} {body}: {found:?}");
            assert!(found.unwrap_or_default().contains(expected.unwrap_or_default()), "{operation} {body}");
        }
        assert_eq!((zone("UTC+08:30"), zone("UTC-01:00"), zone("UTC+25:00")), (Some(510), Some(-60), None));
    }
}
