//! What a process says on standard error while it works: lines of JSON on its progress, and lines for people.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use head_service::api::Progress;
use serde::Serialize;

/// Most that is read at once.
const LONGEST: u64 = 1 << 20;
/// Most lines for people that are kept.
const MOST_NOTES: usize = 200;

/// What was said so far.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Said {
    /// The phases in their order, each as it was last spoken of.
    pub(crate) phases: Vec<Progress>,
    /// Messages and warnings.
    pub(crate) notes: Vec<String>,
    #[serde(skip)]
    heard: u64,
    #[serde(skip)]
    rest: Vec<u8>,
}

impl Said {
    /// Reads what was added to the file. A file that became shorter is another one, and is read from its beginning; of one that is gone nothing
    /// was said.
    pub(crate) fn listen(&mut self, path: &Path) {
        let Ok(mut file) = File::open(path) else {
            *self = Self::default();
            return;
        };
        if file.metadata().is_ok_and(|found| found.len() < self.heard) {
            *self = Self::default();
        }
        if file.seek(SeekFrom::Start(self.heard)).is_err() {
            return;
        }
        loop {
            let Ok(read) = (&mut file).take(LONGEST).read_to_end(&mut self.rest) else { return };
            self.heard += read as u64;
            if let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') {
                let lines: Vec<u8> = self.rest.drain(..=end).collect();
                lines.split(|byte| *byte == b'\n').for_each(|line| self.line(line));
            } else if self.rest.len() as u64 > LONGEST {
                // no line of ours
                self.rest.clear();
            }
            if read == 0 {
                return;
            }
        }
    }

    fn line(&mut self, line: &[u8]) {
        if let Ok(now) = serde_json::from_slice::<Progress>(line) {
            match self.phases.iter_mut().find(|phase| phase.phase == now.phase) {
                Some(known) => *known = now,
                None => self.phases.push(now),
            }
            return;
        }
        let text = String::from_utf8_lossy(line).trim_end().to_owned();
        if !text.is_empty() && self.notes.len() < MOST_NOTES {
            self.notes.push(text);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write;

    #[test]
    fn phases_and_messages_are_told_apart_as_they_come() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("said");
        let mut file = File::create(&path).unwrap();
        let mut said = Said::default();
        said.listen(&path);
        file.write_all(b"{\"phase\":\"train\",\"done\":0,\"total\":9}\nwarning: few rows\n{\"phase\":\"tra")
            .unwrap();
        said.listen(&path);
        assert_eq!(
            (said.phases.len(), said.phases[0].done, &said.notes[..]),
            (1, 0, &["warning: few rows".to_owned()][..])
        );
        file.write_all(b"in\",\"done\":4,\"total\":9}\n").unwrap();
        said.listen(&path);
        assert_eq!((said.phases.len(), said.phases[0].done), (1, 4));
        std::fs::write(&path, "{\"phase\":\"plan\",\"done\":1,\"total\":1}\n").unwrap();
        said.listen(&path);
        assert_eq!((said.phases[0].phase.as_str(), said.notes.len()), ("plan", 0));
        std::fs::remove_file(&path).unwrap();
        said.listen(&path);
        assert!(said.phases.is_empty());
    }
}
