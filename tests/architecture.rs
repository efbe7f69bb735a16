//! The house as a test: who may import whom, what the core may not touch, what has one home only.
//!
//! Refuses an upward or sideways import however it is spelled, and what would hide one from this
//! test: the crate root taken whole, `#[path]`, `include!`, macros by textual scope, a second name
//! for the crate.
//!
//! Names are read from tokens, so that no macro hides them; which item bears an attribute is read
//! from syntax. Method calls and what a foreign macro expands to are not seen. Test modules keep
//! the floors and may touch the world.
//!
//! Source: docs/ARCHITECTURE.md, Floors; the house style.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::visit::{self, Visit};

#[test]
fn the_house_stands() {
    let mut files = Vec::new();
    gather(Path::new(env!("CARGO_MANIFEST_DIR")), "src", &mut files);
    assert!(
        files.iter().any(|(path, _)| path == "src/lib.rs"),
        "the sources were not found"
    );
    let found = violations(&files);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn a_good_tree_passes() {
    assert_eq!(violations(&good_tree()), Vec::<String>::new());
}

#[test]
fn planted_violations_are_refused() {
    let mut missed = Vec::new();
    for &(name, path, source, expected) in PLANTS {
        let mut files = good_tree();
        match files.iter_mut().find(|file| file.0 == path) {
            // This plant is about what the home lacks.
            Some(home) if path == CLOCK_HOME => source.clone_into(&mut home.1),
            Some(file) => file.1.push_str(source),
            None => files.push((path.to_owned(), source.to_owned())),
        }
        let found = violations(&files);
        let stray = found.iter().any(|violation| !violation.starts_with(path));
        if stray || !found.iter().any(|violation| violation.contains(expected)) {
            missed.push(format!(
                "{name}: expected `{expected}` in {path} alone, found {found:#?}"
            ));
        }
    }
    assert!(missed.is_empty(), "\n{}\n", missed.join("\n"));
}

#[test]
fn a_file_past_the_ceiling_is_refused() {
    let path = "src/model/long.rs";
    for (lines, refused) in [(MAX_LINES, false), (MAX_LINES + 1, true)] {
        let mut files = good_tree();
        files.push((path.to_owned(), "//\n".repeat(lines)));
        let found = violations(&files);
        assert_eq!(
            found
                .iter()
                .any(|violation| violation.contains("lines, over")),
            refused,
            "{found:#?}"
        );
    }
}

/// Everything wrong with the files of `src`, one sentence each, as `path:line: what`.
fn violations(files: &[(String, String)]) -> Vec<String> {
    let mut report = BTreeSet::new();
    let mut sources = Vec::new();
    for (path, text) in files {
        match Source::read(path, text) {
            Ok(source) => sources.push(source),
            Err(why) => {
                report.insert(format!("{path}:1: does not parse: {why}"));
            }
        }
        let lines = text.lines().count();
        if lines > MAX_LINES {
            report.insert(format!(
                "{path}:{MAX_LINES}: {lines} lines, over {MAX_LINES}: look for the second idea"
            ));
        }
    }
    let house = House::of(&sources);
    for source in &sources {
        house.check(source, &mut |line, what| {
            report.insert(format!("{}:{line}: {what}", source.path));
        });
    }
    report.into_iter().collect()
}

/// A path as segments: `crate` first if it is ours, else as written.
type Segments = Vec<String>;
/// Where violations go: line, what.
type Complaint<'a> = &'a mut dyn FnMut(usize, String);

/// What no file knows alone: which modules exist, which stand under test, which names are aliases.
struct House {
    modules: BTreeSet<Segments>,
    tests: BTreeSet<Segments>,
    /// What an imported name means, by where it stands.
    aliases: BTreeMap<Segments, Vec<Segments>>,
    /// What a module imports by glob.
    globs: BTreeMap<Segments, Vec<Segments>>,
}

impl House {
    fn of(sources: &[Source]) -> Self {
        let modules = sources.iter().map(|source| source.module.clone()).collect();
        let tests = sources
            .iter()
            .flat_map(|source| source.reading.tests.clone())
            .collect();
        let mut house = Self {
            modules,
            tests,
            aliases: BTreeMap::new(),
            globs: BTreeMap::new(),
        };
        let mut imports = Vec::new();
        for name in sources
            .iter()
            .flat_map(|source| &source.reading.names)
            .filter(|name| name.imported)
        {
            if let (true, Some(target)) = (name.glob, absolute(name)) {
                house
                    .globs
                    .entry(own(&name.place.module, &[]))
                    .or_default()
                    .push(target);
            }
            if let Some(known_as) = &name.known_as {
                let alias = own(&name.place.module, std::slice::from_ref(known_as));
                house.aliases.insert(alias.clone(), Vec::new());
                imports.push((alias, name));
            }
        }
        for (alias, name) in imports {
            let targets = house.spellings(name);
            house.aliases.entry(alias).or_default().extend(targets);
        }
        house
    }

    fn check(&self, source: &Source, complain: Complaint) {
        if source.path == "src/lib.rs" {
            self.check_map(source, complain);
        } else if source.floor.is_none() {
            complain(
                1,
                format!(
                    "unknown wing `{}`: give it a floor in tests/architecture.rs",
                    source.wing()
                ),
            );
        }
        Shapes {
            source,
            complain: &mut *complain,
            depth: 0,
        }
        .visit_file(&source.syntax);
        let reads_clock =
            |name: &Name| !self.under_test(&name.place) && holds(&name.segments, CLOCKS[0]);
        if source.path == CLOCK_HOME && !source.reading.names.iter().any(reads_clock) {
            complain(1, "the clock's home reads no clock".to_owned());
        }
        for word in &source.reading.words {
            self.check_word(source, word, complain);
        }
        for name in &source.reading.names {
            let Some(resolved) = self.resolve(name) else {
                complain(
                    name.place.line,
                    format!("`{}` climbs past the crate root", name.segments.join("::")),
                );
                continue;
            };
            for mut meaning in resolved {
                self.check_floor(source, name, &meaning, complain);
                if name.glob {
                    meaning.push("*".to_owned());
                }
                self.check_homes(source, name, &meaning, complain);
            }
        }
    }

    /// `lib.rs` declares and re-exports by name; it does nothing.
    fn check_map(&self, source: &Source, complain: Complaint) {
        for item in &source.syntax.items {
            let declares = matches!(item, syn::Item::Mod(module) if module.content.is_none());
            let is_private = |vis| matches!(vis, &syn::Visibility::Inherited);
            let exports = matches!(item, syn::Item::Use(export) if !is_private(&export.vis));
            if !declares && !exports {
                let mut first = FirstLine(None);
                first.visit_item(item);
                let line = first.0.unwrap_or(1);
                complain(
                    line,
                    "lib.rs is the map: it declares modules and re-exports, no logic".to_owned(),
                );
            }
        }
        for name in source.reading.names.iter().filter(|name| name.imported) {
            let of_wing = self
                .spellings(name)
                .iter()
                .any(|path| path.len() > 1 && path[0] == "crate" && floor_of(&path[1]).is_some());
            if name.glob || !of_wing {
                complain(
                    name.place.line,
                    "lib.rs re-exports items of wings, by name".to_owned(),
                );
            }
        }
    }

    fn check_word(&self, source: &Source, word: &Word, complain: Complaint) {
        let text = word.text.as_str();
        if UNSAFE.contains(&text) && !UNSAFE_ALLOWED.contains(&source.path.as_str()) {
            complain(word.place.line, format!("`{text}`: no unsafe code here"));
        }
        if HIDING.contains(&text) {
            complain(
                word.place.line,
                format!("`{text}` hides names from this test"),
            );
        }
        if source.is_core() && IMPURE_WORDS.contains(&text) && !self.under_test(&word.place) {
            complain(word.place.line, format!("the core is pure: `{text}`"));
        }
    }

    fn check_floor(&self, source: &Source, name: &Name, path: &[String], complain: Complaint) {
        let (Some(floor), Some("crate")) = (source.floor, path.first().map(String::as_str)) else {
            return;
        };
        let (wing, shown) = (source.wing(), path.join("::"));
        let Some(target) = path.get(1) else {
            complain(
                name.place.line,
                "takes the crate root whole: name the item".to_owned(),
            );
            return;
        };
        match floor_of(target) {
            _ if target == wing || MEETINGS.contains(&(wing, target)) => {}
            Some(there) if there > floor => {
                complain(
                    name.place.line,
                    format!("upward: {wing} (floor {floor}) names `{shown}` (floor {there})"),
                );
            }
            Some(there) if there == floor => {
                complain(
                    name.place.line,
                    format!("sideways: {wing} meets `{shown}` on floor {floor}"),
                );
            }
            Some(_) => {}
            None if self.aliases.contains_key(&path[..2]) => {}
            None => complain(
                name.place.line,
                format!("`{shown}` is no wing and lib.rs re-exports no such item"),
            ),
        }
    }

    fn check_homes(&self, source: &Source, name: &Name, path: &[String], complain: Complaint) {
        let (shown, file) = (path.join("::"), source.path.as_str());
        let holds = |sequences: &[&[&str]]| sequences.iter().any(|sequence| holds(path, sequence));
        let under_test = self.under_test(&name.place);
        let some_now =
            path.last().is_some_and(|last| last == "now") && (path.len() > 1 || name.after_type);
        let foreign = path
            .first()
            .is_some_and(|first| IMPURE_CRATES.contains(&first.as_str()));
        if source.is_core() && !under_test && (some_now || foreign || holds(IMPURE_PATHS)) {
            complain(name.place.line, format!("the core is pure: `{shown}`"));
        }
        if !under_test && holds(CLOCKS) && file != CLOCK_HOME {
            complain(
                name.place.line,
                format!("one clock, in {CLOCK_HOME}: `{shown}`"),
            );
        }
        if !under_test && holds(STOPWATCHES) && !file.starts_with(STOPWATCH_HOME) {
            complain(
                name.place.line,
                format!("stopwatches live in {STOPWATCH_HOME}: `{shown}`"),
            );
        }
        if holds(STATUSES) && !STATUS_HOMES.contains(&file) {
            complain(
                name.place.line,
                format!("HTTP statuses live in {STATUS_HOMES:?}: `{shown}`"),
            );
        }
        if holds(CLIENTS) && !CLIENT_HOMES.contains(&file) {
            complain(
                name.place.line,
                format!("HTTP clients live in {CLIENT_HOMES:?}: `{shown}`"),
            );
        }
        let asks_itself = source.wing() == "cli" || CLIENT_HOMES.contains(&file);
        if holds(OWN_CLIENT) && !asks_itself && !under_test {
            complain(
                name.place.line,
                format!("foreign systems are asked by {FOREIGN_CLIENT_HOME} alone: `{shown}`"),
            );
        }
    }

    fn under_test(&self, place: &Place) -> bool {
        let Place { module, test, .. } = place;
        *test || (1..=module.len()).any(|cut| self.tests.contains(&module[..cut]))
    }

    /// Every path that `name` can mean; `None` if it climbs past the root.
    fn resolve(&self, name: &Name) -> Option<BTreeSet<Segments>> {
        absolute(name)?;
        let mut meanings = BTreeSet::new();
        for spelling in self.spellings(name) {
            self.follow(&spelling, ALIAS_DEPTH, &mut meanings);
        }
        Some(meanings)
    }

    /// The path as written, and from the crate root if where it stands its first segment is a
    /// module or an import.
    fn spellings(&self, name: &Name) -> Vec<Segments> {
        let Some(path) = absolute(name) else {
            return Vec::new();
        };
        let mut found = vec![path.clone()];
        if path[0] != "crate" {
            let here = own(&name.place.module, &[]);
            let scopes = self.globs.get(&here).into_iter().flatten().chain([&here]);
            for scope in scopes {
                let first = [scope.as_slice(), &path[..1]].concat();
                if self.aliases.contains_key(&first) || self.modules.contains(&first[1..]) {
                    found.push([scope.as_slice(), &path].concat());
                }
            }
        }
        found
    }

    fn follow(&self, path: &[String], depth: usize, meanings: &mut BTreeSet<Segments>) {
        meanings.insert(path.to_vec());
        if depth == 0 {
            return;
        }
        for cut in 1..=path.len() {
            for target in self.aliases.get(&path[..cut]).into_iter().flatten() {
                self.follow(&[target, &path[cut..]].concat(), depth - 1, meanings);
            }
        }
    }
}

/// One file: where it stands, its syntax, its names.
struct Source {
    path: String,
    module: Segments,
    floor: Option<usize>,
    syntax: syn::File,
    reading: Reading,
}

impl Source {
    fn read(path: &str, text: &str) -> Result<Self, String> {
        let syntax = syn::parse_file(text).map_err(|error| error.to_string())?;
        let tokens: TokenStream = text
            .parse()
            .map_err(|error: proc_macro2::LexError| error.to_string())?;
        let stem = path
            .strip_prefix("src/")
            .unwrap_or(path)
            .trim_end_matches(".rs");
        let mut module: Segments = stem.split('/').map(str::to_owned).collect();
        if module.len() > 1 && module.last().is_some_and(|last| last == "mod") || stem == "lib" {
            module.pop();
        }
        let mut reading = Reading::default();
        reading.read(
            tokens,
            &Place {
                module: module.clone(),
                test: false,
                line: 1,
            },
        );
        let floor = module.first().and_then(|wing| floor_of(wing));
        Ok(Self {
            path: path.to_owned(),
            module,
            floor,
            syntax,
            reading,
        })
    }

    fn wing(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }

    fn is_core(&self) -> bool {
        self.floor.is_some_and(|floor| floor <= LAST_PURE_FLOOR)
    }
}

/// What the tokens of one file say.
#[derive(Default)]
struct Reading {
    names: Vec<Name>,
    words: Vec<Word>,
    /// Modules in other files that stand under `#[cfg(test)]` here.
    tests: Vec<Segments>,
}

/// A path as written.
struct Name {
    segments: Segments,
    /// The name an import gives it here.
    known_as: Option<String>,
    glob: bool,
    imported: bool,
    /// Written `<Type>::name`, so that the segments lack the type.
    after_type: bool,
    place: Place,
}

/// A keyword, macro or attribute that some rule may be about.
struct Word {
    text: String,
    place: Place,
}

/// Where something stands.
#[derive(Clone)]
struct Place {
    module: Segments,
    test: bool,
    line: usize,
}

impl Place {
    /// The place of a token within; what came out of a string has no line of its own.
    fn of(&self, tree: Option<&TokenTree>) -> Self {
        let line = tree
            .map_or(1, |tree| tree.span().start().line)
            .max(self.line);
        Self {
            line,
            ..self.clone()
        }
    }
}

impl Reading {
    fn read(&mut self, stream: TokenStream, place: &Place) {
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        let (mut at, mut test_pending) = (0, false);
        while let Some(tree) = trees.get(at) {
            match tree {
                TokenTree::Punct(mark) if mark.as_char() == '#' => {
                    let inner = is_punct(trees.get(at + 1), '!');
                    if let Some(attribute) =
                        group(trees.get(at + 1 + usize::from(inner)), Delimiter::Bracket)
                    {
                        test_pending |= !inner && demands_test(attribute.stream());
                        self.attribute(attribute, place);
                        at += 1 + usize::from(inner);
                    }
                    at += 1;
                }
                TokenTree::Punct(mark) => {
                    test_pending &= mark.as_char() != ';';
                    at += 1;
                }
                TokenTree::Group(inner) => {
                    self.read(inner.stream(), place);
                    test_pending &= inner.delimiter() != Delimiter::Brace;
                    at += 1;
                }
                TokenTree::Ident(word) if word == "mod" => {
                    at = self.module(&trees, at + 1, place, &mut test_pending)
                }
                TokenTree::Ident(word) if word == "use" => {
                    at += 1;
                    at += if is_colons(&trees, at) { 2 } else { 0 };
                    at = self.name(&trees, at, true, place);
                }
                TokenTree::Ident(_) => {
                    self.word(&trees, at, place);
                    at = self.name(&trees, at, false, place);
                }
                TokenTree::Literal(_) => at += 1,
            }
        }
    }

    fn module(
        &mut self,
        trees: &[TokenTree],
        at: usize,
        place: &Place,
        test_pending: &mut bool,
    ) -> usize {
        let Some(TokenTree::Ident(name)) = trees.get(at) else {
            return at;
        };
        let mut inside = place.clone();
        inside.module.push(plain(name));
        inside.test |= *test_pending;
        if let Some(body) = group(trees.get(at + 1), Delimiter::Brace) {
            self.read(body.stream(), &inside);
            *test_pending = false;
            return at + 2;
        }
        if inside.test {
            self.tests.push(inside.module);
        }
        at + 1
    }

    /// Reads the path, or in an import the tree of paths, that begins at `at`; tells where it ends.
    fn name(&mut self, trees: &[TokenTree], at: usize, imported: bool, place: &Place) -> usize {
        let mut leaves = Vec::new();
        let end = leaves_of(trees, at, &[], imported, &mut leaves);
        let after_type = at > 2 && is_colons(trees, at - 2) && is_punct(trees.get(at - 3), '>');
        if let [(segments, ..)] = leaves.as_slice()
            && is_punct(trees.get(end), '!')
            && matches!(trees.get(end + 1), Some(TokenTree::Group(_)))
        {
            let text = format!("{}!", segments[segments.len() - 1]);
            self.words.push(Word {
                text,
                place: place.of(trees.get(at)),
            });
        }
        for (segments, known_as, glob) in leaves {
            if segments.len() > 1 || glob || imported || after_type {
                let place = place.of(trees.get(at));
                self.names.push(Name {
                    segments,
                    known_as,
                    glob,
                    imported,
                    after_type,
                    place,
                });
            }
        }
        end.max(at + usize::from(!imported))
    }

    fn word(&mut self, trees: &[TokenTree], at: usize, place: &Place) {
        let TokenTree::Ident(word) = &trees[at] else {
            return;
        };
        let mut text = word.to_string();
        let next = trees.get(at + 1);
        if text == "extern" && matches!(next, Some(TokenTree::Ident(next)) if next == "crate") {
            text = "extern crate".to_owned();
        }
        let permits = matches!(text.as_str(), "allow" | "expect" | "warn");
        if permits
            && group(next, Delimiter::Parenthesis)
                .is_some_and(|lints| mentions(lints.stream(), "unsafe_code"))
        {
            text = "allow(unsafe_code)".to_owned();
        }
        self.words.push(Word {
            text,
            place: place.of(trees.get(at)),
        });
    }

    /// Attributes hold names too: as tokens, and (serde) as paths in strings.
    fn attribute(&mut self, attribute: &Group, place: &Place) {
        let line = attribute.span_open().start().line;
        let place = Place {
            line,
            ..place.clone()
        };
        let trees = leaf_tokens(attribute.stream());
        let head = trees.first().map(ToString::to_string).unwrap_or_default();
        for hidden in ["path", "macro_use", "macro_export"] {
            if head == hidden || (head == "cfg_attr" && mentions(attribute.stream(), hidden)) {
                self.words.push(Word {
                    text: format!("#[{hidden}]"),
                    place: place.clone(),
                });
            }
        }
        self.read(attribute.stream(), &place);
        for text in trees.iter().map(ToString::to_string) {
            let path = text.trim_matches('"');
            let is_path = path.contains("::") && !path.contains(' ');
            if let (true, Ok(tokens)) = (is_path, path.parse()) {
                self.read(tokens, &place);
            }
        }
    }
}

/// Collects the paths that begin at `at` as (segments, the name an import gives, glob); tells
/// where they end.
fn leaves_of(
    trees: &[TokenTree],
    mut at: usize,
    prefix: &[String],
    imported: bool,
    leaves: &mut Vec<(Segments, Option<String>, bool)>,
) -> usize {
    let mut segments = prefix.to_vec();
    // The `$` of `$crate`, or of a first segment that a macro fills in.
    at += usize::from(is_punct(trees.get(at), '$'));
    loop {
        match trees.get(at) {
            Some(TokenTree::Ident(segment)) => segments.push(plain(segment)),
            Some(TokenTree::Group(parts)) if parts.delimiter() == Delimiter::Brace => {
                let parts: Vec<TokenTree> = parts.stream().into_iter().collect();
                for part in parts
                    .split(|tree| is_punct(Some(tree), ','))
                    .filter(|part| !part.is_empty())
                {
                    leaves_of(
                        part,
                        if is_colons(part, 0) { 2 } else { 0 },
                        &segments,
                        imported,
                        leaves,
                    );
                }
                return at + 1;
            }
            // A segment that a macro fills in may be any.
            next if !segments.is_empty() && (is_punct(next, '*') || is_punct(next, '$')) => {
                leaves.push((segments, None, true));
                return at + 1;
            }
            _ => break,
        }
        at += 1;
        if !is_colons(trees, at) {
            break;
        }
        at += 2;
    }
    if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
        segments.pop();
    }
    let mut known_as = segments.last().cloned().filter(|_| imported);
    if let (true, Some(TokenTree::Ident(word)), Some(TokenTree::Ident(name))) =
        (imported, trees.get(at), trees.get(at + 1))
        && word == "as"
    {
        known_as = Some(plain(name));
        at += 2;
    }
    if !segments.is_empty() {
        leaves.push((segments, known_as, false));
    }
    at
}

/// The path with `crate`, `lintas`, `self` and `super` spelled out from the crate root.
fn absolute(name: &Name) -> Option<Segments> {
    let (first, mut rest) = name.segments.split_first()?;
    let mut base = name.place.module.clone();
    match first.as_str() {
        "crate" | "lintas" => base.clear(),
        "self" => {}
        "super" => rest = &name.segments,
        _ => return Some(name.segments.clone()),
    }
    while rest.first().is_some_and(|segment| segment == "super") {
        base.pop()?;
        rest = &rest[1..];
    }
    Some(own(&base, rest))
}

fn own(module: &[String], rest: &[String]) -> Segments {
    [&["crate".to_owned()], module, rest].concat()
}

/// Whether `path` has `sequence` within; `*` on either side (a glob, any item) stands for any
/// segment but the first.
fn holds(path: &[String], sequence: &[&str]) -> bool {
    path.windows(sequence.len()).any(|window| {
        let mut pairs = window.iter().zip(sequence);
        pairs.next().is_some_and(|(own, rule)| own == rule)
            && pairs.all(|(own, rule)| own == rule || own == "*" || *rule == "*")
    })
}

fn floor_of(wing: &str) -> Option<usize> {
    FLOORS
        .iter()
        .find(|(_, wings)| wings.contains(&wing))
        .map(|row| row.0)
}

/// Which items bear `#[cfg(feature = ...)]`.
struct Shapes<'a> {
    source: &'a Source,
    complain: Complaint<'a>,
    /// How many function bodies we are in.
    depth: usize,
}

impl Shapes<'_> {
    fn bodies_may_choose(&self) -> bool {
        self.source.path.starts_with(FEATURE_HOME)
            || !(self.source.is_core() || self.source.path == "src/lib.rs")
    }

    fn refuse(&mut self, line: usize) {
        let what = "a feature gates whole files, at the `mod` or `use` line";
        if !self.bodies_may_choose() || (self.source.is_core() && self.depth == 0) {
            (self.complain)(line, what.to_owned());
        }
    }
}

impl<'ast> Visit<'ast> for Shapes<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        for item in item.content.iter().flat_map(|content| &content.1) {
            self.visit_item(item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if self.source.path == "src/lib.rs" {
            visit::visit_item_use(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if self.bodies_may_choose() {
            self.visit_signature(&item.sig);
            self.visit_block(&item.block);
        } else {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if self.bodies_may_choose() {
            self.visit_signature(&item.sig);
            self.visit_block(&item.block);
        } else {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if self.bodies_may_choose() {
            self.visit_type(&field.ty);
        } else {
            visit::visit_field(self, field);
        }
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.depth += 1;
        visit::visit_block(self, block);
        self.depth -= 1;
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta
            && (list.path.is_ident("cfg") || list.path.is_ident("cfg_attr"))
            && names_a_feature(list.tokens.clone())
        {
            self.refuse(attribute.pound_token.span.start().line);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let chooses = call
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "cfg" || last.ident == "cfg_select");
        let within = ["cfg", "cfg_attr", "cfg_select"]
            .iter()
            .any(|word| mentions(call.tokens.clone(), word));
        if (chooses || within) && names_a_feature(call.tokens.clone()) {
            self.refuse(call.bang_token.span.start().line);
        }
    }
}

/// The line of the first identifier visited.
struct FirstLine(Option<usize>);

impl<'ast> Visit<'ast> for FirstLine {
    fn visit_ident(&mut self, ident: &'ast syn::Ident) {
        self.0.get_or_insert_with(|| ident.span().start().line);
    }
}

fn names_a_feature(stream: TokenStream) -> bool {
    let trees = leaf_tokens(stream);
    trees
        .windows(2)
        .any(|pair| pair[0].to_string() == "feature" && is_punct(Some(&pair[1]), '='))
}

/// `cfg(test)` or `cfg(all(.., test, ..))`: compiled in tests only.
fn demands_test(attribute: TokenStream) -> bool {
    let trees: Vec<TokenTree> = attribute.into_iter().collect();
    let called = |name: &str| matches!(trees.first(), Some(TokenTree::Ident(word)) if word == name);
    let Some(arguments) = group(trees.get(1), Delimiter::Parenthesis) else {
        return false;
    };
    let arguments: Vec<TokenTree> = arguments.stream().into_iter().collect();
    let mut parts = arguments.split(|tree| is_punct(Some(tree), ','));
    (called("cfg") || called("all"))
        && parts.any(|part| match part {
            [TokenTree::Ident(word)] => word == "test",
            _ => demands_test(part.iter().cloned().collect()),
        })
}

fn leaf_tokens(stream: TokenStream) -> Vec<TokenTree> {
    let mut leaves = Vec::new();
    for tree in stream {
        if let TokenTree::Group(inner) = &tree {
            leaves.extend(leaf_tokens(inner.stream()));
        } else {
            leaves.push(tree);
        }
    }
    leaves
}

fn mentions(stream: TokenStream, word: &str) -> bool {
    leaf_tokens(stream)
        .iter()
        .any(|tree| matches!(tree, TokenTree::Ident(ident) if ident == word))
}

fn is_punct(tree: Option<&TokenTree>, mark: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}

fn is_colons(trees: &[TokenTree], at: usize) -> bool {
    is_punct(trees.get(at), ':') && is_punct(trees.get(at + 1), ':')
}

fn group(tree: Option<&TokenTree>, delimiter: Delimiter) -> Option<&Group> {
    match tree {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

fn plain(ident: &proc_macro2::Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

fn gather(root: &Path, folder: &str, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(root.join(folder)).expect("a folder of sources") {
        let entry = entry.expect("an entry of the folder");
        let path = format!(
            "{folder}/{}",
            entry.file_name().to_str().expect("a name in UTF-8")
        );
        if entry.file_type().expect("a type").is_dir() {
            gather(root, &path, files);
        } else if path.ends_with(".rs") {
            let text = fs::read_to_string(entry.path()).expect("a source in UTF-8");
            files.push((path, text));
        }
    }
}

fn good_tree() -> Vec<(String, String)> {
    let files = GOOD
        .split("=== ")
        .skip(1)
        .map(|file| file.split_once('\n').expect("a path and its text"));
    files
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect()
}

/// Floor, and the wings on it: the first segment of a path under `src`.
const FLOORS: &[(usize, &[&str])] = &[
    (9, &["cli", "main"]),
    (8, &["c", "server", "wasm"]),
    (7, &["scan"]),
    (6, &["verify"]),
    (5, &["snapshot"]),
    (4, &["exchange", "issue"]),
    (3, &["trust", "revocation", "rules", "credential"]),
    (2, &["model", "codec", "crypto"]),
    (1, &["failure", "quirk"]),
];
/// Who may name a wing of its own floor: the binary opens the door it is.
const MEETINGS: &[(&str, &str)] = &[("main", "cli")];
const LAST_PURE_FLOOR: usize = 7;
const MAX_LINES: usize = 600;
/// How many imports of imports are followed.
const ALIAS_DEPTH: usize = 4;

/// Processor intrinsics, and what C hands over; nothing else.
const UNSAFE_ALLOWED: &[&str] = &["src/c.rs", "src/crypto/p256/ifma.rs"];
const CLOCK_HOME: &str = "src/server/gateway/clock.rs";
const STOPWATCH_HOME: &str = "src/server/";
const STATUS_HOMES: &[&str] = &[
    "src/server/http/problem.rs",
    "src/server/http/dgcg_problem.rs",
    "src/server/http/openapi.rs",
];
/// One for our own gateway, which the command line asks, and one for everybody else.
const CLIENT_HOMES: &[&str] = &["src/server/client.rs", FOREIGN_CLIENT_HOME];
const FOREIGN_CLIENT_HOME: &str = "src/server/federation/outbound/client.rs";
/// Where a function may choose by feature: the fast backend.
const FEATURE_HOME: &str = "src/crypto/";

const UNSAFE: &[&str] = &["unsafe", "allow(unsafe_code)"];
const HIDING: &[&str] = &[
    "#[path]",
    "#[macro_use]",
    "#[macro_export]",
    "include!",
    "extern crate",
];
const IMPURE_WORDS: &[&str] = &[
    "async",
    "await",
    "println!",
    "eprintln!",
    "print!",
    "eprint!",
    "dbg!",
];
const IMPURE_CRATES: &[&str] = &["actix_web", "reqwest", "tokio", "tracing"];
const IMPURE_PATHS: &[&[&str]] = &[
    &["SystemTime"],
    &["std", "time", "Instant"],
    &["std", "time", "UNIX_EPOCH"],
    &["std", "env"],
    &["std", "fs"],
    &["std", "net"],
    &["std", "process"],
    &["std", "thread"],
];
const CLOCKS: &[&[&str]] = &[
    &["SystemTime", "now"],
    &["Timestamp", "now"],
    &["ZonedDateTime", "now"],
];
const STOPWATCHES: &[&[&str]] = &[&["Instant", "now"]];
const STATUSES: &[&[&str]] = &[&["StatusCode", "*"]];
const OWN_CLIENT: &[&[&str]] = &[
    &["server", "client", "trusting"],
    &["server", "client", "operating"],
];
const CLIENTS: &[&[&str]] = &[
    &["reqwest", "Client"],
    &["reqwest", "ClientBuilder"],
    &["reqwest", "blocking"],
    &["reqwest", "get"],
    &["awc"],
    &["ureq"],
    &["TcpStream", "connect"],
    &["TcpStream", "connect_timeout"],
];

/// A small house that keeps every rule and uses each freedom they leave; `=== path` begins a file.
const GOOD: &str = r##"
=== src/lib.rs
//! The map.
#![cfg_attr(docsrs, feature(doc_cfg))]
#[cfg(feature = "server")] pub mod cli;
pub mod codec; pub mod crypto; mod failure; pub mod model; pub mod quirk; pub mod trust;
#[cfg(feature = "server")] pub mod server;
pub mod verify;
pub use crate::model::UnixTime as Instant;
pub use failure::{Code, Failure};
pub use verify::{self, verify};
=== src/main.rs
use lintas::{cli, Failure};
fn main() -> Result<(), Failure> { crate::cli::run(cli::arguments()) }
=== src/quirk.rs
pub enum Quirk { Odd }
=== src/failure.rs
pub struct Failure; pub enum Code { Bad }
#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::{env, fs, time::Instant};
    mod fixtures;
    #[test]
    fn a_test_may_touch_the_world() { println!("{Failure:?} {:?}", fs::read("x"), Instant::now()); }
    mod nested { use super::super::Code; fn now() { std::thread::spawn(super::super::Failure); } }
}
=== src/failure/tests/fixtures.rs
use std::fs;
=== src/model/mod.rs
mod time; pub use time::UnixTime;
#[cfg(all(test, feature = "server"))] pub(crate) mod samples;
=== src/model/samples.rs
use super::time;
fn sample() { std::fs::read(std::env::temp_dir()); }
mod more { use std::fs; }
=== src/model/time.rs
//! Speaks of crate::verify and SystemTime::now() without a sin.
use std::time::Duration;
use super::super::failure::{self as why, Code};
#[serde(rename = "async", with = "crate::model::time")]
pub struct UnixTime(pub(in crate::model) Duration);
impl Opener for UnixTime {
    fn open() -> impl Sized + use<> { if a != (b) { why::Failure } else { r#async } }
}
macro_rules! fail { ($code:ident) => { $crate::failure::Code::$code } }
=== src/codec/mod.rs
pub mod base45; use base45::decode;
pub fn read() { crate::Failure; self::base45::decode() }
=== src/codec/base45.rs
use base45;
pub fn decode() { base45::decode::<crate::failure::Code>() }
=== src/crypto/mod.rs
#[cfg(feature = "server")] mod aws_lc;
#[cfg(feature = "server")] use aws_lc::verify;
#[cfg(not(feature = "server"))] fn verify() {}
impl Key { #[cfg(feature = "server")] fn fast() {} }
pub fn judge() { #[cfg(feature = "server")] { return verify(); } if cfg!(feature = "server") { } }
=== src/crypto/aws_lc.rs
#![deny(unsafe_code)]
pub fn verify() { assert!(lints.expect("unsafe_code")) }
=== src/crypto/p256/ifma.rs
#![allow(unsafe_code)]
pub fn load() { unsafe { intrinsic() } }
=== src/trust/mod.rs
use crate::{crypto, codec::{self, base45}, model::*, Instant};
pub use crate::Failure;
fn admit() -> Result<codec::Item, crate::Code> {
    vec![crate::quirk::Quirk::Odd, super::crypto::verify()]
}
=== src/verify/mod.rs
use crate::trust::Failure;
pub fn verify() -> crate::verify::Verdict { lintas::trust::admit() }
=== src/server/mod.rs
use crate::verify;
#[cfg(feature = "pkcs11")] pub struct Hsm;
pub async fn run() {
    let start = std::time::Instant::now();
    tokio::spawn(verify::verify()).await;
    std::env::var("x");
}
#[cfg(test)] mod tests { fn at() { std::time::SystemTime::now(); } }
=== src/server/client.rs
pub struct Client(reqwest::Client);
pub fn trusting() {}
=== src/server/federation/outbound/client.rs
pub struct Outbound(reqwest::Client);
=== src/cli/ask.rs
use crate::server::client; fn ask() { client::trusting(); }
=== src/server/gateway/clock.rs
use std::time::SystemTime;
pub fn now() { SystemTime::now(); }
=== src/server/http/problem.rs
use actix_web::http::StatusCode;
fn status() { StatusCode::OK; }
=== src/server/http/openapi.rs
fn status() { actix_web::http::StatusCode::OK; }
=== src/server/http/verify.rs
use actix_web::http::StatusCode;
fn status(of: StatusCode) { super::problem::status() }
=== src/cli/mod.rs
use crate::server;
pub fn run() { println!("{}", server::run()) }
"##;

/// What is planted, where, the source, and what must be said of it.
#[rustfmt::skip] // one row each, or the table fills the file
const PLANTS: &[(&str, &str, &str, &str)] = &[
    ("upward use", "src/model/x.rs",
        "\nuse crate::verify::Verdict;",
        "x.rs:2: upward: model (floor 2) names `crate::verify::Verdict` (floor 6)"),
    ("upward in a group", "src/trust/x.rs",
        "use crate::{model::{self, UnixTime}, verify::{Verdict}};", "upward: trust"),
    ("upward by super", "src/model/deep/x.rs", "use super::super::super::verify;", "upward: model"),
    ("upward by self and super", "src/model/x.rs",
        "fn f() { self::super::super::verify::verify() }", "upward: model"),
    ("upward from a test module", "src/model/x.rs",
        "#[cfg(test)] mod tests { use super::super::super::verify; }", "upward: model"),
    ("upward by re-export", "src/codec/x.rs", "pub use crate::verify;", "upward: codec"),
    ("upward in an expression", "src/trust/x.rs",
        "fn f() { g(crate::verify::verify()) }", "upward: trust"),
    ("upward in a type", "src/trust/x.rs",
        "struct T(Vec<Option<crate::verify::Verdict>>);", "upward: trust"),
    ("upward in a pattern", "src/trust/x.rs",
        "fn f() { match x { crate::verify::Verdict::Valid => {} } }", "upward: trust"),
    ("upward in a trait", "src/trust/x.rs", "impl crate::verify::Judge for T {}", "upward: trust"),
    ("upward by the crate's name", "src/trust/x.rs",
        "fn f() { lintas::verify::verify() }", "upward: trust"),
    ("upward by a root re-export", "src/model/x.rs",
        "use crate::verify as _; fn f() { crate::verify() }", "upward: model"),
    ("upward by a renamed root re-export", "src/failure.rs",
        "fn f() { crate::Instant::new() }",
        "upward: failure (floor 1) names `crate::model::UnixTime"),
    ("upward in a macro's tokens", "src/trust/x.rs",
        "fn f() { assert!(ok(crate :: verify::verify())) }", "upward: trust"),
    ("upward by super in a macro's tokens", "src/trust/x.rs",
        "fn f() { vec![super::super::verify::verify()]; }", "upward: trust"),
    ("upward in a macro's body", "src/trust/x.rs",
        "macro_rules! m { () => { $crate::verify::verify() } }", "upward: trust"),
    ("upward in a macro's import", "src/trust/x.rs",
        "macro_rules! m { () => { use $crate::verify::verify; } }", "upward: trust"),
    ("upward by a macro's argument", "src/trust/x.rs",
        "macro_rules! m { ($w:ident) => { $crate::$w::verify() } }", "crate root whole"),
    ("upward in an attribute", "src/trust/x.rs",
        "\n#[serde(with = \"crate::verify::form\")] struct T;", "x.rs:2: upward: trust"),
    ("upward by a renamed use", "src/trust/x.rs", "use crate::verify as v;", "upward: trust"),
    ("upward by a glob", "src/trust/x.rs", "use crate::verify::*;", "upward: trust"),
    ("upward by a raw name", "src/trust/x.rs", "use crate::r#verify::x;", "upward: trust"),
    ("upward within a function", "src/trust/x.rs",
        "fn f() { use crate::verify::verify; }", "upward: trust"),
    ("upward from a door to none", "src/server/x.rs", "use crate::cli;", "upward: server"),
    ("the crate root by glob", "src/trust/x.rs", "use crate::*;", "crate root whole"),
    ("the crate root by another name", "src/trust/x.rs",
        "use crate as c; fn f() { c::verify::verify() }", "upward: trust"),
    ("the crate root by super", "src/failure.rs", "use super::*;", "crate root whole"),
    ("the crate root in a group", "src/trust/x.rs", "use crate::{self as c};", "crate root whole"),
    ("the crate root in a macro", "src/trust/x.rs",
        "macro_rules! m { () => { use $crate as c; } }", "crate root whole"),
    ("past the root", "src/trust/x.rs", "use super::super::super::x;", "climbs past"),
    ("same floor", "src/model/x.rs",
        "use crate::codec::base45;", "sideways: model meets `crate::codec::base45` on floor 2"),
    ("same floor at the bottom", "src/failure.rs", "use crate::quirk::Quirk;", "sideways: failure"),
    ("same floor by super", "src/trust/x.rs", "use super::super::{rules};", "sideways: trust"),
    ("same floor at the doors", "src/cli/x.rs", "fn f() { crate::main::main() }", "sideways: cli"),
    ("same floor by a root re-export", "src/quirk.rs", "use crate::Failure;", "sideways: quirk"),
    ("unknown root item", "src/verify/x.rs", "use crate::Sesame;", "`crate::Sesame` is no wing"),
    ("unknown wing", "src/attic/mod.rs", "pub fn f() {}", "unknown wing `attic`"),
    ("unknown wing in one file", "src/attic.rs", "pub fn f() {}", "unknown wing `attic`"),
    ("not Rust", "src/model/x.rs", "fn fn", "does not parse"),
    ("logic in the map", "src/lib.rs", "mod failure; pub fn f() {}", "lib.rs is the map"),
    ("a module written out in the map", "src/lib.rs", "mod failure { }", "lib.rs is the map"),
    ("a private use in the map", "src/lib.rs",
        "mod failure; use failure::Code;", "lib.rs is the map"),
    ("a glob in the map", "src/lib.rs", "pub use failure::*;", "by name"),
    ("a foreign item in the map", "src/lib.rs", "pub use serde::Serialize;", "items of wings"),
    ("a foreign item of a wing's name", "src/lib.rs", "pub use serde::model;", "items of wings"),
    ("a path by attribute", "src/model/x.rs",
        r#"#[path = "../verify/mod.rs"] mod y;"#, "`#[path]` hides"),
    ("a path by conditional attribute", "src/model/x.rs",
        r#"#[cfg_attr(unix, path = "y.rs")] mod y;"#, "`#[path]` hides"),
    ("an included source", "src/model/x.rs",
        r#"include!("../verify/mod.rs");"#, "`include!` hides"),
    ("macros by textual scope", "src/model/x.rs", "#[macro_use] mod y;", "`#[macro_use]` hides"),
    ("macros for everyone", "src/verify/x.rs",
        "#[macro_export] macro_rules! m { () => {} }", "`#[macro_export]` hides"),
    ("a second name for the crate", "src/model/x.rs",
        "extern crate self as door;", "`extern crate` hides"),
    ("a clock in the core", "src/verify/x.rs",
        "fn f() { std::time::SystemTime::now(); }",
        "the core is pure: `std::time::SystemTime::now`"),
    ("a clock's type in the core", "src/verify/x.rs",
        "use std::time::SystemTime;", "the core is pure"),
    ("a stopwatch in the core", "src/verify/x.rs", "use std::time::Instant;", "the core is pure"),
    ("a stopwatch by another name", "src/verify/x.rs",
        "use std::time as t; fn f(at: t::Instant) {}", "the core is pure: `std::time::Instant`"),
    ("a stopwatch by two names", "src/verify/x.rs",
        "use std::time; use time as t; struct T(t::Instant);",
        "the core is pure: `std::time::Instant`"),
    ("fs by four names", "src/verify/x.rs",
        "use std as a; use a as b; use b as c; use c as d; fn f() { d::fs::read(p); }",
        "the core is pure: `std::fs::read`"),
    ("a stopwatch by a neighbour", "src/verify/x.rs",
        "pub use std::time as t; mod y { use super::*; struct T(t::Instant); }",
        "the core is pure: `std::time::Instant`"),
    ("an epoch in the core", "src/verify/x.rs",
        "fn f() { std::time::UNIX_EPOCH.elapsed(); }", "the core is pure"),
    ("jiff's clock in the core", "src/model/x.rs",
        "use jiff::Timestamp; fn f() { Timestamp::now(); }",
        "the core is pure: `jiff::Timestamp::now`"),
    ("a clock in angles", "src/model/x.rs",
        "use jiff::Timestamp; fn f() { <Timestamp>::now(); }", "the core is pure: `now`"),
    ("a clock of any name", "src/model/x.rs",
        "fn f() { Utc::now(); }", "the core is pure: `Utc::now`"),
    ("a clock in a macro", "src/model/x.rs",
        "fn f() { assert!(Instant::now() > x); }", "the core is pure: `Instant::now`"),
    ("env in the core", "src/rules/x.rs",
        "use std::{collections::BTreeMap, env};", "the core is pure: `std::env`"),
    ("fs in the core", "src/exchange/x.rs",
        "fn f() { std::fs::read(p); }", "the core is pure: `std::fs::read`"),
    ("net in the core", "src/model/x.rs", "use std::net::IpAddr;", "the core is pure"),
    ("process in the core", "src/model/x.rs",
        "fn f() { std::process::abort() }", "the core is pure"),
    ("thread in the core", "src/crypto/x.rs", "use std::thread::spawn;", "the core is pure"),
    ("everything of std", "src/model/x.rs",
        "use std::*; fn f() { fs::read(p); }", "the core is pure: `std::*`"),
    ("std by another name", "src/model/x.rs",
        "use std as s; fn f() { s::fs::read(p); }", "the core is pure: `std::fs::read`"),
    ("tokio in the core", "src/issue/x.rs", "use tokio;", "the core is pure: `tokio`"),
    ("tokio from outside", "src/issue/x.rs", "use ::tokio;", "the core is pure: `tokio`"),
    ("tokio from outside in a group", "src/issue/x.rs",
        "use {::tokio};", "the core is pure: `tokio`"),
    ("tokio by attribute", "src/issue/x.rs",
        "#[tokio::main] fn f() {}", "the core is pure: `tokio::main`"),
    ("reqwest in the core", "src/exchange/x.rs",
        "fn f() -> reqwest::Result<()> {}", "the core is pure: `reqwest::Result`"),
    ("actix in the core", "src/verify/x.rs",
        "use actix_web::HttpResponse;", "the core is pure: `actix_web"),
    ("tracing in the core", "src/snapshot/x.rs",
        r#"fn f() { tracing::info!("x") }"#, "the core is pure: `tracing::info`"),
    ("async in the core", "src/snapshot/x.rs", "async fn f() {}", "the core is pure: `async`"),
    ("await in the core", "src/snapshot/x.rs",
        "macro_rules! m { ($x:expr) => { $x.await } }", "the core is pure: `await`"),
    ("println in the core", "src/credential/x.rs",
        r#"fn f() { println!("x") }"#, "the core is pure: `println!`"),
    ("print in the core", "src/credential/x.rs",
        r#"fn f() { std::print!("x") }"#, "the core is pure: `print!`"),
    ("eprintln in the core", "src/credential/x.rs",
        r#"fn f() { vec![eprintln!["x"]]; }"#, "the core is pure: `eprintln!`"),
    ("eprint in the core", "src/credential/x.rs",
        r#"fn f() { eprint!("x") }"#, "the core is pure: `eprint!`"),
    ("dbg in the core", "src/revocation/x.rs", "fn f() { dbg!{x} }", "the core is pure: `dbg!`"),
    ("fs after a test function", "src/model/x.rs",
        "#[cfg(test)] fn t() {} mod y { use std::fs; }", "the core is pure: `std::fs`"),
    ("fs after a test module", "src/model/x.rs",
        "#[cfg(test)] mod t {} mod y { use std::fs; }", "the core is pure: `std::fs`"),
    ("fs after a test file", "src/model/x.rs",
        "#[cfg(test)] mod t; mod y { use std::fs; }", "the core is pure: `std::fs`"),
    ("fs where tests are not", "src/model/x.rs",
        "#[cfg(not(test))] mod y { use std::fs; }", "the core is pure: `std::fs`"),
    ("fs where tests may be", "src/model/x.rs",
        "#[cfg(any(test, unix))] mod y { use std::fs; }", "the core is pure: `std::fs`"),
    ("a feature on a function", "src/verify/x.rs",
        r#"#[cfg(feature = "server")] fn f() {}"#, "a feature gates whole files"),
    ("a feature on a method", "src/verify/x.rs",
        r#"impl T { #[cfg(feature = "server")] fn f() {} }"#, "a feature gates whole files"),
    ("a feature in a function", "src/model/x.rs",
        r#"fn f() { #[cfg(feature = "server")] g(); }"#, "a feature gates whole files"),
    ("a feature in an expression", "src/model/x.rs",
        r#"fn f() -> bool { cfg!(not(feature = "server")) }"#, "a feature gates whole files"),
    ("a feature in a macro", "src/model/x.rs",
        r#"m! { #[cfg(feature = "server")] struct T; }"#, "a feature gates whole files"),
    ("a feature on a type", "src/crypto/x.rs",
        r#"#[cfg(feature = "server")] struct T;"#, "a feature gates whole files"),
    ("a feature on a derive", "src/model/x.rs",
        r#"#[cfg_attr(feature = "server", derive(Debug))] struct T;"#,
        "a feature gates whole files"),
    ("a feature on a whole file", "src/crypto/x.rs",
        r#"#![cfg(feature = "server")]"#, "a feature gates whole files"),
    ("a feature on an export of the map", "src/lib.rs",
        r#"mod failure; #[cfg(feature = "server")] pub use failure::Failure;"#,
        "a feature gates whole files"),
    ("an unsafe block", "src/crypto/x.rs", "fn f() { unsafe { g() } }", "`unsafe`: no unsafe code"),
    ("an unsafe block beside its home", "src/crypto/p256/x.rs", "fn f() { unsafe { g() } }", "`unsafe`: no unsafe code"),
    ("an unsafe function", "src/server/x.rs", "unsafe fn f() {}", "`unsafe`: no unsafe code"),
    ("an unsafe impl in a test", "src/server/x.rs",
        "#[cfg(test)] mod tests { unsafe impl Send for T {} }", "`unsafe`: no unsafe code"),
    ("unsafe in a macro", "src/codec/x.rs",
        "macro_rules! m { () => { unsafe { g() } } }", "`unsafe`: no unsafe code"),
    ("unsafe allowed", "src/lib.rs",
        "#[allow(clippy::all, unsafe_code)] mod issue;", "`allow(unsafe_code)`: no unsafe code"),
    ("unsafe expected", "src/crypto/x.rs",
        "#[cfg_attr(unix, expect(unsafe_code))] mod y;", "`allow(unsafe_code)`: no unsafe code"),
    ("unsafe warned of", "src/crypto/x.rs",
        "#[warn(unsafe_code)] mod y;", "`allow(unsafe_code)`: no unsafe code"),
    ("a second clock", "src/server/http/x.rs",
        "fn f() { std::time::SystemTime::now(); }", "one clock"),
    ("a second clock by another name", "src/cli/x.rs",
        "use std::time::SystemTime as S; fn f() { g(S::now) }", "one clock"),
    ("jiff's clock at a door", "src/cli/x.rs",
        "fn f() { jiff::Timestamp::now(); }",
        "one clock, in src/server/gateway/clock.rs: `jiff::Timestamp::now`"),
    ("jiff's calendar at a door", "src/cli/x.rs",
        "fn f() { jiff::ZonedDateTime::now(); }", "one clock, in src/server/gateway/clock.rs"),
    ("a clock's home without one", "src/server/gateway/clock.rs",
        "#[cfg(test)] mod tests { fn f() { SystemTime::now(); } }", "reads no clock"),
    ("a stopwatch at another door", "src/cli/x.rs",
        "use std::time::Instant; fn f() { Instant::now(); }", "stopwatches live in"),
    ("a status elsewhere", "src/server/http/verify.rs",
        "use actix_web::http::StatusCode as S; fn f() { S::NOT_FOUND; }", "HTTP statuses live in"),
    ("all statuses elsewhere", "src/server/http/x.rs",
        "use actix_web::http::StatusCode::*;", "HTTP statuses live in"),
    ("a second client", "src/server/federation/x.rs",
        "fn f() { reqwest::Client::new(); }", "HTTP clients live in"),
    ("a client by its builder", "src/cli/x.rs",
        "use reqwest::{ClientBuilder as B};", "HTTP clients live in"),
    ("a client without a name", "src/cli/x.rs", "fn f() { reqwest::get(url); }", "HTTP clients live in"),
    ("a blocking client", "src/cli/x.rs", "use reqwest::blocking;", "HTTP clients live in"),
    ("all of reqwest", "src/cli/x.rs", "use reqwest::*;", "HTTP clients live in"),
    ("another client", "src/server/x.rs", "fn f() { awc::Client::default(); }", "HTTP clients live in"),
    ("yet another client", "src/server/x.rs", "use ureq;", "HTTP clients live in"),
    ("our own client abroad", "src/server/federation/x.rs",
        "use crate::server::client; fn f() { client::trusting(ca); }",
        "foreign systems are asked by"),
    ("our own client abroad by another name", "src/server/federation/x.rs",
        "use crate::server::client::trusting as t; fn f() { t(ca); }",
        "foreign systems are asked by"),
    ("a socket by hand", "src/server/x.rs",
        "use std::net::TcpStream; fn f() { TcpStream::connect(at); }", "HTTP clients live in"),
    ("a patient socket by hand", "src/server/x.rs",
        "fn f() { std::net::TcpStream::connect_timeout(at, x); }", "HTTP clients live in"),
];
