//! Owns the drawing of a run: throughput over time, and latency by percentile, as shapes and texts.
//! Leaves their bytes to `svg` and `png`.

mod png;
mod svg;

use std::path::Path;
use std::time::Duration;

use super::report::{Report, Setting};
use crate::load::series::{Recorder, STEP_NS, STEPS_MAX};
use crate::out::units;

/// Size of the drawing, in points.
const WIDTH: f64 = 960.0;
/// Its height.
const HEIGHT: f64 = 620.0;
/// Where the panels begin, left.
const LEFT: f64 = 96.0;
/// Where they end, right.
const RIGHT: f64 = 936.0;
/// Where the texts below the title begin, from left and from right.
const MARGIN: f64 = 24.0;
/// How wide a letter is taken to be.
const LETTER: f64 = 7.0;
/// From one line of text to the next.
const LINE: f64 = 16.0;
/// Steps of throughput that are drawn at most; more are taken together.
const STEPS_DRAWN: usize = 420;
/// Two curves that are no further apart, in points, are one.
const APART: f64 = 1.0;

/// What a shape is drawn in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ink {
    Paper,
    Text,
    Faint,
    Grid,
    First,
    FirstFill,
    Second,
}

impl Ink {
    const ALL: [Self; 7] = [
        Self::Paper,
        Self::Text,
        Self::Faint,
        Self::Grid,
        Self::First,
        Self::FirstFill,
        Self::Second,
    ];

    /// Its name in a style sheet.
    const fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Text => "text",
            Self::Faint => "faint",
            Self::Grid => "grid",
            Self::First => "first",
            Self::FirstFill => "fill",
            Self::Second => "second",
        }
    }

    /// Its colour on white, and on black.
    const fn colours(self) -> [u32; 2] {
        match self {
            Self::Paper => [0x00ff_ffff, 0x0015_181c],
            Self::Text => [0x0022_2831, 0x00e6_e9ee],
            Self::Faint => [0x0062_6b78, 0x009a_a4b2],
            Self::Grid => [0x00dd_e1e7, 0x0032_3841],
            Self::First => [0x001f_6fb4, 0x0066_b2f0],
            Self::FirstFill => [0x00d6_e7f5, 0x001c_3347],
            Self::Second => [0x00d0_5a1e, 0x00f2_9a5c],
        }
    }
}

/// Where a text stands to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anchor {
    Start,
    Middle,
    End,
}

/// One shape.
#[derive(Clone, Debug, PartialEq)]
enum Item {
    Rect { x: f64, y: f64, width: f64, height: f64, ink: Ink },
    Line { points: Vec<(f64, f64)>, width: f64, ink: Ink },
    Area { points: Vec<(f64, f64)>, base: f64, ink: Ink },
    Text { x: f64, y: f64, large: bool, anchor: Anchor, ink: Ink, text: String },
}

/// The shapes of a drawing, the lowest first.
#[derive(Debug, Default)]
struct Scene(Vec<Item>);

impl Scene {
    fn line(&mut self, points: &[(f64, f64)], width: f64, ink: Ink) {
        self.0.push(Item::Line { points: points.to_vec(), width, ink });
    }

    fn text(&mut self, at: (f64, f64), anchor: Anchor, ink: Ink, text: impl Into<String>) {
        let text = text.into();
        self.0.push(Item::Text { x: at.0, y: at.1, large: false, anchor, ink, text });
    }

    fn title(&mut self, at: (f64, f64), text: impl Into<String>) {
        let (ink, anchor) = (Ink::Text, Anchor::Start);
        self.0.push(Item::Text { x: at.0, y: at.1, large: true, anchor, ink, text: text.into() });
    }

    /// A line of a legend; answers where the next one may begin.
    fn legend(&mut self, at: (f64, f64), ink: Ink, text: &str) -> f64 {
        self.line(&[(at.0, at.1 - 4.0), (at.0 + 22.0, at.1 - 4.0)], 2.5, ink);
        self.text((at.0 + 28.0, at.1), Anchor::Start, Ink::Faint, text);
        at.0 + 28.0 + text.len() as f64 * LETTER + 26.0
    }
}

/// The bytes of the drawing of a run, in the form that the file's name asks for.
pub fn draw(report: &Report, path: &Path) -> Vec<u8> {
    let scene = scene(report);
    if path.extension().is_some_and(|extension| extension == "png") {
        png::render(&scene, WIDTH, HEIGHT)
    } else {
        svg::render(&scene, WIDTH, HEIGHT).into_bytes()
    }
}

/// The drawing of a run.
fn scene(report: &Report) -> Scene {
    let mut scene = Scene::default();
    let (width, height) = (WIDTH, HEIGHT);
    scene.0.push(Item::Rect { x: 0.0, y: 0.0, width, height, ink: Ink::Paper });
    let setting = &report.setting;
    let title = format!("kaw bench {} {}", setting.verb, setting.topic);
    scene.title((MARGIN, 34.0), shorten(&title, true));
    let mut lines = wrap(&facts(setting));
    lines.extend(wrap(&[
        setting.target.clone(),
        format!("{}, {} cores", crate::sys::kernel(), setting.cpus),
        concat!("kaw ", env!("CARGO_PKG_VERSION")).to_owned(),
    ]));
    let mut at = 54.0;
    for line in lines {
        scene.text((MARGIN, at), Anchor::Start, Ink::Faint, line);
        at += LINE;
    }
    let top = at + 22.0;
    let latency = report.latency().is_some();
    let bottom = if latency { 310.0 } else { 566.0 };
    throughput(&mut scene, report, (top, bottom));
    if latency {
        percentiles(&mut scene, report, (386.0, 566.0));
    }
    scene
}

/// How a run was set up, each fact by itself.
fn facts(setting: &Setting) -> Vec<String> {
    let mut facts = vec![units::time(setting.started_ms)];
    if let Some(shape) = &setting.shape {
        facts.push(shape.clone());
        facts.extend(setting.seed.map(|seed| format!("seed {seed}")));
    }
    if let Some(level) = setting.durability {
        facts.push(format!("durability {level}"));
        let codec = setting.compression.unwrap_or("as the topic has it");
        facts.push(format!("compression {codec}"));
        let bytes = setting.batch_bytes.map(|bytes| units::bytes(bytes as u64));
        facts.extend(bytes.map(|bytes| format!("batches of {bytes}")));
    }
    let counts = [
        (setting.partitions as u64, "partition"),
        (u64::from(setting.producers), "producer"),
        (u64::from(setting.consumers), "consumer"),
    ];
    facts.extend(counts.iter().filter(|(n, _)| *n > 0).map(|(n, noun)| units::plural(*n, noun)));
    facts
}

/// Facts in lines that fit the width, none broken in two.
fn wrap(facts: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for fact in facts {
        match lines.last_mut() {
            Some(line) if fits(&format!("{line}; {fact}"), false) => {
                line.push_str("; ");
                line.push_str(fact);
            }
            _ => lines.push(shorten(fact, false)),
        }
    }
    lines
}

/// Whether a text fits the width, with the fonts that a reader of an SVG may have; those of a PNG
/// are narrower.
fn fits(text: &str, large: bool) -> bool {
    let letter = if large { 10.0 } else { LETTER };
    text.chars().count() as f64 * letter <= WIDTH - 2.0 * MARGIN
}

/// A text that fits the width.
fn shorten(text: &str, large: bool) -> String {
    let mut short = text.to_owned();
    while !fits(&short, large) {
        short = short.trim_end_matches("...").chars().collect();
        short.pop();
        short.push_str("...");
    }
    short
}

/// A stretch of a run: when it began and ended, in seconds, and its records a second.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stretch {
    from: f64,
    until: f64,
    rate: f64,
}

/// What is drawn of throughput: tenths of a second; seconds where these would be too many; the
/// slowest and the fastest of several where these are too. What had no record is 0.
fn stretches(recorder: &Recorder) -> Vec<Stretch> {
    let span = recorder.span_ns().min(STEPS_MAX * STEP_NS);
    let steps = span.div_ceil(STEP_NS) as usize;
    let per_stretch = if steps > STEPS_DRAWN { 10 } else { 1 };
    let all: Vec<Stretch> = (0..steps)
        .step_by(per_stretch)
        .map(|first| {
            let (from, last) = (first as u64 * STEP_NS, first + per_stretch);
            let until = (last as u64 * STEP_NS).min(span);
            let known = recorder.steps().iter().take(last).skip(first).sum::<u64>();
            let rate = known as f64 * 1e9 / (until - from) as f64;
            Stretch { from: from as f64 / 1e9, until: until as f64 / 1e9, rate }
        })
        .collect();
    // The rate of a last one that was hardly begun says nothing.
    let least = per_stretch as f64 * STEP_NS as f64 / 2e9;
    let begun = |of: &Stretch| of.until - of.from < least;
    let hardly = usize::from(all.len() > 1 && all.last().is_some_and(begun));
    let all = all.get(..all.len() - hardly).unwrap_or_default();
    let together = all.len().div_ceil(STEPS_DRAWN).max(1);
    all.chunks(together).flat_map(extremes).collect()
}

/// The slowest and the fastest of some stretches, in their order, over the time of all.
fn extremes(part: &[Stretch]) -> Vec<Stretch> {
    let order = |(_, a): &(usize, &Stretch), (_, b): &(usize, &Stretch)| a.rate.total_cmp(&b.rate);
    let (Some(least), Some(most)) =
        (part.iter().enumerate().min_by(order), part.iter().enumerate().max_by(order))
    else {
        return Vec::new();
    };
    let (Some(first), Some(last)) = (part.first(), part.last()) else { return Vec::new() };
    if part.len() == 1 {
        return vec![*first];
    }
    let (one, two) = if least.0 < most.0 { (least.1, most.1) } else { (most.1, least.1) };
    let middle = f64::midpoint(first.from, last.until);
    vec![
        Stretch { from: first.from, until: middle, rate: one.rate },
        Stretch { from: middle, until: last.until, rate: two.rate },
    ]
}

/// Throughput over time, between two heights.
fn throughput(scene: &mut Scene, report: &Report, (top, bottom): (f64, f64)) {
    let stretches = stretches(&report.recorder);
    let span = stretches.last().map_or(1.0, |last| last.until);
    let fastest = stretches.iter().map(|stretch| stretch.rate).fold(0.0, f64::max);
    let (unit, ceiling) = round_up(report.setting.rate.unwrap_or(0.0).max(fastest));
    let y = |rate: f64| bottom - (bottom - top) * (rate / ceiling).min(1.0);
    let x = |seconds: f64| LEFT + (RIGHT - LEFT) * (seconds / span).min(1.0);
    scene.text((LEFT, top - 12.0), Anchor::Start, Ink::Text, "throughput, records/s");
    for tick in 0..=(ceiling / unit).round() as u32 {
        let rate = f64::from(tick) * unit;
        scene.line(&[(LEFT, y(rate)), (RIGHT, y(rate))], 1.0, Ink::Grid);
        scene.text((LEFT - 8.0, y(rate) + 4.0), Anchor::End, Ink::Faint, short(rate));
    }
    let (scale, name) = if span < 1.0 { (1e3, "ms") } else { (1.0, "seconds") };
    let (unit, _) = round_up(span * scale);
    for tick in 0..=(span * scale / unit + 1e-9).floor() as u32 {
        let at = f64::from(tick) * unit;
        let label = format!("{at:.*}", decimals(unit));
        scene.text((x(at / scale), bottom + 18.0), Anchor::Middle, Ink::Faint, label);
    }
    let axis = format!("{name} since measuring began");
    scene.text((RIGHT, bottom + 36.0), Anchor::End, Ink::Faint, axis);
    let points: Vec<(f64, f64)> = stretches
        .iter()
        .flat_map(|of| [(x(of.from), y(of.rate)), (x(of.until), y(of.rate))])
        .collect();
    scene.0.push(Item::Area { points: points.clone(), base: bottom, ink: Ink::FirstFill });
    scene.line(&points, 2.0, Ink::First);
    let mean = report.recorder.rate();
    let mut at = scene.legend((LEFT + 260.0, top - 12.0), Ink::First, "done");
    if let Some(asked) = report.setting.rate {
        scene.line(&[(LEFT, y(asked)), (RIGHT, y(asked))], 1.5, Ink::Second);
        at = scene.legend((at, top - 12.0), Ink::Second, &format!("asked for, {}/s", short(asked)));
    }
    let text = format!("mean {}/s", units::count(mean.round() as u64));
    scene.text((at.max(RIGHT), top - 12.0), Anchor::End, Ink::Text, text);
}

/// Latency by percentile, between two heights; both axes are logarithmic.
fn percentiles(scene: &mut Scene, report: &Report, (top, bottom): (f64, f64)) {
    let all = [&report.recorder.latency, &report.recorder.service];
    let count = all[0].count().max(1) as f64;
    // As many nines as there are records for.
    let nines = count.log10().clamp(1.0, 6.0);
    let x =
        |share: f64| LEFT + (RIGHT - LEFT) * (-(1.0 - share).max(1e-9).log10() / nines).min(1.0);
    let (min, max) =
        all.iter().map(|of| of.summary()).fold((f64::MAX, 1.0_f64), |(min, max), s| {
            (min.min(s.min.max(1) as f64), max.max(s.max as f64))
        });
    let (low, high) = (min.log10().floor(), max.log10().ceil().max(min.log10().floor() + 1.0));
    let y = |us: f64| {
        bottom - (bottom - top) * ((us.max(1.0).log10() - low) / (high - low)).clamp(0.0, 1.0)
    };
    scene.text((LEFT, top - 12.0), Anchor::Start, Ink::Text, "latency by percentile");
    for power in low as i32..=high as i32 {
        let us = 10_f64.powi(power);
        scene.line(&[(LEFT, y(us)), (RIGHT, y(us))], 1.0, Ink::Grid);
        let label = units::duration(Duration::from_micros(us as u64)).replace(".0 ", " ");
        scene.text((LEFT - 8.0, y(us) + 4.0), Anchor::End, Ink::Faint, label);
    }
    let marks = [
        (0.0, "0"),
        (0.5, "50"),
        (0.9, "90"),
        (0.99, "99"),
        (0.999, "99.9"),
        (0.9999, "99.99"),
        (0.99999, "99.999"),
        (0.999_999, "99.9999"),
    ];
    for (share, label) in
        marks.iter().filter(|(share, _)| -(1.0_f64 - share).log10() <= nines + 1e-9)
    {
        scene.line(&[(x(*share), top), (x(*share), bottom)], 1.0, Ink::Grid);
        scene.text((x(*share), bottom + 18.0), Anchor::Middle, Ink::Faint, *label);
    }
    scene.text((RIGHT, bottom + 36.0), Anchor::End, Ink::Faint, "percentile");
    let steps = 400;
    let [intended, sent] = all.map(|of| -> Vec<(f64, f64)> {
        (0..=steps)
            .map(|i| 1.0 - 10_f64.powf(-nines * f64::from(i) / f64::from(steps)))
            .map(|share| (x(share), y(of.at(share) as f64)))
            .collect()
    });
    // A loop that waits has no other time to send at than when it does.
    let differ = intended.iter().zip(&sent).any(|(one, other)| (one.1 - other.1).abs() > APART);
    if differ {
        scene.line(&sent, 1.5, Ink::Second);
    }
    scene.line(&intended, 2.5, Ink::First);
    let at = scene.legend((LEFT + 260.0, top - 12.0), Ink::First, "from the intended send time");
    if differ {
        scene.legend((at, top - 12.0), Ink::Second, "once sent");
    }
    let max = units::duration(Duration::from_micros(all[0].at(1.0)));
    scene.text((RIGHT, top - 12.0), Anchor::End, Ink::Text, format!("max {max}"));
}

/// A step of 1, 2 or 5 times a power of ten, and the multiple of it that holds `most`: four to ten
/// steps.
fn round_up(most: f64) -> (f64, f64) {
    let most = if most > 0.0 { most } else { 1.0 };
    let power = 10_f64.powf((most / 5.0).log10().floor());
    let unit = [1.0, 2.0, 5.0, 10.0].map(|n| n * power).into_iter().find(|unit| most / unit <= 6.0);
    let unit = unit.unwrap_or(10.0 * power);
    (unit, (most / unit).ceil() * unit)
}

/// The digits behind the point that multiples of a unit need.
fn decimals(unit: f64) -> usize {
    (-unit.log10().floor()).max(0.0) as usize
}

/// A rate in few characters: `2.5M`.
fn short(rate: f64) -> String {
    let (scaled, unit) = match rate {
        r if r >= 1e9 => (r / 1e9, "G"),
        r if r >= 1e6 => (r / 1e6, "M"),
        r if r >= 1e3 => (r / 1e3, "k"),
        r => (r, ""),
    };
    let text = format!("{scaled:.2}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::bench::report::Setting;
    use crate::load::advice::Facts;
    use crate::load::series::Recorder;

    pub(super) fn report() -> Report {
        let mut recorder = Recorder::new(0, Some(3_000_000_000));
        for n in 0..3000_u64 {
            let done = n * 1_000_000;
            let us = 50 + (n * 7919 % 1000) * if n % 100 == 0 { 50 } else { 1 };
            recorder.latency(done + us * 1000, done, done + us * 200, 1);
            recorder.count(done, 1, 100);
        }
        recorder.close();
        let (topic, target) = ("t<&>".to_owned(), "log directory /x".to_owned());
        let setting = Setting {
            verb: "produce",
            topic,
            target,
            rate: Some(1000.0),
            cpus: 2,
            ..Setting::default()
        };
        Report::new(setting, recorder, Facts::default())
    }

    /// A run of which much is to be said.
    fn long() -> Report {
        let mut long = report();
        long.setting.topic = "t".repeat(249);
        long.setting.target = "log directory /".to_owned() + &"x".repeat(300);
        long.setting.shape = Some("100 to 2000 bytes, 50 % compressible, 100,000 keys".to_owned());
        long.setting.seed = Some(77);
        long.setting.durability = Some("process (in the page cache)");
        long.setting.compression = Some("zstd");
        long.setting.batch_bytes = Some(16 << 10);
        (long.setting.partitions, long.setting.producers) = (12, 3);
        long
    }

    /// A run of which this was measured.
    fn of(recorder: Recorder) -> Report {
        Report::new(report().setting, recorder, Facts::default())
    }

    fn texts(report: &Report) -> Vec<String> {
        let texts = scene(report).0.into_iter().filter_map(|item| match item {
            Item::Text { text, .. } => Some(text),
            _ => None,
        });
        texts.collect()
    }

    /// What was measured where so many records are done at these ms.
    fn done(at_ms: &[u64], records: u64, until_ms: Option<u64>) -> Recorder {
        let mut recorder = Recorder::new(0, until_ms.map(|ms| ms * 1_000_000));
        for ms in at_ms {
            recorder.latency(ms * 1_000_000, 0, 0, records);
            recorder.count(ms * 1_000_000, records, 1);
        }
        recorder.close();
        recorder
    }

    #[test]
    fn a_short_run_is_drawn_in_the_time_that_it_took() {
        let recorder = done(&[1, 2], 500, None);
        let only = Stretch { from: 0.0, until: 0.002, rate: 500_000.0 };
        assert_eq!(stretches(&recorder), [only]);
        let texts = texts(&of(recorder));
        assert!(texts.contains(&"ms since measuring began".to_owned()), "{texts:?}");
        for tick in ["0.0", "0.5", "1.0", "1.5", "2.0", "500k"] {
            assert!(texts.contains(&tick.to_owned()), "{tick}: {texts:?}");
        }
        // 30 ms more are no step of their own; 60 ms are.
        assert_eq!(stretches(&done(&[50, 99, 130], 1, None)).len(), 1);
        assert_eq!(stretches(&done(&[50, 99, 160], 1, None)).len(), 2);
    }

    #[test]
    fn time_without_a_record_is_drawn_as_nothing() {
        let zeros = |of: &[Stretch]| of.iter().filter(|stretch| stretch.rate == 0.0).count();
        let at: Vec<u64> = (0..1000).chain(2000..3000).step_by(10).collect();
        let drawn = stretches(&done(&at, 1, Some(4000)));
        assert_eq!((drawn.len(), zeros(&drawn)), (40, 20));
        assert_eq!(drawn[9..11].iter().map(|of| of.rate).collect::<Vec<_>>(), [100.0, 0.0]);
        // Seconds, and several of them together, keep it as well.
        for minutes in [5, 60] {
            let at: Vec<u64> = (0..minutes * 60_000).step_by(50).collect();
            let at: Vec<u64> = at.into_iter().filter(|ms| ms / 1000 != 100).collect();
            let drawn = stretches(&done(&at, 1, Some(minutes * 60_000)));
            assert_eq!(zeros(&drawn), 1, "{minutes}");
            assert!(drawn.len() <= 2 * STEPS_DRAWN);
            assert!(drawn.windows(2).all(|two| (two[0].until - two[1].from).abs() < 1e-9));
        }
    }

    #[test]
    fn one_curve_has_one_legend() {
        let has = |report: &Report| texts(report).contains(&"once sent".to_owned());
        assert!(has(&report()));
        assert!(!has(&of(done(&[1, 2, 5], 10, None))));
    }

    #[test]
    fn all_facts_are_told_and_each_line_fits() {
        let texts = texts(&long());
        let all = texts.join("; ");
        let facts = ["seed 77", "compression zstd", "batches of 16.4 kB", "12 partitions"];
        for fact in facts.iter().chain(&["3 producers", "100,000 keys", "cores", "..."]) {
            assert!(all.contains(fact), "{fact}: {texts:?}");
        }
        assert!(texts.iter().all(|text| fits(text, false)));
        assert!(fits(&shorten(&"x".repeat(500), true), true));
    }

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!(round_up(1000.0), (200.0, 1000.0));
        assert_eq!(round_up(2_345_678.0), (500_000.0, 2_500_000.0));
        assert!((round_up(0.0).1 - 1.0).abs() < 1e-9);
        assert_eq!(
            (short(2_500_000.0), short(999.0), short(0.0)),
            ("2.5M".into(), "999".into(), "0".into())
        );
    }

    #[test]
    fn nothing_is_drawn_outside() {
        let inside = |x: f64, y: f64| (0.0..=WIDTH).contains(&x) && (0.0..=HEIGHT).contains(&y);
        for item in [report(), long()].iter().flat_map(|report| scene(report).0) {
            match item {
                Item::Rect { x, y, width, height, .. } => assert!(inside(x + width, y + height)),
                Item::Line { points, .. } | Item::Area { points, .. } => {
                    assert!(!points.is_empty());
                    assert!(points.iter().all(|(x, y)| inside(*x, *y)), "{points:?}");
                }
                Item::Text { x, y, text, .. } => assert!(inside(x, y), "{text}"),
            }
        }
    }
}
