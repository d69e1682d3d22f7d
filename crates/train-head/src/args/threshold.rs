//! What `--threshold` takes.

use head_fit::measures::Aim;

/// An aim of `--threshold`.
pub(super) fn aim(text: &str) -> Result<Aim, String> {
    text.parse().map_err(|_| {
        "youden, sensitivity=SHARE, specificity=SHARE (above 0, at most 1), cost=MISSED:ALARM (both positive) or a number between 0 and 1 is needed"
            .to_owned()
    })
}
