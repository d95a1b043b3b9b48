//! VB365 as a store: what was created is listed, got, changed and deleted, by the manners of each version; what a call
//! refers to has to be there, and what is in use stays.

mod common;

use backup_sync_simulator::Vb365Version::{self, V6, V7, V8};
use common::Anything;
use common::veeam::Server;
use serde_json::{Value, json};

const VERSIONS: [Vb365Version; 3] = [V6, V7, V8];

/// How one resource lives.
struct Life {
    versions: &'static [Vb365Version],
    /// Where it is listed, and where it is made.
    path: &'static str,
    made_at: String,
    new: Value,
    /// What is changed, and how it is deleted.
    change: Value,
    delete: (&'static str, &'static str, Option<Value>),
    /// Whether a change is answered with 204 in all versions.
    always_204: bool,
}

async fn lives(server: &Server) -> Result<Vec<Life>, Box<dyn std::error::Error>> {
    let proxy = server.proxy("vb365.example.org").await?;
    let organization = server.organization().await?;
    let cloud = json!({"useApplicationOnlyAuth": true, "officeOrganizationName": "made.onmicrosoft.com",
        "applicationSecret": "top-secret"});
    let put = |name: &str, value: Value, mut body: Value| {
        body[name] = value;
        body
    };
    let life = |path, new: Value, change: Value| Life {
        versions: &VERSIONS,
        path,
        made_at: path.to_owned(),
        new,
        change,
        delete: ("DELETE", "", None),
        always_204: false,
    };
    let repository = json!({"name": "Made", "description": "a", "proxyId": proxy, "retentionType": "ItemLevel",
        "retentionPeriodType": "Daily", "dailyRetentionPeriod": 30});
    let host = json!({"hostName": "made.example.org", "port": 9193, "description": "a", "password": "top-secret"});
    let remove = Some(json!({"force": false, "userName": "a", "userPassword": "top-secret"}));
    let job = json!({"name": "Made", "description": "a", "backupType": "EntireOrganization",
        "organizationId": organization, "repositoryId": server.repository()?,
        "schedulePolicy": {"type": "Daily", "dailyTime": "01:00:00", "retryEnabled": true, "retryNumber": 2}});
    let bucket = json!({"name": "Made", "description": "a", "type": "AmazonS3Compatible",
        "amazonBucketS3Compatible": {"servicePoint": "https://s3.example.org", "name": "bucket"}});
    Ok(vec![
        life("/BackupRepositories", repository.clone(), put("description", json!("b"), repository)),
        Life {
            delete: ("POST", "/Remove", remove),
            ..life("/Proxies", host.clone(), put("description", json!("b"), host))
        },
        Life {
            versions: &[V8],
            ..life(
                "/ProxyPools",
                json!({"name": "Made", "description": "a", "proxyIds": []}),
                json!({"name": "Made", "description": "b", "proxyIds": []}),
            )
        },
        Life {
            always_204: true,
            ..life(
                "/Organizations",
                json!({"type": "Office365", "name": "made", "exchangeOnlineSettings": cloud}),
                json!({"type": "Office365", "name": "made", "exchangeOnlineSettings": cloud, "region": "Germany"}),
            )
        },
        Life {
            made_at: if server.is_v8() { "/Jobs".to_owned() } else { format!("/Organizations/{organization}/Jobs") },
            always_204: true,
            ..life("/Jobs", job.clone(), put("description", json!("b"), job))
        },
        Life {
            versions: &[V6, V7],
            ..life("/objectstoragerepositories", bucket.clone(), put("description", json!("b"), bucket))
        },
    ])
}

#[tokio::test]
async fn what_was_made_is_listed_read_changed_and_removed() -> Anything {
    for version in VERSIONS {
        let server = Server::new(version).await?;
        for life in lives(&server).await?.into_iter().filter(|life| life.versions.contains(&version)) {
            live(&server, &life).await.map_err(|why| format!("{version} {}: {why}", life.path))?;
        }
    }
    Ok(())
}

async fn live(server: &Server, life: &Life) -> Anything {
    let before = server.list(life.path).await?.len();
    let (status, made) = server.call("POST", &life.made_at, Some(&life.new)).await?;
    assert_eq!(status, if server.is_v8() { 201 } else { 200 }, "{made}");
    assert!(!made.to_string().contains("top-secret"), "secrets are not shown");
    let id = made["id"].as_str().ok_or("no id")?.to_owned();
    let own = format!("{}/{id}", life.path);
    let listed = server.list(life.path).await?;
    assert_eq!(listed.len(), before + 1);
    let extended = format!("{own}?extendedView=true");
    assert_eq!(server.get(&extended).await?, made, "it is read as it was made");
    assert!(listed.iter().any(|item| item["id"] == id));
    for (name, sent) in life.new.as_object().ok_or("no object")? {
        let shown = &made[name];
        assert!(shown == sent || shown.is_null() || shown.is_object(), "{name}: {shown} for {sent}");
    }

    let (status, answer) = server.call("PUT", &own, Some(&life.change)).await?;
    assert_eq!((status, answer), (if server.is_v8() || life.always_204 { 204 } else { 200 }, Value::Null));
    let shown = server.get(&own.to_uppercase().replace(&life.path.to_uppercase(), life.path)).await?;
    let differs =
        |(name, sent): (&String, &Value)| (life.new[name] != *sent).then(|| (shown[name].clone(), sent.clone()));
    let changed: Vec<(Value, Value)> = life.change.as_object().ok_or("no object")?.iter().filter_map(differs).collect();
    assert!(!changed.is_empty() && changed.iter().all(|(shown, sent)| shown == sent), "{changed:?}");

    let (method, action, body) = &life.delete;
    let (status, answer) = server.call(method, &format!("{own}{action}"), body.as_ref()).await?;
    assert_eq!((status, answer), (if server.is_v8() || *method == "DELETE" { 204 } else { 200 }, Value::Null));
    server.refused(("GET", &own, None), (404, "ResourceNotFound")).await?;
    assert_eq!(server.list(life.path).await?.len(), before);
    Ok(())
}

/// Every id of a path that nothing has is answered with 404, before the body is looked at.
#[tokio::test]
async fn what_is_not_there_is_not_found() -> Anything {
    let nobody = "c0ffee00-0000-4000-8000-000000000009";
    for version in VERSIONS {
        let server = Server::new(version).await?;
        let table = match version {
            V8 => veeam_vb365::v8::OPERATIONS,
            _ => veeam_vb365::v7::OPERATIONS,
        };
        let mut found = Vec::new();
        for row in table.iter().filter(|row| row.path.contains('{')) {
            let mut path = String::new();
            for part in row.path.split('/').skip(1) {
                path.push('/');
                path.push_str(if part.starts_with('{') { nobody } else { part });
            }
            let (status, answer) = server.call(row.method, &path, None).await?;
            let code = if version == V8 { json!("ResourceNotFound") } else { Value::Null };
            if status != 404 || answer["errorCode"] != code {
                found.push(format!("{} {status} {answer}", row.id));
            }
        }
        assert!(found.is_empty(), "{version}: {found:#?}");
    }
    Ok(())
}

/// A reference to something that is not there, a body that does not do, a name that is taken.
#[tokio::test]
async fn wrong_requests_are_refused() -> Anything {
    let nobody = "c0ffee00-0000-4000-8000-000000000009";
    for version in VERSIONS {
        let server = Server::new(version).await?;
        let (proxy, organization) = (server.proxy("vb365.example.org").await?, server.organization().await?);
        let repository = json!({"name": "New", "proxyId": proxy, "retentionType": "ItemLevel"});
        let job = json!({"name": "New", "backupType": "EntireOrganization", "organizationId": organization,
            "repositoryId": server.repository()?});
        let jobs = if version == V8 { "/Jobs".to_owned() } else { format!("/Organizations/{organization}/Jobs") };
        let with = |body: &Value, name: &str, value: Value| {
            let mut body = body.clone();
            body[name] = value;
            Some(body)
        };
        let (unknown, invalid) = ((404, "ResourceNotFound"), (400, "ParameterValidationFailure"));
        let conflict = (409, "OperationConflict");
        let repositories = "/BackupRepositories";
        let cases = [
            (("POST", repositories, with(&repository, "proxyId", json!(nobody))), unknown),
            (("POST", repositories, with(&repository, "proxyId", json!("not-a-uuid"))), invalid),
            (("POST", repositories, with(&repository, "proxyId", Value::Null)), invalid),
            (("POST", repositories, with(&repository, "retentionType", Value::Null)), invalid),
            (("POST", repositories, with(&repository, "retentionType", json!("Forever"))), invalid),
            (("POST", repositories, with(&repository, "name", json!(7))), invalid),
            (("POST", repositories, Some(json!([]))), invalid),
            (("POST", repositories, None), invalid),
            (("POST", repositories, with(&repository, "name", json!("archive to s3"))), conflict),
            (("POST", &jobs, with(&job, "repositoryId", json!(nobody))), unknown),
            (("POST", &jobs, with(&job, "backupType", json!("Nothing"))), invalid),
            (("POST", &jobs, with(&job, "backupType", json!("SelectedItems"))), invalid),
            (("POST", &jobs, with(&job, "selectedItems", json!([{"type": "Galaxy"}]))), invalid),
            (("POST", &jobs, with(&job, "name", json!("Mailboxes nightly"))), conflict),
            (("POST", "/Proxies", Some(json!({"port": 1}))), invalid),
            (("POST", "/Proxies", Some(json!({"hostName": "VB365.example.org"}))), conflict),
            (("POST", "/Proxies/Rescan", Some(json!({"proxies": [{"id": nobody}]}))), unknown),
            (("POST", "/Proxies/Rescan", Some(json!({}))), invalid),
            (("POST", "/Organizations", Some(json!({"type": "OnPremises", "name": "x"}))), invalid),
            (("POST", "/License/Install", Some(json!({"licenseFile": " "}))), invalid),
            (("GET", "/JobSessions?limit=0", None), invalid),
            (("GET", "/JobSessions?limit=10001", None), invalid),
            (("GET", "/JobSessions?jobType=Restore", None), invalid),
            (("GET", "/JobSessions?endTimeLowerBound=soon", None), invalid),
            (("GET", "/RestorePoints?jobId=7", None), invalid),
        ];
        for (call, refusal) in cases {
            server.refused(call, refusal).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_in_use_stays() -> Anything {
    for version in VERSIONS {
        let server = Server::new(version).await?;
        let (repository, organization) = (server.repository()?, server.organization().await?);
        let proxy = server.proxy("vb365.example.org").await?;
        let conflict = (409, "OperationConflict");
        server.refused(("DELETE", &format!("/BackupRepositories/{repository}"), None), conflict).await?;
        server.refused(("DELETE", &format!("/Organizations/{organization}"), None), conflict).await?;
        server.refused(("POST", &format!("/Proxies/{proxy}/Remove"), Some(json!({"force": true}))), conflict).await?;
        if version != V8 {
            let shown = server.get(&format!("/BackupRepositories/{repository}")).await?;
            let used = shown["objectStorageId"].as_str().ok_or("no storage")?;
            server.refused(("DELETE", &format!("/objectstoragerepositories/{used}"), None), conflict).await?;
            let body =
                json!({"name": "Second", "proxyId": proxy, "retentionType": "ItemLevel", "objectStorageId": used});
            server.refused(("POST", "/BackupRepositories", Some(body)), conflict).await?;
        }
        // Without the job, its copy is gone too, and the repository can go with its restore points.
        let job = server.job().await?;
        assert!(server.list("/RestorePoints").await?.iter().any(|point| point["repositoryId"] == repository));
        assert_eq!(server.call("DELETE", &format!("/Jobs/{job}"), None).await?.0, 204);
        assert!(server.list("/CopyJobs").await?.is_empty());
        assert_eq!(server.call("DELETE", &format!("/BackupRepositories/{repository}"), None).await?.0, 204);
        assert!(server.list("/RestorePoints").await?.iter().all(|point| point["repositoryId"] != repository));
        server.refused(("GET", &format!("/BackupRepositories/{repository}"), None), (404, "ResourceNotFound")).await?;
    }
    Ok(())
}

/// What the pages of v5 tell beyond synchronization.
#[tokio::test]
async fn v5_creates_repositories_and_acts_on_jobs() -> Anything {
    let server = Server::new(Vb365Version::V5).await?;
    let own = server.get("/Organization").await?;
    assert_eq!((&own["name"], &own["isBackedup"]), (&json!("example.org"), &json!(true)));
    let organization = own["id"].as_str().ok_or("no id")?.to_owned();
    let repository = server.get(&format!("/BackupRepositories/{}", server.repository()?)).await?;
    let proxy = repository["proxyId"].as_str().ok_or("no proxy")?;
    let made = server.disk("Made", proxy).await?;
    assert_eq!(server.get(&format!("/BackupRepositories/{made}")).await?["name"], "Made");
    let used = server.list(&format!("/Organizations/{organization}/UsedRepositories")).await?;
    let links: Vec<&str> = used.iter().filter_map(|row| row["_links"]["backupRepository"]["href"].as_str()).collect();
    assert!(links.len() == 2 && links.iter().all(|link| link.starts_with("http://")), "{links:?}");

    let jobs = server.list(&format!("/Organizations/{organization}/Jobs")).await?;
    let job = format!("/Jobs/{}", jobs[0]["id"].as_str().ok_or("no job")?);
    let action = format!("{job}/Action");
    for (body, seconds, status, enabled) in [
        (json!({"disable": null}), 0, "Success", false),
        (json!({"enable": {}}), 0, "Success", true),
        (json!({"start": null}), 0, "Running", true),
        (json!({"stop": null}), 0, "Stopped", true),
        (json!({"start": {}}), 10, "Success", true),
    ] {
        assert_eq!(server.call("POST", &action, Some(&body)).await?, (200, Value::Null), "{body}");
        server.pass(seconds);
        let shown = server.get(&job).await?;
        assert_eq!((&shown["lastStatus"], &shown["isEnabled"]), (&json!(status), &json!(enabled)), "{body}");
    }
    let explore = json!({"explore": {"datetime": "2026-03-02T09:30:00", "type": "vesp"}});
    server.good("POST", &action, Some(&explore)).await?;
    for body in [json!({}), json!({"start": null, "stop": null}), json!({"fly": null})] {
        server.refused(("POST", &action, Some(body)), (400, "")).await?;
    }
    assert_eq!(server.get("/License").await?["usedNumber"], 2);
    Ok(())
}
