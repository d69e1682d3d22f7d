//! Files in a bucket and traces: what this build cannot do, and what cannot be, is refused before anything is made.

use crate::util::Dir;

#[test]
fn a_bucket_or_collector_that_cannot_be_is_told() {
    let dir = Dir::new();
    let words =
        |feature: bool, with: &'static str, without: &'static str| if feature { with } else { without };
    let bucket = |with| words(cfg!(feature = "s3"), with, "without the feature `s3`");
    let traces = |with| words(cfg!(feature = "otel"), with, "without the feature `otel`");
    for (flags, why) in [
        ("--s3-bucket x", bucket("is the name of no bucket")),
        ("--s3-bucket heads --s3-endpoint http://store.example", bucket("https is needed")),
        ("--s3-bucket heads --s3-prefix a/../b", bucket("is no prefix")),
        ("--s3-prefix trial", "needs its name (--s3-bucket)"),
        ("--s3-copies 5G", "needs its name (--s3-bucket)"),
        ("--otlp-endpoint http://collector.example", traces("https is needed")),
    ] {
        let said = dir.run(&format!("serve --folder service --listen 127.0.0.1:0 {flags}"));
        assert_eq!(said.code, 2, "{flags}\n{}", said.stderr);
        assert!(said.stderr.contains(why), "{flags}\n{}", said.stderr);
        assert!(!dir.path("service").exists(), "{flags}");
    }
    dir.write("serve.toml", "folder = \"service\"\ns3-prefix = \"trial\"\n");
    let said = dir.run("serve --config serve.toml");
    assert_eq!((said.code, said.stderr.contains("--s3-bucket")), (2, true), "{}", said.stderr);
}
