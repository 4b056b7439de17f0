//! Owns a drawing as PNG: its own few shapes on a canvas, letters from a font of bitmaps. Leaves
//! the shapes to its parent.
//!
//! A renderer of SVG would bring its own parser of fonts, and look for these on a machine that may
//! have none; four shapes and the letters of ASCII do not need one.

use std::io::Write as _;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use super::{Anchor, Ink, Item, Scene};

/// Pixels of a point, so that it is sharp on paper too.
const SCALE: f64 = 2.0;

/// The bytes of the file.
pub(super) fn render(scene: &Scene, width: f64, height: f64) -> Vec<u8> {
    let (width, height) = ((width * SCALE) as usize, (height * SCALE) as usize);
    let mut canvas = Canvas { width, height, pixels: vec![255; width * height * 3] };
    for item in &scene.0 {
        canvas.draw(item);
    }
    canvas.encode()
}

/// Pixels of three bytes.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    /// Lays a colour over a pixel, as much as `cover` says, from 0 to 1.
    fn blend(&mut self, x: usize, y: usize, ink: Ink, cover: f64) {
        if x >= self.width || y >= self.height || cover <= 0.0 {
            return;
        }
        let [_, red, green, blue] = ink.colours()[0].to_be_bytes();
        let at = (y * self.width + x) * 3;
        let Some(pixel) = self.pixels.get_mut(at..at + 3) else { return };
        for (old, new) in pixel.iter_mut().zip([red, green, blue]) {
            let (from, to) = (f64::from(*old), f64::from(new));
            *old = (from + (to - from) * cover.min(1.0)).round() as u8;
        }
    }

    fn draw(&mut self, item: &Item) {
        match item {
            Item::Rect { x, y, width, height, ink } => {
                let end = |at: f64, more: f64| ((at + more) * SCALE).round() as usize;
                for y in end(*y, 0.0)..end(*y, *height) {
                    for x in end(*x, 0.0)..end(*x, *width) {
                        self.blend(x, y, *ink, 1.0);
                    }
                }
            }
            Item::Line { points, width, ink } => self.line(points, width * SCALE / 2.0, *ink),
            Item::Area { points, base, ink } => {
                for pair in points.windows(2) {
                    let [from, to] = pair else { continue };
                    self.column(*from, *to, *base, *ink);
                }
            }
            Item::Text { x, y, large, anchor, ink, text } => {
                self.text((x * SCALE, y * SCALE), *large, *anchor, *ink, text);
            }
        }
    }

    /// Fills between a piece of a curve and its base.
    fn column(&mut self, from: (f64, f64), to: (f64, f64), base: f64, ink: Ink) {
        let (start, end) = ((from.0 * SCALE).round() as usize, (to.0 * SCALE).round() as usize);
        for x in start..end {
            let part = (x - start) as f64 / (end - start).max(1) as f64;
            let top = (from.1 + (to.1 - from.1) * part) * SCALE;
            for y in top.round() as usize..(base * SCALE).round() as usize {
                self.blend(x, y, ink, 1.0);
            }
        }
    }

    /// Draws a line: each pixel as much as it is within `half` of the nearest piece.
    fn line(&mut self, points: &[(f64, f64)], half: f64, ink: Ink) {
        // A pixel that two pieces touch is laid over once, by the nearer.
        let mut covers = std::collections::BTreeMap::new();
        for pair in points.windows(2) {
            let [a, b] = pair else { continue };
            let (a, b) = ((a.0 * SCALE, a.1 * SCALE), (b.0 * SCALE, b.1 * SCALE));
            let reach = half + 1.0;
            let low = |p: f64, q: f64| (p.min(q) - reach).max(0.0) as usize;
            let high = |p: f64, q: f64| (p.max(q) + reach).max(0.0) as usize;
            for y in low(a.1, b.1)..=high(a.1, b.1) {
                for x in low(a.0, b.0)..=high(a.0, b.0) {
                    let far = distance((x as f64 + 0.5, y as f64 + 0.5), a, b);
                    let cover = (half + 0.5 - far).clamp(0.0, 1.0);
                    if cover > 0.0 {
                        let before: &mut f64 = covers.entry((y, x)).or_default();
                        *before = before.max(cover);
                    }
                }
            }
        }
        for ((y, x), cover) in covers {
            self.blend(x, y, ink, cover);
        }
    }

    fn text(&mut self, at: (f64, f64), large: bool, anchor: Anchor, ink: Ink, text: &str) {
        let size = if large { RasterHeight::Size32 } else { RasterHeight::Size24 };
        let step = get_raster_width(FontWeight::Regular, size);
        let long = (text.chars().count() * step) as f64;
        let mut x = match anchor {
            Anchor::Start => at.0,
            Anchor::Middle => at.0 - long / 2.0,
            Anchor::End => at.0 - long,
        }
        .max(0.0) as usize;
        // A raster has room for what goes below the line, about a fifth.
        let top = (at.1 - size.val() as f64 * 0.78).max(0.0) as usize;
        for c in text.chars() {
            let shown = get_raster(c, FontWeight::Regular, size);
            let shown = shown.or_else(|| get_raster('?', FontWeight::Regular, size));
            for (row, line) in shown.iter().flat_map(|shown| shown.rows().enumerate()) {
                for (column, level) in line.iter().enumerate() {
                    self.blend(x + column, top + row, ink, f64::from(*level) / 255.0);
                }
            }
            x += step;
        }
    }

    /// The file: a header, the rows deflated, an end.
    fn encode(&self) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut header = Vec::new();
        header.extend((self.width as u32).to_be_bytes());
        header.extend((self.height as u32).to_be_bytes());
        // Eight bits, colours without alpha, and the only methods that there are.
        header.extend([8, 2, 0, 0, 0]);
        push_chunk(&mut file, *b"IHDR", &header);
        let mut rows = ZlibEncoder::new(Vec::new(), Compression::default());
        for row in self.pixels.chunks(self.width * 3) {
            // Each row begins with its filter: none. A write to memory does not fail.
            rows.write_all(&[0]).and_then(|()| rows.write_all(row)).unwrap_or_default();
        }
        push_chunk(&mut file, *b"IDAT", &rows.finish().unwrap_or_default());
        push_chunk(&mut file, *b"IEND", &[]);
        file
    }
}

/// How far a point is from the piece between two others.
fn distance(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let square = dx * dx + dy * dy;
    let along = if square > 0.0 { ((p.0 - a.0) * dx + (p.1 - a.1) * dy) / square } else { 0.0 };
    let along = along.clamp(0.0, 1.0);
    (p.0 - a.0 - along * dx).hypot(p.1 - a.1 - along * dy)
}

/// Appends a chunk: its length, name, bytes and checksum.
fn push_chunk(file: &mut Vec<u8>, name: [u8; 4], bytes: &[u8]) {
    file.extend((bytes.len() as u32).to_be_bytes());
    let mut crc = Crc::new();
    for part in [&name[..], bytes] {
        crc.update(part);
        file.extend(part);
    }
    file.extend(crc.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::super::{HEIGHT, WIDTH, scene};
    use super::*;
    use std::io::Read as _;

    #[test]
    fn it_is_a_picture_of_the_right_size_with_right_checksums() {
        let file = render(&scene(&report()), WIDTH, HEIGHT);
        let mut rest = file.strip_prefix(b"\x89PNG\r\n\x1a\n").unwrap();
        let mut rows = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let (chunk, after) = after.split_at(u32::from_be_bytes(*length) as usize + 4);
            let (crc, after) = after.split_first_chunk::<4>().unwrap();
            let mut sum = Crc::new();
            sum.update(chunk);
            assert_eq!(u32::from_be_bytes(*crc), sum.sum());
            if let Some(bytes) = chunk.strip_prefix(b"IDAT") {
                flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut rows).unwrap();
            }
            rest = after;
        }
        let (width, height) = ((WIDTH * SCALE) as usize, (HEIGHT * SCALE) as usize);
        assert_eq!(rows.len(), height * (1 + width * 3));
        let dark = rows.chunks(3).filter(|pixel| pixel.iter().all(|level| *level < 90)).count();
        assert!(dark > 500, "{dark} dark pixels are no text");
    }
}
