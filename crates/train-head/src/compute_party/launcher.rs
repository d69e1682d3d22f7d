//! What starts the jobs of a service where they run in several processes or under a scheduler: `mpirun -n {ranks} {command}`.

use std::ffi::{OsStr, OsString};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::exit::{Failure, Kind, Result};

/// The place of the command: a word of its own.
const COMMAND: &str = "{command}";
/// Places of numbers and paths, alone or within a word.
const RANKS: &str = "{ranks}";
const THREADS: &str = "{threads}";
const MEMORY: &str = "{memory}";
const FOLDER: &str = "{folder}";

/// A launcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Launcher {
    /// Its words, with places. The first is the program.
    words: Vec<String>,
    /// Processes of a training.
    ranks: NonZeroUsize,
}

/// What takes the places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places<'a> {
    /// Whether the job can run in several processes.
    pub(super) several: bool,
    /// Threads of each.
    pub(super) threads: usize,
    /// Most memory of the job in bytes.
    pub(super) memory: u64,
    /// Its folder.
    pub(super) folder: &'a Path,
}

impl Launcher {
    /// The launcher of a template, for trainings of so many processes.
    ///
    /// # Errors
    /// A template without a place for the command, or with places that nothing takes; a program that is not there; several processes in a build
    /// that trains in one.
    pub(crate) fn new(template: &str, ranks: NonZeroUsize) -> Result<Self> {
        let refused = |what: &str| {
            Failure::usage(format!("--launcher {template:?}: {what}")).help(format!(
                "for example \"mpirun -n {RANKS} {COMMAND}\"; places are {COMMAND}, {RANKS}, {THREADS}, {MEMORY} (MiB) and {FOLDER}"
            ))
        };
        let mut words = words(template).ok_or_else(|| refused("a quotation mark has no other"))?;
        let commands = words.iter().filter(|word| word.contains(COMMAND)).count();
        if commands != 1 || !words.iter().skip(1).any(|word| word == COMMAND) {
            return Err(refused(&format!("{COMMAND} stands once, as a word of its own, after the launcher")));
        }
        if let Some(word) = words.iter().find(|word| fill(word, &|_| Some(OsString::new())).is_none()) {
            return Err(refused(&format!("{word} has a place that nothing takes")));
        }
        let has_ranks = words.iter().any(|word| word.contains(RANKS));
        if ranks.get() > 1 && !has_ranks {
            return Err(refused(&format!("--ranks {ranks} needs the place {RANKS}")));
        }
        if ranks.get() > 1 && !cfg!(feature = "mpi") {
            return Err(Failure::usage(format!("--ranks {ranks}: this build trains in one process"))
                .help("build train-head with `--features mpi`"));
        }
        if let Some(program) = words.first_mut() {
            *program = find(program)?.display().to_string();
        }
        Ok(Self { words, ranks })
    }

    /// A command, started by the launcher. What its environment has of its own goes along as words: some launchers start processes on other machines,
    /// and pass on none.
    pub(super) fn around(&self, command: &Command, places: Places<'_>) -> Command {
        let ranks = if places.several { self.ranks.get() } else { 1 };
        let value = |place: &str| {
            Some(match place {
                RANKS => ranks.to_string().into(),
                THREADS => places.threads.to_string().into(),
                MEMORY => (places.memory >> 20).to_string().into(),
                FOLDER => places.folder.as_os_str().to_owned(),
                _ => return None,
            })
        };
        let mut launched = Command::new(self.words.first().map_or("", String::as_str));
        for word in self.words.iter().skip(1) {
            match fill(word, &value) {
                Some(filled) if word != COMMAND => launched.arg(filled),
                _ => launched.args(as_words(command)),
            };
        }
        launched
    }
}

/// A command in words, with what it changes in the environment.
fn as_words(command: &Command) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["env".into()];
    let (set, removed): (Vec<_>, Vec<_>) = command.get_envs().partition(|(_, value)| value.is_some());
    words.extend(removed.into_iter().flat_map(|(name, _)| ["-u".into(), name.to_owned()]));
    for (name, value) in set {
        let mut word = name.to_owned();
        word.push("=");
        word.push(value.unwrap_or_default());
        words.push(word);
    }
    words.push(command.get_program().to_owned());
    words.extend(command.get_args().map(OsStr::to_owned));
    words
}

/// A word with its places taken; `None` if one is unknown. The place of the command is none of these, and stays.
fn fill(word: &str, value: &dyn Fn(&str) -> Option<OsString>) -> Option<OsString> {
    if word == COMMAND {
        return Some(word.into());
    }
    let (mut filled, mut rest) = (OsString::new(), word);
    while let Some(at) = rest.find('{') {
        let end = at + rest[at..].find('}')? + 1;
        filled.push(&rest[..at]);
        let place = &rest[at..end];
        if ![RANKS, THREADS, MEMORY, FOLDER].contains(&place) {
            return None;
        }
        filled.push(value(place)?);
        rest = &rest[end..];
    }
    if rest.contains('}') {
        return None;
    }
    filled.push(rest);
    Some(filled)
}

/// The words of a line, as a shell takes them apart: `'` and `"` keep blanks, and nothing else is special. `None` if a quotation mark has no
/// other.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in line.chars() {
        match quote {
            Some(mark) if letter == mark => quote = None,
            Some(_) => word.get_or_insert_default().push(letter),
            None if matches!(letter, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            None if letter.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// Where a program is: by its path, or in the folders of `PATH`.
fn find(program: &str) -> Result<PathBuf> {
    let given = Path::new(program);
    // a job runs in a folder of its own
    let found = match given.components().count() {
        1 if !program.contains('/') => {
            let folders = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&folders).map(|folder| folder.join(given)).find(|path| is_program(path))
        }
        _ => {
            let path =
                std::path::absolute(given).map_err(|error| Failure::io("use", given, Kind::Usage, error))?;
            Some(path).filter(|path| is_program(path))
        }
    };
    found.ok_or_else(|| {
        Failure::usage(format!("--launcher: there is no program {program}"))
            .help("install it, or give its path")
    })
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shown(command: &Command) -> Vec<String> {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn places_are_taken_by_the_job() {
        let line =
            "sh -n {ranks} --map-by 'ppr:1:node:PE={threads}' --mem={memory}M --dir \"{folder}\" {command}";
        let launcher = Launcher {
            ranks: NonZeroUsize::new(4).unwrap(),
            ..Launcher::new(line, NonZeroUsize::MIN).unwrap()
        };
        let mut command = Command::new("/bin/train-head");
        command.args(["train", "--out", "{ranks}"]).env("HOME_OF_IT", "/a b").env_remove("RUST_LOG");
        let folder = Path::new("/jobs/{ranks} 1");
        let places = Places { several: true, threads: 8, memory: 3 << 30, folder };
        let expected = [
            "-n",
            "4",
            "--map-by",
            "ppr:1:node:PE=8",
            "--mem=3072M",
            "--dir",
            "/jobs/{ranks} 1",
            "env",
            "-u",
            "RUST_LOG",
            "HOME_OF_IT=/a b",
            "/bin/train-head",
            "train",
            "--out",
            "{ranks}",
        ];
        let got = shown(&launcher.around(&command, places));
        assert!(got[0].ends_with("/sh"), "{got:?}");
        assert_eq!(got[1..], expected);
        // what runs in one process is started once
        assert_eq!(shown(&launcher.around(&command, Places { several: false, ..places }))[2], "1");
    }

    #[test]
    fn a_template_is_checked_before_anything_starts() {
        let refused = |line: &str| Launcher::new(line, NonZeroUsize::MIN).unwrap_err().to_string();
        for (line, why) in [
            ("", "a word of its own"),
            ("sh", "a word of its own"),
            ("{command}", "a word of its own"),
            ("sh -c '{command} x'", "a word of its own"),
            ("sh {command} {command}", "a word of its own"),
            ("sh {rank} {command}", "{rank} has a place that nothing takes"),
            ("sh {ranks {command}", "nothing takes"),
            ("sh ranks} {command}", "nothing takes"),
            ("sh 'a {command}", "quotation mark"),
            ("/no/such/launcher {command}", "there is no program /no/such/launcher"),
            ("no-such-launcher {command}", "there is no program"),
            ("/tmp {command}", "there is no program /tmp"),
        ] {
            assert!(refused(line).contains(why), "{line}: {}", refused(line));
        }
        let two = NonZeroUsize::new(2).unwrap();
        assert!(Launcher::new("sh {command}", two).unwrap_err().to_string().contains("needs the place"));
        assert_eq!(Launcher::new("sh {ranks} {command}", two).is_ok(), cfg!(feature = "mpi"));
        assert!(Launcher::new("nice -n 5 {command}", NonZeroUsize::MIN).is_ok());
    }
}
