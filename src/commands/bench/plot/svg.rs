//! Owns a drawing as SVG, for light and dark pages. Leaves the shapes to its parent.

use std::fmt::Write as _;

use super::{Anchor, Ink, Item, Scene};

/// The text of the file.
pub(super) fn render(scene: &Scene, width: f64, height: f64) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"system-ui, sans-serif\" \
         font-size=\"12\">\n<style>\n"
    );
    for (theme, place) in ["", "@media (prefers-color-scheme: dark) {\n"].iter().enumerate() {
        svg += place;
        for ink in Ink::ALL {
            let colour = ink.colours().get(theme).copied().unwrap_or_default();
            let name = ink.name();
            push(&mut svg, format_args!(".{name} {{ fill: #{colour:06x} }}\n"));
            push(&mut svg, format_args!(".{name}-line {{ stroke: #{colour:06x}; fill: none }}\n"));
        }
        if theme > 0 {
            svg += "}\n";
        }
    }
    svg += "</style>\n";
    for item in &scene.0 {
        push_item(&mut svg, item);
    }
    svg + "</svg>\n"
}

fn push(svg: &mut String, text: std::fmt::Arguments<'_>) {
    svg.write_fmt(text).unwrap_or_default();
}

fn push_item(svg: &mut String, item: &Item) {
    match item {
        Item::Rect { x, y, width, height, ink } => push(
            svg,
            format_args!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" class=\"{}\"/>\n",
                ink.name()
            ),
        ),
        Item::Line { points, width, ink } => {
            push(
                svg,
                format_args!(
                    "<polyline class=\"{}-line\" stroke-width=\"{width}\" \
                     stroke-linejoin=\"round\" points=\"",
                    ink.name()
                ),
            );
            push_points(svg, points);
            svg.push_str("\"/>\n");
        }
        Item::Area { points, base, ink } => {
            let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
            push(svg, format_args!("<polygon class=\"{}\" points=\"", ink.name()));
            push_points(svg, &[(first.0, *base)]);
            push_points(svg, points);
            push_points(svg, &[(last.0, *base)]);
            svg.push_str("\"/>\n");
        }
        Item::Text { x, y, large, anchor, ink, text } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let size = if *large { " font-size=\"18\" font-weight=\"600\"" } else { "" };
            push(
                svg,
                format_args!(
                    "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{size} \
                     class=\"{}\">{}</text>\n",
                    ink.name(),
                    escape(text)
                ),
            );
        }
    }
}

fn push_points(svg: &mut String, points: &[(f64, f64)]) {
    for (x, y) in points {
        push(svg, format_args!("{x:.1},{y:.1} "));
    }
}

/// A text as it may stand between tags.
fn escape(text: &str) -> String {
    let safe = crate::out::units::safe_text(text);
    safe.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::super::{HEIGHT, WIDTH, scene};
    use super::*;

    #[test]
    fn it_is_well_formed_and_names_everything() {
        let svg = render(&scene(&report()), WIDTH, HEIGHT);
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert!(svg.contains("t&lt;&amp;&gt;") && !svg.contains("t<&>"));
        for word in ["throughput, records/s", "seconds since", "percentile", "once sent", "max "] {
            assert!(svg.contains(word), "{word}");
        }
        assert!(svg.contains("prefers-color-scheme: dark"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }
}
