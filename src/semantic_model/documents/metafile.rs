//! A picture as an Enhanced Metafile, which word processors draw sharp at every size.
//!
//! Source: "[MS-EMF]: Enhanced Metafile Format" on learn.microsoft.com.

use super::diagram::{PADDING, Picture, ROW, SIZE, TITLE, TITLE_SIZE};
use super::letters::width;

/// Device units per pixel: text is placed between pixels.
const SCALE: f32 = 10.0;

const TRANSPARENT: u32 = 1;
const SOLID: u32 = 0;
const DASH: u32 = 1;
const CENTRED_BASELINE: u32 = 0x06 | 0x18;
const LEFT_BASELINE: u32 = 0x18;

/// Handles of the objects that are made once.
const LINE: u32 = 1;
const DASHED: u32 = 2;
const BORDER: u32 = 3;
const PLAIN: u32 = 4;
const MIDDLE: u32 = 5;
const TEXT: u32 = 6;
const BOLD: u32 = 7;
const HANDLES: u16 = 8;

/// Bytes of a font's record without its head: the handle and a `LogFontPanose`.
const FONT: usize = 4 + 320;
/// Bytes of a text's record before the string.
const TEXT_FIXED: usize = 76;

/// The picture.
pub(super) fn metafile(picture: &Picture) -> Vec<u8> {
    let mut file = Records::default();
    file.put(18, &[TRANSPARENT]);
    file.pen(LINE, SOLID, 0x0060_5A55);
    file.pen(DASHED, DASH, 0x0060_5A55);
    file.pen(BORDER, SOLID, 0x00B0_8A5A);
    file.put(39, &[PLAIN, 0, 0x00FF_FFFF, 0]);
    file.put(39, &[MIDDLE, 0, 0x00FA_F0E2, 0]);
    file.font(TEXT, SIZE, 400);
    file.font(BOLD, TITLE_SIZE, 700);
    file.put(24, &[0x0030_2820]);
    for line in &picture.lines {
        file.put(37, &[if line.active { LINE } else { DASHED }]);
        file.put(27, &point(line.from));
        file.put(54, &point(line.to));
        let toward = if line.from.0 < line.to.0 { 1.0 } else { -1.0 };
        file.put(37, &[TEXT]);
        file.put(22, &[CENTRED_BASELINE]);
        file.text((line.from.0 + 9.0 * toward, line.from.1 - 4.0), line.ends[0], (SIZE, false));
        file.text((line.to.0 - 9.0 * toward, line.to.1 - 4.0), line.ends[1], (SIZE, false));
        if line.both {
            let middle = (f32::midpoint(line.from.0, line.to.0), f32::midpoint(line.from.1, line.to.1) - 5.0);
            file.text(middle, "<>", (SIZE, false));
        }
    }
    file.put(22, &[LEFT_BASELINE]);
    for one in &picture.boxes {
        file.put(37, &[BORDER]);
        file.put(37, &[if one.middle { MIDDLE } else { PLAIN }]);
        let ([left, top], [right, bottom]) = (point((one.x, one.y)), point((one.x + one.width, one.y + one.height)));
        file.put(43, &[left, top, right, bottom]);
        file.put(37, &[BOLD]);
        file.text((one.x + PADDING, one.y + 18.0), &one.title, (TITLE_SIZE, true));
        file.put(37, &[TEXT]);
        let mut row_top = one.y + TITLE;
        for row in &one.rows {
            file.text((one.x + PADDING, row_top + 14.0), row, (SIZE, false));
            row_top += ROW;
        }
    }
    file.put(14, &[0, 0, 20]);
    file.finish(picture)
}

fn point((x, y): (f32, f32)) -> [u32; 2] {
    [units(x), units(y)]
}

/// Pixels as device units; pictures are never negative nor larger than some 20,000 pixels.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded above")]
fn units(pixels: f32) -> u32 {
    (pixels * SCALE).round().clamp(0.0, 1e6) as u32
}

/// Pixels as hundredths of a millimetre.
fn hundredths(pixels: f32) -> u32 {
    units(pixels * 2540.0 / 96.0 / SCALE)
}

#[derive(Default)]
struct Records {
    bytes: Vec<u8>,
    count: u32,
}

impl Records {
    fn raw(&mut self, kind: u32, body: &[u8]) {
        let padding = body.len().next_multiple_of(4) - body.len();
        let size = u32::try_from(8 + body.len() + padding).unwrap_or(u32::MAX);
        self.bytes.extend(kind.to_le_bytes());
        self.bytes.extend(size.to_le_bytes());
        self.bytes.extend(body);
        self.bytes.extend(std::iter::repeat_n(0, padding));
        self.count += 1;
    }

    fn put(&mut self, kind: u32, words: &[u32]) {
        let body: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.raw(kind, &body);
    }

    fn pen(&mut self, handle: u32, style: u32, colour: u32) {
        self.put(38, &[handle, style, units(1.2), 0, colour]);
    }

    fn font(&mut self, handle: u32, pixels: f32, weight: u32) {
        // A negative height is that of the letters, without the room above them; the last bytes of the flags
        // ask for the default character set.
        let height = 0_u32.wrapping_sub(units(pixels));
        let mut body: Vec<u8> = Vec::with_capacity(FONT);
        for word in [handle, height, 0, 0, 0, weight, 0x0100_0000, 0] {
            body.extend(word.to_le_bytes());
        }
        body.extend("Arial".encode_utf16().flat_map(u16::to_le_bytes));
        body.resize(FONT, 0);
        self.raw(82, &body);
    }

    fn text(&mut self, at: (f32, f32), text: &str, (size, bold): (f32, bool)) {
        let letters: Vec<u16> = text.encode_utf16().collect();
        let count = u32::try_from(letters.len()).unwrap_or(u32::MAX);
        let [x, y] = point(at);
        // The string follows the fixed part of the record, the widths of its letters the string.
        let string = letters.len() * 2;
        let widths_at = u32::try_from((TEXT_FIXED + string).next_multiple_of(4)).unwrap_or(u32::MAX);
        let scale = 1.0_f32.to_bits();
        let mut body = Vec::new();
        for word in [0, 0, 0, 0, 2, scale, scale, x, y, count, 76, 0, 0, 0, 0, 0, widths_at] {
            body.extend(word.to_le_bytes());
        }
        body.extend(letters.iter().flat_map(|unit| unit.to_le_bytes()));
        body.resize((TEXT_FIXED + string).next_multiple_of(4) - 8, 0);
        for letter in text.chars() {
            body.extend(units(width(letter, size, bold)).to_le_bytes());
            // The second half of a pair stands where the first one does.
            if letter.len_utf16() == 2 {
                body.extend(0_u32.to_le_bytes());
            }
        }
        self.raw(84, &body);
    }

    /// The whole file: the header before the records.
    fn finish(self, picture: &Picture) -> Vec<u8> {
        const HEADER: u32 = 108;
        let (width, height) = (units(picture.width), units(picture.height));
        let bytes = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX).saturating_add(HEADER);
        let (frame_width, frame_height) = (hundredths(picture.width), hundredths(picture.height));
        let mut file: Vec<u8> = Vec::with_capacity(self.bytes.len() + 108);
        let device_mm = |pixels: f32| units(pixels * 25.4 / 96.0) / 10;
        let words = [
            1,
            HEADER,
            0,
            0,
            width,
            height,
            0,
            0,
            frame_width,
            frame_height,
            0x464D_4520,
            0x0001_0000,
            bytes,
            self.count + 1,
            u32::from(HANDLES),
            0,
            0,
            0,
            width,
            height,
            device_mm(picture.width).max(1),
            device_mm(picture.height).max(1),
            0,
            0,
            0,
            device_mm(picture.width).max(1) * 1000,
            device_mm(picture.height).max(1) * 1000,
        ];
        file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        file.extend(self.bytes);
        file
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantic_model::documents::diagram::TableBox;

    fn word(bytes: &[u8], at: usize) -> usize {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    }

    #[test]
    fn records_follow_each_other_to_the_end_as_the_header_says() {
        let one = TableBox { title: "Größe".into(), rows: vec!["a".into()], ..TableBox::default() };
        let picture = Picture { width: 200.0, height: 100.0, boxes: vec![one], ..Picture::default() };
        let bytes = metafile(&picture);
        assert_eq!((word(&bytes, 40), word(&bytes, 48)), (0x464D_4520, bytes.len()));
        let (mut at, mut count, mut last) = (0, 0, 0);
        while at < bytes.len() {
            last = word(&bytes, at);
            assert_eq!(word(&bytes, at + 4) % 4, 0);
            at += word(&bytes, at + 4);
            count += 1;
        }
        assert_eq!((at, count, last), (bytes.len(), word(&bytes, 52), 14));
    }
}
