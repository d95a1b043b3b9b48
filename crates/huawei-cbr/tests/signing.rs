//! The signatures of the vendor's own signer, reproduced.

use huawei_cbr::signing::vectors::compare;

const VECTORS: &str = include_str!("data/huawei-aksk-signing.json");

#[test]
fn every_case_of_the_vendors_signer_is_reproduced() {
    let comparison = compare(VECTORS).unwrap();
    assert_eq!(comparison.cases, 50);
    assert!(comparison.differences.is_empty(), "{}", comparison.differences.join("\n"));
}

#[test]
fn a_changed_case_is_told() {
    let changed = VECTORS.replacen("Signature=449808510a53", "Signature=549808510a53", 1);
    let comparison = compare(&changed).unwrap();
    assert_eq!(comparison.differences.len(), 1);
    assert!(comparison.differences[0].starts_with("get-no-query-no-headers: authorization differs"));
}
