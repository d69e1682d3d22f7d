//! The description of the interface that is committed is the one that the server serves.

#[test]
fn the_committed_description_is_true() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let now = head_service::openapi();
    if std::env::var_os("TRAIN_HEAD_WRITE_OPENAPI").is_some() {
        std::fs::write(path, &now).expect("the description is written");
        return;
    }
    assert!(
        committed == now,
        "crates/head-service/openapi.json is out of date: run this test with TRAIN_HEAD_WRITE_OPENAPI=1"
    );
}
