//! Plots as SVG. Colours are classes, so that the style's light and dark sides hold for them too.

use plotters::{
    coord::{Shift, types::RangedCoordf64},
    prelude::{
        Cartesian2d, ChartBuilder, ChartContext, DrawingArea, DrawingAreaErrorKind,
        IntoDrawingArea as _, RGBColor, Rectangle, SVGBackend,
    },
    style::{Color as _, IntoFont as _, TextStyle},
};

const WIDTH: u32 = 480;
const HEIGHT: u32 = 200;
/// Colours that stand for classes; they are replaced before anybody sees them.
const MARKS: [(RGBColor, &str, &str); 5] = [
    (RGBColor(1, 0, 1), "#010001", "plot-good"),
    (RGBColor(2, 0, 1), "#020001", "plot-waiting"),
    (RGBColor(3, 0, 1), "#030001", "plot-bad"),
    (RGBColor(4, 0, 1), "#040001", "plot-ink"),
    (RGBColor(5, 0, 1), "#050001", "plot-line"),
];
const INK: RGBColor = MARKS[3].0;
const LINE: RGBColor = MARKS[4].0;

/// Bars side by side; each is a stack of up to three parts: fine, waiting, bad.
pub struct Bars {
    pub stacks: Vec<[i64; 3]>,
    /// Below the axis: which bar, and its words.
    pub labels: Vec<(usize, String)>,
}

/// The plot, or nothing where it cannot be drawn.
pub fn svg(bars: &Bars) -> String {
    let mut svg = String::new();
    if let Err(error) = draw(bars, &mut svg) {
        tracing::error!(%error, "a plot could not be drawn");
        return String::new();
    }
    for (_, hex, class) in MARKS {
        for attribute in ["fill", "stroke"] {
            let painted = format!("{attribute}=\"{hex}\"");
            svg = svg.replace(&painted, &format!("class=\"{class} plot-{attribute}\""));
        }
    }
    svg.replace(
        &format!("<svg width=\"{WIDTH}\" height=\"{HEIGHT}\""),
        "<svg class=\"plot-svg\" aria-hidden=\"true\"",
    )
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
type DrawError = DrawingAreaErrorKind<std::io::Error>;

fn draw(bars: &Bars, svg: &mut String) -> Result<(), DrawError> {
    let most = bars
        .stacks
        .iter()
        .map(|stack| stack.iter().sum::<i64>())
        .max();
    let most = most.unwrap_or(0).max(1);
    let top = f64::from(i32::try_from(most).unwrap_or(i32::MAX)) * 1.05;
    let number = i32::try_from(bars.stacks.len()).unwrap_or(i32::MAX);
    let area = SVGBackend::with_string(svg, (WIDTH, HEIGHT)).into_drawing_area();
    let mut chart = ChartBuilder::on(&area)
        .margin(4)
        .x_label_area_size(24)
        .y_label_area_size(44)
        .build_cartesian_2d(0f64..f64::from(number), 0f64..top)?;
    let text = TextStyle::from(("sans-serif", 13).into_font()).color(&INK);
    let words = |at: &f64| {
        let place = bars
            .labels
            .iter()
            .find(|(bar, _)| (to_f64(*bar) + 0.5 - at).abs() < 0.51);
        place.map_or_else(String::new, |(_, words)| words.clone())
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .max_light_lines(0)
        .bold_line_style(LINE)
        .axis_style(LINE)
        .label_style(text)
        .x_labels(0)
        .y_labels(4)
        .y_label_formatter(&|value| format!("{value:.0}"))
        .x_label_formatter(&words)
        .draw()?;
    for (place, stack) in bars.stacks.iter().enumerate() {
        chart.draw_series(rectangles(place, stack))?;
    }
    draw_labels(bars, &chart, &area)?;
    area.present()
}

/// The parts of one bar, from the axis upwards.
fn rectangles(place: usize, stack: &[i64; 3]) -> Vec<Rectangle<(f64, f64)>> {
    let (from, to) = (to_f64(place) + 0.12, to_f64(place) + 0.88);
    let mut below = 0f64;
    let mut parts = Vec::new();
    for (part, (colour, ..)) in stack.iter().zip(MARKS) {
        if *part > 0 {
            let above = below + f64::from(i32::try_from(*part).unwrap_or(i32::MAX));
            parts.push(Rectangle::new(
                [(from, below), (to, above)],
                colour.filled(),
            ));
            below = above;
        }
    }
    parts
}

/// The words below the axis, each in the middle of its bar.
fn draw_labels(bars: &Bars, chart: &Chart<'_, '_>, area: &Area<'_>) -> Result<(), DrawError> {
    let foot = i32::try_from(HEIGHT).unwrap_or(0) - 18;
    for (bar, words) in &bars.labels {
        let (x, _) = chart.backend_coord(&(to_f64(*bar) + 0.5, 0.0));
        area.draw_text(
            words,
            &TextStyle::from(("sans-serif", 13).into_font())
                .color(&INK)
                .pos(plotters::style::text_anchor::Pos::new(
                    plotters::style::text_anchor::HPos::Center,
                    plotters::style::text_anchor::VPos::Top,
                )),
            (x, foot),
        )?;
    }
    Ok(())
}

fn to_f64(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_has_its_bars_and_words_and_no_colour_or_style_of_its_own() {
        let bars = Bars {
            stacks: vec![[3, 1, 0], [0, 0, 2], [0, 0, 0]],
            labels: vec![(0, "09:00".to_owned()), (2, "11:00 <b>".to_owned())],
        };
        let svg = svg(&bars);
        assert_eq!(svg.matches("plot-good").count(), 1);
        assert_eq!(svg.matches("plot-waiting").count(), 1);
        assert_eq!(svg.matches("plot-bad").count(), 1);
        assert!(
            svg.contains("09:00") && svg.contains("11:00 &lt;b&gt;"),
            "{svg}"
        );
        for not in ["style=", "#0", "<b>"] {
            assert!(!svg.contains(not), "{not}: {svg}");
        }
        assert!(svg.contains("viewBox=\"0 0 480 200\""), "{svg}");
    }
}
