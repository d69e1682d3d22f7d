//! Files as answers, piece by piece.

use std::fs::File;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use fhe_head::files::Digest;
use tokio::io::AsyncReadExt;

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// A file of this length, and of this digest if it is known.
pub(super) fn response(file: File, bytes: u64, digest: Option<&Digest>) -> Response {
    let file = tokio::fs::File::from_std(file);
    let pieces = futures_util::stream::try_unfold(file, |mut file| async {
        let mut piece = vec![0; PIECE];
        let count = file.read(&mut piece).await?;
        piece.truncate(count);
        Ok::<_, std::io::Error>((count > 0).then(|| (Bytes::from(piece), file)))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, bytes.to_string()),
    ];
    let tag = digest.map(|digest| [(header::ETAG, format!("\"{digest}\""))]);
    (headers, tag, Body::from_stream(pieces)).into_response()
}
