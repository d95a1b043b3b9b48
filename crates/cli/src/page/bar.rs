//! One target's way as shapes of a drawing that is 1000 wide: waiting is a line, starting a low bar, work a high one.

use super::timeline::Track;

/// Width of a drawing.
const WIDTH: u64 = 1000;
/// Height of a drawing, as in the template.
const HEIGHT: u64 = 16;

/// A stretch of time as a rectangle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its class in the page's style.
    pub class: &'static str,
    /// Where it begins.
    pub x: u64,
    /// Where it begins from above.
    pub y: u64,
    /// How long it is.
    pub width: u64,
    /// How high it is.
    pub height: u64,
}

/// The drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Its rectangles, the lower first.
    pub stretches: Vec<Stretch>,
    /// The same in words.
    pub words: String,
}

/// Turns moments into places.
#[derive(Clone, Copy)]
struct Scale(u64);

impl Scale {
    fn place(self, at: u64) -> u64 {
        (at.saturating_mul(WIDTH) / self.0.max(1)).min(WIDTH)
    }

    /// At least a trace of each stretch is drawn.
    fn stretch(self, class: &'static str, (from, to): (u64, u64), height: u64) -> Stretch {
        let x = self.place(from).min(WIDTH - 2);
        let width = self.place(to).saturating_sub(x).max(2);
        let y = if class == "percent" || class == "still" { HEIGHT - height } else { (HEIGHT - height) / 2 };
        Stretch { class, x, y, width, height }
    }
}

impl Bar {
    /// Draws a way within a run of so many milliseconds; nothing when nothing is known of it.
    pub fn of(track: &Track, whole: u64) -> Option<Self> {
        let scale = Scale(whole);
        let first = track.sent.or(track.begun);
        let end = track.ended.unwrap_or(whole);
        first.or(track.ended)?;
        let mut stretches = vec![scale.stretch("wait", (0, first.unwrap_or(end)), 2)];
        let mut words = vec![format!("waited {}", super::span(first.unwrap_or(end)))];
        if let Some(sent) = track.sent {
            stretches.push(scale.stretch("start", (sent, track.begun.unwrap_or(end)), 8));
        }
        if let Some(begun) = track.begun {
            stretches.push(scale.stretch("work", (begun, end), HEIGHT));
            words.push(format!("at work {}", super::span(end.saturating_sub(begun))));
            stretches.extend(percents(track, end, scale));
            stretches.extend(track.still.iter().map(|still| scale.stretch("still", *still, 5)));
        }
        if let Some((_, percent)) = track.percents.last() {
            words.push(format!("last seen at {percent} %"));
        }
        if let Some(still) = track.longest_still() {
            words.push(format!("without a change for {}", super::span(still)));
        }
        if let Some(stuck) = &track.stuck {
            words.push(format!("stuck: {}", crate::output::printable(stuck)));
        }
        Some(Self { stretches, words: words.join(", ") })
    }
}

/// What the vendor said of its progress, as steps whose height is the percentage.
fn percents(track: &Track, end: u64, scale: Scale) -> Vec<Stretch> {
    let ends = track.percents.iter().skip(1).map(|(at, _)| *at).chain([end]);
    let step = |((at, percent), end): (&(u64, u8), u64)| {
        scale.stretch("percent", (*at, end), u64::from(*percent) * HEIGHT / 100)
    };
    track.percents.iter().zip(ends).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_drawn_to_scale() {
        let track = Track {
            sent: Some(100),
            begun: Some(200),
            ended: Some(1_000),
            percents: vec![(400, 50), (600, 99)],
            ..Track::default()
        };
        let bar = Bar::of(&track, 2_000).unwrap();
        let drawn: Vec<_> = bar.stretches.iter().map(|part| (part.class, part.x, part.width, part.height)).collect();
        let expected = [
            ("wait", 0, 50, 2),
            ("start", 50, 50, 8),
            ("work", 100, 400, 16),
            ("percent", 200, 100, 8),
            ("percent", 300, 200, 15),
        ];
        assert_eq!(drawn, expected);
        assert_eq!(bar.words, "waited 0.1 s, at work 0.8 s, last seen at 99 %");
    }

    #[test]
    fn nothing_is_drawn_outside_or_invisibly() {
        let track = Track { begun: Some(5_000), ended: Some(9_000), still: vec![(0, 20_000)], ..Track::default() };
        for part in Bar::of(&track, 1_000).unwrap().stretches {
            assert!(part.width >= 2 && part.x + part.width <= WIDTH && part.y + part.height <= HEIGHT, "{part:?}");
        }
        assert_eq!(Bar::of(&Track::default(), 1_000), None);
        assert!(Bar::of(&Track { ended: Some(0), ..Track::default() }, 0).is_some());
    }
}
