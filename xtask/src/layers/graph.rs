//! Which file of a crate uses which: names resolved through imports and re-exports, then circles and levels.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::source::{Segments, Source};

/// The files of one library or program, and for each the files that it uses with the names that it takes from them.
#[derive(Debug)]
pub(super) struct Graph {
    files: Vec<PathBuf>,
    arrows: Vec<BTreeMap<usize, BTreeSet<String>>>,
}

/// What a path leads to.
enum Target {
    Module(usize),
    /// An item, by the file that defines it and its name.
    Item(usize, String),
    /// Another crate, a local name, or nothing.
    Outside,
}

/// The imports that are being followed, to notice one that leads back to itself.
type Followed = BTreeSet<(usize, Segments)>;

impl Graph {
    pub(super) fn new(source: Source) -> Self {
        let mut arrows = vec![BTreeMap::<usize, BTreeSet<String>>::new(); source.files.len()];
        for (index, module) in source.modules.iter().enumerate() {
            let exported = module.exports.iter().map(|path| (path, true));
            for (path, exported) in module.mentions.iter().map(|path| (path, false)).chain(exported) {
                let Target::Item(file, name) = source.resolve(index, path, &mut Followed::new()) else {
                    continue;
                };
                // A parent hands on its children's items without depending on them.
                if file != module.file && !(exported && source.is_below(file, index)) {
                    arrows[module.file].entry(file).or_default().insert(name);
                }
            }
        }
        Self { files: source.files, arrows }
    }

    /// The same crate with its top-level modules for files: a folder is one of them.
    pub(super) fn of_modules(&self) -> Self {
        let module = |file: &PathBuf| -> PathBuf {
            let root = self.files.first().and_then(|root| root.parent()).unwrap_or(file);
            match file.strip_prefix(root).ok().and_then(|below| below.iter().next()) {
                Some(first) => root.join(first),
                None => file.clone(),
            }
        };
        let modules: Vec<PathBuf> =
            self.files.iter().map(module).collect::<BTreeSet<_>>().into_iter().collect();
        let place = |file: usize| modules.binary_search(&module(&self.files[file])).unwrap_or_default();
        let mut arrows = vec![BTreeMap::<usize, BTreeSet<String>>::new(); modules.len()];
        for (from, to) in self.arrows.iter().enumerate() {
            for (&to, names) in to.iter().filter(|&(&to, _)| place(from) != place(to)) {
                arrows[place(from)].entry(place(to)).or_default().extend(names.iter().cloned());
            }
        }
        Self { files: modules, arrows }
    }

    /// Files that use each other, directly or through others: one list for each circle, with a line for each arrow in it.
    pub(super) fn circles(&self) -> Vec<(usize, Vec<String>)> {
        let reach = self.reach();
        let mut seen = BTreeSet::new();
        let mut circles = Vec::new();
        for start in 0..self.files.len() {
            if !reach[start].contains(&start) || seen.contains(&start) {
                continue;
            }
            let circle: BTreeSet<usize> =
                reach[start].iter().copied().filter(|&file| reach[file].contains(&start)).collect();
            let mut lines = Vec::new();
            for &from in &circle {
                for (to, names) in self.arrows[from].iter().filter(|(to, _)| circle.contains(to)) {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    lines.push(format!("{} -> {}: {}", self.file(from), self.file(*to), names.join(", ")));
                }
            }
            circles.push((circle.len(), lines));
            seen.extend(circle);
        }
        circles
    }

    /// The longest chain of files in which each uses the next, from the top. A circle counts as one file.
    pub(super) fn longest_chain(&self) -> Vec<String> {
        let reach = self.reach();
        let mut below: Vec<Option<Vec<usize>>> = vec![None; self.files.len()];
        // A file that reaches fewer others lies lower; files of a circle reach the same.
        let mut order: Vec<usize> = (0..self.files.len()).collect();
        order.sort_by_key(|&file| reach[file].len());
        for &file in &order {
            let in_circle = |other: usize| reach[file].contains(&other) && reach[other].contains(&file);
            let circle = order.iter().copied().filter(|&other| other == file || in_circle(other));
            let next = circle
                .flat_map(|member| self.arrows[member].keys().copied())
                .filter(|&to| to != file && !in_circle(to))
                .filter_map(|to| below[to].as_ref())
                .max_by_key(|chain| chain.len());
            below[file] = Some(std::iter::once(file).chain(next.into_iter().flatten().copied()).collect());
        }
        let longest = below.into_iter().flatten().max_by_key(Vec::len).unwrap_or_default();
        longest.into_iter().map(|file| self.file(file)).collect()
    }

    /// For each file all files that it uses, at any distance.
    fn reach(&self) -> Vec<BTreeSet<usize>> {
        let from = |start: usize| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
            while let Some(file) = open.pop() {
                open.extend(self.arrows[file].keys().filter(|&&next| seen.insert(next)));
            }
            seen
        };
        (0..self.files.len()).map(from).collect()
    }

    fn file(&self, index: usize) -> String {
        self.files[index].display().to_string()
    }
}

impl Source {
    /// Follows a path written in module `from` to the file that defines the item.
    fn resolve(&self, from: usize, path: &[String], followed: &mut Followed) -> Target {
        if !followed.insert((from, path.to_vec())) {
            return Target::Outside;
        }
        let mut at = Target::Module(from);
        let mut anchored = false;
        for (position, segment) in path.iter().enumerate() {
            let Target::Module(module) = at else { break };
            let last = position + 1 == path.len();
            at = match segment.as_str() {
                "crate" => Target::Module(0),
                "self" => Target::Module(module),
                "super" => self.modules[module].parent.map_or(Target::Outside, Target::Module),
                name => match self.look_up(module, name, last, followed) {
                    // Not another crate's item that the module imports: an item that the reader does not see, because a
                    // macro writes it.
                    Target::Outside if anchored && !self.modules[module].imports.contains_key(name) => {
                        Target::Item(self.modules[module].file, name.to_owned())
                    }
                    found => found,
                },
            };
            anchored = true;
        }
        at
    }

    /// What `name` means in a module. Functions and modules may share a name: the last segment of a path prefers items,
    /// the others modules.
    fn look_up(&self, module: usize, name: &str, last: bool, followed: &mut Followed) -> Target {
        let here = &self.modules[module];
        let child = here.children.get(name).map(|&child| Target::Module(child));
        let item = here.items.contains(name).then(|| Target::Item(here.file, name.to_owned()));
        let import = || {
            let paths = here.imports.get(name).map(Vec::as_slice).unwrap_or_default();
            let mut targets = paths.iter().map(|path| self.resolve_import(module, path, last, followed));
            targets.find(|target| !matches!(target, Target::Outside))
        };
        let found = if last { item.or_else(import).or(child) } else { child.or_else(import).or(item) };
        if let Some(found) = found {
            return found;
        }
        for glob in &here.globs {
            if let Target::Module(from) = self.resolve_import(module, glob, false, followed)
                && from != module
                && followed.insert((from, vec!["*".into(), name.into()]))
            {
                let found = self.look_up(from, name, last, followed);
                if !matches!(found, Target::Outside) {
                    return found;
                }
            }
        }
        Target::Outside
    }

    /// An import's path, read as a module's where more segments follow.
    fn resolve_import(&self, module: usize, path: &[String], last: bool, followed: &mut Followed) -> Target {
        if last {
            return self.resolve(module, path, followed);
        }
        let mut path = path.to_vec();
        path.push("self".into());
        self.resolve(module, &path, followed)
    }

    /// Whether a file belongs to a module below `ancestor`.
    fn is_below(&self, file: usize, ancestor: usize) -> bool {
        let owner = self.modules.iter().position(|module| module.file == file);
        std::iter::successors(owner, |&module| self.modules[module].parent)
            .skip(1)
            .any(|above| above == ancestor)
    }
}
