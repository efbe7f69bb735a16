//! Pages as what stands on them, and the PDF file made of that.
//!
//! Refuses anything derived from a person in the file's own data: its title, its times and its ids say nothing of the holder.
//!
//! Source: ISO 32000-1 (PDF 1.7); ISO 19005-2 (PDF/A-2a), ISO 14289-1 (PDF/UA-1), to which krilla holds what it writes.

use std::num::NonZeroU16;

use krilla::color::rgb;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, SpanTag, Tag, TagGroup, TagTree,
};
use krilla::{Document, SerializeSettings};

use super::font::{Fonts, Weight};
use crate::failure::{Code, Failure};
use crate::issue::Modules;
use crate::model::UnixTime;
use crate::verify::Locale;

/// A page: what stands on it, in the order in which it is read aloud.
pub(super) type Page = Vec<Part>;

/// Something on a page. All measures are in points from the upper left corner.
pub(super) enum Part {
    /// A heading of a level from 1.
    Heading(NonZeroU16, Vec<Line>),
    /// A paragraph.
    Paragraph(Vec<Line>),
    /// A code.
    Code {
        /// Its modules.
        modules: Modules,
        /// The upper left corner of its first module.
        corner: (f32, f32),
        /// How wide a module is.
        module: f32,
        /// What is said where it cannot be seen.
        says: &'static str,
    },
    /// A straight line that says nothing: where to fold, where to cut, what belongs together.
    Rule {
        /// Where it begins.
        from: (f32, f32),
        /// Where it ends.
        to: (f32, f32),
        /// How thick it is.
        thick: f32,
        /// How long dashes and gaps are; nothing for a line without gaps.
        dash: Option<f32>,
    },
}

/// A line of text.
pub(super) struct Line {
    /// Where its base line begins.
    pub(super) at: (f32, f32),
    /// The size of its letters.
    pub(super) size: f32,
    /// Their weight.
    pub(super) weight: Weight,
    /// Their shade, 0 for black to 255 for white.
    pub(super) shade: u8,
    /// Its language.
    pub(super) language: Locale,
    /// What it says.
    pub(super) text: String,
}

/// What a file says of itself.
pub(super) struct About {
    /// Its title.
    pub(super) title: &'static str,
    /// When it was made.
    pub(super) made_at: UnixTime,
    /// What tells it from other files, made of nothing personal.
    pub(super) id: String,
}

/// Width and height of A4 in points.
pub(super) const A4: (f32, f32) = (595.276, 841.89);

/// The PDF file of `pages`.
///
/// # Errors
/// `internal` where the writer refuses what it is given.
pub(super) fn write(pages: Vec<Page>, about: &About) -> Result<Vec<u8>, Failure> {
    let fonts = Fonts::load()?;
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|_| Code::Internal.because("the standards of documents contradict each other"))?;
    let mut document = Document::new_with(SerializeSettings {
        configuration,
        ..SerializeSettings::default()
    });
    let (mut tree, mut outline) = (TagTree::new(), Outline::new());
    for (number, parts) in pages.into_iter().enumerate() {
        let settings = PageSettings::from_wh(A4.0, A4.1)
            .ok_or_else(|| Code::Internal.because("a page has no size"))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for part in parts {
            if let Part::Heading(_, lines) = &part {
                let top = lines.first().map_or((0.0, 0.0), |line| line.at);
                let point = Point::from_xy(top.0, top.1);
                outline.push_child(OutlineNode::new(
                    joined(lines),
                    XyzDestination::new(number, point),
                ));
            }
            if let Some(group) = draw(&mut surface, fonts, part) {
                tree.push(group);
            }
        }
        surface.finish();
        page.finish();
    }
    document.set_tag_tree(tree);
    document.set_outline(outline);
    document.set_metadata(metadata(about));
    let file = document
        .finish()
        .map_err(|_| Code::Internal.because("the document breaks the rules of its format"))?;
    without_its_hash(file)
}

fn metadata(about: &About) -> Metadata {
    let day = about.made_at.date();
    let year = u16::try_from(day.year()).unwrap_or_default();
    let made = DateTime::new(year)
        .month(day.month())
        .day(day.day())
        .hour(0)
        .minute(0)
        .second(0)
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(about.title.to_owned())
        .language("id".to_owned())
        .creator("Lintas".to_owned())
        .creation_date(made)
        .document_id(about.id.clone())
}

/// Draws `part`; what it is for those who hear it, unless it says nothing.
fn draw(surface: &mut Surface, fonts: &Fonts, part: Part) -> Option<TagGroup> {
    match part {
        Part::Heading(level, lines) => {
            let tag = Tag::Hn(level, Some(joined(&lines)));
            Some(with_lines(TagGroup::new(tag), surface, fonts, &lines))
        }
        Part::Paragraph(lines) => Some(with_lines(TagGroup::new(Tag::P), surface, fonts, &lines)),
        Part::Code {
            modules,
            corner,
            module,
            says,
        } => {
            let mut group = TagGroup::new(Tag::Figure(Some(says.to_owned())));
            group.push(surface.start_tagged(ContentTag::Other));
            fill(surface, 0);
            if let Some(path) = squares(&modules, corner, module) {
                surface.draw_path(&path);
            }
            surface.end_tagged();
            Some(group)
        }
        Part::Rule {
            from,
            to,
            thick,
            dash,
        } => {
            surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(
                ArtifactType::Layout,
            )));
            surface.set_fill(None);
            surface.set_stroke(Some(Stroke {
                paint: rgb::Color::new(RULE, RULE, RULE).into(),
                width: thick,
                dash: dash.map(|length| StrokeDash {
                    array: vec![length, length],
                    offset: 0.0,
                }),
                ..Stroke::default()
            }));
            let mut path = PathBuilder::new();
            path.move_to(from.0, from.1);
            path.line_to(to.0, to.1);
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
            surface.end_tagged();
            None
        }
    }
}

fn with_lines(
    mut group: TagGroup,
    surface: &mut Surface,
    fonts: &Fonts,
    lines: &[Line],
) -> TagGroup {
    for line in lines {
        group.push(write_line(surface, fonts, line));
    }
    group
}

fn write_line(surface: &mut Surface, fonts: &Fonts, line: &Line) -> Identifier {
    let language = match line.language {
        Locale::Id => "id",
        Locale::En => "en",
    };
    let span = SpanTag::empty().with_lang(Some(language));
    let identifier = surface.start_tagged(ContentTag::Span(span));
    fill(surface, line.shade);
    // The space keeps the last word of a line from running into the first one of the next when read aloud or copied.
    let text = format!("{} ", line.text);
    let face = fonts.face(line.weight);
    let glyphs = face.shape(&text).glyphs;
    let start = Point::from_xy(line.at.0, line.at.1);
    surface.draw_glyphs(start, &glyphs, face.font(), &text, line.size, false);
    surface.end_tagged();
    identifier
}

fn fill(surface: &mut Surface, shade: u8) {
    surface.set_stroke(None);
    surface.set_fill(Some(Fill {
        paint: rgb::Color::new(shade, shade, shade).into(),
        rule: FillRule::NonZero,
        ..Fill::default()
    }));
}

/// The dark modules as one path, so that no seam shows between them.
fn squares(modules: &Modules, corner: (f32, f32), module: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (x, y, length) in modules.runs() {
        let place = |at: u8| f32::from(at) * module;
        let run = Rect::from_xywh(
            corner.0 + place(x),
            corner.1 + place(y),
            place(length),
            module,
        );
        if let Some(run) = run {
            path.push_rect(run);
        }
    }
    path.finish()
}

fn joined(lines: &[Line]) -> String {
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    texts.join(" ")
}

/// `file` with its id of this document also where krilla puts a hash of all that the document says.
///
/// # Errors
/// `internal` where the ids are not where they were.
fn without_its_hash(mut file: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let id = |tag: &[u8]| {
        let start = place_of(&file, tag)? + tag.len();
        let rest = file.get(start..)?;
        rest.get(..place_of(rest, b"<")?).map(<[u8]>::to_vec)
    };
    let (hash, document) = match (id(b"<xmpMM:InstanceID>"), id(b"<xmpMM:DocumentID>")) {
        (Some(hash), Some(document)) if hash.len() == document.len() && !hash.is_empty() => {
            (hash, document)
        }
        (_, _) => return Err(Code::Internal.because("the document does not say its ids")),
    };
    let mut done = 0;
    while let Some(found) = file.get(done..).and_then(|rest| place_of(rest, &hash)) {
        let start = done + found;
        done = start + hash.len();
        if let Some(bytes) = file.get_mut(start..done) {
            bytes.copy_from_slice(&document);
        }
    }
    Ok(file)
}

fn place_of(bytes: &[u8], sought: &[u8]) -> Option<usize> {
    bytes
        .windows(sought.len())
        .position(|window| window == sought)
}

/// The shade of rules.
const RULE: u8 = 130;
