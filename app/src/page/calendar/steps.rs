//! The classes that place boxes, since the Content-Security-Policy allows no style attributes: `h` and `m` for hours and
//! five-minute steps of a start, `lh` and `lm` for those of a length, `n`, `i` and `s` for columns side by side, `d` and
//! `w` for days. `style/steps.css` holds them.

/// Steps of an hour.
pub const PER_HOUR: u16 = 12;

/// Where something begins, in steps below the first row.
pub fn start(from: u16) -> String {
    format!("h{} m{}", from / PER_HOUR, from % PER_HOUR)
}

/// How high something is, in steps.
pub fn height(steps: u16) -> String {
    format!("lh{} lm{}", steps / PER_HOUR, steps % PER_HOUR)
}

pub fn classes(from: u16, steps: u16) -> String {
    format!("{} {}", start(from), height(steps))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    /// Every class that the layout makes, in the words of the style sheet.
    fn sheet() -> String {
        let mut sheet =
            "/* The classes of app/src/page/calendar/steps.rs; a test there compares. */\n@layer components {\n"
                .to_owned();
        for (prefix, property, numbers) in [
            ("h", "h", 0..=23),
            ("m", "m", 0..=11),
            ("lh", "lh", 0..=24),
            ("lm", "lm", 0..=11),
            ("n", "n", 1..=8),
            ("i", "i", 0..=7),
            ("s", "s", 1..=8),
            ("w", "w", 1..=7),
        ] {
            for number in numbers {
                writeln!(sheet, "  .{prefix}{number} {{ --{property}: {number}; }}")
                    .unwrap_or_default();
            }
        }
        for day in 0..7 {
            writeln!(sheet, "  .d{day} {{ --d: {}; }}", day + 1).unwrap_or_default();
        }
        sheet + "}\n"
    }

    #[test]
    fn the_style_sheet_holds_every_class() {
        let kept = include_str!("../../../../style/steps.css");
        assert!(kept == sheet(), "style/steps.css is to be:\n{}", sheet());
    }
}
