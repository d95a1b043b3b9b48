//! Finds the operation of a request in the tables that the vendor crates generate from their specs.

use axum::http::Method;

use crate::text::decode;

/// One operation and where it is.
#[derive(Debug)]
pub(crate) struct Route {
    operation: &'static str,
    method: Method,
    segments: Vec<Segment>,
}

#[derive(Debug)]
enum Segment {
    Fixed(&'static str),
    Param,
}

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// An operation, with the parameters of its path in order.
    Operation(&'static str, Vec<String>),
    /// A path that exists, with another method.
    OtherMethod,
    /// Nothing.
    Nothing,
}

/// The operations of one API.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    routes: Vec<Route>,
    ignore_case: bool,
}

impl Routes {
    /// No operations yet; fixed segments are compared without regard to case if `ignore_case`.
    pub(crate) fn new(ignore_case: bool) -> Self {
        Self { routes: Vec::new(), ignore_case }
    }

    /// Adds an operation; `path` is its template as in the spec.
    pub(crate) fn add(&mut self, operation: &'static str, method: &str, path: &'static str) {
        let segment = |part: &'static str| if part.starts_with('{') { Segment::Param } else { Segment::Fixed(part) };
        let segments: Vec<Segment> = path.trim_start_matches('/').split('/').map(segment).collect();
        let method = method.parse().unwrap_or(Method::GET);
        self.routes.push(Route { operation, method, segments });
        // Fixed segments win over parameters: `/vaults/external` over `/vaults/{vault_id}`.
        self.routes.sort_by_key(|route| route.segments.iter().filter(|part| matches!(part, Segment::Param)).count());
    }

    /// What `path`, below the base and with its leading slash, leads to. A slash at the end does no harm.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Found {
        let Some(path) = path.strip_prefix('/') else { return Found::Nothing };
        let parts: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
        let mut found = Found::Nothing;
        for route in &self.routes {
            match self.matches(route, &parts) {
                Some(params) if route.method == *method => return Found::Operation(route.operation, params),
                Some(_) => found = Found::OtherMethod,
                None => {}
            }
        }
        found
    }

    fn matches(&self, route: &Route, parts: &[&str]) -> Option<Vec<String>> {
        if route.segments.len() != parts.len() {
            return None;
        }
        let mut params = Vec::new();
        for (segment, part) in route.segments.iter().zip(parts) {
            match segment {
                Segment::Fixed(fixed) if self.ignore_case && fixed.eq_ignore_ascii_case(part) => {}
                Segment::Fixed(fixed) if fixed == part => {}
                Segment::Fixed(_) => return None,
                Segment::Param if part.is_empty() => return None,
                Segment::Param => params.push(decode(part)?),
            }
        }
        Some(params)
    }
}

/// Fills routes from an operation table.
macro_rules! routes {
    ($ignore_case:expr, $($table:expr),+) => {{
        let mut routes = $crate::routes::Routes::new($ignore_case);
        $(for operation in $table {
            routes.add(operation.id, operation.method, operation.path);
        })+
        routes
    }};
}
pub(crate) use routes;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(routes: &Routes, method: Method, path: &str) -> Found {
        routes.find(&method, path)
    }

    #[test]
    fn operations_are_found_in_the_specs() {
        let veeam = routes!(true, veeam_vb365::v8::OPERATIONS);
        let sync = Found::Operation("BackupRepository_StartSynchronizeAction", vec!["A1".into()]);
        assert_eq!(found(&veeam, Method::POST, "/backuprepositories/A1/SYNC"), sync);
        assert_eq!(found(&veeam, Method::GET, "/BackupRepositories/A1/Sync"), Found::OtherMethod);
        assert_eq!(found(&veeam, Method::GET, "/BackupRepositories//Sync"), Found::Nothing);

        let cbr = routes!(false, huawei_cbr::iam_v3::OPERATIONS, huawei_cbr::v3::OPERATIONS);
        let external = Found::Operation("ListExternalVault", vec!["p".into()]);
        assert_eq!(found(&cbr, Method::GET, "/v3/p/vaults/external"), external);
        assert_eq!(found(&cbr, Method::GET, "/v3/projects"), Found::Operation("KeystoneListProjects", vec![]));

        let vr = routes!(false, vsphere_replication::v2::OPERATIONS);
        let pause = Found::Operation("pauseReplication", vec!["p".into(), "H:G:1".into()]);
        assert_eq!(found(&vr, Method::POST, "/pairings/p/replications/H%3AG:1/actions/pause"), pause);
    }
}
