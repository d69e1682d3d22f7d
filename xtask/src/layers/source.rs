//! Reads a crate's source files into a tree of modules: the names each module binds and the paths it mentions.
//!
//! `syn` does the parsing. It is in every build already (`serde_derive` uses the same version), and use trees, inline
//! modules and attributes are more grammar than a tokenizer of our own should know.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

/// A path as written, one string for each segment: `["crate", "heads", "Logistic"]`.
pub(super) type Segments = Vec<String>;

/// One module: a file, or `mod name { .. }` inside a file.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// Index into [`Source::files`].
    pub(super) file: usize,
    pub(super) parent: Option<usize>,
    pub(super) children: BTreeMap<String, usize>,
    /// Names of the items defined here.
    pub(super) items: BTreeSet<String>,
    /// Names bound by `use`, public or not. A name has several paths if its imports depend on `cfg`.
    pub(super) imports: BTreeMap<String, Vec<Segments>>,
    /// `use path::*`.
    pub(super) globs: Vec<Segments>,
    /// Paths in private imports and in code.
    pub(super) mentions: BTreeSet<Segments>,
    /// Paths in `pub use`, in any degree of `pub`.
    pub(super) exports: BTreeSet<Segments>,
}

/// The modules of one library or program. Module 0 is its root.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) modules: Vec<Module>,
    pub(super) files: Vec<PathBuf>,
}

/// Reads a file, or returns `None` if there is none.
pub(super) type Read<'a> = &'a dyn Fn(&Path) -> Result<Option<String>>;

impl Source {
    /// Reads the tree of modules below `root`, a `lib.rs` or `main.rs`. Code for tests is left out.
    ///
    /// # Errors
    /// A file cannot be read or parsed, or a module has no file.
    pub(super) fn read(root: &Path, read: Read<'_>) -> Result<Self> {
        let mut source = Self::default();
        source.add_file(root.into(), true, None, read)?;
        Ok(source)
    }

    /// Adds a file's module and its children. `owns_folder`: the children lie in the file's own folder, as those of
    /// `lib.rs` and `mod.rs` do.
    fn add_file(
        &mut self,
        path: PathBuf,
        owns_folder: bool,
        parent: Option<usize>,
        read: Read<'_>,
    ) -> Result<usize> {
        let text = read(&path)?.with_context(|| format!("{} does not exist", path.display()))?;
        let parsed = syn::parse_file(&text).with_context(|| format!("cannot parse {}", path.display()))?;
        let folder = if owns_folder { path.with_file_name("") } else { path.with_extension("") };
        self.files.push(path);
        self.add_module(&parsed.items, self.files.len() - 1, &folder, parent, read)
    }

    fn add_module(
        &mut self,
        items: &[Item],
        file: usize,
        folder: &Path,
        parent: Option<usize>,
        read: Read<'_>,
    ) -> Result<usize> {
        let index = self.modules.len();
        let mut module = Module { file, parent, ..Module::default() };
        module.items.extend(items.iter().filter_map(name));
        let mut reader = ModuleReader { module: &mut module };
        items.iter().for_each(|item| reader.visit_item(item));
        self.modules.push(module);
        for item in items {
            let Item::Mod(child) = item else { continue };
            if is_for_tests(&child.attrs) {
                continue;
            }
            let name = child.ident.to_string();
            let added = match &child.content {
                Some((_, items)) => self.add_module(items, file, &folder.join(&name), Some(index), read)?,
                None => {
                    let (path, owns_folder) = self.find(&name, &child.attrs, file, folder, read)?;
                    self.add_file(path, owns_folder, Some(index), read)?
                }
            };
            self.modules[index].children.insert(name, added);
        }
        Ok(index)
    }

    /// The file of `mod name;`, and whether its children lie beside it.
    fn find(
        &self,
        name: &str,
        attributes: &[Attribute],
        file: usize,
        folder: &Path,
        read: Read<'_>,
    ) -> Result<(PathBuf, bool)> {
        if let Some(path) = attributes.iter().find_map(path_attribute) {
            return Ok((self.files[file].with_file_name(path), true));
        }
        let (flat, nested) = (folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs"));
        if read(&flat)?.is_some() {
            Ok((flat, false))
        } else if read(&nested)?.is_some() {
            Ok((nested, true))
        } else {
            bail!("module {name} of {} has no file", self.files[file].display())
        }
    }
}

/// Collects imports and mentioned paths of one module, without those of its child modules.
struct ModuleReader<'a> {
    module: &'a mut Module,
}

impl ModuleReader<'_> {
    fn add_use(&mut self, tree: &UseTree, prefix: &mut Segments, public: bool) {
        let (name, renamed) = match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.add_use(&path.tree, prefix, public);
                prefix.pop();
                return;
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.add_use(tree, prefix, public));
                return;
            }
            UseTree::Glob(_) => {
                self.module.globs.push(prefix.clone());
                return;
            }
            UseTree::Name(name) => (name.ident.to_string(), name.ident.to_string()),
            UseTree::Rename(rename) => (rename.ident.to_string(), rename.rename.to_string()),
        };
        let mut path = prefix.clone();
        let bound = match (name.as_str(), prefix.last()) {
            ("self", Some(module)) if renamed == "self" => module.clone(),
            ("self", Some(_)) => renamed,
            _ => {
                path.push(name);
                renamed
            }
        };
        let kept = if public { &mut self.module.exports } else { &mut self.module.mentions };
        kept.insert(path.clone());
        if bound != "_" {
            self.module.imports.entry(bound).or_default().push(path);
        }
    }

    /// Paths inside a macro call, which `syn` hands over as tokens. A lone name counts if it looks like a type.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path = Segments::new();
        let (mut colons, mut after_dot) = (0, false);
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.add_token_path(&mut path);
                    }
                    if !after_dot {
                        path.push(ident.to_string());
                    }
                    (colons, after_dot) = (0, false);
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    self.add_token_path(&mut path);
                    (colons, after_dot) = (0, false);
                    match other {
                        TokenTree::Group(group) => self.add_tokens(group.stream()),
                        TokenTree::Punct(punct) => after_dot = punct.as_char() == '.',
                        _ => {}
                    }
                }
            }
        }
        self.add_token_path(&mut path);
    }

    fn add_token_path(&mut self, path: &mut Segments) {
        let looks_like_type = |name: &String| name.starts_with(char::is_uppercase);
        let path = std::mem::take(path);
        if path.len() > 1 || path.first().is_some_and(looks_like_type) {
            self.module.mentions.insert(path);
        }
    }
}

impl<'ast> Visit<'ast> for ModuleReader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {}

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() {
            let public = !matches!(item.vis, Visibility::Inherited);
            self.add_use(&item.tree, &mut Segments::new(), public);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            self.module.mentions.insert(path.segments.iter().map(|part| part.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        self.add_tokens(call.tokens.clone());
    }

    /// serde names functions in strings: `#[serde(with = "crate::hex")]`.
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let syn::Meta::List(list) = &attribute.meta else { return };
        if !list.path.is_ident("serde") {
            return;
        }
        for token in list.tokens.clone() {
            let text = token.to_string();
            if let Some(path) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'))
                && path.contains("::")
            {
                self.module.mentions.insert(path.split("::").map(str::to_owned).collect());
            }
        }
    }
}

/// Whether the item is compiled for tests alone: `#[cfg(test)]`, also as one condition of `all`.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    let condition = |attribute: &Attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => list.parse_args().ok(),
        _ => None,
    };
    attributes.iter().filter_map(condition).any(|condition: syn::Meta| needs_test(&condition))
}

fn needs_test(condition: &syn::Meta) -> bool {
    match condition {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) if list.path.is_ident("all") => {
            let parse = syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated;
            list.parse_args_with(parse).is_ok_and(|parts| parts.iter().any(needs_test))
        }
        _ => false,
    }
}

/// The file named by `#[path = ".."]`.
fn path_attribute(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// The name that an item defines in its module. Modules and imports are kept elsewhere.
fn name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(syn::ItemConst { attrs, .. })
        | Item::Enum(syn::ItemEnum { attrs, .. })
        | Item::Fn(syn::ItemFn { attrs, .. })
        | Item::ForeignMod(syn::ItemForeignMod { attrs, .. })
        | Item::Impl(syn::ItemImpl { attrs, .. })
        | Item::Macro(syn::ItemMacro { attrs, .. })
        | Item::Mod(syn::ItemMod { attrs, .. })
        | Item::Static(syn::ItemStatic { attrs, .. })
        | Item::Struct(syn::ItemStruct { attrs, .. })
        | Item::Trait(syn::ItemTrait { attrs, .. })
        | Item::Type(syn::ItemType { attrs, .. })
        | Item::Union(syn::ItemUnion { attrs, .. })
        | Item::Use(syn::ItemUse { attrs, .. }) => attrs,
        _ => &[],
    }
}
