//! How an operation is called: from Rust, and from a shell.

use backup_sync_codegen::document::{OperationNode, operations, resolve};
use serde_json::Value;

use crate::schema::text;

/// The call with the generated client, from the line of the surface listing that speaks of it.
pub fn rust(crate_name: &str, module: &str, surface: &[String], function: &str) -> Option<String> {
    let start = format!("{module} operation {function}(");
    let line = surface.iter().find_map(|line| line.strip_prefix(&start))?;
    let (parameters, answer) = line.rsplit_once(") -> ")?;
    let mut call = format!("// {crate_name}::{module}\nlet answer = client.{function}()\n");
    for parameter in split(parameters) {
        let (name, kind) = parameter.split_once(": ").unwrap_or((parameter, ""));
        let note = if kind.is_empty() { String::new() } else { format!("  // {kind}") };
        call.push_str(&format!("    .{name}({name}){note}\n"));
    }
    call.push_str(&format!("    .send().await?  // {answer}\n    .into_inner();"));
    Some(call)
}

/// The parts between commas that stand in no angle bracket.
fn split(parameters: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (at, character) in parameters.char_indices() {
        match character {
            '<' | '(' => depth += 1,
            '>' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(parameters[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(parameters[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// The line for a shell, with the name of each value in capitals to be replaced.
pub fn command(root: &Value, operation: &OperationNode<'_>) -> String {
    let mut line = format!("backup-sync api ENDPOINT {}", operation.id());
    for parameter in operation.parameters(root) {
        let name = text(parameter, "name");
        let required = parameter.get("required") == Some(&Value::Bool(true));
        if required && !given(root, parameter) {
            line.push_str(&format!(" --param {name}={}", capitals(name)));
        }
    }
    let body = operation.node.get("requestBody").and_then(|node| resolve(root, node));
    if body.is_some() {
        line.push_str(" --body body.json");
    }
    if operation.node.get("x-paging").is_some() {
        line.push_str(" --paginate");
    }
    line
}

/// Whether the endpoint fills the parameter in: a part of the path of every operation, as the project of a cloud is.
fn given(root: &Value, parameter: &Value) -> bool {
    let all = operations(root);
    let part = format!("{{{}}}", text(parameter, "name"));
    text(parameter, "in") == "path" && all.len() > 1 && all.iter().all(|operation| operation.path.contains(&part))
}

/// `repositoryId` and `pairing-id` as `REPOSITORY_ID` and `PAIRING_ID`.
fn capitals(name: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for character in name.chars() {
        if character.is_ascii_uppercase() && before.is_ascii_lowercase() {
            out.push('_');
        }
        out.push(if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' });
        before = character;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_surface_becomes_a_call() {
        let surface = ["v2 operation a(b: BTreeMap<String, X>, body: types::Y) -> types::Z".to_owned()];
        let call = rust("some_vendor", "v2", &surface, "a").unwrap_or_default();
        assert!(call.contains("    .b(b)  // BTreeMap<String, X>\n    .body(body)  // types::Y\n"), "{call}");
        assert!(call.contains(".send().await?  // types::Z"), "{call}");
        assert_eq!(rust("some_vendor", "v2", &surface, "b"), None);
    }

    #[test]
    fn values_to_be_replaced_are_in_capitals() {
        assert_eq!(capitals("repositoryId"), "REPOSITORY_ID");
        assert_eq!(capitals("X-Auth-Token"), "X_AUTH_TOKEN");
    }
}
