//! The fonts of documents: how wide a line is, where it breaks, and what can be written at all.
//!
//! Refuses text for which the fonts have no glyphs, and text that runs in both directions: it is not written, rather than
//! written wrongly.
//!
//! Source: `DejaVu` 2.37, whose licence (Bitstream Vera, Arev, public domain) permits embedding and subsetting under another
//! name; Unicode 15, chapter 23 (format characters) and the blocks of scripts written from right to left.

use std::sync::LazyLock;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::UnicodeBuffer;

use crate::failure::{Code, Failure};

/// How heavy the letters are, and whether they are all of one width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// Plain text.
    Regular,
    /// Headings and what stands out.
    Bold,
    /// Characters that are copied one by one.
    Mono,
}

/// The fonts, each read once.
pub(super) struct Fonts {
    regular: Face,
    bold: Face,
    mono: Face,
}

impl Fonts {
    /// The fonts.
    ///
    /// # Errors
    /// `internal` where the fonts of the program do not read, which a test shows they do.
    pub(super) fn load() -> Result<&'static Self, Failure> {
        static FONTS: LazyLock<Option<Fonts>> = LazyLock::new(|| {
            Some(Fonts {
                regular: Face::read(dejavu::sans_condensed::regular())?,
                bold: Face::read(dejavu::sans_condensed::bold())?,
                mono: Face::read(dejavu::sans_mono::bold())?,
            })
        });
        FONTS
            .as_ref()
            .ok_or_else(|| Code::Internal.because("the fonts of documents do not read"))
    }

    /// The font of this weight.
    pub(super) fn face(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
            Weight::Mono => &self.mono,
        }
    }

    /// `text` as it can be written: one space for white space, no control and format characters, at most [`MAX_SHOWN`]
    /// characters; `None` where nothing is left, a glyph is missing, or it runs in both directions.
    pub(super) fn writable(&self, text: &str) -> Option<String> {
        let spaced = text.split_whitespace().map(|word| {
            let seen = word.chars().filter(|letter| !is_hidden(*letter));
            seen.collect::<String>()
        });
        let words: Vec<String> = spaced.filter(|word| !word.is_empty()).collect();
        let mut shown = words.join(" ");
        if shown.chars().count() > MAX_SHOWN {
            shown = shown.chars().take(MAX_SHOWN).collect();
            shown.push('…');
        }
        let (rightward, leftward) = shown
            .chars()
            .filter(|letter| letter.is_alphanumeric())
            .fold((false, false), |(right, left), letter| {
                let runs_left = is_leftward(letter);
                (right || !runs_left, left || runs_left)
            });
        let known = [&self.regular, &self.bold]
            .iter()
            .all(|face| face.knows(&shown));
        (!shown.is_empty() && known && !(rightward && leftward)).then_some(shown)
    }
}

/// One font, as the shaper and as the document want it.
pub(super) struct Face {
    shaper: rustybuzz::Face<'static>,
    font: Font,
    units_per_em: f32,
    /// How wide the printable ASCII characters are, from the space on, in parts of the font's size.
    ascii: Vec<f32>,
}

/// A line as glyphs.
pub(super) struct Shaped {
    /// The glyphs from left to right, their measures in parts of the font's size.
    pub(super) glyphs: Vec<KrillaGlyph>,
    /// The width in parts of the font's size.
    pub(super) width: f32,
}

impl Face {
    fn read(bytes: &'static [u8]) -> Option<Self> {
        let shaper = rustybuzz::Face::from_slice(bytes, 0)?;
        let font = Font::new(bytes.into(), 0)?;
        let units_per_em = font.units_per_em();
        let ascii = (' '..='~').map(|letter| {
            let glyph = shaper.glyph_index(letter)?;
            let units = shaper.glyph_hor_advance(glyph)?;
            Some(f32::from(units) / units_per_em)
        });
        let ascii = ascii.collect::<Option<Vec<f32>>>()?;
        Some(Self {
            shaper,
            font,
            units_per_em,
            ascii,
        })
    }

    /// The font as the document embeds it.
    pub(super) fn font(&self) -> Font {
        self.font.clone()
    }

    /// `text`, one line in one direction, as glyphs.
    pub(super) fn shape(&self, text: &str) -> Shaped {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        let output = rustybuzz::shape(&self.shaper, &[], buffer);
        let cluster = |info: &rustybuzz::GlyphInfo| usize::try_from(info.cluster).unwrap_or(0);
        let mut starts: Vec<usize> = output.glyph_infos().iter().map(cluster).collect();
        starts.sort_unstable();
        let measure = |units: i32| {
            let units = i16::try_from(units).unwrap_or_default();
            f32::from(units) / self.units_per_em
        };
        let pairs = output.glyph_infos().iter().zip(output.glyph_positions());
        let glyphs = pairs.map(|(info, position)| {
            let start = cluster(info);
            let after = starts.partition_point(|other| *other <= start);
            let end = starts.get(after).copied().unwrap_or(text.len());
            KrillaGlyph::new(
                GlyphId::new(info.glyph_id),
                measure(position.x_advance),
                measure(position.x_offset),
                measure(position.y_offset),
                measure(position.y_advance),
                start..end,
                None,
            )
        });
        let glyphs: Vec<KrillaGlyph> = glyphs.collect();
        let width = glyphs.iter().map(|glyph| glyph.x_advance).sum();
        Shaped { glyphs, width }
    }

    /// How wide `text` is in this size, in the size's unit; of ASCII text, before letters move closer to each other.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        let known = |byte: u8| {
            self.ascii
                .get(usize::from(byte.checked_sub(b' ')?))
                .copied()
        };
        let plain: Option<f32> = text.bytes().map(known).sum();
        plain.unwrap_or_else(|| self.shape(text).width) * size
    }

    /// `text` in lines no wider than `width`, broken at spaces, and within a word where it alone is wider.
    pub(super) fn wrap(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let space = self.width(" ", size);
        let mut lines = Vec::new();
        let (mut line, mut taken) = (String::new(), 0.0);
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            for piece in self.pieces(word, size, width) {
                let wide = self.width(&piece, size);
                if !line.is_empty() && taken + space + wide > width {
                    lines.push(std::mem::take(&mut line));
                    taken = 0.0;
                }
                if !line.is_empty() {
                    line.push(' ');
                    taken += space;
                }
                line.push_str(&piece);
                taken += wide;
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }

    /// `word` whole, or in pieces that fit, none of which begins with a mark that belongs to the letter before.
    fn pieces(&self, word: &str, size: f32, width: f32) -> Vec<String> {
        if self.width(word, size) <= width {
            return vec![word.to_owned()];
        }
        let mut pieces = Vec::new();
        let (mut piece, mut taken) = (String::new(), 0.0);
        for letter in word.chars() {
            let wide = self.width(letter.encode_utf8(&mut [0; 4]), size);
            if taken + wide > width && !piece.is_empty() && !is_mark(letter) {
                pieces.push(std::mem::take(&mut piece));
                taken = 0.0;
            }
            piece.push(letter);
            taken += wide;
        }
        pieces.push(piece);
        pieces
    }

    /// Whether it has a glyph for every character, alone and where they stand.
    fn knows(&self, text: &str) -> bool {
        let known = |letter| !is_private(letter) && self.shaper.glyph_index(letter).is_some();
        let drawn = |glyph: &KrillaGlyph| glyph.glyph_id.to_u32() != 0;
        text.chars().all(known) && self.shape(text).glyphs.iter().all(drawn)
    }
}

/// Whether `letter` shows nothing of its own: controls, and characters that only steer how others are shown.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        )
        || matches!(
            letter,
            '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        )
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(letter, '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}')
        || matches!(letter, '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether it is left to its users, so that nobody else can read it.
fn is_private(letter: char) -> bool {
    matches!(letter, '\u{e000}'..='\u{f8ff}' | '\u{fffe}'..='\u{ffff}' | '\u{f0000}'..='\u{10ffff}')
}

fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5c7}')
        || matches!(letter, '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{20d0}'..='\u{20ff}')
}

/// Whether it belongs to a script that is written from right to left.
fn is_leftward(letter: char) -> bool {
    matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
        || matches!(letter, '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// How many characters of a text are shown at most; what a certificate states is shorter.
const MAX_SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn fonts() -> &'static Fonts {
        Fonts::load().unwrap()
    }

    #[test]
    fn what_can_be_written_is_told_from_what_cannot() {
        for (text, shown) in [
            ("  Dewi \t Sartika ", Some("Dewi Sartika")),
            ("Nguyễn Thị Hương", Some("Nguyễn Thị Hương")),
            ("Иван Σοφία", Some("Иван Σοφία")),
            ("محمد عبد الله", Some("محمد عبد الله")),
            ("\u{202e}Siti\u{200b}", Some("Siti")),
            ("Siti محمد", None),
            ("山田", None),
            ("\u{e001}", None),
            ("\u{202e}", None),
            ("", None),
        ] {
            assert_eq!(fonts().writable(text).as_deref(), shown, "{text:?}");
        }
        let long = fonts().writable(&"a".repeat(500)).unwrap();
        assert_eq!(long.chars().count(), MAX_SHOWN + 1);
    }

    #[test]
    fn no_line_is_wider_than_asked_and_nothing_is_lost() {
        let face = fonts().face(Weight::Regular);
        let word = "KUSUMAWARDHANI<<".repeat(10);
        for text in [
            "Dewi Sartika Kusumawardhani",
            word.as_str(),
            "W i W i W i W i",
        ] {
            for width in [20.0, 50.0, 200.0] {
                let lines = face.wrap(text, 9.0, width);
                assert!(
                    lines
                        .iter()
                        .all(|line| face.width(line, 9.0) <= width + 0.5)
                );
                let joined: String = lines.concat();
                assert_eq!(joined.replace(' ', ""), text.replace(' ', ""));
            }
        }
    }
}
