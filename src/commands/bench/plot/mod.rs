//! Owns the drawing of a run: throughput over time, and latency by percentile, as shapes and texts.
//! Leaves their bytes to `svg` and `png`.

mod png;
mod svg;

use std::path::Path;
use std::time::Duration;

use super::report::Report;
use crate::load::series::STEP_NS;
use crate::out::units;

/// Size of the drawing, in points.
const WIDTH: f64 = 960.0;
/// Its height.
const HEIGHT: f64 = 620.0;
/// Where the panels begin, left.
const LEFT: f64 = 96.0;
/// Where they end, right.
const RIGHT: f64 = 936.0;
/// Steps of throughput that are drawn at most; more are taken together.
const POINTS_MAX: usize = 420;

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
        at.0 + 28.0 + text.len() as f64 * 7.5 + 24.0
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
    scene.title((24.0, 34.0), format!("kaw bench {} {}", setting.verb, setting.topic));
    let mut facts = vec![units::time(setting.started_ms)];
    facts.extend(setting.durability.map(|level| format!("durability {level}")));
    facts.extend(setting.shape.clone());
    facts.extend(setting.compression.map(|codec| format!("compression {codec}")));
    scene.text((24.0, 56.0), Anchor::Start, Ink::Faint, shorten(&facts.join("; ")));
    let machine = format!(
        "{}; {}, {} cores; kaw {}",
        setting.target,
        crate::sys::kernel(),
        setting.cpus,
        env!("CARGO_PKG_VERSION")
    );
    scene.text((24.0, 74.0), Anchor::Start, Ink::Faint, shorten(&machine));
    let latency = report.latency().is_some();
    let bottom = if latency { 300.0 } else { 560.0 };
    throughput(&mut scene, report, (120.0, bottom));
    if latency {
        percentiles(&mut scene, report, (386.0, 566.0));
    }
    scene
}

/// A text that fits the width.
fn shorten(text: &str) -> String {
    const MOST: usize = 124;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST - 3).chain("...".chars()).collect()
}

/// Throughput over time, between two heights.
fn throughput(scene: &mut Scene, report: &Report, (top, bottom): (f64, f64)) {
    let rates = report.recorder.step_rates();
    let each = rates.len().div_ceil(POINTS_MAX).max(1);
    let means: Vec<f64> =
        rates.chunks(each).map(|part| part.iter().sum::<f64>() / part.len() as f64).collect();
    let step = each as f64 * STEP_NS as f64 / 1e9;
    let span = (means.len() as f64 * step).max(step);
    let most = report.setting.rate.unwrap_or(0.0).max(means.iter().copied().fold(0.0, f64::max));
    let (unit, ceiling) = round_up(most);
    let y = |rate: f64| bottom - (bottom - top) * (rate / ceiling).min(1.0);
    let x = |seconds: f64| LEFT + (RIGHT - LEFT) * (seconds / span).min(1.0);
    scene.text((LEFT, top - 12.0), Anchor::Start, Ink::Text, "throughput, records/s");
    for tick in 0..=(ceiling / unit).round() as u32 {
        let rate = f64::from(tick) * unit;
        scene.line(&[(LEFT, y(rate)), (RIGHT, y(rate))], 1.0, Ink::Grid);
        scene.text((LEFT - 8.0, y(rate) + 4.0), Anchor::End, Ink::Faint, short(rate));
    }
    let (unit, _) = round_up(span);
    for tick in 0..=(span / unit).floor() as u32 {
        let seconds = f64::from(tick) * unit;
        let label =
            if seconds.fract() > 0.0 { format!("{seconds:.1}") } else { format!("{seconds:.0}") };
        scene.text((x(seconds), bottom + 18.0), Anchor::Middle, Ink::Faint, label);
    }
    scene.text((RIGHT, bottom + 36.0), Anchor::End, Ink::Faint, "seconds since measuring began");
    let points: Vec<(f64, f64)> =
        means.iter().enumerate().map(|(i, rate)| (x((i as f64 + 0.5) * step), y(*rate))).collect();
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
    for (of, ink, width) in [(all[1], Ink::Second, 1.5), (all[0], Ink::First, 2.5)] {
        let steps = 400;
        let points: Vec<(f64, f64)> = (0..=steps)
            .map(|i| 1.0 - 10_f64.powf(-nines * f64::from(i) / f64::from(steps)))
            .map(|share| (x(share), y(of.at(share) as f64)))
            .collect();
        scene.line(&points, width, ink);
    }
    let at = scene.legend((LEFT + 260.0, top - 12.0), Ink::First, "from the intended send time");
    scene.legend((at, top - 12.0), Ink::Second, "once sent");
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
        for item in scene(&report()).0 {
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
