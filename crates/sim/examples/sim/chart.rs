//! Charts as SVG, in a few lines of our own: an area with axes, lines, bars.

use std::fmt::Write;
use std::time::Duration;

/// Colours of the series, in order.
const COLOURS: [&str; 4] = ["#2a6fb0", "#d9822b", "#3f9142", "#8a4fa8"];
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 360.0;
/// Left, right, top and bottom of the area.
const AREA: (f64, f64, f64, f64) = (64.0, 736.0, 58.0, 310.0);

/// A line of a chart.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
    /// Drawn with gaps.
    pub(crate) dashed: bool,
}

/// What stands around a chart.
pub(crate) struct Frame<'a> {
    pub(crate) title: &'a str,
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
    /// Both ends of the x axis.
    pub(crate) range: (f64, f64),
    /// Whether the x axis is one of powers of ten.
    pub(crate) log: bool,
    /// Upper end of the y axis.
    pub(crate) top: f64,
    /// Lower end of the y axis, if that is one of powers of ten; else it starts at zero.
    pub(crate) log_from: Option<f64>,
}

/// Lines over a common axis.
pub(crate) fn lines(frame: &Frame<'_>, series: &[Series]) -> String {
    let mut svg = frame.open();
    for (index, series) in series.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let dash = if series.dashed { " stroke-dasharray=\"6 4\"" } else { "" };
        let points: Vec<String> =
            series.points.iter().map(|(x, y)| format!("{:.1},{:.1}", frame.across(*x), frame.up(*y))).collect();
        let _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dash} points=\"{}\"/>",
            points.join(" ")
        );
    }
    legend(&mut svg, series.iter().map(|series| (series.name.as_str(), series.dashed)));
    svg + "</svg>\n"
}

/// How often durations fall into each part of their range.
pub(crate) fn histogram(title: &str, what: &str, series: &[(&str, &[Duration])]) -> String {
    const BINS: usize = 40;
    let seconds = || series.iter().flat_map(|(_, values)| values.iter()).map(Duration::as_secs_f64);
    let (least, most) = (seconds().fold(f64::MAX, f64::min), seconds().fold(0.001, f64::max));
    let step = step_and_end(most - least.min(most) + 0.001).1;
    let from = (least.min(most) / step).floor() * step;
    let to = ((most / step).floor() + 1.0) * step;
    let bin = |value: &Duration| ((value.as_secs_f64() - from) / (to - from) * BINS as f64) as usize;
    let counts: Vec<Vec<usize>> = series
        .iter()
        .map(|(_, values)| {
            let mut bins = vec![0; BINS];
            values.iter().for_each(|value| bins[bin(value).min(BINS - 1)] += 1);
            bins
        })
        .collect();
    let highest = counts.iter().flatten().max().copied().unwrap_or(1).max(1) as f64;
    let top = step_and_end(highest).0;
    let frame = Frame { title, x: "seconds", y: what, range: (from, to), log: false, top, log_from: None };
    let mut svg = frame.open();
    let share = 1.0 / series.len().max(1) as f64;
    for (index, bins) in counts.iter().enumerate() {
        for (bin, count) in bins.iter().enumerate().filter(|(_, count)| **count > 0) {
            let width = (AREA.1 - AREA.0) / BINS as f64;
            let left = AREA.0 + width * (bin as f64 + share * index as f64);
            let top = frame.up(*count as f64);
            let _ = writeln!(
                svg,
                "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>",
                width * share - 1.0,
                AREA.3 - top,
                COLOURS[index % COLOURS.len()]
            );
        }
    }
    legend(&mut svg, series.iter().map(|(name, _)| (*name, false)));
    svg + "</svg>\n"
}

impl Frame<'_> {
    fn across(&self, x: f64) -> f64 {
        let part = if self.log {
            (x.max(self.range.0) / self.range.0).ln() / (self.range.1 / self.range.0).ln()
        } else {
            (x - self.range.0) / (self.range.1 - self.range.0)
        };
        AREA.0 + part.clamp(0.0, 1.0) * (AREA.1 - AREA.0)
    }

    fn up(&self, y: f64) -> f64 {
        let part = match self.log_from {
            None => y / self.top,
            Some(from) => (y.max(from) / from).ln() / (self.top / from).ln(),
        };
        AREA.3 - part.clamp(0.0, 1.0) * (AREA.3 - AREA.2)
    }

    /// Background, title, axes and grid.
    fn open(&self) -> String {
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
             font-size=\"12\" fill=\"#333\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
        );
        text(&mut svg, (AREA.0, 20.0), "start", 15, self.title);
        text(&mut svg, ((AREA.0 + AREA.1) / 2.0, HEIGHT - 12.0), "middle", 12, self.x);
        text(&mut svg, (AREA.0, AREA.2 - 8.0), "start", 12, self.y);
        for value in marks(self.log_from.is_some(), (self.log_from.unwrap_or(0.0), self.top)) {
            let y = self.up(value);
            rule(&mut svg, (AREA.0, y), (AREA.1, y));
            text(&mut svg, (AREA.0 - 6.0, y + 4.0), "end", 12, &number(value));
        }
        for value in marks(self.log, self.range) {
            let x = self.across(value);
            rule(&mut svg, (x, AREA.2), (x, AREA.3));
            text(&mut svg, (x, AREA.3 + 18.0), "middle", 12, &number(value));
        }
        svg
    }
}

/// Where an axis has marks.
fn marks(log: bool, (from, to): (f64, f64)) -> Vec<f64> {
    if !log {
        let (_, step) = step_and_end(to - from);
        return (0..=((to - from) / step + 0.001) as usize).map(|index| from + step * index as f64).collect();
    }
    let first = from.log10().ceil() as i32;
    (first..=to.log10().floor() as i32).map(|power| 10_f64.powi(power)).collect()
}

/// The round number at or above `most`, and a round step that divides it into four to ten parts.
fn step_and_end(most: f64) -> (f64, f64) {
    let power = 10_f64.powf(most.log10().floor());
    let (end, step) =
        [(1.0, 0.2), (1.5, 0.25), (2.0, 0.25), (3.0, 0.5), (4.0, 0.5), (5.0, 1.0), (8.0, 1.0), (10.0, 2.0)]
            .into_iter()
            .find(|(end, _)| most <= end * power * 1.000_001)
            .unwrap_or((10.0, 2.0));
    (end * power, step * power)
}

fn number(value: f64) -> String {
    let rounded = (value * 1000.0).round() / 1000.0;
    if rounded >= 10_000.0 { format!("{:.0}k", rounded / 1000.0) } else { format!("{rounded}") }
}

fn rule(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    let _ = writeln!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"#ddd\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn text(svg: &mut String, at: (f64, f64), anchor: &str, size: u32, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\">{words}</text>",
        at.0, at.1
    );
}

/// The names of the series, right of the label of the y axis.
fn legend<'a>(svg: &mut String, names: impl Iterator<Item = (&'a str, bool)>) {
    let mut x = AREA.1;
    let names: Vec<_> = names.enumerate().filter(|(_, (name, _))| !name.is_empty()).collect();
    for (index, (name, dashed)) in names.into_iter().rev() {
        text(svg, (x, AREA.2 - 8.0), "end", 12, name);
        x -= 6.6 * name.len() as f64 + 8.0;
        let dash = if dashed { " stroke-dasharray=\"6 4\"" } else { "" };
        let _ = writeln!(
            svg,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\" stroke=\"{}\" stroke-width=\"3\"{dash}/>",
            x - 20.0,
            AREA.2 - 12.0,
            AREA.2 - 12.0,
            COLOURS[index % COLOURS.len()]
        );
        x -= 36.0;
    }
}
