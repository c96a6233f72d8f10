//! How wide letters are, in thousandths of the size of the font: pictures need it where nothing
//! lays out their text. Source: the widths of Helvetica, which Arial shares.

/// From the space to `~`.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];

/// Bold letters are wider by this.
const BOLD: f32 = 1.08;

/// The width of a letter at a size.
pub(super) fn width(letter: char, size: f32, bold: bool) -> f32 {
    let known = usize::try_from(u32::from(letter)).ok().and_then(|code| WIDTHS.get(code.checked_sub(32)?));
    // Letters with accents are about as wide as most; those of East Asia fill the square.
    let thousandths = known.copied().unwrap_or(if u32::from(letter) >= 0x2E80 { 1000 } else { 600 });
    f32::from(thousandths) / 1000.0 * size * if bold { BOLD } else { 1.0 }
}

/// Where Arial is missing, what stands for it is wider by up to this.
const OTHER_FONT: f32 = 1.14;

/// The room that a text needs at a size.
pub(super) fn text_width(text: &str, size: f32, bold: bool) -> f32 {
    text.chars().map(|letter| width(letter, size, bold)).sum::<f32>() * OTHER_FONT
}
