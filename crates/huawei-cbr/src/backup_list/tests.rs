//! Lists in all forms, and what is wrong with them.

use super::*;

fn entry(id: usize, name: &str) -> String {
    format!(
        r#"{{"backup_id":"b{id}","backup_name":"{name}","bucket_name":"k","image_path":"p","resource_id":"r","resource_name":"n","created_at":1553587260}}"#
    )
}

fn parse(text: &str) -> Result<Vec<BackupList>, String> {
    BackupList::parse(text, "nightly", "nightly.json").map_err(|error| error.to_string())
}

fn list(count: usize) -> String {
    format!("[{}]", (0..count).map(|id| entry(id, "n")).collect::<Vec<_>>().join(","))
}

#[test]
fn long_lists_are_split() {
    let sizes =
        |count: usize| parse(&list(count)).map(|lists| lists.iter().map(|list| list.backups.len()).collect::<Vec<_>>());
    assert_eq!(sizes(1), Ok(vec![1]));
    assert_eq!(sizes(50), Ok(vec![50]));
    assert_eq!(sizes(51), Ok(vec![50, 1]));
    let names: Vec<String> = parse(&list(101)).unwrap_or_default().into_iter().map(|list| list.name).collect();
    assert_eq!(names, ["nightly-1", "nightly-2", "nightly-3"]);
}

#[test]
fn the_default_resource_type_is_sent() {
    let lists = parse(&list(1)).unwrap_or_default();
    assert_eq!(lists.first().map(|list| list.backups[0].resource_type.to_string()), Some(RESOURCE_TYPE.to_owned()));
}

#[test]
fn what_is_wrong_is_told_with_file_and_place() {
    let long = entry(1, &"x".repeat(65));
    let fits = entry(1, &"ä".repeat(64));
    assert!(parse(&format!("[{fits}]")).is_ok(), "64 characters are allowed, however many bytes they take");
    let twice = format!("[{},{}]", entry(1, "a"), entry(1, "b"));
    let unknown = entry(1, "a").replace("image_path", "imagepath");
    for (text, part) in [
        ("[]", "is empty"),
        (r#"{"sync":[]}"#, "is empty"),
        ("[{]", "line 1 column 3"),
        ("", "is empty"),
        (&format!("[{long}]"), "entry 1: backup_name is 65 characters long; 1 to 64 are allowed"),
        (&twice, "entry 2: backup_id b1 stands there twice"),
        (&format!("[{unknown}]"), "unknown field `imagepath`"),
        (&format!("[{}]", entry(1, "")), "entry 1: backup_name is empty"),
        (&format!("[{}]", entry(1, "a").replace("1553587260", "0")), "created_at is 0"),
        (&format!("[{}]", entry(1, "a").replace("1553587260", "1553587260000")), "looks like milliseconds"),
    ] {
        let told = parse(text).err().unwrap_or_default();
        assert!(told.contains("nightly.json") && told.contains(part), "{text}: {told}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let told =
        BackupList::read(Path::new("no/such/list.json")).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(told.starts_with("the backup list no/such/list.json cannot be read"), "{told}");
}

/// Reads bytes as a file of this name.
fn read(name: &str, bytes: &[u8]) -> Result<Vec<BackupList>, String> {
    BackupList::take(Form::of(Path::new(name)), bytes, "nightly", name).map_err(|error| error.to_string())
}

const HEAD: &str = "backup_id,backup_name,bucket_name,image_path,resource_id,resource_name,created_at";

#[test]
fn the_same_list_is_read_from_all_forms() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let lists = ["json", "ndjson", "csv"].map(|form| {
        let list = BackupList::read(&folder.join(format!("on-premises-backups.{form}")));
        list.map_err(|error| error.to_string())
    });
    assert!(lists[0].as_ref().is_ok_and(|lists| lists[0].backups.len() == 3), "{lists:?}");
    assert_eq!(lists[1], lists[0]);
    assert_eq!(lists[2], lists[0]);
}

#[test]
fn files_are_read_as_other_programs_write_them() {
    let row = "b1,\"name, with \"\"comma\"\"\",k,p,r,n,1553587260";
    let lines = format!("{}\n\n{}\n", entry(1, "a"), entry(2, "b").replace("1553587260", "\" 1553587260\""));
    for (name, text, count) in [
        ("x.csv", format!("{HEAD}\n{row}"), 1),
        ("x.CSV", format!("\u{feff}{HEAD}\r\n{row}\r\n\r\n{}\r\n", row.replace("b1", "b2")), 2),
        ("x.csv", format!("{HEAD},resource_type\n{row},\n"), 1),
        ("x.ndjson", lines.clone(), 2),
        ("x.jsonl", format!("\u{feff}{}", lines.replace('\n', "\r\n")), 2),
        ("x.json", format!("\u{feff}[{}]", entry(1, "a").replace("1553587260", "\"1553587260\"")), 1),
    ] {
        let lists = read(name, text.as_bytes());
        assert_eq!(lists.as_ref().map(|lists| lists[0].backups.len()), Ok(count), "{name}: {text}");
        let backup = &lists.unwrap_or_default()[0].backups[0];
        assert_eq!((backup.created_at, backup.resource_type.to_string().as_str()), (1_553_587_260, RESOURCE_TYPE));
        if name.to_lowercase() == "x.csv" {
            assert_eq!(backup.backup_name.to_string(), "name, with \"comma\"");
        }
    }
}

#[test]
fn what_is_wrong_in_lines_and_tables_is_told_with_its_line() {
    let good = "b1,a,k,p,r,n,1553587260";
    let table = |rows: &[&str]| format!("{HEAD}\n{}\n", rows.join("\n"));
    let long = format!("b2,{},k,p,r,n,1553587260", "x".repeat(65));
    let lines = |second: &str| format!("{}\n{second}\n", entry(1, "a"));
    for (name, text, parts) in [
        ("x.csv", String::new(), &["is empty"][..]),
        ("x.csv", table(&[]).trim_end().to_owned(), &["is empty"]),
        ("x.csv", table(&[good, good]), &["line 3: backup_id b1 stands there twice"]),
        ("x.csv", table(&[good, &long]), &["line 3: backup_name is 65 characters long; 1 to 64 are allowed"]),
        ("x.csv", table(&["b1,a,k,p,r,n"]), &["line 2: 6 columns, but the head line has 7"]),
        ("x.csv", table(&["b1,a,k,p,r,n,soon"]), &["line 2", "\"soon\"", "whole seconds since 1970 in created_at"]),
        ("x.csv", table(&["b1,a,k,p,r,n,1.55E9"]), &["line 2", "whole seconds since 1970 in created_at"]),
        ("x.csv", table(&["b1,a,k,p,r,n,"]), &["line 2", "in created_at"]),
        ("x.csv", table(&["b1,a,k,,r,n,1553587260"]), &["line 2: image_path is empty"]),
        ("x.csv", table(&["b1,\"a\nb\",k,p,r,n,1553587260", good]), &["line 4: backup_id b1 stands there twice"]),
        (
            "x.csv",
            table(&[good]).replace("image_path", "imagepath"),
            &["line 1: unknown column `imagepath`; did you mean `image_path`?"],
        ),
        ("x.csv", table(&[good]).replace("image_path", "backup_id"), &["line 1: the column `backup_id` stands there"]),
        ("x.csv", "backup_id,created_at\nb1,1\n".to_owned(), &["line 1: the columns backup_name, bucket_name, "]),
        ("x.csv", table(&[good]).replace(',', ";"), &["line 1: the columns have to be separated by commas"]),
        ("x.ndjson", "\n \n".to_owned(), &["is empty"]),
        ("x.ndjson", lines(&entry(1, "b")), &["line 2: backup_id b1 stands there twice"]),
        ("x.ndjson", lines("{]"), &["line 2 column 2: "]),
        ("x.ndjson", lines("[]"), &["line 2 column ", "a backup"]),
        (
            "x.ndjson",
            lines(&entry(2, "b").replace("image_path", "imagepath")),
            &["line 2 column ", "unknown field `imagepath`; did you mean `image_path`?"],
        ),
        ("x.ndjson", lines(&entry(2, "b").replace("1553587260", "true")), &["line 2 column ", "whole seconds since"]),
    ] {
        let told = read(name, text.as_bytes()).err().unwrap_or_default();
        assert!(told.starts_with(&format!("the backup list {name}")), "{text}: {told}");
        for part in parts {
            assert!(told.contains(part), "{text}: {told} lacks {part}");
        }
    }
}

#[test]
fn text_in_another_encoding_is_told_with_its_place() {
    let latin = |text: String| text.bytes().map(|byte| if byte == b'~' { 0xe4 } else { byte }).collect::<Vec<u8>>();
    for (name, text, place) in [
        ("x.json", format!("[\n{}]", entry(1, "~")), "line 2 column 34"),
        ("x.ndjson", format!("{}\n{}", entry(1, "a"), entry(2, "~")), "line 2 column 34"),
        ("x.csv", format!("{HEAD}\nb1,~,k,p,r,n,1"), "line 2, backup_name"),
        ("x.csv", format!("~{HEAD}\n"), "line 1"),
    ] {
        let told = read(name, &latin(text)).err().unwrap_or_default();
        assert!(told.contains(&format!("{name}, {place}: this is not UTF-8")), "{name}: {told}");
    }
}

#[test]
fn parts_share_the_name_of_the_whole_and_two_lists_of_one_name_are_refused() {
    let mut lists = parse(&list(51)).unwrap_or_default();
    assert!(lists.iter().all(|list| list.whole == "nightly"));
    assert!(BackupList::check_names(&lists).is_ok());
    lists.extend(BackupList::split("nightly-2", lists[0].backups.clone()));
    let told = BackupList::check_names(&lists).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(told.contains("two backup lists are named nightly-2"), "{told}");
}
