//! Text that runs down a column, one paragraph below another.
//!
//! Refuses to run over: a column that is too short for what it holds is set again in smaller letters.

use std::num::NonZeroU16;

use super::font::{Fonts, Weight};
use super::pages::{Line, Part};
use super::words::Words;
use crate::failure::Failure;
use crate::verify::Locale;

/// A column that is being filled.
pub(super) struct Column {
    fonts: &'static Fonts,
    left: f32,
    width: f32,
    y: f32,
    scale: f32,
    parts: Vec<Part>,
}

/// Where a column stands, in points from the upper left corner of the page.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Its left edge.
    pub(super) left: f32,
    /// Its upper edge.
    pub(super) top: f32,
    /// How wide it is.
    pub(super) width: f32,
    /// How high it is.
    pub(super) height: f32,
}

/// How a paragraph is set.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// The size of the letters in points, before the column is made smaller.
    pub(super) size: f32,
    /// Their weight.
    pub(super) weight: Weight,
    /// Their shade.
    pub(super) shade: u8,
}

impl Style {
    /// Plain text of this size.
    pub(super) const fn plain(size: f32) -> Self {
        Self {
            size,
            weight: Weight::Regular,
            shade: INK,
        }
    }

    /// Bold text of this size.
    pub(super) const fn bold(size: f32) -> Self {
        Self {
            weight: Weight::Bold,
            ..Self::plain(size)
        }
    }

    /// Text of this size that is there for those who look for it.
    pub(super) const fn pale(size: f32) -> Self {
        Self {
            shade: PALE,
            ..Self::plain(size)
        }
    }
}

/// What `fill` puts into a column at `place`, in letters that are as large as they can be up to full size.
///
/// # Errors
/// `internal` where the fonts do not read.
pub(super) fn set(place: Place, fill: impl Fn(&mut Column)) -> Result<Vec<Part>, Failure> {
    let fonts = Fonts::load()?;
    let mut scale = 1.0;
    loop {
        let mut column = Column {
            fonts,
            left: place.left,
            width: place.width,
            y: place.top,
            scale,
            parts: Vec::new(),
        };
        fill(&mut column);
        if column.y <= place.top + place.height || scale <= SMALLEST {
            return Ok(column.parts);
        }
        scale -= STEP;
    }
}

impl Column {
    /// The fonts it is set in.
    pub(super) fn fonts(&self) -> &'static Fonts {
        self.fonts
    }

    /// Leaves `points` free.
    pub(super) fn gap(&mut self, points: f32) {
        self.y += points * self.scale;
    }

    /// A heading in both languages.
    pub(super) fn heading(&mut self, level: NonZeroU16, words: Words, style: Style) {
        let lines = self.lines(words.id, Locale::Id, style);
        self.parts.push(Part::Heading(level, lines));
        let pale = Style {
            size: style.size * TRANSLATED,
            ..Style::pale(style.size)
        };
        self.paragraph(words.en, Locale::En, pale);
    }

    /// A paragraph in each language.
    pub(super) fn both(&mut self, words: Words, size: f32) {
        self.paragraph(words.id, Locale::Id, Style::plain(size));
        self.gap(0.15 * size);
        self.paragraph(words.en, Locale::En, Style::pale(size));
    }

    /// A paragraph.
    pub(super) fn paragraph(&mut self, text: &str, language: Locale, style: Style) {
        let lines = self.lines(text, language, style);
        if !lines.is_empty() {
            self.parts.push(Part::Paragraph(lines));
        }
    }

    /// What the text below it is called, both languages in a line where they fit.
    pub(super) fn label(&mut self, label: Words) {
        let size = LABEL * self.scale;
        let text = label.both();
        let mut lines: Vec<Line> = Vec::new();
        let face = self.fonts.face(Weight::Regular);
        let fits = face.width(&text, size) <= self.width;
        if fits {
            self.y += size * LEADING;
            let own = format!("{} / ", label.id);
            let after = self.left + face.shape(&own).width * size;
            lines.push(self.line(self.left, own, Locale::Id, Style::pale(LABEL)));
            let translated = label.en.to_owned();
            lines.push(self.line(after, translated, Locale::En, Style::pale(LABEL)));
        } else {
            lines.extend(self.lines(label.id, Locale::Id, Style::pale(LABEL)));
            lines.extend(self.lines(label.en, Locale::En, Style::pale(LABEL)));
        }
        self.parts.push(Part::Paragraph(lines));
    }

    /// `text` with spaces where lines can end after `mark`, so that no group between two marks is broken.
    pub(super) fn broken_after(&self, mark: char, text: &str, style: Style) -> String {
        let face = self.fonts.face(style.weight);
        let (mut broken, mut line) = (String::new(), String::new());
        for group in text.split_inclusive(mark) {
            let longer = format!("{line}{group}");
            if face.width(&longer, style.size * self.scale) > self.width && !line.is_empty() {
                broken.push_str(&line);
                broken.push(' ');
                line = group.to_owned();
            } else {
                line = longer;
            }
        }
        broken.push_str(&line);
        broken
    }

    /// Two columns side by side, as deep as the deeper one.
    pub(super) fn beside(&mut self, fill: [&dyn Fn(&mut Self); 2]) {
        let whole = (self.left, self.width, self.y);
        let half = (self.width - GUTTER) / 2.0;
        let mut deepest = self.y;
        for (side, fill) in [0.0, half + GUTTER].into_iter().zip(fill) {
            (self.left, self.width, self.y) = (whole.0 + side, half, whole.2);
            fill(self);
            deepest = deepest.max(self.y);
        }
        (self.left, self.width, self.y) = (whole.0, whole.1, deepest);
    }

    /// What `fill` puts there, with a bar beside it.
    pub(super) fn barred(&mut self, fill: impl Fn(&mut Self)) {
        let (left, width, top) = (self.left, self.width, self.y);
        (self.left, self.width) = (left + INDENT, width - INDENT);
        fill(self);
        (self.left, self.width) = (left, width);
        self.parts.push(Part::Rule {
            from: (left + 1.5, top + 1.0),
            to: (left + 1.5, self.y + 1.5),
            thick: 3.0,
            dash: None,
        });
    }

    fn lines(&mut self, text: &str, language: Locale, style: Style) -> Vec<Line> {
        let size = style.size * self.scale;
        let face = self.fonts.face(style.weight);
        let wrapped = face.wrap(text, size, self.width);
        let set = wrapped.into_iter().map(|text| {
            self.y += size * LEADING;
            self.line(self.left, text, language, style)
        });
        set.collect()
    }

    fn line(&self, left: f32, text: String, language: Locale, style: Style) -> Line {
        let size = style.size * self.scale;
        Line {
            at: (left, self.y),
            size,
            weight: style.weight,
            shade: style.shade,
            language,
            text,
        }
    }
}

/// Points in a millimetre.
pub(super) const MM: f32 = 72.0 / 25.4;

const INK: u8 = 0;
const PALE: u8 = 85;
const LABEL: f32 = 6.8;
const TRANSLATED: f32 = 0.8;
const LEADING: f32 = 1.22;
const GUTTER: f32 = 8.0;
const INDENT: f32 = 8.0;
const STEP: f32 = 0.04;
const SMALLEST: f32 = 0.4;
